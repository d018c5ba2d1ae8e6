//! Readiness, housekeeping and shutdown.

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::service::ports::{Clock, StoreError};

use super::{PostgresStore, clock, schema};
use crate::store::{Fault, Health, SchemaState};

#[async_trait]
impl Health for PostgresStore {
    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await.map_err(Fault::from)?;
        Ok(())
    }

    async fn schema(&self) -> Result<SchemaState, StoreError> {
        let mut conn = self.pool.acquire().await.map_err(Fault::from)?;
        Ok(schema::state(&mut conn).await?)
    }

    async fn clock_ahead(&self, clock: &dyn Clock) -> Result<Option<TimeDelta>, StoreError> {
        let mut conn = self.pool.acquire().await.map_err(Fault::from)?;
        Ok(Some(clock::ahead(&mut conn, clock).await?))
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
