//! The window, the Key URI, and their limits.

use chrono::{DateTime, Utc};
use domain::{code::Code, secret::Secret, totp, username::Username};
use proptest::prelude::*;

use crate::common::Dice;

/// Bytes that a QR code of version 6 at level M holds in byte mode (ISO 18004 table 7).
const QR_VERSION_6_M: usize = 106;

fn code_of(secret: &Secret, step: u64) -> Code {
    Code::parse(std::str::from_utf8(&totp::code_of_step(secret, step)).unwrap()).unwrap()
}

fn secret_of(seed: u64) -> Secret {
    totp::generate_secret(&Dice::seeded(seed))
}

proptest! {
    #[test]
    fn req_otp_3_the_window_is_one_step_either_side_and_no_more(
        seed: u64, seconds in 3_600u32.., away in -40i64..=40,
    ) {
        let secret = secret_of(seed);
        let now = DateTime::<Utc>::from_timestamp(seconds.into(), 0).unwrap();
        let current = totp::step_at(now);
        let step = current.checked_add_signed(away).unwrap();
        let code = code_of(&secret, step);
        let matched = totp::matching_step(&secret, &code, now);
        if (-1..=1).contains(&away) {
            // Two steps may share a code by chance; then the later one counts.
            prop_assert!(matched >= Some(step) && matched <= Some(current + 1));
            prop_assert_eq!(totp::code_of_step(&secret, matched.unwrap()), *code.as_bytes());
        } else {
            let shared = (current - 1..=current + 1).any(|s| totp::code_of_step(&secret, s) == *code.as_bytes());
            prop_assert_eq!(matched.is_some(), shared);
        }
    }

    #[test]
    fn req_otp_3_a_step_is_thirty_seconds(seconds: u32) {
        let at = |s: i64| totp::step_at(DateTime::from_timestamp(s, 0).unwrap());
        prop_assert_eq!(at(seconds.into()), u64::from(seconds) / 30);
        prop_assert_eq!(at(-i64::from(seconds)), 0, "before 1970 there is no step, and no panic");
    }

    #[test]
    fn req_otp_1_an_importer_reads_back_what_the_uri_was_made_of(
        seed: u64, name in "[a-z0-9][a-z0-9._@-]{1,62}[a-z0-9]", issuer in "[\\PC&&[^:]]{1,20}",
    ) {
        let secret = secret_of(seed);
        let username = Username::parse(&name).unwrap();
        let uri = totp::otpauth_uri(&issuer, &username, &secret);
        let rest = uri.expose().strip_prefix("otpauth://totp/").unwrap();
        prop_assert!(uri.expose().bytes().all(|b| b.is_ascii_graphic()), "nothing to escape in a QR code or a link");
        let (label, query) = rest.split_once('?').unwrap();
        let (label_issuer, label_name) = label.split_once(':').unwrap();
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
        prop_assert_eq!(decode(label_issuer), issuer.as_str());
        prop_assert_eq!(decode(label_name), name);
        let parameters: Vec<_> = query.split('&').map(|pair| pair.split_once('=').unwrap()).collect();
        prop_assert_eq!(parameters.len(), 2);
        let text = totp::secret_text(&secret);
        prop_assert_eq!(parameters[0], ("secret", text.expose()));
        prop_assert_eq!((parameters[1].0, decode(parameters[1].1)), ("issuer", issuer));
    }

    #[test]
    fn req_otp_1_the_secret_is_160_bits_and_32_characters_of_base32(seed: u64) {
        let secret = secret_of(seed);
        prop_assert_eq!(secret.expose().len(), 20);
        let text = totp::secret_text(&secret);
        prop_assert_eq!(text.expose().len(), 32);
        prop_assert!(text.expose().bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b)));
        prop_assert_eq!(data_encoding::BASE32_NOPAD.decode(text.expose().as_bytes()).unwrap(), secret.expose());
    }
}

#[test]
fn the_uri_escapes_the_at_sign_and_spaces() {
    let username = Username::parse("amelie@cofrap.fr").unwrap();
    let secret = Secret::new(b"12345678901234567890".to_vec());
    assert_eq!(
        totp::otpauth_uri("Sésame Test", &username, &secret).expose(),
        "otpauth://totp/S%C3%A9same%20Test:amelie%40cofrap.fr\
         ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=S%C3%A9same%20Test",
    );
}

/// 81 bytes and the name: 25 characters fit. Longer names get a denser code, not a broken one.
#[test]
fn the_uri_of_a_name_of_25_characters_fits_a_qr_code_of_version_6_m() {
    let length = |name: &str| {
        totp::otpauth_uri("COFRAP", &Username::parse(name).unwrap(), &secret_of(1)).expose().len()
    };
    let room = QR_VERSION_6_M - (length("abc") - 3);
    println!("a name of {room} plain characters fits; \"abc\" makes {} bytes", length("abc"));
    assert!(room >= 25, "{room}");
    assert!(length(&"a".repeat(64)) <= 150, "the longest name stays within version 8-M (152 bytes)");
}
