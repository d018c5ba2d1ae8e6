//! Rows of somebody else's making, from who can write the database and has no key; and tickets of ours
//! whose time is over for another reason than their own end.

use chrono::Duration;
use data_encoding::BASE32_NOPAD;
use domain::{
    error::ErrorCode,
    service::{Refusal, ports::Seal},
    username::Username,
};

use crate::{
    authenticator::{code_at, step_of},
    requests::{Ask, Told},
    store::PendingRow,
    tries::{at_last_step, signed_in},
    world::World,
};

/// Changes the pair that is being enrolled behind everybody's back.
fn tamper(world: &World, change: impl FnOnce(&mut PendingRow)) {
    let mut state = world.store.snapshot();
    let row = state.accounts.get_mut(&Username::parse("ada").unwrap()).unwrap();
    change(row.pending.as_mut().unwrap());
    world.store.restore(state);
}

fn is_spent(answer: Result<Told, Refusal>) -> bool {
    answer.map(drop).is_err_and(|refusal| refusal.to_api_error().code == ErrorCode::TicketSpent)
}

/// The last step's requests, each in a world of its own in which `spoil` was done before it was made.
fn each_request(spoil: impl Fn(&World)) -> Vec<(&'static str, Result<Told, Refusal>)> {
    ["password", "totp", "activate"]
        .into_iter()
        .map(|what| {
            let world = crate::refusals::world();
            let (owner, ticket) = at_last_step(&world);
            spoil(&world);
            let code = code_at(&owner.secret, step_of(world.now()));
            let ask = match what {
                "password" => Ask::Password { ticket },
                "totp" => Ask::Totp { ticket },
                _ => Ask::Activate { ticket, code },
            };
            (what, world.ask(&ask))
        })
        .collect()
}

#[test]
fn a_ticket_that_we_did_not_put_on_this_pair_opens_nothing() {
    for (what, answer) in each_request(|_| {}) {
        assert!(answer.is_ok(), "{what}: {answer:?}");
    }
    for seal in [None, Some(Seal([7; Seal::BYTES]))] {
        for (what, answer) in each_request(|world| tamper(world, |pending| pending.ticket.seal = seal)) {
            assert!(is_spent(answer), "{what}, sealed by {seal:?}");
        }
    }
    // Ours, and made to last: its end is sealed with it.
    let lasting = |pending: &mut PendingRow| pending.ticket.expires_at += Duration::days(1);
    for (what, answer) in each_request(|world| tamper(world, lasting)) {
        assert!(is_spent(answer), "{what}, made to last");
    }
}

#[test]
fn a_renewal_is_over_after_its_hour_although_its_ticket_is_ours_and_lives() {
    for last in ["password", "totp", "activate"] {
        let world = crate::refusals::world();
        let (owner, session) = signed_in(&world);
        let code = code_at(&owner.secret, step_of(world.now()));
        let Ok(Told::Ticket(issued)) = world.ask(&Ask::Renew { session, code }) else { panic!("a ticket") };
        let mut ticket = issued.ticket.expose().to_owned();
        for _ in 0..6 {
            world.wait(Duration::minutes(9));
            let Ok(Told::Password(issued)) = world.ask(&Ask::Password { ticket: ticket.clone() }) else {
                panic!("in time")
            };
            issued.ticket.expose().clone_into(&mut ticket);
        }
        let Ok(Told::Totp(issued)) = world.ask(&Ask::Totp { ticket }) else { panic!("in time") };
        world.wait(Duration::minutes(6));
        let ticket = issued.ticket.expose().to_owned();
        let secret = BASE32_NOPAD.decode(issued.secret.expose().as_bytes()).unwrap();
        let code = code_at(&secret, step_of(world.now()));
        assert!(is_spent(world.ask(&match last {
            "password" => Ask::Password { ticket },
            "totp" => Ask::Totp { ticket },
            _ => Ask::Activate { ticket, code },
        })));
    }
}
