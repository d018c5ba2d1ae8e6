//! How many password hashes this machine can afford at once.

use std::{fs, thread};

use crate::crypto::Argon2Cost;

/// Where Linux says how much memory this container may use (cgroup 2, then 1).
const LIMITS: [&str; 2] = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/// min(cores, half the memory limit / one hash), at least 1. Half, because the rest of the
/// program needs some too.
pub(super) fn hash_permits(cost: Argon2Cost) -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    permits(cores, memory_limit(), cost)
}

fn permits(cores: usize, limit: Option<u64>, cost: Argon2Cost) -> usize {
    let affordable = limit.map_or(u64::MAX, |bytes| bytes / 2 / cost.bytes());
    cores.min(usize::try_from(affordable).unwrap_or(usize::MAX)).max(1)
}

fn memory_limit() -> Option<u64> {
    // "max" (no limit) is not a number and falls through.
    LIMITS.iter().find_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok())
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
}
