//! Every way a request is refused: one enum, one table to `(status, code)`, one JSON shape.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The stable code of a refusal; clients match on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Something in the request is malformed; `field` names it where one field is to blame.
    InvalidInput,
    /// Sign-in refused. Says nothing more, to anybody.
    InvalidCredentials,
    /// No valid session.
    Unauthenticated,
    /// Another site's page tried to act for the visitor (Fetch Metadata).
    CrossOrigin,
    /// No such page or route.
    NotFound,
    /// The route exists, the method does not.
    MethodNotAllowed,
    /// The name belongs to somebody.
    UsernameTaken,
    /// Used, lapsed and never-issued tickets look alike.
    TicketSpent,
    /// The body is too large.
    PayloadTooLarge,
    /// The body is not `application/json`.
    UnsupportedMediaType,
    /// The code is wrong or was used; `tries_left` and `reason` say more.
    CodeRejected,
    /// Too many tries; `retry_after` says when to come back.
    Throttled,
    /// A fault that is ours; `request_id` finds it in the log.
    Internal,
    /// Overload or a database that does not answer; nothing was changed.
    Unavailable,
    /// The request took longer than it may.
    Timeout,
}

impl ErrorCode {
    /// Every code, for documents and tests.
    pub const ALL: [Self; 15] = [
        Self::InvalidInput,
        Self::InvalidCredentials,
        Self::Unauthenticated,
        Self::CrossOrigin,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::UsernameTaken,
        Self::TicketSpent,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::CodeRejected,
        Self::Throttled,
        Self::Internal,
        Self::Unavailable,
        Self::Timeout,
    ];

    /// The code as it is written in JSON and in metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::InvalidCredentials => "invalid_credentials",
            Self::Unauthenticated => "unauthenticated",
            Self::CrossOrigin => "cross_origin",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::UsernameTaken => "username_taken",
            Self::TicketSpent => "ticket_spent",
            Self::PayloadTooLarge => "payload_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::CodeRejected => "code_rejected",
            Self::Throttled => "throttled",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
        }
    }

    /// The HTTP status of this code.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidInput => 400,
            Self::InvalidCredentials | Self::Unauthenticated => 401,
            Self::CrossOrigin => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::UsernameTaken => 409,
            Self::TicketSpent => 410,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::CodeRejected => 422,
            Self::Throttled => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
            Self::Timeout => 504,
        }
    }

    /// A sentence for programs and logs. Pages have their own words in the reader's language.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::InvalidInput => "The request is not well formed.",
            Self::InvalidCredentials => "Username, password and code do not open a session.",
            Self::Unauthenticated => "There is no valid session.",
            Self::CrossOrigin => "This request comes from another site.",
            Self::NotFound => "There is nothing at this address.",
            Self::MethodNotAllowed => "This address does not take this method.",
            Self::UsernameTaken => "This username is taken.",
            Self::TicketSpent => "This ticket was used, has lapsed or never existed.",
            Self::PayloadTooLarge => "The body is too large.",
            Self::UnsupportedMediaType => "The body has to be application/json.",
            Self::CodeRejected => "The code does not match.",
            Self::Throttled => "Too many tries. Come back later.",
            Self::Internal => "Something went wrong on our side.",
            Self::Unavailable => "The service cannot answer right now. Nothing was changed.",
            Self::Timeout => "The request took too long.",
        }
    }
}

/// Why a code was refused; told only to the holder of a ticket or a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CodeRejection {
    /// Not the code of any admitted time step.
    Mismatch,
    /// The right code of a time step that was accepted before.
    AlreadyUsed,
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[error("{message}")]
pub struct ApiError {
    /// What happened, for programs.
    pub code: ErrorCode,
    /// What happened, in English.
    pub message: String,
    /// The field of the request to mend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Seconds to wait; also sent as `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Tries left, with `code_rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u8>,
    /// Why the code was refused, with `code_rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<CodeRejection>,
    /// The server's clock, with `code_rejected`: a wrong phone clock is the usual cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_time: Option<DateTime<Utc>>,
    /// Finds the fault in the log, with `internal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl ApiError {
    /// The error of `code` with its standard message and nothing else.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Self {
            code,
            message: code.message().to_owned(),
            field: None,
            retry_after: None,
            tries_left: None,
            reason: None,
            server_time: None,
            request_id: None,
        }
    }

    /// `invalid_input` for one field, with a sentence about it. The sentence never repeats the value.
    #[must_use]
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self { message: message.into(), field: Some(field.to_owned()), ..Self::new(ErrorCode::InvalidInput) }
    }

    /// `code` with the seconds after which another try makes sense.
    #[must_use]
    pub fn retry(code: ErrorCode, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..Self::new(code) }
    }

    /// `code_rejected` with what helps the person at the page.
    #[must_use]
    pub fn code_rejected(reason: CodeRejection, tries_left: u8, server_time: DateTime<Utc>) -> Self {
        Self {
            tries_left: Some(tries_left),
            reason: Some(reason),
            server_time: Some(server_time),
            ..Self::new(ErrorCode::CodeRejected)
        }
    }
}
