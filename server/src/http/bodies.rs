//! Bodies of requests and answers hold passwords, codes and tickets: they are kept in buffers that are
//! zeroed as soon as nobody reads them any more.
//!
//! What cannot be reached from here: the buffer into which hyper reads a connection (some KiB, which the
//! next request on it overwrites), those of the kernel, the copies that `serde_json` leaves where an answer
//! outgrows its buffer, and cookies, which travel in header values.

use std::{error::Error, iter::successors};

use axum::body::{Body, Bytes, HttpBody as _};
use domain::error::ErrorCode;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use zeroize::{Zeroize as _, Zeroizing};

/// Bytes that are zeroed when the last of their readers is done.
pub(super) fn wiped_at_the_end(bytes: Vec<u8>) -> Bytes {
    Bytes::from_owner(Zeroizing::new(bytes))
}

/// Reads a whole body of at most `limit` bytes into one such buffer, and zeroes what it came in where
/// nobody else holds it.
pub(super) async fn read(body: Body, limit: usize) -> Result<Bytes, ErrorCode> {
    let length = body.size_hint().upper().and_then(|length| usize::try_from(length).ok());
    // Large enough from the start: a vector that grows leaves its bytes behind.
    let mut whole = Zeroizing::new(Vec::with_capacity(length.unwrap_or(limit).min(limit)));
    let mut body = Limited::new(body, limit);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| refusal(&*error))?.into_data() else { continue };
        whole.extend_from_slice(&data);
        if let Ok(mut alone) = data.try_into_mut() {
            alone.as_mut().zeroize();
        }
    }
    Ok(wiped_at_the_end(std::mem::take(&mut *whole)))
}

fn refusal(error: &(dyn Error + 'static)) -> ErrorCode {
    let mut causes = successors(Some(error), |error| <dyn Error>::source(*error));
    let too_large = causes.any(<dyn Error>::is::<LengthLimitError>);
    if too_large { ErrorCode::PayloadTooLarge } else { ErrorCode::InvalidInput }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_read_whole_up_to_its_limit() {
        for (body, read_to) in [
            (Body::from("1234"), Ok("1234")),
            (Body::empty(), Ok("")),
            (Body::from("12345"), Err(ErrorCode::PayloadTooLarge)),
        ] {
            let read = read(body, 4).await;
            assert_eq!(read.as_deref(), read_to.map(str::as_bytes).as_ref().map(|bytes| *bytes));
        }
    }

    #[tokio::test]
    async fn frames_are_joined_and_the_vector_never_grows() {
        let frames = ["ab", "c", ""].map(|part| Ok::<_, std::io::Error>(Bytes::from(part)));
        let body = Body::from_stream(futures::stream::iter(frames));
        assert_eq!(read(body, 3).await.as_deref(), Ok(&b"abc"[..]));
    }

    #[tokio::test]
    async fn what_a_frame_came_in_is_zeroed_only_where_nobody_else_reads_it() {
        let held = Bytes::from(b"held by somebody".to_vec());
        read(Body::from(held.clone()), 64).await.unwrap();
        assert_eq!(held, &b"held by somebody"[..]);
    }
}
