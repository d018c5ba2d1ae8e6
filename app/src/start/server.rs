//! The start of a page on the server.

use http::StatusCode;
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::lang::{Lang, request};

/// The language of the request.
pub(crate) fn lang() -> Lang {
    request::lang()
}

/// Whether the request carries a session cookie.
pub(crate) fn saw_session() -> bool {
    request::has_session_cookie()
}

/// The page that is being rendered is the one for addresses that lead nowhere.
pub(crate) fn answer_not_found() {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::NOT_FOUND);
    }
}
