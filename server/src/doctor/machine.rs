//! The machine: memory, speed, and what the system allows this process.

use std::{fs, path::Path, time::Duration};

use super::Report;
use crate::config::{Config, memory};

/// What the program needs beside its hashes.
const BASE: u64 = 32 * MIB;
const MIB: u64 = 1024 * 1024;
/// Files and connections that a busy process has open.
const LEAST_FILES: u64 = 1024;
/// How long a sign-in may spend on its hash.
const SLOW_HASH: Duration = Duration::from_secs(1);

/// What was seen of the machine. `None`: the system does not tell.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    /// Bytes that this process may use.
    pub(super) memory: Option<u64>,
    /// Files that it may have open.
    pub(super) open_files: Option<u64>,
    /// Whether a crash writes its memory to disk.
    pub(super) core_dumps: bool,
    /// Whether a time service says that the clock is right.
    pub(super) time_service: Option<bool>,
}

impl Machine {
    pub(super) fn look() -> Self {
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
        let timesync = Path::new("/run/systemd/timesync");
        Self {
            memory: memory::limit(),
            open_files: soft_limit(&limits, "Max open files"),
            core_dumps: can_be_dumped()
                && writes_dumps(&pattern, soft_limit(&limits, "Max core file size").unwrap_or(0)),
            time_service: timesync.is_dir().then(|| timesync.join("synchronized").exists()),
        }
    }
}

/// The soft limit of `name` in `/proc/self/limits`.
fn soft_limit(limits: &str, name: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    match line.split_ascii_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

/// Whether this process may be dumped at all. Every command forbids it as it starts; a sandbox that
/// answers that call with an error keeps it from doing so.
fn can_be_dumped() -> bool {
    #[cfg(target_os = "linux")]
    return !matches!(
        rustix::process::dumpable_behavior(),
        Ok(rustix::process::DumpableBehavior::NotDumpable)
    );
    #[cfg(not(target_os = "linux"))]
    false
}

/// Whether the kernel would write a dump: its limit is for files, and a program that takes dumps gets
/// them whatever the limit.
fn writes_dumps(pattern: &str, limit: u64) -> bool {
    !is_discarded(pattern) && (limit > 0 || pattern.starts_with('|'))
}

/// Whether the kernel hands core dumps to nobody.
fn is_discarded(pattern: &str) -> bool {
    matches!(
        pattern.trim(),
        "" | "/dev/null" | "|/bin/false" | "|/bin/true" | "|/usr/bin/false" | "|/usr/bin/true"
    )
}

pub(super) fn examine(config: &Config, machine: &Machine, hash: Option<Duration>, report: &mut Report) {
    let need = config.argon2.bytes().saturating_mul(u64::try_from(config.hash_permits).unwrap_or(u64::MAX));
    let memory = machine.memory.map_or_else(|| "unknown".to_owned(), |bytes| format!("{} MiB", bytes / MIB));
    let time = hash.map_or_else(|| "not tried".to_owned(), |time| format!("{} ms", time.as_millis()));
    report.saw(
        "machine",
        format!(
            "memory {memory}, of which {} hash(es) at once fill {} MiB; one hash: {time}",
            config.hash_permits,
            need / MIB
        ),
    );
    if let Some(limit) = machine.memory.filter(|limit| need.saturating_add(BASE) > *limit) {
        report.error(
            "memory-short",
            format!(
                "{} password hashes at once fill {} MiB, and this process may use {} MiB: a few people who sign in \
                 together get it killed.",
                config.hash_permits,
                need / MIB,
                limit / MIB
            ),
            "Raise the memory limit, or lower SESAME_HASH_CONCURRENCY (left out, it follows the limit).",
        );
    }
    if let Some(time) = hash.filter(|time| *time > SLOW_HASH) {
        report.warning(
            "hash-slow",
            format!(
                "One password hash takes {:.1} s or more here, and every sign-in waits for one.",
                time.as_secs_f64()
            ),
            "Give the process a whole core, or lower the SESAME_ARGON2_… settings towards their defaults.",
        );
    }
    if let Some(files) = machine.open_files.filter(|files| *files < LEAST_FILES) {
        report.warning(
            "open-files-few",
            format!("Only {files} files and connections may be open at once: many people at a time are turned away."),
            "Raise the limit to 1024 or more: `ulimit -n`, or LimitNOFILE= in the systemd unit.",
        );
    }
    if machine.core_dumps {
        report.warning(
            "core-dumps",
            "A crash would write the memory of the process to disk, keys included: the system did not let the \
             program switch that off.",
            "Let it call prctl (a seccomp profile may forbid it), or forbid dumps from outside: LimitCORE=0 in \
             the systemd unit, or `sysctl kernel.core_pattern='|/bin/false'` on the host.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    const FINE: Machine =
        Machine { memory: Some(512 * MIB), open_files: Some(1024), core_dumps: false, time_service: None };
    const QUICK: Option<Duration> = Some(Duration::from_millis(40));

    fn codes(permits: usize, machine: &Machine, hash: Option<Duration>) -> Vec<&'static str> {
        let config = Config { hash_permits: permits, ..Config::load(&Sources::default()).unwrap() };
        let mut report = Report::default();
        examine(&config, machine, hash, &mut report);
        report.codes()
    }

    #[test]
    fn a_machine_that_bears_it_is_fine_and_so_is_one_that_tells_nothing() {
        assert!(codes(4, &FINE, QUICK).is_empty());
        let silent = Machine { memory: None, open_files: None, ..FINE };
        assert!(codes(1024, &silent, None).is_empty());
    }

    #[test]
    fn each_shortage_is_found_by_its_code() {
        assert_eq!(codes(26, &FINE, QUICK), ["memory-short"]);
        assert_eq!(codes(1, &Machine { memory: Some(48 * MIB), ..FINE }, QUICK), ["memory-short"]);
        assert_eq!(codes(4, &FINE, Some(Duration::from_millis(1001))), ["hash-slow"]);
        assert_eq!(codes(4, &Machine { open_files: Some(1023), ..FINE }, QUICK), ["open-files-few"]);
        assert_eq!(codes(4, &Machine { core_dumps: true, ..FINE }, QUICK), ["core-dumps"]);
    }

    #[test]
    fn the_kernels_table_of_limits_is_read() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max core file size        unlimited            unlimited            bytes     \n\
                      Max open files            256                  4096                 files     \n";
        assert_eq!(soft_limit(limits, "Max open files"), Some(256));
        assert_eq!(soft_limit(limits, "Max core file size"), Some(u64::MAX));
        assert_eq!(soft_limit(limits, "Max nothing"), None);
        assert!(is_discarded("|/bin/false\n") && !is_discarded("core\n"));
    }

    #[test]
    fn a_program_that_takes_dumps_gets_them_whatever_the_limit() {
        assert!(writes_dumps("core\n", 1) && !writes_dumps("core\n", 0));
        assert!(writes_dumps("|/usr/lib/systemd/systemd-coredump %P", 0));
        assert!(!writes_dumps("|/bin/false", u64::MAX));
    }
}
