//! The key ring's file: written once, for its owner only; read with suspicion.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{KeyRing, KeyRingError};

/// Where faas-netes and Docker mount secrets, in memory, in a container of one user, readable by
/// everybody there whatever one asks for.
const MOUNTS: [&str; 2] = ["/var/openfaas/secrets", "/run/secrets"];

/// Why there is no key ring, as a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is no such file.
    #[error(
        "The key file {} does not exist. Put the key ring of this database there, or, for a new \
         database, make one with `sesame keys generate`.", .0.display()
    )]
    Missing(PathBuf),
    /// Anybody on the machine may read it.
    #[error(
        "The key file {} is open to everybody (mode {mode:04o}). Run `chmod 0600 {}`, and consider \
         its keys known to others.", .path.display(), .path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is no key ring.
    #[error("The key file {} is no key ring: {error}. Restore it from its backup.", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: KeyRingError,
    },
    /// There is one already.
    #[error("The key file {} exists already. It is never overwritten.", .0.display())]
    Exists(PathBuf),
    /// The system said no.
    #[error("The key file {} cannot be used: {error}.", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Reads the ring at `path`. Group access is allowed (Kubernetes projects secrets so), access for
/// everybody is not, but for reading where secrets are mounted.
pub fn read(path: &Path) -> Result<KeyRing, KeyFileError> {
    let io = |error| KeyFileError::Io { path: path.to_owned(), error };
    let mut file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => KeyFileError::Missing(path.to_owned()),
        _ => io(error),
    })?;
    let mode = file.metadata().map_err(io)?.mode() & 0o7777;
    if is_exposed(path, mode) {
        return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    io::Read::read_to_string(&mut file, &mut text).map_err(io)?;
    KeyRing::parse(&text).map_err(|error| KeyFileError::Malformed { path: path.to_owned(), error })
}

fn is_exposed(path: &Path, mode: u32) -> bool {
    let is_mounted = MOUNTS.iter().any(|mount| path.parent() == Some(Path::new(mount)));
    mode & (if is_mounted { 0o002 } else { 0o007 }) != 0
}

/// Writes a new ring to `path`, mode 0600, and makes sure that it is on disk before anything is
/// sealed with it. Never overwrites.
pub fn write_new(path: &Path, ring: &KeyRing) -> Result<(), KeyFileError> {
    let io = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
        _ => KeyFileError::Io { path: path.to_owned(), error },
    };
    if path.exists() {
        return Err(KeyFileError::Exists(path.to_owned()));
    }
    // Written beside and linked into place: a crash half-way leaves no half ring under the name.
    let draft = path.with_extension("new");
    let written = write_draft(&draft, &ring.to_text()).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    written.and(removed).map_err(io)?;
    sync_folder(path).map_err(io)
}

/// Puts another ring in the place of the one at `path`, for the same owner and group and with the same
/// mode. Whoever reads meanwhile finds the old one or the new one, whole.
pub fn replace(path: &Path, ring: &KeyRing) -> Result<(), KeyFileError> {
    let io = |error: io::Error| KeyFileError::Io { path: path.to_owned(), error };
    let old = fs::metadata(path).map_err(io)?;
    let draft = path.with_extension("new");
    let written = write_draft(&draft, &ring.to_text())
        .and_then(|()| chown(&draft, Some(old.uid()), Some(old.gid())))
        .and_then(|()| fs::set_permissions(&draft, old.permissions()))
        .and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // What went wrong first is what is told.
        let _ = fs::remove_file(&draft);
    }
    written.and_then(|()| sync_folder(path)).map_err(io)
}

fn write_draft(draft: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::crypto::SystemEntropy;

    fn ring() -> KeyRing {
        KeyRing::generate(&SystemEntropy, chrono::DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_new_ring_is_for_its_owner_only_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let made = ring();
        write_new(&path, &made).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(matches!(write_new(&path, &ring()), Err(KeyFileError::Exists(_))));
        let read = read(&path).unwrap();
        assert_eq!(read.get(1).unwrap().fingerprint(), made.get(1).unwrap().fingerprint());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_file_open_to_everybody_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        write_new(&path, &ring()).unwrap();
        for (mode, fine) in [(0o644, false), (0o602, false), (0o640, true), (0o440, true), (0o400, true)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(&path).is_ok(), fine, "{mode:o}");
        }
    }

    #[test]
    fn where_secrets_are_mounted_everybody_there_may_read_but_not_write() {
        for (path, mode, exposed) in [
            ("/var/openfaas/secrets/sesame-keys", 0o444, false),
            ("/var/openfaas/secrets/sesame-keys", 0o644, false),
            ("/var/openfaas/secrets/sesame-keys", 0o646, true),
            ("/run/secrets/sesame-keys", 0o444, false),
            ("/run/secrets/deeper/sesame-keys", 0o444, true),
            ("/var/openfaas/sesame-keys", 0o644, true),
            ("/etc/sesame/keys", 0o640, false),
            ("/etc/sesame/keys", 0o604, true),
        ] {
            assert_eq!(is_exposed(Path::new(path), mode), exposed, "{path} {mode:o}");
        }
    }

    #[test]
    fn a_missing_or_damaged_file_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        assert!(matches!(read(&path), Err(KeyFileError::Missing(_))));
        write_new(&path, &ring()).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, &text[..text.len() - 9]).unwrap();
        assert!(matches!(read(&path), Err(KeyFileError::Malformed { .. })));
    }
}
