//! Which schema is opened, which is refused, and how it is brought up to date.

use server::store::{self, DatabaseUrl, OpenError, SchemaState, StoreOptions};

use crate::database::Database;

contract! {
    a_migrated_database_is_current,
    a_second_migration_has_nothing_to_do,
    of_migrations_at_the_same_time_one_applies,
    a_newer_schema_that_still_bears_this_program_is_current,
    a_newer_schema_is_refused_with_a_sentence,
    a_changed_schema_is_refused_with_a_sentence,
    a_database_that_lacks_migrations_says_so,
}

async fn a_migrated_database_is_current(db: Database) {
    let store = db.store().await;
    assert_eq!(store.schema().await.unwrap(), SchemaState::Current);
    store.ping().await.unwrap();
}

async fn a_second_migration_has_nothing_to_do(db: Database) {
    assert!(store::migrate(&db.url()).await.unwrap() > 0);
    assert_eq!(store::migrate(&db.url()).await.unwrap(), 0);
}

async fn of_migrations_at_the_same_time_one_applies(db: Database) {
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let url = db.url();
            tokio::spawn(async move { store::migrate(&url).await.unwrap() })
        })
        .collect();
    let mut applied = Vec::new();
    for task in tasks {
        applied.push(task.await.unwrap());
    }
    assert_eq!(applied.iter().filter(|count| **count > 0).count(), 1, "{applied:?}");
    assert_eq!(db.open().await.unwrap().schema().await.unwrap(), SchemaState::Current);
}

async fn refusal(db: &Database) -> (SchemaState, String) {
    let opened = db.open().await.err().unwrap();
    let migrated = store::migrate(&db.url()).await.unwrap_err();
    assert_eq!(opened.to_string(), migrated.to_string());
    match opened {
        OpenError::Schema(state) => (state, state.to_string()),
        other => panic!("{other}"),
    }
}

/// What a migration of a later version leaves in the database.
const FROM_THE_FUTURE: &str =
    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
     SELECT 9999, 'from the future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";

async fn a_newer_schema_that_still_bears_this_program_is_current(db: Database) {
    let store = db.store().await;
    db.execute(FROM_THE_FUTURE).await;
    assert_eq!(store.schema().await.unwrap(), SchemaState::Current);
    db.open().await.unwrap();
    assert_eq!(store::migrate(&db.url()).await.unwrap(), 0, "an older program has nothing to add");
}

async fn a_newer_schema_is_refused_with_a_sentence(db: Database) {
    let store = db.store().await;
    db.execute(FROM_THE_FUTURE).await;
    db.execute("UPDATE schema_floor SET oldest_version = 9999").await;
    assert_eq!(store.schema().await.unwrap(), SchemaState::Ahead { version: 9999 });
    let (state, sentence) = refusal(&db).await;
    assert_eq!(state, SchemaState::Ahead { version: 9999 });
    assert!(sentence.contains("newer program"), "{sentence}");
}

async fn a_changed_schema_is_refused_with_a_sentence(db: Database) {
    let store = db.store().await;
    db.execute(if db.is_sqlite() {
        "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1"
    } else {
        r"UPDATE _sqlx_migrations SET checksum = '\x00' WHERE version = 1"
    })
    .await;
    assert_eq!(store.schema().await.unwrap(), SchemaState::Changed { version: 1 });
    let (state, sentence) = refusal(&db).await;
    assert_eq!(state, SchemaState::Changed { version: 1 });
    assert!(sentence.starts_with("Version 1 "), "{sentence}");
}

async fn a_database_that_lacks_migrations_says_so(db: Database) {
    if db.is_sqlite() {
        // Opening migrates; what is missing afterwards was taken away.
        let store = db.open().await.unwrap();
        db.execute("DELETE FROM _sqlx_migrations WHERE version = 1").await;
        assert_eq!(store.schema().await.unwrap(), SchemaState::Behind { pending: 1 });
    } else {
        let refused = db.open().await.err().unwrap();
        assert!(matches!(refused, OpenError::Schema(SchemaState::Behind { .. })), "{refused}");
        assert!(refused.to_string().ends_with("Run `sesame migrate` first."), "{refused}");
        db.store().await;
        db.open().await.unwrap();
    }
}

#[tokio::test]
async fn a_new_sqlite_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sesame.db");
    let store = store::open(&DatabaseUrl::sqlite(&file), StoreOptions::default()).await.unwrap();
    store.ping().await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
}

#[tokio::test]
async fn a_sqlite_file_is_not_created_in_a_missing_folder() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::sqlite(folder.path().join("missing/sesame.db"));
    let refused = store::open(&url, StoreOptions::default()).await.err().unwrap();
    assert!(matches!(refused, OpenError::NoFolder(_)), "{refused}");
    assert!(refused.to_string().contains("missing does not exist"), "{refused}");
}
