//! How fast somebody may try again.

use std::collections::HashSet;

use chrono::{DateTime, Duration, Utc};
use domain::{
    device::DeviceId,
    id::PairId,
    network::Network,
    throttle::{
        Bucket, CODES_AT_MOST, FORGET, LaneKey, LaneState, REMEMBER_CODES, Verdict, give_back,
        give_back_code, take_code_try, take_try, wrong_codes,
    },
    username::Username,
};
use proptest::prelude::*;

use crate::common::Dice;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn admitted(verdict: Verdict) -> LaneState {
    match verdict {
        Verdict::Admit(state) => state,
        Verdict::Refuse { retry_after } => panic!("refused for {retry_after} s"),
    }
}

/// Milliseconds of delay after so many failures at signing in.
fn delay_ms(failures: u32) -> i64 {
    match failures {
        0..=4 => 0,
        5 => 1_000,
        6 => 3_000,
        7 => 5_000,
        8 => 10_000,
        _ => 30_000,
    }
}

/// Lanes as a clock leaves them that is a minute ahead at most.
fn lane() -> impl Strategy<Value = LaneState> {
    let failures = prop_oneof![0u32..12, any::<u32>()];
    failures.prop_flat_map(|failures| {
        (-7_200_000..=delay_ms(failures) + 60_000)
            .prop_map(move |millis| LaneState { failures, until: now() + Duration::milliseconds(millis) })
    })
}

#[test]
fn req_rl_1_delays_grow_to_their_cap_and_never_beyond() {
    let (mut state, mut at, mut last) = (None, now(), Duration::zero());
    let mut delays = Vec::new();
    for failures in 1..=100 {
        let next = admitted(take_try(state, at));
        assert_eq!(next.failures, failures);
        let delay = next.until - at;
        assert!(delay >= last && delay <= Duration::seconds(30), "{delay} after {last}");
        delays.push(delay.num_seconds());
        (state, at, last) = (Some(next), next.until, delay);
    }
    assert_eq!(delays[..10], [0, 0, 0, 0, 1, 3, 5, 10, 30, 30]);
}

/// Takes tries as fast as they are admitted; how long each has to wait for the next.
fn guess_codes(tries: u32) -> (LaneState, DateTime<Utc>, Vec<i64>) {
    let (mut state, mut at, mut waits) = (None, now(), Vec::new());
    for failures in 1..=tries {
        let next = admitted(take_code_try(state, at));
        assert_eq!((next.failures, wrong_codes(Some(next), at)), (failures, failures));
        state = Some(next);
        let mut wait = 0;
        while let Verdict::Refuse { retry_after } = take_code_try(state, at + Duration::seconds(wait)) {
            wait += i64::from(retry_after);
        }
        waits.push(wait);
        at += Duration::seconds(wait);
    }
    (state.unwrap(), at, waits)
}

/// Somebody's clock was ahead when it wrote the lane: the others must not keep people out until then.
#[test]
fn a_lane_from_the_future_keeps_nobody_out() {
    for ahead in [Duration::seconds(91), Duration::hours(1), Duration::days(365)] {
        let lane = Some(LaneState { failures: 40, until: now() + ahead });
        let next = admitted(take_try(lane, now()));
        assert_eq!((next.failures, next.until - now()), (41, Duration::seconds(30)), "the count stays");
    }
    let guessed = admitted(take_code_try(None, now() + Duration::hours(1)));
    let next = admitted(take_code_try(Some(LaneState { failures: 40, ..guessed }), now()));
    assert_eq!(next.failures, 41);
    let shut = LaneState { failures: CODES_AT_MOST, ..guessed };
    assert!(matches!(take_code_try(Some(shut), now()), Verdict::Refuse { .. }), "by any clock");
}

#[test]
fn req_otp_4_codes_with_the_right_password_come_down_to_24_a_day() {
    let (_, _, waits) = guess_codes(30);
    assert_eq!(waits[..19], [0; 19]);
    assert_eq!(waits[19..25], [0, 60, 300, 900, 3600, 3600]);
}

#[test]
fn req_otp_4_after_a_hundred_wrong_codes_none_is_looked_at_while_the_secrets_live() {
    let (state, _, waits) = guess_codes(CODES_AT_MOST);
    assert_eq!(CODES_AT_MOST, 100);
    assert_eq!(*waits.last().unwrap(), REMEMBER_CODES.num_seconds());
    let last_try = state.until - REMEMBER_CODES;
    let six_months = Duration::days(184);
    assert!(REMEMBER_CODES > six_months, "nothing that was guessed is forgotten while it is true");
    for later in [Duration::zero(), Duration::days(1), six_months, REMEMBER_CODES - Duration::seconds(1)] {
        let verdict = take_code_try(Some(state), last_try + later);
        assert!(matches!(verdict, Verdict::Refuse { .. }), "{later}");
        assert_eq!(wrong_codes(Some(state), last_try + later), CODES_AT_MOST);
    }
    assert_eq!(wrong_codes(Some(state), state.until), 0);
    assert_eq!(admitted(take_code_try(Some(state), state.until)).failures, 1);
}

proptest! {
    #[test]
    fn req_rl_1_a_try_is_refused_exactly_while_the_delay_runs(state in lane()) {
        match take_try(Some(state), now()) {
            Verdict::Refuse { retry_after } => {
                prop_assert!(state.until > now() && retry_after <= 90);
                // The seconds told suffice, and one fewer would not.
                let seconds = i64::from(retry_after);
                prop_assert!(retry_after >= 1 && now() + Duration::seconds(seconds) >= state.until);
                prop_assert!(now() + Duration::seconds(seconds - 1) < state.until);
                let later = take_try(Some(state), now() + Duration::seconds(seconds));
                prop_assert!(matches!(later, Verdict::Admit(_)));
            }
            Verdict::Admit(next) => {
                let ahead = state.until - now();
                // Later than the delay and what clocks are apart: no clock that is right wrote it.
                let earned = state.failures > 4 && ahead <= Duration::seconds(61);
                prop_assert!(!(ahead > Duration::zero() && earned) && next.until >= now());
                let forgotten = now() - state.until >= FORGET;
                prop_assert_eq!(next.failures, if forgotten { 1 } else { state.failures.saturating_add(1) });
            }
        }
    }

    #[test]
    fn req_err_1_a_try_given_back_leaves_the_count_as_it_was(
        failures in 0..u32::MAX, since in 0i64..1_800, pause in 0i64..5_000,
    ) {
        let state = LaneState { failures, until: now() - Duration::seconds(since) };
        let taken = admitted(take_try(Some(state), now()));
        let later = now() + Duration::milliseconds(pause);
        let given_back = admitted(give_back(Some(taken), later));
        prop_assert_eq!(given_back.failures, state.failures);
        prop_assert_eq!(given_back.until, later, "and no delay");
        prop_assert_eq!(admitted(give_back(None, now())).failures, 0);
    }

    #[test]
    fn req_err_1_a_code_given_back_leaves_the_others_counted_and_remembered(
        failures in 0..CODES_AT_MOST, since in 3_600i64..17_000_000, pause in 0i64..5_000,
    ) {
        let until = now() - Duration::seconds(since) + REMEMBER_CODES;
        let taken = admitted(take_code_try(Some(LaneState { failures, until }), now()));
        let later = now() + Duration::milliseconds(pause);
        let given_back = admitted(give_back_code(Some(taken), later));
        prop_assert_eq!(wrong_codes(Some(given_back), later), failures);
        prop_assert!(given_back.until >= until, "not forgotten sooner");
        prop_assert_eq!(wrong_codes(Some(admitted(give_back_code(None, later))), later), 0);
    }

    /// What a clock wrote that was ahead by more than a minute keeps nobody out once it is right again,
    /// and forgives nothing.
    #[test]
    fn req_err_1_a_delay_that_a_wrong_clock_set_is_over_when_the_clock_is_back(
        failures in prop_oneof![0u32..40, any::<u32>()],
        ahead in prop_oneof![60_001i64..7_200_000, 60_001i64..40_000_000_000],
    ) {
        let ahead = Duration::milliseconds(ahead);
        for take in [take_try, take_code_try] {
            let first = LaneState { failures, until: now() + ahead };
            let written = admitted(take(Some(first), now() + ahead));
            let back = admitted(take(Some(written), now()));
            prop_assert_eq!(back.failures, written.failures.saturating_add(1));
        }
        let bucket = Bucket { burst: 3, per_minute: 1 };
        let mut state = None;
        for _ in 0..3 {
            state = Some(admitted(bucket.take(state, now() + ahead)));
        }
        for _ in 0..3 {
            state = Some(admitted(bucket.take(state, now())));
        }
        let refused = matches!(bucket.take(state, now()), Verdict::Refuse { .. });
        prop_assert!(refused, "one burst more, and no second one");
    }

    /// The promise of a bucket, for any arrivals: in every window, no more than the burst and what
    /// its length earns; and whoever is refused is admitted after the seconds told.
    #[test]
    fn req_rl_1_a_bucket_admits_no_more_than_burst_and_rate_in_any_window(
        burst in 1u32..20,
        per_minute in prop_oneof![1u32..200, 1u32..200_000],
        gaps in prop::collection::vec(prop_oneof![Just(0i64), 0i64..50, 0i64..2_000_000], 1..150),
    ) {
        let bucket = Bucket { burst, per_minute };
        let (mut state, mut at) = (None, now());
        let mut admitted = Vec::new();
        for gap in gaps {
            at += Duration::microseconds(gap);
            match bucket.take(state, at) {
                Verdict::Admit(next) => {
                    admitted.push(at);
                    state = Some(next);
                }
                Verdict::Refuse { retry_after } => {
                    let then = at + Duration::seconds(retry_after.into());
                    prop_assert!(matches!(bucket.take(state, then), Verdict::Admit(_)));
                }
            }
        }
        for (first, from) in admitted.iter().enumerate() {
            for (count, to) in (1i64..).zip(&admitted[first..]) {
                let micros = (*to - *from).num_microseconds().unwrap();
                let earned = i128::from(micros) * i128::from(per_minute) / 60_000_000;
                prop_assert!(i128::from(count) <= i128::from(burst) + earned, "{count} within {micros} µs");
            }
        }
    }

    #[test]
    fn req_rl_1_a_bucket_left_alone_takes_its_whole_burst_again(burst in 1u32..200, per_minute in 1u32..1_000) {
        let bucket = Bucket { burst, per_minute };
        let mut state = None;
        for start in [now(), now() + Duration::seconds(60) * i32::try_from(burst).unwrap()] {
            for _ in 0..burst {
                state = Some(admitted(bucket.take(state, start)));
            }
            let refused = matches!(bucket.take(state, start), Verdict::Refuse { .. });
            prop_assert!(refused);
        }
    }
}

#[test]
fn every_lane_is_of_its_own_name_device_network_and_purpose() {
    let name = |text| Username::parse(text).unwrap();
    let (alice, bob) = (name("alice"), name("bob"));
    let [one, other] = [1, 2].map(|seed| DeviceId::random(&Dice::seeded(seed)));
    let [here, there] = ["203.0.113.7", "198.51.100.7"].map(|text| Network::of(text.parse().unwrap()));
    let mut lanes = vec![
        LaneKey::sign_in_network(here),
        LaneKey::sign_in_network(there),
        LaneKey::register_network(here),
        LaneKey::register_network(there),
    ];
    for network in [here, there] {
        lanes.extend([LaneKey::sign_in_device_network(network), LaneKey::ticket_network(network)]);
    }
    for username in [&alice, &bob] {
        lanes.extend([LaneKey::sign_in(username), LaneKey::no_code(username)]);
        lanes.extend([one, other].map(|device| LaneKey::sign_in_device(username, device)));
    }
    for pair in [[1; 16], [2; 16]].map(PairId::from_bytes) {
        lanes.extend([None, Some(one), Some(other)].map(|device| LaneKey::code(pair, device)));
    }
    let different: HashSet<_> = lanes.iter().collect();
    assert_eq!(different.len(), lanes.len());
    assert_eq!(LaneKey::sign_in(&alice), LaneKey::sign_in(&name("ALICE")));
    assert!(lanes.iter().all(|lane| lane.as_bytes().iter().any(|byte| *byte > 1)));
}

/// Nobody is told to wait longer than they have to: neither on a delay nor at a bucket.
#[test]
fn req_rl_1_a_refusal_names_the_first_second_at_which_a_try_is_admitted() {
    let waits = |verdict| match verdict {
        Verdict::Refuse { retry_after } => retry_after,
        Verdict::Admit(state) => panic!("admitted: {state:?}"),
    };
    for (millis, seconds) in [(1, 1), (999, 1), (1_000, 1), (1_001, 2), (3_000, 3), (29_999, 30)] {
        let state = LaneState { failures: 9, until: now() + Duration::milliseconds(millis) };
        assert_eq!(waits(take_try(Some(state), now())), seconds, "{millis} ms");
        // The first delay of a code is a minute.
        let until = state.until - Duration::seconds(60) + REMEMBER_CODES;
        let state = LaneState { failures: 21, until };
        assert_eq!(waits(take_code_try(Some(state), now())), seconds, "{millis} ms");
    }
    let bucket = Bucket { burst: 5, per_minute: 6 };
    let mut state = None;
    for _ in 0..5 {
        state = Some(admitted(bucket.take(state, now())));
    }
    assert_eq!(waits(bucket.take(state, now())), 10);
    assert_eq!(waits(bucket.take(state, now() + Duration::seconds(9))), 1);
    admitted(bucket.take(state, now() + Duration::seconds(10)));
}
