//! An account's whole life: what has to hold whatever shape the service is run in. These tests run in
//! process (`tests/http`) and, as the acceptance suite, against the real program in each of its shapes
//! (`tests/acceptance`).

use chrono::{DateTime, Months, TimeDelta, Utc};
use domain::service::ports::Clock as _;
use serde_json::json;

use crate::{
    app::TestApp,
    person::{Person, next_code},
};

life! {
    from_nothing_to_active_to_expired_to_renewed,
    the_enrolment_code_is_spent_too,
    a_code_opens_one_session,
    codes_of_the_neighbouring_steps_are_admitted_and_no_others,
    spaces_hyphens_and_arabic_digits_in_a_code_are_fine,
    every_ticket_works_once_and_void_ones_look_alike,
    steps_cannot_be_skipped,
    starting_again_voids_what_was_shown_before,
    five_wrong_codes_spend_the_ticket_and_the_password_leads_on,
    the_last_try_may_be_right,
    a_name_can_start_over_until_its_password_is_claimed_and_is_held_until_it_lapses,
    a_lapsed_registration_is_unknown_to_sign_in,
    a_ticket_never_outlives_its_registration,
    purge_frees_lapsed_names_and_keeps_everything_alive,
}

async fn from_nothing_to_active_to_expired_to_renewed(app: TestApp) {
    let (old, session) = Person::enrol(&app, "Camille.Roux").await;
    assert_eq!(old.username, "camille.roux");
    assert_eq!(old.password.len(), 24);

    let view = app.post_as(&session, "/api/session", &json!({})).await.json();
    assert_eq!(view["username"], "camille.roux");
    let valid_until: DateTime<Utc> = view["valid_until"].as_str().unwrap().parse().unwrap();
    let six_months = app.clock.now() + Months::new(6);
    assert!(valid_until <= six_months && valid_until > six_months - TimeDelta::days(7));

    let out = app.post_as(&session, "/api/sign-out", &json!({})).await;
    assert_eq!((out.status.as_u16(), out.body.len()), (204, 0));
    assert!(out.session().is_none() && out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(app.post_as(&session, "/api/session", &json!({})).await.code(), "unauthenticated");

    let signed_in = old.sign_in(&app).await;
    assert_eq!(signed_in.json()["status"], "authenticated");
    let session = signed_in.session().unwrap();

    app.clock.turn(TimeDelta::days(184));
    assert_eq!(app.post_as(&session, "/api/session", &json!({})).await.code(), "unauthenticated");
    let expired = old.sign_in(&app).await;
    assert_eq!(expired.json()["status"], "expired");
    assert!(expired.session().is_none(), "an expired pair opens no session");

    next_code(&app);
    let (new, session) = Person::follow(&app, &expired.json()["ticket"]).await;
    assert_ne!(new.password, old.password);
    assert_eq!(app.post_as(&session, "/api/session", &json!({})).await.status, 200);
    assert_eq!(old.sign_in(&app).await.code(), "invalid_credentials");
    assert_eq!(new.sign_in(&app).await.json()["status"], "authenticated");
}

async fn the_enrolment_code_is_spent_too(app: TestApp) {
    let (person, _) = Person::enrol(&app, "alice").await;
    let same = person.code(&app);
    assert_eq!(person.sign_in_with(&app, Some(&same)).await.code(), "invalid_credentials");
    next_code(&app);
    assert_eq!(person.sign_in_with(&app, Some(&person.code(&app))).await.status, 200);
}

async fn a_code_opens_one_session(app: TestApp) {
    let (person, _) = Person::enrol(&app, "alice").await;
    assert_eq!(person.sign_in(&app).await.status, 200);
    let again = person.sign_in_with(&app, Some(&person.code(&app))).await;
    assert_eq!(again.code(), "invalid_credentials");
}

async fn codes_of_the_neighbouring_steps_are_admitted_and_no_others(app: TestApp) {
    for (name, offset, admitted) in [
        ("alice", -2i64, false),
        ("bob", -1, true),
        ("carol", 0, true),
        ("dave", 1, true),
        ("erin", 2, false),
    ] {
        let (person, _) = Person::enrol(&app, name).await;
        app.clock.turn(TimeDelta::seconds(300));
        let now = domain::totp::step_at(app.clock.now());
        let code = person.code_of(now.checked_add_signed(offset).unwrap());
        assert_eq!(person.sign_in_with(&app, Some(&code)).await.status == 200, admitted, "{offset}");
    }
}

async fn spaces_hyphens_and_arabic_digits_in_a_code_are_fine(app: TestApp) {
    let (person, _) = Person::enrol(&app, "alice").await;
    next_code(&app);
    let code = person.code(&app);
    let typed = format!(" {}-{} ", &code[..3], &code[3..]);
    assert_eq!(person.sign_in_with(&app, Some(&typed)).await.status, 200);
    next_code(&app);
    let arabic: String =
        person.code(&app).bytes().map(|b| char::from_u32(0x660 + u32::from(b - b'0')).unwrap()).collect();
    assert_eq!(person.sign_in_with(&app, Some(&arabic)).await.status, 200);
}

async fn every_ticket_works_once_and_void_ones_look_alike(app: TestApp) {
    let ticket = app.post("/api/register", &json!({ "username": "alice" })).await.json()["ticket"].clone();
    let claimed = app.post("/api/generate-password", &json!({ "ticket": ticket })).await.json();
    let used = app.post("/api/generate-password", &json!({ "ticket": ticket })).await;
    let never = app.post("/api/generate-password", &json!({ "ticket": "A".repeat(43) })).await;
    let cut = app.post("/api/generate-password", &json!({ "ticket": "short" })).await;
    app.clock.turn(TimeDelta::minutes(10));
    let lapsed = app.post("/api/generate-2fa", &json!({ "ticket": claimed["ticket"] })).await;
    for refused in [&used, &never, &cut, &lapsed] {
        assert_eq!(refused.code(), "ticket_spent");
        assert_eq!(refused.body, used.body);
    }
}

async fn steps_cannot_be_skipped(app: TestApp) {
    let ticket = app.post("/api/register", &json!({ "username": "alice" })).await.json()["ticket"].clone();
    let skip = app.post("/api/generate-2fa", &json!({ "ticket": ticket })).await;
    assert_eq!(skip.code(), "ticket_spent");
    let skip = app.post("/api/activate", &json!({ "ticket": ticket, "code": "123456" })).await;
    assert_eq!(skip.code(), "ticket_spent");
    let claimed = app.post("/api/generate-password", &json!({ "ticket": ticket })).await;
    assert_eq!(claimed.status, 200, "a refused step leaves the ticket alone");
    let skip =
        app.post("/api/activate", &json!({ "ticket": claimed.json()["ticket"], "code": "123456" })).await;
    assert_eq!(skip.code(), "ticket_spent");
}

async fn starting_again_voids_what_was_shown_before(app: TestApp) {
    let ticket = app.post("/api/register", &json!({ "username": "alice" })).await.json()["ticket"].clone();
    let first = app.post("/api/generate-password", &json!({ "ticket": ticket })).await.json();
    let totp = app.post("/api/generate-2fa", &json!({ "ticket": first["ticket"] })).await.json();
    let (person, _) = Person::follow(&app, &totp["ticket"]).await;
    assert_ne!(first["password"], person.password.as_str());
    let old = Person { password: first["password"].as_str().unwrap().to_owned(), ..person.clone() };
    assert_eq!(old.sign_in(&app).await.code(), "invalid_credentials");
    assert_eq!(person.sign_in(&app).await.status, 200);
}

async fn five_wrong_codes_spend_the_ticket_and_the_password_leads_on(app: TestApp) {
    let (person, ticket) = Person::to_prove(&app, "alice").await;
    let body = json!({ "ticket": ticket, "code": person.wrong_code(&app) });
    for left in (0..5).rev() {
        let refused = app.post("/api/activate", &body).await;
        assert_eq!(refused.code(), "code_rejected");
        assert_eq!(refused.json()["tries_left"], left);
        assert_eq!(refused.json()["reason"], "mismatch");
        assert_eq!(refused.json()["server_time"], "2026-11-23T12:00:00Z");
    }
    let right = json!({ "ticket": ticket, "code": person.code(&app) });
    assert_eq!(app.post("/api/activate", &right).await.code(), "ticket_spent");

    let resumed = person.sign_in_with(&app, None).await;
    assert_eq!(resumed.json()["status"], "activation_required");
    assert!(resumed.session().is_none());
    let totp = app.post("/api/generate-2fa", &json!({ "ticket": resumed.json()["ticket"] })).await;
    assert_eq!(totp.status, 200);
}

async fn the_last_try_may_be_right(app: TestApp) {
    let (person, ticket) = Person::to_prove(&app, "alice").await;
    for _ in 0..4 {
        let body = json!({ "ticket": ticket, "code": person.wrong_code(&app) });
        app.post("/api/activate", &body).await.code();
    }
    let right = json!({ "ticket": ticket, "code": person.code(&app) });
    assert_eq!(app.post("/api/activate", &right).await.status, 200);
}

async fn a_name_can_start_over_until_its_password_is_claimed_and_is_held_until_it_lapses(app: TestApp) {
    let register = || async { app.post("/api/register", &json!({ "username": "alice" })).await };
    let first = register().await.json()["ticket"].clone();
    let second = register().await.json()["ticket"].clone();
    assert_eq!(app.post("/api/generate-password", &json!({ "ticket": first })).await.code(), "ticket_spent");
    assert_eq!(app.post("/api/generate-password", &json!({ "ticket": second })).await.status, 200);

    let taken = register().await;
    assert_eq!(taken.code(), "username_taken");
    assert_eq!(taken.json()["field"], "username");
    app.clock.turn(TimeDelta::hours(24));
    assert_eq!(register().await.status, 200, "the registration lapsed");
}

async fn a_lapsed_registration_is_unknown_to_sign_in(app: TestApp) {
    let ticket = app.post("/api/register", &json!({ "username": "alice" })).await.json()["ticket"].clone();
    let claimed = app.post("/api/generate-password", &json!({ "ticket": ticket })).await.json();
    let body = json!({ "username": "alice", "password": claimed["password"] });
    app.clock.turn(TimeDelta::hours(23));
    assert_eq!(app.post("/api/authenticate", &body).await.json()["status"], "activation_required");
    app.clock.turn(TimeDelta::hours(1));
    assert_eq!(app.post("/api/authenticate", &body).await.code(), "invalid_credentials");
}

async fn a_ticket_never_outlives_its_registration(app: TestApp) {
    let registered = app.post("/api/register", &json!({ "username": "alice" })).await.json();
    let claimed = app.post("/api/generate-password", &json!({ "ticket": registered["ticket"] })).await.json();
    let body = json!({ "username": "alice", "password": claimed["password"] });
    app.clock.turn(TimeDelta::hours(24) - TimeDelta::minutes(3));
    let resumed = app.post("/api/authenticate", &body).await.json();
    assert_eq!(resumed["expires_at"], "2026-11-24T12:00:00Z");
    app.clock.turn(TimeDelta::minutes(3));
    assert_eq!(
        app.post("/api/generate-2fa", &json!({ "ticket": resumed["ticket"] })).await.code(),
        "ticket_spent"
    );
}

async fn purge_frees_lapsed_names_and_keeps_everything_alive(app: TestApp) {
    let (person, _) = Person::enrol(&app, "alice").await;
    app.post("/api/register", &json!({ "username": "bob" })).await;
    app.clock.turn(TimeDelta::hours(25));
    let now = app.clock.now();
    assert!(
        app.store.purge(now, now - TimeDelta::minutes(30), now).await.unwrap() >= 2,
        "bob and alice's session"
    );
    let bob = domain::username::Username::parse("bob").unwrap();
    assert!(app.store.find_account(&bob).await.unwrap().is_none());
    assert_eq!(person.sign_in(&app).await.status, 200);
}
