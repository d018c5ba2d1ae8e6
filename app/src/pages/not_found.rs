//! The page for an address that leads nowhere.

use leptos::prelude::*;

use crate::{
    components::{DocumentTitle, Heading},
    i18n::use_texts,
    start,
};

/// Says so, and where to go.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    start::answer_not_found();
    let t = use_texts();
    view! {
        <DocumentTitle text=move || t().not_found.title/>
        <div class="card">
            <Heading text=move || t().not_found.title/>
            <p class="lead">{move || t().not_found.lead}</p>
            <a class="button" href="/">{move || t().action.home}</a>
        </div>
    }
}
