//! What the system's random source makes: passwords, TOTP secrets and tickets, many of each, and how
//! evenly their characters and bytes fall. That a seed gives the same ones for ever, and that the rules
//! favour none, are tests of the domain.

#![expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]

use std::collections::HashSet;

use data_encoding::BASE64URL_NOPAD;
use domain::{password, service::ports::Entropy, token::Token, totp};
use server::crypto::SystemEntropy;

use crate::{
    attack::scale,
    samples::{critical, worst_position_of_passwords},
};

/// Of each kind in an ordinary run; `SESAME_TEST_SCALE=50` makes them a million.
const COUNT: usize = 20_000;
/// What a normal variate exceeds once in 300 million times. Of the 76 positions that are looked at
/// here, chance makes one exceed it less than once in a million runs.
const SELDOM: f64 = 5.8;

/// Draws so many strings of bytes, none twice; the greatest chi-square of a position.
fn worst_position(count: usize, mut draw: impl FnMut() -> Vec<u8>) -> f64 {
    let mut counts: Vec<[u64; 256]> = Vec::new();
    let mut seen = HashSet::new();
    for _ in 0..count {
        let drawn = draw();
        counts.resize(drawn.len(), [0; 256]);
        drawn.iter().zip(&mut counts).for_each(|(byte, at)| at[usize::from(*byte)] += 1);
        assert!(seen.insert(drawn), "it came twice");
    }
    let expected = count as f64 / 256.0;
    let statistic =
        |at: &[u64; 256]| -> f64 { at.iter().map(|n| (*n as f64 - expected).powi(2) / expected).sum() };
    counts.iter().map(statistic).fold(0.0, f64::max)
}

/// Each kind with the greatest chi-square of its positions, and what it must not reach.
fn kinds(entropy: &dyn Entropy, count: usize) -> [(&'static str, f64, f64); 3] {
    let passwords = worst_position_of_passwords(entropy, count as u64);
    let secrets = worst_position(count, || totp::generate_secret(entropy).expose().to_vec());
    let tickets = worst_position(count, || {
        BASE64URL_NOPAD.decode(Token::random(entropy).text.expose().as_bytes()).unwrap()
    });
    let bytes = critical(255.0, SELDOM);
    [
        ("passwords", passwords, critical(password::ALPHABET.len() as f64 - 1.0, SELDOM)),
        ("TOTP secrets", secrets, bytes),
        ("tickets", tickets, bytes),
    ]
}

#[test]
fn req_gen_2_what_the_system_s_random_source_makes_is_even_at_every_position_and_never_the_same() {
    let count = COUNT * scale();
    for (kind, worst, limit) in kinds(&SystemEntropy, count) {
        println!("{count} {kind}: worst chi-square {worst:.1}, limit {limit:.1}");
        assert!(worst < limit, "{kind}: {worst}");
    }
}

/// Gives every sixteenth of the bytes twice as often as it should, and another sixteenth never.
struct Uneven;

impl Entropy for Uneven {
    fn fill(&self, bytes: &mut [u8]) {
        SystemEntropy.fill(bytes);
        bytes.iter_mut().filter(|byte| **byte < 16).for_each(|byte| *byte += 16);
    }
}

#[test]
fn the_test_notices_a_source_that_favours_some_bytes() {
    for (kind, worst, limit) in kinds(&Uneven, COUNT) {
        assert!(worst > limit, "{kind}: {worst}");
    }
}
