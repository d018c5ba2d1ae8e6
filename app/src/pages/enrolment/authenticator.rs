//! Step 2: the TOTP secret, this once, and its proof on the same page: the QR code is still there
//! when a code is refused.

use leptos::prelude::*;

use super::{Journey, Proof};
use crate::{
    components::{ActionButton, CopyButton, CopyStatus, ErrorSummary, Heading, Qr, SecretText},
    i18n::{say, use_texts},
};

const KEY: &str = "cle-texte";

/// The secret as QR code, as a link on a phone and as text, and the field for the first code.
#[component]
pub(super) fn AuthenticatorShown(
    /// The page's state.
    journey: Journey,
) -> impl IntoView {
    let t = use_texts();
    let form = journey.form;
    let copied = RwSignal::new(None::<bool>);
    let uri = move || journey.with_totp(|totp| totp.otpauth_uri.expose().to_owned());
    let key = move || journey.with_totp(|totp| totp.secret.expose().to_owned());
    let apps = move || t().enrolment.apps.iter().map(|text| view! { <li>{*text}</li> }).collect_view();

    view! {
        <Heading
            text=say(|t| t.enrolment.authenticator_title)
            place=move || journey.place((t().enrolment.position)(2))
        />
        <ErrorSummary form/>
        <p class="lead">{say(|t| t.enrolment.authenticator_lead)}</p>
        <p class="on-touch">
            <a class="button full" href=uri>
                {say(|t| t.enrolment.open_in_app)}
            </a>
        </p>
        <div class="two">
            {move || uri().map(|value| view! { <Qr name=say(|t| t.secret.totp_qr) value/> })}
            <div>
                <ol class="todo">{apps}</ol>
                <Proof journey/>
                <hr/>
                <p class="hint">{say(|t| t.enrolment.cannot_scan)} " " {say(|t| t.enrolment.key_intro)}</p>
                {move || key().map(|value| view! { <SecretText id=KEY testid="totp-secret-text" value/> })}
                <p class="hint">{say(|t| t.enrolment.algorithm)}</p>
                <div class="row tools">
                    <CopyButton
                        label=say(|t| t.action.copy_key)
                        value=move || journey.with_totp(|totp| totp.secret.expose().to_owned())
                        shown_in=KEY
                        outcome=copied
                    />
                    <ActionButton
                        form
                        label=say(|t| t.action.restart)
                        class="quiet"
                        on_press=move || journey.claim_password()
                    />
                    <CopyStatus outcome=copied/>
                </div>
                <p class="print-only">{say(|t| t.secret.not_printed)}</p>
            </div>
        </div>
    }
}
