//! The half of the crate that the browser holds, without feature `service`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "clippy.toml allows these in test functions; here are their helpers"
)]

mod agent;
mod code;
mod errors;
mod username;
mod wire;
