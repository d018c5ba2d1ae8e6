//! People at the API of a real process: they enrol, and sign in with what they got.

use std::time::{Duration, Instant};

use data_encoding::BASE32_NOPAD;
use domain::{secret::Secret, service::ports::Clock as _, totp};
use serde_json::{Value, json};
use server::clock::SystemClock;

use crate::process::Server;

/// Longer than two time steps.
const PATIENCE: Duration = Duration::from_mins(2);

/// Somebody with an active account.
pub(crate) struct Person {
    username: String,
    password: String,
    totp: Secret,
    /// The last time step that was spent.
    step: u64,
}

/// The status and the body of a POST to the server at `address`; 0 where no answer came.
pub(crate) fn post(address: &str, path: &str, body: &Value) -> (u16, Value, String) {
    let answer = Server::request_to(address, "POST", path, &body.to_string());
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = answer.split("\r\n\r\n").nth(1).and_then(|body| serde_json::from_str(body).ok());
    (status, body.unwrap_or_default(), answer)
}

impl Person {
    /// Enrols somebody; an error is the answer that was not what it should be. Also gives the whole
    /// answer of the activation, which has the cookies.
    pub(crate) fn enrol(address: &str, username: &str) -> Result<(Self, String), String> {
        let (registered, _) = step(address, "/api/register", &json!({ "username": username }))?;
        Self::enrol_with(address, username, &registered["ticket"])
    }

    /// The same, by a ticket that they were given.
    pub(crate) fn enrol_with(
        address: &str,
        username: &str,
        ticket: &Value,
    ) -> Result<(Self, String), String> {
        let (claimed, _) = step(address, "/api/generate-password", &json!({ "ticket": ticket }))?;
        let (enrolment, _) = step(address, "/api/generate-2fa", &json!({ "ticket": claimed["ticket"] }))?;
        let secret = enrolment["secret"].as_str().unwrap_or_default();
        let totp = Secret::new(BASE32_NOPAD.decode(secret.as_bytes()).map_err(|error| error.to_string())?);
        let spent = totp::step_at(SystemClock.now());
        let proof = json!({ "ticket": enrolment["ticket"], "code": code(&totp, spent) });
        let (_, activated) = step(address, "/api/activate", &proof)?;
        let password = claimed["password"].as_str().unwrap_or_default().to_owned();
        Ok((Self { username: username.to_owned(), password, totp, step: spent }, activated))
    }

    /// What they were shown.
    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// Signs in with the next code that was not used yet; codes of the coming time step are admitted.
    pub(crate) fn sign_in(&mut self, address: &str) -> Result<(), String> {
        let begun = Instant::now();
        while self.step > totp::step_at(SystemClock.now()) {
            assert!(begun.elapsed() < PATIENCE, "the clock stands still");
            std::thread::sleep(Duration::from_millis(50));
        }
        self.step = (self.step + 1).max(totp::step_at(SystemClock.now()));
        let code = code(&self.totp, self.step);
        let body = json!({ "username": self.username, "password": self.password, "code": code });
        match post(address, "/api/authenticate", &body) {
            (200, answer, _) if answer["status"] == "authenticated" => Ok(()),
            (_, _, whole) => Err(format!("{}: {whole}", self.username)),
        }
    }
}

/// The answer to a request that has to succeed, and all of it; an error is what came instead.
fn step(address: &str, path: &str, body: &Value) -> Result<(Value, String), String> {
    match post(address, path, body) {
        (200, answer, whole) => Ok((answer, whole)),
        (_, _, whole) => Err(format!("{path}: {whole}")),
    }
}

fn code(totp: &Secret, step: u64) -> String {
    totp::code_of_step(totp, step).iter().map(|digit| char::from(*digit)).collect()
}
