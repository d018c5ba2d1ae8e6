//! Readiness, housekeeping and shutdown.

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::service::ports::{Clock, StoreError};

use super::{SqliteStore, schema, try_to_write};
use crate::store::{Fault, Health, SchemaState};

#[async_trait]
impl Health for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        // Reads the file, where `SELECT 1` would not.
        sqlx::query("SELECT count(*) FROM sqlite_schema")
            .execute(&self.readers)
            .await
            .map_err(Fault::from)?;
        // A sign-in writes: while another process holds the lock, none works.
        let mut writer = self.writer.acquire().await.map_err(Fault::from)?;
        Ok(try_to_write(&mut writer).await.map_err(Fault::from)?)
    }

    async fn schema(&self) -> Result<SchemaState, StoreError> {
        let mut conn = self.readers.acquire().await.map_err(Fault::from)?;
        Ok(schema::state(&mut conn).await?)
    }

    async fn clock_ahead(&self, _clock: &dyn Clock) -> Result<Option<TimeDelta>, StoreError> {
        Ok(None)
    }

    async fn close(&self) {
        // The writer last: it folds the WAL into the file.
        self.readers.close().await;
        self.writer.close().await;
    }
}
