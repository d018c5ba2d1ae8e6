//! The heading of a page or step, and the document's title.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{browser::HEADING, i18n::use_texts};

/// The one `h1`. It takes the focus when its page or step replaces another.
#[component]
pub(crate) fn Heading(
    /// What the page is about.
    #[prop(into)]
    text: TextProp,
    /// Where on the path, and whose.
    #[prop(optional, into)]
    place: Option<TextProp>,
) -> impl IntoView {
    view! {
        <h1 id=HEADING tabindex="-1">
            {place.map(|place| view! { <span class="where">{move || place.get()}" "</span> })}
            {move || text.get()}
        </h1>
    }
    .into_any()
}

/// The document's title; an error says so first.
#[component]
pub(crate) fn DocumentTitle(
    /// The page or step.
    #[prop(into)]
    text: TextProp,
    /// Whether something on the page went wrong.
    #[prop(optional, into)]
    failed: Signal<bool>,
) -> impl IntoView {
    let t = use_texts();
    let title = move || {
        let frame = &t().frame;
        let told = if failed.get() { frame.error_title } else { frame.page_title };
        told(&text.get())
    };
    view! { <Title text=title/> }
}
