//! What a Sésame account is and what it may become.
//!
//! Without features this crate holds only what the browser may hold: names, codes, wire types
//! and errors. Feature `service` adds the ports and the use cases. Nothing here reads a clock,
//! an environment variable, a socket or a random source: time and randomness come in as ports,
//! so that ten years of rotation run in a test within milliseconds.

pub mod agent;
pub mod code;
pub mod error;
pub mod password;
pub mod secret;
pub mod username;
pub mod wire;

#[cfg(feature = "service")]
pub mod audit;
#[cfg(feature = "service")]
pub mod clocks;
#[cfg(feature = "service")]
pub mod device;
#[cfg(feature = "service")]
pub mod id;
#[cfg(feature = "service")]
pub mod lifecycle;
#[cfg(feature = "service")]
pub mod network;
#[cfg(feature = "service")]
pub mod rotation;
#[cfg(feature = "service")]
pub mod service;
#[cfg(feature = "service")]
pub mod throttle;
#[cfg(feature = "service")]
pub mod token;
#[cfg(feature = "service")]
pub mod totp;
#[cfg(feature = "service")]
pub mod trail;
