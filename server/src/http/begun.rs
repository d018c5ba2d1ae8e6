//! What was begun is finished, whoever stops waiting for it.
//!
//! A use case takes a ticket or a try first, and then hashes, writes, and puts back what a fault of ours
//! cost nobody. A client that leaves, or a time limit, must not stop it half-way. Only a limit of its own
//! does: a database that never answers must not keep connections of the pool for ever.

use std::{panic::resume_unwind, time::Duration};

use tracing::Instrument as _;

/// Runs `work` to its end, also when the caller is dropped before. `None`: it took longer than `limit`, or
/// the process ends.
///
/// A panic goes on in the caller.
pub(super) async fn to_its_end<T: Send + 'static>(
    limit: Duration,
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let bounded = async move {
        let done = tokio::time::timeout(limit, work).await;
        done.inspect_err(|_| tracing::warn!("gave up what a request began: it never ends")).ok()
    };
    match tokio::spawn(bounded.in_current_span()).await {
        Ok(done) => done,
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

    /// Longer than anything here takes.
    const PATIENCE: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn work_goes_on_when_its_caller_has_gone() {
        let (go_on, wait) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let work = async {
            wait.await.unwrap();
            done.send("done").unwrap();
        };
        assert_eq!(to_its_end(PATIENCE, work).now_or_never(), None, "the caller leaves");
        go_on.send(()).unwrap();
        assert_eq!(is_done.await, Ok("done"));
    }

    #[tokio::test]
    async fn work_that_never_ends_is_given_up_and_what_it_holds_is_free() {
        let (held, freed) = oneshot::channel::<()>();
        let work = async {
            std::future::pending::<()>().await;
            drop(held);
        };
        assert_eq!(to_its_end(Duration::from_millis(1), work).await, None);
        assert!(freed.await.is_err());
    }

    #[tokio::test]
    #[should_panic(expected = "a fault of ours")]
    async fn a_panic_reaches_the_caller() {
        to_its_end::<()>(PATIENCE, async { panic!("a fault of ours") }).await;
    }
}
