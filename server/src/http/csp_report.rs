//! `POST /csp-report`: where browsers tell what a page's Content-Security-Policy kept it from.
//!
//! Anybody can write such a report, so it is read as foreign text: the body is bounded, few are taken
//! in a minute, and what is kept of one is a directive from a closed list and the origin that was
//! kept out. Addresses, samples of scripts and referrers are left behind: they may hold what somebody
//! typed, and a log is no place for it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header},
    response::IntoResponse as _,
    routing::post,
};
use domain::{
    error::{ApiError, ErrorCode},
    service::ports::Clock as _,
    throttle::{Bucket, LaneState, Verdict},
};
use serde::Deserialize;

use super::{Dependencies, api, errors};
use crate::{
    clock::SystemClock,
    metrics::{CspReports, Metrics},
};

/// The address, for the policy and the `Reporting-Endpoints` header.
pub(super) const PATH: &str = "/csp-report";
/// What the policy calls the address.
pub(super) const ENDPOINT: &str = "csp";

/// Bodies that are read. A page makes a few reports at once; one that goes on is either broken, and
/// the first ones told so, or somebody who wants to fill the log.
const RATE: Bucket = Bucket { burst: 30, per_minute: 60 };
/// Reports that are looked at in one body; a browser sends several at once.
const REPORTS: usize = 10;
/// Characters of an origin that are logged.
const LOGGED_ORIGIN: usize = 128;

/// The directives that a report may be about (CSP level 3).
pub(crate) const DIRECTIVES: [&str; 19] = [
    "base-uri",
    "child-src",
    "connect-src",
    "default-src",
    "font-src",
    "form-action",
    "frame-ancestors",
    "frame-src",
    "img-src",
    "manifest-src",
    "media-src",
    "object-src",
    "script-src",
    "script-src-attr",
    "script-src-elem",
    "style-src",
    "style-src-attr",
    "style-src-elem",
    "worker-src",
];
/// In the place of everything else.
const OTHER: &str = "other";

/// What is not an address stands in a report as one of these words.
const BLOCKED_WORDS: [&str; 8] =
    ["inline", "eval", "wasm-eval", "self", "data", "blob", "trusted-types-policy", "trusted-types-sink"];

#[derive(Clone)]
struct Reports {
    metrics: Arc<Metrics>,
    own_origin: Arc<str>,
    /// Kept by each process: it protects the log of this one.
    lane: Arc<Mutex<Option<LaneState>>>,
}

pub(super) fn routes<S: Clone + Send + Sync + 'static>(dependencies: &Dependencies) -> Router<S> {
    let reports = Reports {
        metrics: dependencies.metrics.clone(),
        own_origin: dependencies.public_url.origin().into(),
        lane: Arc::default(),
    };
    Router::new().route(PATH, post(report).fallback(api::not_post)).with_state(reports)
}

async fn report(State(reports): State<Reports>, request: Request) -> Response<Body> {
    match take_in(&reports, request).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => errors::respond(&error),
    }
}

async fn take_in(reports: &Reports, request: Request) -> Result<(), ApiError> {
    let counted: &CspReports = &reports.metrics.csp_reports;
    if let Err(error) = admit(&reports.lane) {
        counted.dropped();
        return Err(error);
    }
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers).ok_or_else(|| ApiError::new(ErrorCode::UnsupportedMediaType))?;
    let body = api::read_bounded(&parts.headers, body).await.map_err(ApiError::new)?;
    let violations = format.read(&body).ok_or_else(|| ApiError::new(ErrorCode::InvalidInput))?;
    for violation in violations.iter().take(REPORTS) {
        let directive = directive(&violation.directive);
        let blocked = blocked(&violation.blocked, &reports.own_origin);
        counted.count(directive);
        tracing::warn!(directive, blocked, "a page was kept from something by its policy");
    }
    Ok(())
}

/// Takes one token of the bucket.
fn admit(lane: &Mutex<Option<LaneState>>) -> Result<(), ApiError> {
    let mut lane = lane.lock().unwrap_or_else(PoisonError::into_inner);
    match RATE.take(*lane, SystemClock.now()) {
        Verdict::Admit(state) => {
            *lane = Some(state);
            Ok(())
        }
        Verdict::Refuse { retry_after } => Err(ApiError::retry(ErrorCode::Throttled, retry_after)),
    }
}

/// What is read of a report.
struct Violation {
    directive: String,
    blocked: String,
}

/// The two ways in which browsers report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// `report-uri`: one object (CSP level 2; Firefox and Safari).
    CspReport,
    /// `report-to`: a list (Reporting API; Chromium).
    Reports,
}

/// `application/csp-report`.
#[derive(Deserialize)]
struct CspReport {
    #[serde(rename = "csp-report")]
    report: OldViolation,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct OldViolation {
    #[serde(default)]
    effective_directive: String,
    /// The directive with its value, in older browsers.
    #[serde(default)]
    violated_directive: String,
    #[serde(default)]
    blocked_uri: String,
}

/// One of `application/reports+json`.
#[derive(Deserialize)]
struct Report {
    #[serde(rename = "type")]
    kind: String,
    /// Reports of other kinds have other bodies.
    #[serde(default)]
    body: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewViolation {
    #[serde(default)]
    effective_directive: String,
    #[serde(default, rename = "blockedURL")]
    blocked_url: String,
}

impl Format {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        match text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/csp-report" => Some(Self::CspReport),
            "application/reports+json" => Some(Self::Reports),
            _ => None,
        }
    }

    /// The violations in a body; `None` when it is none of this format.
    fn read(self, body: &[u8]) -> Option<Vec<Violation>> {
        match self {
            Self::CspReport => {
                let OldViolation { effective_directive, violated_directive, blocked_uri } =
                    serde_json::from_slice::<CspReport>(body).ok()?.report;
                let named = [effective_directive, violated_directive].into_iter().find(|d| !d.is_empty());
                Some(vec![Violation { directive: named.unwrap_or_default(), blocked: blocked_uri }])
            }
            Self::Reports => {
                let reports: Vec<Report> = serde_json::from_slice(body).ok()?;
                let violations = reports.into_iter().filter(|report| report.kind == "csp-violation");
                violations
                    .map(|report| {
                        let violation: NewViolation = serde_json::from_value(report.body).ok()?;
                        let (directive, blocked) = (violation.effective_directive, violation.blocked_url);
                        Some(Violation { directive, blocked })
                    })
                    .collect()
            }
        }
    }
}

/// A directive, by its name from the closed list.
fn directive(reported: &str) -> &'static str {
    let name = reported.split_ascii_whitespace().next().unwrap_or_default();
    DIRECTIVES.into_iter().find(|known| *known == name).unwrap_or(OTHER)
}

/// What was kept out: a word, or the origin of an address without anything behind it.
fn blocked(reported: &str, own_origin: &str) -> String {
    if let Some(word) = BLOCKED_WORDS.into_iter().find(|word| *word == reported) {
        return word.to_owned();
    }
    match origin(reported) {
        Some(origin) if origin == own_origin => "self".to_owned(),
        Some(origin) => origin,
        None => OTHER.to_owned(),
    }
}

/// `scheme://host[:port]` in characters that can forge nothing; extensions and the like have no origin
/// that would tell anything.
fn origin(address: &str) -> Option<String> {
    let address = address.split(['?', '#']).next()?;
    let uri: Uri = address.parse().ok()?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https" | "ws" | "wss"))?;
    let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    let host = uri.host()?.to_ascii_lowercase();
    let tame =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    let origin = format!("{scheme}://{host}{port}");
    (host.bytes().all(tame) && origin.len() <= LOGGED_ORIGIN).then_some(origin)
}

/// How pages name the address (Reporting API).
pub(super) fn reporting_endpoints() -> HeaderValue {
    HeaderValue::from_static("csp=\"/csp-report\"")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_cut_to_its_origin() {
        for (reported, kept) in [
            ("https://thief.example/a/b?token=s3cret#s3cret", "https://thief.example"),
            ("https://THIEF.example:8443/x", "https://thief.example:8443"),
            ("https://camille:s3cret@thief.example/", "https://thief.example"),
            ("wss://thief.example/socket", "wss://thief.example"),
            ("http://[2001:db8::1]:81/", "http://[2001:db8::1]:81"),
            ("https://sesame.example/pkg/x.js", "self"),
            ("inline", "inline"),
            ("data", "data"),
            ("", "other"),
            ("chrome-extension://abcdefgh/x.js", "other"),
            ("about", "other"),
            ("s3cret\nforged line", "other"),
            ("https://thief.example\n\"level\":\"ERROR\"", "other"),
        ] {
            assert_eq!(blocked(reported, "https://sesame.example"), kept, "{reported:?}");
        }
        assert_eq!(blocked(&format!("https://{}.example", "a".repeat(200)), "x"), "other");
    }

    #[test]
    fn a_directive_comes_from_the_list() {
        assert_eq!(directive("script-src-elem"), "script-src-elem");
        assert_eq!(directive("style-src 'self' https://thief.example"), "style-src");
        for foreign in ["", " ", "SCRIPT-SRC", "script-src\u{0}", "alice", "report-uri"] {
            assert_eq!(directive(foreign), OTHER, "{foreign:?}");
        }
    }

    #[test]
    fn both_formats_are_read_as_browsers_send_them() {
        let old = br#"{"csp-report":{"document-uri":"https://sesame.example/enrolment","referrer":"",
            "violated-directive":"img-src 'self'","effective-directive":"img-src","original-policy":"x",
            "disposition":"enforce","blocked-uri":"https://thief.example/x","status-code":200}}"#;
        let new = br#"[{"age":1,"body":{"blockedURL":"inline","disposition":"enforce","documentURL":"https://x/",
            "effectiveDirective":"script-src-attr","originalPolicy":"x","referrer":"","sample":"","statusCode":200},
            "type":"csp-violation","url":"https://x/","user_agent":"x"},
            {"age":1,"body":{"id":"NavigatorPlugins"},"type":"deprecation","url":"https://x/"}]"#;
        let told = |format: Format, body: &[u8]| {
            let read = format.read(body).unwrap();
            read.into_iter().map(|v| (v.directive, v.blocked)).collect::<Vec<_>>()
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(told(Format::CspReport, old), [pair("img-src", "https://thief.example/x")]);
        assert_eq!(told(Format::Reports, new), [pair("script-src-attr", "inline")]);
        assert!(Format::CspReport.read(new).is_none() && Format::Reports.read(old).is_none());
        assert!(Format::Reports.read(br#"[{"type":"csp-violation"}]"#).is_none());
    }

    proptest! {
        #[test]
        fn whatever_is_reported_stays_short_and_tame(text in any::<String>(), path in "[ -~]{0,80}") {
            for reported in [text.clone(), format!("https://{text}"), format!("https://thief.example/{path}")] {
                let kept = blocked(&reported, "https://sesame.example");
                prop_assert!(kept.len() <= LOGGED_ORIGIN);
                prop_assert!(kept.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:/[]".contains(&b)), "{kept:?}");
                let known = DIRECTIVES.contains(&directive(&reported)) || directive(&reported) == OTHER;
                prop_assert!(known);
            }
        }

        #[test]
        fn no_body_is_too_strange(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (Format::CspReport.read(&body), Format::Reports.read(&body));
        }
    }
}
