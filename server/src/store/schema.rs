//! Whether the database has the tables this program was built for. Versions and checksums of the
//! migrations in the binary are compared with those the database says were applied.
//!
//! While replicas are replaced one by one, programs of two versions share one schema: a migration
//! only adds (expand), and what nobody needs any more goes in a later version (contract). The table
//! `schema_floor` says how old a program may be. `tests/house.rs` holds the migrations to it.

use std::fmt;

use sqlx::migrate::{AppliedMigration, Migrate, Migrator};

use super::{Fault, OpenError};

/// How the database's schema stands to the one in the program. `Display` is a sentence with the
/// remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// The same, or a newer one that says this program still works on it.
    Current,
    /// The database lacks migrations: `sesame migrate` applies them.
    Behind {
        /// How many.
        pending: u32,
    },
    /// The database has migrations that this program does not know, and is too old for.
    Ahead {
        /// The newest of them.
        version: i64,
    },
    /// A migration was applied in another wording than the one in this program.
    Changed {
        /// Which.
        version: i64,
    },
}

impl fmt::Display for SchemaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Current => write!(f, "The database schema is current."),
            Self::Behind { pending: 1 } => {
                write!(f, "The database schema is 1 version behind. Run `sesame migrate` first.")
            }
            Self::Behind { pending } => {
                write!(f, "The database schema is {pending} versions behind. Run `sesame migrate` first.")
            }
            Self::Ahead { version } => write!(
                f,
                "The database schema has version {version}, which this program does not know. \
                 Run the newer program, or restore a backup made with this one."
            ),
            Self::Changed { version } => write!(
                f,
                "Version {version} of the database schema is not the one in this program. \
                 Run the program that applied it, or restore a backup made with this one."
            ),
        }
    }
}

/// Compares. What cannot be mended comes first: changed, ahead, behind. `floor` is the oldest version
/// whose programs still work on the database, if it says so.
pub(super) fn compare(applied: &[AppliedMigration], floor: Option<i64>, embedded: &Migrator) -> SchemaState {
    let known = |version| embedded.iter().find(|migration| migration.version == version);
    let changed = |a: &&AppliedMigration| known(a.version).is_some_and(|k| k.checksum != a.checksum);
    if let Some(changed) = applied.iter().find(changed) {
        return SchemaState::Changed { version: changed.version };
    }
    let unknown = applied.iter().filter(|a| known(a.version).is_none());
    if let Some(version) = unknown.map(|a| a.version).max() {
        let ours = embedded.iter().map(|migration| migration.version).max();
        if floor.zip(ours).is_none_or(|(floor, ours)| ours < floor) {
            return SchemaState::Ahead { version };
        }
    }
    let is_applied = |version| applied.iter().any(|a| a.version == version);
    match embedded.iter().filter(|migration| !is_applied(migration.version)).count() {
        0 => SchemaState::Current,
        pending => SchemaState::Behind { pending: u32::try_from(pending).unwrap_or(u32::MAX) },
    }
}

/// Applies what is pending and answers how many there were. The caller holds the lock that keeps
/// others from doing the same.
pub(super) async fn apply_pending<C: Migrate>(
    conn: &mut C,
    state: SchemaState,
    embedded: &Migrator,
) -> Result<u32, OpenError> {
    match state {
        SchemaState::Current => Ok(0),
        SchemaState::Behind { pending } => {
            conn.ensure_migrations_table(&embedded.table_name).await.map_err(Fault::from)?;
            embedded.run_direct(None, conn, false).await.map_err(Fault::from)?;
            Ok(pending)
        }
        other @ (SchemaState::Ahead { .. } | SchemaState::Changed { .. }) => Err(OpenError::Schema(other)),
    }
}

/// A row of the table in which sqlx notes what was applied.
#[derive(sqlx::FromRow)]
pub(super) struct MigrationRow {
    version: i64,
    checksum: Vec<u8>,
}

impl From<MigrationRow> for AppliedMigration {
    fn from(row: MigrationRow) -> Self {
        Self { version: row.version, checksum: row.checksum.into() }
    }
}
