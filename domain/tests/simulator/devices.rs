//! Devices that have signed in before, and secrets that are older or newer than their notes.

use chrono::Duration;
use domain::{
    agent::Agent,
    error::ErrorCode,
    network::Network,
    secret::WireSecret,
    service::{Origin, Refusal, SessionToken},
};

use crate::{
    authenticator::{code_at, step_of},
    refusals::{Owner, activate, ticket, world},
    requests::{Ask, Told},
    world::{World, finish},
};

/// Signs in as `ada`, with a device's note if it has one.
fn sign_in(
    world: &World,
    note: Option<&str>,
    password: &str,
    code: &str,
) -> Result<Option<SessionToken>, Refusal> {
    let origin = Origin { network: Network::V4([198, 51, 100]), device: note, agent: Agent::default() };
    let password = WireSecret::new(password.to_owned());
    let mut asked = Box::pin(world.sesame.authenticate(origin, "ada", &password, Some(code)));
    finish(&mut asked).map(|(_, session)| session)
}

fn code(world: &World, owner: &Owner, away: u64) -> String {
    code_at(&owner.secret, step_of(world.now()) + away)
}

/// An account, and the session of a device that has just become known to it.
fn signed_in() -> (World, Owner, SessionToken) {
    let world = world();
    let owner = activate(&world, ticket(&world, "ada"));
    world.wait(Duration::minutes(2));
    let known = sign_in(&world, None, &owner.password, &code(&world, &owner, 0)).unwrap().unwrap();
    (world, owner, known)
}

/// Wrong codes from an unknown place, until none is looked at any more.
fn run_out_of_codes(world: &World, owner: &Owner) {
    for _ in 0..40 {
        world.wait(Duration::minutes(20));
        let refused = sign_in(world, None, &owner.password, &code(world, owner, 50)).unwrap_err();
        assert_eq!(refused.to_api_error().code, ErrorCode::InvalidCredentials);
    }
}

#[test]
fn req_rl_1_codes_that_others_got_wrong_do_not_keep_out_a_device_that_signed_in_with_these_secrets() {
    let (world, owner, known) = signed_in();
    let note = known.device.expose();
    run_out_of_codes(&world, &owner);
    let right = code(&world, &owner, 0);
    assert!(sign_in(&world, None, &owner.password, &right).is_err(), "not looked at");
    assert!(sign_in(&world, Some(note), &owner.password, &right).is_ok());
}

#[test]
fn req_otp_4_a_note_from_before_the_secrets_has_no_guesses_of_its_own() {
    let (world, owner, known) = signed_in();
    world.wait(Duration::minutes(2));
    let (session, right) = (known.text.expose().to_owned(), code(&world, &owner, 0));
    let Ok(Told::Ticket(issued)) = world.ask(&Ask::Renew { session, code: right }) else {
        panic!("a ticket")
    };
    world.wait(Duration::minutes(2));
    let renewed = activate(&world, issued.ticket.expose().to_owned());
    run_out_of_codes(&world, &renewed);
    let right = code(&world, &renewed, 0);
    assert!(sign_in(&world, Some(known.device.expose()), &renewed.password, &right).is_err());
}
