//! Generated passwords: the alphabet, the entropy, and the statistics of many.

#![expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]

use std::collections::{BTreeSet, HashSet};

use domain::password::{ALPHABET, DIGITS, LEN, LOWER, SPECIALS, UPPER, generate, has_all_classes};

use crate::common::{Dice, scaled};

const CLASSES: [&[u8]; 4] = [UPPER, LOWER, DIGITS, SPECIALS];

/// How many strings of `length` over the alphabet hold every class of `needed`, as a share of all
/// strings: inclusion and exclusion over the classes that are left out.
fn share_with(needed: &[usize], length: usize) -> f64 {
    let size = ALPHABET.len() as f64;
    (0u32..1 << needed.len())
        .map(|subset| {
            let left_out: usize =
                needed.iter().enumerate().filter(|(bit, _)| subset & 1 << bit != 0).map(|(_, n)| n).sum();
            let sign = if subset.count_ones() % 2 == 0 { 1.0 } else { -1.0 };
            sign * ((size - left_out as f64) / size).powi(i32::try_from(length).unwrap())
        })
        .sum()
}

fn sizes() -> Vec<usize> {
    CLASSES.iter().map(|class| class.len()).collect()
}

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
fn req_pw_4_the_entropy_is_at_least_140_bits() {
    let share = share_with(&sizes(), LEN);
    let bits = LEN as f64 * (ALPHABET.len() as f64).log2() + share.log2();
    println!("{} characters, {:.2} % of strings accepted, {bits:.2} bits", ALPHABET.len(), share * 100.0);
    assert!(bits >= 140.0, "{bits}");
}

/// REQ-GEN-2. The seed is fixed: the figures are the same on every run and every machine.
///
/// Drawing incomplete strings again makes the characters of a position slightly uneven: those of
/// a small class are in complete strings more often. Given a character of class c at one position,
/// the other 23 have to hold the other three classes; so, within a class all alike,
/// `P(x) = 1/|A| * share(other classes, 23) / share(all classes, 24)`.
#[test]
fn req_gen_2_passwords_are_complete_unique_and_uniform_at_every_position() {
    let dice = Dice::seeded(2);
    let count = scaled(20_000);
    let mut counts = vec![[0u64; 256]; LEN];
    let mut seen = HashSet::new();
    for _ in 0..count {
        let drawn = generate(&dice);
        let password = drawn.expose();
        assert_eq!(password.len(), LEN);
        assert!(has_all_classes(password) && password.iter().all(|byte| ALPHABET.contains(byte)));
        password.iter().zip(&mut counts).for_each(|(byte, at)| at[usize::from(*byte)] += 1);
        assert!(seen.insert(password.to_vec()), "a password came twice");
    }

    let all = share_with(&sizes(), LEN);
    let expected: Vec<(u8, f64)> = CLASSES
        .iter()
        .flat_map(|class| {
            let mut others = sizes();
            others.retain(|size| *size != class.len());
            // UPPER and LOWER are equally long: `retain` dropped both, one of them belongs back.
            others.resize(3, class.len());
            let probability = share_with(&others, LEN - 1) / all / ALPHABET.len() as f64;
            class.iter().map(move |byte| (*byte, probability * count as f64))
        })
        .collect();
    let total: f64 = expected.iter().map(|(_, n)| n).sum();
    assert!((total / count as f64 - 1.0).abs() < 1e-9, "the probabilities add up to {total}");

    let statistic = |at: &[u64; 256]| -> f64 {
        expected.iter().map(|(byte, n)| (at[usize::from(*byte)] as f64 - n).powi(2) / n).sum()
    };
    let worst = counts.iter().map(statistic).fold(0.0, f64::max);
    // Wilson and Hilferty: the chi-square that 69 degrees of freedom exceed with probability p.
    let degrees = ALPHABET.len() as f64 - 1.0;
    let critical =
        |z: f64| degrees * (1.0 - 2.0 / (9.0 * degrees) + z * (2.0 / (9.0 * degrees)).sqrt()).powi(3);
    let limit = critical(3.090); // p = 0.001
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
