//! The folders and files that it keeps, and those that it serves.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::fs::{Access, access, statvfs};

use super::Report;
use crate::{
    config::Config,
    site::{self, SiteNotFound},
};

const MB: u64 = 1_000_000;
/// Less than this is no room for another day.
const FULL: u64 = 100 * MB;
/// Less than this, and less than a twentieth of the disk, is the time to look.
const NEARLY_FULL: u64 = 10_000 * MB;

/// What was seen of a folder, of the file in it, and of the disk below it.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
    state: State,
    disk: Option<Disk>,
    /// The database file and its permission bits.
    database: Option<(PathBuf, u32)>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Not there, but the program makes it.
    ToBeMade,
    There {
        mode: u32,
    },
    Unusable(Reason),
}

#[derive(Clone, Copy, Debug)]
enum Reason {
    Missing,
    NoFolder,
    NotWritable,
}

#[derive(Clone, Copy, Debug)]
struct Disk {
    free: u64,
    total: u64,
}

impl Folder {
    /// The folders that this configuration keeps anything in.
    pub(super) fn all_of(config: &Config) -> Vec<Self> {
        let database = config.database_url.sqlite_path();
        let mut folders = Vec::new();
        if database.is_some() || !config.keys_file_given {
            folders.push(Self::look(&config.data_dir, true, database));
        }
        let beside = database
            .and_then(Path::parent)
            .map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        if let Some(folder) = beside.filter(|folder| *folder != config.data_dir) {
            folders.push(Self::look(folder, false, database));
        }
        folders
    }

    fn look(path: &Path, is_made: bool, database: Option<&Path>) -> Self {
        let (state, stands_on) = match fs::metadata(path) {
            Ok(metadata) if !metadata.is_dir() => (State::Unusable(Reason::NoFolder), path),
            Ok(_) if !may_write(path) => (State::Unusable(Reason::NotWritable), path),
            Ok(metadata) => (State::There { mode: metadata.mode() & 0o7777 }, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_made => {
                let above = path.ancestors().find(|above| above.is_dir()).unwrap_or(Path::new("."));
                let state =
                    if may_write(above) { State::ToBeMade } else { State::Unusable(Reason::NotWritable) };
                (state, above)
            }
            Err(_) => (State::Unusable(Reason::Missing), path),
        };
        let disk = statvfs(stands_on).ok().map(|disk| Disk {
            free: disk.f_bavail.saturating_mul(disk.f_frsize),
            total: disk.f_blocks.saturating_mul(disk.f_frsize),
        });
        let database = database.filter(|file| file.parent() == Some(path));
        let database =
            database.and_then(|file| Some((file.to_owned(), fs::metadata(file).ok()?.mode() & 0o7777)));
        Self { path: path.to_owned(), state, disk, database }
    }
}

/// Whether this user may make files in `folder`.
fn may_write(folder: &Path) -> bool {
    access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

pub(super) fn examine(folder: &Folder, report: &mut Report) {
    let path = folder.path.display();
    let free = folder.disk.map_or_else(String::new, |disk| format!(", {} MB free", disk.free / MB));
    report.saw("storage", format!("{path}{free}"));
    match folder.state {
        State::ToBeMade => {}
        State::There { mode } => open_to_others(&folder.path, mode, report),
        State::Unusable(reason) => {
            let what = match reason {
                Reason::Missing => "does not exist",
                Reason::NoFolder => "is no folder",
                Reason::NotWritable => "cannot be written to by this user",
            };
            report.error(
                "data-folder-unusable",
                format!("{path}, where the database or the key ring is kept, {what}."),
                "Make it, and its owner the user that runs the program (in Kubernetes: fsGroup), or name another \
                 with SESAME_DATA_DIR or DATABASE_URL.",
            );
        }
    }
    if let Some((file, mode)) = folder.database.as_ref().filter(|(_, mode)| mode & 0o007 != 0) {
        report.error(
            "database-file-exposed",
            format!(
                "The database file {} is open to everybody on the machine (mode {mode:04o}).",
                file.display()
            ),
            format!("Run `chmod 0600` on it and on what begins with the same name: {}*.", file.display()),
        );
    }
    if let Some(disk) = folder.disk {
        room(&folder.path, disk, report);
    }
}

fn open_to_others(path: &Path, mode: u32, report: &mut Report) {
    let remedy = format!("Run `chmod 0700 {}`, or put the data into a folder below it.", path.display());
    if mode & 0o002 != 0 {
        report.error(
            "data-folder-exposed",
            format!(
                "Everybody on the machine may write to the data folder {} (mode {mode:04o}): they can put another \
                 database in its place.",
                path.display()
            ),
            remedy,
        );
    } else if mode & 0o005 != 0 {
        report.warning(
            "data-folder-exposed",
            format!(
                "Everybody on the machine may look into the data folder {} (mode {mode:04o}).",
                path.display()
            ),
            remedy,
        );
    }
}

fn room(path: &Path, disk: Disk, report: &mut Report) {
    let what = format!(
        "{} MB of {} MB are free where {} is: once it is full, nobody can sign in.",
        disk.free / MB,
        disk.total / MB,
        path.display()
    );
    let remedy = "Make room on that disk, or enlarge it.";
    if disk.free < FULL {
        report.error("disk-full", what, remedy);
    } else if disk.free < disk.total / 20 && disk.free < NEARLY_FULL {
        report.warning("disk-nearly-full", what, remedy);
    }
}

pub(super) fn examine_site(found: Result<PathBuf, SiteNotFound>, report: &mut Report) {
    match found {
        Err(error) => report.refusal("site-missing", &error.to_string()),
        Ok(folder) => {
            let missing = site::missing_in(&folder);
            report.saw("site", folder.display().to_string());
            if !missing.is_empty() {
                report.error(
                    "site-incomplete",
                    format!(
                        "The site folder {} lacks {}: pages look or work wrong.",
                        folder.display(),
                        missing.join(", ")
                    ),
                    "Build it again with `make build`, or copy all of it.",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: Folder = Folder {
        path: PathBuf::new(),
        state: State::There { mode: 0o700 },
        disk: Some(Disk { free: 20_000 * MB, total: 1_000_000 * MB }),
        database: None,
    };

    fn codes(folder: &Folder) -> Vec<&'static str> {
        let mut report = Report::default();
        examine(folder, &mut report);
        report.codes()
    }

    #[test]
    fn a_folder_of_ones_own_on_a_disk_with_room_is_fine() {
        assert!(codes(&FINE).is_empty());
        assert!(codes(&Folder { state: State::ToBeMade, disk: None, ..FINE }).is_empty());
        let database = Some((PathBuf::from("sesame.db"), 0o660));
        assert!(
            codes(&Folder { state: State::There { mode: 0o2770 }, database, ..FINE }).is_empty(),
            "a group may"
        );
    }

    #[test]
    fn each_mistake_is_found_by_its_code() {
        for mode in [0o701, 0o755, 0o777, 0o1777] {
            assert_eq!(
                codes(&Folder { state: State::There { mode }, ..FINE }),
                ["data-folder-exposed"],
                "{mode:o}"
            );
        }
        for reason in [Reason::Missing, Reason::NoFolder, Reason::NotWritable] {
            assert_eq!(codes(&Folder { state: State::Unusable(reason), ..FINE }), ["data-folder-unusable"]);
        }
        let database = Some((PathBuf::from("sesame.db"), 0o644));
        assert_eq!(codes(&Folder { database, ..FINE }), ["database-file-exposed"]);
        for (free, total, code) in [(99, 1_000, "disk-full"), (490, 10_000, "disk-nearly-full")] {
            let disk = Some(Disk { free: free * MB, total: total * MB });
            assert_eq!(codes(&Folder { disk, ..FINE }), [code]);
        }
    }

    #[test]
    fn a_folder_to_be_made_needs_a_place_that_one_may_write_to() {
        let root = tempfile::tempdir().unwrap();
        let look = |path: &str, is_made| Folder::look(&root.path().join(path), is_made, None).state;
        assert!(matches!(look("a/b", true), State::ToBeMade));
        assert!(matches!(look("a/b", false), State::Unusable(Reason::Missing)));
        fs::write(root.path().join("file"), "").unwrap();
        assert!(matches!(look("file", true), State::Unusable(Reason::NoFolder)));
        assert!(matches!(look("", true), State::There { .. }));
    }
}
