//! Every `SESAME_…` variable in the documents and in the chart's values is a setting, or one of a few
//! others that are known by name.

use std::collections::BTreeSet;

use server::config::settings::SETTINGS;

use crate::{markdown::documents, read};

/// Variables of ours that are no settings.
const OTHERS: [&str; 6] = [
    // Whether scripts/audit fails without the database of advisories.
    "SESAME_AUDIT_REQUIRE",
    // Names the file of settings.
    "SESAME_CONFIG",
    "SESAME_MODEL_STATES",
    // Where and how scripts/setup brings in tools.
    "SESAME_RUST",
    "SESAME_TOOLS",
    // Has these tests write the documents.
    "SESAME_WRITE_DOCS",
];

/// What the tests and the scripts around them tell one another.
const OF_TESTS: &str = "SESAME_TEST_";

#[test]
fn every_variable_in_the_documents_is_one_that_the_program_knows() {
    let values = "charts/sesame/values.yaml";
    let documents = documents().into_iter().map(|document| (document.name, document.text));
    let mut unknown = Vec::new();
    for (name, text) in documents.chain([(values.to_owned(), read(values))]) {
        let variables = variables(&text).into_iter().filter(|variable| !is_known(variable));
        unknown.extend(variables.map(|variable| format!("{name}: {variable}")));
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn variables_are_found_and_judged() {
    let text = "`SESAME_ARGON2_ITERATIONS`=2, SESAME_…, DATABASE_URL, SESAME_NONSENSE. SESAME_SIGN_IN_*";
    let found: Vec<&str> = variables(text).into_iter().collect();
    assert_eq!(found, ["SESAME_", "SESAME_ARGON2_ITERATIONS", "SESAME_NONSENSE", "SESAME_SIGN_IN_"]);
    let known: Vec<bool> = found.into_iter().map(is_known).collect();
    assert_eq!(known, [true, true, false, true]);
    assert!(!is_known("SESAME_LISTEN_FILE"), "only secrets come from files");
}

fn variables(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
        .filter(|word| word.starts_with("SESAME_"))
        .collect()
}

/// A word that ends in `_` stands for all that begin so.
fn is_known(variable: &str) -> bool {
    let is_setting = SETTINGS.iter().any(|setting| {
        setting.env == variable
            || (setting.secret && variable.strip_suffix("_FILE") == Some(setting.env))
            || (variable.ends_with('_') && setting.env.starts_with(variable))
    });
    is_setting || OTHERS.contains(&variable) || variable.starts_with(OF_TESTS)
}
