//! Renewing early: a code proves that it is the owner, then the enrolment's two steps begin.

use domain::error::ErrorCode;
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    api, browser,
    components::{ActionButton, CodeField, DocumentTitle, ErrorSummary, Form, SubmitButton},
    enrolment::{Fragment, Mark},
    i18n::say,
    problem::{Field, check_code},
    visit::{Arrival, use_visit},
};

/// Asks for a code.
#[component]
pub(crate) fn RenewForm(
    /// Set to false to leave it.
    renewing: RwSignal<bool>,
) -> impl IntoView {
    let visit = use_visit();
    let form = Form::new();
    let navigate = use_navigate();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !form.idle() {
            return;
        }
        let code = match check_code(&browser::typed(Field::Code.id())) {
            Ok(code) => code,
            Err(problem) => return form.tell(vec![problem]),
        };
        form.begin();
        let navigate = navigate.clone();
        spawn_local(async move {
            let answer = api::renew(code).await;
            if !form.end() {
                return;
            }
            match answer {
                Ok(issued) => {
                    let fragment =
                        Fragment::new(issued.ticket.expose(), Mark::Fresh).until(issued.expires_at);
                    navigate(&fragment.address(), NavigateOptions::default());
                }
                // Too many wrong codes close the session.
                Err(error) if error.0.code == ErrorCode::Unauthenticated => {
                    visit.maybe_signed_in.set(false);
                    visit.announce(Arrival::SignInNeeded);
                    navigate("/", NavigateOptions { replace: true, ..Default::default() });
                }
                Err(error) => {
                    browser::select(Field::Code.id());
                    form.refuse(error);
                }
            }
        });
    };
    let cancel = move || {
        renewing.set(false);
        browser::announce_page();
    };
    view! {
        <DocumentTitle text=say(|t| t.account.title) failed=Signal::derive(move || form.failed())/>
        <hr/>
        <h2 id="renouveler" tabindex="-1">{say(|t| t.account.renew_title)}</h2>
        <p>{say(|t| t.account.renew_lead)}</p>
        <ErrorSummary form/>
        <form method="post" novalidate on:submit=submit>
            <CodeField form hint=say(|t| t.field.code_hint)/>
            <div class="row">
                <SubmitButton form label=say(|t| t.action.renew)/>
                <ActionButton form label=say(|t| t.action.cancel) class="quiet" on_press=cancel/>
            </div>
        </form>
    }
}
