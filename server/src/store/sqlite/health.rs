//! Readiness and shutdown.

use async_trait::async_trait;
use domain::service::ports::StoreError;

use super::{SqliteStore, schema};
use crate::store::{Fault, Health, SchemaState};

#[async_trait]
impl Health for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        // Reads the file, where `SELECT 1` would not.
        sqlx::query("SELECT count(*) FROM sqlite_schema")
            .execute(&self.readers)
            .await
            .map_err(Fault::from)?;
        Ok(())
    }

    async fn schema(&self) -> Result<SchemaState, StoreError> {
        let mut conn = self.readers.acquire().await.map_err(Fault::from)?;
        Ok(schema::state(&mut conn).await?)
    }

    async fn close(&self) {
        // The writer last: it folds the WAL into the file.
        self.readers.close().await;
        self.writer.close().await;
    }
}
