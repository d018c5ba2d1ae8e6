//! The database: the way there, whether it answers, and whether it is one this program can work on.

use domain::service::ports::StoreError;

use super::{Report, Seen};
use crate::store::{DatabaseUrl, SchemaState, Survey, Wire};

/// The oldest `PostgreSQL` that the statements are written for.
const OLDEST_POSTGRES: u32 = 15;

pub(super) fn examine(url: &DatabaseUrl, seen: &Seen, report: &mut Report) {
    wire(url, report);
    match seen {
        Err(StoreError::Unavailable(why)) => {
            report.saw("database", format!("{url}: no answer"));
            report.error(
                "database-unreachable",
                format!("The database {url} does not answer: {why}. Without it nobody can sign in."),
                "See whether it runs, whether the address, the user and the password in DATABASE_URL are right, \
                 and whether a firewall or a NetworkPolicy stands between.",
            );
        }
        Err(StoreError::Broken(why)) => {
            report.saw("database", format!("{url}: no use"));
            report.error(
                "database-broken",
                format!("The database {url} cannot be worked with: {why}."),
                "Restore it from a backup, or point DATABASE_URL to the database of Sésame.",
            );
        }
        Ok(None) => report.saw("database", format!("{url}: not there yet; the first start makes it")),
        Ok(Some(survey)) => look_into(url, survey, report),
    }
}

fn wire(url: &DatabaseUrl, report: &mut Report) {
    const REMEDY: &str = "Give the server a certificate and DATABASE_URL sslmode=verify-full (with sslrootcert= for \
                          an authority of your own).";
    match url.wire() {
        Wire::Local | Wire::Verified => {}
        Wire::Open => report.error(
            "database-tls",
            format!(
                "{url} is reached over the network, and nothing makes it encrypted: names and sealed secrets \
                     can be read and changed on the way."
            ),
            REMEDY,
        ),
        Wire::Encrypted => report.warning(
            "database-tls-unverified",
            format!("{url} is reached encrypted, but whoever answers is taken for it."),
            REMEDY,
        ),
    }
}

fn look_into(url: &DatabaseUrl, survey: &Survey, report: &mut Report) {
    let embedded = url.sqlite_path().is_some();
    let version =
        survey.server.map_or_else(String::new, |server| format!(" (PostgreSQL {})", major(server.version)));
    let schema = match survey.schema {
        SchemaState::Behind { .. } if embedded => "The next start brings its schema up to date.".to_owned(),
        schema => schema.to_string(),
    };
    report.saw("database", format!("{url}{version}: {schema}"));
    if let Some(server) = survey.server.filter(|server| major(server.version) < OLDEST_POSTGRES) {
        report.error(
            "database-old",
            format!(
                "The server is PostgreSQL {}: Sésame is written for {OLDEST_POSTGRES} and newer.",
                major(server.version)
            ),
            "Upgrade the server: dump with `pg_dump`, restore into a newer one.",
        );
    }
    match survey.schema {
        SchemaState::Current => {}
        SchemaState::Behind { .. } if embedded => {}
        SchemaState::Behind { .. } => report.refusal("schema-behind", &survey.schema.to_string()),
        SchemaState::Ahead { .. } => report.refusal("schema-ahead", &survey.schema.to_string()),
        SchemaState::Changed { .. } => report.refusal("schema-changed", &survey.schema.to_string()),
    }
}

const fn major(version: u32) -> u32 {
    version / 10_000
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::store::Server;

    const VERIFIED: &str = "postgres://u:hunter2@db.example/x?sslmode=verify-full";

    fn codes(url: &str, seen: &Seen) -> Vec<&'static str> {
        let mut report = Report::default();
        examine(&url.parse().unwrap(), seen, &mut report);
        assert!(!format!("{report:?}").contains("hunter2"), "{report:?}");
        report.codes()
    }

    fn survey(schema: SchemaState, version: u32) -> Survey {
        let server = Some(Server { version, ahead: TimeDelta::zero() });
        Survey {
            schema,
            keys: Vec::new(),
            holds_secrets: false,
            holds_unbound: false,
            newest_event: None,
            server,
        }
    }

    #[test]
    fn a_current_database_over_a_safe_way_is_fine() {
        for url in [VERIFIED, "postgres://u:hunter2@localhost/x", "sqlite:a.db"] {
            assert!(codes(url, &Ok(Some(survey(SchemaState::Current, 150_000)))).is_empty(), "{url}");
            assert!(codes(url, &Ok(None)).is_empty(), "{url}");
        }
    }

    #[test]
    fn each_way_of_being_no_use_has_its_code() {
        for (seen, code) in [
            (Ok(Some(survey(SchemaState::Current, 140_011))), "database-old"),
            (Ok(Some(survey(SchemaState::Behind { pending: 1 }, 150_000))), "schema-behind"),
            (Ok(Some(survey(SchemaState::Ahead { version: 9 }, 150_000))), "schema-ahead"),
            (Ok(Some(survey(SchemaState::Changed { version: 1 }, 150_000))), "schema-changed"),
            (Err(StoreError::Unavailable("away".to_owned())), "database-unreachable"),
            (Err(StoreError::Broken("mad".to_owned())), "database-broken"),
        ] {
            assert_eq!(codes(VERIFIED, &seen), [code]);
        }
        let behind = survey(SchemaState::Behind { pending: 2 }, 150_000);
        assert!(codes("sqlite:a.db", &Ok(Some(behind))).is_empty(), "a file is migrated by the next start");
    }

    #[test]
    fn the_way_to_a_server_elsewhere_has_to_be_safe() {
        let open = "postgres://u:hunter2@db.example/x?sslmode=";
        for mode in ["disable", "allow", "prefer"] {
            assert_eq!(codes(&format!("{open}{mode}"), &Ok(None)), ["database-tls"], "{mode}");
        }
        for mode in ["require", "verify-ca"] {
            assert_eq!(codes(&format!("{open}{mode}"), &Ok(None)), ["database-tls-unverified"], "{mode}");
        }
    }
}
