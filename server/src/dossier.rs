//! Everything that is kept about a person, as JSON (RGPD articles 15 and 20): `sesame account export`.
//!
//! A test holds it to the schema: a new column is not accepted before somebody has said whether it is
//! about a person, and if so, where it stands here.

use chrono::{DateTime, SubsecRound as _, Utc};
use domain::{service::ports::StoreError, totp, username::Username};
use serde::Serialize;

use crate::store::{Person, Store};

/// The form of the file, for programs that read it.
const FORMAT: &str = "sesame account export 1";

/// What is kept of a secret: nothing that would help to have it.
const SEALED: &str = "kept sealed; nobody can read it out";

/// Everything about one person.
#[derive(Debug, Serialize)]
pub struct Dossier {
    format: &'static str,
    exported_at: DateTime<Utc>,
    account: Account,
    secrets: Vec<Secrets>,
    sessions: Vec<Session>,
    events: Vec<Event>,
}

#[derive(Debug, Serialize)]
struct Account {
    id: String,
    username: String,
    asked_for_by: String,
    state: &'static str,
    registered_at: DateTime<Utc>,
    lapses_at: Option<DateTime<Utc>>,
    last_sign_in_at: Option<DateTime<Utc>>,
    last_code_of: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize)]
struct Secrets {
    role: &'static str,
    begun_at: DateTime<Utc>,
    valid_until: Option<DateTime<Utc>>,
    password_and_totp: &'static str,
}

#[derive(Debug, Serialize)]
struct Session {
    opened_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    from: String,
}

#[derive(Debug, Serialize)]
struct Event {
    at: DateTime<Utc>,
    what: String,
}

/// Gathers everything about the person with the name, as of `now`; `None` if nobody has it.
pub async fn gather(
    store: &dyn Store,
    username: &Username,
    now: DateTime<Utc>,
) -> Result<Option<Dossier>, StoreError> {
    let Some(person) = store.person(username).await? else { return Ok(None) };
    // Those that are over stand there too, until the next purge.
    let ever = DateTime::UNIX_EPOCH;
    let sessions =
        store.list_sessions(person.account, ever, ever).await?.into_iter().map(|session| Session {
            opened_at: session.created_at,
            last_used_at: session.last_seen_at,
            ends_at: session.expires_at,
            from: session.agent.to_words(),
        });
    let events = store.entries_about(person.account).await?;
    Ok(Some(Dossier {
        format: FORMAT,
        exported_at: now.trunc_subsecs(0),
        secrets: secrets(&person),
        account: account(person, now),
        sessions: sessions.collect(),
        events: events.into_iter().map(|entry| Event { at: entry.at, what: entry.kind }).collect(),
    }))
}

fn account(person: Person, now: DateTime<Utc>) -> Account {
    Account {
        id: person.account.to_string(),
        username: person.username.to_string(),
        state: person.state(now).as_str(),
        asked_for_by: person.origin,
        registered_at: person.registered_at,
        lapses_at: person.lapses_at,
        last_sign_in_at: person.last_sign_in_at,
        last_code_of: person.last_step.and_then(begin_of),
    }
}

/// When a time step begins.
fn begin_of(step: u64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(i64::try_from(step.checked_mul(totp::STEP_SECONDS)?).ok()?, 0)
}

fn secrets(person: &Person) -> Vec<Secrets> {
    let active = person.active.map(|(begun_at, until)| ("active", begun_at, Some(until)));
    let pending = person.pending.map(|begun_at| ("being enrolled", begun_at, None));
    let pairs = active.into_iter().chain(pending);
    let of =
        |(role, begun_at, valid_until)| Secrets { role, begun_at, valid_until, password_and_totp: SEALED };
    pairs.map(of).collect()
}
