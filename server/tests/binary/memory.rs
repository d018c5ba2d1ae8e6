//! The memory of the process is its own: no crash leaves it on a disk, and nobody else reads it.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, chown},
        process::ExitStatusExt as _,
    },
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::{
    database,
    process::{Server, World, stderr},
};

/// A user that is neither root nor anybody else.
const NOBODY: u32 = 65_534;

/// `sesame serve`, from a shell that allows core dumps of any size as far as it may.
fn dumping(world: &World, program: &Path) -> Command {
    let serve = world.command(&["serve"]);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -c \"$(ulimit -H -c)\"; exec \"$0\" serve"]).arg(program);
    command.env_clear().envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(world.folder.path()).stdin(Stdio::null());
    command
}

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_sesame"))
}

#[test]
fn a_process_that_crashes_leaves_no_core_whatever_the_limit_was() {
    let world = World::new();
    let server = Server::start(dumping(&world, program()));
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    assert_eq!(limit.split_whitespace().take(2).collect::<Vec<_>>(), ["0", "0"], "{limit}");
    server.signal("ABRT");
    let status = server.end_status();
    assert_eq!((status.signal(), status.core_dumped()), (Some(6), false));
    let left: Vec<_> =
        fs::read_dir(world.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("core")), "{left:?}");
}

/// What `user` gets to see with `cat` (root could see everything, so it becomes somebody else).
fn cat(user: Option<u32>, file: &str) -> Output {
    let mut command = Command::new("cat");
    if let Some(user) = user {
        command = become_user(user);
        command.arg("cat");
    }
    command.arg(file).output().unwrap()
}

fn become_user(user: u32) -> Command {
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()]);
    command
}

#[test]
fn another_process_of_the_same_user_reads_neither_its_environment_nor_its_memory() {
    let world = World::new();
    let folder = world.folder.path();
    let is_root = fs::metadata(folder).unwrap().uid() == 0;
    let user = is_root.then_some(NOBODY);
    if is_root && !become_user(NOBODY).arg("true").status().is_ok_and(|status| status.success()) {
        return database::skip("setpriv", "linux", "memory::another_process_of_the_same_user");
    }
    // Where whoever it is may start it.
    let copy = folder.join("sesame");
    fs::copy(program(), &copy).unwrap();
    let mut serve = world.command(&["serve"]);
    if is_root {
        chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let mut command = user.map_or_else(
        || Command::new(&copy),
        |user| {
            let mut command = become_user(user);
            command.arg(&copy);
            command
        },
    );
    command.arg("serve").env_clear().current_dir(folder);
    command.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("PLANTED", "in the environment").env("PATH", "/usr/bin:/bin");
    let server = Server::start(command);

    // What the same user sees of a process that does not keep to itself.
    serve = user.map_or_else(
        || Command::new("sleep"),
        |user| {
            let mut command = become_user(user);
            command.arg("sleep");
            command
        },
    );
    let mut other = serve.arg("60").env("PLANTED", "in the environment").spawn().unwrap();
    // Until it has become that user, and the other program.
    while fs::read_to_string(format!("/proc/{}/comm", other.id())).unwrap().trim() != "sleep" {
        std::thread::yield_now();
    }
    let environment = cat(user, &format!("/proc/{}/environ", other.id()));
    let seen = String::from_utf8_lossy(&environment.stdout).contains("PLANTED");
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(seen, "the test would notice: {}", stderr(&environment));

    for file in ["environ", "maps", "mem"] {
        let path = format!("/proc/{}/{file}", server.id());
        let refused = cat(user, &path);
        assert!(!refused.status.success() && refused.stdout.is_empty(), "{path} can be read");
    }
    assert!(server.request("GET", "/_/ready", "").starts_with("HTTP/1.1 200"));
    server.stop();
}
