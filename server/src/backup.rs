//! Backup and restore of the embedded database. The key ring is not part of it: whoever has both can
//! read every TOTP secret, so they are kept in two places.
//!
//! A restored file is put in place by one rename, after it was found sound, of a schema that this
//! program knows, and sealed with the key ring at hand. Whatever fails before leaves all as it was, and
//! at no moment is there no database: the next start would make an empty one beside the ring of the old.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use crate::{
    config::Config,
    crypto::{guard, key_file},
    store::{self, DatabaseUrl},
};

/// Writes a copy of the database into the new file `to`; its size in bytes.
pub async fn backup(config: &Config, to: &Path) -> anyhow::Result<u64> {
    let database = sqlite_path(config)?;
    anyhow::ensure!(database.is_file(), "There is no database at {}.", database.display());
    anyhow::ensure!(!to.exists(), "{} exists already. A backup never overwrites anything.", to.display());
    // Under another name first: a file under its own name is complete.
    let half = beside(to, "part")?;
    remove_if_there(&half)?;
    store::copy_sqlite(database, &half).await?;
    anyhow::ensure!(
        store::is_sound_sqlite(&half).await?,
        "The copy is not sound. Check the disk and the database."
    );
    fs::rename(&half, to)?;
    sync_folder_of(to)?;
    Ok(fs::metadata(to)?.len())
}

/// What a restore did.
#[derive(Debug)]
pub struct Restored {
    /// Where the database is.
    pub database: PathBuf,
    /// Where the one that was there before went, or what was left of it.
    pub kept: Option<PathBuf>,
    /// The key that seals in it.
    pub sealing: u32,
    /// The newest key of the ring. Another one than `sealing` was put out of use by the restore.
    pub newest: u32,
}

/// Puts the backup `from` in the database's place. One that is there already is kept beside it, and
/// only if `replace` says so.
pub async fn restore(
    config: &Config,
    from: &Path,
    replace: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<Restored> {
    let database = sqlite_path(config)?.to_owned();
    anyhow::ensure!(from.is_file(), "There is no backup at {}.", from.display());
    anyhow::ensure!(
        replace || !database.exists(),
        "{} exists already. Say --replace to put the backup in its place; it will be kept beside it.",
        database.display()
    );
    anyhow::ensure!(
        !database.exists() || !store::is_in_use_sqlite(&database).await?,
        "{} is in use. Stop Sésame first.",
        database.display()
    );
    anyhow::ensure!(
        store::is_sound_sqlite(from).await?,
        "{} is not a sound database. Take another backup.",
        from.display()
    );
    let ring = key_file::read(&config.keys_file)?;

    let fresh = beside(&database, "restoring")?;
    remove_with_its_wal(&fresh)?;
    let admitted = admit(config, from, &fresh, &ring).await;
    if admitted.is_err() {
        remove_with_its_wal(&fresh)?;
    }
    let sealing = admitted?;
    let kept = keep_old(&database, now)?;
    fs::rename(&fresh, &database)?;
    sync_folder_of(&database)?;
    Ok(Restored { database, kept, sealing, newest: ring.newest() })
}

/// Copies the backup to `fresh` and has it prove, there, that it belongs to the program and the ring.
/// Gives the number of the key that seals in it.
async fn admit(
    config: &Config,
    from: &Path,
    fresh: &Path,
    ring: &crate::crypto::KeyRing,
) -> anyhow::Result<u32> {
    // Not byte by byte: what stands in a log beside the backup belongs to it.
    store::copy_sqlite_backup(from, fresh).await?;
    // Opening brings an older schema up to date and refuses a newer one.
    let store = store::open(&DatabaseUrl::sqlite(fresh), config.store).await?;
    let checked = guard::check(&*store, ring).await;
    store.close().await;
    Ok(checked?)
}

/// Gives the database a second name, for the first to be taken from it, and moves away what SQLite would
/// replay into whatever has the first. That may be there although the database itself is gone. By now
/// nothing stands in it that the database lacks: whether it is in use was asked in a way that folds it in.
fn keep_old(database: &Path, now: DateTime<Utc>) -> anyhow::Result<Option<PathBuf>> {
    let kept = beside(database, &format!("before-{}", now.format("%Y%m%dT%H%M%SZ")))?;
    let mut parts = Vec::new();
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let (from, to) = (with_suffix(database, suffix), with_suffix(&kept, suffix));
        if !from.try_exists()? {
            continue;
        }
        anyhow::ensure!(!to.try_exists()?, "{} exists already. Move it away first.", to.display());
        parts.push((from, to));
    }
    let first = parts.first().map(|(_, to)| to.clone());
    for (from, to) in parts {
        if from != *database {
            fs::rename(from, to)?;
        } else if fs::hard_link(&from, &to).is_err() {
            // Some file systems have no links.
            fs::copy(&from, &to)?;
            File::open(&to)?.sync_all()?;
        }
    }
    Ok(first)
}

fn sqlite_path(config: &Config) -> anyhow::Result<&Path> {
    config.database_url.sqlite_path().ok_or_else(|| {
        anyhow::anyhow!(
            "This is for the embedded SQLite database. PostgreSQL has pg_dump and pg_restore: see docs/operations/backup.md."
        )
    })
}

/// `path` with `.word` after its name.
fn beside(path: &Path, word: &str) -> anyhow::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| anyhow::anyhow!("{} is no file name.", path.display()))?;
    let mut name = name.to_owned();
    name.push(".");
    name.push(word);
    Ok(path.with_file_name(name))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove_with_its_wal(path: &Path) -> io::Result<()> {
    ["", "-wal", "-shm"].into_iter().try_for_each(|suffix| remove_if_there(&with_suffix(path, suffix)))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn until_another_has_its_name_the_old_database_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("sesame.db");
        fs::write(&database, "old").unwrap();
        fs::write(with_suffix(&database, "-wal"), "log").unwrap();
        let kept = keep_old(&database, DateTime::UNIX_EPOCH).unwrap().unwrap();
        // As the next start finds it when this process ends here.
        assert_eq!(fs::read_to_string(&database).unwrap(), "old");
        assert!(!with_suffix(&database, "-wal").exists());
        fs::rename(folder.path().join("sesame.db.before-19700101T000000Z-wal"), folder.path().join("log"))
            .unwrap();
        fs::write(folder.path().join("new"), "new").unwrap();
        fs::rename(folder.path().join("new"), &database).unwrap();
        assert_eq!(fs::read_to_string(&kept).unwrap(), "old");
        assert!(keep_old(&database, DateTime::UNIX_EPOCH).is_err(), "nothing that was kept is overwritten");
    }
}
