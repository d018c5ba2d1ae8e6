//! The name and its sign: an arch with a keyhole.

use leptos::prelude::*;

/// Leads to the entry.
#[component]
pub(crate) fn Brand() -> impl IntoView {
    view! {
        <a class="brand" href="/">
            <svg width="28" height="28" viewBox="0 0 28 28" fill="none" aria-hidden="true" focusable="false">
                <path
                    d="M4 26V13a10 10 0 0 1 20 0v13M14 15v8"
                    stroke="currentColor"
                    stroke-width="2.6"
                    stroke-linecap="round"
                />
                <circle cx="14" cy="14.5" r="2.9" fill="currentColor"/>
            </svg>
            <span>"Sésame"</span>
        </a>
    }
}
