//! Single use under parallel requests, through the whole stack, also with two servers on one
//! PostgreSQL.

use std::sync::Arc;

use domain::{service::policy::Policy, throttle::Bucket};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    app::TestApp,
    database::Database,
    person::{Person, next_code},
};

/// Two servers over one database, with room for a burst.
async fn servers(database: &Database) -> [TestApp; 2] {
    let wide = Bucket { burst: 100_000, per_minute: 60_000 };
    let policy = Policy { sign_in_network: wide, register_network: wide, ..Policy::default() };
    database.store().await;
    let ring = TestApp::ring();
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let url = database.url();
    let make = || TestApp::over(&url, folder.clone(), policy.clone(), ring.clone(), "http://127.0.0.1:3000");
    [make().await, make().await]
}

/// Sends `body` `count` times at once, to both servers in turn; the statuses.
async fn burst(servers: &[TestApp; 2], path: &str, body: &Value, count: usize) -> Vec<u16> {
    let calls = (0..count).map(|n| {
        let server = &servers[n % 2];
        async move { server.post(path, body).await.status.as_u16() }
    });
    join_all(calls).await
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
    of_fifty_parallel_proofs_with_the_right_code_exactly_one_activates,
    req_otp_4_parallel_guesses_get_no_more_tries_than_one_after_the_other,
    a_life_goes_on_across_two_servers,
);
