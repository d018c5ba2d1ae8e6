//! What was begun is finished, whoever stops waiting for it.
//!
//! A use case takes a ticket or a try first, and then hashes, writes, and puts back what a fault of ours
//! cost nobody. A client that leaves, or a time limit, must not stop it half-way.

use std::panic::resume_unwind;

use tracing::Instrument as _;

/// Runs `work` to its end, also when the caller is dropped before. `None`: the process ends.
///
/// A panic goes on in the caller.
pub(super) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    match tokio::spawn(work.in_current_span()).await {
        Ok(done) => Some(done),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_stopped) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_goes_on_when_its_caller_has_gone() {
        let (go_on, wait) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let work = async {
            wait.await.unwrap();
            done.send("done").unwrap();
        };
        assert_eq!(to_its_end(work).now_or_never(), None, "the caller leaves");
        go_on.send(()).unwrap();
        assert_eq!(is_done.await, Ok("done"));
    }

    #[tokio::test]
    #[should_panic(expected = "a fault of ours")]
    async fn a_panic_reaches_the_caller() {
        to_its_end::<()>(async { panic!("a fault of ours") }).await;
    }
}
