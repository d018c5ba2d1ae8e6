//! What a page request says about its reader, on the server.

use http::{HeaderValue, header, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::{api::CookiePolicy, cookie};

use super::{
    COOKIE, COOKIE_MAX_AGE_SECONDS, Lang,
    choice::{choose, value_of},
};

/// The language of the request that is being answered; French where there is none (the list of
/// routes is made without one).
pub(crate) fn lang() -> Lang {
    use_context::<Parts>().map_or_else(Lang::default, |parts| of(&parts))
}

fn of(parts: &Parts) -> Lang {
    let wish = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    choose(chosen_in_query(parts), cookie::first(&parts.headers, COOKIE), wish)
}

fn chosen_in_query(parts: &Parts) -> Option<&str> {
    parts.uri.query().and_then(|query| value_of(query, "lang"))
}

/// Whether the request carries a session cookie, valid or not: whether asking for the session
/// from the page is worth the round trip.
pub(crate) fn has_session_cookie() -> bool {
    let Some(parts) = use_context::<Parts>() else { return false };
    [CookiePolicy::Secure, CookiePolicy::Loopback]
        .iter()
        .any(|policy| cookie::values(&parts.headers, policy.name()).next().is_some())
}

/// The page depends on these two request headers. A choice made in the address (the language link
/// without JavaScript) is kept, so that the next page speaks the same language.
pub(crate) fn tell_response() {
    let (Some(parts), Some(response)) = (use_context::<Parts>(), use_context::<ResponseOptions>()) else {
        return;
    };
    response.append_header(header::VARY, HeaderValue::from_static("accept-language, cookie"));
    if let Some(lang) = chosen_in_query(&parts).and_then(Lang::from_tag) {
        let cookie =
            format!("{COOKIE}={}; Path=/; Max-Age={COOKIE_MAX_AGE_SECONDS}; SameSite=Lax", lang.tag());
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.append_header(header::SET_COOKIE, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn request(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut builder = Request::builder().uri(uri);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_address_then_the_cookie_then_the_browser_decide() {
        let french = ("accept-language", "fr-FR,fr;q=0.9");
        assert_eq!(of(&request("/", &[french])), Lang::Fr);
        assert_eq!(of(&request("/", &[french, ("cookie", "a=b; sesame_lang=en")])), Lang::En);
        assert_eq!(of(&request("/", &[french, ("cookie", "nom=\u{c9}ric; sesame_lang=en")])), Lang::En);
        assert_eq!(of(&request("/aide?lang=en", &[french])), Lang::En);
        assert_eq!(of(&request("/?lang=fr", &[("cookie", "sesame_lang=en")])), Lang::Fr);
    }
}
