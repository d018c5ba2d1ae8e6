//! The whole service in process: the router on a real database, with a clock the tests turn.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy takes helpers of tests for production code"
)]
#![allow(clippy::print_stdout, reason = "figures that documents quote: cargo test -- --nocapture")]

#[macro_use]
#[expect(dead_code, reason = "the store contract uses the rest")]
#[path = "../store/database.rs"]
mod database;

/// Declares tests in process from functions that take a [`app::TestApp`].
macro_rules! life {
    ($($name:ident),* $(,)?) => {
        mod in_process {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::app::TestApp::new().await).await;
            })*
        }
    };
}

mod answer;
mod app;
mod asvs;
mod attack;
mod clock;
mod connections;
mod csp_reports;
mod differential;
mod faults;
mod functions;
mod generators;
mod headers;
mod input;
mod large_accounts;
mod life;
mod limits;
mod metrics;
mod observatory;
mod openapi;
mod own_data;
mod own_sessions;
mod pages;
mod person;
mod races;
mod rehash;
mod renewal;
#[path = "../../../domain/tests/common/samples.rs"]
mod samples;
mod sessions;
mod tampering;
mod throttling;
mod timing;
mod uniform;
mod upgrade;
mod verify;
