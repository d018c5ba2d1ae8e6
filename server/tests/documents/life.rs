//! The pictures of an account's life, drawn by hand, against the code. There is no table of
//! transitions to draw them from: a state is derived from what is stored and from the hour. But the
//! states are enumerations, everything that changes one writes an audit event, and whatever is done
//! is done by a route; so the pictures have to show all of these and nothing else.
//!
//! An arrow's label reads `/api/route, in which case (event)`; so does what a state's box says of what
//! leaves it as it is.

use std::collections::BTreeSet;

use domain::{audit::AuditKind, lifecycle::State, service::ports::Stage};
use server::http::openapi;

use crate::{HANDOVER, block};

/// The word of a stage of a pending pair. A stage more does not compile; then [`STAGES`] wants it, too.
const fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Registered => "registered",
        Stage::PasswordIssued => "password_issued",
        Stage::TotpIssued => "totp_issued",
    }
}

const STAGES: [Stage; 3] = [Stage::Registered, Stage::PasswordIssued, Stage::TotpIssued];

#[test]
fn the_account_s_picture_has_the_states_of_the_code() {
    assert_eq!(states("account"), State::ALL.into_iter().map(|state| state.as_str().to_owned()).collect());
}

#[test]
fn the_pair_s_picture_has_the_stages_of_the_code() {
    assert_eq!(states("pair"), STAGES.into_iter().map(|stage| stage_word(stage).to_owned()).collect());
}

#[test]
fn the_pictures_have_every_event_and_every_route() {
    let arrows: Vec<Arrow> = ["account", "pair", "session"].iter().flat_map(|name| arrows(name)).collect();
    let events: BTreeSet<_> = arrows.iter().flat_map(|arrow| arrow.events.clone()).collect();
    assert_eq!(events, AuditKind::ALL.iter().map(|kind| kind.as_str().to_owned()).collect());
    let routes: BTreeSet<_> = arrows.iter().flat_map(|arrow| arrow.routes.clone()).collect();
    assert_eq!(routes, openapi::document().paths.paths.keys().cloned().collect());
}

/// From where to where, by which routes, with which audit events.
struct Arrow {
    ends: [String; 2],
    routes: Vec<String>,
    events: Vec<String>,
}

/// The states in a picture but for its beginning and its end.
fn states(picture: &str) -> BTreeSet<String> {
    arrows(picture).into_iter().flat_map(|arrow| arrow.ends).filter(|end| end != "[*]").collect()
}

fn arrows(picture: &str) -> Vec<Arrow> {
    let drawn = block::drawn(HANDOVER, picture);
    let lines = drawn.lines().filter_map(|line| line.trim().split_once(": "));
    lines
        .filter_map(|(ends, label)| match ends.split_once(" --> ") {
            Some((from, to)) => Some(arrow(from, to, label)),
            // The first line of a box is the state's name.
            None => (label != ends).then(|| arrow(ends, ends, label)),
        })
        .collect()
}

fn arrow(from: &str, to: &str, label: &str) -> Arrow {
    let (how, events) = match label.split_once(" (") {
        Some((how, events)) => (how, events.strip_suffix(')').expect("events at the end")),
        None => (label, ""),
    };
    let words = |text: &str, of: fn(&str) -> bool| -> Vec<String> {
        let words = text.split([' ', ',']).filter(|word| of(word));
        words.map(str::to_owned).collect()
    };
    Arrow {
        ends: [from.to_owned(), to.to_owned()],
        routes: words(how, |word| word.starts_with("/api/")),
        events: words(events, |word| !word.is_empty()),
    }
}
