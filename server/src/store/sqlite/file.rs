//! The database file before `SQLite` sees it.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::store::OpenError;

/// Creates the file, for its owner only, unless it exists. `SQLite` would create it by the umask;
/// its WAL and shared-memory files take over the mode they find here.
pub(super) fn create_if_missing(path: &Path) -> Result<(), OpenError> {
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(OpenError::NoFolder(folder));
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        // The folder is synced too, or a power cut could take the file's very name.
        Ok(_) => File::open(&folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| OpenError::File { path: path.to_owned(), source }),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(OpenError::File { path: path.to_owned(), source }),
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
