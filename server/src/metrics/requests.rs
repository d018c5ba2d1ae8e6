//! Requests: how many, how long, how many at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::http::{HeaderMap, Method, StatusCode, header};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

/// Upper ends of the buckets, in seconds. 0.3, 1 and 2 are targets of the project's KPIs.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0];

/// The routes of the API by their address; every other request is counted by its kind.
const API: [&str; 13] = [
    "/api/register",
    "/api/generate-password",
    "/api/generate-2fa",
    "/api/activate",
    "/api/authenticate",
    "/api/renew",
    "/api/session",
    "/api/sign-out",
    "/api/sessions",
    "/api/revoke-session",
    "/api/revoke-other-sessions",
    "/api/verify",
    "/api/openapi.json",
];

/// Whether the process is there.
pub(crate) const HEALTH: &str = "/_/health";
/// Whether a sign-in would work.
pub(crate) const READY: &str = "/_/ready";
/// Where browsers report what a page was kept from.
const CSP_REPORT: &str = "/csp-report";
/// How many of [`API`], from the first, are called by POST.
const CALLS: usize = 11;
/// The answers that are failures of ours (docs/operations/kpi.md).
const FAILURES: [u16; 4] = [429, 500, 503, 504];

/// A request's route, from a closed list: an address from outside never becomes a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route(&'static str);

impl Route {
    /// The route of a request to `path`, as far as the path tells it.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        if is_probe(path) {
            return Some(Self("probe"));
        }
        if path == CSP_REPORT {
            return Some(Self("csp-report"));
        }
        API.into_iter().find(|known| *known == path).map(Self)
    }

    /// The route of a request that was no API call, by its answer.
    pub(crate) fn of_answer(status: StatusCode, headers: &HeaderMap) -> Self {
        let is_html =
            headers.get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/html"));
        Self(match (status, is_html) {
            (StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED, _) => "other",
            (_, true) => "page",
            (status, false) if status.is_success() || status == StatusCode::NOT_MODIFIED => "asset",
            _ => "other",
        })
    }
}

/// Whether a request to `path` asks how the process is: such are counted apart, and answered when no
/// other is.
pub(crate) fn is_probe(path: &str) -> bool {
    matches!(path, HEALTH | READY)
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    code: u16,
    method: &'static str,
    route: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

/// The metrics of requests.
pub(crate) struct Requests {
    count: Family<RequestLabels, Counter>,
    duration: Family<RouteLabels, Histogram>,
    pub(crate) in_flight: InFlight,
}

impl Requests {
    pub(super) fn register(registry: &mut Registry, in_flight: Arc<AtomicUsize>) -> Self {
        let count = Family::<RequestLabels, Counter>::default();
        let duration = Family::new_with_constructor(seconds as fn() -> Histogram);
        registry.register("http_requests", "Requests answered", count.clone());
        registry.register(
            "http_request_duration_seconds",
            "Time until the head of the answer",
            duration.clone(),
        );
        for route in API.into_iter().take(CALLS) {
            for code in FAILURES {
                // A series that is there from the start can be seen to rise from nothing.
                drop(count.get_or_create(&RequestLabels { code, method: "POST", route }));
            }
        }
        Self { count, duration, in_flight: InFlight(in_flight) }
    }

    /// Counts an answered request.
    pub(crate) fn answered(&self, method: &Method, route: Route, status: StatusCode, took: Duration) {
        let Route(route) = route;
        self.count.get_or_create(&RequestLabels { code: status.as_u16(), method: word(method), route }).inc();
        self.duration.get_or_create(&RouteLabels { route }).observe(took.as_secs_f64());
    }
}

/// A histogram of seconds, with the buckets of the targets.
pub(super) fn seconds() -> Histogram {
    Histogram::new(BUCKETS)
}

/// Requests under way, probes left out.
#[derive(Clone, Debug)]
pub(crate) struct InFlight(Arc<AtomicUsize>);

impl InFlight {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }

    /// Counts one more until what is returned is dropped; `None` if there are `limit` already (0: no limit).
    pub(crate) fn enter(&self, limit: usize) -> Option<UnderWay> {
        let more = |count: usize| (limit == 0 || count < limit).then_some(count + 1);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        Some(UnderWay(self.0.clone()))
    }
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A method from a closed list: anybody may send any word.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn no_address_from_outside_becomes_a_label() {
        assert_eq!(Route::of_path("/api/authenticate"), Some(Route("/api/authenticate")));
        assert_eq!(Route::of_path("/_/ready"), Some(Route("probe")));
        assert_eq!(Route::of_path("/csp-report"), Some(Route("csp-report")));
        for path in ["/api/authenticate/", "/api/x", "/compte", "/alice", "/_/", "/_/ready/", "//", ""] {
            assert_eq!(Route::of_path(path), None, "{path}");
        }
        let html = HeaderMap::from_iter([(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        )]);
        assert_eq!(Route::of_answer(StatusCode::OK, &html), Route("page"));
        assert_eq!(Route::of_answer(StatusCode::NOT_FOUND, &html), Route("other"));
        assert_eq!(Route::of_answer(StatusCode::OK, &HeaderMap::new()), Route("asset"));
        assert_eq!(Route::of_answer(StatusCode::BAD_REQUEST, &HeaderMap::new()), Route("other"));
        assert_eq!(word(&Method::from_bytes(b"BREW").unwrap()), "other");
    }

    #[test]
    fn no_more_than_the_limit_are_under_way_and_a_place_comes_back() {
        let in_flight = InFlight(Arc::default());
        let first = in_flight.enter(1).unwrap();
        assert!(in_flight.enter(1).is_none());
        assert!(in_flight.enter(0).is_some(), "0 is no limit");
        assert_eq!(in_flight.count(), 1);
        drop(first);
        assert!(in_flight.enter(1).is_some());
    }
}
