//! One router, given its dependencies.
//!
//! ```text
//! request ─ id, log, metrics ─ security headers ─ panic ─ in-flight limit ─ time limit ─ CSRF ─┐
//!    ┌────────────────────────────────────────────────────────────────────────────────────────┘
//!    ├─ /_/health, /_/ready
//!    ├─ /api/… ─ JSON gate ─ server functions
//!    ├─ /api/verify, /retour (forward authentication)
//!    ├─ /compte/donnees (what is kept about whoever is signed in)
//!    ├─ /csp-report (what browsers tell of pages)
//!    ├─ pages (rendered by Leptos)
//!    └─ files of the site
//! ```
//!
//! [`build_function`] mounts a part of the API in the same house, without pages.

mod acts;
mod api;
mod bodies;
mod client;
mod csp_report;
mod csrf;
mod errors;
mod files;
mod function;
#[doc(hidden)]
pub mod fuzzing;
mod headers;
mod health;
mod in_flight;
pub mod listener;
mod observe;
pub mod openapi;
mod own_data;
mod pages;
mod seats;
mod time_limit;
mod verify;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, middleware};
use domain::{
    error::ErrorCode,
    service::{
        Sesame,
        ports::{Clock, Entropy},
    },
};
use leptos::config::{Env, LeptosOptions, ReloadWSProtocol};

pub use self::{client::TrustedProxies, function::Function};
use crate::{
    config::{ForwardAuth, PublicUrl},
    crypto::{KeyRing, LogNames},
    metrics::Metrics,
    store::Store,
};

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
    /// The hour.
    pub clock: Arc<dyn Clock>,
    /// Random bytes, for request ids.
    pub entropy: Arc<dyn Entropy>,
    /// The address people type.
    pub public_url: PublicUrl,
    /// The proxies whose word about the client's address is taken.
    pub trusted_proxies: TrustedProxies,
    /// Whom forward authentication serves, where it is switched on.
    pub forward_auth: Option<ForwardAuth>,
    /// Where requests and outcomes are counted.
    pub metrics: Arc<Metrics>,
    /// What names are called in the log.
    pub log_names: LogNames,
    /// How many requests may be under way; 0: any number.
    pub max_inflight: usize,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// Set once a stop was asked for.
    pub draining: Draining,
}

impl Dependencies {
    fn in_flight_limit(&self) -> in_flight::Limit {
        in_flight::Limit { metrics: self.metrics.clone(), most: self.max_inflight }
    }
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

/// Builds the whole service, with scripts, styles and pictures from `site_dir`.
pub fn build(dependencies: &Dependencies, site_dir: &Path) -> Router {
    let site =
        pages::Site { options: leptos_options(site_dir), cookies: dependencies.public_url.cookie_policy() };
    let router = pages::add(Router::new(), &site)
        .merge(health::routes(dependencies.clone()))
        .merge(api::routes(dependencies))
        .merge(verify::return_route(dependencies))
        .merge(own_data::routes(dependencies))
        .merge(csp_report::routes(dependencies))
        .fallback(files::file_or_not_found)
        .method_not_allowed_fallback(async || errors::respond_code(ErrorCode::MethodNotAllowed))
        .with_state(site);
    around(router, dependencies, None)
}

/// Builds one function of the service.
pub fn build_function(dependencies: &Dependencies, function: Function) -> Router {
    let router = api::function_routes(dependencies, function).merge(health::routes(dependencies.clone()));
    around(router, dependencies, function.paths().first().copied())
}

/// What every request goes through. `root` is the API's route at `/`, if it is there.
fn around(router: Router, dependencies: &Dependencies, root: Option<&'static str>) -> Router {
    let headers = headers::Policy::new(&dependencies.public_url);
    let observing = observe::Observing {
        entropy: dependencies.entropy.clone(),
        metrics: dependencies.metrics.clone(),
        root,
    };
    router
        .layer(middleware::from_fn_with_state(dependencies.public_url.clone(), csrf::guard))
        .layer(middleware::from_fn_with_state(dependencies.request_timeout, time_limit::limit))
        .layer(middleware::from_fn_with_state(dependencies.in_flight_limit(), in_flight::count))
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(errors::panicked))
        .layer(middleware::from_fn_with_state(headers, headers::add))
        .layer(middleware::from_fn_with_state(observing, observe::observe))
}

/// The run-time half of the Leptos options, made here from our own configuration.
fn leptos_options(site_dir: &Path) -> LeptosOptions {
    LeptosOptions::builder()
        .output_name(OUTPUT_NAME)
        .site_root(site_dir.to_string_lossy().into_owned())
        .site_pkg_dir("pkg")
        .env(if is_watched() { Env::DEV } else { Env::PROD })
        .reload_ws_protocol(ReloadWSProtocol::WS)
        .build()
}

/// Whether `make dev` runs this program and reloads its pages; never true of a release.
fn is_watched() -> bool {
    cfg!(debug_assertions) && std::env::var_os("LEPTOS_WATCH").is_some()
}
