//! What the pages know of the visit beyond the address. Nothing of it is stored.

use leptos::prelude::*;

/// A sentence for the page that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The enrolment has just ended well.
    Activated,
    /// The account page sent its visitor to sign in.
    SignInNeeded,
    /// The visitor has signed out.
    SignedOut,
}

/// The visit, as a context.
#[derive(Clone, Copy)]
pub(crate) struct Visit {
    /// Whether the browser's half has taken over. Until then no button does anything.
    pub(crate) ready: RwSignal<bool>,
    /// Whether there may be a session: worth asking the server.
    pub(crate) maybe_signed_in: RwSignal<bool>,
    /// A sentence for the next page.
    arrival: RwSignal<Option<Arrival>>,
}

impl Visit {
    pub(crate) fn new(maybe_signed_in: bool) -> Self {
        Self {
            ready: RwSignal::new(false),
            maybe_signed_in: RwSignal::new(maybe_signed_in),
            arrival: RwSignal::new(None),
        }
    }

    /// Leaves a sentence for the page that comes next.
    pub(crate) fn announce(self, arrival: Arrival) {
        self.arrival.set(Some(arrival));
    }

    /// Takes the sentence left for this page.
    pub(crate) fn take_arrival(self) -> Option<Arrival> {
        self.arrival.try_update_untracked(Option::take).flatten()
    }
}

/// The visit.
pub(crate) fn use_visit() -> Visit {
    expect_context()
}
