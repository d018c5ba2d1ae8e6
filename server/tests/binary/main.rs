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
#[path = "../acceptance/fake_clock.rs"]
mod fake_clock;

mod account;
mod acts;
mod backup;
mod canary;
mod cluster;
mod commands;
mod doctor;
mod faults;
mod forward_auth;
mod functions;
mod housekeeping;
mod kills;
mod kills_in_renewals;
mod memory;
mod people;
mod process;
mod refusals;
mod rekey;
mod rolling;
mod serving;
