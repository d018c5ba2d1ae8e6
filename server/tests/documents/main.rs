//! The documents against the program: what is generated in them is what the code says today, what is
//! drawn by hand names nothing that does not exist, and every command, variable and link in them is
//! there.
//!
//! ```text
//! SESAME_WRITE_DOCS=1 cargo test -p server --test documents
//! ```
//!
//! writes the generated blocks anew. What stands in them is never edited by hand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy takes helpers of tests for production code"
)]

mod accessibility;
mod asvs;
mod block;
mod commands;
mod crates;
mod deployment;
mod figures;
mod life;
mod links;
mod markdown;
mod privacy;
mod protection;
mod requirements;
mod schema;
mod sequence;
mod settings;
mod variables;

use std::{fs, path::Path};

/// The hand-over guide.
const HANDOVER: &str = "docs/handover.md";
/// The configuration reference.
const REFERENCE: &str = "docs/operations/configuration.md";

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The text of a file of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
