//! A request id, one log line and the metrics of every request.
//!
//! The line holds method, path, status and time, never a query, a header or a body. No path of
//! ours carries a name or a token.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use data_encoding::HEXLOWER;
use domain::service::ports::Entropy;
use tracing::Instrument as _;

use crate::metrics::{Metrics, Route};

/// The header that names the request, in every answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The gateway's name for the call (OpenFaaS).
const CALL_ID: HeaderName = HeaderName::from_static("x-call-id");
/// The trace that the request belongs to (W3C Trace Context).
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
/// The longest path that is logged; the rest of a longer one is nobody's route.
const LOGGED_PATH: usize = 128;

/// The id of a request, for whoever has to quote it.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);

/// What observing takes.
#[derive(Clone)]
pub(super) struct Observing {
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) metrics: Arc<Metrics>,
    /// The route at `/` where that is one of the API's.
    pub(super) root: Option<&'static str>,
}

/// Gives the request an id of ours (one from outside could forge log lines) and logs its end.
pub(super) async fn observe(
    State(observing): State<Observing>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut bytes = [0u8; 16];
    observing.entropy.fill(&mut bytes);
    let id = HEXLOWER.encode(&bytes);
    let method = request.method().clone();
    let path: String = request.uri().path().chars().take(LOGGED_PATH).collect();
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        %method,
        path,
        trace_id = trace_id(request.headers()),
        call_id = call_id(request.headers()),
    );
    let route = Route::of_path(observing.root.filter(|_| path == "/").unwrap_or(&path));
    request.extensions_mut().insert(RequestId(id.clone()));
    let started = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = started.elapsed();
    let route = route.unwrap_or_else(|| Route::of_answer(response.status(), response.headers()));
    observing.metrics.requests.answered(&method, route, response.status(), took);
    let status = response.status().as_u16();
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| {
        if status >= 500 {
            tracing::warn!(status, ms, "answered");
        } else {
            tracing::info!(status, ms, "answered");
        }
    });
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The trace's id, if the header is well formed: anything else could forge log lines.
pub(super) fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let parts: Vec<&str> = headers.get(TRACE_PARENT)?.to_str().ok()?.split('-').collect();
    let [version, trace, parent, flags] = *parts.as_slice() else { return None };
    let fits = [(version, 2), (trace, 32), (parent, 16), (flags, 2)].iter().all(|(part, n)| is_hex(part, *n));
    (fits && version == "00" && trace.bytes().any(|byte| byte != b'0')).then_some(trace)
}

/// The call's id, if it is a UUID.
pub(super) fn call_id(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(CALL_ID)?.to_str().ok()?;
    let mut parts = text.split('-');
    let fits = [8, 4, 4, 4, 12].into_iter().all(|n| parts.next().is_some_and(|part| is_hex(part, n)));
    (fits && parts.next().is_none()).then_some(text)
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn only_well_formed_ids_from_outside_reach_the_log() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let good = headers(TRACE_PARENT, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assert_eq!(trace_id(&good), Some(trace));
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-alice-00f067aa0ba902b7-01",
        ] {
            assert_eq!(trace_id(&headers(TRACE_PARENT, bad)), None, "{bad}");
        }
        let uuid = "5a3bd2a0-7f0a-4f0e-8f5e-3b1f1f6b2c11";
        assert_eq!(call_id(&headers(CALL_ID, uuid)), Some(uuid));
        for bad in ["", "alice", "5a3bd2a0-7f0a-4f0e-8f5e-3b1f1f6b2c11-x", "5a3bd2a07f0a4f0e8f5e3b1f1f6b2c11"]
        {
            assert_eq!(call_id(&headers(CALL_ID, bad)), None, "{bad}");
        }
    }
}
