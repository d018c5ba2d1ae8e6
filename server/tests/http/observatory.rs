//! The rules by which Mozilla's HTTP Observatory marks a site, held against what the running router
//! answers: for each of its tests the best result that it knows, by the name it has there
//! (<https://developer.mozilla.org/en-US/observatory/docs/tests_and_scoring>).
//!
//! The Observatory looks at the front page only. Here every kind of answer is looked at.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use serde_json::json;

use crate::{
    app::{Answer, TestApp, json_request},
    headers::https_app,
    person::Person,
};

const ORIGIN: &str = "https://sesame.example";

const PAGES: [&str; 8] = [
    "/",
    "/compte",
    "/compte/nouveau",
    "/enrolment",
    "/aide",
    "/accessibilite",
    "/confidentialite",
    "/nowhere",
];
const OTHERS: [&str; 6] =
    ["/pkg/sesame.js", "/api/openapi.json", "/api/nothing", "/_/health", "/_/ready", "/csp-report"];

/// An answer of every kind: pages, files, the API's successes and refusals, probes.
async fn answers(app: &TestApp) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    for path in PAGES.into_iter().chain(OTHERS) {
        answers.push((format!("GET {path}"), app.get(path).await));
    }
    let (_, ticket) = Person::to_prove(app, "alice").await;
    for (path, body) in [
        ("/api/register", json!({ "username": "bob" })),
        ("/api/register", json!({})),
        ("/api/authenticate", json!({ "username": "nobody", "password": "x" })),
        ("/api/activate", json!({ "ticket": ticket, "code": "000000" })),
        ("/api/session", json!({})),
        ("/api/sessions", json!({})),
        ("/api/sign-out", json!({})),
        ("/csp-report", json!({})),
    ] {
        answers.push((format!("POST {path}"), app.post(path, &body).await));
    }
    answers
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    assert!(headers.get_all(name).iter().count() <= 1, "{name} comes twice");
    headers.get(name).map(|value| value.to_str().unwrap())
}

/// A policy's directives and their sources.
fn directives(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let policy = text(headers, "content-security-policy").expect("a policy");
    let mut directives = BTreeMap::new();
    for directive in policy.split(';') {
        let mut words = directive.split_ascii_whitespace().map(str::to_owned);
        let name = words.next().expect("no empty directive");
        assert!(directives.insert(name.clone(), words.collect()).is_none(), "{name} comes twice");
    }
    directives
}

/// `csp-implemented-with-no-unsafe-default-src-none`
#[tokio::test]
async fn req_web_1_the_policy_allows_nothing_by_default_and_nothing_unsafe() {
    let app = https_app().await;
    for (what, answer) in answers(&app).await {
        let directives = directives(&answer.headers);
        assert_eq!(directives["default-src"], ["'none'"], "{what}");
        assert_eq!(directives["base-uri"], ["'none'"], "{what}");
        assert_eq!(directives["frame-ancestors"], ["'none'"], "{what}");
        let content_type = answer.headers.get(header::CONTENT_TYPE);
        let is_page = content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
        assert_eq!(directives["form-action"], [if is_page { "'self'" } else { "'none'" }], "{what}");
        if is_page {
            assert_eq!(directives["object-src"], ["'none'"], "{what}");
            assert!(directives.contains_key("report-uri") && directives.contains_key("report-to"), "{what}");
        } else {
            assert!(
                !directives.contains_key("script-src") && !directives.contains_key("object-src"),
                "{what}"
            );
        }
        for (name, sources) in directives {
            for source in sources {
                let fine = matches!(
                    (name.as_str(), source.as_str()),
                    (_, "'none'" | "'self'")
                        | ("script-src", "'strict-dynamic'" | "'wasm-unsafe-eval'")
                        | ("report-uri", "/csp-report")
                        | ("report-to", "csp")
                ) || (name == "script-src" && source.starts_with("'nonce-") && source.len() > 20);
                assert!(fine, "{what}: {name} {source}");
            }
        }
        assert!(!answer.headers.contains_key("content-security-policy-report-only"), "{what}");
        assert!(!answer.text().contains("http-equiv"), "{what}: a policy of the document's own");
    }
}

/// `cookies-secure-with-httponly-sessions-and-samesite`
#[tokio::test]
async fn req_web_1_every_cookie_is_secure_closed_to_scripts_and_to_other_sites() {
    let app = https_app().await;
    let (person, ticket) = Person::to_prove(&app, "camille").await;
    let body = json!({ "ticket": ticket, "code": person.code(&app) });
    let activated = app.post("/api/activate", &body).await;
    let signed_in = person.sign_in(&app).await;
    let out = app.post("/api/sign-out", &json!({})).await;
    let mut seen = 0;
    for answer in [&activated, &signed_in, &out] {
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            seen += 1;
            assert!(cookie.starts_with("__Host-"), "{cookie}");
            for attribute in ["; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/"] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
            assert!(!cookie.contains("Domain="), "{cookie}");
        }
    }
    assert_eq!(seen, 5, "a session and a note, twice, and one that is taken back");
    // The language is no secret, and the page's program writes it; all else holds for it as well.
    let chosen = app.get("/?lang=en").await;
    let kept = chosen.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(kept.starts_with("__Host-sesame-lang=en;"), "{kept}");
    for attribute in ["; Secure", "; SameSite=Lax", "; Path=/"] {
        assert!(kept.contains(attribute), "{kept}");
    }
    for (what, answer) in answers(&app).await {
        let expected = what == "POST /api/sign-out";
        assert_eq!(answer.headers.contains_key(header::SET_COOKIE), expected, "{what}");
    }
}

/// `cross-origin-resource-sharing-not-implemented`
#[tokio::test]
async fn req_web_1_no_other_origin_may_read_anything() {
    let app = https_app().await;
    for (what, answer) in answers(&app).await {
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{what}");
    }
    for origin in ["https://evil.example", "null", ORIGIN] {
        let mut request = json_request("/api/session", &json!({}));
        request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        assert!(!app.send(request).await.headers.contains_key("access-control-allow-origin"), "{origin}");
        let preflight = axum::http::Request::options("/api/session")
            .header(header::ORIGIN, origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
            .body(axum::body::Body::empty())
            .unwrap();
        let answer = app.send(preflight).await;
        assert_eq!(answer.code(), "method_not_allowed", "{origin}");
        assert!(!answer.headers.contains_key("access-control-allow-methods"), "{origin}");
    }
}

/// `redirection-*`: from http to https leads whoever ends TLS (docs/security/web.md); what this program
/// itself answers never leads to http, nor to another host.
#[tokio::test]
async fn req_web_1_no_answer_leads_to_plain_http() {
    let app = https_app().await;
    let slashes = ["//evil.example", "/compte/", "/aide?lang=en", "/?retour=http%3A%2F%2Fevil.example%2F"];
    for path in PAGES.into_iter().chain(OTHERS).chain(slashes) {
        let answer = app.get(path).await;
        if let Some(to) = text(&answer.headers, "location") {
            assert!(
                to.starts_with(&format!("{ORIGIN}/")) || (to.starts_with('/') && !to.starts_with("//")),
                "{to}"
            );
        }
    }
}

/// `referrer-policy-private`
#[tokio::test]
async fn req_web_1_no_address_is_told_to_other_sites() {
    let app = https_app().await;
    for (what, answer) in answers(&app).await {
        assert_eq!(text(&answer.headers, "referrer-policy"), Some("no-referrer"), "{what}");
        let said: Vec<_> =
            answer.text().split("name=\"referrer\" content=\"").skip(1).map(str::to_owned).collect();
        assert!(
            said.iter().all(|said| said.starts_with("no-referrer\"")),
            "{what}: the document says so, too"
        );
    }
}

/// `hsts-implemented-max-age-at-least-six-months`, and what a place on the preload list asks for:
/// a year, with subdomains.
#[tokio::test]
async fn req_web_1_browsers_are_to_come_by_https_for_two_years() {
    let app = https_app().await;
    for (what, answer) in answers(&app).await {
        let value = text(&answer.headers, "strict-transport-security").unwrap_or_else(|| panic!("{what}"));
        let mut parts = value.split(';').map(str::trim);
        let seconds: u64 = parts.next().and_then(|p| p.strip_prefix("max-age=")).unwrap().parse().unwrap();
        assert!(seconds >= 2 * 365 * 24 * 3600, "{what}: {seconds}");
        assert_eq!(parts.collect::<Vec<_>>(), ["includeSubDomains"], "{what}");
    }
}

/// `sri-not-implemented-but-all-scripts-loaded-from-secure-origin`: scripts are our own, of this origin.
#[tokio::test]
async fn req_web_1_pages_load_nothing_from_anywhere_else() {
    let app = https_app().await;
    for path in PAGES {
        let page = app.get(path).await.text();
        let mut loads = 0;
        for tag in page.split('<').filter(|tag| {
            ["script", "link", "img", "iframe", "object", "embed", "form", "base"]
                .iter()
                .any(|n| tag.strip_prefix(n).is_some_and(|rest| rest.starts_with([' ', '>', '/'])))
        }) {
            for attribute in ["src=\"", "href=\"", "action=\"", "data=\""] {
                for value in tag.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()) {
                    loads += 1;
                    assert!(value.starts_with('/') && !value.starts_with("//"), "{path}: {value}");
                }
            }
        }
        assert!(loads >= 2, "{path}: the page loads a script and a style");
    }
}

/// `x-content-type-options-nosniff`, `x-frame-options-implemented-via-csp`,
/// `cross-origin-resource-policy-implemented-with-same-origin`, and beyond what is marked: COOP, COEP,
/// `Permissions-Policy`.
#[tokio::test]
async fn req_web_1_every_answer_is_closed_to_sniffing_framing_and_other_origins() {
    let app = https_app().await;
    for (what, answer) in answers(&app).await {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("x-permitted-cross-domain-policies", "none"),
        ] {
            assert_eq!(text(&answer.headers, name), Some(value), "{what}: {name}");
        }
        let permissions = text(&answer.headers, "permissions-policy").unwrap_or_else(|| panic!("{what}"));
        for feature in permissions.split(", ") {
            let closed = feature.ends_with("=()") || feature == "clipboard-write=(self)";
            assert!(closed, "{what}: {feature}");
        }
        for name in ["camera", "geolocation", "microphone", "payment", "usb"] {
            assert!(permissions.contains(&format!("{name}=()")), "{what}: {name}");
        }
        for name in ["server", "x-powered-by", "via", "x-xss-protection", "expect-ct", "public-key-pins"] {
            assert!(!answer.headers.contains_key(name), "{what}: {name}");
        }
    }
}

/// The same house for the parts of the API that run as functions.
#[tokio::test]
async fn req_web_1_functions_answer_with_the_same_headers() {
    let app = https_app().await;
    for function in server::http::Function::ALL {
        let router = app.function(function);
        for path in function.paths().iter().chain(&["/nothing", "/_/health"]) {
            let answer = crate::app::send(&router, json_request(path, &json!({}))).await;
            for name in [
                "content-security-policy",
                "strict-transport-security",
                "x-content-type-options",
                "cross-origin-resource-policy",
                "referrer-policy",
                "permissions-policy",
            ] {
                assert!(text(&answer.headers, name).is_some(), "{} {path}: {name}", function.name());
            }
        }
    }
}
