//! The use cases: one public method, one use case.

pub mod policy;
pub mod ports;
