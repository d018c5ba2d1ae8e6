//! Reading arguments: every mistake gets its field and a sentence, no value is repeated.

use std::fmt;

use bytes::Bytes;
use domain::error::{ApiError, ErrorCode};
use leptos::server_fn::Decodes;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::StrictJson;

impl<T: DeserializeOwned> Decodes<T> for StrictJson {
    type Error = RefusalAsText;

    fn decode(body: Bytes) -> Result<T, Self::Error> {
        // A call without arguments may come without a body.
        read(if body.is_empty() { b"{}" } else { &body }).map_err(RefusalAsText)
    }
}

/// A refusal on its way through Leptos, which hands a codec's error on as text: its own JSON.
pub struct RefusalAsText(ApiError);

impl fmt::Display for RefusalAsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.0).map_err(|_| fmt::Error)?)
    }
}

/// The refusal back from the text; any other text came from reading the body itself.
pub(in crate::api) fn refusal_from_text(text: &str) -> ApiError {
    serde_json::from_str(text).unwrap_or_else(|_| malformed())
}

/// Reads an object that has every required field, no unknown one, and nothing behind it.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let mut unknown: Option<String> = None;
    let mut track = serde_path_to_error::Track::new();
    let mut json = serde_json::Deserializer::from_slice(body);
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let value = serde_ignored::deserialize(tracked, |path| {
        unknown.get_or_insert_with(|| path.to_string());
    });
    let value = value.map_err(|error| explain(&error, &track.path().to_string()))?;
    json.end().map_err(|_| malformed())?;
    match unknown {
        Some(field) => Err(ApiError::invalid(&shorten(&field), "This field is not known here.")),
        None => Ok(value),
    }
}

fn malformed() -> ApiError {
    ApiError {
        message: "The body is not well-formed JSON.".to_owned(),
        ..ApiError::new(ErrorCode::InvalidInput)
    }
}

fn explain(error: &serde_json::Error, path: &str) -> ApiError {
    if error.classify() != Category::Data {
        return malformed();
    }
    // serde's texts quote values, but these two hold only names of fields that we declared.
    let text = error.to_string();
    let named = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.split('`').next());
    if let Some(field) = named("missing field `") {
        return ApiError::invalid(field, "This field is missing.");
    }
    if let Some(field) = named("duplicate field `") {
        return ApiError::invalid(field, "This field is given twice.");
    }
    if path == "." {
        return ApiError {
            message: "The body has to be a JSON object.".to_owned(),
            ..ApiError::new(ErrorCode::InvalidInput)
        };
    }
    ApiError::invalid(&shorten(path), "This field has the wrong type.")
}

/// A field's name as the client wrote it, for the answer: at most 64 characters of it.
fn shorten(field: &str) -> String {
    field.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only read")]
    struct Body {
        username: String,
        #[serde(default)]
        code: Option<String>,
    }

    fn refused(body: &[u8]) -> (Option<String>, String) {
        let error = read::<Body>(body).expect_err("the body should be refused");
        assert_eq!(error.code, ErrorCode::InvalidInput);
        (error.field, error.message)
    }

    #[test]
    fn a_complete_object_is_read() {
        read::<Body>(br#"{"username":"a"}"#).unwrap();
        read::<Body>(br#" {"username":"a","code":null} "#).unwrap();
    }

    #[test]
    fn every_mistake_names_its_field() {
        let field = |body: &str| refused(body.as_bytes()).0;
        assert_eq!(field("{}").as_deref(), Some("username"));
        assert_eq!(field(r#"{"username":1}"#).as_deref(), Some("username"));
        assert_eq!(field(r#"{"username":"a","code":[]}"#).as_deref(), Some("code"));
        assert_eq!(field(r#"{"username":"a","role":"admin"}"#).as_deref(), Some("role"));
        assert_eq!(field(r#"{"username":"a","username":"b"}"#).as_deref(), Some("username"));
    }

    #[test]
    fn what_is_no_object_is_refused_without_a_field() {
        for body in ["", "null", "7", "\"x\"", "{", "{\"username\":\"a\"} x", "{\"username\":\"\u{0}\"}"] {
            assert_eq!(refused(body.as_bytes()).0, None, "{body:?}");
        }
        assert_eq!(refused(b"{\"username\":\"\xff\"}").0, None);
    }

    #[test]
    fn no_value_is_repeated() {
        let bodies =
            [r#"{"username":"a","code":8417171717}"#, r#"{"username":{"s3cret":1}}"#, r#"{"username":true}"#];
        for body in bodies {
            let (field, message) = refused(body.as_bytes());
            let told = format!("{field:?} {message}");
            assert!(!told.contains("8417171717") && !told.contains("true"), "{told}");
        }
    }

    #[test]
    fn a_refusal_survives_its_way_through_leptos() {
        let error = ApiError::invalid("code", "A sentence.");
        assert_eq!(refusal_from_text(&RefusalAsText(error.clone()).to_string()), error);
        assert_eq!(refusal_from_text("length limit exceeded").code, ErrorCode::InvalidInput);
    }
}
