//! How long a refusal takes tells nothing: the times of all kinds of wrong sign-ins come from one
//! distribution, as far as a Kolmogorov-Smirnov test can tell. Hashes are cheap here, so that what
//! remains cannot hide behind them.

use std::time::Instant;

use serde_json::json;

use crate::{app::TestApp, person::Person};

/// Names of each kind.
const NAMES: usize = 60;
/// Tries with each name: as many as are free of delay.
const TRIES: usize = 4;
/// The critical value of the statistic at one error in a thousand (two samples of one size).
const CRITICAL: f64 = 1.949;
/// Chance alone exceeds it in one of a thousand comparisons; it does not so thrice in a row.
const ROUNDS: usize = 3;

const KINDS: [&str; 5] = ["wrong code", "no code", "wrong password", "unknown name", "unactivated"];

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

/// Whether a sample is told from another by its times.
fn differ(a: &[f64], b: &[f64]) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    let size = (a.len() as f64 / 2.0).sqrt();
    distance(&mut a.to_vec(), &mut b.to_vec()) * size > CRITICAL
}

/// The seconds that each kind of refusal took, taken by turns on a fresh service.
async fn measure(seed: usize) -> Vec<Vec<f64>> {
    let app = TestApp::new().await;
    let mut people = Vec::new();
    for n in 0..NAMES * 3 {
        people.push(Person::enrol(&app, &format!("somebody-{n}")).await.0);
        app.clock.turn(chrono::TimeDelta::seconds(60));
    }
    for n in 0..NAMES {
        app.post("/api/register", &json!({ "username": format!("unactivated-{n}") })).await;
        app.clock.turn(chrono::TimeDelta::seconds(60));
    }
    let mut times = vec![Vec::new(); KINDS.len()];
    for round in 0..TRIES {
        for n in 0..NAMES {
            // Another order at each name: none of them is always the first.
            for turn in 0..KINDS.len() {
                let kind = (turn * 2 + n + round + seed) % KINDS.len();
                let person = &people[kind.min(2) * NAMES + n];
                let wrong = person.wrong_code(&app);
                let body = match kind {
                    0 => json!({ "username": person.username, "password": person.password, "code": wrong }),
                    1 => json!({ "username": person.username, "password": person.password }),
                    2 => json!({ "username": person.username, "password": "x".repeat(24), "code": wrong }),
                    3 => {
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
        told = (0..KINDS.len())
            .flat_map(|a| (0..a).map(move |b| (a, b)))
            .filter(|(a, b)| differ(&times[*a], &times[*b]))
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
