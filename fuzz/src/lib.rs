//! Fuzz targets: every parser of foreign bytes, with what must hold of any input at all.
//!
//! A target is a plain function that takes bytes and panics when a rule is broken; it knows nothing
//! of what calls it. `make fuzz` has libFuzzer look for inputs (`src/main.rs`), and an ordinary test
//! replays what was kept in `corpus/`, with mutations of it (`tests/replay.rs`).
//!
//! Not here, because others parse them: TLS and what `PostgreSQL` says (rustls, sqlx), database files
//! and backups (`SQLite`), the request line and headers on the wire (hyper).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a target tells what it found by a panic"
)]

mod input;
mod targets;
pub mod world;

pub use self::targets::TARGETS;

/// A target: its name, which is also its folder in `corpus/`, and its function.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Runs it on one input; panics when a rule is broken.
    pub run: fn(&[u8]),
}

/// The target of a name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
