//! People see their sessions and close them.

use axum::http::header;
use chrono::TimeDelta;
use domain::service::policy::Policy;
use serde_json::{Value, json};

use crate::{
    answer::page_request,
    app::{Answer, TestApp, json_request},
    person::{Person, next_code},
};

const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";

async fn list(app: &TestApp, session: &str) -> Vec<Value> {
    let answer = app.post_as(session, "/api/sessions", &json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["sessions"].as_array().unwrap().clone()
}

/// What the list calls the session that asks for it.
async fn handle(app: &TestApp, session: &str) -> String {
    let own = list(app, session).await.into_iter().find(|entry| entry["current"] == true).unwrap();
    own["session"].as_str().unwrap().to_owned()
}

async fn revoke(app: &TestApp, by: &str, handle: &str) -> Answer {
    app.post_as(by, "/api/revoke-session", &json!({ "session": handle })).await
}

async fn is_open(app: &TestApp, session: &str) -> bool {
    app.post_as(session, "/api/session", &json!({})).await.status == 200
}

#[tokio::test]
async fn req_ses_1_people_see_which_sessions_they_have_and_from_where() {
    let app = TestApp::new().await;
    let (person, first) = Person::enrol(&app, "alice").await;
    Person::enrol(&app, "eve").await;
    next_code(&app);
    let body = json!({ "username": "alice", "password": person.password, "code": person.code(&app) });
    let mut request = json_request("/api/authenticate", &body);
    request.headers_mut().insert(header::USER_AGENT, FIREFOX.parse().unwrap());
    let second = app.send(request).await.session().unwrap();
    app.clock.turn(TimeDelta::minutes(2));

    let seen = list(&app, &second).await;
    assert_eq!(seen.len(), 2, "one's own and nobody else's");
    let own = &seen[0];
    assert_eq!(
        (&own["browser"], &own["system"], &own["current"]),
        (&json!("firefox"), &json!("windows"), &json!(true))
    );
    assert_eq!(own["signed_in_at"], "2026-11-23T12:00:30Z");
    assert_eq!(own["last_used_at"], "2026-11-23T12:02:30Z", "asking is using");
    assert_eq!(own["session_expires_at"], "2026-11-24T00:00:30Z");
    assert_eq!((&seen[1]["browser"], &seen[1]["current"]), (&json!("other"), &json!(false)));
    for entry in &seen {
        let name = entry["session"].as_str().unwrap();
        assert_eq!(name.len(), 32);
        for token in [&first, &second] {
            assert!(
                !token.contains(name) && app.post_as(name, "/api/session", &json!({})).await.status == 401
            );
        }
    }
    assert_eq!(list(&app, &first).await[0]["session"], seen[1]["session"], "one's own comes first");
}

#[tokio::test]
async fn what_a_browser_says_of_itself_is_not_kept() {
    let app = TestApp::new().await;
    let (person, _) = Person::enrol(&app, "alice").await;
    next_code(&app);
    let body = json!({ "username": "alice", "password": person.password, "code": person.code(&app) });
    let mut request = json_request("/api/authenticate", &body);
    let lies = "Firefox/140.0 canary-4711 <script>alert(1)</script> '); DROP TABLE sessions; --";
    request.headers_mut().insert(header::USER_AGENT, lies.parse().unwrap());
    let session = app.send(request).await.session().unwrap();
    assert_eq!(list(&app, &session).await[0]["browser"], "firefox");
    for file in std::fs::read_dir(app.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        assert!(!bytes.windows(11).any(|window| window == b"canary-4711"), "{}", path.display());
    }
}

#[tokio::test]
async fn req_ses_1_a_session_that_is_closed_from_another_one_is_over_at_once() {
    let app = TestApp::new().await;
    let (person, first) = Person::enrol(&app, "alice").await;
    let second = person.sign_in(&app).await.session().unwrap();
    let lost = handle(&app, &first).await;
    for _ in 0..2 {
        let closed = revoke(&app, &second, &lost).await;
        assert_eq!((closed.status.as_u16(), closed.body.len()), (204, 0), "twice is no error");
        assert!(!closed.headers.contains_key(header::SET_COOKIE), "the one that asked stays");
        assert!(!closed.headers.contains_key("clear-site-data"));
    }
    assert!(!is_open(&app, &first).await);
    assert_eq!(list(&app, &second).await.len(), 1);
    for path in ["/api/sessions", "/api/revoke-other-sessions"] {
        assert_eq!(app.post_as(&first, path, &json!({})).await.code(), "unauthenticated");
    }
    let own = handle(&app, &second).await;
    assert_eq!(revoke(&app, &first, &own).await.code(), "unauthenticated", "it closes nothing any more");
}

#[tokio::test]
async fn somebody_else_s_unknown_and_finished_sessions_look_alike_and_stay_as_they_are() {
    let app = TestApp::new().await;
    let (_, alice) = Person::enrol(&app, "alice").await;
    let (person, eve) = Person::enrol(&app, "eve").await;
    let over = person.sign_in(&app).await.session().unwrap();
    let finished = handle(&app, &over).await;
    app.post_as(&over, "/api/sign-out", &json!({})).await;
    let foreign = handle(&app, &alice).await;
    let answers = [
        revoke(&app, &eve, &foreign).await,
        revoke(&app, &eve, &"0".repeat(32)).await,
        revoke(&app, &eve, &finished).await,
    ];
    for answer in &answers {
        let mut headers = answer.headers.clone();
        headers.remove("x-request-id");
        let mut first = answers[0].headers.clone();
        first.remove("x-request-id");
        assert_eq!((answer.status.as_u16(), &answer.body, headers), (204, &Vec::new(), first));
    }
    assert!(is_open(&app, &alice).await && is_open(&app, &eve).await);
}

#[tokio::test]
async fn what_cannot_be_a_session_s_name_is_refused() {
    let app = TestApp::new().await;
    let (_, session) = Person::enrol(&app, "alice").await;
    let own = handle(&app, &session).await;
    for name in
        ["", "x", &own[1..], &own.to_uppercase().replace(char::is_numeric, "A"), &format!("{own}0"), &session]
    {
        let refused = revoke(&app, &session, name).await;
        assert_eq!(refused.code(), "invalid_input", "{name}");
        assert_eq!(refused.json()["field"], "session");
    }
    assert!(is_open(&app, &session).await);
}

#[tokio::test]
async fn all_other_sessions_are_closed_in_one_go() {
    let app = TestApp::new().await;
    let (person, first) = Person::enrol(&app, "alice").await;
    let (_, eve) = Person::enrol(&app, "eve").await;
    let second = person.sign_in(&app).await.session().unwrap();
    let third = person.sign_in(&app).await.session().unwrap();
    for _ in 0..2 {
        assert_eq!(app.post_as(&second, "/api/revoke-other-sessions", &json!({})).await.status, 204);
    }
    assert!(!is_open(&app, &first).await && !is_open(&app, &third).await);
    assert!(is_open(&app, &second).await && is_open(&app, &eve).await);
    assert_eq!(app.post("/api/revoke-other-sessions", &json!({})).await.code(), "unauthenticated");
}

#[tokio::test]
async fn req_web_1_signing_out_clears_what_pages_stored_and_leaves_the_device_its_note() {
    let app = TestApp::new().await;
    let (person, first) = Person::enrol(&app, "alice").await;
    let second = person.sign_in(&app).await.session().unwrap();
    let own = handle(&app, &first).await;
    let out = [revoke(&app, &first, &own).await, app.post_as(&second, "/api/sign-out", &json!({})).await];
    for answer in &out {
        assert_eq!(answer.status, 204);
        assert_eq!(answer.headers["clear-site-data"], "\"storage\"");
        let cookies: Vec<_> =
            answer.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(cookies, ["sesame=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict"]);
    }
    assert!(!is_open(&app, &first).await && !is_open(&app, &second).await);
}

#[tokio::test]
async fn another_site_can_neither_see_nor_close_sessions() {
    let app = TestApp::new().await;
    let (person, first) = Person::enrol(&app, "alice").await;
    let second = person.sign_in(&app).await.session().unwrap();
    let named = handle(&app, &first).await;
    for (path, body) in [
        ("/api/sessions", json!({})),
        ("/api/revoke-session", json!({ "session": named })),
        ("/api/revoke-other-sessions", json!({})),
    ] {
        let mut request = page_request(&second, path, &body);
        request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        assert_eq!(app.send(request).await.code(), "cross_origin", "{path}");
    }
    assert!(is_open(&app, &first).await && is_open(&app, &second).await);
}

#[tokio::test]
async fn req_ses_1_an_account_has_no_more_sessions_than_it_may() {
    let app = TestApp::with_policy(Policy { sessions_at_most: 3, ..Policy::default() }).await;
    let (person, first) = Person::enrol(&app, "alice").await;
    let mut open = vec![first];
    for _ in 0..4 {
        app.clock.turn(TimeDelta::minutes(1));
        open.push(person.sign_in(&app).await.session().unwrap());
        // The first one is in use all the while.
        assert!(is_open(&app, &open[0]).await);
    }
    let mut left = Vec::new();
    for (index, session) in open.iter().enumerate() {
        if is_open(&app, session).await {
            left.push(index);
        }
    }
    assert_eq!(left, [0, 3, 4], "those unused for longest went");
    assert_eq!(Policy::default().sessions_at_most, 20);
}

#[tokio::test]
async fn signing_in_ends_the_session_that_the_browser_had_and_no_other() {
    let app = TestApp::new().await;
    let (alice, elsewhere) = Person::enrol(&app, "alice").await;
    let (_, bobs) = Person::enrol(&app, "bob").await;
    let sign_in = async |cookie: &str| {
        next_code(&app);
        let body = json!({ "username": "alice", "password": alice.password, "code": alice.code(&app) });
        app.send(page_request(cookie, "/api/authenticate", &body)).await.session().unwrap()
    };
    let own = alice.sign_in(&app).await.session().unwrap();
    let again = sign_in(&own).await;
    assert!(!is_open(&app, &own).await && is_open(&app, &again).await);
    assert!(is_open(&app, &elsewhere).await, "another browser's");
    // Somebody else used this browser before.
    let third = sign_in(&bobs).await;
    assert!(!is_open(&app, &bobs).await && is_open(&app, &third).await);
    // Who is refused changes nothing.
    let body = json!({ "username": "alice", "password": "wrong", "code": "000000" });
    assert_eq!(
        app.send(page_request(&third, "/api/authenticate", &body)).await.code(),
        "invalid_credentials"
    );
    assert!(is_open(&app, &third).await);
}

#[tokio::test]
async fn every_way_in_brings_a_new_token_and_none_is_ever_adopted() {
    let app = TestApp::new().await;
    // Somebody planted a cookie in the browser before its owner signed in.
    let planted = "A".repeat(43);
    let (person, ticket) = Person::to_prove(&app, "alice").await;
    let body = json!({ "ticket": ticket, "code": person.code(&app) });
    let activated = app.send(page_request(&planted, "/api/activate", &body)).await.session().unwrap();
    let mut tokens = vec![planted.clone(), activated.clone()];

    for _ in 0..2 {
        next_code(&app);
        let body = json!({ "username": "alice", "password": person.password, "code": person.code(&app) });
        for cookie in [&planted, &activated] {
            let answer = app.send(page_request(cookie, "/api/authenticate", &body)).await;
            // The second try of a code is refused; whoever is let in gets a token of their own.
            tokens.extend(answer.session());
        }
    }
    next_code(&app);
    let begun = app.post_as(&activated, "/api/renew", &json!({ "code": person.code(&app) })).await.json();
    next_code(&app);
    let (new, ticket) = Person::claim(&app, &begun["ticket"]).await;
    let body = json!({ "ticket": ticket, "code": new.code(&app) });
    let renewed = app.send(page_request(&activated, "/api/activate", &body)).await.session().unwrap();
    tokens.push(renewed.clone());

    assert_eq!(tokens.len(), 5);
    let mut unlike = tokens.clone();
    unlike.sort();
    unlike.dedup();
    assert_eq!(unlike.len(), tokens.len(), "no token is handed out twice");
    for token in &tokens {
        assert_eq!(is_open(&app, token).await, *token == renewed, "a renewal closes all that was before");
    }
}
