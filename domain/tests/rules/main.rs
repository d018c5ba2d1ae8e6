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
mod device;
mod lifecycle;
mod network;
mod password;
mod rotation;
mod secrets;
mod throttle;
mod token;
mod totp;
mod trail;
