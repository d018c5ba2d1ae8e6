//! The real program: what it prints, what it refuses, how it stops.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy takes helpers of tests for production code"
)]
#![allow(clippy::print_stdout, reason = "figures that documents quote: cargo test -- --nocapture")]

#[macro_use]
#[expect(dead_code, unused_macros, reason = "the store contract uses the rest")]
#[path = "../store/database.rs"]
mod database;

mod backup;
mod commands;
mod doctor;
mod forward_auth;
mod functions;
mod kills;
mod people;
mod process;
mod refusals;
mod rekey;
mod rolling;
mod serving;

/// Says that a test does not run because the machine lacks something: to whoever watches, and to the
/// summary of `make test`.
fn skip(missing: &str, name: &str) {
    use std::io::Write as _;
    let required = std::env::var("SESAME_TEST_REQUIRE").is_ok_and(|levels| levels.contains(missing));
    assert!(!required, "SESAME_TEST_REQUIRE asks for {missing}");
    let line = format!("SKIPPED (no {missing}): {name}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    if let Some(log) = std::env::var_os("SESAME_TEST_SKIP_LOG") {
        let mut log = std::fs::OpenOptions::new().append(true).create(true).open(log).unwrap();
        log.write_all(line.as_bytes()).unwrap();
    }
}
