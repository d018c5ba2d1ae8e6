//! The proof: a code from the authenticator, and the way into the account.

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::Journey;
use crate::{
    components::{CodeField, SubmitButton},
    i18n::say,
    visit::{Arrival, use_visit},
};

/// The code and its button.
#[component]
pub(super) fn Proof(
    /// The page's state.
    journey: Journey,
) -> impl IntoView {
    let visit = use_visit();
    let form = journey.form;
    let navigate = use_navigate();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let navigate = navigate.clone();
        journey.activate(move |_| {
            visit.maybe_signed_in.set(true);
            visit.announce(Arrival::Activated);
            // In place of this page, whose ticket is spent.
            navigate("/compte", NavigateOptions { replace: true, ..Default::default() });
        });
    };
    view! {
        <form method="post" novalidate on:submit=submit>
            <CodeField form hint=say(|t| t.field.code_hint)/>
            <SubmitButton form label=say(|t| t.action.activate)/>
        </form>
    }
}
