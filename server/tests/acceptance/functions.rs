//! The life of an account against a web process and three function processes on one `PostgreSQL`, behind
//! a router like the ingress of the chart.
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

/// Four processes behind an ingress.
const SHAPE: suite::Shape = suite::Shape::Functions;
