//! Codes are compared in a time that tells nothing of them, as far as a measurement can tell (Reparaz,
//! Balasch, Verbauwhede: "Dude, is my code constant time?", 2017): the times of two kinds of codes,
//! taken in random turns, have one mean by Welch's t-test.
//!
//! A machine that others share is noisy, which hides differences and makes none: what takes longer for
//! one kind of codes does so in every round. A round that finds nothing is enough, of three.

#![expect(clippy::cast_precision_loss, reason = "counts and nanoseconds far below 2^52")]

use std::{hint::black_box, time::Instant};

use chrono::{DateTime, Utc};
use domain::{
    code::{Code, DIGITS},
    secret::Secret,
    service::ports::Entropy as _,
    totp::{self, STEP_SECONDS, code_of_step, is_code, matching_step},
};

use crate::common::Dice;

const ROUNDS: u64 = 3;
/// Beyond it the two means are taken for different (that paper, and ISO/IEC 17825).
const TELLS: f64 = 4.5;
/// A sample longer than nine in ten was interrupted, by the system or somebody else.
const KEPT: f64 = 0.9;

/// Welch's statistic of the times that `work` takes with the one and the other input.
fn statistic<T: Copy>(seed: u64, samples: usize, inputs: [T; 2], mut work: impl FnMut(T)) -> f64 {
    let mut turns = vec![0u8; samples];
    Dice::seeded(seed).fill(&mut turns);
    // The first ones warm caches and predictors.
    (0..samples / 10).for_each(|n| work(inputs[n % 2]));
    let mut times: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for turn in turns {
        let kind = usize::from(turn & 1);
        let input = black_box(inputs[kind]);
        let begun = Instant::now();
        work(input);
        times[kind].push(begun.elapsed().as_nanos() as f64);
    }
    let mut all = times.concat();
    all.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
    let longest = all[(all.len() as f64 * KEPT) as usize];
    let [a, b] = times.map(|times| moments(times.into_iter().filter(|time| *time <= longest)));
    let spread = (a.variance / a.count + b.variance / b.count).sqrt();
    // Times that are all alike tell nothing.
    if spread == 0.0 { 0.0 } else { (a.mean - b.mean) / spread }
}

struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

fn moments(times: impl Iterator<Item = f64> + Clone) -> Moments {
    let times: Vec<f64> = times.collect();
    let count = times.len() as f64;
    let mean = times.iter().sum::<f64>() / count;
    let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
    Moments { count, mean, variance }
}

/// The least that a round finds.
fn least(round: impl FnMut(u64) -> f64) -> f64 {
    (0..ROUNDS).map(round).map(f64::abs).fold(f64::INFINITY, f64::min)
}

const EXPECTED: [u8; DIGITS] = *b"482913";
/// Wrong from the first digit on, and in the last one only.
const WRONG: [&str; 2] = ["582913", "482914"];

/// Compares as often as it takes to see a nanosecond.
fn compare_often(digits: [u8; DIGITS], compare: impl Fn(&[u8; DIGITS], &Code) -> bool) {
    let code = Code::parse(std::str::from_utf8(&digits).unwrap()).unwrap();
    for _ in 0..64 {
        black_box(compare(black_box(&EXPECTED), black_box(&code)));
    }
}

fn digits(text: &str) -> [u8; DIGITS] {
    text.as_bytes().try_into().unwrap()
}

#[test]
fn req_otp_5_how_long_a_comparison_takes_does_not_tell_which_digit_is_wrong() {
    let told = least(|round| {
        statistic(round, 20_000, WRONG.map(digits), |digits| {
            compare_often(digits, |expected, code| is_code(expected, code).into());
        })
    });
    println!("t = {told:.2} between codes wrong in the first and in the last digit");
    assert!(told < TELLS, "{told}");
}

#[test]
fn req_otp_5_a_comparison_that_stops_at_the_first_difference_would_be_noticed() {
    let told = least(|round| {
        statistic(round, 20_000, WRONG.map(digits), |digits| {
            compare_often(digits, |expected, code| {
                expected.iter().zip(code.as_bytes()).all(|(one, other)| one == other)
            });
        })
    });
    println!("t = {told:.2} with an early exit");
    assert!(told > TELLS, "{told}");
}

/// The instant, a secret, and two codes: of the first step that is looked at, and of none.
fn right_and_wrong() -> (DateTime<Utc>, Secret, [[u8; DIGITS]; 2]) {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let secret = totp::generate_secret(&Dice::seeded(5));
    let first = totp::step_at(now) - 1;
    let right = code_of_step(&secret, first);
    let admitted: Vec<_> = (first..=first + 2).map(|step| code_of_step(&secret, step)).collect();
    let wrong = (0..4).map(|n| digits(&format!("{n:06}"))).find(|code| !admitted.contains(code)).unwrap();
    (now, secret, [right, wrong])
}

#[test]
fn req_otp_5_how_long_looking_for_a_step_takes_does_not_tell_whether_one_is_found() {
    let (now, secret, codes) = right_and_wrong();
    let told = least(|round| {
        statistic(round, 4_000, codes, |digits| {
            let code = Code::parse(std::str::from_utf8(&digits).unwrap()).unwrap();
            black_box(matching_step(&secret, &code, now));
        })
    });
    println!("t = {told:.2} between a right code and a wrong one");
    assert!(told < TELLS, "{told}");
}

#[test]
fn req_otp_5_a_search_that_stops_at_the_step_it_finds_would_be_noticed() {
    let (now, secret, codes) = right_and_wrong();
    let first = now.timestamp().unsigned_abs() / STEP_SECONDS - 1;
    let told = least(|round| {
        statistic(round, 4_000, codes, |digits| {
            let code = Code::parse(std::str::from_utf8(&digits).unwrap()).unwrap();
            black_box((first..=first + 2).find(|step| is_code(&code_of_step(&secret, *step), &code).into()));
        })
    });
    println!("t = {told:.2} with an early exit");
    assert!(told > TELLS, "{told}");
}
