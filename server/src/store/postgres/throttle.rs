//! Throttle lanes.

use async_trait::async_trait;
use domain::{
    service::ports::{LaneRule, StoreError, ThrottleStore},
    throttle::{LaneKey, LaneState, Verdict},
};
use sqlx::PgConnection;

use super::PostgresStore;
use crate::store::{Fault, rows::LaneRow, stamp::Stamp};

#[async_trait]
impl ThrottleStore for PostgresStore {
    async fn apply(&self, lane: &LaneKey, rule: &LaneRule) -> Result<Verdict, StoreError> {
        Ok(apply(self, lane, rule).await?)
    }

    async fn find(&self, lane: &LaneKey) -> Result<Option<LaneState>, StoreError> {
        let row: Option<LaneRow> =
            sqlx::query_as("SELECT failures, until FROM throttle_lanes WHERE lane = $1")
                .bind(lane.as_bytes().as_slice())
                .fetch_optional(&self.pool)
                .await
                .map_err(Fault::from)?;
        Ok(row.map(LaneState::try_from).transpose()?)
    }

    async fn clear(&self, lane: &LaneKey) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM throttle_lanes WHERE lane = $1")
            .bind(lane.as_bytes().as_slice())
            .execute(&self.pool)
            .await
            .map_err(Fault::from)?;
        Ok(())
    }
}

async fn apply(store: &PostgresStore, lane: &LaneKey, rule: &LaneRule) -> Result<Verdict, Fault> {
    let mut tx = store.begin().await?;
    queue_for_the_lane(&mut tx, lane).await?;
    let verdict = rule(find(&mut tx, lane).await?);
    if let Verdict::Admit(state) = &verdict {
        upsert(&mut tx, lane, state).await?;
        tx.commit().await?;
    }
    Ok(verdict)
}

/// Waits until nobody else applies a rule to the lane: one that was never used has no row to lock.
async fn queue_for_the_lane(db: &mut PgConnection, lane: &LaneKey) -> Result<(), Fault> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 0))")
        .bind(lane.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

/// Locks the row, too: whoever clears the lane does so before this or after the commit.
async fn find(db: &mut PgConnection, lane: &LaneKey) -> Result<Option<LaneState>, Fault> {
    let row: Option<LaneRow> =
        sqlx::query_as("SELECT failures, until FROM throttle_lanes WHERE lane = $1 FOR UPDATE")
            .bind(lane.as_bytes().as_slice())
            .fetch_optional(db)
            .await?;
    row.map(LaneState::try_from).transpose()
}

async fn upsert(db: &mut PgConnection, lane: &LaneKey, state: &LaneState) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO throttle_lanes (lane, failures, until) VALUES ($1, $2, $3)
         ON CONFLICT (lane) DO UPDATE SET failures = excluded.failures, until = excluded.until",
    )
    .bind(lane.as_bytes().as_slice())
    .bind(i64::from(state.failures))
    .bind(Stamp::from(state.until))
    .execute(db)
    .await?;
    Ok(())
}
