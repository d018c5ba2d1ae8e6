//! What was found, and what was looked at.

#[cfg(test)]
use crate::config::{Partial, Sources};
use std::fmt::{self, Write as _};

use serde::Serialize;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It does not start, does not work or is not safe.
    Error,
    /// It works, but not as well or not as safely as it could.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its name, which stays the same from version to version.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong and why it matters.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Look {
    area: &'static str,
    seen: String,
}

/// Everything that was looked at and found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    looked_at: Vec<Look>,
    findings: Vec<Finding>,
}

impl Report {
    /// What was found.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether anything is wrong that must not stay so.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// For eyes: what was looked at, then the findings, the worst first.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::from("Looked at:\n");
        // Writing to a String does not fail.
        for look in &self.looked_at {
            let _ = writeln!(text, "  {:14} {}", look.area, look.seen);
        }
        let mut findings: Vec<_> = self.findings.iter().collect();
        findings.sort_by_key(|finding| finding.severity);
        for Finding { code, severity, what, remedy } in findings {
            let _ = write!(text, "\n{severity:8} {code}\n         {what}\n         Remedy: {remedy}\n");
        }
        let _ = match (self.count(Severity::Error), self.count(Severity::Warning)) {
            (0, 0) => write!(text, "\nNothing is wrong."),
            (errors, warnings) => write!(text, "\nErrors: {errors}. Warnings: {warnings}."),
        };
        text
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    pub(super) fn saw(&mut self, area: &'static str, seen: impl Into<String>) {
        self.looked_at.push(Look { area, seen: seen.into() });
    }

    pub(super) fn error(&mut self, code: &'static str, what: impl Into<String>, remedy: impl Into<String>) {
        self.find(code, Severity::Error, what.into(), remedy.into());
    }

    pub(super) fn warning(&mut self, code: &'static str, what: impl Into<String>, remedy: impl Into<String>) {
        self.find(code, Severity::Warning, what.into(), remedy.into());
    }

    /// What the program itself says when it refuses to start: a sentence, then the remedy.
    pub(super) fn refusal(&mut self, code: &'static str, sentences: &str) {
        let (what, remedy) = sentences
            .split_once(". ")
            .map_or((sentences, "Mend that: the program does not start so."), |(what, remedy)| {
                (what, remedy)
            });
        self.error(code, format!("{}.", what.trim_end_matches('.')), remedy);
    }

    fn find(&mut self, code: &'static str, severity: Severity, what: String, remedy: String) {
        self.findings.push(Finding { code, severity, what, remedy });
    }

    /// The codes, for tests.
    #[cfg(test)]
    pub(super) fn codes(&self) -> Vec<&'static str> {
        self.findings.iter().map(|finding| finding.code).collect()
    }

    /// What `examine` finds in an environment, for its tests.
    #[cfg(test)]
    pub(super) fn codes_of(env: &[(&str, &str)], examine: fn(&Partial, &mut Self)) -> Vec<&'static str> {
        let env = env.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let known = Partial::load(&Sources { env, ..Sources::default() }).unwrap();
        let mut report = Self::default();
        examine(&known, &mut report);
        report.codes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_comes_first_for_eyes() {
        let mut report = Report::default();
        report.saw("clock", "noon");
        report.warning("late", "It is late.", "Go to bed.");
        report.refusal("key", "The key is gone. Restore it. Soon.");
        assert_eq!(
            report.to_text(),
            "Looked at:\n  clock          noon\n\n\
             error    key\n         The key is gone.\n         Remedy: Restore it. Soon.\n\n\
             warning  late\n         It is late.\n         Remedy: Go to bed.\n\n\
             Errors: 1. Warnings: 1."
        );
        assert!(Report::default().to_text().ends_with("Nothing is wrong."));
    }

    #[test]
    fn a_sentence_without_remedy_gets_one() {
        let mut report = Report::default();
        report.refusal("disk", "The disk is gone.");
        assert_eq!(report.findings()[0].what, "The disk is gone.");
        assert!(!report.findings()[0].remedy.is_empty());
    }
}
