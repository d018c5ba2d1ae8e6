//! What a page request says about its reader, on the server.

use http::{HeaderValue, header, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::{api::CookiePolicy, cookie};

use super::{
    Lang,
    choice::{choose, value_of},
    kept,
};

/// The language of the request that is being answered; French where there is none (the list of
/// routes is made without one).
pub(crate) fn lang() -> Lang {
    use_context::<Parts>().map_or_else(Lang::default, |parts| of(&parts, is_https()))
}

fn of(parts: &Parts, https: bool) -> Lang {
    let wish = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    choose(chosen_in_query(parts), cookie::first(&parts.headers, kept::name(https)), wish)
}

/// Whether people come by https, as the server says for each page that it renders.
fn is_https() -> bool {
    use_context::<CookiePolicy>() == Some(CookiePolicy::Secure)
}

fn chosen_in_query(parts: &Parts) -> Option<&str> {
    parts.uri.query().and_then(|query| value_of(query, "lang"))
}

/// Whether the request carries a session cookie, valid or not: whether asking for the session
/// from the page is worth the round trip.
pub(crate) fn has_session_cookie() -> bool {
    let (Some(parts), Some(policy)) = (use_context::<Parts>(), use_context::<CookiePolicy>()) else {
        return false;
    };
    cookie::values(&parts.headers, policy.name()).next().is_some()
}

/// The page depends on these two request headers. A choice made in the address (the language link
/// without JavaScript) is kept, so that the next page speaks the same language.
pub(crate) fn tell_response() {
    let (Some(parts), Some(response)) = (use_context::<Parts>(), use_context::<ResponseOptions>()) else {
        return;
    };
    response.append_header(header::VARY, HeaderValue::from_static("accept-language, cookie"));
    if let Some(lang) = chosen_in_query(&parts).and_then(Lang::from_tag)
        && let Ok(value) = HeaderValue::from_str(&kept::cookie(lang, is_https()))
    {
        response.append_header(header::SET_COOKIE, value);
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
        let of = |uri, headers: &[(&str, &str)]| of(&request(uri, headers), true);
        assert_eq!(of("/", &[french]), Lang::Fr);
        assert_eq!(of("/", &[french, ("cookie", "a=b; __Host-sesame-lang=en")]), Lang::En);
        assert_eq!(of("/", &[french, ("cookie", "nom=\u{c9}ric; __Host-sesame-lang=en")]), Lang::En);
        assert_eq!(of("/aide?lang=en", &[french]), Lang::En);
        assert_eq!(of("/?lang=fr", &[("cookie", "__Host-sesame-lang=en")]), Lang::Fr);
    }

    #[test]
    fn over_https_a_cookie_that_any_neighbour_may_set_decides_nothing() {
        let request = request("/", &[("cookie", "sesame-lang=en")]);
        assert_eq!((of(&request, true), of(&request, false)), (Lang::Fr, Lang::En));
    }
}
