//! Accounts that an operator begins for somebody else: who invites hands a ticket over, and its first
//! use makes it worthless to whoever still has it.

use chrono::Duration;
use domain::{
    audit::AuditKind,
    error::ErrorCode,
    service::{Refusal, policy::Policy},
    wire::{Authentication, TicketIssued},
};

use crate::{
    authenticator::{code_at, step_of},
    refusals::{activate, claim, sign_in, ticket, to_prove, world},
    requests::{Ask, Told},
    world::{World, finish},
};

fn invite(world: &World, name: &str) -> Result<TicketIssued, Refusal> {
    finish(&mut Box::pin(world.sesame.invite(name)))
}

fn invited(world: &World, name: &str) -> String {
    invite(world, name).unwrap().ticket.expose().to_owned()
}

#[track_caller]
fn assert_spent(world: &World, ticket: String) {
    let refused = world.ask(&Ask::Password { ticket }).unwrap_err();
    assert_eq!(refused.to_api_error().code, ErrorCode::TicketSpent);
}

#[test]
fn req_ticket_1_an_invitation_s_ticket_lives_for_a_day_and_those_that_follow_for_ten_minutes() {
    let (policy, instant) = (Policy::default(), Duration::microseconds(1));
    assert_eq!(policy.invitation_ticket_lifetime, Duration::hours(24));
    let world = world();
    let issued = invite(&world, "ada").unwrap();
    assert_eq!(issued.expires_at, world.now() + Duration::hours(24));
    let late = issued.ticket.expose().to_owned();
    world.wait(Duration::hours(24) - instant);
    let next = world.fork(1);
    let (_, following) = claim(&next, late.clone());
    next.wait(policy.ticket_lifetime);
    let refused = next.ask(&Ask::Totp { ticket: following }).unwrap_err();
    assert_eq!(refused.to_api_error().code, ErrorCode::TicketSpent);
    world.wait(instant);
    assert_spent(&world, late);
}

#[test]
fn req_ticket_1_an_invitation_s_ticket_works_once_and_leads_to_an_account_of_its_owner_alone() {
    let world = world();
    let handed_over = invited(&world, "ada");
    let (owner, proof) = to_prove(&world, handed_over.clone());
    // Whoever invited still has the link, and it opens nothing; nor does asking again.
    assert_spent(&world, handed_over.clone());
    let refused = invite(&world, "ada").unwrap_err().to_api_error();
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::UsernameTaken, Some("username")));
    let code = code_at(&owner.secret, step_of(world.now()));
    let Ok(Told::Activated(activated, _)) = world.ask(&Ask::Activate { ticket: proof, code }) else {
        panic!("activated")
    };
    assert_eq!(activated.username, "ada");
    assert_spent(&world, handed_over);
    let kinds: Vec<_> = world.store.take_events().iter().map(|event| event.kind).collect();
    assert_eq!(
        kinds,
        [AuditKind::Invited, AuditKind::PasswordIssued, AuditKind::TotpIssued, AuditKind::Activated]
    );
}

#[test]
fn an_invitation_holds_its_name_for_three_days_and_another_one_makes_the_first_worthless() {
    let world = world();
    let of_a_stranger = ticket(&world, "ada");
    let first = invited(&world, "ada");
    assert_spent(&world, of_a_stranger);
    let second = invited(&world, "ada");
    assert_spent(&world, first);
    let by_oneself = |world: &World| world.ask(&Ask::Register { name: "ada".to_owned() });
    assert_eq!(by_oneself(&world).unwrap_err().to_api_error().code, ErrorCode::UsernameTaken);
    activate(&world.fork(1), second);
    world.wait(Duration::hours(72) - Duration::microseconds(1));
    assert_eq!(by_oneself(&world).unwrap_err().to_api_error().code, ErrorCode::UsernameTaken);
    world.wait(Duration::microseconds(1));
    assert!(by_oneself(&world).is_ok());
}

#[test]
fn who_was_invited_and_left_after_the_password_goes_on_with_it() {
    let world = world();
    let (password, _) = claim(&world, invited(&world, "ada"));
    world.wait(Duration::hours(1));
    let Ok(Told::SignedIn(answer, None)) = sign_in(&world, "ada", &password, None) else {
        panic!("{password}")
    };
    let Authentication::ActivationRequired { ticket, .. } = answer else { panic!("{answer:?}") };
    assert!(world.ask(&Ask::Totp { ticket: ticket.expose().to_owned() }).is_ok());
}

#[test]
fn a_name_that_is_none_is_not_invited() {
    let refused = invite(&world(), "a").unwrap_err().to_api_error();
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::InvalidInput, Some("username")));
    assert_eq!(refused.message, "A username has 3 to 64 characters.");
}
