//! The OpenAPI document is true: it names the routes that exist, and real answers fit it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use server::http::openapi::{ENDPOINTS, document};

use crate::{
    app::{Answer, TestApp},
    person::{Person, next_code},
};

#[tokio::test]
async fn it_names_exactly_the_server_functions() {
    let documented: BTreeSet<&str> = ENDPOINTS.iter().map(|endpoint| endpoint.path).collect();
    let registered: BTreeSet<&str> = leptos::server_fn::axum::server_fn_paths()
        .inspect(|(path, method)| assert_eq!(*method, axum::http::Method::POST, "{path}"))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(documented, registered);
    let app = TestApp::new().await;
    let served = app.get("/api/openapi.json").await.json();
    assert_eq!(served, serde_json::to_value(document()).unwrap());
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"));
}

/// The schema of an answer, resolved, for a validator.
fn schema(path: &str, status: u16) -> Value {
    let document = serde_json::to_value(document()).unwrap();
    let answer = &document["paths"][path]["post"]["responses"][status.to_string()];
    let mut schema = answer["content"]["application/json"]["schema"].clone();
    assert!(schema.is_object(), "{path} documents no {status}");
    schema["components"] = document["components"].clone();
    schema
}

#[track_caller]
fn fits(path: &str, answer: &Answer) {
    let schema = schema(path, answer.status.as_u16());
    let validator = jsonschema::options().build(&schema).unwrap();
    let body = answer.json();
    let errors: Vec<String> = validator.iter_errors(&body).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{path} {}: {errors:?} {body}", answer.status);
}

#[tokio::test]
async fn real_answers_of_a_whole_life_fit_it() {
    let app = TestApp::new().await;
    let register = app.post("/api/register", &json!({ "username": "alice" })).await;
    fits("/api/register", &register);
    let password = app.post("/api/generate-password", &json!({ "ticket": register.json()["ticket"] })).await;
    fits("/api/generate-password", &password);
    fits("/api/register", &app.post("/api/register", &json!({ "username": "alice" })).await);
    fits("/api/register", &app.post("/api/register", &json!({ "username": "x" })).await);
    fits("/api/generate-password", &app.post("/api/generate-password", &json!({ "ticket": "x" })).await);
    let body = json!({ "username": "alice", "password": password.json()["password"] });
    let resumed = app.post("/api/authenticate", &body).await;
    fits("/api/authenticate", &resumed);
    let totp = app.post("/api/generate-2fa", &json!({ "ticket": resumed.json()["ticket"] })).await;
    fits("/api/generate-2fa", &totp);
    let rejected =
        app.post("/api/activate", &json!({ "ticket": totp.json()["ticket"], "code": "000000" })).await;
    fits("/api/activate", &rejected);

    let (bob, session) = Person::enrol(&app, "bob").await;
    let signed_in = bob.sign_in(&app).await;
    fits("/api/authenticate", &signed_in);
    fits("/api/session", &app.post_as(&session, "/api/session", &json!({})).await);
    fits("/api/session", &app.post("/api/session", &json!({})).await);
    let sessions = app.post_as(&session, "/api/sessions", &json!({})).await;
    assert_eq!(sessions.json()["sessions"].as_array().unwrap().len(), 2);
    fits("/api/sessions", &sessions);
    let name = &sessions.json()["sessions"][1]["session"];
    let revoke = async |body: Value| app.post_as(&session, "/api/revoke-session", &body).await;
    assert_eq!(revoke(json!({ "session": name })).await.status, 204);
    fits("/api/revoke-session", &revoke(json!({ "session": "x" })).await);
    fits("/api/revoke-other-sessions", &app.post("/api/revoke-other-sessions", &json!({})).await);
    next_code(&app);
    let renew = app.post_as(&session, "/api/renew", &json!({ "code": bob.code(&app) })).await;
    assert_eq!(renew.status, 200);
    fits("/api/renew", &renew);
    fits("/api/renew", &app.post_as(&session, "/api/renew", &json!({ "code": "000000" })).await);
    app.clock.turn(chrono::TimeDelta::days(185));
    let expired = bob.sign_in(&app).await;
    assert_eq!(expired.json()["status"], "expired");
    fits("/api/authenticate", &expired);
}

/// A body that fits a request schema, made from the schema.
fn example(request: &Value) -> Value {
    let properties = request["properties"].as_object().unwrap();
    let text = |schema: &Value| match schema["minLength"].as_u64() {
        Some(least) if least > 6 => "1".repeat(usize::try_from(least).unwrap()),
        _ => "123456".to_owned(),
    };
    properties
        .iter()
        .map(|(name, schema)| (name.clone(), json!(text(schema))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// What each request says, and no other field: no hint, no question, no answer to one. Whoever adds a
/// field writes it here, and reads this.
const FIELDS: [(&str, &[&str]); 11] = [
    ("/api/register", &["username"]),
    ("/api/generate-password", &["ticket"]),
    ("/api/generate-2fa", &["ticket"]),
    ("/api/activate", &["code", "ticket"]),
    ("/api/authenticate", &["code", "password", "username"]),
    ("/api/renew", &["code"]),
    ("/api/session", &[]),
    ("/api/sign-out", &[]),
    ("/api/sessions", &[]),
    ("/api/revoke-session", &["session"]),
    ("/api/revoke-other-sessions", &[]),
];

#[test]
fn req_pw_5_no_request_has_a_field_for_a_hint_or_a_secret_question() {
    let document = serde_json::to_value(document()).unwrap();
    let paths: BTreeSet<&str> = ENDPOINTS.iter().map(|endpoint| endpoint.path).collect();
    assert_eq!(paths, FIELDS.iter().map(|(path, _)| *path).collect());
    for (path, expected) in FIELDS {
        let body = &document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"];
        let request = match body["$ref"].as_str() {
            Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => body,
        };
        let none = serde_json::Map::new();
        let fields = request["properties"].as_object().unwrap_or(&none).keys().map(String::as_str);
        assert_eq!(fields.collect::<BTreeSet<_>>(), expected.iter().copied().collect(), "{path}");
    }
}

#[tokio::test]
async fn its_required_and_unknown_fields_are_the_ones_the_server_refuses() {
    let app = TestApp::new().await;
    let document = serde_json::to_value(document()).unwrap();
    for endpoint in &ENDPOINTS {
        let reference = &document["paths"][endpoint.path]["post"]["requestBody"]["content"]["application/json"]
            ["schema"]["$ref"];
        let Some(reference) = reference.as_str() else { continue };
        let request = document.pointer(reference.trim_start_matches('#')).unwrap();
        assert_eq!(request["additionalProperties"], json!(false), "{reference}");
        let whole = example(request);
        let refused_field = async |body: &Value| {
            let answer = app.post(endpoint.path, body).await;
            (answer.status.as_u16() == 400).then(|| answer.json()["field"].clone())
        };
        assert_eq!(refused_field(&whole).await, None, "{} takes what it documents", endpoint.path);
        for field in request["required"].as_array().unwrap() {
            let mut body = whole.clone();
            body.as_object_mut().unwrap().remove(field.as_str().unwrap());
            assert_eq!(refused_field(&body).await.as_ref(), Some(field), "{}", endpoint.path);
        }
        let mut body = whole.clone();
        body["surprise"] = json!(1);
        assert_eq!(refused_field(&body).await, Some(json!("surprise")), "{}", endpoint.path);
    }
}
