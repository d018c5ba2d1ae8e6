//! The pages as the server renders them, before any script runs.

use axum::{
    body::Body,
    http::{Request, header},
};

use crate::app::{Answer, TestApp};

const PAGES: [&str; 7] =
    ["/", "/compte/nouveau", "/enrolment", "/compte", "/aide", "/accessibilite", "/confidentialite"];

async fn page(app: &TestApp, path: &str, language: &str) -> Answer {
    let request = Request::get(path).header(header::ACCEPT_LANGUAGE, language).body(Body::empty()).unwrap();
    app.send(request).await
}

#[tokio::test]
async fn every_page_is_rendered_in_both_languages_and_is_never_stored() {
    let app = TestApp::new().await;
    for path in PAGES {
        for (language, tag) in [
            ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
            ("en-GB", "en"),
            ("de", "fr"),
            ("\"\u{7f}".trim_end_matches('\u{7f}'), "fr"),
        ] {
            let answer = page(&app, path, language).await;
            assert_eq!(answer.status, 200, "{path}");
            assert!(answer.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
            assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
            let html = answer.text();
            assert!(html.contains(&format!("<html lang=\"{tag}\"")), "{path} {language}: {}", &html[..200]);
            assert_eq!(html.matches("<h1").count(), 1, "{path}");
            assert!(html.contains("<noscript"), "{path}");
        }
    }
}

#[tokio::test]
async fn req_web_1_every_script_carries_the_nonce_of_its_own_answer_and_nothing_is_inline() {
    let app = TestApp::new().await;
    let mut nonces = std::collections::HashSet::new();
    for path in PAGES.into_iter().chain(["/nothing-here"]) {
        let answer = page(&app, path, "fr").await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap().to_owned();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        for wanted in [
            "default-src 'none'",
            "'wasm-unsafe-eval'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "object-src 'none'",
        ] {
            assert!(policy.contains(wanted), "{policy}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        let html = answer.text();
        for script in html.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap();
            assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{path}: <script{tag}>");
        }
        assert!(
            !html.contains(" style=") && !html.contains("<style") && !html.contains(" onclick="),
            "{path}"
        );
        assert!(nonce.len() >= 16 && nonces.insert(nonce), "a fresh nonce for every answer");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_a_page_that_says_so() {
    let app = TestApp::new().await;
    for path in [
        "/nothing-here",
        "/compte/nouveau/x",
        "/pkg/nothing.js",
        "/../Cargo.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/pkg/",
    ] {
        let answer = page(&app, path, "fr").await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text().contains("<h1"), "{path}");
    }
}

#[tokio::test]
async fn files_are_served_with_revalidation() {
    let app = TestApp::new().await;
    let file = app.get("/pkg/sesame.js").await;
    assert_eq!((file.status.as_u16(), file.text().as_str()), (200, "export default 1;"));
    assert_eq!(file.headers[header::CACHE_CONTROL], "no-cache");
    let request = Request::get("/pkg/sesame.js")
        .header(header::IF_MODIFIED_SINCE, &file.headers[header::LAST_MODIFIED])
        .body(Body::empty());
    assert_eq!(app.send(request.unwrap()).await.status, 304);
}

#[tokio::test]
async fn a_form_can_never_put_a_secret_into_an_address() {
    let app = TestApp::new().await;
    for path in ["/", "/compte/nouveau"] {
        let html = page(&app, path, "fr").await.text();
        for form in html.split("<form").skip(1) {
            assert!(form.split('>').next().unwrap().contains("method=\"post\""), "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_posted_to_a_page_is_refused_in_the_one_shape() {
    let app = TestApp::new().await;
    for path in PAGES {
        let request = Request::post(path).body(Body::from("username=alice&password=x")).unwrap();
        assert_eq!(app.send(request).await.code(), "method_not_allowed", "{path}");
    }
}
