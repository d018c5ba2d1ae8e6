//! Before a secret is asked for: nothing happens without a press, so that a robot that opens an
//! invitation's address uses nothing up.

use leptos::prelude::*;

use super::Journey;
use crate::{
    components::{ActionButton, ErrorSummary, Heading},
    i18n::{say, use_texts},
};

/// The claim of the password.
#[component]
pub(super) fn Claim(
    /// The page's state.
    journey: Journey,
) -> impl IntoView {
    let t = use_texts();
    let form = journey.form;
    view! {
        <Heading
            text=say(|t| t.enrolment.claim_title)
            place=move || journey.place((t().enrolment.position)(1))
        />
        <p class="lead">{say(|t| t.enrolment.claim_lead)}</p>
        <ErrorSummary form/>
        <p>{say(|t| t.enrolment.claim_alone)}</p>
        <ActionButton form label=say(|t| t.action.show_password) on_press=move || journey.claim_password()/>
    }
}

/// The way into the second step for whoever signed in with a password alone.
#[component]
pub(super) fn Resume(
    /// The page's state.
    journey: Journey,
) -> impl IntoView {
    let t = use_texts();
    let form = journey.form;
    view! {
        <Heading
            text=say(|t| t.enrolment.resume_title)
            place=move || journey.place((t().enrolment.position)(2))
        />
        <p class="lead">{say(|t| t.enrolment.resume_lead)}</p>
        <ErrorSummary form/>
        <ActionButton form label=say(|t| t.action.to_authenticator) on_press=move || journey.claim_totp()/>
    }
}
