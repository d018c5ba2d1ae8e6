//! What to say where the browser's half does not come: at once without JavaScript, after a while
//! where it fails. The delay is the style sheet's; who waits normally never sees it.

use leptos::prelude::*;

use crate::{
    i18n::{say, use_texts},
    visit::use_visit,
};

/// The two notices, in the page's language.
#[component]
pub(crate) fn NotReady() -> impl IntoView {
    let t = use_texts();
    let visit = use_visit();
    // As text: a browser with JavaScript does not parse what is inside a `noscript`.
    let without_script = move || {
        let frame = &t().frame;
        format!(
            "<div class=\"notice\"><p><strong>{}</strong> {}</p></div>",
            frame.no_script_title, frame.no_script_text
        )
    };
    view! {
        <noscript inner_html=without_script></noscript>
        <Show when=move || !visit.ready.get()>
            <div class="late">
                <div class="notice">
                    <p>
                        <strong>{say(|t| t.frame.not_ready_title)}</strong>
                        " "
                        {say(|t| t.frame.not_ready_text)}
                    </p>
                </div>
            </div>
        </Show>
    }
}
