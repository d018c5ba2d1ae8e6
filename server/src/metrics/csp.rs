//! Reports of what a page's Content-Security-Policy kept it from.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct DirectiveLabels {
    directive: &'static str,
}

/// Counters of reports.
pub(crate) struct CspReports {
    by_directive: Family<DirectiveLabels, Counter>,
    dropped: Counter,
}

impl CspReports {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let by_directive = Family::<DirectiveLabels, Counter>::default();
        let dropped = Counter::default();
        registry.register(
            "sesame_csp_reports",
            "What pages were kept from by their Content-Security-Policy, as browsers report it",
            by_directive.clone(),
        );
        registry.register(
            "sesame_csp_reports_dropped",
            "Reports that were not read because there were too many",
            dropped.clone(),
        );
        Self { by_directive, dropped }
    }

    /// Counts a report about a directive from the closed list.
    pub(crate) fn count(&self, directive: &'static str) {
        self.by_directive.get_or_create(&DirectiveLabels { directive }).inc();
    }

    /// Counts what was not read.
    pub(crate) fn dropped(&self) {
        self.dropped.inc();
    }
}
