//! How a use case says no.

use super::ports::{HashError, StoreError, VaultError};
use crate::error::{ApiError, ErrorCode};

/// A refusal: either one the client is told in full, or a fault whose detail goes to the log only.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Told to the client as it is.
    #[error(transparent)]
    Told(#[from] ApiError),
    /// Overload or an unreachable database: 503, nothing was changed.
    #[error("unavailable: {detail}")]
    Unavailable {
        /// For the log.
        detail: String,
        /// Seconds after which another try makes sense.
        retry_after: u32,
    },
    /// A fault of ours: 500 with a request id and nothing else.
    #[error("internal: {detail}")]
    Internal {
        /// For the log.
        detail: String,
    },
}

/// Seconds after which a client may ask again when the database did not answer.
const DATABASE_RETRY_SECONDS: u32 = 5;

impl Refusal {
    /// The standard refusal of `code`.
    #[must_use]
    pub fn told(code: ErrorCode) -> Self {
        Self::Told(ApiError::new(code))
    }

    /// Whether the fault is ours: what was asked has not been judged.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        match self {
            Self::Told(_) => false,
            Self::Unavailable { .. } | Self::Internal { .. } => true,
        }
    }

    /// What the client sees. The request id of an internal fault is added where it is known.
    #[must_use]
    pub fn to_api_error(&self) -> ApiError {
        match self {
            Self::Told(error) => error.clone(),
            Self::Unavailable { retry_after, .. } => ApiError::retry(ErrorCode::Unavailable, *retry_after),
            Self::Internal { .. } => ApiError::new(ErrorCode::Internal),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                Self::Unavailable { detail: error.to_string(), retry_after: DATABASE_RETRY_SECONDS }
            }
            StoreError::Broken(_) => Self::Internal { detail: error.to_string() },
        }
    }
}

impl From<HashError> for Refusal {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy { retry_after } => Self::Unavailable { detail: error.to_string(), retry_after },
            HashError::Failed => Self::Internal { detail: error.to_string() },
        }
    }
}

impl From<VaultError> for Refusal {
    fn from(error: VaultError) -> Self {
        Self::Internal { detail: error.to_string() }
    }
}
