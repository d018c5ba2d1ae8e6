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

use std::sync::Arc;

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
        Seat(self.free.clone().acquire_owned().await.ok())
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
}

/// A seat; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Seat(#[expect(dead_code, reason = "it is held, not read")] Option<OwnedSemaphorePermit>);

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
}
