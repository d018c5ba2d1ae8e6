//! The memory of every command is its own: no crash writes it to disk, and no other process of the same
//! user reads it.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Switches core dumps off, for this process and those it would start.
///
/// The limit alone does not do: where the kernel hands dumps to a program (`core_pattern` begins with
/// `|`), it does not look at it. Not being dumpable does, and gives the files of this process in `/proc`
/// that tell its memory and its environment to root.
pub(super) fn keep_to_itself() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}
