//! Requests as programs and pages make them, and answers as they read them.

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use serde_json::Value;

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| {
            panic!("{} is not JSON: {e}: {}", self.status, String::from_utf8_lossy(&self.body))
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The error's code, after checking that status, content type and shape fit it.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        let error: domain::error::ApiError =
            serde_json::from_value(body.clone()).expect("the shape of an error");
        assert_eq!(self.status.as_u16(), error.code.status(), "{body}");
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/json");
        assert!(!error.message.is_empty());
        let retry = self.headers.get(header::RETRY_AFTER).map(|v| v.to_str().unwrap().to_owned());
        assert_eq!(retry, error.retry_after.map(|s| s.to_string()), "{body}");
        body["code"].as_str().unwrap().to_owned()
    }

    /// The session cookie's value, if one was set to something.
    pub(crate) fn session(&self) -> Option<String> {
        self.cookie("sesame")
    }

    /// The value that it sets a cookie to, unless that is empty.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let mut cookies = self.headers.get_all(header::SET_COOKIE).iter().map(|c| c.to_str().unwrap());
        let value = cookies.find_map(|cookie| cookie.strip_prefix(name)?.strip_prefix('='))?;
        let value = value.split(';').next()?.to_owned();
        (!value.is_empty()).then_some(value)
    }
}

/// A call of a program: JSON, no cookie.
pub(crate) fn json_request(path: &str, body: &Value) -> Request<Body> {
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

/// A call of a page: JSON, a session cookie and what a browser says of itself.
pub(crate) fn page_request(session: &str, path: &str, body: &Value) -> Request<Body> {
    let mut request = json_request(path, body);
    request.headers_mut().insert(header::COOKIE, format!("sesame={session}").parse().unwrap());
    request.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
    request
}
