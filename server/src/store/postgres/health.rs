//! Readiness and shutdown.

use async_trait::async_trait;
use domain::service::ports::StoreError;

use super::{PostgresStore, schema};
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

    async fn close(&self) {
        self.pool.close().await;
    }
}
