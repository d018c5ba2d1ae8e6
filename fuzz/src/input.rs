//! Reading an input as what a target needs.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Text is what texts are fuzzed with; other bytes never get as far as our parsers.
pub(crate) fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// The first byte, for a choice, and the rest.
pub(crate) fn choice(data: &[u8]) -> Option<(u8, &[u8])> {
    data.split_first().map(|(first, rest)| (*first, rest))
}

/// The lines of an input. A header has no line breaks, so that they can part several.
pub(crate) fn lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split(|byte| *byte == b'\n')
}

/// A header that comes once a line, as far as a line can be one.
pub(crate) fn header(name: &HeaderName, data: &[u8]) -> HeaderMap {
    lines(data).filter_map(|line| Some((name.clone(), HeaderValue::from_bytes(line).ok()?))).collect()
}

/// `name: value` on each line, as far as a line can be a header.
pub(crate) fn headers(data: &[u8]) -> HeaderMap {
    let header = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        Some((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?))
    };
    lines(data).filter_map(header).collect()
}
