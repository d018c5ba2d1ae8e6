//! Copies a secret, and says so.

use leptos::{prelude::*, task::spawn_local};

use crate::{browser, i18n::use_texts};

/// Copies the value, without the gaps it is shown with.
#[component]
pub(crate) fn CopyButton(
    /// What it says.
    #[prop(into)]
    label: TextProp,
    /// The value, read when the button is pressed.
    value: impl Fn() -> Option<String> + 'static,
    /// The id of the element that shows the value: selected where the clipboard is out of reach.
    shown_in: &'static str,
    /// How it went; `CopyStatus` tells it.
    outcome: RwSignal<Option<bool>>,
) -> impl IntoView {
    let copy = move |_| {
        let Some(text) = value() else { return };
        // Emptied first, so that a second copy is told as well.
        outcome.set(None);
        spawn_local(async move {
            let copied = browser::copy(&text).await;
            if !copied {
                browser::select_text(shown_in);
            }
            let _ = outcome.try_set(Some(copied));
        });
    };
    view! { <button type="button" class="quiet" on:click=copy>{move || label.get()}</button> }.into_any()
}

/// Says how the last copy went.
#[component]
pub(crate) fn CopyStatus(
    /// How it went.
    outcome: RwSignal<Option<bool>>,
) -> impl IntoView {
    let t = use_texts();
    let told =
        move || outcome.get().map(|copied| if copied { t().secret.copied } else { t().secret.copy_failed });
    view! { <p class="told" role="status">{told}</p> }.into_any()
}
