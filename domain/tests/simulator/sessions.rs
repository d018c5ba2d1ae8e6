//! Closing sessions from one that is itself closed at any moment.

use std::task::Poll;

use chrono::Duration;
use domain::{
    error::ErrorCode,
    service::{Refusal, policy::Policy},
    token::{SessionHandle, digest_of_text},
};

use crate::{
    authenticator::{code_at, step_of},
    refusals::{enrol, sign_in, ticket, world},
    requests::{Ask, Told, poll},
    world::{World, finish},
};

/// An account with two sessions.
fn two_sessions() -> (World, String, String) {
    let world = world();
    let (owner, _, first) = enrol(&world, ticket(&world, "ada"));
    world.wait(Duration::seconds(30));
    let code = code_at(&owner.secret, step_of(world.now()));
    let Ok(Told::SignedIn(_, Some(second))) = sign_in(&world, "ada", &owner.password, Some(&code)) else {
        panic!("another one")
    };
    (world, first.text.expose().to_owned(), second.text.expose().to_owned())
}

fn handle(session: &str) -> String {
    SessionHandle::of(&digest_of_text(session).unwrap()).to_string()
}

fn is_open(world: &World, session: &str) -> bool {
    world.ask(&Ask::Session { session: session.to_owned() }).is_ok()
}

/// Runs `close` for so many steps, then has the session that asks closed by somebody else, and goes on.
fn closed_after<T: std::fmt::Debug>(
    world: &World,
    asking: &str,
    steps: u32,
    close: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    let mut closing = Box::pin(close);
    for _ in 0..steps {
        if let Poll::Ready(answer) = poll(&mut closing) {
            return answer;
        }
    }
    assert!(world.ask(&Ask::SignOut { session: asking.to_owned() }).is_ok());
    finish(&mut closing)
}

/// Whether it was told as done, having checked that this is what happened.
fn told_the_truth<T: std::fmt::Debug>(world: &World, other: &str, answer: &Result<T, Refusal>) -> bool {
    match answer {
        Ok(_) => {
            assert!(!is_open(world, other), "told as closed, and open");
            true
        }
        Err(Refusal::Told(error)) => {
            assert_eq!(error.code, ErrorCode::Unauthenticated);
            assert!(is_open(world, other), "refused, and closed all the same");
            false
        }
        Err(refusal) => panic!("{refusal:?}"),
    }
}

#[test]
fn who_is_signed_out_meanwhile_closes_nothing_and_is_told_so() {
    let (mut one, mut all) = (Vec::new(), Vec::new());
    for steps in 0..6 {
        let (world, first, second) = two_sessions();
        let name = handle(&first);
        let answer = closed_after(&world, &second, steps, world.sesame.revoke_session(Some(&second), &name));
        one.push(told_the_truth(&world, &first, &answer));

        let (world, first, second) = two_sessions();
        let answer = closed_after(&world, &second, steps, world.sesame.revoke_other_sessions(Some(&second)));
        all.push(told_the_truth(&world, &first, &answer));
    }
    for told in [one, all] {
        assert_eq!(told.first(), Some(&false), "signed out before anything was looked at");
        assert_eq!(told.last(), Some(&true), "signed out when all was done");
    }
}

/// The handles that the page behind `session` lists, and whether each is its own.
fn listed(world: &World, session: &str) -> Vec<(String, bool)> {
    let list = finish(&mut Box::pin(world.sesame.sessions(Some(session)))).unwrap();
    list.sessions.into_iter().map(|entry| (entry.session, entry.current)).collect()
}

#[test]
fn one_s_own_session_is_listed_first_and_one_that_went_unused_is_not_listed() {
    let (world, first, second) = two_sessions();
    let (own, other) = (handle(&first), handle(&second));
    assert_eq!(listed(&world, &first), [(own.clone(), true), (other.clone(), false)]);
    assert_eq!(listed(&world, &second), [(other.clone(), true), (own.clone(), false)]);
    // The second is a little younger; the first is unused for as long as it may when it is not listed.
    let idle = Policy::default().session_idle - Duration::seconds(30);
    world.wait(idle - Duration::microseconds(1));
    assert_eq!(listed(&world, &second), [(other.clone(), true), (own, false)]);
    world.wait(Duration::microseconds(1));
    assert_eq!(listed(&world, &second), [(other, true)]);
}
