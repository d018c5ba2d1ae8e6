//! What a person types, and what their authenticator reads.

use data_encoding::BASE32_NOPAD;
use domain::{
    code::{Code, CodeError, DIGITS},
    secret::Secret,
    totp,
    username::{MAX_LEN, MIN_LEN, Username},
};
use percent_encoding::percent_decode_str;

use crate::input;

/// A code is its six digits, however they are parted.
pub(super) fn code(data: &[u8]) {
    let Some(text) = input::text(data) else { return };
    match Code::parse(text) {
        Ok(code) => {
            let digits = std::str::from_utf8(code.as_bytes()).unwrap();
            assert!(digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit()));
            assert!(Code::parse(digits) == Ok(Code::parse(text).unwrap()));
            let parted: String = digits.chars().flat_map(|digit| [digit, '-', ' ']).collect();
            assert!(Code::parse(&parted) == Ok(Code::parse(text).unwrap()));
            assert!(text.chars().filter(|c| c.is_numeric()).count() == DIGITS);
        }
        Err(CodeError::TooShort { missing }) => assert!((1..=6).contains(&missing)),
        Err(CodeError::TooLong | CodeError::Character) => {
            let plain = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
            assert!(!plain, "six digits are refused");
        }
    }
}

/// A name keeps the rule, is folded, and stays what it is.
pub(super) fn username(data: &[u8]) {
    let Some(text) = input::text(data) else { return };
    let fits = |bytes: &[u8]| {
        let allowed = bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"._-@".contains(b));
        let edges = [bytes.first(), bytes.last()];
        (MIN_LEN..=MAX_LEN).contains(&bytes.len())
            && allowed
            && edges.iter().all(|edge| edge.is_some_and(u8::is_ascii_alphanumeric))
    };
    match Username::parse(text) {
        Ok(name) => {
            assert!(fits(data));
            assert_eq!(name.as_str(), text.to_ascii_lowercase());
            assert_eq!(Username::parse(&text.to_ascii_uppercase()), Ok(name.clone()));
            assert_eq!(Username::parse(name.as_str()), Ok(name));
        }
        Err(_) => assert!(!fits(data), "a good name is refused"),
    }
}

/// An importer reads back what the URI was made of: issuer and name on a line each, then the secret.
pub(super) fn otpauth_uri(data: &[u8]) {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let mut line = || lines.next().and_then(input::text);
    let (Some(issuer), Some(name)) = (line(), line()) else { return };
    let Ok(name) = Username::parse(name) else { return };
    let secret = lines.next().unwrap_or_default();
    let uri = totp::otpauth_uri(issuer, &name, &Secret::new(secret.to_vec()));
    let uri = uri.expose();
    assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()), "{uri}");
    let (label, query) = uri.strip_prefix("otpauth://totp/").unwrap().split_once('?').unwrap();
    let decoded = |text| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let (label_issuer, label_name) = label.split_once(':').unwrap();
    assert_eq!((decoded(label_issuer).as_str(), decoded(label_name).as_str()), (issuer, name.as_str()));
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
    let (key, value) = pairs.next().unwrap();
    assert_eq!((key, BASE32_NOPAD.decode(value.as_bytes()).unwrap().as_slice()), ("secret", secret));
    let (key, value) = pairs.next().unwrap();
    assert_eq!((key, decoded(value).as_str()), ("issuer", issuer));
    assert!(pairs.next().is_none());
}
