//! How long a refusal takes tells nothing: the times of all kinds of wrong sign-ins come from one
//! distribution, as far as a Kolmogorov-Smirnov test can tell. Hashes are cheap here, so that what
//! remains cannot hide behind them.

use std::time::Instant;

use serde_json::json;

use crate::{app::TestApp, person::Person};

/// Names of each kind in an ordinary run: 240 tries. `SESAME_TEST_SCALE=21` makes them 5,040.
const NAMES: usize = 60;
/// Tries with each name: as many as are free of delay.
const TRIES: usize = 4;
/// The critical value of the statistic at one error in a thousand (two samples of one size).
const CRITICAL: f64 = 1.949;
/// Seconds by which medians may differ.
const MEDIANS: f64 = 0.000_3;
/// Chance alone exceeds it in one of a thousand comparisons; it does not so thrice in a row.
const ROUNDS: usize = 3;

const KINDS: [&str; 6] =
    ["wrong code", "no code", "wrong password", "expired, wrong code", "unknown name", "unactivated"];
/// The kinds before this one have an account each.
const WITH_ACCOUNT: usize = 4;
const EXPIRED: usize = 3;

fn names() -> usize {
    let scale = std::env::var("SESAME_TEST_SCALE").ok().and_then(|text| text.parse().ok());
    NAMES * scale.unwrap_or(1)
}

/// The greatest distance between the distributions of two samples.
fn distance(a: &mut [f64], b: &mut [f64]) -> f64 {
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let share = |sample: &[f64], x: f64| {
        #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
        let share = sample.partition_point(|time| *time <= x) as f64 / sample.len() as f64;
        share
    };
    a.iter().chain(b.iter()).map(|x| (share(a, *x) - share(b, *x)).abs()).fold(0.0, f64::max)
}

/// How far apart the medians of two samples are, in seconds.
fn median_gap(a: &[f64], b: &[f64]) -> f64 {
    let median = |sample: &[f64]| {
        let mut sorted = sample.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    (median(a) - median(b)).abs()
}

/// Whether a sample is told from another by its times.
fn differ(a: &[f64], b: &[f64]) -> bool {
    statistic(a, b) > CRITICAL
}

/// The distance, on a scale that knows no size of samples.
fn statistic(a: &[f64], b: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let size = (a.len() as f64 / 2.0).sqrt();
    distance(&mut a.to_vec(), &mut b.to_vec()) * size
}

/// The seconds that each kind of refusal took, taken by turns on a fresh service.
async fn measure(seed: usize) -> Vec<Vec<f64>> {
    let app = TestApp::new().await;
    let names = names();
    let enrol = async |kind: usize| {
        let mut people = Vec::new();
        for n in 0..names {
            people.push(Person::enrol(&app, &format!("somebody-{kind}-{n}")).await.0);
            app.clock.turn(chrono::TimeDelta::seconds(60));
        }
        people
    };
    let expired = enrol(EXPIRED).await;
    app.clock.turn(chrono::TimeDelta::days(200));
    let people = [enrol(0).await, enrol(1).await, enrol(2).await, expired];
    for n in 0..names {
        app.post("/api/register", &json!({ "username": format!("unactivated-{n}") })).await;
        app.clock.turn(chrono::TimeDelta::seconds(60));
    }
    let mut times = vec![Vec::new(); KINDS.len()];
    for round in 0..TRIES {
        #[expect(clippy::needless_range_loop, reason = "the names of all kinds go by it")]
        for n in 0..names {
            // Another order at each name: none of them is always the first.
            for turn in 0..KINDS.len() {
                let kind = (turn * 5 + n + round + seed) % KINDS.len();
                let person = &people[kind.min(WITH_ACCOUNT - 1)][n];
                let wrong = person.wrong_code(&app);
                let body = match kind {
                    0 | EXPIRED => {
                        json!({ "username": person.username, "password": person.password, "code": wrong })
                    }
                    1 => json!({ "username": person.username, "password": person.password }),
                    2 => json!({ "username": person.username, "password": "x".repeat(24), "code": wrong }),
                    WITH_ACCOUNT => {
                        json!({ "username": format!("nobody-{n}"), "password": "x".repeat(24), "code": wrong })
                    }
                    _ => {
                        json!({ "username": format!("unactivated-{n}"), "password": "x".repeat(24), "code": wrong })
                    }
                };
                app.clock.turn(chrono::TimeDelta::seconds(1));
                let begun = Instant::now();
                let answer = app.post("/api/authenticate", &body).await;
                times[kind].push(begun.elapsed().as_secs_f64());
                assert_eq!(answer.code(), "invalid_credentials", "{}: {}", KINDS[kind], answer.text());
            }
        }
    }
    times
}

#[tokio::test]
async fn req_rl_2_the_time_of_a_refusal_does_not_tell_what_was_wrong() {
    let mut told = Vec::new();
    for round in 0..ROUNDS {
        let times = measure(round).await;
        for (a, b) in (0..KINDS.len()).flat_map(|a| (0..a).map(move |b| (a, b))) {
            let (statistic, gap) = (statistic(&times[a], &times[b]), median_gap(&times[a], &times[b]) * 1e6);
            println!(
                "{} and {}: KS {statistic:.2} of {CRITICAL}, medians {gap:.0} µs apart",
                KINDS[a], KINDS[b]
            );
        }
        told = (0..KINDS.len())
            .flat_map(|a| (0..a).map(move |b| (a, b)))
            .filter(|(a, b)| differ(&times[*a], &times[*b]) || median_gap(&times[*a], &times[*b]) > MEDIANS)
            .map(|(a, b)| format!("{} and {}", KINDS[a], KINDS[b]))
            .collect();
        if told.is_empty() {
            return;
        }
    }
    panic!("told apart by their times: {told:?}");
}

#[test]
fn the_test_notices_a_difference_of_a_tenth() {
    let sample = |factor: f64| -> Vec<f64> {
        (0..NAMES * TRIES)
            .map(|n| f64::from(u32::try_from(n * 7919 % 1_000).unwrap()).mul_add(1e-4, 1.0) * factor)
            .collect()
    };
    assert!(differ(&sample(1.0), &sample(1.1)));
    assert!(!differ(&sample(1.0), &sample(1.0)));
}
