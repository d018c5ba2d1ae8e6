//! One router, given its dependencies.
//!
//! ```text
//! request ─ id and log ─ security headers ─ panic ─ time limit ─ CSRF ─┬─ /_/health, /_/ready
//!                                                                      ├─ /api/… ─ JSON gate ─ server functions
//!                                                                      ├─ pages (rendered by Leptos)
//!                                                                      └─ files of the site
//! ```

mod api;
mod csrf;
mod errors;
mod files;
mod headers;
mod health;
mod observe;
pub mod openapi;
mod pages;
mod time_limit;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, middleware};
use domain::{
    error::ErrorCode,
    service::{Sesame, ports::Entropy},
};
use leptos::config::{Env, LeptosOptions, ReloadWSProtocol};

use crate::{config::PublicUrl, crypto::KeyRing, store::Store};

/// The name of the scripts and styles, as `Cargo.toml` gives it to cargo-leptos.
pub const OUTPUT_NAME: &str = "sesame";

/// What the router is built from.
#[derive(Clone)]
pub struct Dependencies {
    /// The use cases.
    pub sesame: Arc<Sesame>,
    /// The store, for readiness.
    pub store: Arc<dyn Store>,
    /// The key ring, for readiness.
    pub ring: Arc<KeyRing>,
    /// Random bytes, for request ids.
    pub entropy: Arc<dyn Entropy>,
    /// The address people type.
    pub public_url: PublicUrl,
    /// Scripts, styles and pictures.
    pub site_dir: PathBuf,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// Set once a stop was asked for.
    pub draining: Draining,
}

/// Whether a stop was asked for; shared between the signal and the readiness route.
#[derive(Clone, Debug, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// From now on the service is not ready.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Builds the whole service.
pub fn build(dependencies: &Dependencies) -> Router {
    let options = leptos_options(dependencies);
    let headers = headers::Policy::new(&dependencies.public_url);
    let router = pages::add(Router::new(), &options)
        .merge(health::routes(dependencies.clone()))
        .merge(api::routes(dependencies))
        .fallback(files::file_or_not_found)
        .method_not_allowed_fallback(async || errors::respond_code(ErrorCode::MethodNotAllowed))
        .with_state(options);
    router
        .layer(middleware::from_fn_with_state(dependencies.public_url.clone(), csrf::guard))
        .layer(middleware::from_fn_with_state(dependencies.request_timeout, time_limit::limit))
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(errors::panicked))
        .layer(middleware::from_fn_with_state(headers, headers::add))
        .layer(middleware::from_fn_with_state(dependencies.entropy.clone(), observe::observe))
}

/// The run-time half of the Leptos options, made here from our own configuration.
fn leptos_options(dependencies: &Dependencies) -> LeptosOptions {
    LeptosOptions::builder()
        .output_name(OUTPUT_NAME)
        .site_root(dependencies.site_dir.to_string_lossy().into_owned())
        .site_pkg_dir("pkg")
        .env(if is_watched() { Env::DEV } else { Env::PROD })
        .reload_ws_protocol(ReloadWSProtocol::WS)
        .build()
}

/// Whether `make dev` runs this program and reloads its pages; never true of a release.
fn is_watched() -> bool {
    cfg!(debug_assertions) && std::env::var_os("LEPTOS_WATCH").is_some()
}
