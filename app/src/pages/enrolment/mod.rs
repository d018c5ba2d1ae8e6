//! The enrolment: two steps on one address, whose fragment says where a person stands.

mod authenticator;
mod claim;
mod dead_end;
mod gone;
mod journey;
mod password;
mod proof;

use leptos::{ev::hashchange, prelude::*};
use leptos_router::hooks::use_location;

use self::{
    authenticator::AuthenticatorShown,
    claim::{Claim, Resume},
    dead_end::{Incomplete, Spent},
    gone::{AuthenticatorGone, PasswordGone},
    journey::Journey,
    password::PasswordShown,
    proof::Proof,
};
use crate::{
    browser,
    components::{DocumentTitle, Heading, StepCountdown, Steps},
    enrolment::Step,
    i18n::{say, use_texts},
};

/// The page of `/enrolment`. The server renders its frame: only the browser knows the fragment.
#[component]
pub(crate) fn EnrolmentPage() -> impl IntoView {
    let t = use_texts();
    let journey = Journey::new();
    let fragment = use_location().hash;
    // The router's fragment at first: on a change of page the address bar follows a moment later.
    Effect::new(move |_| {
        journey.open(&fragment.get_untracked());
        let again = window_event_listener(hashchange, move |_| {
            journey.open(&browser::fragment());
            browser::announce_page();
        });
        on_cleanup(move || again.remove());
    });
    let title = move || {
        let texts = &t().enrolment;
        match journey.step() {
            Step::Opening => texts.opening_title,
            Step::Incomplete => texts.incomplete_title,
            Step::Spent => texts.spent_title,
            Step::Claim | Step::PasswordShown | Step::PasswordGone => texts.password_document,
            Step::Resume | Step::AuthenticatorShown | Step::AuthenticatorGone => texts.authenticator_document,
        }
    };
    view! {
        <DocumentTitle text=title failed=Signal::derive(move || journey.form.failed())/>
        <div class="card wide">
            {move || steps_at(journey.step()).map(|current| view! { <Steps current/> })}
            {move || match journey.step() {
                Step::Opening => view! { <Opening/> }.into_any(),
                Step::Incomplete => view! { <Incomplete/> }.into_any(),
                Step::Claim => view! { <Claim journey/> }.into_any(),
                Step::PasswordShown => view! { <PasswordShown journey/> }.into_any(),
                Step::PasswordGone => view! { <PasswordGone journey/> }.into_any(),
                Step::Resume => view! { <Resume journey/> }.into_any(),
                Step::AuthenticatorShown => view! { <AuthenticatorShown journey/> }.into_any(),
                Step::AuthenticatorGone => view! { <AuthenticatorGone journey/> }.into_any(),
                Step::Spent => view! { <Spent/> }.into_any(),
            }}
            <StepCountdown deadline=journey.deadline/>
        </div>
    }
}

/// The step to mark on the path. Before the address has been read there is none, but the path keeps
/// its room.
fn steps_at(step: Step) -> Option<u8> {
    if step == Step::Opening { Some(0) } else { step.number() }
}

/// Before the address has been read.
#[component]
fn Opening() -> impl IntoView {
    view! {
        <Heading text=say(|t| t.enrolment.opening_title) place=say(|t| t.enrolment.opening_place)/>
        <p class="lead">{say(|t| t.enrolment.opening_lead)}</p>
    }
}
