//! What a page starts with: on the server it comes from the request, in the browser from the
//! document that the server rendered, so that both halves agree.

#[cfg(not(feature = "ssr"))]
mod browser;
#[cfg(feature = "ssr")]
mod server;

#[cfg(not(feature = "ssr"))]
pub(crate) use self::browser::{answer_not_found, lang, saw_session};
#[cfg(feature = "ssr")]
pub(crate) use self::server::{answer_not_found, lang, saw_session};
