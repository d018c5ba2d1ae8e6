//! Creating an account: a username, and what comes next.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    api, browser,
    components::{DocumentTitle, ErrorSummary, Form, Heading, SubmitButton, UsernameField},
    enrolment::{Fragment, Mark},
    i18n::{say, use_texts},
    problem::{Field, check_username},
};

/// Registers a name; the enrolment goes on from there.
#[component]
pub(crate) fn CreatePage() -> impl IntoView {
    let t = use_texts();
    let form = Form::new();
    let navigate = use_navigate();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !form.idle() {
            return;
        }
        let username = match check_username(&browser::typed(Field::Username.id())) {
            Ok(username) => username,
            Err(problem) => return form.tell(vec![problem]),
        };
        form.begin();
        let navigate = navigate.clone();
        spawn_local(async move {
            let answer = api::register(username).await;
            if !form.end() {
                return;
            }
            match answer {
                Ok(issued) => {
                    let fragment =
                        Fragment::new(issued.ticket.expose(), Mark::Fresh).until(issued.expires_at);
                    // In place of this page: Back must not register the name again.
                    navigate(&fragment.address(), NavigateOptions { replace: true, ..Default::default() });
                }
                Err(error) => form.refuse(error),
            }
        });
    };
    let next = move || t().create.next.iter().map(|text| view! { <li>{*text}</li> }).collect_view();
    view! {
        <DocumentTitle text=say(|t| t.create.title) failed=Signal::derive(move || form.failed())/>
        <div class="card">
            <Heading text=say(|t| t.create.title)/>
            <p class="lead">{say(|t| t.create.lead)}</p>
            <ErrorSummary form/>
            <form method="post" novalidate on:submit=submit>
                <UsernameField form choosing=true/>
                <div class="next">
                    <h2>{say(|t| t.create.next_title)}</h2>
                    <ol class="todo">{next}</ol>
                </div>
                <SubmitButton form label=say(|t| t.action.create_my_account) class="full"/>
            </form>
            <p class="or">
                {say(|t| t.create.have_account)} " " <a href="/">{say(|t| t.action.sign_in)}</a>
            </p>
        </div>
    }
}
