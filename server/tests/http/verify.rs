//! Forward authentication, as a proxy and a browser meet it.

use axum::{
    body::Body,
    http::{HeaderMap, Request, header},
};
use chrono::TimeDelta;
use domain::service::policy::Policy;
use serde_json::json;
use server::{
    config::{Config, Sources},
    http::Function,
};
use std::sync::Arc;

use crate::{
    app::{Answer, TestApp, send},
    person::{Person, next_code},
};

/// A service at `https://sesame.example.com` that serves `wiki.example.com`.
async fn app() -> TestApp {
    let env = [
        ("SESAME_PUBLIC_URL", "https://sesame.example.com"),
        ("SESAME_FORWARD_AUTH_DOMAIN", "example.com"),
        ("SESAME_FORWARD_AUTH_HOSTS", "wiki.example.com"),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let config = Config::load(&Sources { env, ..Sources::default() }).unwrap();
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let url = server::store::DatabaseUrl::sqlite(folder.path().join("sesame.db"));
    let app =
        TestApp::over(&url, folder, Policy::default(), TestApp::ring(), "https://sesame.example.com").await;
    app.rebuilt(|dependencies| dependencies.forward_auth = config.forward_auth)
}

/// The cookies that an answer sets, by name.
fn cookies(answer: &Answer) -> Vec<(String, String)> {
    let lines = answer.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    lines
        .map(|line| line.split(';').next().unwrap().split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn cookie(answer: &Answer, name: &str) -> Option<String> {
    cookies(answer)
        .into_iter()
        .find(|(found, value)| found == name && !value.is_empty())
        .map(|(_, value)| value)
}

const SESSION: &str = "__Host-sesame";
const FORWARD: &str = "__Secure-sesame-forward";

/// Signs a fresh person in: their two cookies.
async fn signed_in(app: &TestApp) -> (Person, String, String) {
    let (person, ticket) = Person::to_prove(app, "alice").await;
    let activated = app.post("/api/activate", &json!({ "ticket": ticket, "code": person.code(app) })).await;
    let (session, forward) = (cookie(&activated, SESSION).unwrap(), cookie(&activated, FORWARD).unwrap());
    (person, session, forward)
}

/// What Traefik asks for a page of the wiki.
fn ask(path: &str, cookie: Option<&str>, more: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::get(path);
    for (name, value) in [
        ("accept", "text/html,application/xhtml+xml"),
        ("x-forwarded-method", "GET"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "wiki.example.com"),
        ("x-forwarded-uri", "/page?a=b&c=d"),
    ] {
        let given = more.iter().find(|(other, _)| *other == name);
        request = request.header(name, given.map_or(value, |(_, value)| *value));
    }
    if let Some(cookie) = cookie {
        request = request.header("cookie", format!("{FORWARD}={cookie}"));
    }
    request.body(Body::empty()).unwrap()
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| value.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn who_is_signed_in_is_told_with_the_end_of_their_secrets_and_nothing_else() {
    let app = app().await;
    let (person, session, forward) = signed_in(&app).await;
    let told = app.send(ask("/api/verify", Some(&forward), &[])).await;
    assert_eq!((told.status.as_u16(), told.body.len()), (200, 0));
    assert_eq!(header(&told.headers, "remote-user").as_deref(), Some(person.username.as_str()));
    let until = header(&told.headers, "remote-valid-until").unwrap();
    assert!(until.parse::<chrono::DateTime<chrono::Utc>>().is_ok() && until.ends_with('Z'), "{until}");
    assert_eq!(header(&told.headers, "cache-control").as_deref(), Some("no-store"));

    // The session token opens nothing here, and the forward token nothing in Sésame itself.
    let by_session = app.send(ask("/api/verify", Some(&session), &[])).await;
    assert_eq!(by_session.status, 302);
    let mut request = crate::app::json_request("/api/session", &json!({}));
    request.headers_mut().insert("cookie", format!("{SESSION}={forward}").parse().unwrap());
    request.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
    assert_eq!(app.send(request).await.code(), "unauthenticated");
}

#[tokio::test]
async fn a_visitor_of_a_page_is_led_to_the_sign_in_page_and_everything_else_is_refused() {
    let app = app().await;
    let led = app.send(ask("/api/verify", None, &[])).await;
    assert_eq!(led.status, 302);
    assert_eq!(
        header(&led.headers, "location").as_deref(),
        Some("https://sesame.example.com/?retour=https%3A%2F%2Fwiki%2Eexample%2Ecom%2Fpage%3Fa%3Db%26c%3Dd")
    );
    for refused in [
        ask("/api/verify?redirect=no", None, &[]),
        ask("/api/verify", None, &[("x-forwarded-method", "POST")]),
        ask("/api/verify", None, &[("accept", "application/json")]),
    ] {
        let refused = app.send(refused).await;
        assert_eq!(refused.code(), "unauthenticated");
        assert_eq!(header(&refused.headers, "x-sesame-sign-in"), header(&led.headers, "location"));
    }
    let mut script = ask("/api/verify", None, &[]);
    script.headers_mut().insert("sec-fetch-mode", "cors".parse().unwrap());
    assert_eq!(app.send(script).await.code(), "unauthenticated");
}

#[tokio::test]
async fn nobody_is_led_to_or_back_to_a_host_that_is_not_on_the_list() {
    let app = app().await;
    let (_, session, _) = signed_in(&app).await;
    for lie in [
        ("x-forwarded-host", "evil.example.org"),
        ("x-forwarded-host", "wiki.example.com@evil.example.org"),
        ("x-forwarded-host", "other.example.com"),
        ("x-forwarded-uri", "@evil.example.org/"),
        ("x-forwarded-proto", "javascript"),
        ("x-forwarded-proto", "http"),
    ] {
        let refused = app.send(ask("/api/verify", None, &[lie])).await;
        assert_eq!(refused.code(), "unauthenticated", "{lie:?}");
        assert_eq!(header(&refused.headers, "x-sesame-sign-in"), None, "{lie:?}");
    }
    for target in [
        "https://evil.example.org/",
        "//evil.example.org",
        "https:wiki.example.com",
        "",
        "/compte",
        "%0d%0aa:b",
    ] {
        let request =
            Request::get(format!("/retour?vers={target}")).header("cookie", format!("{SESSION}={session}"));
        let away = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            (away.status.as_u16(), header(&away.headers, "location").as_deref()),
            (303, Some("/compte"))
        );
        assert!(cookies(&away).is_empty(), "{target}");
    }
}

#[tokio::test]
async fn who_signed_in_is_led_back_with_the_cookie_that_the_application_needs() {
    let app = app().await;
    let (_, session, forward) = signed_in(&app).await;
    let target = "/retour?vers=https%3A%2F%2Fwiki.example.com%2Fpage%3Fa%3Db";
    let request = Request::get(target).header("cookie", format!("{SESSION}={session}"));
    let back = app.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(back.status, 303);
    assert_eq!(header(&back.headers, "location").as_deref(), Some("https://wiki.example.com/page?a=b"));
    assert_eq!(cookie(&back, FORWARD).as_deref(), Some(forward.as_str()), "the same token, derived again");

    let stranger = app.get(target).await;
    assert_eq!(stranger.status, 303);
    assert!(
        header(&stranger.headers, "location").unwrap().starts_with("https://sesame.example.com/?retour=")
    );
    assert!(cookies(&stranger).is_empty());
}

#[tokio::test]
async fn a_session_that_is_over_is_over_for_every_application_at_once() {
    let app = app().await;
    let (person, session, forward) = signed_in(&app).await;
    // Using another application is using the session.
    for _ in 0..3 {
        app.clock.turn(TimeDelta::minutes(20));
        assert_eq!(app.send(ask("/api/verify", Some(&forward), &[])).await.status, 200);
    }
    let mut request = crate::app::json_request("/api/sign-out", &json!({}));
    request.headers_mut().insert("cookie", format!("{SESSION}={session}").parse().unwrap());
    request.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
    let out = app.send(request).await;
    let cleared: Vec<_> =
        cookies(&out).into_iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| name).collect();
    assert_eq!(cleared, [SESSION, FORWARD]);
    assert_eq!(app.send(ask("/api/verify", Some(&forward), &[])).await.status, 302);

    next_code(&app);
    let signed_in = person.sign_in(&app).await;
    let forward = cookie(&signed_in, FORWARD).unwrap();
    assert_eq!(app.send(ask("/api/verify", Some(&forward), &[])).await.status, 200);
    app.clock.turn(TimeDelta::minutes(31));
    assert_eq!(app.send(ask("/api/verify", Some(&forward), &[])).await.status, 302, "idle");
}

#[tokio::test]
async fn a_database_that_is_away_lets_nobody_in() {
    let app = app().await;
    let (_, _, forward) = signed_in(&app).await;
    app.store.close().await;
    let refused = app.send(ask("/api/verify", Some(&forward), &[])).await;
    assert_eq!(refused.code(), "unavailable");
    assert_eq!(header(&refused.headers, "remote-user"), None);
}

#[tokio::test]
async fn where_it_is_not_switched_on_there_is_no_such_route_and_no_such_cookie() {
    let app = TestApp::new().await;
    assert_eq!(app.get("/api/verify").await.code(), "not_found");
    assert_eq!(app.get("/retour").await.status, 404);
    let (person, _) = Person::enrol(&app, "alice").await;
    assert!(person.sign_in(&app).await.cookie("sesame-forward").is_none());
}

#[tokio::test]
async fn only_the_function_that_authenticates_verifies() {
    let app = app().await;
    let (_, _, forward) = signed_in(&app).await;
    for function in Function::ALL {
        let answer = send(&app.function(function), ask("/api/verify", Some(&forward), &[])).await;
        let expected = if function == Function::AuthenticateUser { 200 } else { 404 };
        assert_eq!(answer.status.as_u16(), expected, "{}", function.name());
    }
    let put = Request::put("/api/verify").body(Body::empty()).unwrap();
    let refused = send(&app.function(Function::AuthenticateUser), put).await;
    assert_eq!(refused.code(), "method_not_allowed");
}
