//! What the last look at the database found, shared by everybody who asks for a moment.
//!
//! Readiness can be asked from outside and takes the database several questions: without this, whoever
//! asks often enough keeps connections from the people who sign in.

use chrono::{DateTime, TimeDelta, Utc};
use domain::service::ports::Clock;
use tokio::sync::Mutex;

/// How long what was found is told again. Probes come every few seconds.
const KEPT: TimeDelta = TimeDelta::seconds(1);

/// Ready, or a fixed word why not.
pub(super) type Found = Result<(), &'static str>;

/// The last look and when it ended.
#[derive(Default)]
pub(super) struct Readiness(Mutex<Option<(DateTime<Utc>, Found)>>);

impl Readiness {
    /// What was found within the last second, else what `look` finds now. Who asks meanwhile waits for
    /// the look that is under way.
    pub(super) async fn get(&self, clock: &dyn Clock, look: impl Future<Output = Found>) -> Found {
        let mut last = self.0.lock().await;
        if let Some((at, found)) = *last
            && (TimeDelta::zero()..KEPT).contains(&(clock.now() - at))
        {
            return found;
        }
        let found = look.await;
        *last = Some((clock.now(), found));
        found
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        sync::{
            self,
            atomic::{AtomicU32, Ordering},
        },
    };

    use futures::{FutureExt as _, future::join_all};
    use tokio::sync::Notify;

    use super::*;

    struct TurnedClock(sync::Mutex<DateTime<Utc>>);

    impl TurnedClock {
        fn turn(&self, milliseconds: i64) {
            *self.0.lock().unwrap() += TimeDelta::milliseconds(milliseconds);
        }
    }

    impl Clock for TurnedClock {
        fn now(&self) -> DateTime<Utc> {
            *self.0.lock().unwrap()
        }
    }

    #[tokio::test]
    async fn one_look_serves_a_second_and_no_longer() {
        let clock = TurnedClock(sync::Mutex::default());
        let (readiness, looks) = (Readiness::default(), Cell::new(0));
        let ask = || {
            readiness.get(&clock, async {
                looks.set(looks.get() + 1);
                if looks.get() == 1 { Ok(()) } else { Err("away") }
            })
        };
        assert_eq!(ask().await, Ok(()));
        clock.turn(999);
        assert_eq!((ask().await, looks.get()), (Ok(()), 1));
        clock.turn(1);
        assert_eq!((ask().await, looks.get()), (Err("away"), 2));
        // The hour was put right: what was found then says nothing about now.
        clock.turn(-1);
        assert_eq!((ask().await, looks.get()), (Err("away"), 3));
    }

    #[tokio::test]
    async fn who_asks_meanwhile_waits_for_the_look_that_is_under_way() {
        let clock = TurnedClock(sync::Mutex::default());
        let (readiness, looks, answer) = (Readiness::default(), AtomicU32::new(0), Notify::new());
        let ask = || {
            readiness.get(&clock, async {
                looks.fetch_add(1, Ordering::SeqCst);
                answer.notified().await;
                Err("away")
            })
        };
        let mut all = Box::pin(join_all((0..100).map(|_| ask())));
        assert!((&mut all).now_or_never().is_none(), "all of them wait");
        answer.notify_one();
        assert_eq!(all.await, [Err("away"); 100]);
        assert_eq!(looks.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_look_whose_asker_has_gone_is_taken_up_by_the_next() {
        let clock = TurnedClock(sync::Mutex::default());
        let readiness = Readiness::default();
        assert_eq!(readiness.get(&clock, std::future::pending()).now_or_never(), None);
        assert_eq!(readiness.get(&clock, async { Ok(()) }).await, Ok(()));
    }
}
