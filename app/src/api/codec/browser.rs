//! The browser never reads arguments, but Leptos asks for the impl all the same.

use bytes::Bytes;
use leptos::server_fn::Decodes;

use super::StrictJson;

impl<T> Decodes<T> for StrictJson {
    type Error = &'static str;

    fn decode(_: Bytes) -> Result<T, Self::Error> {
        Err("arguments are read on the server")
    }
}
