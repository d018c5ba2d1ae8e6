//! What is over is deleted, from its very end on and not a moment before.

use chrono::{DateTime, Duration, Utc};
use domain::{service::policy::Policy, throttle};

use crate::{
    refusals::{activate, ticket, world},
    world::{World, finish},
};

const INSTANT: Duration = Duration::microseconds(1);

/// Accounts, sessions and lanes.
fn rows(world: &World) -> [usize; 3] {
    let kept = world.store.snapshot();
    [kept.accounts.len(), kept.sessions.len(), kept.lanes.len()]
}

/// Purges at `moment`; what is left. The answer counts what went.
fn purged_at(world: &World, moment: DateTime<Utc>) -> [usize; 3] {
    world.wait(moment - world.now());
    let before: usize = rows(world).iter().sum();
    let deleted = finish(&mut Box::pin(world.sesame.purge())).unwrap();
    let left = rows(world);
    assert_eq!(usize::try_from(deleted).unwrap(), before - left.iter().sum::<usize>());
    left
}

#[test]
fn registrations_sessions_and_lanes_are_purged_from_their_end_on() {
    let (world, policy) = (world(), Policy::default());
    let start = world.now();
    ticket(&world, "lapses");
    activate(&world, ticket(&world, "stays"));
    let lanes = rows(&world)[2];
    assert_eq!(rows(&world), [2, 1, lanes]);
    let last_lane = world.store.snapshot().lanes.values().map(|lane| lane.until).max().unwrap();
    assert!(lanes > 0 && last_lane < start + Duration::minutes(1), "all lanes end before the session does");

    let unused = start + policy.session_idle;
    assert_eq!(purged_at(&world, unused - INSTANT)[..2], [2, 1]);
    assert_eq!(purged_at(&world, unused)[..2], [2, 0]);
    let forgotten = last_lane + throttle::FORGET;
    assert!(purged_at(&world, forgotten)[2] > 0);
    assert_eq!(purged_at(&world, forgotten + INSTANT), [2, 0, 0]);
    let lapsed = start + policy.registration_lifetime;
    assert_eq!(purged_at(&world, lapsed - INSTANT)[0], 2);
    assert_eq!(purged_at(&world, lapsed), [1, 0, 0]);
}
