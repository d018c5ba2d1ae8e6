//! The clock of real processes: libfaketime stands around them and reads the hour from a file, so that
//! six months are a line written, and nothing in the product knows.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use chrono::{DateTime, TimeDelta, Utc};
use domain::service::ports::Clock;

/// A clock that stands still until it is turned, for any number of processes.
pub(crate) struct FakeClock {
    now: Mutex<DateTime<Utc>>,
    file: PathBuf,
    library: PathBuf,
}

impl Clock for FakeClock {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }
}

impl FakeClock {
    pub(crate) fn new(folder: &Path, start: DateTime<Utc>, library: PathBuf) -> Self {
        let clock = Self { now: Mutex::new(start), file: folder.join("clock"), library };
        clock.turn(TimeDelta::zero());
        clock
    }

    /// The file is replaced whole: a process never reads half of it.
    pub(crate) fn turn(&self, by: TimeDelta) {
        let mut now = self.now.lock().unwrap();
        *now += by;
        let fresh = self.file.with_extension("new");
        fs::write(&fresh, now.format("%Y-%m-%d %H:%M:%S\n").to_string()).unwrap();
        fs::rename(&fresh, &self.file).unwrap();
    }

    /// Has a process live by this clock. Durations and time-outs stay real.
    pub(crate) fn set(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME_TIMESTAMP_FILE", &self.file)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("NO_FAKE_STAT", "1")
            .env("TZ", "UTC");
    }

    /// libfaketime, in its variant for programs with several threads, if this machine has it.
    pub(crate) fn library() -> Option<PathBuf> {
        let named = std::env::var_os("LIBFAKETIME").map(PathBuf::from);
        let folders =
            fs::read_dir("/usr/lib").into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let candidates = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
        named.into_iter().chain(candidates).find(|path| path.is_file())
    }
}
