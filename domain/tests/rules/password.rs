//! Generated passwords: the alphabet, the entropy, and the statistics of many.

#![expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]

use std::collections::BTreeSet;

use domain::password::{ALPHABET, DIGITS, LEN, LOWER, SPECIALS, UPPER, has_all_classes};

use crate::{
    common::{Dice, scaled},
    samples::{CLASSES, critical, share_with, sizes, worst_position_of_passwords},
};

/// What the keys of a French keyboard (AZERTY, of a PC) give by themselves, with Shift and with `AltGr`:
/// "French (AZERTY)", layout `azerty` in `symbols/fr` of xkeyboard-config, which is the one on the keys.
/// Left out is what some system makes a dead key of: `^` and `¨` beside P, AltGr+2 `~`, AltGr+7 `` ` ``
/// and AltGr+9 `^`.
const AZERTY: [&str; 3] = [
    "²&é\"'(-è_çà)=azertyuiop$qsdfghjklmù*<wxcvbn,;:!",
    "1234567890°+AZERTYUIOP£QSDFGHJKLM%µ>WXCVBN?./§",
    "#{[|\\@]}€¤",
];

#[test]
fn req_gen_1_the_alphabet_is_its_classes_without_repeats_or_look_alikes() {
    let union: Vec<u8> = CLASSES.concat();
    assert_eq!(union, ALPHABET);
    assert_eq!(union.iter().collect::<BTreeSet<_>>().len(), ALPHABET.len(), "each character once");
    assert!(UPPER.iter().all(u8::is_ascii_uppercase) && LOWER.iter().all(u8::is_ascii_lowercase));
    assert!(DIGITS.iter().all(u8::is_ascii_digit) && SPECIALS.iter().all(u8::is_ascii_punctuation));
    assert!(!ALPHABET.iter().any(|byte| b"0OoIl1|`'\"^~<>\\/.,;: {}[]".contains(byte)));
}

#[test]
fn req_gen_3_every_character_stands_on_an_azerty_keyboard_and_takes_no_dead_key() {
    for character in ALPHABET.iter().map(|byte| char::from(*byte)) {
        let keys = AZERTY.iter().filter(|layer| layer.contains(character)).count();
        assert_eq!(keys, 1, "{character}");
    }
    let printed: Vec<char> = AZERTY.concat().chars().collect();
    assert_eq!(printed.iter().collect::<BTreeSet<_>>().len(), printed.len(), "a key stands there twice");
}

#[test]
fn req_pw_4_the_entropy_is_at_least_140_bits() {
    let share = share_with(&sizes(), LEN);
    let bits = LEN as f64 * (ALPHABET.len() as f64).log2() + share.log2();
    println!("{} characters, {:.2} % of strings accepted, {bits:.2} bits", ALPHABET.len(), share * 100.0);
    assert!(bits >= 140.0, "{bits}");
}

/// REQ-GEN-2. The seed is fixed: the figures are the same on every run and every machine. Those of the
/// system's random source are the server's test.
#[test]
fn req_gen_2_passwords_are_complete_unique_and_uniform_at_every_position() {
    let count = scaled(20_000);
    let worst = worst_position_of_passwords(&Dice::seeded(2), count);
    let limit = critical(ALPHABET.len() as f64 - 1.0, 3.090); // p = 0.001
    println!("{count} passwords: worst chi-square of {LEN} positions {worst:.1}, limit {limit:.1}");
    assert!(worst < limit, "{worst}");
}

#[test]
fn a_string_without_one_of_the_classes_does_not_have_all() {
    let one_of = |classes: &[&[u8]]| classes.iter().map(|class| class[0]).collect::<Vec<u8>>();
    assert!(has_all_classes(&one_of(&CLASSES)));
    for left_out in 0..CLASSES.len() {
        let mut classes = CLASSES.to_vec();
        classes.remove(left_out);
        assert!(!has_all_classes(&one_of(&classes).repeat(8)), "class {left_out} is missing");
    }
    assert!(!has_all_classes(b""));
}
