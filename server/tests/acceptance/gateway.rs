//! The life of an account against the same four processes, the functions behind a double of OpenFaaS'
//! gateway.
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

/// Four processes, three of them behind a gateway.
const SHAPE: suite::Shape = suite::Shape::Gateway;
