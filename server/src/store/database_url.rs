//! Where the database is. Parsed once, shown without its password ever after: what is printed is
//! built from the parts that may be seen, not cut out of the text that was given.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::config;

/// A database URL: `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
#[derive(Clone)]
pub struct DatabaseUrl {
    location: Location,
    has_password: bool,
}

/// What a [`DatabaseUrl`] points to.
#[derive(Clone)]
pub(super) enum Location {
    /// A file.
    Sqlite(PathBuf),
    /// A server, a user and a database; boxed because it is large.
    Postgres(Box<PgConnectOptions>),
}

/// How what goes to the database and comes back is protected on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// It does not leave the machine.
    Local,
    /// In the clear, always or whenever the server says so.
    Open,
    /// Encrypted, whoever answers.
    Encrypted,
    /// Encrypted, and the server has shown that it is the named one.
    Verified,
}

/// Why a text is not a database URL. The text is not repeated: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Neither `sqlite:` nor `postgres://`.
    #[error("has to begin with sqlite: or postgres://")]
    Scheme,
    /// No path, or one that `SQLite` would not read as a file.
    #[error("has to name a file after sqlite:, by its path, for example sqlite:/var/lib/sesame/sesame.db")]
    Path,
    /// A `PostgreSQL` URL that does not parse.
    #[error(
        "for PostgreSQL reads postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters \
         in the password percent-encoded and one host only"
    )]
    Postgres,
}

impl DatabaseUrl {
    /// The URL of a `SQLite` file.
    #[must_use]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self { location: Location::Sqlite(path.into()), has_password: false }
    }

    /// The path, when this is a `SQLite` file.
    #[must_use]
    pub fn sqlite_path(&self) -> Option<&Path> {
        match &self.location {
            Location::Sqlite(path) => Some(path),
            Location::Postgres(_) => None,
        }
    }

    /// Whether a password stands in it.
    #[must_use]
    pub const fn has_password(&self) -> bool {
        self.has_password
    }

    /// How the way there is protected.
    #[must_use]
    pub fn wire(&self) -> Wire {
        let Location::Postgres(to) = &self.location else { return Wire::Local };
        if to.get_socket().is_some() || config::is_loopback(to.get_host()) {
            return Wire::Local;
        }
        match to.get_ssl_mode() {
            PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer => Wire::Open,
            PgSslMode::Require | PgSslMode::VerifyCa => Wire::Encrypted,
            PgSslMode::VerifyFull => Wire::Verified,
        }
    }

    pub(super) const fn location(&self) -> &Location {
        &self.location
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            Ok(Self::sqlite(sqlite_path(path)?))
        } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Ok(Self { location: postgres_location(text)?, has_password: holds_password(text) })
        } else {
            Err(DatabaseUrlError::Scheme)
        }
    }
}

fn sqlite_path(path: &str) -> Result<&str, DatabaseUrlError> {
    // `sqlite:///var/lib/x.db` is common, too.
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.contains(['?', '\0']) || path.contains(":memory:") {
        return Err(DatabaseUrlError::Path);
    }
    Ok(path)
}

fn postgres_location(text: &str) -> Result<Location, DatabaseUrlError> {
    let options = PgConnectOptions::from_str(text).map_err(|_| DatabaseUrlError::Postgres)?;
    // The driver would look for one host whose name has a comma in it.
    if options.get_host().contains(',') {
        return Err(DatabaseUrlError::Postgres);
    }
    Ok(Location::Postgres(Box::new(options)))
}

/// Whether a URL that `PostgreSQL`'s driver reads has a password, before the host or behind the rest. What
/// the driver makes of it does not tell: it also takes one from the environment.
fn holds_password(url: &str) -> bool {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let authority = place.split("//").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    user.split_once(':').is_some_and(|(_, password)| !password.is_empty())
        || query.split('&').any(|pair| pair.starts_with("password="))
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = match &self.location {
            Location::Sqlite(path) => return write!(f, "sqlite:{}", path.display()),
            Location::Postgres(options) => options,
        };
        let user = options.get_username();
        let database = options.get_database().unwrap_or(user);
        match options.get_socket() {
            Some(socket) => write!(f, "postgres://{user}@{}/{database}", socket.display()),
            None => {
                write!(f, "postgres://{user}@{}:{}/{database}", options.get_host(), options.get_port())
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        text.parse::<DatabaseUrl>().unwrap().to_string()
    }

    #[test]
    fn no_password_is_shown() {
        for text in [
            "postgres://app:s3cr%40t@db.example:6432/sesame",
            "postgresql://app@db.example:6432/sesame?password=s3cr%40t",
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), "postgres://app@db.example:6432/sesame");
            assert_eq!(format!("{url:?}"), "DatabaseUrl(postgres://app@db.example:6432/sesame)");
        }
    }

    #[test]
    fn whether_there_is_a_password_is_told() {
        let holds = |text: &str| text.parse::<DatabaseUrl>().unwrap().has_password();
        assert!(holds("postgres://app:s3cr%40t@db.example:6432/sesame"));
        assert!(holds("postgresql://app@db.example/sesame?sslmode=require&password=s3cret"));
        for text in [
            "postgres://app@db.example:6432/sesame?sslmode=require",
            "postgres://app:@db.example/sesame",
            "postgres://db.example:6432/sesame",
            "sqlite:a:b@c.db",
        ] {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn no_refusal_repeats_a_password() {
        for text in
            ["postgres://app:s3cret@db:99999/x", "postgres://app:s3cret@a,b/x", "mysql://app:s3cret@db"]
        {
            let error = text.parse::<DatabaseUrl>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cret"));
        }
    }

    #[test]
    fn a_path_stands_behind_sqlite_with_or_without_slashes() {
        assert_eq!(shown("sqlite:data/sesame.db"), "sqlite:data/sesame.db");
        assert_eq!(shown("sqlite:/var/lib/sesame.db"), "sqlite:/var/lib/sesame.db");
        assert_eq!(shown("sqlite:///var/lib/sesame.db"), "sqlite:/var/lib/sesame.db");
    }

    #[test]
    fn a_socket_is_shown_as_a_path() {
        assert_eq!(shown("postgres://postgres@localhost/x?host=/tmp/pg"), "postgres://postgres@/tmp/pg/x");
    }

    #[test]
    fn only_a_verified_server_is_safe_beyond_the_machine() {
        let wire = |text: &str| text.parse::<DatabaseUrl>().unwrap().wire();
        for local in [
            "sqlite:a.db",
            "postgres://u@localhost/x",
            "postgres://u@[::1]/x",
            "postgres://u@x/x?host=/run/pg",
        ] {
            assert_eq!(wire(local), Wire::Local, "{local}");
        }
        for (mode, expected) in [
            ("", Wire::Open),
            ("?sslmode=disable", Wire::Open),
            ("?sslmode=prefer", Wire::Open),
            ("?sslmode=require", Wire::Encrypted),
            ("?sslmode=verify-ca", Wire::Encrypted),
            ("?sslmode=verify-full", Wire::Verified),
        ] {
            assert_eq!(wire(&format!("postgres://u:p@db.example/x{mode}")), expected, "{mode}");
        }
    }

    #[test]
    fn what_is_no_file_or_server_is_refused() {
        for text in ["sqlite:", "sqlite::memory:", "sqlite:a.db?mode=ro"] {
            assert_eq!(text.parse::<DatabaseUrl>().unwrap_err(), DatabaseUrlError::Path);
        }
        assert_eq!("sesame.db".parse::<DatabaseUrl>().unwrap_err(), DatabaseUrlError::Scheme);
    }
}
