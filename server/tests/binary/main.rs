//! The real program: what it prints, what it refuses, how it stops.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy takes helpers of tests for production code"
)]

mod commands;
mod functions;
mod process;
mod refusals;
mod serving;
