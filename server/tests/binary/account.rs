//! `sesame account` and `sesame audit` beside a running server.

use std::{
    fs,
    time::{Duration, Instant},
};

use domain::service::ports::Clock as _;
use serde_json::{Value, json};
use server::clock::SystemClock;

use crate::{
    people::{Person, post},
    process::{Server, World, mode, stderr, stdout},
};

/// Longer than a start and its first round of housekeeping take.
const PATIENCE: Duration = Duration::from_mins(1);

fn json_of(world: &World, arguments: &[&str]) -> Value {
    let output = world.run(arguments);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)))
}

/// Runs a command that has to succeed.
fn told(world: &World, arguments: &[&str]) -> String {
    let output = world.run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

/// Whether any file of the database has these bytes.
fn holds(world: &World, needle: &[u8]) -> bool {
    fs::read_dir(world.data()).unwrap().any(|file| {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

/// The ticket in the link of an invitation.
fn ticket_in(told: &str) -> &str {
    told.split(['#', '~']).nth(1).unwrap()
}

#[test]
fn an_operator_looks_up_signs_out_expires_revokes_and_deletes() {
    let world = World::new();
    let server = world.serve();
    let (mut ada, _) = Person::enrol(&server.address, "ada").unwrap();
    let (mut bob, _) = Person::enrol(&server.address, "bob").unwrap();

    let people = json_of(&world, &["account", "list", "--json"]);
    assert_eq!(people[0]["username"], "ada");
    assert_eq!((&people[1]["state"], &people[1]["sessions"]), (&json!("active"), &json!(1)));
    assert!(told(&world, &["account", "list", "--state", "active"]).lines().count() == 3);
    assert!(told(&world, &["account", "show", "Ada"]).contains("activated"));

    assert_eq!(told(&world, &["account", "sign-out", "ada"]), "Signed out: ada.\n");
    assert_eq!(json_of(&world, &["account", "show", "ada", "--json"])["account"]["sessions"], 0);
    ada.sign_in(&server.address).unwrap();

    assert_eq!(told(&world, &["account", "expire", "--everybody"]), "Has to renew: 2 accounts.\n");
    let refused = bob.sign_in(&server.address).unwrap_err();
    assert!(refused.contains("\"expired\""), "{refused}");

    assert_eq!(told(&world, &["account", "revoke", "bob"]), "Revoked: bob.\n");
    let refused = bob.sign_in(&server.address).unwrap_err();
    assert!(refused.contains("invalid_credentials"), "{refused}");
    let (status, answer, _) = post(&server.address, "/api/register", &json!({ "username": "bob" }));
    assert_eq!((status, &answer["code"]), (409, &json!("username_taken")));

    assert!(told(&world, &["account", "delete", "bob"]).starts_with("Deleted: bob.\n"));
    let (status, ..) = post(&server.address, "/api/register", &json!({ "username": "bob" }));
    assert_eq!(status, 200);

    for wrong in [&["account", "show", "nobody"][..], &["account", "revoke", "no body"]] {
        let output = world.run(wrong);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).ends_with(".\n"), "{}", stderr(&output));
    }
    assert_eq!(world.run(&["account", "delete"]).status.code(), Some(2));
    assert_eq!(world.run(&["account", "expire"]).status.code(), Some(2));
    server.stop();
}

#[test]
fn req_ticket_5_who_invites_hands_over_a_link_that_works_once_and_leaves_nothing_of_it_behind() {
    let world = World::new();
    let server = world.serve();
    let invite = ["account", "invite", "Ada", "--public-url", "https://sesame.example"];
    let voided = told(&world, &invite);
    let printed = told(&world, &invite);
    let link = printed.lines().find(|line| line.contains("://")).unwrap();
    let fragment = link.strip_prefix("https://sesame.example/enrolment#").unwrap();
    let (ticket, until) = fragment.split_once('~').unwrap();
    let until = chrono::DateTime::from_timestamp(until.parse().unwrap(), 0).unwrap();
    let now = SystemClock.now();
    let day = chrono::Duration::hours(24);
    assert!(until <= now + day && until > now + day - chrono::Duration::minutes(5), "{until}");
    assert!(printed.contains(&until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)));

    let raw = data_encoding::BASE64URL_NOPAD.decode(ticket.as_bytes()).unwrap();
    assert!(!holds(&world, ticket.as_bytes()) && !holds(&world, &raw), "the ticket is kept");

    let spent = |ticket: &str| {
        let answer = post(&server.address, "/api/generate-password", &json!({ "ticket": ticket }));
        assert_eq!((answer.0, &answer.1["code"]), (410, &json!("ticket_spent")));
    };
    spent(ticket_in(&voided));
    let (status, answer, _) = post(&server.address, "/api/register", &json!({ "username": "ada" }));
    assert_eq!((status, &answer["code"]), (409, &json!("username_taken")), "the name is held for her");
    let (mut ada, _) = Person::enrol_with(&server.address, "ada", &json!(ticket)).unwrap();
    spent(ticket);
    ada.sign_in(&server.address).unwrap();

    let people = json_of(&world, &["account", "list", "--json"]);
    assert_eq!((&people[0]["asked_for_by"], &people[0]["state"]), (&json!("invitation"), &json!("active")));
    let events = json_of(&world, &["account", "show", "ada", "--json"])["events"].clone();
    assert_eq!(events[0]["event"], "invited");
    // A working account is not begun anew by asking; by deleting it, it is.
    let refused = world.run(&invite);
    assert_eq!((refused.status.code(), stdout(&refused).as_str()), (Some(1), ""));
    assert!(stderr(&refused).contains("`sesame account delete ada`"), "{}", stderr(&refused));
    told(&world, &["account", "delete", "ada"]);
    let again = json_of(&world, &["account", "invite", "ada", "--json"]);
    let fresh = ticket_in(again["link"].as_str().unwrap());
    Person::enrol_with(&server.address, "ada", &json!(fresh)).unwrap();

    let wrong = world.run(&["account", "invite", "no body"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert_eq!(world.run(&["account", "invite"]).status.code(), Some(2));
    let (_, log) = server.stop();
    assert!(!log.contains(ticket) && !log.contains(fresh));
}

#[test]
fn req_gdpr_15_20_an_export_holds_the_person_and_no_secret() {
    let world = World::new();
    let server = world.serve();
    let (ada, _) = Person::enrol(&server.address, "ada").unwrap();
    Person::enrol(&server.address, "bob").unwrap();
    let text = told(&world, &["account", "export", "ada"]);
    let dossier: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(dossier["account"]["username"], "ada");
    assert_eq!(dossier["sessions"].as_array().unwrap().len(), 1);
    let events: Vec<&str> =
        dossier["events"].as_array().unwrap().iter().map(|event| event["what"].as_str().unwrap()).collect();
    assert_eq!(events, ["registered", "password_issued", "totp_issued", "activated", "exported"]);
    assert!(!text.contains("bob"));
    assert!(!text.contains(ada.password()));

    let file = world.folder.path().join("ada.json");
    let to = file.to_str().unwrap();
    told(&world, &["account", "export", "ada", "--to", to]);
    assert_eq!(mode(&file), 0o600);
    let again = world.run(&["account", "export", "ada", "--to", to]);
    assert_eq!(again.status.code(), Some(1), "a file that is there is never overwritten");
    server.stop();
}

#[test]
fn req_gdpr_17_nothing_in_the_database_tells_of_somebody_who_was_deleted() {
    let world = World::new();
    let server = world.serve();
    let name = "very.particular-name";
    Person::enrol(&server.address, name).unwrap();
    Person::enrol(&server.address, "bob").unwrap();
    let id =
        json_of(&world, &["account", "show", name, "--json"])["account"]["id"].as_str().unwrap().to_owned();
    let id = data_encoding::HEXLOWER.decode(id.as_bytes()).unwrap();
    assert!(holds(&world, name.as_bytes()) && holds(&world, &id));
    told(&world, &["account", "delete", name]);
    // The file, its log and its shared memory: overwritten, not only forgotten.
    assert!(!holds(&world, name.as_bytes()), "the name is still there");
    assert!(!holds(&world, &id), "the account's number is still there");
    assert!(told(&world, &["audit", "verify"]).starts_with("The trail is whole: 9 events since "));
    server.stop();
}

#[test]
fn the_trail_is_verified_beside_a_running_server_and_a_change_is_found() {
    let world = World::new();
    let server = world.serve();
    Person::enrol(&server.address, "ada").unwrap();
    let before = json_of(&world, &["audit", "verify", "--json"]);
    assert_eq!((&before["whole"], &before["events"]), (&json!(true), &json!(4)));
    let head = before["head"].as_str().unwrap();
    Person::enrol(&server.address, "bob").unwrap();
    assert!(told(&world, &["audit", "verify", "--head", head]).contains("passes through the head"));
    let listed = told(&world, &["audit", "list"]);
    assert_eq!(listed.lines().count(), 8);
    assert!(!listed.contains("ada"));
    let of_ada = json_of(&world, &["audit", "list", "--account", "ada", "--last", "2", "--json"]);
    assert_eq!((&of_ada[0]["event"], &of_ada[1]["number"]), (&json!("totp_issued"), &json!(4)));

    let other = format!("4:{}", "0".repeat(64));
    let made_anew = world.run(&["audit", "verify", "--head", &other]);
    assert_eq!(made_anew.status.code(), Some(1));
    assert!(stdout(&made_anew).starts_with("The trail was made anew"));
    assert_eq!(world.run(&["audit", "verify", "--head", "4:abc"]).status.code(), Some(2));

    let (_, log) = server.stop();
    assert!(log.contains("head of the audit trail"), "{log}");
    world.execute("UPDATE audit_trail SET kind = 'signed_out' WHERE number = 2");
    let broken = world.run(&["audit", "verify"]);
    assert_eq!(broken.status.code(), Some(1));
    assert_eq!(stdout(&broken), "The trail is broken: entry 2 was changed.\n");
}

#[test]
fn a_trail_that_was_emptied_is_noticed_by_any_head_that_was_told_and_is_not_old() {
    let world = World::new();
    let server = world.serve();
    Person::enrol(&server.address, "ada").unwrap();
    let told = json_of(&world, &["audit", "verify", "--json"])["head"].as_str().unwrap().to_owned();
    let (place, time) = told.split_once('@').unwrap();
    Person::enrol(&server.address, "bob").unwrap();
    let (_, log) = server.stop();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let heads = lines.filter(|line| line["message"] == "head of the audit trail");
    let logged = heads.map(|line| line["head"].as_str().unwrap().to_owned()).next_back().expect(&log);
    let verify = |head: &str| {
        let said = stdout(&world.run(&["audit", "verify", "--head", head]));
        let output = world.run(&["audit", "verify", "--json", "--head", head]);
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap(), said)
    };
    for head in [told.as_str(), place, &logged] {
        assert_eq!(verify(head).0, Some(0), "{head}");
    }
    world.execute(
        "DELETE FROM audit_trail;
         UPDATE audit_trail_ends SET base_number = head_number, base_hash = head_hash",
    );
    let (code, answer, said) = verify(&told);
    assert_eq!((code, &answer["whole"], &answer["head_was"]), (Some(1), &json!(false), &json!("too_young")));
    assert!(said.starts_with(&format!("The trail was cut: {told} was told before")), "{said}");
    let (code, answer, said) = verify(place);
    assert_eq!((code, &answer["whole"], &answer["head_was"]), (Some(3), &Value::Null, &json!("undated")));
    assert!(said.starts_with("Whether the trail is whole cannot be told: event 4 was deleted"), "{said}");
    let (code, answer, said) = verify(&told.replace(time, "2001-01-01T00:00:00Z"));
    assert_eq!((code, &answer["whole"], &answer["head_was"]), (Some(0), &json!(true), &json!("old_enough")));
    assert!(said.contains("because it was old enough"), "{said}");
}

#[test]
fn events_are_kept_for_as_long_as_is_set() {
    let world = World::new();
    let server = world.serve();
    Person::enrol(&server.address, "ada").unwrap();
    server.stop();
    // As old as nothing is kept.
    world.execute("UPDATE audit_trail SET at = 0 WHERE number <= 2");
    let mut command = world.command(&["serve"]);
    command.env("SESAME_AUDIT_MONTHS", "120");
    let server = Server::start(command);
    let begun = Instant::now();
    let kept = loop {
        let events = json_of(&world, &["audit", "list", "--json"]);
        let numbers: Vec<u64> =
            events.as_array().unwrap().iter().map(|event| event["number"].as_u64().unwrap()).collect();
        if numbers.len() != 4 {
            break numbers;
        }
        assert!(begun.elapsed() < PATIENCE, "nothing was deleted");
    };
    assert_eq!(kept, [3, 4]);
    server.stop();
    let refused = world.command(&["config", "check"]).env("SESAME_AUDIT_MONTHS", "0").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}
