//! An answer without a body.

use leptos::server_fn::{
    ContentType,
    codec::{Encoding, FromRes, IntoRes},
    response::{ClientRes, TryRes},
};

use crate::api::ServerError;

/// An answer without a body; the server function sets its status to 204.
pub struct NoContent;

impl ContentType for NoContent {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl Encoding for NoContent {
    const METHOD: http::Method = http::Method::POST;
}

impl<Response: TryRes<ServerError>> IntoRes<NoContent, Response, ServerError> for () {
    async fn into_res(self) -> Result<Response, ServerError> {
        Response::try_from_string(NoContent::CONTENT_TYPE, String::new())
    }
}

impl<Response: ClientRes<ServerError> + Send> FromRes<NoContent, Response, ServerError> for () {
    async fn from_res(_: Response) -> Result<Self, ServerError> {
        Ok(())
    }
}
