//! A lane's rule is applied by one at a time.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Duration, Utc};
use domain::throttle::{LaneKey, LaneState, Verdict};
use server::store::Store;

use crate::{database::Database, fixtures::*};

contract! {
    a_fresh_lane_comes_to_the_rule_as_none_and_keeps_what_is_admitted,
    a_refusal_leaves_the_lane_as_it_was,
    a_cleared_lane_is_fresh_again,
    lanes_do_not_touch_one_another,
    of_200_parallel_tries_on_a_fresh_lane_none_is_lost,
    of_200_parallel_tries_on_a_fresh_lane_one_is_admitted_where_one_may,
    clearing_at_the_same_moment_loses_no_try_and_keeps_no_ghost,
}

fn lane() -> LaneKey {
    LaneKey::sign_in(&name("ada"))
}

fn state(failures: u32, until: DateTime<Utc>) -> LaneState {
    LaneState { failures, until }
}

/// The lane as a rule sees it.
async fn look(store: &dyn Store, lane: &LaneKey) -> Option<LaneState> {
    let seen = Arc::new(Mutex::new(None));
    let by_rule = Arc::clone(&seen);
    let rule = move |state: Option<LaneState>| {
        *by_rule.lock().unwrap() = state;
        Verdict::Refuse { retry_after: 1 }
    };
    store.apply(lane, &rule).await.unwrap();
    *seen.lock().unwrap()
}

fn count(state: Option<LaneState>) -> Verdict {
    Verdict::Admit(LaneState { failures: state.map_or(0, |s| s.failures) + 1, until: now() })
}

async fn a_fresh_lane_comes_to_the_rule_as_none_and_keeps_what_is_admitted(db: Database) {
    let store = db.store().await;
    assert_eq!(look(&*store, &lane()).await, None);
    let admitted = state(u32::MAX, now() + Duration::nanoseconds(999));
    let verdict = store.apply(&lane(), &move |_| Verdict::Admit(admitted)).await.unwrap();
    assert_eq!(verdict, Verdict::Admit(admitted));
    assert_eq!(look(&*store, &lane()).await, Some(state(u32::MAX, now())));
}

async fn a_refusal_leaves_the_lane_as_it_was(db: Database) {
    let store = db.store().await;
    let refuse = |_: Option<LaneState>| Verdict::Refuse { retry_after: 7 };
    assert_eq!(store.apply(&lane(), &refuse).await.unwrap(), Verdict::Refuse { retry_after: 7 });
    assert_eq!(db.count("throttle_lanes").await, 0);
    store.apply(&lane(), &count).await.unwrap();
    store.apply(&lane(), &refuse).await.unwrap();
    assert_eq!(look(&*store, &lane()).await, Some(state(1, now())));
}

async fn a_cleared_lane_is_fresh_again(db: Database) {
    let store = db.store().await;
    store.clear(&lane()).await.unwrap();
    store.apply(&lane(), &count).await.unwrap();
    store.clear(&lane()).await.unwrap();
    assert_eq!(look(&*store, &lane()).await, None);
}

async fn lanes_do_not_touch_one_another(db: Database) {
    let store = db.store().await;
    store.apply(&lane(), &count).await.unwrap();
    let other = LaneKey::sign_in(&name("eve"));
    assert_eq!(look(&*store, &other).await, None);
    store.clear(&other).await.unwrap();
    assert_eq!(look(&*store, &lane()).await, Some(state(1, now())));
}

async fn of_200_parallel_tries_on_a_fresh_lane_none_is_lost(db: Database) {
    let store = db.store().await;
    let stores = [store.clone(), db.store().await];
    at_once(&stores, 200, |store| async move { store.apply(&lane(), &count).await.unwrap() }).await;
    assert_eq!(look(&*store, &lane()).await, Some(state(200, now())));
}

async fn of_200_parallel_tries_on_a_fresh_lane_one_is_admitted_where_one_may(db: Database) {
    let store = db.store().await;
    let once = |state: Option<LaneState>| match state {
        None => count(state),
        Some(_) => Verdict::Refuse { retry_after: 1 },
    };
    let stores = [store, db.store().await];
    let verdicts =
        at_once(&stores, 200, |store| async move { store.apply(&lane(), &once).await.unwrap() }).await;
    let admitted = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Admit(_))).count();
    assert_eq!(admitted, 1);
}

async fn clearing_at_the_same_moment_loses_no_try_and_keeps_no_ghost(db: Database) {
    let store = db.store().await;
    for _ in 0..40 {
        store.apply(&lane(), &|_| Verdict::Admit(state(9, now()))).await.unwrap();
        let (trying, clearing) = (store.clone(), store.clone());
        let tried = tokio::spawn(async move { trying.apply(&lane(), &count).await.unwrap() });
        let cleared = tokio::spawn(async move { clearing.clear(&lane()).await.unwrap() });
        let verdict = tried.await.unwrap();
        cleared.await.unwrap();
        // Clear, then try: the lane says 1. Try, then clear: it is gone. Never 10, left behind.
        let left = look(&*store, &lane()).await;
        match verdict {
            Verdict::Admit(LaneState { failures: 1, .. }) => assert_eq!(left, Some(state(1, now()))),
            _ => assert_eq!(left, None),
        }
    }
}
