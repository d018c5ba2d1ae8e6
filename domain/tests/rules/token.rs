//! Tickets and session tokens.

use domain::token::{SessionHandle, TEXT_LEN, Token, digest_of_text, forward_token};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::common::{Dice, scaled};

proptest! {
    #[test]
    fn req_ticket_1_what_the_store_keeps_is_the_sha_256_of_the_256_bits(seed: u64) {
        let token = Token::random(&Dice::seeded(seed));
        let text = token.text.expose();
        prop_assert_eq!(text.len(), TEXT_LEN);
        prop_assert_eq!(digest_of_text(text), Some(token.digest));
        let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
        prop_assert_eq!(bytes.len(), 32);
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        prop_assert_eq!(&digest, token.digest.as_bytes());
    }

    #[test]
    fn a_forward_token_follows_from_its_session_token_and_is_neither_it_nor_its_digest(seed: u64) {
        let (token, forward) = Token::random_with_forward(&Dice::seeded(seed));
        let again = forward_token(token.text.expose()).unwrap();
        prop_assert_eq!(again.text.expose(), forward.text.expose());
        prop_assert_eq!(again.digest, forward.digest);
        prop_assert_eq!(digest_of_text(forward.text.expose()), Some(forward.digest));
        prop_assert_ne!(forward.text.expose(), token.text.expose());
        prop_assert_ne!(forward.digest, token.digest);
        let bytes = data_encoding::BASE64URL_NOPAD.decode(token.text.expose().as_bytes()).unwrap();
        let derived: [u8; 32] =
            Sha256::new().chain_update(b"sesame forward token 1\0").chain_update(&bytes).finalize().into();
        prop_assert_eq!(forward.text.expose(), data_encoding::BASE64URL_NOPAD.encode(&derived));
        // Whoever reads the database has the digest, and must not have the forward token with it.
        let digest = data_encoding::BASE64URL_NOPAD.encode(token.digest.as_bytes());
        prop_assert_ne!(forward.text.expose(), digest);
    }

    #[test]
    fn req_ticket_1_a_token_of_another_length_is_none(seed: u64, cut in 0usize..TEXT_LEN, more in "[A-Za-z0-9_-]{1,40}") {
        let token = Token::random(&Dice::seeded(seed));
        let text = token.text.expose();
        prop_assert_eq!(digest_of_text(&text[..cut]), None);
        prop_assert_eq!(digest_of_text(&format!("{text}{more}")), None);
    }

    #[test]
    fn req_ticket_1_a_token_with_a_foreign_character_is_none(
        seed: u64, at in 0usize..TEXT_LEN, foreign in "[^A-Za-z0-9_-]",
    ) {
        let token = Token::random(&Dice::seeded(seed));
        let mut text: Vec<char> = token.text.expose().chars().collect();
        text[at] = foreign.chars().next().unwrap();
        prop_assert_eq!(digest_of_text(&text.into_iter().collect::<String>()), None);
    }

    #[test]
    fn a_handle_is_half_a_digest_and_no_token(seed: u64) {
        let (token, forward) = Token::random_with_forward(&Dice::seeded(seed));
        let handle = SessionHandle::of(&token.digest);
        prop_assert_eq!(&handle.as_bytes()[..], &token.digest.as_bytes()[..16]);
        let text = handle.to_string();
        prop_assert_eq!(SessionHandle::parse(&text), Some(handle));
        prop_assert_eq!(digest_of_text(&text), None, "it is no token, by its length");
        prop_assert_ne!(handle, SessionHandle::of(&forward.digest));
        prop_assert!(!token.text.expose().contains(&text));
        for other in [text.to_uppercase(), text[1..].to_owned(), format!("{text}0"), format!(" {}", &text[1..])] {
            prop_assert!(other == text || SessionHandle::parse(&other).is_none(), "{}", other);
        }
    }

    #[test]
    fn a_handle_of_any_kind_never_panics(text in any::<String>(), near in "[0-9a-fA-Fg]{32}") {
        let _ = SessionHandle::parse(&text);
        let lower = near.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        prop_assert_eq!(SessionHandle::parse(&near).is_some(), lower);
    }

    #[test]
    fn a_token_has_one_spelling_and_no_text_panics(text in "\\PC{0,60}", canonical in "[A-Za-z0-9_-]{43}") {
        let _ = digest_of_text(&text);
        // 43 characters are 258 bits: of four spellings that differ in the two spare bits, one counts.
        let last_spells_four_bits = "AEIMQUYcgkosw048".contains(canonical.chars().last().unwrap());
        prop_assert_eq!(digest_of_text(&canonical).is_some(), last_spells_four_bits);
    }
}

#[test]
fn req_ticket_1_no_two_tokens_are_alike() {
    let dice = Dice::seeded(12);
    let count = scaled(20_000);
    let digests: std::collections::HashSet<_> = (0..count).map(|_| Token::random(&dice).digest).collect();
    assert_eq!(digests.len() as u64, count);
}
