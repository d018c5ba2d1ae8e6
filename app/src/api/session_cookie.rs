//! The one place that builds cookies, and knows their names: that of a session, the one by which a proxy
//! learns who is signed in to another application, and the note by which a device is known again.

use std::sync::Arc;

use domain::{device, error::ErrorCode, secret::WireSecret, service::SessionToken};
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use leptos::prelude::{expect_context, use_context};
use leptos_axum::ResponseOptions;

use super::{ServerContext, ServerError, context};
use crate::cookie;

/// How the session cookie is named and protected; follows from the public URL's scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookiePolicy {
    /// `https`: `__Host-sesame`, which a browser accepts only with `Secure`, `Path=/` and no domain.
    Secure,
    /// `http` on loopback only: `sesame`.
    Loopback,
}

impl CookiePolicy {
    /// The cookie's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-sesame",
            Self::Loopback => "sesame",
        }
    }

    const fn attributes(self) -> &'static str {
        match self {
            Self::Secure => "Path=/; HttpOnly; SameSite=Strict; Secure",
            Self::Loopback => "Path=/; HttpOnly; SameSite=Strict",
        }
    }

    /// The token in a request's `Cookie` headers. A name that comes twice is no session: somebody
    /// may be tossing cookies at us from a neighbouring host.
    #[must_use]
    pub fn find(self, headers: &HeaderMap) -> Option<WireSecret> {
        find(self.name(), headers)
    }

    /// The `Set-Cookie` value that hands a token over. It has no `Max-Age`: it ends with the
    /// browser, or with the session, whichever is sooner.
    fn hand_over(self, token: &SessionToken) -> String {
        format!("{}={}; {}", self.name(), token.text.expose(), self.attributes())
    }

    fn clear(self) -> String {
        format!("{}=; Max-Age=0; {}", self.name(), self.attributes())
    }

    /// The name of the cookie with a device's note ([`domain::device`]).
    const fn device_name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-sesame-device",
            Self::Loopback => "sesame-device",
        }
    }

    /// The note of a device in a request's `Cookie` headers.
    pub(crate) fn find_note(self, headers: &HeaderMap) -> Option<WireSecret> {
        find(self.device_name(), headers)
    }

    /// The `Set-Cookie` value that hands a device its note. It outlives the session: it is for the
    /// next sign-in.
    fn hand_over_note(self, note: &WireSecret) -> String {
        let seconds = device::LIFETIME.num_seconds();
        format!("{}={}; Max-Age={seconds}; {}", self.device_name(), note.expose(), self.attributes())
    }
}

/// The cookie of forward authentication: every application under one domain is sent it, so it holds
/// the forward token, which opens nothing in Sésame itself. `Lax`, because people come to those
/// applications by links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardCookie {
    /// The domain under which applications see it.
    pub domain: Arc<str>,
    /// How it is protected.
    pub policy: CookiePolicy,
}

impl ForwardCookie {
    /// The cookie's name. (`__Host-` would keep it from the other applications.)
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.policy {
            CookiePolicy::Secure => "__Secure-sesame-forward",
            CookiePolicy::Loopback => "sesame-forward",
        }
    }

    /// The forward token in a request's `Cookie` headers.
    #[must_use]
    pub fn find(&self, headers: &HeaderMap) -> Option<WireSecret> {
        find(self.name(), headers)
    }

    /// The `Set-Cookie` value that hands a forward token over, until the browser or the session ends.
    #[must_use]
    pub fn hand_over(&self, forward: &WireSecret) -> String {
        format!("{}={}; {}", self.name(), forward.expose(), self.attributes())
    }

    fn clear(&self) -> String {
        format!("{}=; Max-Age=0; {}", self.name(), self.attributes())
    }

    fn attributes(&self) -> String {
        let secure = if self.policy == CookiePolicy::Secure { "; Secure" } else { "" };
        format!("Path=/; Domain={}; HttpOnly; SameSite=Lax{secure}", self.domain)
    }
}

fn find(name: &str, headers: &HeaderMap) -> Option<WireSecret> {
    cookie::only(headers, name).map(|value| WireSecret::new(value.to_owned()))
}

/// The token in this request's cookie.
pub(super) fn read(context: &ServerContext) -> Option<WireSecret> {
    use_context::<Parts>().and_then(|parts| context.cookie.find(&parts.headers))
}

/// The note that the device shows.
pub(super) fn read_note(context: &ServerContext) -> Option<WireSecret> {
    use_context::<Parts>().and_then(|parts| context.cookie.find_note(&parts.headers))
}

/// Hands the token of a freshly opened session over, and its note to the device.
pub(super) fn set(context: &ServerContext, token: &SessionToken) -> Result<(), ServerError> {
    append(&context.cookie.hand_over(token))?;
    append(&context.cookie.hand_over_note(&token.device))?;
    if let Some(cookie) = &context.forward {
        append(&cookie.hand_over(&token.forward))?;
    }
    Ok(())
}

/// Has a browser throw away what pages of this origin stored (docs/security/web.md says why not more).
/// Not `"cookies"`: that is for the whole domain, so that every other application there would lose its
/// own, and this device the note that keeps its owner from being locked out. Not `"cache"`: every
/// answer that is about somebody is `no-store`, and some browsers take seconds to clear a cache.
const CLEAR_SITE_DATA: (HeaderName, HeaderValue) =
    (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"storage\""));

/// Takes the cookies back, with the status of an answer without a body.
pub(super) fn clear(context: &ServerContext) -> Result<(), ServerError> {
    context::answer_without_body();
    let (name, value) = CLEAR_SITE_DATA;
    expect_context::<ResponseOptions>().insert_header(name, value);
    append(&context.cookie.clear())?;
    if let Some(cookie) = &context.forward {
        append(&cookie.clear())?;
    }
    Ok(())
}

fn append(cookie: &str) -> Result<(), ServerError> {
    let mut value = HeaderValue::from_str(cookie).map_err(|_| ServerError::from(ErrorCode::Internal))?;
    value.set_sensitive(true);
    expect_context::<ResponseOptions>().append_header(header::SET_COOKIE, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &[&str]) -> HeaderMap {
        cookies.iter().map(|c| (header::COOKIE, HeaderValue::from_str(c).unwrap())).collect()
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let found = CookiePolicy::Loopback.find(&headers(&["a=b; sesame=token; sesame-lang=fr"]));
        assert_eq!(found.unwrap().expose(), "token");
        assert!(CookiePolicy::Secure.find(&headers(&["sesame=token"])).is_none());
    }

    #[test]
    fn a_cookie_that_comes_twice_is_no_session() {
        assert!(CookiePolicy::Secure.find(&headers(&["__Host-sesame=a; __Host-sesame=b"])).is_none());
        assert!(CookiePolicy::Secure.find(&headers(&["__Host-sesame=a", "__Host-sesame=b"])).is_none());
    }

    #[test]
    fn the_forward_cookie_goes_to_one_domain_and_has_a_name_of_its_own() {
        let cookie = ForwardCookie { domain: "example.com".into(), policy: CookiePolicy::Secure };
        let set = cookie.hand_over(&WireSecret::new("token".to_owned()));
        assert_eq!(
            set,
            "__Secure-sesame-forward=token; Path=/; Domain=example.com; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(
            cookie.clear().starts_with("__Secure-sesame-forward=; Max-Age=0; Path=/; Domain=example.com;")
        );
        assert_eq!(cookie.find(&headers(&["__Secure-sesame-forward=a"])).unwrap().expose(), "a");
        assert!(cookie.find(&headers(&["__Host-sesame=a"])).is_none());
        assert!(cookie.find(&headers(&["__Secure-sesame-forward=a; __Secure-sesame-forward=b"])).is_none());
    }

    #[test]
    fn a_device_keeps_its_note_for_longer_than_secrets_live() {
        let note = CookiePolicy::Secure.hand_over_note(&WireSecret::new("note".to_owned()));
        let expected =
            "__Host-sesame-device=note; Max-Age=17280000; Path=/; HttpOnly; SameSite=Strict; Secure";
        assert_eq!(note, expected);
    }

    #[test]
    fn an_https_cookie_carries_every_protection() {
        let cleared = CookiePolicy::Secure.clear();
        for part in ["__Host-sesame=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cleared.contains(part), "{cleared}");
        }
        assert!(!cleared.contains("Domain"));
    }
}
