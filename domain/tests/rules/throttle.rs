//! How fast somebody may try again.

use std::collections::HashSet;

use chrono::{DateTime, Duration, Utc};
use domain::{
    device::DeviceId,
    network::Network,
    throttle::{
        Bucket, FORGET, FORGET_CODES, LaneKey, LaneState, Verdict, give_back, take_code_try, take_try,
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

#[test]
fn req_otp_4_codes_with_the_right_password_come_down_to_24_a_day() {
    let (mut state, mut at) = (None, now());
    let mut delays = Vec::new();
    for _ in 0..30 {
        let next = admitted(take_code_try(state, at));
        delays.push((next.until - at).num_seconds());
        (state, at) = (Some(next), next.until);
    }
    assert_eq!(delays[..20], [0; 20]);
    assert_eq!(delays[20..25], [60, 300, 900, 3600, 3600]);
    // As patient as it takes, there is no better way to guess: whoever waits for a day to be forgotten
    // has 20 tries at once, and 24 in the day that others spend.
    let almost = state.map(|s| s.until + FORGET_CODES - Duration::seconds(1)).unwrap();
    assert_eq!(admitted(take_code_try(state, almost)).failures, 31);
    assert_eq!(admitted(take_code_try(state, almost + Duration::seconds(1))).failures, 1);
}

proptest! {
    #[test]
    fn req_rl_1_a_try_is_refused_exactly_while_the_delay_runs(state in lane()) {
        match take_try(Some(state), now()) {
            Verdict::Refuse { retry_after } => {
                prop_assert!(state.until > now());
                // The seconds told suffice, and one fewer would not.
                let seconds = i64::from(retry_after);
                prop_assert!(retry_after >= 1 && now() + Duration::seconds(seconds) >= state.until);
                prop_assert!(now() + Duration::seconds(seconds - 1) < state.until);
                let later = take_try(Some(state), now() + Duration::seconds(seconds));
                prop_assert!(matches!(later, Verdict::Admit(_)));
            }
            Verdict::Admit(next) => {
                prop_assert!(state.until <= now() && next.until >= now());
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
    for username in [&alice, &bob] {
        lanes.extend([LaneKey::sign_in(username), LaneKey::code(username, None), LaneKey::no_code(username)]);
        for device in [one, other] {
            lanes.extend([LaneKey::sign_in_device(username, device), LaneKey::code(username, Some(device))]);
        }
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
