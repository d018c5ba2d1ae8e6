//! Throttle lanes.

use async_trait::async_trait;
use domain::{
    service::ports::{LaneRule, StoreError, ThrottleStore},
    throttle::{LaneKey, LaneState, Verdict},
};
use sqlx::SqliteConnection;

use super::SqliteStore;
use crate::store::{Fault, rows::LaneRow, stamp::Stamp};

#[async_trait]
impl ThrottleStore for SqliteStore {
    async fn apply(&self, lane: &LaneKey, rule: &LaneRule) -> Result<Verdict, StoreError> {
        Ok(apply(self, lane, rule).await?)
    }

    async fn find(&self, lane: &LaneKey) -> Result<Option<LaneState>, StoreError> {
        let row: Option<LaneRow> =
            sqlx::query_as("SELECT failures, until FROM throttle_lanes WHERE lane = ?1")
                .bind(lane.as_bytes().as_slice())
                .fetch_optional(&self.readers)
                .await
                .map_err(Fault::from)?;
        Ok(row.map(LaneState::try_from).transpose()?)
    }

    async fn clear(&self, lane: &LaneKey) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM throttle_lanes WHERE lane = ?1")
            .bind(lane.as_bytes().as_slice())
            .execute(&self.writer)
            .await
            .map_err(Fault::from)?;
        Ok(())
    }
}

async fn apply(store: &SqliteStore, lane: &LaneKey, rule: &LaneRule) -> Result<Verdict, Fault> {
    let mut tx = store.begin().await?;
    let verdict = rule(find(&mut tx, lane).await?);
    if let Verdict::Admit(state) = &verdict {
        upsert(&mut tx, lane, state).await?;
        tx.commit().await?;
    }
    Ok(verdict)
}

async fn find(db: &mut SqliteConnection, lane: &LaneKey) -> Result<Option<LaneState>, Fault> {
    let row: Option<LaneRow> = sqlx::query_as("SELECT failures, until FROM throttle_lanes WHERE lane = ?1")
        .bind(lane.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    row.map(LaneState::try_from).transpose()
}

async fn upsert(db: &mut SqliteConnection, lane: &LaneKey, state: &LaneState) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO throttle_lanes (lane, failures, until) VALUES (?1, ?2, ?3)
         ON CONFLICT (lane) DO UPDATE SET failures = excluded.failures, until = excluded.until",
    )
    .bind(lane.as_bytes().as_slice())
    .bind(i64::from(state.failures))
    .bind(Stamp::from(state.until))
    .execute(db)
    .await?;
    Ok(())
}
