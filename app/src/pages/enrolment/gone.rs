//! What was shown once is not shown again: the page says so, and offers every way on.

use leptos::prelude::*;

use super::{Journey, Proof};
use crate::{
    components::{ActionButton, ErrorSummary, Heading},
    i18n::{say, use_texts},
};

/// The password was shown before.
#[component]
pub(super) fn PasswordGone(
    /// The page's state.
    journey: Journey,
) -> impl IntoView {
    let t = use_texts();
    let form = journey.form;
    view! {
        <Heading
            text=say(|t| t.enrolment.password_gone_title)
            place=move || journey.place((t().enrolment.position)(1))
        />
        <p class="lead">{say(|t| t.enrolment.password_gone_lead)}</p>
        <ErrorSummary form/>
        <p>{say(|t| t.enrolment.password_saved)}</p>
        <ActionButton form label=say(|t| t.action.to_authenticator) on_press=move || journey.claim_totp()/>
        <hr/>
        <p>{say(|t| t.enrolment.password_lost)}</p>
        <ActionButton
            form
            label=say(|t| t.action.restart)
            class="quiet"
            on_press=move || journey.claim_password()
        />
    }
}

/// The TOTP secret was shown before: whoever scanned it lacks only the proof.
#[component]
pub(super) fn AuthenticatorGone(
    /// The page's state.
    journey: Journey,
) -> impl IntoView {
    let t = use_texts();
    let form = journey.form;
    view! {
        <Heading
            text=say(|t| t.enrolment.authenticator_gone_title)
            place=move || journey.place((t().enrolment.position)(2))
        />
        <p class="lead">{say(|t| t.enrolment.authenticator_gone_lead)}</p>
        <ErrorSummary form/>
        <Proof journey/>
        <hr/>
        <p>{say(|t| t.enrolment.restart_note)}</p>
        <div class="row">
            <ActionButton
                form
                label=say(|t| t.enrolment.new_qr)
                class="quiet"
                on_press=move || journey.claim_totp()
            />
            <ActionButton
                form
                label=say(|t| t.action.restart)
                class="quiet"
                on_press=move || journey.claim_password()
            />
        </div>
    }
}
