//! A person with a password manager and an authenticator, as far as HTTP can tell.

use chrono::TimeDelta;
use data_encoding::BASE32_NOPAD;
use domain::{secret::Secret, service::ports::Clock as _, totp};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

/// Secrets as their owner keeps them.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) totp: Vec<u8>,
}

impl Person {
    /// Registers, claims, proves: an active account and its session.
    pub(crate) async fn enrol(app: &TestApp, username: &str) -> (Self, String) {
        let registered = app.post("/api/register", &json!({ "username": username })).await;
        assert_eq!(registered.status, 200, "{}", registered.text());
        Self::follow(app, &registered.json()["ticket"]).await
    }

    /// Registers and claims both secrets: what is left is the proof, with the ticket for it.
    pub(crate) async fn to_prove(app: &TestApp, username: &str) -> (Self, Value) {
        let registered = app.post("/api/register", &json!({ "username": username })).await.json();
        Self::claim(app, &registered["ticket"]).await
    }

    /// Claims both secrets from a ticket; the ticket for the proof.
    pub(crate) async fn claim(app: &TestApp, ticket: &Value) -> (Self, Value) {
        let password = app.post("/api/generate-password", &json!({ "ticket": ticket })).await.json();
        let totp = app.post("/api/generate-2fa", &json!({ "ticket": password["ticket"] })).await.json();
        let person = Self {
            username: password["username"].as_str().unwrap().to_owned(),
            password: password["password"].as_str().unwrap().to_owned(),
            totp: BASE32_NOPAD.decode(totp["secret"].as_str().unwrap().as_bytes()).unwrap(),
        };
        (person, totp["ticket"].clone())
    }

    /// Goes through both steps and the proof from a ticket.
    pub(crate) async fn follow(app: &TestApp, ticket: &Value) -> (Self, String) {
        let (person, ticket) = Self::claim(app, ticket).await;
        let body = json!({ "ticket": ticket, "code": person.code(app) });
        let activated = app.post("/api/activate", &body).await;
        assert_eq!(activated.status, 200, "{}", activated.text());
        let session = activated.session().expect("a session cookie");
        (person, session)
    }

    /// The code that the authenticator shows now.
    pub(crate) fn code(&self, app: &TestApp) -> String {
        self.code_of(totp::step_at(app.clock.now()))
    }

    pub(crate) fn code_of(&self, step: u64) -> String {
        let digits = totp::code_of_step(&Secret::new(self.totp.clone()), step);
        String::from_utf8(digits.to_vec()).unwrap()
    }

    /// A code that is none of the admitted ones.
    pub(crate) fn wrong_code(&self, app: &TestApp) -> String {
        let now = totp::step_at(app.clock.now());
        let right: Vec<String> = (now - 1..=now + 1).map(|step| self.code_of(step)).collect();
        (0..4).map(|n| format!("{n:06}")).find(|code| !right.contains(code)).unwrap()
    }

    pub(crate) async fn sign_in_with(&self, app: &TestApp, code: Option<&str>) -> Answer {
        let body = json!({ "username": self.username, "password": self.password, "code": code });
        app.post("/api/authenticate", &body).await
    }

    /// Waits for a fresh code and signs in with it.
    pub(crate) async fn sign_in(&self, app: &TestApp) -> Answer {
        next_code(app);
        self.sign_in_with(app, Some(&self.code(app))).await
    }
}

/// Turns the clock to the next time step.
pub(crate) fn next_code(app: &TestApp) {
    app.clock.turn(TimeDelta::seconds(30));
}
