//! Addresses: to which a sign-in leads back, of the service itself, and of the database.

use std::sync::LazyLock;

use axum::http::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use server::{
    config::{Config, ForwardAuth, PublicUrl, Sources},
    store::DatabaseUrl,
};

use crate::input;

/// Nobody is led to an address whose host is not on the list. Three lines: what a proxy tells, too.
pub(super) fn return_address(data: &[u8]) {
    static FORWARD: LazyLock<ForwardAuth> = LazyLock::new(|| {
        let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let env = vec![
            set("SESAME_PUBLIC_URL", "https://sesame.example.com"),
            set("SESAME_FORWARD_AUTH_DOMAIN", "example.com"),
            set("SESAME_FORWARD_AUTH_HOSTS", "wiki.example.com, git.example.com:8443"),
        ];
        Config::load(&Sources { env, ..Sources::default() }).unwrap().forward_auth.unwrap()
    });
    let Some(text) = input::text(data) else { return };
    let parts: Vec<&str> = text.splitn(3, '\n').collect();
    let admitted = match parts.as_slice() {
        [scheme, host, path] => FORWARD.admit_parts(scheme, host, path),
        _ => FORWARD.admit(text),
    };
    let Some(address) = admitted else { return };
    let hosts = ["https://wiki.example.com/", "https://git.example.com:8443/"];
    assert!(hosts.iter().any(|host| address.starts_with(host)), "{address}");
    assert!(!address.contains('\\') && HeaderValue::from_str(&address).is_ok(), "{address}");
    assert!(address.bytes().all(|byte| !byte.is_ascii_control() && byte != b' '), "{address}");
    assert_eq!(FORWARD.admit(&address).as_ref(), Some(&address));
}

/// A public URL is an origin with a host, https or of this machine alone.
pub(super) fn public_url(data: &[u8]) {
    let Some(text) = input::text(data) else { return };
    let Ok(url) = PublicUrl::parse(text) else { return };
    assert_eq!(PublicUrl::parse(url.origin()).as_ref(), Ok(&url));
    assert_eq!(url.is_secure(), url.origin().starts_with("https://"));
    assert!(!url.host().is_empty(), "{} names no host", url.origin());
    assert!(url.origin().contains(url.host()) && !url.origin().contains('@'));
    assert!(HeaderValue::from_str(url.origin()).is_ok());
    let host = url.host().trim_start_matches('[').trim_end_matches(']');
    let is_local =
        host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "::1";
    let other_loopback = || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    assert!(url.is_secure() || is_local || other_loopback(), "{} is open", url.origin());
}

/// A database URL is shown without its password, and refusals repeat nothing of it.
pub(super) fn database_url(data: &[u8]) {
    const MARK: &str = "s3cr3t-mark";
    let Some(text) = input::text(data) else { return };
    match text.parse::<DatabaseUrl>() {
        Ok(url) => {
            let _ = url.wire();
            let shown = url.to_string();
            assert_eq!(format!("{url:?}"), format!("DatabaseUrl({shown})"));
            match url.sqlite_path() {
                Some(path) => {
                    assert!(shown == format!("sqlite:{}", path.display()) && !path.as_os_str().is_empty());
                }
                None => assert!(shown.starts_with("postgres://")),
            }
        }
        Err(error) => assert!(!format!("{error} {error:?}").contains(MARK)),
    }
    // Whatever the password: as userinfo and as a parameter.
    let password = utf8_percent_encode(&format!("{MARK}{text}"), NON_ALPHANUMERIC).to_string();
    let urls = [
        format!("postgres://app:{password}@db.example/x"),
        format!("postgres://app@db.example/x?password={password}"),
    ];
    for url in urls {
        let shown = match url.parse::<DatabaseUrl>() {
            Ok(url) => format!("{url} {url:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
}
