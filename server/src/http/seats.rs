//! How many connections there may be at once.
//!
//! ```text
//! 0 ──────────────────── ¾ ──────────────────── all ─────────────────── all and the spare ones
//!   kept open between    │   closed after one    │   probes are answered,  │   left waiting
//!   requests             │   answer              │   others get 503        │   in the kernel
//! ```
//!
//! Idle connections, such as proxies keep, never fill more than three quarters, so that a full house is
//! one at work. Whoever comes then is refused at once instead of waiting: probes come through the same
//! door, and a process whose probes wait behind others is taken for dead and started anew, which cuts
//! off everybody at work. The spare seats are free again as soon as the refusal is written.

use std::sync::{Arc, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The seats of a listener.
#[derive(Debug)]
pub(super) struct Seats {
    free: Arc<Semaphore>,
    served: usize,
    spare: usize,
}

/// What there is for one more connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// It may stay between its requests.
    Plenty,
    /// It is served once.
    Little,
    /// Only if it is a probe.
    None,
}

impl Seats {
    /// Seats for so many connections that are served, and so many that are refused.
    pub(super) fn new(served: usize, spare: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(served + spare)), served, spare }
    }

    /// Waits for a seat.
    pub(super) async fn take(&self) -> Seat {
        // Closed is what the semaphore never is.
        Seat(self.free.clone().acquire_owned().await.ok().map(Arc::new))
    }

    /// What there is for whoever took the last seat.
    pub(super) fn room(&self) -> Room {
        let taken = (self.served + self.spare).saturating_sub(self.free.available_permits());
        if taken > self.served {
            Room::None
        } else if taken > self.served - self.served / 4 {
            Room::Little
        } else {
            Room::Plenty
        }
    }

    /// Waits until every seat is free again.
    pub(super) async fn all_free(&self) {
        let all = u32::try_from(self.served + self.spare).unwrap_or(u32::MAX);
        // Closed is what the semaphore never is.
        let _ = self.free.acquire_many(all).await;
    }
}

/// A seat; free again when all that hold it are dropped.
#[derive(Debug)]
pub(super) struct Seat(Option<Arc<OwnedSemaphorePermit>>);

impl Seat {
    /// Where requests on this connection come from, for work that outlives them.
    pub(super) fn origin(&self) -> Origin {
        Origin(self.0.as_ref().map(Arc::downgrade).unwrap_or_default())
    }
}

/// The seat that a request came from. It does not hold the seat: requests are copied to where nobody
/// knows when they end.
#[derive(Clone, Debug)]
pub(super) struct Origin(Weak<OwnedSemaphorePermit>);

impl Origin {
    /// Keeps the seat taken.
    pub(super) fn hold(&self) -> Seat {
        Seat(self.0.upgrade())
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn the_last_quarter_is_served_once_and_the_spare_seats_are_for_probes() {
        let seats = Seats::new(4, 2);
        let mut taken = Vec::new();
        for room in [Room::Plenty, Room::Plenty, Room::Plenty, Room::Little, Room::None, Room::None] {
            taken.push(seats.take().await);
            assert_eq!(seats.room(), room, "{} are taken", taken.len());
        }
        assert!(seats.take().now_or_never().is_none(), "the next one waits");
        drop(taken.pop());
        assert!(seats.take().now_or_never().is_some());
    }

    #[tokio::test]
    async fn work_holds_the_seat_of_a_connection_that_has_gone_and_a_copied_request_does_not() {
        let seats = Seats::new(1, 0);
        let seat = seats.take().await;
        let origin = seat.origin();
        let held = origin.hold();
        drop(seat);
        assert!(seats.all_free().now_or_never().is_none(), "work is under way");
        drop(held);
        assert!(seats.all_free().now_or_never().is_some());
        drop(origin.hold());
        assert!(seats.take().now_or_never().is_some());
    }
}
