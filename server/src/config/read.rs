//! Reading collected texts into values, noting every mistake.

use std::{fmt, ops::RangeInclusive, path::PathBuf, str::FromStr, time::Duration};

use super::{
    layers::{Collected, Given, Origin},
    settings,
};

/// A mistake in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting whose value it is about; a name that is no setting has none.
    pub setting: Option<&'static str>,
    /// What is wrong, and the remedy.
    pub sentence: String,
}

/// Every mistake of a configuration, each a sentence with its remedy.
#[derive(Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// In the order of their sentences.
    fn sorted(mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|a, b| a.sentence.cmp(&b.sentence));
        Self(problems)
    }

    /// The mistakes.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "The configuration has {} mistake(s):", self.0.len())?;
        self.iter().try_for_each(|problem| writeln!(f, "  - {}", problem.sentence))
    }
}

impl std::error::Error for Problems {}

pub(super) struct Reader {
    collected: Collected,
}

impl Reader {
    pub(super) fn new(collected: Collected) -> Self {
        Self { collected }
    }

    /// The value, unless anything was wrong anywhere.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Problems> {
        match value {
            Some(value) if self.collected.problems.is_empty() => Ok(value),
            _ => Err(self.into_problems()),
        }
    }

    /// What was wrong.
    pub(super) fn into_problems(self) -> Problems {
        Problems::sorted(self.collected.problems)
    }

    fn given(&self, key: &str) -> Option<&Given> {
        self.collected.values.get(key)
    }

    /// Whether somebody, and not the table, gave the value.
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.given(key).is_some_and(|given| given.origin != Origin::Default)
    }

    /// Notes a mistake in the value of `key`. Never shows the value: it may be a secret, and where
    /// it comes from is enough to find it.
    pub(super) fn problem(&mut self, key: &'static str, what: &str) {
        let setting = settings::find(key).map_or(key, |s| s.env);
        let origin = self.given(key).map(|given| given.origin.to_string());
        let origin = origin.filter(|o| o != setting).map_or_else(String::new, |o| format!(" (from {o})"));
        let stop = if what.ends_with(['.', ')', '!']) { "" } else { "." };
        self.collected.complain(Some(key), format!("{setting}{origin} {what}{stop}"));
    }

    /// The value read by `parse`, whose error continues a sentence that starts with the name.
    pub(super) fn with<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.given(key)?.text.clone();
        match parse(&text) {
            Ok(value) => Some(value),
            Err(what) => {
                self.problem(key, &what);
                None
            }
        }
    }

    pub(super) fn parsed<T: FromStr>(&mut self, key: &'static str, expected: &str) -> Option<T> {
        self.with(key, |text| text.parse().map_err(|_| format!("has to be {expected}")))
    }

    pub(super) fn number(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        self.with(key, |text| {
            text.parse()
                .ok()
                .filter(|number| range.contains(number))
                .ok_or_else(|| format!("has to be a whole number from {} to {}", range.start(), range.end()))
        })
    }

    pub(super) fn optional_number(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<usize> {
        self.number(key, range).and_then(|number| usize::try_from(number).ok())
    }

    pub(super) fn seconds(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<Duration> {
        self.number(key, range).map(|seconds| Duration::from_secs(seconds.into()))
    }

    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.with(
            key,
            |text| if text.is_empty() { Err("is empty".to_owned()) } else { Ok(PathBuf::from(text)) },
        )
    }
}
