//! How arguments travel: JSON, strictly read.
//!
//! Leptos' own JSON codec ignores unknown fields and quotes values in its error texts. This one
//! refuses unknown fields, names the field to mend and never repeats a value: it may be a secret.

#[cfg(not(feature = "ssr"))]
mod browser;
mod no_content;
#[cfg(feature = "ssr")]
mod strict;

use bytes::Bytes;
use leptos::server_fn::{
    ContentType, Encodes, Format, FormatType,
    codec::{JsonEncoding, Post},
};

pub(super) use self::no_content::NoContent;
#[cfg(feature = "ssr")]
pub(super) use self::strict::refusal_from_text;

/// Arguments as a JSON object in the body of a `POST`.
pub(super) type JsonBody = Post<StrictJson>;

/// JSON, strictly read.
pub struct StrictJson;

impl ContentType for StrictJson {
    const CONTENT_TYPE: &'static str = JsonEncoding::CONTENT_TYPE;
}

impl FormatType for StrictJson {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T> Encodes<T> for StrictJson
where
    JsonEncoding: Encodes<T>,
{
    type Error = <JsonEncoding as Encodes<T>>::Error;

    fn encode(arguments: &T) -> Result<Bytes, Self::Error> {
        JsonEncoding::encode(arguments)
    }
}
