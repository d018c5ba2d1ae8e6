//! A page of prose: help, accessibility, personal data.

use leptos::prelude::*;

use crate::{
    components::{DocumentTitle, Heading},
    i18n::{Article, Texts, use_texts},
};

/// Shows the article that `article` picks.
#[component]
pub(crate) fn ArticlePage(
    /// Which article of the texts.
    article: fn(&'static Texts) -> &'static Article,
) -> impl IntoView {
    let t = use_texts();
    let article = move || article(t());
    let sections = move || {
        article()
            .sections
            .iter()
            .map(|(heading, paragraphs)| {
                let paragraphs = paragraphs.iter().map(|text| view! { <p>{*text}</p> }).collect_view();
                view! {
                    <h2>{*heading}</h2>
                    {paragraphs}
                }
            })
            .collect_view()
    };
    view! {
        <DocumentTitle text=move || article().title/>
        <article class="card prose">
            <Heading text=move || article().title/>
            <p class="lead">{move || article().lead}</p>
            {sections}
        </article>
    }
}
