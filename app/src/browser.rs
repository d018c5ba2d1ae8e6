//! The few calls to the browser. They run in effects and handlers, never while a page is rendered
//! on the server. What a browser refuses is left undone: no page depends on any of it.

use js_sys::Date;
use leptos::prelude::{document, request_animation_frame, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlDocument, HtmlElement, HtmlInputElement};

use crate::{
    i18n::Moment,
    lang::{Lang, kept},
};

/// The id of every page's heading.
pub(crate) const HEADING: &str = "titre";

/// Milliseconds since 1970, by the reader's clock.
pub(crate) fn now_ms() -> f64 {
    Date::now()
}

/// A time in the reader's own zone.
pub(crate) fn local(ms: f64) -> Moment {
    let date = Date::new(&JsValue::from_f64(ms));
    Moment {
        year: date.get_full_year(),
        month: date.get_month() + 1,
        day: date.get_date(),
        hour: date.get_hours(),
        minute: date.get_minutes(),
        second: date.get_seconds(),
    }
}

/// Moves the focus to the element with this id, once what is being drawn is on the page.
pub(crate) fn focus_soon(id: &'static str) {
    request_animation_frame(move || {
        if let Some(element) = by_id::<HtmlElement>(id) {
            let _ = element.focus();
        }
    });
}

/// Moves the focus to the heading of a page or step that has just replaced another, at its top.
pub(crate) fn announce_page() {
    focus_soon(HEADING);
    request_animation_frame(|| window().scroll_to_with_x_and_y(0.0, 0.0));
}

/// What stands in an input, whoever wrote it: a person, a password manager, or autofill that fired
/// no event.
pub(crate) fn typed(id: &str) -> String {
    by_id::<HtmlInputElement>(id).map(|input| input.value()).unwrap_or_default()
}

/// Empties an input.
pub(crate) fn clear(id: &str) {
    if let Some(input) = by_id::<HtmlInputElement>(id) {
        input.set_value("");
    }
}

/// Selects what stands in an input, so that typing replaces it.
pub(crate) fn select(id: &str) {
    if let Some(input) = by_id::<HtmlInputElement>(id) {
        input.select();
    }
}

/// The fragment of the address, with its `#`.
pub(crate) fn fragment() -> String {
    window().location().hash().unwrap_or_default()
}

/// Replaces the fragment without an entry in the history.
pub(crate) fn replace_fragment(fragment: &str) {
    replace_address(fragment);
}

fn replace_address(address: &str) {
    if let Ok(history) = window().history() {
        let state = history.state().unwrap_or(JsValue::UNDEFINED);
        let _ = history.replace_state_with_url(&state, "", Some(address));
    }
}

/// Adds an entry to the history if, one frame from now, the address is not that of `path`.
///
/// The router keeps a list of its own and adds no entry for a page that it believes is on top
/// already; replaced addresses and Back leave that list behind the history (leptos#4324).
pub(crate) fn push_soon_if_elsewhere(path: String) {
    request_animation_frame(move || {
        let elsewhere = window().location().pathname().is_ok_and(|shown| shown != path);
        if elsewhere && let Ok(history) = window().history() {
            let _ = history.push_state_with_url(&JsValue::UNDEFINED, "", Some(&path));
        }
    });
}

/// Leaves the page for an address of this server that the router knows nothing of.
pub(crate) fn leave_for(address: &str) {
    let _ = window().location().replace(address);
}

/// Tells the document its language.
pub(crate) fn set_page_lang(lang: Lang) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("lang", lang.tag());
    }
}

/// Keeps a choice of language, and takes one out of the address that would win over it.
pub(crate) fn keep_lang(lang: Lang) {
    let location = window().location();
    let https = location.protocol().is_ok_and(|protocol| protocol == "https:");
    if let Ok(document) = document().dyn_into::<HtmlDocument>() {
        let _ = document.set_cookie(&kept::cookie(lang, https));
    }
    if location.search().is_ok_and(|search| search.contains("lang=")) {
        let path = location.pathname().unwrap_or_default();
        replace_address(&format!("{path}{}", fragment()));
    }
}

/// Puts `text` on the clipboard; false where the browser does not allow it.
pub(crate) async fn copy(text: &str) -> bool {
    let navigator = window().navigator();
    // Absent outside secure contexts, which the bindings do not know.
    let clipboard = js_sys::Reflect::get(&navigator, &JsValue::from_str("clipboard"));
    if !clipboard.is_ok_and(|clipboard| clipboard.is_object()) {
        return false;
    }
    JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}

/// Selects the text of the element with this id, for copying by keyboard.
pub(crate) fn select_text(id: &str) {
    let (Some(element), Ok(Some(selection))) = (by_id::<HtmlElement>(id), window().get_selection()) else {
        return;
    };
    let _ = selection.select_all_children(&element);
}

fn by_id<T: JsCast>(id: &str) -> Option<T> {
    document().get_element_by_id(id)?.dyn_into().ok()
}
