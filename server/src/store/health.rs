//! What readiness, housekeeping and shutdown ask of a store.

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::service::ports::{Clock, StoreError};

use super::SchemaState;

/// Whether the database can be worked with, and the end of that work.
#[async_trait]
pub trait Health: Send + Sync {
    /// Asks the database for an answer.
    async fn ping(&self) -> Result<(), StoreError>;
    /// How the schema stands to the one in the program. Changes nothing.
    async fn schema(&self) -> Result<SchemaState, StoreError>;
    /// By how much the database's clock is ahead of ours; `None` where it has none of its own.
    async fn clock_ahead(&self, clock: &dyn Clock) -> Result<Option<TimeDelta>, StoreError>;
    /// Waits for the calls under way, then closes every connection. Later calls are
    /// [`StoreError::Unavailable`].
    async fn close(&self);
}
