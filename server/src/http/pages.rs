//! The pages: rendered by Leptos, each with a Content-Security-Policy of its own.

use app::{App, api::CookiePolicy, shell};
use axum::{
    Router,
    extract::FromRef,
    http::{HeaderName, HeaderValue, header},
};
use leptos::{
    config::{Env, LeptosOptions},
    nonce::use_nonce,
    prelude::{provide_context, use_context},
};
use leptos_axum::{LeptosRoutes as _, ResponseOptions, generate_route_list_with_exclusions};

use super::csp_report;

/// Where the browser finds the address that the policy names.
const REPORTING_ENDPOINTS: HeaderName = HeaderName::from_static("reporting-endpoints");

/// What pages are rendered with.
#[derive(Clone)]
pub(super) struct Site {
    /// Where the files are.
    pub(super) options: LeptosOptions,
    /// How cookies are named and protected.
    pub(super) cookies: CookiePolicy,
}

impl FromRef<Site> for LeptosOptions {
    fn from_ref(site: &Site) -> Self {
        site.options.clone()
    }
}

impl Site {
    /// What a page finds around it while it is rendered.
    pub(super) fn context(&self) -> impl Fn() + Clone + Send + Sync + 'static {
        let (cookies, tell_policy) = (self.cookies, content_security_policy(&self.options));
        move || {
            provide_context(cookies);
            tell_policy();
        }
    }
}

/// Adds every route of the app.
pub(super) fn add(router: Router<Site>, site: &Site) -> Router<Site> {
    // Leptos would mount the server functions here, too, without the gate that `api.rs` puts before them.
    let functions = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    let pages = generate_route_list_with_exclusions(App, Some(functions));
    let options = site.options.clone();
    router.leptos_routes_with_context(site, pages, site.context(), move || shell(options.clone()))
}

/// Scripts run only with the nonce of this very answer, and what they load; WASM may be compiled,
/// strings may not. Styles, pictures and requests are ours alone. What the policy keeps out is reported
/// to us, in either of the ways that browsers know. (ASVS 5.0 3.4.3, 3.4.7)
fn content_security_policy(options: &LeptosOptions) -> impl Fn() + Clone + Send + Sync + 'static {
    let reload = reload_socket(options);
    move || {
        let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
        let policy = format!(
            "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
             style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'{reload}; \
             manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
             object-src 'none'; report-uri {}; report-to {}",
            csp_report::PATH,
            csp_report::ENDPOINT,
        );
        if let Ok(value) = HeaderValue::from_str(&policy) {
            response.insert_header(header::CONTENT_SECURITY_POLICY, value);
            response.insert_header(REPORTING_ENDPOINTS, csp_report::reporting_endpoints());
        }
    }
}

/// Where `make dev` tells the page to reload; nothing anywhere else.
fn reload_socket(options: &LeptosOptions) -> String {
    match options.env {
        Env::PROD => String::new(),
        Env::DEV => format!(" ws://127.0.0.1:{0} ws://localhost:{0}", options.reload_port),
    }
}
