//! What this crate's private parsers make of foreign texts, for the fuzz targets and nobody else.

use domain::secret::WireSecret;
use http::HeaderMap;

use crate::{
    api::CookiePolicy,
    enrolment::Fragment,
    lang::{Lang, accept, choice},
};

/// The tag of the language of ours that an `Accept-Language` header asks for.
#[must_use]
pub fn accept_language(header: &str) -> Option<&'static str> {
    accept::preferred(header).map(Lang::tag)
}

/// The value of parameter `name` in an address's query.
#[must_use]
pub fn value_of<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    choice::value_of(query, name)
}

/// The note that a device shows.
#[must_use]
pub fn device_note(policy: CookiePolicy, headers: &HeaderMap) -> Option<WireSecret> {
    policy.find_note(headers)
}

/// The ticket of an address's fragment, and the fragment written again.
#[must_use]
pub fn fragment(text: &str) -> Option<(String, String)> {
    Fragment::parse(text).map(|fragment| (fragment.ticket().to_owned(), fragment.render()))
}
