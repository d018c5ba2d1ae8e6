//! Commands that answer and end.

use std::{fs, os::unix::fs::PermissionsExt as _};

use chrono::TimeDelta;
use domain::service::ports::Clock as _;
use server::clock::SystemClock;

use crate::process::{World, mode, stderr, stdout};

#[test]
fn keys_generate_makes_a_ring_once_and_keys_list_never_shows_a_key() {
    let world = World::new();
    fs::create_dir(world.data()).unwrap();
    let made = world.run(&["keys", "generate"]);
    assert!(made.status.success(), "{}", stderr(&made));
    assert_eq!(mode(&world.keys()), 0o600);
    let again = world.run(&["keys", "generate"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("never overwritten"));

    let text = fs::read_to_string(world.keys()).unwrap();
    let key = text.split_ascii_whitespace().next_back().unwrap();
    let listed = world.run(&["keys", "list"]);
    let json = world.run(&["keys", "list", "--json"]);
    for output in [&made, &listed, &json] {
        assert!(output.status.success() && !stdout(output).contains(key));
    }
    let rows: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&rows[0]["number"], &rows[0]["seals"]), (&serde_json::json!(1), &serde_json::json!(true)));
    assert!(stdout(&listed).contains(&rows[0]["fingerprint"].as_str().unwrap()[..16]));
    world.serve().stop();
}

#[test]
fn req_rot_6_keys_list_tells_how_old_each_key_is() {
    let world = World::new();
    fs::create_dir(world.data()).unwrap();
    let days =
        |days: i64| (SystemClock.now() - TimeDelta::days(days)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let (old, young) = ("AAAA".repeat(10) + "AAA", "BBBB".repeat(10) + "BBA");
    let ring = format!("1 {} {old}\n2 {} {young}\n", days(400), days(3));
    fs::write(world.keys(), ring).unwrap();
    fs::set_permissions(world.keys(), fs::Permissions::from_mode(0o600)).unwrap();
    let json = world.run(&["keys", "list", "--json"]);
    let rows: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&rows[0]["age_days"], &rows[1]["age_days"]), (&400.into(), &3.into()));
    let listed = stdout(&world.run(&["keys", "list"]));
    assert!(listed.contains("  400 days  ") && listed.contains("    3 days  "), "{listed}");
}

#[test]
fn migrate_and_config_check_answer_in_a_sentence() {
    let world = World::new();
    fs::create_dir(world.data()).unwrap();
    assert_eq!(stdout(&world.run(&["config", "check"])), "The configuration is fine.\n");
    let migrations =
        fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/sqlite")).unwrap().count();
    assert_eq!(stdout(&world.run(&["migrate"])), format!("Migrations applied: {migrations}.\n"));
    assert_eq!(stdout(&world.run(&["migrate"])), "Migrations applied: 0.\n");
}

#[test]
fn help_names_every_command_and_every_setting() {
    let world = World::new();
    let help = stdout(&world.run(&["--help"]));
    for command in ["serve", "migrate", "config", "account", "audit", "doctor", "health", "keys"] {
        assert!(help.contains(command), "{help}");
    }
    let help = stdout(&world.run(&["serve", "--help"]));
    for setting in server::config::settings::SETTINGS {
        assert!(help.contains(setting.env), "{} is missing", setting.env);
    }
    assert_eq!(world.run(&[]).status.code(), Some(2));
    assert_eq!(world.run(&["serve", "--nonsense"]).status.code(), Some(2));
}
