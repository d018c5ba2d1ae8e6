//! The database's password: who else on the machine can read it where it was given.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::Report;
use crate::config::{Origin, Partial};

pub(super) fn examine(known: &Partial, mounts: &[PathBuf], report: &mut Report) {
    if !known.config.database_url.has_password() {
        return;
    }
    match known.origin("database_url") {
        Some(Origin::Flag(flag)) => report.error(
            "password-in-flag",
            format!(
                "The password of the database was given by --{flag}: everybody on the machine reads it in the list \
                 of processes."
            ),
            "Name a file that only the program's user may read, with DATABASE_URL_FILE; then change the password.",
        ),
        Some(Origin::File(file) | Origin::Toml(file)) => exposed(file, mounts, report),
        Some(Origin::Default | Origin::Env(_)) | None => {}
    }
}

/// A mounted secret has the mode that the cluster gives it, and nobody else in the container.
fn exposed(file: &Path, mounts: &[PathBuf], report: &mut Report) {
    if mounts.iter().any(|mount| file.starts_with(mount)) {
        return;
    }
    let Ok(mode) = fs::metadata(file).map(|metadata| metadata.mode() & 0o7777) else { return };
    if mode & 0o007 != 0 {
        let file = file.display();
        report.error(
            "password-file-exposed",
            format!("{file}, which holds the password of the database, is open to everybody on the machine (mode {mode:04o})."),
            format!("Run `chmod 0600 {file}`, its owner being the user that runs the program, or `chmod 0640` with \
                     that user's group; then change the password."),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    const URL: &str = "postgres://sesame:hunter2@localhost/sesame";

    fn codes(sources: &Sources) -> Vec<&'static str> {
        let mut report = Report::default();
        examine(&Partial::load(sources).unwrap(), &sources.mounts, &mut report);
        assert!(!format!("{report:?}").contains("hunter2"), "{report:?}");
        report.codes()
    }

    #[test]
    fn a_password_on_the_command_line_is_found_and_one_in_the_environment_is_fine() {
        let flag =
            |url: &str| Sources { flags: vec![("database_url", url.to_owned())], ..Sources::default() };
        assert_eq!(codes(&flag(URL)), ["password-in-flag"]);
        assert_eq!(codes(&flag("postgres://sesame@localhost/sesame?password=hunter2")), ["password-in-flag"]);
        for harmless in ["postgres://sesame@localhost/sesame", "sqlite:a.db"] {
            assert!(codes(&flag(harmless)).is_empty(), "{harmless}");
        }
        let env = vec![("DATABASE_URL".to_owned(), URL.to_owned())];
        assert!(codes(&Sources { env, ..Sources::default() }).is_empty());
    }

    #[test]
    fn a_file_with_a_password_that_everybody_may_read_is_found_unless_it_is_a_mounted_secret() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sesame-database-url");
        fs::write(&file, URL).unwrap();
        let toml = folder.path().join("sesame.toml");
        fs::write(&toml, format!("database_url = \"{URL}\"")).unwrap();
        let named = Sources {
            env: vec![("DATABASE_URL_FILE".to_owned(), file.display().to_string())],
            ..Sources::default()
        };
        let configured = Sources { file: Some(toml.clone()), ..Sources::default() };
        let mounted = Sources { mounts: vec![folder.path().to_owned()], ..Sources::default() };
        for (mode, expected) in [(0o644, &["password-file-exposed"][..]), (0o640, &[]), (0o600, &[])] {
            for path in [&file, &toml] {
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            }
            assert_eq!(codes(&named), expected, "{mode:o}");
            assert_eq!(codes(&configured), expected, "{mode:o}");
            assert!(codes(&mounted).is_empty(), "{mode:o}");
        }
    }
}
