//! What browsers report of a page's policy is taken in, and cannot be used against the log.

use axum::{
    body::Body,
    http::{Request, header},
};

use crate::app::{Answer, TestApp};

const OLD: &str = "application/csp-report";
const NEW: &str = "application/reports+json";

async fn send(app: &TestApp, content_type: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post("/csp-report")
        .header(header::CONTENT_TYPE, content_type)
        .header("sec-fetch-site", "same-origin")
        .body(body.into())
        .unwrap();
    app.send(request).await
}

fn old(directive: &str) -> String {
    format!(
        r#"{{"csp-report":{{"effective-directive":"{directive}","blocked-uri":"https://thief.example/x"}}}}"#
    )
}

#[tokio::test]
async fn pages_name_the_address_in_both_ways_that_browsers_know_and_it_takes_both_formats() {
    let app = TestApp::new().await;
    let page = app.get("/").await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.ends_with("; report-uri /csp-report; report-to csp"), "{policy}");
    assert_eq!(page.headers["reporting-endpoints"], "csp=\"/csp-report\"");

    assert_eq!(send(&app, OLD, old("img-src")).await.status, 204);
    let new = r#"[{"type":"csp-violation","body":{"effectiveDirective":"img-src","blockedURL":"inline"}},
                  {"type":"csp-violation","body":{"effectiveDirective":"alice","blockedURL":"inline"}},
                  {"type":"deprecation","body":{"id":"x"}}]"#;
    let answer = send(&app, "application/reports+json; charset=utf-8", new).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    let text = app.metrics().await;
    for series in [
        r#"sesame_csp_reports_total{directive="img-src"} 2"#,
        r#"sesame_csp_reports_total{directive="other"} 1"#,
        "sesame_csp_reports_dropped_total 0",
        r#"http_requests_total{code="204",method="POST",route="csp-report"} 2"#,
    ] {
        assert!(text.lines().any(|line| line == series), "no {series} in\n{text}");
    }
    assert!(!text.contains("alice") && !text.contains("thief"), "nothing of a report is a label");
}

#[tokio::test]
async fn what_is_no_report_is_refused_in_the_one_shape() {
    let app = TestApp::new().await;
    assert_eq!(send(&app, "application/json", old("img-src")).await.code(), "unsupported_media_type");
    assert_eq!(send(&app, "text/plain", "x").await.code(), "unsupported_media_type");
    for (format, body) in [(OLD, "{}"), (OLD, "[]"), (OLD, "{"), (NEW, "{}"), (NEW, "[1]"), (NEW, "")] {
        assert_eq!(send(&app, format, body).await.code(), "invalid_input", "{format} {body}");
    }
    assert_eq!(send(&app, OLD, "x".repeat(20_000)).await.code(), "payload_too_large");
    assert_eq!(app.get("/csp-report").await.code(), "method_not_allowed");
    assert_eq!(app.get("/csp-report").await.headers[header::ALLOW], "POST");
}

#[tokio::test]
async fn another_site_cannot_have_visitors_fill_the_log() {
    let app = TestApp::new().await;
    let request = Request::post("/csp-report")
        .header(header::CONTENT_TYPE, OLD)
        .header("sec-fetch-site", "cross-site")
        .body(Body::from(old("img-src")))
        .unwrap();
    assert_eq!(app.send(request).await.code(), "cross_origin");
}

#[tokio::test]
async fn a_flood_of_reports_is_refused_and_counted() {
    let app = TestApp::new().await;
    let mut refused = 0;
    for _ in 0..200 {
        let answer = send(&app, OLD, old("img-src")).await;
        if answer.status == 429 {
            assert_eq!(answer.code(), "throttled");
            refused += 1;
        } else {
            assert_eq!(answer.status, 204);
        }
    }
    // Thirty at once, and one more each second that this takes.
    assert!(refused > 100, "{refused}");
    let text = app.metrics().await;
    let dropped = format!("sesame_csp_reports_dropped_total {refused}");
    assert!(text.lines().any(|line| line == dropped), "no {dropped}");
}

#[tokio::test]
async fn one_body_is_ten_reports_at_most() {
    let app = TestApp::new().await;
    let one = r#"{"type":"csp-violation","body":{"effectiveDirective":"font-src","blockedURL":"inline"}}"#;
    assert_eq!(send(&app, NEW, format!("[{}]", [one; 100].join(","))).await.status, 204);
    let text = app.metrics().await;
    assert!(text.contains("sesame_csp_reports_total{directive=\"font-src\"} 10\n"), "{text}");
}
