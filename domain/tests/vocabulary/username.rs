//! Names.

use domain::username::{MAX_LEN, MIN_LEN, Username, UsernameError};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_is_accepted_keeps_the_rule_and_stays_as_it_is(text in "(\\PC|\n){0,80}|[A-Za-z0-9._@-]{0,70}") {
        let Ok(name) = Username::parse(&text) else { return Ok(()) };
        let folded = name.as_str();
        prop_assert_eq!(folded, text.to_ascii_lowercase());
        prop_assert!((3..=64).contains(&folded.len()));
        prop_assert!(folded.chars().all(|c| "abcdefghijklmnopqrstuvwxyz0123456789._-@".contains(c)));
        prop_assert!(folded.starts_with(|c: char| c.is_ascii_alphanumeric()));
        prop_assert!(folded.ends_with(|c: char| c.is_ascii_alphanumeric()));
        prop_assert_eq!(Username::parse(folded), Ok(name.clone()));
        prop_assert_eq!(name.to_string(), folded);
    }

    #[test]
    fn every_name_by_the_rule_is_accepted(text in "[A-Za-z0-9][A-Za-z0-9._@-]{1,62}[A-Za-z0-9]") {
        let name = Username::parse(&text).unwrap();
        prop_assert_eq!(name.as_str(), text.to_lowercase());
    }

    #[test]
    fn bytes_of_any_kind_never_panic(bytes: Vec<u8>) {
        let _ = Username::parse(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn the_lengths_around_the_edges() {
    for length in 0..100 {
        let parsed = Username::parse(&"a".repeat(length));
        let fits = (MIN_LEN..=MAX_LEN).contains(&length);
        assert_eq!(parsed.err(), (!fits).then_some(UsernameError::Length), "{length}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (text, error) in [
        ("", UsernameError::Length),
        ("ab", UsernameError::Length),
        ("a b", UsernameError::Character),
        (" abc", UsernameError::Character),
        ("abc\n", UsernameError::Character),
        ("amélie", UsernameError::Character),
        ("\u{212a}elvin", UsernameError::Character), // the Kelvin sign, which folds to k in Unicode
        (".abc", UsernameError::Edge),
        ("abc@", UsernameError::Edge),
        ("---", UsernameError::Edge),
    ] {
        assert_eq!(Username::parse(text), Err(error), "{text:?}");
    }
}
