//! An exhaustive model check: every interleaving, call by call of the store, of requests by several
//! people on one account, over the real use cases.
//!
//! From every phase of a life ([`roots`]) everything is tried that a budget of requests, of passing
//! time and of faults allows: who asks for what, with everything they were ever shown ([`want`]); in
//! which order the calls of requests under way reach the store ([`desk`]); when time passes, before or
//! amid a request; which call fails, before or after its effect, or where the process dies. Each state
//! is met once ([`canon`], [`explore`]), every change and answer is held against the rules of design.md
//! section 1 ([`ledger`]), and from every state the owner is shown to get in ([`way_in`]).
//!
//! Not modelled: throttling, which only delays (the simulator has it), and a second account.
//!
//! `SESAME_MODEL_STATES=1000000 cargo test -p domain --features service --test model -- --nocapture`
//! goes on through larger budgets until it has met that many states.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "clippy.toml allows these in test functions; here are their helpers"
)]

#[path = "../common/authenticator.rs"]
mod authenticator;
mod canon;
mod desk;
mod explore;
#[path = "../common/hasher.rs"]
mod hasher;
mod ledger;
#[expect(dead_code, reason = "the simulator uses the rest")]
#[path = "../common/requests.rs"]
mod requests;
mod roots;
mod scene;
#[expect(dead_code, reason = "the simulator uses the rest")]
#[path = "../common/store.rs"]
mod store;
mod symbols;
mod want;
mod way_in;

use domain::audit::AuditKind;

use crate::{explore::Explorer, scene::Budget, store::Defect};

/// Budgets of requests, passing of time and faults, in the order in which they are spent.
const BUDGETS: [(u8, u8, u8); 5] = [(1, 2, 1), (2, 0, 1), (2, 1, 0), (3, 0, 0), (2, 1, 1)];

/// States in an ordinary run.
const STATES: usize = 100_000;

fn budget((requests, waits, faults): (u8, u8, u8)) -> Budget {
    Budget { requests, waits, faults }
}

#[test]
fn no_interleaving_breaks_a_rule() {
    let asked = std::env::var("SESAME_MODEL_STATES").ok().and_then(|text| text.parse().ok());
    let least = asked.unwrap_or(STATES);
    let mut explorer = Explorer::new(None);
    for spend in BUDGETS {
        explorer.explore(budget(spend)).unwrap_or_else(|violation| panic!("{violation}"));
        println!(
            "{} roots, {spend:?} requests, waits and faults: {} states, {} transitions, {} ways in, {:.1} s",
            explorer.roots(),
            explorer.states(),
            explorer.transitions,
            explorer.ways_in(),
            explorer.spent.as_secs_f64(),
        );
        if explorer.states() >= least {
            break;
        }
    }
    println!("{:#?}", explorer.tally);
    assert!(explorer.states() >= least, "only {} states", explorer.states());
    // A model in which nothing happens would find nothing. Its actors neither close one another's
    // sessions nor open twenty (that is in simulator/sessions.rs and the store's contract), and none
    // of them is an operator (server/tests/store/desk.rs, simulator/invited.rs).
    let elsewhere = [
        AuditKind::SessionClosed,
        AuditKind::OtherSessionsClosed,
        AuditKind::SessionDisplaced,
        AuditKind::SessionsClosed,
        AuditKind::SecretsExpired,
        AuditKind::Revoked,
        AuditKind::Exported,
        AuditKind::Deleted,
        AuditKind::Invited,
    ];
    for kind in AuditKind::ALL.into_iter().filter(|kind| !elsewhere.contains(kind)) {
        assert!(explorer.tally.contains_key(kind.as_str()), "{kind:?} never happened");
    }
}

/// Explores a store with `defect` until a violation names one of `rules`.
#[track_caller]
fn assert_caught(defect: Defect, rules: &[&str]) {
    let violation = Explorer::new(Some(defect)).explore(budget((2, 0, 0))).expect_err("it went unnoticed");
    assert!(rules.iter().any(|rule| violation.contains(rule)), "noticed as something else: {violation}");
}

#[test]
fn the_model_notices_a_ticket_that_works_twice() {
    assert_caught(Defect::TicketTwice, &["a ticket worked"]);
}

#[test]
fn the_model_notices_a_time_step_that_works_twice() {
    assert_caught(Defect::StepReused, &["a time step was accepted twice"]);
}

#[test]
fn the_model_notices_a_renewal_that_breaks_before_it_makes() {
    assert_caught(Defect::BreakBeforeMake, &["the pair that worked is gone"]);
}

#[test]
fn the_model_notices_sessions_that_outlive_a_renewal() {
    assert_caught(Defect::SessionsKept, &["a session outlives the pair"]);
}

#[test]
fn the_model_notices_a_ticket_that_may_be_guessed_at_for_ever() {
    assert_caught(Defect::TriesForFree, &["more codes were judged than there are tries"]);
}

// The next two only show between two calls of one request; the second, to no simulated life of 40 years.

#[test]
fn the_model_notices_an_activation_whose_ticket_was_used_meanwhile() {
    assert_caught(Defect::TicketUnchecked, &["by a ticket that does not stand", "another pair than"]);
}

#[test]
fn the_model_notices_a_session_on_a_pair_that_was_replaced_meanwhile() {
    assert_caught(Defect::PairUnchecked, &["a session was opened with another password"]);
}
