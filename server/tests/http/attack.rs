//! Guessing from many places at once: it gets in nowhere, costs no more hashes than tries that were
//! admitted, and keeps nobody out who signs in on a device that is known.

use axum::{
    body::Body,
    http::{HeaderValue, Request, header},
};
use chrono::TimeDelta;
use domain::throttle::CODES_AT_MOST;
use serde_json::json;
use server::http::TrustedProxies;

use crate::{
    answer::json_request,
    app::{Answer, TestApp, with_note},
    person::{Person, next_code},
};

const ACCOUNTS: usize = 100;
const ADDRESSES: usize = 1_000;
/// Tries in an ordinary run; `SESAME_TEST_SCALE=50` makes them 100,000.
const TRIES: usize = 2_000;
/// Tries between two sign-ins of the owner.
const BETWEEN: usize = 100;

pub(crate) fn scale() -> usize {
    std::env::var("SESAME_TEST_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// A service behind a proxy that tells where requests come from.
async fn app() -> TestApp {
    TestApp::new().await.rebuilt(|dependencies| {
        dependencies.trusted_proxies = TrustedProxies::new(vec!["127.0.0.0/8".parse().unwrap()]);
    })
}

fn from(address: usize, mut request: Request<Body>) -> Request<Body> {
    let address = format!("10.{}.{}.1", address / 250, address % 250);
    request.headers_mut().insert("x-forwarded-for", HeaderValue::from_str(&address).unwrap());
    request
}

/// Signs in with a fresh code, from a network of one's own and with the note of a device.
async fn sign_in(app: &TestApp, person: &Person, note: Option<&str>) -> Answer {
    next_code(app);
    let body = json!({ "username": person.username, "password": person.password, "code": person.code(app) });
    app.send(with_note(note, from(ADDRESSES + 7, json_request("/api/authenticate", &body)))).await
}

pub(crate) async fn hashes(app: &TestApp) -> f64 {
    let text = app.metrics().await;
    let line = text.lines().find_map(|line| line.strip_prefix("sesame_argon2_run_seconds_count "));
    line.unwrap().parse().unwrap()
}

#[tokio::test]
async fn req_rl_1_a_flood_from_a_thousand_addresses_gets_in_nowhere_and_keeps_no_owner_out() {
    let app = app().await;
    let mut people = Vec::new();
    for n in 0..ACCOUNTS {
        people.push(Person::enrol(&app, &format!("account-{n}")).await.0);
        app.clock.turn(TimeDelta::seconds(60));
    }
    let owner = &people[0];
    let note = sign_in(&app, owner, None).await.cookie("sesame-device").unwrap();
    let before = hashes(&app).await;

    let tries = TRIES * scale();
    let (mut judged, mut throttled, mut signed_in, mut kept_out) = (0u32, 0u32, 0u32, 0u32);
    for n in 0..tries {
        // Every other try is at the owner; the rest goes from account to account.
        let account = if n % 2 == 0 { 0 } else { n / 20 % ACCOUNTS };
        let victim = &people[account];
        // Of every third account the password has leaked.
        let password = if account % 3 == 0 { victim.password.as_str() } else { "Password123456789012345!" };
        let body = json!({
            "username": victim.username, "password": password, "code": format!("{:06}", n * 7919 % 1_000_000),
        });
        let answer = app.send(from(n * 31 % ADDRESSES, json_request("/api/authenticate", &body))).await;
        match answer.code().as_str() {
            "invalid_credentials" => judged += 1,
            "throttled" => {
                assert!(answer.headers.contains_key(header::RETRY_AFTER));
                throttled += 1;
            }
            other => panic!("try {n}: {other} {}", answer.text()),
        }
        if n % BETWEEN == BETWEEN - 1 {
            let answer = sign_in(&app, owner, Some(&note)).await;
            if answer.status == 200 {
                signed_in += 1;
            } else {
                kept_out += 1;
            }
        }
    }
    let spent = hashes(&app).await - before;
    println!(
        "{tries} tries from {ADDRESSES} addresses on {ACCOUNTS} accounts: 0 got in, {judged} judged, {throttled} \
         throttled, {spent} hashes; the owner signed in {signed_in} times and was kept out {kept_out} times"
    );
    assert!(spent <= f64::from(judged + signed_in + kept_out), "one hash a try that was admitted, at most");
    assert!(throttled > judged, "the flood is held up");
    assert!(f64::from(kept_out) <= 0.001 * f64::from(signed_in + kept_out), "the owner gets in");
}

#[tokio::test]
async fn without_a_note_the_flood_would_keep_the_owner_out_and_no_forged_note_helps() {
    let app = app().await;
    let (alice, _) = Person::enrol(&app, "alice").await;
    let (eve, _) = Person::enrol(&app, "eve").await;
    app.clock.turn(TimeDelta::seconds(30));
    let alices = sign_in(&app, &alice, None).await.cookie("sesame-device").unwrap();
    let eves = sign_in(&app, &eve, None).await.cookie("sesame-device").unwrap();
    let flood = async || {
        for n in 0..40 {
            let body = json!({ "username": "alice", "password": "wrong", "code": "000000" });
            app.send(from(n, json_request("/api/authenticate", &body))).await;
            app.clock.turn(TimeDelta::seconds(1));
        }
    };
    flood().await;
    assert_eq!(sign_in(&app, &alice, Some(&alices)).await.status, 200);
    let mut forged = alices.clone();
    forged.replace_range(30..31, if &alices[30..31] == "A" { "B" } else { "A" });
    for note in [None, Some(eves.as_str()), Some(&forged), Some(&alices[..40]), Some("x"), Some("")] {
        flood().await;
        // Half a minute passes with each sign-in, so the flood has to go on up to the moment.
        let body = json!({ "username": "alice", "password": "wrong", "code": "000000" });
        app.clock.turn(TimeDelta::seconds(30));
        app.send(from(1, json_request("/api/authenticate", &body))).await;
        let body = json!({ "username": "alice", "password": alice.password, "code": alice.code(&app) });
        let request = with_note(note, from(9, json_request("/api/authenticate", &body)));
        assert_eq!(app.send(request).await.code(), "throttled", "{note:?}");
    }
    assert_eq!(sign_in(&app, &alice, Some(&alices)).await.status, 200, "still");
    app.clock.turn(TimeDelta::days(201));
    assert_eq!(sign_in(&app, &alice, Some(&alices)).await.json()["status"], "expired");
}

#[tokio::test]
async fn a_known_device_has_no_more_guesses_than_anybody_else() {
    let app = app().await;
    let (alice, _) = Person::enrol(&app, "alice").await;
    app.clock.turn(TimeDelta::seconds(30));
    let note = sign_in(&app, &alice, None).await.cookie("sesame-device").unwrap();
    let stranger = Person { password: "wrong".to_owned(), ..alice };
    let mut codes = Vec::new();
    for _ in 0..12 {
        let body = json!({ "username": "alice", "password": stranger.password, "code": "000000" });
        let request = with_note(Some(&note), json_request("/api/authenticate", &body));
        codes.push(app.send(request).await.code());
    }
    assert_eq!(codes.iter().filter(|code| *code == "invalid_credentials").count(), 5);
}

#[tokio::test]
async fn req_otp_4_who_has_the_password_runs_out_of_codes_and_is_not_told() {
    let app = app().await;
    let (alice, _) = Person::enrol(&app, "alice").await;
    app.clock.turn(TimeDelta::seconds(30));
    let note = sign_in(&app, &alice, None).await.cookie("sesame-device").unwrap();
    for _ in 0..40 {
        app.clock.turn(TimeDelta::seconds(30));
        let wrong = alice.wrong_code(&app);
        assert_eq!(alice.sign_in_with(&app, Some(&wrong)).await.code(), "invalid_credentials");
    }
    // The right code is not looked at any more, and the answer is the same.
    assert_eq!(sign_in(&app, &alice, None).await.code(), "invalid_credentials");
    assert_eq!(sign_in(&app, &alice, Some(&note)).await.status, 200, "a known device has a lane of its own");
    app.clock.turn(TimeDelta::hours(1));
    assert_eq!(sign_in(&app, &alice, None).await.status, 200, "an hour later");
}

/// How many wrong codes the owner is told of.
async fn told(app: &TestApp, session: &str) -> u64 {
    app.post_as(session, "/api/session", &json!({})).await.json()["wrong_codes"].as_u64().unwrap()
}

#[tokio::test]
async fn req_otp_4_the_owner_is_told_who_guesses_codes_and_new_secrets_end_it() {
    let app = app().await;
    let (alice, _) = Person::enrol(&app, "alice").await;
    app.clock.turn(TimeDelta::seconds(30));
    let first = sign_in(&app, &alice, None).await;
    let note = first.cookie("sesame-device").unwrap();
    assert_eq!(told(&app, &first.session().unwrap()).await, 0);
    // A wrong password tells nothing, and neither does the owner's own mistake.
    let stranger = Person { password: "wrong".to_owned(), ..alice.clone() };
    stranger.sign_in_with(&app, Some("000000")).await;
    let body = json!({ "username": "alice", "password": alice.password, "code": alice.wrong_code(&app) });
    app.send(with_note(Some(&note), json_request("/api/authenticate", &body))).await;
    let session = sign_in(&app, &alice, Some(&note)).await.session().unwrap();
    assert_eq!(told(&app, &session).await, 0);

    for guessed in 1..=u64::from(CODES_AT_MOST) {
        app.clock.turn(TimeDelta::hours(1));
        let wrong = alice.wrong_code(&app);
        assert_eq!(alice.sign_in_with(&app, Some(&wrong)).await.code(), "invalid_credentials");
        if guessed % 25 == 0 {
            app.dependencies.sesame.purge().await.unwrap();
            let session = sign_in(&app, &alice, Some(&note)).await.session().unwrap();
            assert_eq!(told(&app, &session).await, guessed);
        }
    }
    // For good: a day does not make it forgotten, nor does a week; the answer stays what it was.
    for days in [1, 7] {
        app.clock.turn(TimeDelta::days(days));
        app.dependencies.sesame.purge().await.unwrap();
        assert_eq!(sign_in(&app, &alice, None).await.code(), "invalid_credentials");
    }
    let known = sign_in(&app, &alice, Some(&note)).await;
    assert_eq!(known.status, 200, "a known device has a lane of its own");
    next_code(&app);
    let body = json!({ "code": alice.code(&app) });
    let begun = app.post_as(&known.session().unwrap(), "/api/renew", &body).await.json();
    next_code(&app);
    let (alice, session) = Person::follow(&app, &begun["ticket"]).await;
    assert_eq!(told(&app, &session).await, 0, "of secrets that are no more");
    assert_eq!(sign_in(&app, &alice, None).await.status, 200, "on any device");
}

/// Whoever held earlier secrets may have signed in with them from as many devices as they like.
#[tokio::test]
async fn notes_from_before_the_secrets_share_the_guesses_of_strangers() {
    let app = app().await;
    let (old, _) = Person::enrol(&app, "alice").await;
    app.clock.turn(TimeDelta::seconds(30));
    let first = sign_in(&app, &old, None).await;
    let hoarded = first.cookie("sesame-device").unwrap();
    next_code(&app);
    let body = json!({ "code": old.code(&app) });
    let begun = app.post_as(&first.session().unwrap(), "/api/renew", &body).await.json();
    next_code(&app);
    let (alice, session) = Person::follow(&app, &begun["ticket"]).await;
    let guess = async |note| {
        let body = json!({ "username": "alice", "password": alice.password, "code": alice.wrong_code(&app) });
        let answer = app.send(with_note(Some(note), json_request("/api/authenticate", &body))).await;
        assert_eq!(answer.code(), "invalid_credentials");
    };
    for guessed in 1..=3 {
        guess(&hoarded).await;
        assert_eq!(told(&app, &session).await, guessed);
    }
    let known = sign_in(&app, &alice, Some(&hoarded)).await.cookie("sesame-device").unwrap();
    guess(&known).await;
    assert_eq!(told(&app, &session).await, 0, "right on that device, which from now on counts apart");
}

#[tokio::test]
async fn a_success_on_a_known_device_starts_its_count_over() {
    let app = app().await;
    let (alice, _) = Person::enrol(&app, "alice").await;
    app.clock.turn(TimeDelta::seconds(30));
    let note = sign_in(&app, &alice, None).await.cookie("sesame-device").unwrap();
    for _ in 0..12 {
        assert_eq!(sign_in(&app, &alice, Some(&note)).await.status, 200);
    }
    let body = json!({ "username": "alice", "password": "wrong", "code": "000000" });
    for _ in 0..4 {
        let answer = app.send(with_note(Some(&note), json_request("/api/authenticate", &body))).await;
        assert_eq!(answer.code(), "invalid_credentials", "mistyping is free");
    }
}
