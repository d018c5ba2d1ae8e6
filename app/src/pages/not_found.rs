//! The page for an address that leads nowhere.

use leptos::prelude::*;

use crate::{
    components::{DocumentTitle, Heading},
    i18n::say,
    start,
};

/// Says so, and where to go.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    start::answer_not_found();
    view! {
        <DocumentTitle text=say(|t| t.not_found.title)/>
        <div class="card">
            <Heading text=say(|t| t.not_found.title)/>
            <p class="lead">{say(|t| t.not_found.lead)}</p>
            <a class="button" href="/">{say(|t| t.action.home)}</a>
        </div>
    }
}
