//! The link to the other language. With the browser's half it switches in place, keeping what is on
//! the page and the address' fragment; without, it loads the page again with `?lang=`.

use leptos::{ev::MouseEvent, prelude::*};

use crate::{browser, i18n::use_lang};

/// Offers the other language, in that language.
#[component]
pub(crate) fn LanguageLink() -> impl IntoView {
    let lang = use_lang();
    let switch = move |event: MouseEvent| {
        event.prevent_default();
        let chosen = lang.get_untracked().other();
        lang.set(chosen);
        browser::keep_lang(chosen);
    };
    Effect::new(move |_| browser::set_page_lang(lang.get()));
    let other = move || lang.get().other();
    view! {
        <a
            class="lang"
            href=move || format!("?lang={}", other().tag())
            lang=move || other().tag()
            hreflang=move || other().tag()
            rel="nofollow"
            on:click=switch
        >
            {move || other().own_name()}
        </a>
    }
}
