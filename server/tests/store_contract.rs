//! What every store promises, on SQLite and on PostgreSQL: each test runs on both, in a database of
//! its own, and is named after what holds.
//!
//! SQLite needs nothing. PostgreSQL is found by `SESAME_TEST_DATABASE_URL` (`scripts/with-postgres`
//! sets it); without it those tests say that they are skipped, and fail when `SESAME_TEST_REQUIRE`
//! contains `postgres`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy takes helpers of tests for production code"
)]

#[macro_use]
#[path = "store/database.rs"]
mod database;
#[path = "store/fixtures.rs"]
mod fixtures;

#[path = "store/activation.rs"]
mod activation;
#[path = "store/availability.rs"]
mod availability;
#[path = "store/census.rs"]
mod census;
#[path = "store/clock.rs"]
mod clock;
#[path = "store/desk.rs"]
mod desk;
#[path = "store/enrolment.rs"]
mod enrolment;
#[path = "store/keys.rs"]
mod keys;
#[path = "store/locks.rs"]
mod locks;
#[path = "store/purge.rs"]
mod purge;
#[path = "store/registration.rs"]
mod registration;
#[path = "store/rekey.rs"]
mod rekey;
#[path = "store/renewal.rs"]
mod renewal;
#[path = "store/schema.rs"]
mod schema;
#[path = "store/sessions.rs"]
mod sessions;
#[path = "store/survey.rs"]
mod survey;
#[path = "store/throttle.rs"]
mod throttle;
#[path = "store/trail.rs"]
mod trail;
#[path = "store/uniform.rs"]
mod uniform;
