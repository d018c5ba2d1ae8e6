//! Headers that decide something, and that anybody may write.

use std::{net::IpAddr, time::Duration};

use app::fuzzing as pages;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use server::{
    config::{PublicUrl, go_duration},
    http::{TrustedProxies, fuzzing},
};

use crate::input;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const TIMEOUT: HeaderName = HeaderName::from_static("x-timeout");

/// One of our two languages or none, whatever its case, and whatever else is asked for first.
pub(super) fn accept_language(data: &[u8]) {
    let Some(text) = input::text(data) else { return };
    let found = pages::accept_language(text);
    assert!(matches!(found, None | Some("fr" | "en")));
    let folded = text.to_ascii_uppercase();
    // `Q=` is no weight, so that only headers without one keep their meaning.
    if !text.contains('=') {
        assert_eq!(pages::accept_language(&folded), found);
    }
    if text.split(',').count() < 32 {
        assert_eq!(pages::accept_language(&format!("de, {text}")), found);
    }
    if let Some(value) = pages::value_of(text, "lang") {
        assert!(!value.contains('&') && text.contains(&format!("lang={value}")));
    }
}

/// Whoever is not on the list is the client, whatever they claim about others.
pub(super) fn forwarded_for(data: &[u8]) {
    let Some((choice, rest)) = input::choice(data) else { return };
    let mut headers = input::header(&FORWARDED_FOR, rest);
    let proxy: IpAddr = if choice & 1 == 0 { "10.0.0.1" } else { "::ffff:10.0.0.1" }.parse().unwrap();
    let nobody = TrustedProxies::default();
    let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
    assert_eq!(fuzzing::client(&nobody, proxy, &headers), proxy.to_canonical());
    let stranger: IpAddr = "203.0.113.7".parse().unwrap();
    assert_eq!(fuzzing::client(&proxies, stranger, &headers), stranger, "a stranger speaks for others");
    let client = fuzzing::client(&proxies, proxy, &headers);
    assert_eq!(client, client.to_canonical());
    let _ = fuzzing::network(&proxies, (proxy, 50_000).into(), &headers);
    // Our proxy adds whom it sees: a line of its own, or the end of the last one.
    let seen = match headers.iter().last() {
        Some((_, line)) if choice & 2 == 0 => {
            let line = [line.as_bytes(), b", 203.0.113.7"].concat();
            HeaderValue::from_bytes(&line).unwrap()
        }
        _ => HeaderValue::from_static("203.0.113.7"),
    };
    headers.append(FORWARDED_FOR, seen);
    assert_eq!(fuzzing::client(&proxies, proxy, &headers), stranger, "lies were believed");
}

/// No other site's page acts for a visitor, whatever else the request says.
pub(super) fn origin(data: &[u8]) {
    let public_url = PublicUrl::parse("https://sesame.example").unwrap();
    let headers = input::headers(data);
    let verdict = fuzzing::is_ours(&headers, &public_url);
    let value = |name: &HeaderName| headers.get(name).map(HeaderValue::as_bytes);
    let proved = match (value(&FETCH_SITE), value(&header::ORIGIN)) {
        (Some(site), _) => site == b"same-origin" || site == b"none",
        (None, Some(origin)) => origin == b"https://sesame.example",
        (None, None) => value(&header::COOKIE).is_none(),
    };
    assert_eq!(verdict, proved);
    let with = |name: &HeaderName, value: &'static str, without: &[&HeaderName]| {
        let mut changed = headers.clone();
        for gone in without {
            changed.remove(*gone);
        }
        changed.insert(name.clone(), HeaderValue::from_static(value));
        fuzzing::is_ours(&changed, &public_url)
    };
    assert!(!with(&FETCH_SITE, "cross-site", &[]) && !with(&FETCH_SITE, "same-site", &[]));
    assert!(!with(&header::ORIGIN, "https://evil.example", &[&FETCH_SITE]));
    assert!(!with(&header::COOKIE, "a=b", &[&FETCH_SITE, &header::ORIGIN]));
}

/// A time limit is a time, however long; two that follow one another add up.
pub(super) fn time_limit(data: &[u8]) {
    let headers: HeaderMap = input::header(&TIMEOUT, data);
    if let Some(limit) = fuzzing::asked_for(&headers) {
        assert!(limit > Duration::ZERO);
    }
    let Some(text) = input::text(data) else { return };
    let Some(limit) = go_duration(text) else { return };
    let whole = limit.as_secs();
    // Beyond that, Go's fractions are no longer exact.
    if whole < 1 << 53 {
        assert_eq!(go_duration(&format!("{whole}s")), Some(Duration::from_secs(whole)));
    }
    if text.ends_with(|c: char| c.is_ascii_alphabetic())
        && let Some(sum) = go_duration(&format!("{text}1s"))
    {
        assert_eq!(sum, limit + Duration::from_secs(1));
    }
}

/// What reaches the log from outside cannot look like anything but an id.
pub(super) fn logged_ids(data: &[u8]) {
    let headers = input::headers(data);
    let [trace, call] = fuzzing::logged_ids(&headers);
    if let Some(trace) = trace {
        assert!(trace.len() == 32 && trace.bytes().all(is_hex));
    }
    if let Some(call) = call {
        assert!(call.len() == 36 && call.bytes().all(|byte| is_hex(byte) || byte == b'-'));
    }
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}
