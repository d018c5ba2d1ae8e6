//! What is counted and noted, and what is not: a try that a fault of ours kept from being judged, the
//! last try of a ticket or of a session, and the use of a session.

use chrono::{DateTime, Duration, Utc};
use domain::{audit::AuditKind, error::ErrorCode, service::Refusal, throttle::LaneKey, username::Username};

use crate::{
    authenticator::{code_at, step_of},
    refusals::{Owner, enrol, sign_in, ticket, to_prove, world},
    requests::{Ask, Told},
    store::Fault,
    world::World,
};

/// More calls of the store than any request makes.
const CALLS: u32 = 16;

/// An enrolment at its last step: what its owner knows, and the ticket.
pub(crate) fn at_last_step(world: &World) -> (Owner, String) {
    to_prove(world, ticket(world, "ada"))
}

/// An account and its one session, when the code that made them is no longer good for anything.
pub(crate) fn signed_in(world: &World) -> (Owner, String) {
    let (owner, _, token) = enrol(world, ticket(world, "ada"));
    world.wait(Duration::minutes(2));
    (owner, token.text.expose().to_owned())
}

fn right(world: &World, owner: &Owner) -> String {
    code_at(&owner.secret, step_of(world.now()))
}

fn wrong(world: &World, owner: &Owner) -> String {
    code_at(&owner.secret, step_of(world.now()) + 50)
}

fn is_fault<T>(answer: &Result<T, Refusal>) -> bool {
    answer.as_ref().is_err_and(Refusal::is_fault)
}

fn events_of(world: &World, kind: AuditKind) -> usize {
    world.store.take_events().iter().filter(|event| event.kind == kind).count()
}

/// Failures on all lanes together, of names, devices and codes.
fn failures(world: &World) -> u32 {
    world.store.snapshot().lanes.values().map(|lane| lane.failures).sum()
}

fn tries_of_ticket(world: &World) -> u8 {
    let row = world.store.snapshot().accounts.remove(&Username::parse("ada").unwrap()).unwrap();
    row.pending.unwrap().ticket.tries
}

fn tries_of_session(world: &World) -> u8 {
    world.store.snapshot().sessions.values().next().unwrap().tries
}

fn last_seen(world: &World) -> DateTime<Utc> {
    world.store.snapshot().sessions.values().next().unwrap().last_seen_at
}

/// Makes `ask` as often as the store has calls to fail in, each time from the beginning, and looks at what
/// `count` says before and after. How many of the times a fault was told.
fn at_every_call<C: PartialEq + std::fmt::Debug>(
    prepare: impl Fn() -> (World, Ask),
    count: impl Fn(&World) -> C,
) -> u32 {
    (0..CALLS)
        .map(|call| {
            let (world, ask) = prepare();
            let before = count(&world);
            world.store.arm(Some((call, Fault::Before)));
            let answer = world.ask(&ask);
            world.store.arm(None);
            if is_fault(&answer) {
                assert_eq!(count(&world), before, "a fault at call {call} was counted");
            }
            u32::from(is_fault(&answer))
        })
        .sum()
}

#[test]
fn req_err_1_a_sign_in_that_no_fault_let_be_judged_is_no_failure() {
    let with = |code: fn(&World, &Owner) -> String, failed_before: bool| {
        move || {
            let world = world();
            let (owner, _) = signed_in(&world);
            if failed_before {
                assert!(sign_in(&world, "ada", &owner.password, Some(&wrong(&world, &owner))).is_err());
            }
            let code = Some(code(&world, &owner));
            let ask = Ask::SignIn { name: "ada".to_owned(), password: owner.password, code };
            (world, ask)
        }
    };
    for failed_before in [false, true] {
        // The network, the name, the account, the code, the session.
        assert_eq!(at_every_call(with(right, failed_before), failures), 5);
        // The session is not got to.
        assert_eq!(at_every_call(with(wrong, failed_before), failures), 4);
    }

    // A queue of hashes that is full says so before any of them is made.
    let (world, ask) = with(right, true)();
    let before = failures(&world);
    assert_ne!(before, 0);
    world.fill_hash_queue(true);
    assert!(is_fault(&world.ask(&ask)));
    assert_eq!(failures(&world), before);
    assert!(world.ask(&ask).is_ok());
    assert_eq!(failures(&world), 0, "a success starts the counts over");
}

#[test]
fn req_err_1_a_proof_that_no_fault_let_be_judged_costs_a_ticket_no_try() {
    let prepare = || {
        let world = world();
        let (owner, ticket) = at_last_step(&world);
        let ask = Ask::Activate { ticket, code: right(&world, &owner) };
        (world, ask)
    };
    // The ticket, the network, the activation.
    assert_eq!(at_every_call(prepare, tries_of_ticket), 3);
}

#[test]
fn a_renewal_that_begins_or_meets_a_fault_costs_a_session_no_try() {
    let prepare = || {
        let world = world();
        let (owner, session) = signed_in(&world);
        let ask = Ask::Renew { session, code: right(&world, &owner) };
        (world, ask)
    };
    // Finding the session, noting its use, the try, the renewal.
    assert_eq!(at_every_call(prepare, tries_of_session), 4);
    let (world, ask) = prepare();
    let before = tries_of_session(&world);
    assert!(world.ask(&ask).is_ok());
    assert_eq!(tries_of_session(&world), before);
}

#[test]
fn a_network_that_is_slowed_down_costs_a_ticket_no_try() {
    let world = world();
    let (owner, ticket) = at_last_step(&world);
    let code = wrong(&world, &owner);
    let other = |name| Ask::Register { name };
    let throttled = (0..100)
        .flat_map(|n| {
            // The bucket of tickets is emptied by other people of the same network.
            let Ok(Told::Ticket(issued)) = world.ask(&other(format!("name{n}"))) else { return vec![] };
            let mut ticket = issued.ticket.expose().to_owned();
            let mut refused = Vec::new();
            for _ in 0..10 {
                match world.ask(&Ask::Password { ticket: ticket.clone() }) {
                    Ok(Told::Password(issued)) => issued.ticket.expose().clone_into(&mut ticket),
                    answer => refused.push(answer.map(drop).unwrap_err().to_api_error().code),
                }
            }
            refused
        })
        .next();
    assert_eq!(throttled, Some(ErrorCode::Throttled));
    let before = tries_of_ticket(&world);
    let refusal = world.ask(&Ask::Activate { ticket, code }).map(drop).unwrap_err();
    assert_eq!(refusal.to_api_error().code, ErrorCode::Throttled);
    assert_eq!(tries_of_ticket(&world), before);
}

#[test]
fn the_last_try_of_a_ticket_stands_in_the_trail_and_no_other_does() {
    let world = world();
    let (owner, ticket) = at_last_step(&world);
    world.store.take_events();
    for left in (0..5).rev() {
        let ask = Ask::Activate { ticket: ticket.clone(), code: wrong(&world, &owner) };
        let refusal = world.ask(&ask).map(drop).unwrap_err().to_api_error();
        assert_eq!((refusal.code, refusal.tries_left), (ErrorCode::CodeRejected, Some(left)));
        assert_eq!(events_of(&world, AuditKind::TicketExhausted), usize::from(left == 0), "{left} left");
    }
    let ask = Ask::Activate { ticket, code: right(&world, &owner) };
    assert_eq!(world.ask(&ask).map(drop).unwrap_err().to_api_error().code, ErrorCode::TicketSpent);
}

#[test]
fn the_last_try_of_a_session_closes_it_and_stands_in_the_trail() {
    let world = world();
    let (owner, session) = signed_in(&world);
    world.store.take_events();
    for left in (0..5).rev() {
        let ask = Ask::Renew { session: session.clone(), code: wrong(&world, &owner) };
        let refusal = world.ask(&ask).map(drop).unwrap_err().to_api_error();
        assert_eq!((refusal.code, refusal.tries_left), (ErrorCode::CodeRejected, Some(left)));
        assert_eq!(events_of(&world, AuditKind::SessionRevoked), usize::from(left == 0), "{left} left");
        assert_eq!(world.ask(&Ask::Session { session: session.clone() }).is_ok(), left > 0);
    }
}

#[test]
fn the_use_of_a_session_is_noted_once_a_minute_and_keeps_it_open() {
    let world = world();
    let (_, session) = signed_in(&world);
    let using = || world.ask(&Ask::Session { session: session.clone() }).is_ok();
    assert!(using());
    let noted = world.now();
    assert_eq!(last_seen(&world), noted);
    world.wait(Duration::seconds(59));
    assert!(using());
    assert_eq!(last_seen(&world), noted, "a write for each page is too many");
    world.wait(Duration::seconds(1));
    assert!(using());
    assert_eq!(last_seen(&world), noted + Duration::minutes(1));
    // Used every now and then it stays open for longer than it may rest; then it rests.
    for _ in 0..4 {
        world.wait(Duration::minutes(29));
        assert!(using());
    }
    world.wait(Duration::minutes(30));
    assert!(!using());
}

#[test]
fn the_account_is_told_how_many_wrong_codes_came_with_its_right_password() {
    let world = world();
    let (owner, session) = signed_in(&world);
    let told = |world: &World| match world.ask(&Ask::Session { session: session.clone() }) {
        Ok(Told::Session(view)) => view.wrong_codes,
        other => panic!("{other:?}"),
    };
    for count in 0..3 {
        assert_eq!(told(&world), count);
        assert!(sign_in(&world, "ada", &owner.password, Some(&wrong(&world, &owner))).is_err());
        // With a wrong password nobody is told anything of the code.
        assert!(sign_in(&world, "ada", "wrong", Some(&wrong(&world, &owner))).is_err());
        world.wait(Duration::minutes(2));
    }
    assert_eq!(told(&world), 3);
}

/// Whoever measures would otherwise see by one write less that a password was wrong.
#[test]
fn a_sign_in_whose_code_is_never_looked_at_writes_where_the_others_count_it() {
    let world = world();
    signed_in(&world);
    for name in ["ada", "nobody"] {
        let lane = LaneKey::no_code(&Username::parse(name).unwrap());
        assert!(!world.store.snapshot().lanes.contains_key(lane.as_bytes()), "{name}");
        assert!(sign_in(&world, name, "wrong", Some("123456")).is_err());
        assert!(world.store.snapshot().lanes.contains_key(lane.as_bytes()), "{name}");
    }
}
