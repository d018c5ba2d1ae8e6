//! What each column of the schema says about people (RGPD articles 5, 15, 20 and 25). A new column is
//! not accepted before somebody has classified it, and what is personal stands in the export.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use domain::{
    audit::{AuditEvent, AuditKind},
    id::{AccountId, PairId},
    service::ports::{AskedBy, NewPending, NewRegistration, NewTicket},
    token::TokenDigest,
    username::Username,
};
use serde_json::Value;
use server::{
    dossier,
    store::{self, DatabaseUrl, Store, StoreOptions},
};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use crate::schema;

/// What a column holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Class {
    /// Something about a person: which field, and where the export has it.
    Personal(Field, &'static str),
    /// A secret of a person, sealed or as a digest. Nobody is handed it out.
    Secret,
    /// A random number or reference that tells rows apart.
    Reference,
    /// Nothing about anybody.
    Technical,
}

/// A field about people, as the page on privacy and a record of processing would list it. At most
/// eight (REQ-GDPR-5/25).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Name,
    Registration,
    LastSignIn,
    AgeOfSecrets,
    Sessions,
    Device,
    Events,
}

impl Class {
    /// As the hand-over guide says it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Personal(..) => "a person",
            Self::Secret => "a secret",
            Self::Reference => "a row",
            Self::Technical => "nobody",
        }
    }
}

impl Field {
    pub(crate) const ALL: [Self; 7] = [
        Self::Name,
        Self::Registration,
        Self::LastSignIn,
        Self::AgeOfSecrets,
        Self::Sessions,
        Self::Device,
        Self::Events,
    ];
}

/// Every column, and its class.
pub(crate) fn columns() -> impl Iterator<Item = (String, Class)> {
    CLASSES.iter().map(|(table, column, class)| (format!("{table}.{column}"), *class))
}

use Class::{Personal, Reference, Secret, Technical};
use Field::{AgeOfSecrets, Device, Events, LastSignIn, Name, Registration, Sessions};

/// Every column.
const CLASSES: &[(&str, &str, Class)] = &[
    ("accounts", "id", Personal(Name, "/account/id")),
    ("accounts", "username", Personal(Name, "/account/username")),
    ("accounts", "origin", Personal(Registration, "/account/asked_for_by")),
    ("accounts", "registered_at", Personal(Registration, "/account/registered_at")),
    ("accounts", "lapses_at", Personal(Registration, "/account/lapses_at")),
    ("accounts", "last_totp_step", Personal(LastSignIn, "/account/last_code_of")),
    ("accounts", "last_sign_in_at", Personal(LastSignIn, "/account/last_sign_in_at")),
    ("credential_pairs", "id", Reference),
    ("credential_pairs", "account_id", Reference),
    ("credential_pairs", "role", Personal(AgeOfSecrets, "/secrets/0/role")),
    ("credential_pairs", "password", Secret),
    ("credential_pairs", "totp", Secret),
    ("credential_pairs", "valid_until", Personal(AgeOfSecrets, "/secrets/0/valid_until")),
    // Part of valid_until.
    ("credential_pairs", "jitter_seconds", Technical),
    ("credential_pairs", "created_at", Personal(AgeOfSecrets, "/secrets/0/begun_at")),
    ("credential_pairs", "ticket_digest", Secret),
    // Of a ticket that lives minutes.
    ("credential_pairs", "ticket_expires_at", Technical),
    ("credential_pairs", "ticket_tries", Technical),
    ("credential_pairs", "ticket_seal", Technical),
    ("sessions", "token_digest", Secret),
    ("sessions", "account_id", Reference),
    ("sessions", "created_at", Personal(Sessions, "/sessions/0/opened_at")),
    ("sessions", "last_seen_at", Personal(Sessions, "/sessions/0/last_used_at")),
    ("sessions", "expires_at", Personal(Sessions, "/sessions/0/ends_at")),
    ("sessions", "tries_left", Technical),
    ("sessions", "forward_digest", Secret),
    ("sessions", "seal", Technical),
    ("sessions", "agent", Personal(Device, "/sessions/0/from")),
    // A digest of a name or a network, for a day at most.
    ("throttle_lanes", "lane", Reference),
    ("throttle_lanes", "failures", Technical),
    ("throttle_lanes", "until", Technical),
    // Empty but for what a program of before the trail writes, until it is moved there.
    ("audit_events", "id", Technical),
    ("audit_events", "at", Personal(Events, "/events/0/at")),
    ("audit_events", "account_id", Reference),
    ("audit_events", "kind", Personal(Events, "/events/0/what")),
    ("key_fingerprints", "key_id", Technical),
    ("key_fingerprints", "fingerprint", Technical),
    ("key_fingerprints", "created_at", Technical),
    ("schema_floor", "one", Technical),
    ("schema_floor", "oldest_version", Technical),
    ("pseudonyms", "account_id", Reference),
    ("pseudonyms", "key", Secret),
    ("audit_trail", "number", Technical),
    ("audit_trail", "at", Personal(Events, "/events/0/at")),
    ("audit_trail", "subject", Reference),
    ("audit_trail", "kind", Personal(Events, "/events/0/what")),
    ("audit_trail", "hash", Technical),
    ("audit_trail_ends", "one", Technical),
    ("audit_trail_ends", "base_number", Technical),
    ("audit_trail_ends", "base_hash", Technical),
    ("audit_trail_ends", "head_number", Technical),
    ("audit_trail_ends", "head_hash", Technical),
];

/// The class of a column.
pub(crate) fn class(table: &str, column: &str) -> Class {
    let mut found = CLASSES.iter().filter(|class| (class.0, class.1) == (table, column));
    match (found.next(), found.next()) {
        (Some(class), None) => class.2,
        (Some(_), Some(_)) => panic!("{table}.{column} is classified twice"),
        (None, _) => panic!("{table}.{column} is not classified: what does it say about people?"),
    }
}

fn now() -> DateTime<Utc> {
    "2026-01-15T12:00:00Z".parse().unwrap()
}

/// Somebody about whom there is something in every column.
async fn ada(folder: &std::path::Path) -> (std::sync::Arc<dyn Store>, Username) {
    let file = folder.join("sesame.db");
    let store = store::open(&DatabaseUrl::sqlite(&file), StoreOptions::default()).await.unwrap();
    let username = Username::parse("ada").unwrap();
    let account = AccountId::from_bytes([1; 16]);
    let ticket = NewTicket {
        digest: TokenDigest::from_bytes([2; 32]),
        expires_at: now() + Duration::minutes(10),
        tries: 5,
        seal: None,
    };
    let new = NewRegistration {
        account,
        username: username.clone(),
        asked_by: AskedBy::Owner,
        now: now(),
        lapses_at: now() + Duration::hours(24),
        pending: NewPending { pair: PairId::from_bytes([3; 16]), ticket },
    };
    let event = AuditEvent { at: now(), account, kind: AuditKind::Registered };
    store.register(&new, &event).await.unwrap();
    let mut database = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let rest = "
        UPDATE accounts SET last_totp_step = 58949280, last_sign_in_at = registered_at + 1000000;
        INSERT INTO credential_pairs (id, account_id, role, password, totp, valid_until, jitter_seconds, created_at)
        SELECT zeroblob(16), id, 'active', x'01', x'01', registered_at + 9000000, 0, registered_at FROM accounts;
        INSERT INTO sessions (token_digest, account_id, created_at, last_seen_at, expires_at, tries_left)
        SELECT zeroblob(32), id, registered_at, registered_at + 1, registered_at + 2, 5 FROM accounts";
    sqlx::raw_sql(AssertSqlSafe(rest)).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    (store, username)
}

#[tokio::test]
async fn req_gdpr_15_20_what_is_personal_in_the_schema_stands_in_the_export() {
    let folder = tempfile::tempdir().unwrap();
    let (store, username) = ada(folder.path()).await;
    let dossier = dossier::gather(&*store, &username, now()).await.unwrap().unwrap();
    let dossier = serde_json::to_value(&dossier).unwrap();
    let mut told = BTreeSet::new();
    for table in schema::tables(&mut schema::migrated().await).await {
        for column in table.columns {
            if let Class::Personal(_, pointer) = class(&table.name, &column.name) {
                let value = dossier.pointer(pointer);
                assert!(value.is_some_and(|value| !value.is_null()), "{pointer} is missing: {dossier}");
                told.insert(pointer);
            }
        }
    }
    // And nothing else that nobody classified.
    let list = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for (part, values) in
        [("/account", "/account"), ("/sessions/0", "/sessions/0"), ("/events/0", "/events/0")]
    {
        for key in list(dossier.pointer(values).unwrap()) {
            assert!(key == "state" || told.contains(format!("{part}/{key}").as_str()), "{part}/{key}");
        }
    }
    store.close().await;
}

#[tokio::test]
async fn req_gdpr_5_25_at_most_eight_fields_are_about_a_person_and_every_column_is_classified() {
    let mut fields = BTreeSet::new();
    let mut columns = 0;
    for table in schema::tables(&mut schema::migrated().await).await {
        for column in table.columns {
            columns += 1;
            if let Personal(field, _) = class(&table.name, &column.name) {
                fields.insert(field);
            }
        }
    }
    assert!((1..=8).contains(&fields.len()), "{fields:?}");
    assert_eq!(columns, CLASSES.len(), "a column is classified that is not there");
}
