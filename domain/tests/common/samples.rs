//! Many passwords, and how evenly what was drawn falls.

#![expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]

use std::collections::HashSet;

use domain::{
    password::{ALPHABET, DIGITS, LEN, LOWER, SPECIALS, UPPER, generate, has_all_classes},
    service::ports::Entropy,
};

pub(crate) const CLASSES: [&[u8]; 4] = [UPPER, LOWER, DIGITS, SPECIALS];

/// How many strings of `length` over the alphabet hold every class of `needed`, as a share of all
/// strings: inclusion and exclusion over the classes that are left out.
pub(crate) fn share_with(needed: &[usize], length: usize) -> f64 {
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

pub(crate) fn sizes() -> Vec<usize> {
    CLASSES.iter().map(|class| class.len()).collect()
}

/// The characters and how often each is to be expected at a position of `count` passwords.
///
/// Drawing incomplete strings again makes the characters of a position slightly uneven: those of
/// a small class are in complete strings more often. Given a character of class c at one position,
/// the other 23 have to hold the other three classes; so, within a class all alike,
/// `P(x) = 1/|A| * share(other classes, 23) / share(all classes, 24)`.
fn expected_at_a_position(count: u64) -> Vec<(u8, f64)> {
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
    expected
}

/// Draws so many passwords, each complete and none twice; the greatest chi-square of a position.
pub(crate) fn worst_position_of_passwords(entropy: &dyn Entropy, count: u64) -> f64 {
    let mut counts = vec![[0u64; 256]; LEN];
    let mut seen = HashSet::new();
    for _ in 0..count {
        let drawn = generate(entropy);
        let password = drawn.expose();
        assert_eq!(password.len(), LEN);
        assert!(has_all_classes(password) && password.iter().all(|byte| ALPHABET.contains(byte)));
        password.iter().zip(&mut counts).for_each(|(byte, at)| at[usize::from(*byte)] += 1);
        assert!(seen.insert(password.to_vec()), "a password came twice");
    }
    let expected = expected_at_a_position(count);
    let statistic = |at: &[u64; 256]| -> f64 {
        expected.iter().map(|(byte, n)| (at[usize::from(*byte)] as f64 - n).powi(2) / n).sum()
    };
    counts.iter().map(statistic).fold(0.0, f64::max)
}

/// What a chi-square of so many degrees of freedom exceeds as seldom as a normal variate exceeds `z`
/// (Wilson and Hilferty).
pub(crate) fn critical(degrees: f64, z: f64) -> f64 {
    degrees * (1.0 - 2.0 / (9.0 * degrees) + z * (2.0 / (9.0 * degrees)).sqrt()).powi(3)
}
