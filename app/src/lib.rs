//! Pages, components and translations of Sésame, and its server functions.
//!
//! Feature `ssr` renders on the server, feature `hydrate` runs in the browser; they exclude one
//! another. A page is complete to read before the browser's half arrives, and holds no secret and
//! no date until then.

#![recursion_limit = "256"]

pub mod api;
mod browser;
#[allow(unreachable_pub, reason = "#[component] writes pub items")]
mod components;
#[cfg(feature = "ssr")]
mod cookie;
mod enrolment;
#[cfg(feature = "ssr")]
#[doc(hidden)]
pub mod fuzzing;
mod i18n;
#[allow(unreachable_pub, reason = "#[component] writes pub items")]
mod lang;
#[allow(unreachable_pub, reason = "#[component] writes pub items")]
mod pages;
mod problem;
#[allow(unreachable_pub, reason = "#[component] writes pub items")]
mod root;
#[cfg(feature = "ssr")]
mod shell;
mod start;
mod visit;

#[cfg(feature = "ssr")]
pub use self::enrolment::invitation_address;
pub use self::root::App;
#[cfg(feature = "ssr")]
pub use self::shell::shell;
