//! A log line for each act of authentication: what, what became of it, from which network, and about
//! which name. It comes with the id and the instant of its request (ASVS 16.2.1, 16.3.1).
//!
//! Names stand there under a pseudonym that only who holds the key ring can work out: people type
//! passwords into the wrong field, and a log is read by many. `sesame account show` tells somebody's.

use std::sync::Arc;

use app::api::{Act, Observer};
use domain::{service::UseCase, username::Username};

use crate::{crypto::LogNames, metrics::Metrics};

/// Counts acts and logs them.
pub(super) struct Acts {
    metrics: Arc<Metrics>,
    names: LogNames,
}

impl Acts {
    pub(super) const fn new(metrics: Arc<Metrics>, names: LogNames) -> Self {
        Self { metrics, names }
    }
}

impl Observer for Acts {
    fn observe(&self, act: Act<'_>) {
        let Act { use_case, outcome, network, username } = act;
        self.metrics.count(use_case, outcome);
        // Looking is no act, and pages look at every turn.
        if matches!(use_case, UseCase::Session | UseCase::Sessions | UseCase::Verify) {
            return;
        }
        let name = username.and_then(|text| Username::parse(text).ok()).map(|name| self.names.of(&name));
        tracing::info!(act = use_case.word(), outcome = outcome.word(), %network, name, "judged");
    }
}
