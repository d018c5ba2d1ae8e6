//! Single use under parallel requests, through the whole stack, also with two servers on one
//! PostgreSQL.

use std::sync::Arc;

use axum::{body::Body, http::Request};
use domain::{
    device::{self, DeviceId},
    service::{policy::Policy, ports::Clock as _},
    throttle::Bucket,
    username::Username,
};
use futures::future::join_all;
use serde_json::{Value, json};
use server::crypto::{EnvelopeVault, SystemEntropy};

use crate::{
    answer::{Answer, json_request, page_request},
    app::{TestApp, send},
    database::Database,
    person::{Person, next_code},
};

/// Two servers over one database, with room for a burst.
async fn servers(database: &Database) -> [TestApp; 2] {
    let wide = Bucket { burst: 100_000, per_minute: 60_000 };
    let policy =
        Policy { sign_in_network: wide, register_network: wide, ticket_network: wide, ..Policy::default() };
    database.store().await;
    let ring = TestApp::ring();
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let url = database.url();
    let make = || TestApp::over(&url, folder.clone(), policy.clone(), ring.clone(), "http://127.0.0.1:3000");
    [make().await, make().await]
}

/// Sends all requests at once, each in a task of its own, to both servers in turn.
async fn at_once(servers: &[TestApp; 2], requests: impl Iterator<Item = Request<Body>>) -> Vec<Answer> {
    let calls = requests.enumerate().map(|(n, request)| {
        let router = servers[n % 2].router.clone();
        tokio::spawn(async move { send(&router, request).await })
    });
    join_all(calls).await.into_iter().map(Result::unwrap).collect()
}

/// Sends `body` `count` times at once; the statuses.
async fn burst(servers: &[TestApp; 2], path: &str, body: &Value, count: usize) -> Vec<u16> {
    let answers = at_once(servers, (0..count).map(|_| json_request(path, body))).await;
    answers.iter().map(|answer| answer.status.as_u16()).collect()
}

fn count(statuses: &[u16], status: u16) -> usize {
    statuses.iter().filter(|s| **s == status).count()
}

async fn req_ticket_3_of_a_thousand_parallel_claims_of_one_ticket_exactly_one_wins(database: Database) {
    let servers = servers(&database).await;
    let ticket =
        servers[0].post("/api/register", &json!({ "username": "alice" })).await.json()["ticket"].clone();
    let statuses = burst(&servers, "/api/generate-password", &json!({ "ticket": ticket }), 1000).await;
    assert_eq!((count(&statuses, 200), count(&statuses, 410)), (1, 999));
}

async fn req_otp_2_of_two_hundred_parallel_uses_of_one_step_at_most_one_opens_a_session(database: Database) {
    let servers = servers(&database).await;
    let (person, _) = Person::enrol(&servers[0], "alice").await;
    next_code(&servers[0]);
    next_code(&servers[1]);
    let code = person.code(&servers[0]);
    let body = json!({ "username": "alice", "password": person.password, "code": code });
    let statuses = burst(&servers, "/api/authenticate", &body, 200).await;
    assert_eq!(count(&statuses, 200), 1, "{statuses:?}");
    assert_eq!(count(&statuses, 200) + count(&statuses, 401) + count(&statuses, 429), 200, "{statuses:?}");
}

async fn of_fifty_parallel_proofs_with_the_right_code_exactly_one_activates(database: Database) {
    let servers = servers(&database).await;
    let ticket =
        servers[0].post("/api/register", &json!({ "username": "alice" })).await.json()["ticket"].clone();
    let password = servers[0].post("/api/generate-password", &json!({ "ticket": ticket })).await.json();
    let totp = servers[1].post("/api/generate-2fa", &json!({ "ticket": password["ticket"] })).await.json();
    let key = data_encoding::BASE32_NOPAD.decode(totp["secret"].as_str().unwrap().as_bytes()).unwrap();
    let person = Person { username: "alice".to_owned(), password: String::new(), totp: key };
    let body = json!({ "ticket": totp["ticket"], "code": person.code(&servers[0]) });
    let statuses = burst(&servers, "/api/activate", &body, 50).await;
    assert_eq!(count(&statuses, 200), 1, "{statuses:?}");
    assert_eq!(count(&statuses, 200) + count(&statuses, 410) + count(&statuses, 422), 50, "{statuses:?}");
}

async fn req_otp_4_parallel_guesses_get_no_more_tries_than_one_after_the_other(database: Database) {
    let servers = servers(&database).await;
    let (person, ticket) = Person::to_prove(&servers[0], "alice").await;
    let body = json!({ "ticket": ticket, "code": person.wrong_code(&servers[0]) });
    let statuses = burst(&servers, "/api/activate", &body, 100).await;
    assert_eq!((count(&statuses, 422), count(&statuses, 410)), (5, 95));
}

/// What became of a thousand requests of which one may win. Who finds a queue full is told so by a 503,
/// which is no refusal: nothing of theirs was judged.
fn one_won(answers: &[Answer], refusals: &[u16]) -> Answer {
    let of = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    let busy = of(503);
    let refused: usize = refusals.iter().map(|status| of(*status)).sum();
    let figures: Vec<_> = refusals.iter().map(|status| (*status, of(*status))).collect();
    assert_eq!((of(200), refused + busy), (1, answers.len() - 1), "{figures:?}, {busy} busy");
    println!("of {} requests at once 1 won; refused: {figures:?}; busy: {busy}", answers.len());
    let won = answers.iter().find(|answer| answer.status == 200).unwrap();
    Answer { status: won.status, headers: won.headers.clone(), body: won.body.clone() }
}

/// From a thousand devices that are known, each with a lane of its own, so that no delay keeps any of
/// them from being judged.
async fn req_otp_2_of_a_thousand_parallel_uses_of_one_step_exactly_one_opens_a_session(database: Database) {
    let servers = servers(&database).await;
    let (person, _) = Person::enrol(&servers[0], "alice").await;
    next_code(&servers[0]);
    next_code(&servers[1]);
    let body = json!({ "username": "alice", "password": person.password, "code": person.code(&servers[0]) });
    let vault = EnvelopeVault::new(servers[0].dependencies.ring.clone(), 1, Arc::new(SystemEntropy));
    let (alice, now) = (Username::parse("alice").unwrap(), servers[0].clock.now());
    let requests = (0..1000).map(|_| {
        let note = device::note(&vault, DeviceId::random(&SystemEntropy), &alice, now).unwrap();
        let mut request = json_request("/api/authenticate", &body);
        let cookie = format!("sesame-device={}", note.expose());
        request.headers_mut().insert("cookie", cookie.parse().unwrap());
        request.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
        request
    });
    let answers = at_once(&servers, requests.collect::<Vec<_>>().into_iter()).await;
    one_won(&answers, &[401]);
    assert_eq!(database.events("signed_in").await, 1);
    assert_eq!(database.count("sessions").await, 2, "this one and the activation's");
}

async fn of_a_thousand_parallel_proofs_with_the_right_code_exactly_one_activates(database: Database) {
    let servers = servers(&database).await;
    let (person, ticket) = Person::to_prove(&servers[0], "alice").await;
    let body = json!({ "ticket": ticket, "code": person.code(&servers[0]) });
    let answers = at_once(&servers, (0..1000).map(|_| json_request("/api/activate", &body))).await;
    let session = one_won(&answers, &[410, 422]).session().unwrap();
    assert_eq!(database.events("activated").await, 1);
    assert_eq!(database.count("sessions").await, 1);
    assert_eq!(servers[1].post_as(&session, "/api/session", &json!({})).await.status, 200);
}

async fn req_rot_3_of_a_thousand_parallel_renewals_one_begins_and_of_a_thousand_proofs_one_renews(
    database: Database,
) {
    let servers = servers(&database).await;
    let later = || {
        next_code(&servers[0]);
        next_code(&servers[1]);
    };
    let (old, session) = Person::enrol(&servers[0], "alice").await;
    later();
    let body = json!({ "code": old.code(&servers[0]) });
    let answers = at_once(&servers, (0..1000).map(|_| page_request(&session, "/api/renew", &body))).await;
    // Who comes with the same code is refused by the code, as often as a session has tries, or finds
    // the session closed by those tries.
    let begun = one_won(&answers, &[401, 422]).json();
    assert_eq!(database.events("renewal_started").await, 1);
    assert_eq!(database.count("credential_pairs").await, 2);
    later();
    assert_eq!(old.sign_in_with(&servers[1], Some(&old.code(&servers[1]))).await.status, 200);

    let (new, ticket) = Person::claim(&servers[1], &begun["ticket"]).await;
    later();
    let body = json!({ "ticket": ticket, "code": new.code(&servers[0]) });
    let answers = at_once(&servers, (0..1000).map(|_| json_request("/api/activate", &body))).await;
    let session = one_won(&answers, &[410, 422]).session().unwrap();
    assert_eq!(database.events("renewed").await, 1);
    assert_eq!(database.count("credential_pairs").await, 1);
    assert_eq!(database.count("sessions").await, 1, "all others are closed");
    assert_eq!(servers[0].post_as(&session, "/api/session", &json!({})).await.status, 200);
    later();
    assert_eq!(old.sign_in_with(&servers[0], Some(&old.code(&servers[0]))).await.status, 401);
    assert_eq!(new.sign_in_with(&servers[1], Some(&new.code(&servers[1]))).await.status, 200);
}

async fn a_life_goes_on_across_two_servers(database: Database) {
    let [one, other] = servers(&database).await;
    let (person, session) = Person::enrol(&one, "alice").await;
    assert_eq!(other.post_as(&session, "/api/session", &json!({})).await.json()["username"], "alice");
    next_code(&one);
    next_code(&other);
    let code = person.code(&one);
    assert_eq!(person.sign_in_with(&one, Some(&code)).await.status, 200);
    assert_eq!(
        person.sign_in_with(&other, Some(&code)).await.code(),
        "invalid_credentials",
        "a step counts everywhere"
    );
    other.post_as(&session, "/api/sign-out", &json!({})).await;
    assert_eq!(one.post_as(&session, "/api/session", &json!({})).await.code(), "unauthenticated");
}

contract!(
    req_ticket_3_of_a_thousand_parallel_claims_of_one_ticket_exactly_one_wins,
    req_otp_2_of_two_hundred_parallel_uses_of_one_step_at_most_one_opens_a_session,
    req_otp_2_of_a_thousand_parallel_uses_of_one_step_exactly_one_opens_a_session,
    of_fifty_parallel_proofs_with_the_right_code_exactly_one_activates,
    of_a_thousand_parallel_proofs_with_the_right_code_exactly_one_activates,
    req_rot_3_of_a_thousand_parallel_renewals_one_begins_and_of_a_thousand_proofs_one_renews,
    req_otp_4_parallel_guesses_get_no_more_tries_than_one_after_the_other,
    a_life_goes_on_across_two_servers,
);
