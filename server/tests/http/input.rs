//! Bad input gets a clear error in the one shape, and changes nothing.

use std::{sync::Arc, time::Instant};

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};
use server::{crypto::Argon2Cost, store::DatabaseUrl};

use crate::{
    app::{Parts, TestApp},
    attack::hashes,
    person::Person,
};

const POSTS: [&str; 11] = [
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
];

async fn raw(
    app: &TestApp,
    path: &str,
    content_type: Option<&str>,
    body: impl Into<Body>,
) -> crate::app::Answer {
    let mut request = Request::post(path);
    if let Some(content_type) = content_type {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    app.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn malformed_json_is_refused_everywhere() {
    let app = TestApp::new().await;
    let bodies: [&[u8]; 7] =
        [b"{", b"nonsense", b"{\"username\":}", b"\x00", b"{\"a\":\"\xff\xfe\"}", b"[[[[", b"{} {}"];
    for path in POSTS {
        for body in bodies {
            let answer = raw(&app, path, Some("application/json"), body.to_vec()).await;
            assert_eq!(answer.code(), "invalid_input", "{path} {body:?}");
        }
        let deep = "[".repeat(10_000);
        assert_eq!(raw(&app, path, Some("application/json"), deep).await.code(), "invalid_input");
    }
}

#[tokio::test]
async fn the_content_type_has_to_be_json() {
    let app = TestApp::new().await;
    for path in POSTS {
        for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("")] {
            let answer = raw(&app, path, content_type, "{}").await;
            assert_eq!(answer.code(), "unsupported_media_type", "{path} {content_type:?}");
        }
    }
    let fine =
        raw(&app, "/api/register", Some("application/json; charset=utf-8"), r#"{"username":"alice"}"#).await;
    assert_eq!(fine.status, 200);
}

#[tokio::test]
async fn other_methods_are_refused_and_change_nothing() {
    let app = TestApp::new().await;
    for path in POSTS {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
        {
            let request = Request::builder().method(&method).uri(path).body(Body::empty()).unwrap();
            let answer = app.send(request).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.headers[header::ALLOW], "POST");
            if method != Method::HEAD {
                assert_eq!(answer.code(), "method_not_allowed");
            }
        }
    }
}

#[tokio::test]
async fn req_ticket_2_a_ticket_in_a_query_is_never_looked_at() {
    let app = TestApp::new().await;
    let ticket = app.post("/api/register", &json!({ "username": "alice" })).await.json()["ticket"].clone();
    let query = format!("/api/generate-password?ticket={}", ticket.as_str().unwrap());
    assert_eq!(app.get(&query).await.code(), "method_not_allowed");
    assert_eq!(raw(&app, &query, Some("application/json"), "{}").await.code(), "invalid_input");
    assert_eq!(app.post("/api/generate-password", &json!({ "ticket": ticket })).await.status, 200);
}

#[tokio::test]
async fn a_large_body_is_refused_whether_or_not_it_says_so() {
    let app = TestApp::new().await;
    let large = format!(r#"{{"username":"{}"}}"#, "a".repeat(10 << 20));
    let declared = Request::post("/api/register")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_LENGTH, large.len())
        .body(Body::from(large.clone()));
    assert_eq!(app.send(declared.unwrap()).await.code(), "payload_too_large");
    let chunks = futures::stream::iter(
        large.into_bytes().chunks(1000).map(<[u8]>::to_vec).map(Ok::<_, std::io::Error>).collect::<Vec<_>>(),
    );
    let chunked = raw(&app, "/api/register", Some("application/json"), Body::from_stream(chunks)).await;
    assert_eq!(chunked.code(), "payload_too_large");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let app = TestApp::new().await;
    let chunks = futures::stream::iter([Ok(&b"{\"user"[..]), Err(std::io::Error::other("gone"))]);
    let answer = raw(&app, "/api/register", Some("application/json"), Body::from_stream(chunks)).await;
    assert_eq!(answer.code(), "invalid_input");
}

#[tokio::test]
async fn names_are_checked_and_the_field_is_named() {
    let app = TestApp::new().await;
    let long = "a".repeat(10_000);
    for name in [
        "",
        "a",
        "ab",
        &long,
        &"a".repeat(65),
        ".abc",
        "abc-",
        "a b c",
        "ab\u{0}c",
        "émile",
        "a/b/c",
        "名前です",
        "a\nb\nc",
        " alice",
        "'; --",
        "<b>x</b>",
    ] {
        let answer = app.post("/api/register", &json!({ "username": name })).await;
        assert_eq!(answer.code(), "invalid_input", "{name:?}");
        assert_eq!(answer.json()["field"], "username");
        assert!(answer.body.len() < 300, "the value is not repeated");
        let body = json!({ "username": name, "password": "x", "code": "123456" });
        assert_eq!(app.post("/api/authenticate", &body).await.code(), "invalid_input");
    }
    for name in ["abc", &"a".repeat(64), "A.b_c-d@e9", "0-0"] {
        assert_eq!(app.post("/api/register", &json!({ "username": name })).await.status, 200, "{name:?}");
    }
}

#[tokio::test]
async fn codes_that_cannot_be_codes_take_no_try() {
    let app = TestApp::new().await;
    let (person, _) = Person::enrol(&app, "alice").await;
    let ticket = app.post("/api/register", &json!({ "username": "bob" })).await.json()["ticket"].clone();
    let password = app.post("/api/generate-password", &json!({ "ticket": ticket })).await.json();
    let totp = app.post("/api/generate-2fa", &json!({ "ticket": password["ticket"] })).await.json();
    let enormous = "9".repeat(5000);
    let codes = [
        "",
        "1",
        "12345",
        "1234567",
        "-1",
        "12345a",
        "١٢٣",
        "1e5",
        "\u{0}23456",
        &enormous,
        "99999999999999999999",
    ];
    for code in codes {
        let activate = app.post("/api/activate", &json!({ "ticket": totp["ticket"], "code": code })).await;
        let authenticate = json!({ "username": "alice", "password": person.password, "code": code });
        for answer in [activate, app.post("/api/authenticate", &authenticate).await] {
            assert_eq!(answer.code(), "invalid_input", "{code:?}");
            assert_eq!(answer.json()["field"], "code");
        }
    }
    for code in [json!(123_456), json!(-1), json!(1e300), json!([]), json!({}), json!(true)] {
        let answer = app.post("/api/activate", &json!({ "ticket": totp["ticket"], "code": code })).await;
        assert_eq!(
            (answer.code().as_str(), answer.json()["field"].as_str()),
            ("invalid_input", Some("code"))
        );
    }
    let wrong = json!({ "ticket": totp["ticket"], "code": "000000" });
    assert_eq!(
        app.post("/api/activate", &wrong).await.json()["tries_left"],
        4,
        "all five tries were still there"
    );
}

#[tokio::test]
async fn req_pw_1_a_password_beyond_128_bytes_is_refused_before_any_hash() {
    let app = TestApp::new().await;
    let (_, _) = Person::enrol(&app, "alice").await;
    let before = hashes(&app).await;
    for (bytes, code, hashed) in
        [(128, "invalid_credentials", 1.0), (129, "invalid_input", 1.0), (10_000, "invalid_input", 1.0)]
    {
        let body = json!({ "username": "alice", "password": "x".repeat(bytes), "code": "123456" });
        assert_eq!(app.post("/api/authenticate", &body).await.code(), code, "{bytes}");
        assert!((hashes(&app).await - before - hashed).abs() < 0.5, "{bytes}");
    }
    let empty = json!({ "username": "alice", "password": "", "code": "123456" });
    assert_eq!(app.post("/api/authenticate", &empty).await.json()["field"], "password");
}

/// No millisecond is promised to a machine that others share. By turns, and by their medians, a refusal
/// takes a small part of what it saves.
#[tokio::test]
async fn req_pw_1_refusing_a_long_password_takes_less_than_a_tenth_of_verifying_one() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let url = DatabaseUrl::sqlite(folder.path().join("sesame.db"));
    let app = TestApp::made_of(&url, folder, Parts { cost: Argon2Cost::OWASP, ..Parts::default() }).await;
    let mut times = [Vec::new(), Vec::new()];
    for turn in 0..9 {
        for (kind, bytes) in [(0, 128), (1, 129)] {
            let body = json!({ "username": format!("nobody-{turn}"), "password": "x".repeat(bytes) });
            let begun = Instant::now();
            app.post("/api/authenticate", &body).await;
            times[kind].push(begun.elapsed());
        }
    }
    let [verifying, refusing] = times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    println!("refusing {refusing:?}, verifying {verifying:?}");
    assert!(refusing * 10 < verifying, "{refusing:?} of {verifying:?}");
}

#[tokio::test]
async fn tickets_cut_stretched_or_of_another_account_do_nothing() {
    let app = TestApp::new().await;
    let alice = app.post("/api/register", &json!({ "username": "alice" })).await.json()["ticket"].clone();
    let ticket = alice.as_str().unwrap().to_owned();
    let flipped: String = ticket.chars().rev().collect();
    for wrong in
        [&ticket[..42], &format!("{ticket}A"), "", "é", &flipped, &"=".repeat(43), &"\u{0}".repeat(43)]
    {
        for path in ["/api/generate-password", "/api/generate-2fa"] {
            assert_eq!(app.post(path, &json!({ "ticket": wrong })).await.code(), "ticket_spent", "{wrong:?}");
        }
        let body = json!({ "ticket": wrong, "code": "123456" });
        assert_eq!(app.post("/api/activate", &body).await.code(), "ticket_spent", "{wrong:?}");
    }
    let claimed = app.post("/api/generate-password", &json!({ "ticket": alice })).await.json();
    assert_eq!(claimed["username"], "alice", "a ticket carries its account; there is none to mix it up with");
}

#[tokio::test]
async fn unknown_missing_doubled_and_wrongly_typed_fields_are_named() {
    let app = TestApp::new().await;
    let field = async |path: &str, body: &str| -> Value {
        let answer = raw(&app, path, Some("application/json"), body.to_owned()).await;
        assert_eq!(answer.code(), "invalid_input", "{body}");
        answer.json()["field"].clone()
    };
    assert_eq!(field("/api/register", "{}").await, "username");
    assert_eq!(field("/api/register", r#"{"username":null}"#).await, "username");
    assert_eq!(field("/api/register", r#"{"username":"alice","admin":true}"#).await, "admin");
    assert_eq!(field("/api/register", r#"{"username":"a","username":"b"}"#).await, "username");
    assert_eq!(field("/api/authenticate", r#"{"username":"alice"}"#).await, "password");
    assert_eq!(field("/api/activate", r#"{"ticket":7,"code":"123456"}"#).await, "ticket");
    assert_eq!(field("/api/session", r#"{"username":"alice"}"#).await, "username");
    assert_eq!(
        app.post("/api/register", &json!({ "username": "alice" })).await.status,
        200,
        "nothing was registered"
    );
}

#[tokio::test]
async fn routes_that_do_not_exist_say_so_in_the_same_shape() {
    let app = TestApp::new().await;
    for path in ["/api", "/api/", "/api/nothing", "/api/register/x", "/api/../api/nothing"] {
        assert_eq!(app.post(path, &json!({})).await.code(), "not_found", "{path}");
    }
}
