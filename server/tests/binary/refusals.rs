//! What the program refuses to start with, and that it says what to do.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::process::{World, stderr};

/// A world whose server ran once.
fn used_world() -> World {
    let world = World::new();
    world.serve().stop();
    world
}

#[track_caller]
fn refuses(world: &World, words: &[&str]) {
    let output = world.run(&["serve"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stderr(&output);
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in {text}");
    }
}

#[test]
fn an_existing_database_without_its_key_never_gets_a_new_one() {
    let world = used_world();
    fs::remove_file(world.keys()).unwrap();
    refuses(&world, &["keys", "does not exist", "sesame keys generate"]);
    assert!(!world.keys().exists(), "no key is invented beside old data");
    let generate = world.run(&["keys", "generate"]);
    assert_eq!(generate.status.code(), Some(1));
    assert!(stderr(&generate).contains("restore that file"), "{}", stderr(&generate));
    assert!(!world.keys().exists());
}

#[test]
fn the_key_ring_of_another_database_is_refused() {
    let (world, other) = (used_world(), used_world());
    fs::copy(other.keys(), world.keys()).unwrap();
    refuses(&world, &["Key 1 of the key file is not the key 1", "Restore"]);
}

#[test]
fn a_key_ring_that_lacks_a_key_is_refused() {
    let world = used_world();
    let text = fs::read_to_string(world.keys()).unwrap().replace("\n1 ", "\n2 ");
    fs::write(world.keys(), text).unwrap();
    refuses(&world, &["key 1", "missing", "Restore"]);
}

#[test]
fn a_truncated_key_file_is_refused() {
    let world = used_world();
    let text = fs::read_to_string(world.keys()).unwrap();
    fs::write(world.keys(), &text[..text.len() - 20]).unwrap();
    refuses(&world, &["no key ring", "line 3", "cut short", "backup"]);
    fs::write(world.keys(), "").unwrap();
    refuses(&world, &["it holds no key"]);
}

#[test]
fn a_key_file_open_to_everybody_is_refused() {
    let world = used_world();
    fs::set_permissions(world.keys(), fs::Permissions::from_mode(0o644)).unwrap();
    refuses(&world, &["open to everybody", "chmod 0600"]);
}

#[test]
fn a_data_folder_that_cannot_be_made_is_told() {
    let world = World::new();
    fs::write(world.data(), "a file in the way").unwrap();
    refuses(&world, &["data"]);
}

#[test]
fn a_database_that_is_none_is_told() {
    let world = used_world();
    fs::write(world.database(), "not a database, but long enough to be looked at closely".repeat(100))
        .unwrap();
    refuses(&world, &["database"]);
}

#[test]
fn a_missing_site_is_told() {
    let world = World::new();
    fs::remove_dir_all(world.folder.path().join("site")).unwrap();
    refuses(&world, &["site folder", "make build", "SESAME_SITE_DIR"]);
}

#[test]
fn an_address_in_use_is_told() {
    let world = World::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = world.run(&["serve", "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("SESAME_LISTEN"), "{}", stderr(&output));
}

#[test]
fn a_postgresql_that_does_not_answer_is_told_without_its_password() {
    let world = World::new();
    let mut command = world.command(&["serve"]);
    command.env("DATABASE_URL", "postgres://sesame:hunter2@127.0.0.1:1/sesame");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(text.contains("database cannot be opened") && !text.contains("hunter2"), "{text}");
}

#[test]
fn configuration_mistakes_come_together_with_an_exit_code_of_their_own() {
    let world = World::new();
    let mut command = world.command(&["config", "check", "--listen", "here", "--log-format", "xml"]);
    command.env("SESAME_ARGON2_MEMORY_KIB", "1024").env("SESAME_NONSENSE", "1");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    for word in ["4 mistake", "--listen", "--log-format", "SESAME_ARGON2_MEMORY_KIB", "SESAME_NONSENSE"] {
        assert!(text.contains(word), "{word} is missing in {text}");
    }
}
