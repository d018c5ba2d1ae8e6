//! Where the path cannot go on, and the ways that lead on all the same.

use leptos::prelude::*;

use crate::{
    components::Heading,
    i18n::{say, use_texts},
};

/// The address holds no whole ticket.
#[component]
pub(super) fn Incomplete() -> impl IntoView {
    view! {
        <Heading text=say(|t| t.enrolment.incomplete_title)/>
        <p class="lead">{say(|t| t.enrolment.incomplete_lead)}</p>
        <Ways/>
    }
}

/// The ticket was used, has lapsed, or never existed: nobody can tell which.
#[component]
pub(super) fn Spent() -> impl IntoView {
    let t = use_texts();
    let ways = move || {
        let texts = &t().enrolment;
        [texts.way_sign_in, texts.way_create, texts.way_invited]
            .map(|way| view! { <li>{way}</li> })
            .into_iter()
            .collect_view()
    };
    view! {
        <Heading text=say(|t| t.enrolment.spent_title)/>
        <p class="lead">{say(|t| t.enrolment.spent_lead)}</p>
        <ul class="todo" aria-label=say(|t| t.enrolment.ways_on)>
            {ways}
        </ul>
        <Ways/>
    }
}

#[component]
fn Ways() -> impl IntoView {
    view! {
        <div class="row">
            <a class="button" href="/">
                {say(|t| t.action.sign_in)}
            </a>
            <a class="button quiet" href="/compte/nouveau">
                {say(|t| t.action.create_account)}
            </a>
        </div>
    }
}
