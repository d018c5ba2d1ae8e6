//! Walks over every text: French typography, and what both languages keep to.

use crate::lang::Lang;

/// `docs` call these names stable and programs look for them, so they keep the straight apostrophe.
const STABLE_NAMES: [&str; 3] =
    ["Continuer vers l'authentificateur", "QR code de l'authentificateur", "Valable jusqu'au"];

const NO_BREAK: char = '\u{a0}';
const NARROW: char = '\u{202f}';

fn all(lang: Lang) -> Vec<String> {
    lang.texts().all()
}

/// What stands before each character of `text` that `wanted` picks.
fn before(text: &str, wanted: impl Fn(char) -> bool) -> Vec<(Option<char>, char)> {
    let mut previous = None;
    let mut found = Vec::new();
    for c in text.chars() {
        if wanted(c) {
            found.push((previous, c));
        }
        previous = Some(c);
    }
    found
}

#[test]
fn french_puts_a_no_break_space_before_high_punctuation() {
    for text in all(Lang::Fr) {
        for (space, mark) in before(&text, |c| matches!(c, ';' | '!' | '?')) {
            assert_eq!(space, Some(NARROW), "before {mark} in: {text}");
        }
        for (space, mark) in before(&text, |c| c == '»') {
            assert_eq!(space, Some(NO_BREAK), "before {mark} in: {text}");
        }
        for (index, _) in text.match_indices(':') {
            let (head, tail) = text.split_at(index);
            // A colon inside a time is no punctuation.
            if !tail.chars().nth(1).is_some_and(|c| c.is_ascii_digit()) {
                assert!(head.ends_with(NO_BREAK), "before : in: {text}");
            }
        }
    }
}

#[test]
fn french_guillemets_open_with_a_no_break_space_and_close() {
    for text in all(Lang::Fr) {
        for (index, mark) in text.match_indices('«') {
            let next = text.split_at(index + mark.len()).1.chars().next();
            assert_eq!(next, Some(NO_BREAK), "after « in: {text}");
        }
        assert_eq!(text.matches('«').count(), text.matches('»').count(), "{text}");
        assert!(!text.contains('"'), "{text}");
    }
}

#[test]
fn apostrophes_are_typographic_but_in_stable_names() {
    for text in [all(Lang::Fr), all(Lang::En)].concat() {
        assert!(STABLE_NAMES.contains(&text.as_str()) || !text.contains('\''), "{text}");
    }
    for name in STABLE_NAMES {
        assert!(all(Lang::Fr).iter().any(|text| text == name), "{name}");
    }
}

#[test]
fn no_text_is_empty_padded_or_abbreviated_with_dots() {
    for text in [all(Lang::Fr), all(Lang::En)].concat() {
        assert!(!text.is_empty() && text.trim() == text, "{text:?}");
        assert!(!text.contains("...") && !text.contains("  "), "{text:?}");
    }
}

#[test]
fn both_languages_say_the_same_number_of_things() {
    assert_eq!(all(Lang::Fr).len(), all(Lang::En).len());
}

#[test]
fn the_stable_names_are_as_documented() {
    let (fr, en) = (Lang::Fr.texts(), Lang::En.texts());
    for (text, name) in [
        (fr.field.username, "Identifiant"),
        (en.field.username, "Username"),
        (fr.field.password, "Mot de passe"),
        (en.field.password, "Password"),
        (fr.field.code, "Code à 6 chiffres"),
        (en.field.code, "6-digit code"),
        (fr.action.sign_in, "Se connecter"),
        (en.action.sign_in, "Sign in"),
        (fr.action.create_account, "Créer un compte"),
        (en.action.create_account, "Create an account"),
        (fr.action.create_my_account, "Créer mon compte"),
        (en.action.create_my_account, "Create my account"),
        (fr.action.show_password, "Afficher mon mot de passe"),
        (en.action.show_password, "Show my password"),
        (fr.secret.password_qr, "QR code du mot de passe"),
        (en.secret.password_qr, "Password QR code"),
        (fr.action.to_authenticator, "Continuer vers l'authentificateur"),
        (en.action.to_authenticator, "Continue to the authenticator"),
        (fr.secret.totp_qr, "QR code de l'authentificateur"),
        (en.secret.totp_qr, "Authenticator QR code"),
        (fr.action.copy, "Copier"),
        (en.action.copy, "Copy"),
        (fr.action.copy_key, "Copier la clé"),
        (en.action.copy_key, "Copy the key"),
        (fr.action.restart, "Recommencer"),
        (en.action.restart, "Start again"),
        (fr.field.show, "Voir"),
        (en.field.show, "Show"),
        (fr.action.activate, "Activer mon compte"),
        (en.action.activate, "Activate my account"),
        (fr.action.sign_out, "Se déconnecter"),
        (en.action.sign_out, "Sign out"),
        (fr.action.renew, "Renouveler mes secrets"),
        (en.action.renew, "Renew my secrets"),
        (fr.account.valid_until, "Valable jusqu'au"),
    ] {
        assert_eq!(text, name);
    }
}
