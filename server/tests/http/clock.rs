//! A clock that jumps, an hour or a year, either way. While it is wrong nobody gets in by it, and nothing
//! that ended or was used comes back; when it is right again, everybody goes on at once, whatever it dated
//! meanwhile.

use chrono::TimeDelta;
use domain::{service::ports::Clock as _, totp};
use serde_json::json;
use server::store::check;

use crate::{
    app::TestApp,
    database::Database,
    person::{Person, next_code},
};

async fn is_open(app: &TestApp, session: &str) -> bool {
    let answer = app.post_as(session, "/api/session", &json!({})).await;
    assert!(matches!(answer.status.as_u16(), 200 | 401), "{}", answer.text());
    answer.status == 200
}

/// Somebody whose authenticator keeps the right time, and what they had and have.
struct Owner {
    person: Person,
    open: String,
    /// Signed out, ended by idleness, and ended by a renewal.
    over: Vec<String>,
    used_code: String,
    used_ticket: serde_json::Value,
}

async fn owner(app: &TestApp, name: &str) -> Owner {
    let (before, idle) = Person::enrol(app, name).await;
    app.clock.turn(TimeDelta::minutes(40));
    let signed_out = before.sign_in(app).await.session().unwrap();
    app.post_as(&signed_out, "/api/sign-out", &json!({})).await;
    let renewed = before.sign_in(app).await.session().unwrap();
    next_code(app);
    let begun = app.post_as(&renewed, "/api/renew", &json!({ "code": before.code(app) })).await.json();
    next_code(app);
    let (person, open) = Person::follow(app, &begun["ticket"]).await;
    let used_code = person.code(app);
    Owner {
        person,
        open,
        over: vec![idle, signed_out, renewed],
        used_code,
        used_ticket: begun["ticket"].clone(),
    }
}

/// What must be refused whatever the clock says.
async fn nothing_comes_back(app: &TestApp, owner: &Owner) {
    for session in &owner.over {
        assert!(!is_open(app, session).await);
    }
    let again = owner.person.sign_in_with(app, Some(&owner.used_code)).await;
    assert_eq!(again.status, 401, "a code works once");
    let ticket = json!({ "ticket": owner.used_ticket });
    assert_eq!(app.post("/api/generate-password", &ticket).await.code(), "ticket_spent");
}

async fn a_jump(database: Database, by: TimeDelta) {
    let app = TestApp::on(&database).await;
    let owner = owner(&app, "ada").await;
    assert!(is_open(&app, &owner.open).await);
    nothing_comes_back(&app, &owner).await;
    let sessions = database.count("sessions").await;

    app.clock.turn(by);
    nothing_comes_back(&app, &owner).await;
    assert!(!is_open(&app, &owner.open).await, "who could say for how long it has been open?");
    let renew = app.post_as(&owner.open, "/api/renew", &json!({ "code": owner.person.code(&app) })).await;
    assert_eq!(renew.code(), "unauthenticated");
    // As often as wrong codes are free, each as soon as the longest delay of a name admits it.
    for _ in 0..14 {
        app.clock.turn(TimeDelta::seconds(31));
        let shown = owner.person.code_of(totp::step_at(app.clock.now() - by));
        let refused = owner.person.sign_in_with(&app, Some(&shown)).await;
        assert_eq!(refused.code(), "invalid_credentials");
    }
    assert_eq!(app.post("/api/register", &json!({ "username": "newcomer" })).await.status, 200);
    assert_eq!(database.count("sessions").await, sessions, "none was opened");

    app.clock.turn(-by);
    assert!(is_open(&app, &owner.open).await, "nobody is signed out by it");
    nothing_comes_back(&app, &owner).await;
    let signed_in = owner.person.sign_in(&app).await;
    assert_eq!(signed_in.status, 200, "at once: {}", signed_in.text());
    let (_, session) = Person::enrol(&app, "bob").await;
    assert!(is_open(&app, &session).await);
    check(&*app.store, None).await.unwrap();
}

async fn req_err_1_a_clock_an_hour_ahead_lets_nobody_in_and_keeps_nobody_out_afterwards(database: Database) {
    a_jump(database, TimeDelta::hours(1)).await;
}

async fn req_err_1_a_clock_an_hour_behind_lets_nobody_in_and_keeps_nobody_out_afterwards(database: Database) {
    a_jump(database, TimeDelta::hours(-1)).await;
}

async fn req_err_1_a_clock_a_year_ahead_lets_nobody_in_and_keeps_nobody_out_afterwards(database: Database) {
    a_jump(database, TimeDelta::days(365)).await;
}

async fn req_err_1_a_clock_a_year_behind_lets_nobody_in_and_keeps_nobody_out_afterwards(database: Database) {
    a_jump(database, TimeDelta::days(-365)).await;
}

/// What a purge takes by a clock that is ahead is gone, sessions among it; nobody's way in is.
async fn req_err_1_a_purge_by_a_clock_a_year_ahead_takes_no_way_in(database: Database) {
    let app = TestApp::on(&database).await;
    let owner = owner(&app, "ada").await;
    app.clock.turn(TimeDelta::days(365));
    app.dependencies.sesame.purge().await.unwrap();
    app.clock.turn(TimeDelta::days(-365));
    assert!(!is_open(&app, &owner.open).await);
    let signed_in = owner.person.sign_in(&app).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text());
}

/// Secrets that have expired do not open again by a clock that is behind: the time step of the last
/// sign-in says that it has been later.
async fn req_err_1_expired_secrets_open_nothing_by_a_clock_a_year_behind(database: Database) {
    let app = TestApp::on(&database).await;
    let owner = owner(&app, "ada").await;
    app.clock.turn(TimeDelta::days(190));
    let (wrong_time, known) = (app.clock.now() - TimeDelta::days(365), &owner.person);
    app.clock.turn(TimeDelta::days(-365));
    assert_eq!(app.clock.now(), wrong_time);
    // Even with codes of that time, which no authenticator shows.
    assert_eq!(known.sign_in_with(&app, Some(&known.code(&app))).await.code(), "invalid_credentials");
    app.clock.turn(TimeDelta::days(365));
    assert_eq!(known.sign_in(&app).await.json()["status"], "expired");
}

contract!(
    req_err_1_a_clock_an_hour_ahead_lets_nobody_in_and_keeps_nobody_out_afterwards,
    req_err_1_a_clock_an_hour_behind_lets_nobody_in_and_keeps_nobody_out_afterwards,
    req_err_1_a_clock_a_year_ahead_lets_nobody_in_and_keeps_nobody_out_afterwards,
    req_err_1_a_clock_a_year_behind_lets_nobody_in_and_keeps_nobody_out_afterwards,
    req_err_1_a_purge_by_a_clock_a_year_ahead_takes_no_way_in,
    req_err_1_expired_secrets_open_nothing_by_a_clock_a_year_behind,
);
