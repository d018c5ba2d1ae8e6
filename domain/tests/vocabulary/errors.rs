//! The one table of refusals.

use std::collections::HashSet;

use chrono::DateTime;
use domain::error::{ApiError, CodeRejection, ErrorCode};
use serde_json::{Value, json};

/// The status and name of each code, written down a second time. The `match` has no wildcard: a
/// new code does not compile until it stands here, and the test below asks that `ALL` has it.
fn status_and_name(code: ErrorCode) -> (u16, &'static str) {
    match code {
        ErrorCode::InvalidInput => (400, "invalid_input"),
        ErrorCode::InvalidCredentials => (401, "invalid_credentials"),
        ErrorCode::Unauthenticated => (401, "unauthenticated"),
        ErrorCode::CrossOrigin => (403, "cross_origin"),
        ErrorCode::NotFound => (404, "not_found"),
        ErrorCode::MethodNotAllowed => (405, "method_not_allowed"),
        ErrorCode::UsernameTaken => (409, "username_taken"),
        ErrorCode::TicketSpent => (410, "ticket_spent"),
        ErrorCode::PayloadTooLarge => (413, "payload_too_large"),
        ErrorCode::UnsupportedMediaType => (415, "unsupported_media_type"),
        ErrorCode::CodeRejected => (422, "code_rejected"),
        ErrorCode::Throttled => (429, "throttled"),
        ErrorCode::Internal => (500, "internal"),
        ErrorCode::Unavailable => (503, "unavailable"),
        ErrorCode::Timeout => (504, "timeout"),
    }
}

#[test]
fn every_code_has_its_status_and_its_stable_name() {
    for code in ErrorCode::ALL {
        let (status, name) = status_and_name(code);
        assert_eq!(code.status(), status, "{name}");
        assert_eq!(serde_json::to_value(code).unwrap(), name);
        assert_eq!(code.word(), name);
        assert_eq!(serde_json::from_value::<ErrorCode>(json!(name)).unwrap(), code);
        assert!(code.message().ends_with('.'), "a sentence: {}", code.message());
    }
}

#[test]
fn all_lists_every_code_once() {
    let listed: HashSet<_> = ErrorCode::ALL.into_iter().collect();
    assert_eq!(listed.len(), ErrorCode::ALL.len());
    // Serde knows every variant, and says so when it meets one that does not exist.
    let known = serde_json::from_value::<ErrorCode>(json!("no such code")).unwrap_err().to_string();
    assert_eq!(known.matches('`').count() / 2 - 1, ErrorCode::ALL.len(), "{known}");
}

#[test]
fn an_error_says_what_it_has_to_say_and_no_more() {
    let plain = |code| serde_json::to_value(ApiError::new(code)).unwrap();
    assert_eq!(
        plain(ErrorCode::InvalidCredentials),
        json!({ "code": "invalid_credentials", "message": "Username, password and code do not open a session." }),
    );
    for code in ErrorCode::ALL {
        let Value::Object(fields) = plain(code) else { panic!("not an object") };
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["code", "message"]);
    }
    let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let rejected = ApiError::code_rejected(CodeRejection::AlreadyUsed, 3, at);
    assert_eq!(
        serde_json::to_value(&rejected).unwrap(),
        json!({
            "code": "code_rejected", "message": "The code does not match.", "tries_left": 3,
            "reason": "already_used", "server_time": "2027-01-15T08:00:00Z",
        }),
    );
    let read: ApiError = serde_json::from_value(serde_json::to_value(&rejected).unwrap()).unwrap();
    assert_eq!(read, rejected);
    assert_eq!(serde_json::to_value(ApiError::retry(ErrorCode::Throttled, 7)).unwrap()["retry_after"], 7);
    assert_eq!(serde_json::to_value(ApiError::invalid("code", "No.")).unwrap()["field"], "code");
}

#[test]
fn a_refusal_about_a_field_says_its_own_sentence() {
    let error = ApiError::invalid("code", "A sentence.");
    assert_eq!((error.code, error.field.as_deref()), (ErrorCode::InvalidInput, Some("code")));
    assert_eq!(error.message, "A sentence.");
}
