//! The pure rules behind feature `service`, one module each.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "clippy.toml allows these in test functions; here are their helpers"
)]

#[path = "../common/mod.rs"]
mod common;
mod constant_time;
mod device;
mod lifecycle;
mod network;
mod password;
mod rotation;
#[path = "../common/samples.rs"]
mod samples;
mod secrets;
mod throttle;
mod token;
mod totp;
mod trail;
