//! How much memory this process may use, and how many password hashes that affords at once.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use crate::crypto::Argon2Cost;

/// Where Linux says which control groups this process is in.
const MEMBERSHIP: &str = "/proc/self/cgroup";
/// The machine's own memory.
const MACHINE: &str = "/proc/meminfo";

/// min(cores, half the memory limit / one hash), at least 1. Half, because the rest of the
/// program needs some too.
pub(super) fn hash_permits(cost: Argon2Cost) -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    permits(cores, limit(), cost)
}

fn permits(cores: usize, limit: Option<u64>, cost: Argon2Cost) -> usize {
    let affordable = limit.map_or(u64::MAX, |bytes| bytes / 2 / cost.bytes());
    cores.min(usize::try_from(affordable).unwrap_or(usize::MAX)).max(1)
}

/// The bytes that this process may use: the least of what its control groups allow and what the
/// machine has.
pub(crate) fn limit() -> Option<u64> {
    let membership = fs::read_to_string(MEMBERSHIP).unwrap_or_default();
    // "max" (no limit) is not a number and falls through.
    let groups = limit_files(&membership)
        .into_iter()
        .filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok());
    let machine = fs::read_to_string(MACHINE).ok().and_then(|text| memory_total(&text));
    groups.chain(machine).min()
}

/// The files with the limits of the groups in `membership` and of every group around them (cgroup 2
/// and 1). In a container the path may be the host's: then only the root is there, which is ours.
fn limit_files(membership: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in membership.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (root, name) = match parts.next() {
            Some("") => ("/sys/fs/cgroup", "memory.max"),
            Some(controllers) if controllers.split(',').any(|controller| controller == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let path = Path::new(parts.next().unwrap_or_default().trim_start_matches('/'));
        files.extend(path.ancestors().map(|group| Path::new(root).join(group).join(name)));
    }
    files
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn memory_total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_follow_the_scarcer_of_cores_and_memory() {
        let cost = Argon2Cost::OWASP;
        assert_eq!(permits(8, None, cost), 8);
        assert_eq!(permits(8, Some(128 << 20), cost), 3);
        assert_eq!(permits(8, Some(1), cost), 1);
    }

    #[test]
    fn the_limits_of_a_group_and_of_all_around_it_count() {
        assert_eq!(
            limit_files("0::/system.slice/sesame.service\n"),
            [
                "/sys/fs/cgroup/system.slice/sesame.service/memory.max",
                "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/memory.max",
            ]
            .map(PathBuf::from)
        );
        assert_eq!(limit_files("0::/\n"), [PathBuf::from("/sys/fs/cgroup/memory.max")]);
        let one = limit_files("5:devices:/a\n4:memory,hugetlb:/a\n");
        assert_eq!(
            one,
            ["/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
                .map(PathBuf::from)
        );
    }

    #[test]
    fn the_machine_has_what_it_says() {
        assert_eq!(memory_total("MemTotal:        8029476 kB\nMemFree: 1 kB\n"), Some(8_029_476 * 1024));
        assert_eq!(memory_total(""), None);
        assert!(limit().is_some_and(|bytes| bytes > 1 << 20));
    }
}
