//! As much of a configuration as can be read, for `sesame doctor`, which looks at the rest even when
//! there are mistakes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Config, Origin, Problem, Problems, Sources, layers, read::Reader};

/// Settings that are checked against one another: a mistake in one makes the others doubtful.
const BOUND: [&[&str]; 2] = [
    &["listen", "public_url", "forward_auth_domain", "forward_auth_hosts"],
    &["argon2_memory_kib", "argon2_iterations", "argon2_parallelism"],
];

/// A configuration that may have mistakes.
#[derive(Debug)]
pub struct Partial {
    /// With the default in the place of everything doubtful.
    pub config: Config,
    /// The mistakes.
    pub problems: Vec<Problem>,
    doubtful: BTreeSet<&'static str>,
    origins: BTreeMap<&'static str, Origin>,
}

impl Partial {
    /// Reads the layers. An error would be a table of settings whose own defaults are mistakes.
    pub fn load(sources: &Sources) -> Result<Self, Problems> {
        let collected = layers::collect(sources);
        let mut doubtful = collected.lost();
        let origins = collected.origins();
        let mut all = Reader::new(collected.clone());
        Config::read(&mut all);
        let problems: Vec<Problem> = all.into_problems().iter().cloned().collect();
        for key in problems.iter().filter_map(|problem| problem.setting) {
            let bound = BOUND.into_iter().find(|keys| keys.contains(&key));
            doubtful.extend(bound.unwrap_or(&[key]));
        }
        let mut rest = Reader::new(collected.without(&doubtful));
        let config = Config::read(&mut rest);
        Ok(Self { config: rest.finish(config)?, problems, doubtful, origins })
    }

    /// Who gave the value of `key`, if anybody did.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins.get(key)
    }

    /// Whether the value of `key` is the one that somebody meant.
    #[must_use]
    pub fn is_sure(&self, key: &str) -> bool {
        !self.doubtful.contains(key)
    }
}
