//! The table of [`domain::lifecycle::state`], around every boundary.

use chrono::{DateTime, Duration, Utc};
use domain::lifecycle::{State, state};

#[test]
fn the_state_follows_from_the_two_ends_at_every_boundary() {
    let now = DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap();
    let tick = Duration::nanoseconds(1);
    let year = Duration::days(365);
    // An end, and whether it is still ahead: ends are exclusive.
    let ends =
        [(now - year, false), (now - tick, false), (now, false), (now + tick, true), (now + year, true)];
    assert_eq!(state(None, None, now), State::Revoked);
    for (end, ahead) in ends {
        let registered = if ahead { State::Registered } else { State::Lapsed };
        assert_eq!(state(Some(end), None, now), registered, "lapses {end}");
        let active = if ahead { State::Active } else { State::Expired };
        // Once there is an active pair, the registration's end says nothing.
        for lapses in std::iter::once(None).chain(ends.map(|(lapses, _)| Some(lapses))) {
            assert_eq!(state(lapses, Some(end), now), active, "lapses {lapses:?}, valid until {end}");
        }
    }
}

/// Scripts read them (`sesame account list --json`), and so each has one of its own that stays.
#[test]
fn each_state_has_its_word() {
    let words = State::ALL.map(State::as_str);
    assert_eq!(words, ["registered", "lapsed", "active", "expired", "revoked"]);
}
