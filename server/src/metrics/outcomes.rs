//! What became of use cases, and of tickets with them.

use domain::{
    error::ErrorCode,
    service::{Outcome, UseCase},
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabels {
    use_case: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FateLabels {
    fate: &'static str,
}

/// Counters of outcomes.
pub(super) struct Outcomes {
    by_use_case: Family<OutcomeLabels, Counter>,
    tickets: Family<FateLabels, Counter>,
    throttled: Counter,
}

impl Outcomes {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let by_use_case = Family::<OutcomeLabels, Counter>::default();
        let tickets = Family::<FateLabels, Counter>::default();
        let throttled = Counter::default();
        registry.register("sesame_outcomes", "What became of use cases", by_use_case.clone());
        registry.register("sesame_tickets", "Tickets issued, used and refused", tickets.clone());
        registry.register("sesame_throttled", "Tries refused because there were too many", throttled.clone());
        // A series that is there from the start can be seen to rise from nothing.
        for outcome in [
            Outcome::Expired,
            Outcome::Refused(ErrorCode::InvalidCredentials),
            Outcome::Refused(ErrorCode::Throttled),
        ] {
            let labels = OutcomeLabels { use_case: UseCase::Authenticate.word(), outcome: outcome.word() };
            drop(by_use_case.get_or_create(&labels));
        }
        for fate in ["issued", "used", "refused"] {
            drop(tickets.get_or_create(&FateLabels { fate }));
        }
        Self { by_use_case, tickets, throttled }
    }

    pub(super) fn count(&self, use_case: UseCase, outcome: Outcome) {
        let labels = OutcomeLabels { use_case: use_case.word(), outcome: outcome.word() };
        self.by_use_case.get_or_create(&labels).inc();
        for fate in fates(use_case, outcome) {
            self.tickets.get_or_create(&FateLabels { fate }).inc();
        }
        if outcome == Outcome::Refused(ErrorCode::Throttled) {
            self.throttled.inc();
        }
    }
}

/// What happened to tickets: a step of an enrolment uses one and issues the next.
fn fates(use_case: UseCase, outcome: Outcome) -> &'static [&'static str] {
    match (use_case, outcome) {
        (UseCase::GeneratePassword | UseCase::GenerateTotp, Outcome::Done) => &["used", "issued"],
        (UseCase::Activate, Outcome::Done) => &["used"],
        (UseCase::Register | UseCase::Renew, Outcome::Done)
        | (_, Outcome::Expired | Outcome::ActivationRequired) => &["issued"],
        (_, Outcome::Refused(ErrorCode::TicketSpent)) => &["refused"],
        _ => &[],
    }
}
