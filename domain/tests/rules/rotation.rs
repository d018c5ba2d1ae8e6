//! Nobody gets longer than six calendar months, and nobody loses more than a week of them.

use chrono::{DateTime, Datelike as _, Duration, NaiveDate, Utc};
use domain::rotation::{MAX_JITTER, Period, draw_jitter};
use proptest::prelude::*;

use crate::common::Dice;

/// Six calendar months later, worked out without chrono's month arithmetic.
fn six_months_after(at: DateTime<Utc>) -> DateTime<Utc> {
    let (year, month) =
        if at.month() > 6 { (at.year() + 1, at.month() - 6) } else { (at.year(), at.month() + 6) };
    let date = (1..=at.day()).rev().find_map(|day| NaiveDate::from_ymd_opt(year, month, day)).unwrap();
    date.and_time(at.time()).and_utc()
}

fn check(at: DateTime<Utc>, seed: u64) {
    let jitter = draw_jitter(&Dice::seeded(seed));
    assert!(jitter >= Duration::zero() && jitter < MAX_JITTER, "{jitter}");
    let until = Period::SIX_MONTHS.valid_until(at, jitter);
    let latest = six_months_after(at);
    assert!(until <= latest && until > latest - Duration::days(7), "{at}: {until}");
    assert_eq!(until, latest - jitter, "the draw kept with the pair explains its end");
}

proptest! {
    #[test]
    fn req_rot_1_a_pair_ends_within_the_last_week_of_six_months(
        seconds in 0i64..7_258_118_400, nanos in 0u32..1_000_000_000, seed: u64,
    ) {
        check(DateTime::from_timestamp(seconds, nanos).unwrap(), seed);
    }

    #[test]
    fn req_rot_1_no_draw_however_absurd_lengthens_or_overshoots(seconds in 0i64..7_258_118_400, jitter: i32) {
        let at = DateTime::from_timestamp(seconds, 0).unwrap();
        let until = Period::SIX_MONTHS.valid_until(at, Duration::seconds(jitter.into()));
        let latest = six_months_after(at);
        prop_assert!(until <= latest && until >= latest - MAX_JITTER);
    }
}

#[test]
fn req_rot_1_every_day_of_eight_years_including_month_ends_and_29_february() {
    let first = NaiveDate::from_ymd_opt(2023, 1, 1).unwrap();
    for (seed, day) in (0..).zip(first.iter_days().take(8 * 366)) {
        check(day.and_hms_opt(23, 59, 59).unwrap().and_utc(), seed);
    }
    let end_of = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap().and_hms_opt(12, 0, 0).unwrap().and_utc();
    let until = |at| Period::SIX_MONTHS.valid_until(at, Duration::zero());
    assert_eq!(until(end_of(2026, 8, 31)), end_of(2027, 2, 28));
    assert_eq!(until(end_of(2027, 8, 31)), end_of(2028, 2, 29));
    assert_eq!(until(end_of(2028, 2, 29)), end_of(2028, 8, 29));
    assert_eq!(until(DateTime::<Utc>::MAX_UTC), DateTime::<Utc>::MAX_UTC, "no panic at the end of time");
}

#[test]
fn a_period_is_1_to_120_months() {
    assert!(Period::months(0).is_none() && Period::months(121).is_none());
    assert!((1..=120).all(|months| Period::months(months).is_some()));
    assert_eq!(Period::months(6), Some(Period::SIX_MONTHS));
}

#[test]
fn ten_thousand_draws_fall_evenly_over_the_seven_days() {
    let dice = Dice::seeded(10_000);
    let mut hours = [0u32; 7 * 24];
    for _ in 0..10_000 {
        let hour = usize::try_from(draw_jitter(&dice).num_hours()).unwrap();
        hours[hour] += 1;
    }
    let expected = 10_000.0 / 168.0;
    let chi_square: f64 = hours.iter().map(|n| (f64::from(*n) - expected).powi(2) / expected).sum();
    println!("jitter over 168 hours: chi-square {chi_square:.1}, 228.4 is p = 0.001 at 167 degrees");
    assert!(chi_square < 228.4, "{chi_square}");
}
