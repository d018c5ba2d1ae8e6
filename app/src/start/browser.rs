//! The start of a page in the browser.

use leptos::prelude::document;

use crate::lang::Lang;

/// The language of the document.
pub(crate) fn lang() -> Lang {
    let tag = document().document_element().and_then(|root| root.get_attribute("lang"));
    tag.as_deref().and_then(Lang::from_tag).unwrap_or_default()
}

/// Whether the server saw a session cookie.
pub(crate) fn saw_session() -> bool {
    document().document_element().is_some_and(|root| root.has_attribute("data-session"))
}

/// The answer was given long ago.
pub(crate) fn answer_not_found() {}
