//! The simulator: random lives of accounts on an in-memory store, with faults, races and an
//! attacker, checked from outside by an independent model. Ten simulated years a seed.
//!
//! `SESAME_SIM_SEED=7 cargo test -p domain --features service --test simulator` replays seed 7,
//! exactly; `SESAME_TEST_SCALE=100` lives a hundred times as many lives.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "clippy.toml allows these in test functions; here are their helpers"
)]

#[path = "../common/authenticator.rs"]
mod authenticator;
mod book;
#[path = "../common/mod.rs"]
mod common;
mod devices;
mod forged;
#[path = "../common/hasher.rs"]
mod hasher;
mod invited;
mod life;
mod purge;
mod refusals;
mod rehash;
#[path = "../common/requests.rs"]
mod requests;
mod sessions;
mod spread;
#[path = "../common/store.rs"]
mod store;
mod tries;
mod world;

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    common::scaled,
    life::{Chronicle, live},
    store::{Defect, lock},
};

/// Lives of ten years in an ordinary run.
const LIVES: u64 = 2;

#[test]
fn ten_years_of_random_lives_break_no_rule() {
    if let Some(seed) = std::env::var("SESAME_SIM_SEED").ok().and_then(|text| text.parse().ok()) {
        let chronicle = live(seed, 10, None).unwrap_or_else(|violation| panic!("seed {seed}, {violation}"));
        println!("seed {seed}: {} requests, {:?}", chronicle.requests, chronicle.tally);
        return;
    }
    let next = AtomicU64::new(0);
    let lives = scaled(LIVES);
    let total = Mutex::new(Chronicle::default());
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= lives {
                        break;
                    }
                    match live(seed, 10, None) {
                        Ok(chronicle) => add(&mut lock(&total), &chronicle),
                        Err(violation) => {
                            panic!("seed {seed} {violation}; replay it with SESAME_SIM_SEED={seed}")
                        }
                    }
                }
            });
        }
    });
    let total = lock(&total);
    println!(
        "{lives} lives, {} requests, {} faults, {} ways in: {:#?}",
        total.requests, total.faults, total.ways_in, total.tally
    );
    // A simulator in which nothing happens would find nothing.
    for happened in
        ["activated", "signed in", "expired", "early renewal", "enrolment resumed", "session used"]
    {
        let times = total.tally.get(happened).copied().unwrap_or(0);
        assert!(times >= 10 * lives, "{happened}: only {times} times");
    }
}

fn add(total: &mut Chronicle, life: &Chronicle) {
    total.requests += life.requests;
    total.faults += life.faults;
    total.ways_in += life.ways_in;
    for (what, count) in &life.tally {
        *total.tally.entry(what).or_default() += count;
    }
}

#[test]
fn a_seed_replays_exactly() {
    let trace = || live(1_000_003, 1, None).unwrap().trace;
    assert_eq!(trace(), trace());
}

/// Lives on a store with `defect` until a violation names one of `rules`.
#[track_caller]
fn assert_caught(defect: Defect, rules: &[&str]) {
    let violations: Vec<_> = (0..20).filter_map(|seed| live(seed, 2, Some(defect)).err()).take(3).collect();
    assert!(!violations.is_empty(), "{defect:?} went unnoticed");
    let named = |violation: &String| rules.iter().any(|rule| violation.contains(rule));
    assert!(violations.iter().all(named), "{defect:?} was noticed as something else: {violations:?}");
}

#[test]
fn the_simulator_notices_a_ticket_that_works_twice() {
    assert_caught(Defect::TicketTwice, &["a ticket worked twice", "the attacker's", "a void ticket worked"]);
}

#[test]
fn the_simulator_notices_a_time_step_that_works_twice() {
    assert_caught(Defect::StepReused, &["was accepted after"]);
}

#[test]
fn the_simulator_notices_a_renewal_that_breaks_before_it_makes() {
    assert_caught(Defect::BreakBeforeMake, &["has no way in"]);
}

#[test]
fn the_simulator_notices_sessions_that_outlive_a_renewal() {
    assert_caught(Defect::SessionsKept, &["a closed session served"]);
}

#[test]
fn the_simulator_notices_a_ticket_that_may_be_guessed_at_for_ever() {
    assert_caught(Defect::TriesForFree, &["survived more than five"]);
}

#[test]
fn the_simulator_notices_an_activation_whose_ticket_was_used_meanwhile() {
    assert_caught(Defect::TicketUnchecked, &["a ticket worked twice", "a void ticket worked"]);
}
