//! A database for one test: made before it, gone after it, however it ends.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io::Write as _,
    path::PathBuf,
    str::FromStr as _,
    sync::Arc,
    time::Duration,
};

use server::store::{self, DatabaseUrl, OpenError, Store, StoreOptions};
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, SqliteConnection, postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};

/// Declares tests of both databases from functions that take a [`Database`].
macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                crate::database::on_sqlite(super::$name).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                crate::database::on_postgres(concat!(module_path!(), "::", stringify!($name)), super::$name).await;
            })*
        }
    };
}

/// A test's own database, empty.
#[derive(Clone)]
pub(crate) struct Database(Arc<Place>);

enum Place {
    Sqlite { folder: tempfile::TempDir },
    Postgres { url: String },
}

impl Database {
    /// Where it is.
    pub(crate) fn url(&self) -> DatabaseUrl {
        match &*self.0 {
            Place::Sqlite { .. } => DatabaseUrl::sqlite(self.file()),
            Place::Postgres { url } => url.parse().unwrap(),
        }
    }

    /// The SQLite file.
    pub(crate) fn file(&self) -> PathBuf {
        match &*self.0 {
            Place::Sqlite { folder } => folder.path().join("sesame.db"),
            Place::Postgres { .. } => panic!("a PostgreSQL database is no file"),
        }
    }

    /// The PostgreSQL database, for a connection of one's own.
    pub(crate) fn postgres_url(&self) -> String {
        match &*self.0 {
            Place::Sqlite { .. } => panic!("a SQLite database has no server"),
            Place::Postgres { url } => url.clone(),
        }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(&*self.0, Place::Sqlite { .. })
    }

    /// A store on it, its schema current.
    pub(crate) async fn store(&self) -> Arc<dyn Store> {
        store::migrate(&self.url()).await.unwrap();
        self.open().await.unwrap()
    }

    /// What opening it as it stands answers. Tests share a machine with other work: time limits
    /// are for those that are about time.
    pub(crate) async fn open(&self) -> Result<Arc<dyn Store>, OpenError> {
        let patience = Duration::from_mins(1);
        self.open_with(StoreOptions {
            acquire_timeout: patience,
            statement_timeout: patience,
            ..StoreOptions::default()
        })
        .await
    }

    pub(crate) async fn open_with(&self, options: StoreOptions) -> Result<Arc<dyn Store>, OpenError> {
        store::open(&self.url(), options).await
    }

    /// Runs SQL behind the store's back.
    pub(crate) async fn execute(&self, sql: &str) {
        match &*self.0 {
            Place::Sqlite { .. } => {
                let mut conn = self.sqlite().await;
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
                conn.close().await.unwrap();
            }
            Place::Postgres { url } => {
                let mut conn = PgConnection::connect(url).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
            }
        }
    }

    /// Counts rows behind the store's back: `table_and_condition` follows `FROM`.
    pub(crate) async fn count(&self, table_and_condition: &str) -> i64 {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table_and_condition}"));
        match &*self.0 {
            Place::Sqlite { .. } => {
                sqlx::query_scalar(sql).fetch_one(&mut self.sqlite().await).await.unwrap()
            }
            Place::Postgres { url } => {
                let mut conn = PgConnection::connect(url).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
            }
        }
    }

    /// How many events of `kind` were written.
    pub(crate) async fn events(&self, kind: &str) -> i64 {
        self.count(&format!("audit_trail WHERE kind = '{kind}'")).await
    }

    /// A bare connection to the SQLite file.
    pub(crate) async fn sqlite(&self) -> SqliteConnection {
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(self.file())).await.unwrap()
    }
}

/// Says that a test does not run because the machine lacks something: to whoever watches, and to the
/// summary of `make test`. Fails where `SESAME_TEST_REQUIRE` names `level`.
pub(crate) fn skip(missing: &str, level: &str, name: &str) {
    let required = std::env::var("SESAME_TEST_REQUIRE").is_ok_and(|levels| levels.contains(level));
    assert!(!required, "SESAME_TEST_REQUIRE asks for {missing}, and there is none for {name}");
    let line = format!("SKIPPED (no {missing}): {name}\n");
    // Not `eprint!`: the test harness would swallow it.
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    if let Some(log) = std::env::var_os("SESAME_TEST_SKIP_LOG") {
        let mut log = std::fs::OpenOptions::new().append(true).create(true).open(log).unwrap();
        log.write_all(line.as_bytes()).unwrap();
    }
}

/// Runs a test on SQLite.
pub(crate) async fn on_sqlite<T: Future<Output = ()> + Send + 'static>(test: impl FnOnce(Database) -> T) {
    let database = Database(Arc::new(Place::Sqlite { folder: tempfile::tempdir().unwrap() }));
    test(database).await;
}

/// Runs the test `name` on PostgreSQL, or says that it does not.
pub(crate) async fn on_postgres<T: Future<Output = ()> + Send + 'static>(
    name: &str,
    test: impl FnOnce(Database) -> T,
) {
    let Ok(maintenance) = std::env::var("SESAME_TEST_DATABASE_URL") else {
        // `scripts/with-postgres` sets it.
        return skip("PostgreSQL", "postgres", name);
    };
    let fresh = format!("sesame_test_{:016x}", RandomState::new().build_hasher().finish());
    let options = PgConnectOptions::from_str(&maintenance).unwrap();
    let mut server = PgConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {fresh}"))).execute(&mut server).await.unwrap();

    // In a task, so that the database is dropped even when the test panics.
    let url = on_database(&maintenance, &fresh);
    let outcome = tokio::spawn(test(Database(Arc::new(Place::Postgres { url })))).await;
    sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE {fresh} WITH (FORCE)")))
        .execute(&mut server)
        .await
        .unwrap();
    if let Err(failed) = outcome {
        std::panic::resume_unwind(failed.into_panic());
    }
}

/// `url` with its path replaced.
fn on_database(url: &str, database: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let (scheme, rest) = base.split_once("://").unwrap();
    let authority = rest.split('/').next().unwrap();
    query.map_or_else(
        || format!("{scheme}://{authority}/{database}"),
        |query| format!("{scheme}://{authority}/{database}?{query}"),
    )
}
