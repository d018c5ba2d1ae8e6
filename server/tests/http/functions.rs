//! The parts of the API that run as OpenFaaS functions.

use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use server::http::Function;

use crate::{
    app::{Answer, TestApp, json_request, send},
    person::Person,
};

async fn post(app: &TestApp, function: Function, path: &str, body: &Value) -> Answer {
    send(&app.function(function), json_request(path, body)).await
}

#[tokio::test]
async fn a_life_goes_from_function_to_function_at_their_root() {
    let app = TestApp::new().await;
    let registered =
        post(&app, Function::GeneratePassword, "/api/register", &json!({ "username": "alice" })).await;
    let ticket = registered.json()["ticket"].clone();
    let claimed = post(&app, Function::GeneratePassword, "/", &json!({ "ticket": ticket })).await.json();
    let totp = post(&app, Function::GenerateTotp, "/", &json!({ "ticket": claimed["ticket"] })).await.json();
    let person = Person {
        username: "alice".to_owned(),
        password: claimed["password"].as_str().unwrap().to_owned(),
        totp: data_encoding::BASE32_NOPAD.decode(totp["secret"].as_str().unwrap().as_bytes()).unwrap(),
    };
    let body = json!({ "ticket": totp["ticket"], "code": person.code(&app) });
    let activated = post(&app, Function::AuthenticateUser, "/api/activate", &body).await;
    assert!(activated.session().is_some());
    crate::person::next_code(&app);
    let body = json!({ "username": "alice", "password": person.password, "code": person.code(&app) });
    let signed_in = post(&app, Function::AuthenticateUser, "/", &body).await;
    assert_eq!(signed_in.json()["status"], "authenticated");
    assert!(signed_in.session().is_some());
}

#[tokio::test]
async fn a_function_answers_at_its_own_addresses_and_no_other() {
    let app = TestApp::new().await;
    for function in Function::ALL {
        for path in [
            "/api/register",
            "/api/generate-password",
            "/api/generate-2fa",
            "/api/authenticate",
            "/api/x",
            "/compte",
        ] {
            let mine = function.paths().contains(&path);
            let answer = post(&app, function, path, &json!({})).await;
            assert_eq!(answer.code() != "not_found", mine, "{} {path}", function.name());
        }
        let get = send(&app.function(function), Request::get("/").body(Body::empty()).unwrap()).await;
        assert_eq!(get.code(), "method_not_allowed");
        let health =
            send(&app.function(function), Request::get("/_/health").body(Body::empty()).unwrap()).await;
        assert_eq!((health.status.as_u16(), health.text().as_str()), (200, "OK"));
    }
}

#[tokio::test]
async fn at_its_root_a_function_is_held_to_the_same_rules() {
    let app = TestApp::new().await;
    let mut request = json_request("/", &json!({}));
    request.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(send(&app.function(Function::GenerateTotp), request).await.code(), "unsupported_media_type");
    let mut request = json_request("/", &json!({ "ticket": "x" }));
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(send(&app.function(Function::GenerateTotp), request).await.code(), "cross_origin");
    let answer =
        send(&app.function(Function::GenerateTotp), json_request("/?a=b", &json!({ "ticket": "x" }))).await;
    assert_eq!(answer.code(), "ticket_spent");
    assert!(
        answer.headers.contains_key("x-request-id") && answer.headers.contains_key("content-security-policy")
    );
    app.draining.begin();
    let health =
        send(&app.function(Function::GenerateTotp), Request::get("/_/health").body(Body::empty()).unwrap())
            .await;
    assert_eq!(health.status, 503);
}
