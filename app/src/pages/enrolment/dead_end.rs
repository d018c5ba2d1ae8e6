//! Where the path cannot go on, and the ways that lead on all the same.

use leptos::prelude::*;

use crate::{components::Heading, i18n::use_texts};

/// The address holds no whole ticket.
#[component]
pub(super) fn Incomplete() -> impl IntoView {
    let t = use_texts();
    view! {
        <Heading text=move || t().enrolment.incomplete_title/>
        <p class="lead">{move || t().enrolment.incomplete_lead}</p>
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
        <Heading text=move || t().enrolment.spent_title/>
        <p class="lead">{move || t().enrolment.spent_lead}</p>
        <ul class="todo" aria-label=move || t().enrolment.ways_on>
            {ways}
        </ul>
        <Ways/>
    }
}

#[component]
fn Ways() -> impl IntoView {
    let t = use_texts();
    view! {
        <div class="row">
            <a class="button" href="/">
                {move || t().action.sign_in}
            </a>
            <a class="button quiet" href="/compte/nouveau">
                {move || t().action.create_account}
            </a>
        </div>
    }
}
