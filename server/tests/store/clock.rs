//! By which clock what is over may be deleted.

use chrono::{DateTime, TimeDelta, Utc};
use domain::service::ports::Clock;
use server::{
    clock::SystemClock,
    housekeeping::{Time, time_to_go_by},
};

use crate::database::Database;

contract! {
    a_clock_that_the_database_disputes_is_not_one_to_delete_by,
}

/// A clock that is off by so much.
struct Off(TimeDelta);

impl Clock for Off {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + self.0
    }
}

async fn a_clock_that_the_database_disputes_is_not_one_to_delete_by(db: Database) {
    let store = db.store().await;
    for seconds in [0, 30, -30] {
        let time = time_to_go_by(&*store, &Off(TimeDelta::seconds(seconds))).await.unwrap();
        assert_eq!(time, Time::Agreed, "{seconds}");
    }
    for days in [1, -1, 366] {
        let time = time_to_go_by(&*store, &Off(TimeDelta::days(days))).await.unwrap();
        // SQLite has no clock that could say otherwise.
        let disputed = matches!(time, Time::Disputed { ahead } if ahead.num_hours().abs() >= 23);
        assert_eq!(disputed, !db.is_sqlite(), "{days}: {time:?}");
    }
}
