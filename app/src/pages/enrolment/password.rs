//! Step 1: the password, this once.

use leptos::{ev::SubmitEvent, prelude::*};

use super::Journey;
use crate::{
    components::{CopyButton, CopyStatus, ErrorSummary, Heading, Notice, Qr, SecretText, SubmitButton, Tone},
    i18n::{Spelled, say, use_lang, use_texts},
};

const TEXT: &str = "mot-de-passe-texte";
const SPELLED: &str = "mot-de-passe-epele";

/// The password as QR code and text, with what it takes to keep it.
#[component]
pub(super) fn PasswordShown(
    /// The page's state.
    journey: Journey,
) -> impl IntoView {
    let t = use_texts();
    let form = journey.form;
    let hidden = RwSignal::new(false);
    let password = move || journey.with_password(str::to_owned);
    let go_on = move |event: SubmitEvent| {
        event.prevent_default();
        journey.claim_totp();
    };
    view! {
        <Heading
            text=say(|t| t.enrolment.password_title)
            place=move || journey.place((t().enrolment.position)(1))
        />
        <p class="lead">{say(|t| t.enrolment.password_lead)}</p>
        <ErrorSummary form/>
        <form class="two" method="post" novalidate on:submit=go_on>
            {move || {
                if hidden.get() {
                    view! { <div class="qr masked"></div> }.into_any()
                } else {
                    password().map(|value| view! { <Qr name=say(|t| t.secret.password_qr) value/> }).into_any()
                }
            }}
            <div>
                {move || {
                    if hidden.get() {
                        view! { <Masked/> }.into_any()
                    } else {
                        password()
                            .map(|value| view! { <SecretText id=TEXT testid="password-text" value/> })
                            .into_any()
                    }
                }}
                <Tools journey hidden/>
                <Notice tone=Tone::Warning>
                    <strong>{say(|t| t.enrolment.once_title)}</strong>
                    " "
                    {say(|t| t.enrolment.once_text)}
                </Notice>
                <ForManagers journey/>
                <SubmitButton form label=say(|t| t.action.to_authenticator)/>
                <p class="print-only">{say(|t| t.secret.not_printed)}</p>
            </div>
        </form>
    }
}

/// Copying, hiding and spelling out.
#[component]
fn Tools(
    /// The page's state.
    journey: Journey,
    /// Whether the password is hidden.
    hidden: RwSignal<bool>,
) -> impl IntoView {
    let t = use_texts();
    let spelled = RwSignal::new(false);
    let copied = RwSignal::new(None::<bool>);
    let password = move || journey.with_password(str::to_owned);
    let toggle = move || {
        hidden.update(|hidden| *hidden = !*hidden);
        spelled.set(false);
    };
    let spell = move |_| spelled.update(|spelled| *spelled = !*spelled);
    let toggle_label = move || if hidden.get() { t().field.show } else { t().action.hide };

    view! {
        <div class="row tools">
            <CopyButton
                label=say(|t| t.action.copy)
                value=move || journey.with_password(str::to_owned)
                shown_in=TEXT
                outcome=copied
            />
            <button type="button" class="quiet" on:click=move |_| toggle()>
                {toggle_label}
            </button>
            <button
                type="button"
                class="quiet"
                aria-expanded=move || if spelled.get() { "true" } else { "false" }
                aria-controls=SPELLED
                on:click=spell
            >
                {say(|t| t.action.spell)}
            </button>
            <CopyStatus outcome=copied/>
        </div>
        <div id=SPELLED>
            {move || spelled.get().then(|| password().map(|value| view! { <SpelledOut value/> }))}
        </div>
    }
    .into_any()
}

/// Stands where the password stood.
#[component]
fn Masked() -> impl IntoView {
    view! {
        <p class="secret" id=TEXT>
            <span class="unseen">{say(|t| t.secret.password_masked)}</span>
            {(0..6).map(|_| view! { <span aria-hidden="true">"••••"</span> }).collect_view()}
        </p>
    }
}

/// The password character by character, in words.
#[component]
fn SpelledOut(
    /// The password.
    value: String,
) -> impl IntoView {
    let lang = use_lang();
    let lines = move || {
        lang.get()
            .spell(&value)
            .into_iter()
            .map(|Spelled { character, said }| {
                view! {
                    <li>
                        <b>{character.to_string()}</b>
                        " "
                        {said}
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <ol class="spelled" translate="no" aria-label=say(|t| t.secret.spelled)>
            {lines}
        </ol>
    }
}

/// Name and password once more, as fields out of sight: what password managers look for when the
/// form is sent. The values are properties, so that the document's text holds them once.
#[component]
fn ForManagers(journey: Journey) -> impl IntoView {
    view! {
        <div class="unseen" aria-hidden="true">
            <input
                type="text"
                autocomplete="username"
                tabindex="-1"
                readonly
                prop:value=move || journey.username().unwrap_or_default()
            />
            <input
                type="password"
                autocomplete="new-password"
                tabindex="-1"
                readonly
                prop:value=move || journey.with_password(str::to_owned).unwrap_or_default()
            />
        </div>
    }
}
