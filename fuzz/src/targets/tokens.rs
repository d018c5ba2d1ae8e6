//! What the holder of a ticket, a session or a device's note sends back.

use std::sync::LazyLock;

use app::{
    api::{CookiePolicy, ForwardCookie},
    fuzzing,
};
use axum::http::{HeaderMap, HeaderValue, header};
use data_encoding::BASE64URL_NOPAD;
use domain::{
    device::{self, DeviceId},
    secret::WireSecret,
    token,
    username::Username,
};

use crate::{
    input,
    world::{Counted, now, vault},
};

/// A token has one spelling: base64url of 32 bytes.
pub(super) fn token(data: &[u8]) {
    let Some(text) = input::text(data) else { return };
    let digest = token::digest_of_text(text);
    let bytes = BASE64URL_NOPAD.decode(data).ok().filter(|bytes| bytes.len() == 32);
    assert_eq!(digest.is_some(), bytes.is_some());
    assert_eq!(token::forward_token(text).is_some(), bytes.is_some());
    let (Some(bytes), Some(forward)) = (bytes, token::forward_token(text)) else { return };
    assert_eq!(BASE64URL_NOPAD.encode(&bytes), text);
    assert_eq!(token::digest_of_text(forward.text.expose()), Some(forward.digest));
    assert_ne!(Some(forward.digest), digest, "a forward token opens the session");
}

type Find = fn(&HeaderMap) -> Option<WireSecret>;

const COOKIES: [(&str, Find); 6] = [
    ("__Host-sesame", |headers| CookiePolicy::Secure.find(headers)),
    ("sesame", |headers| CookiePolicy::Loopback.find(headers)),
    ("__Host-sesame-device", |headers| fuzzing::device_note(CookiePolicy::Secure, headers)),
    ("sesame-device", |headers| fuzzing::device_note(CookiePolicy::Loopback, headers)),
    ("__Secure-sesame-forward", |headers| forward(CookiePolicy::Secure, headers)),
    ("sesame-forward", |headers| forward(CookiePolicy::Loopback, headers)),
];

fn forward(policy: CookiePolicy, headers: &HeaderMap) -> Option<WireSecret> {
    ForwardCookie { domain: "example.com".into(), policy }.find(headers)
}

fn contains(line: &HeaderValue, text: &str) -> bool {
    line.as_bytes().windows(text.len()).any(|window| window == text.as_bytes())
}

/// A cookie counts if it comes once, and then it is what was sent, whatever else stands in its line.
pub(super) fn session_cookie(data: &[u8]) {
    let sent = input::header(&header::COOKIE, data);
    for (name, find) in COOKIES {
        let found = find(&sent);
        if let Some(value) = &found {
            let value = value.expose();
            assert!(!value.contains(';') && value.len() <= data.len());
            let whole = format!("{name}={value}");
            assert!(sent.values().any(|line| contains(line, &whole)));
        }
        let named = sent.values().any(|line| contains(line, name));
        let mut tossed = sent.clone();
        tossed.append(header::COOKIE, HeaderValue::from_str(&format!("a=b; {name}=another")).unwrap());
        match find(&tossed) {
            Some(value) => assert!(found.is_none() && value.expose() == "another"),
            None => assert!(named, "{name} came once and was not found"),
        }
    }
}

/// Nobody writes a note but the server, and it is good for one name and its time.
pub(super) fn device_note(data: &[u8]) {
    static NOTE: LazyLock<String> = LazyLock::new(|| {
        let id = DeviceId::random(&Counted::default());
        device::note(vault(), id, &name("alice"), now()).unwrap().expose().to_owned()
    });
    let Some((choice, rest)) = input::choice(data) else { return };
    let text = if choice % 2 == 0 {
        let Some(text) = input::text(rest) else { return };
        text.to_owned()
    } else {
        // A real one, changed where the input says so.
        let mut bytes = NOTE.clone().into_bytes();
        for change in rest.chunks_exact(2) {
            let at = usize::from(change[0]) % bytes.len();
            bytes[at] ^= change[1];
        }
        let Ok(text) = String::from_utf8(bytes) else { return };
        text
    };
    assert_eq!(device::read(vault(), &text, &name("alice"), now()).is_some(), text == *NOTE);
    assert!(device::read(vault(), &text, &name("bob"), now()).is_none(), "a note for another name");
    assert!(device::read(vault(), &text, &name("alice"), now() + device::LIFETIME).is_none(), "too old");
}

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

/// What the address's fragment holds is a whole ticket or nothing, and is written as it was read.
pub(super) fn fragment(data: &[u8]) {
    let Some(text) = input::text(data) else { return };
    let Some((ticket, written)) = fuzzing::fragment(text) else { return };
    assert_eq!(ticket.len(), token::TEXT_LEN);
    assert!(ticket.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
    assert_eq!(written.strip_prefix('#'), Some(text.strip_prefix('#').unwrap_or(text)));
    assert_eq!(fuzzing::fragment(&written), Some((ticket, written.clone())));
}
