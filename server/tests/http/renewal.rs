//! Renewal: make before break.

use chrono::TimeDelta;
use domain::service::{policy::Policy, ports::Clock as _};
use serde_json::json;

use crate::{
    app::TestApp,
    person::{Person, next_code},
};

#[tokio::test]
async fn early_renewal_keeps_the_old_pair_until_the_new_one_is_proved() {
    let app = TestApp::new().await;
    let (old, session) = Person::enrol(&app, "alice").await;
    next_code(&app);
    let begun = app.post_as(&session, "/api/renew", &json!({ "code": old.code(&app) })).await.json();
    assert_eq!(old.sign_in(&app).await.status, 200, "nothing changed yet");

    let password = app.post("/api/generate-password", &json!({ "ticket": begun["ticket"] })).await.json();
    assert_eq!(old.sign_in(&app).await.status, 200, "a new password is only pending");
    app.post("/api/generate-2fa", &json!({ "ticket": password["ticket"] })).await.json();
    assert_eq!(old.sign_in(&app).await.status, 200, "a new secret is only pending");
    let new = Person { password: password["password"].as_str().unwrap().to_owned(), ..old.clone() };
    assert_eq!(new.sign_in(&app).await.code(), "invalid_credentials", "pending secrets open nothing");
}

/// Whoever began one, with a cookie and a code that they came by, must not have it at hand for ever.
#[tokio::test]
async fn a_renewal_is_over_after_an_hour_however_many_tickets_it_goes_through() {
    let app = TestApp::new().await;
    let (old, session) = Person::enrol(&app, "alice").await;
    next_code(&app);
    let mut last = app.post_as(&session, "/api/renew", &json!({ "code": old.code(&app) })).await.json();
    let begun = app.clock.now();
    for _ in 0..6 {
        app.clock.turn(TimeDelta::minutes(9));
        last = app.post("/api/generate-password", &json!({ "ticket": last["ticket"] })).await.json();
    }
    let end: chrono::DateTime<chrono::Utc> = last["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(end, begun + Policy::default().renewal_lifetime, "and the page says so");
    app.clock.turn(TimeDelta::minutes(6));
    for path in ["/api/generate-password", "/api/generate-2fa"] {
        assert_eq!(app.post(path, &json!({ "ticket": last["ticket"] })).await.code(), "ticket_spent");
    }
    assert_eq!(old.sign_in(&app).await.status, 200, "the old secrets are what they were");
}

#[tokio::test]
async fn a_proved_renewal_closes_every_other_session() {
    let app = TestApp::new().await;
    let (old, first) = Person::enrol(&app, "alice").await;
    let second = old.sign_in(&app).await.session().unwrap();
    next_code(&app);
    let begun = app.post_as(&first, "/api/renew", &json!({ "code": old.code(&app) })).await.json();
    next_code(&app);
    let (new, third) = Person::follow(&app, &begun["ticket"]).await;
    for closed in [&first, &second] {
        assert_eq!(app.post_as(closed, "/api/session", &json!({})).await.code(), "unauthenticated");
    }
    assert_eq!(app.post_as(&third, "/api/session", &json!({})).await.json()["sessions"], 1);
    assert_eq!(old.sign_in(&app).await.code(), "invalid_credentials");
    assert_eq!(new.sign_in(&app).await.status, 200);
}

#[tokio::test]
async fn renewal_needs_a_session_and_a_fresh_code() {
    let app = TestApp::new().await;
    let (person, session) = Person::enrol(&app, "alice").await;
    let code = json!({ "code": person.code(&app) });
    assert_eq!(app.post("/api/renew", &code).await.code(), "unauthenticated");
    let used = app.post_as(&session, "/api/renew", &code).await;
    assert_eq!(used.code(), "code_rejected");
    assert_eq!(used.json()["reason"], "already_used");
    let wrong = json!({ "code": person.wrong_code(&app) });
    for left in (0..4).rev() {
        let refused = app.post_as(&session, "/api/renew", &wrong).await;
        assert_eq!(refused.code(), "code_rejected");
        assert_eq!(refused.json()["tries_left"], left);
    }
    next_code(&app);
    let right = json!({ "code": person.code(&app) });
    assert_eq!(
        app.post_as(&session, "/api/renew", &right).await.code(),
        "unauthenticated",
        "the session is closed"
    );
    assert_eq!(person.sign_in(&app).await.status, 200, "the account is not");
}

#[tokio::test]
async fn expired_secrets_are_told_only_to_who_has_both() {
    let app = TestApp::new().await;
    let (person, _) = Person::enrol(&app, "alice").await;
    app.clock.turn(TimeDelta::days(185));
    let wrong_code = person.sign_in_with(&app, Some(&person.wrong_code(&app))).await;
    let no_code = person.sign_in_with(&app, None).await;
    let wrong_password = Person { password: "x".repeat(24), ..person.clone() };
    let wrong_password = wrong_password.sign_in(&app).await;
    for refused in [&wrong_code, &no_code, &wrong_password] {
        assert_eq!(refused.code(), "invalid_credentials");
        assert_eq!(refused.body, wrong_code.body);
    }
    assert_eq!(person.sign_in(&app).await.json()["status"], "expired");
}

#[tokio::test]
async fn an_interrupted_renewal_can_be_begun_again_with_the_old_pair() {
    let app = TestApp::new().await;
    let (old, _) = Person::enrol(&app, "alice").await;
    app.clock.turn(TimeDelta::days(185));
    let first = old.sign_in(&app).await.json();
    let claimed = app.post("/api/generate-password", &json!({ "ticket": first["ticket"] })).await.json();
    let second = old.sign_in(&app).await.json();
    assert_eq!(second["status"], "expired");
    assert_eq!(
        app.post("/api/generate-2fa", &json!({ "ticket": claimed["ticket"] })).await.code(),
        "ticket_spent"
    );
    next_code(&app);
    let (new, _) = Person::follow(&app, &second["ticket"]).await;
    assert_eq!(new.sign_in(&app).await.status, 200);
}

#[tokio::test]
async fn a_step_spent_by_the_old_secret_is_spent_for_the_new_one() {
    let app = TestApp::new().await;
    let (old, session) = Person::enrol(&app, "alice").await;
    next_code(&app);
    let begun = app.post_as(&session, "/api/renew", &json!({ "code": old.code(&app) })).await.json();
    let (new, ticket) = Person::claim(&app, &begun["ticket"]).await;
    let refused = app.post("/api/activate", &json!({ "ticket": ticket, "code": new.code(&app) })).await;
    assert_eq!(refused.code(), "code_rejected");
    assert_eq!(refused.json()["reason"], "already_used");
    next_code(&app);
    let proved = app.post("/api/activate", &json!({ "ticket": ticket, "code": new.code(&app) })).await;
    assert_eq!(proved.status, 200);
}

#[tokio::test]
async fn beginning_a_renewal_costs_no_try() {
    let app = TestApp::new().await;
    let (person, session) = Person::enrol(&app, "alice").await;
    for _ in 0..8 {
        next_code(&app);
        let begun = app.post_as(&session, "/api/renew", &json!({ "code": person.code(&app) })).await;
        assert_eq!(begun.status, 200, "{}", begun.text());
    }
}
