//! The Sésame server: configuration, store, cryptography, HTTP and command line around the use
//! cases of `domain` and the pages of `app`.

pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod doctor;
pub mod dossier;
pub mod housekeeping;
pub mod http;
pub mod metrics;
pub mod rekey;
pub mod serve;
pub mod site;
pub mod store;
pub mod telemetry;

pub use http::{Dependencies, build};
