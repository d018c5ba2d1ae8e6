//! The life of an account against one `sesame serve` with its own SQLite database.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy takes helpers of tests for production code"
)]

#[macro_use]
#[path = "suite.rs"]
mod suite;

use suite::{answer, app, database, fake_clock, ingress, person, process};

/// One process, one file.
const SHAPE: suite::Shape = suite::Shape::OneBinary;
