//! People fetch what is kept about them.

use axum::{
    body::Body,
    http::{Request, header},
};
use domain::service::ports::Clock as _;
use serde_json::{Value, json};

use crate::{
    app::{Answer, TestApp},
    person::Person,
};

const PATH: &str = "/compte/donnees";

async fn fetch(app: &TestApp, session: Option<&str>) -> Answer {
    let mut request = Request::get(PATH);
    if let Some(session) = session {
        request = request.header(header::COOKIE, format!("sesame={session}"));
    }
    app.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn req_gdpr_15_20_people_fetch_everything_about_themselves_and_nobody_else() {
    let app = TestApp::new().await;
    let (alice, session) = Person::enrol(&app, "alice").await;
    Person::enrol(&app, "mallory").await;
    let answer = fetch(&app, Some(&session)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(answer.headers[header::CONTENT_DISPOSITION], "attachment; filename=\"sesame.json\"");
    assert!(answer.headers[header::CACHE_CONTROL].to_str().unwrap().contains("no-store"));
    let text = answer.text();
    for foreign in ["mallory", &alice.password, session.as_str()] {
        assert!(!text.contains(foreign), "{foreign} is in it");
    }
    let dossier: Value = answer.json();
    let account = &dossier["account"];
    assert_eq!((&account["username"], &account["state"]), (&json!("alice"), &json!("active")));
    assert_eq!(dossier["exported_at"], json!(app.clock.now()));
    assert_eq!(dossier["events"][3]["what"], "activated");
}

#[tokio::test]
async fn who_is_not_signed_in_is_led_to_the_sign_in_page_and_learns_nothing() {
    let app = TestApp::new().await;
    Person::enrol(&app, "alice").await;
    for session in [None, Some("A".repeat(43))] {
        let answer = fetch(&app, session.as_deref()).await;
        assert_eq!((answer.status.as_u16(), &answer.headers[header::LOCATION]), (303, &"/".parse().unwrap()));
        assert_eq!(answer.text(), "");
    }
}
