//! The server's clock beside ours.

use chrono::{DateTime, TimeDelta, Utc};
use domain::service::ports::Clock;
use sqlx::PgConnection;

use crate::store::Fault;

/// By how much it is ahead of `clock`, compared with the middle of the time that the question took.
pub(super) async fn ahead(db: &mut PgConnection, clock: &dyn Clock) -> Result<TimeDelta, Fault> {
    let asked = clock.now();
    let there: DateTime<Utc> = sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(db).await?;
    let answered = clock.now();
    Ok(there - (asked + (answered - asked) / 2))
}
