//! What is done beside the requests, every ten minutes: deleting what is over, and looking after the
//! audit trail.
//!
//! What is deleted is gone, and it is the clock that says what is over. So a process whose clock is not
//! the database server's deletes nothing and says so. `SQLite` has no clock but ours: there a clock that
//! is a year ahead takes the events of a year, and what brings them back is a backup.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Months, TimeDelta, Utc};
use domain::service::{
    Sesame,
    ports::{Clock, StoreError},
};

use crate::{
    clock::SystemClock,
    store::{self, Store, Told},
};

/// How often.
const INTERVAL: Duration = Duration::from_mins(10);

/// Beyond it one of two clocks is wrong. What is deleted a minute early is nobody's loss.
const FAR: TimeDelta = TimeDelta::minutes(1);

/// Keeps house for as long as it is let; events are `kept` so long.
pub async fn keep_house(sesame: Arc<Sesame>, store: Arc<dyn Store>, kept: Months) {
    let mut ticks = tokio::time::interval(INTERVAL);
    let mut told = None;
    let mut warned = false;
    loop {
        ticks.tick().await;
        let before = match time_to_go_by(&*store, &SystemClock).await {
            Ok(Time::Agreed) => {
                warned = false;
                purge(&sesame).await;
                SystemClock.now().checked_sub_months(kept)
            }
            Ok(Time::Disputed { ahead }) => {
                if !warned {
                    tracing::warn!(
                        seconds_ahead = ahead.num_seconds(),
                        "the database's clock is not ours: deleting nothing until they agree. See `sesame doctor`"
                    );
                }
                warned = true;
                None
            }
            Err(error) => {
                tracing::warn!(%error, "could not delete what was over; trying again later");
                None
            }
        };
        match keep_trail(&*store, before).await {
            // Logs are kept elsewhere: there a chain that was made anew meets what it was before.
            Ok(latest) if told != Some(latest.head) => {
                tracing::info!(head = %latest, "head of the audit trail");
                told = Some(latest.head);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "could not look after the audit trail; trying again later"),
        }
    }
}

/// Whether a clock can be gone by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Nobody says otherwise.
    Agreed,
    /// The database does.
    Disputed {
        /// By how much its clock is ahead.
        ahead: TimeDelta,
    },
}

/// Whether `clock` is the one by which what is over may be deleted.
pub async fn time_to_go_by(store: &dyn Store, clock: &dyn Clock) -> Result<Time, StoreError> {
    let ahead = store.clock_ahead(clock).await?;
    Ok(ahead.filter(|ahead| ahead.abs() > FAR).map_or(Time::Agreed, |ahead| Time::Disputed { ahead }))
}

async fn purge(sesame: &Sesame) {
    match sesame.purge().await {
        Ok(0) => {}
        Ok(rows) => tracing::info!(rows, "deleted what was over"),
        Err(error) => tracing::warn!(%error, "could not delete what was over; trying again later"),
    }
}

/// Moves what older programs wrote into the audit trail, deletes what is from before `before`, if that is
/// known, and answers where it ends.
async fn keep_trail(store: &dyn Store, before: Option<DateTime<Utc>>) -> Result<Told, StoreError> {
    while store.adopt_batch().await? > 0 {}
    if let Some(before) = before {
        while store.trim_batch(before).await? > 0 {}
    }
    store::latest(store).await
}
