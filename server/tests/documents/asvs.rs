//! The matrix of the ASVS against the standard's list and against the tests: no requirement is lost, none
//! is said to be held by a test that does not exist, and no test that was written for it is forgotten.
//!
//! Taken for a test: each span of code in the column `held by`, as in the register (`requirements.rs`).

use std::collections::BTreeSet;

use crate::{
    markdown::{documents, spans},
    read,
    requirements::{NOTHING, Tests, cells},
};

const MATRIX: &str = "docs/security/asvs.md";
/// The tests that were written for the matrix.
const OWN: [&str; 2] = ["server/tests/http/asvs.rs", "server/tests/house/asvs.rs"];
/// Of these, what checks the checks.
const ABOUT_TESTS: [&str; 1] = ["comments_and_tests_are_no_code"];

/// Each section of version 5.0.0 with the levels of its requirements, in their order.
const SECTIONS: [(&str, &str); 80] = [
    ("1.1", "22"),
    ("1.2", "1111122223"),
    ("1.3", "112222222223"),
    ("1.4", "222"),
    ("1.5", "123"),
    ("2.1", "122"),
    ("2.2", "112"),
    ("2.3", "12223"),
    ("2.4", "23"),
    ("3.1", "3"),
    ("3.2", "113"),
    ("3.3", "12223"),
    ("3.4", "11222233"),
    ("3.5", "11122333"),
    ("3.6", "3"),
    ("3.7", "22333"),
    ("4.1", "12233"),
    ("4.2", "23333"),
    ("4.3", "22"),
    ("4.4", "1222"),
    ("5.1", "2"),
    ("5.2", "112333"),
    ("5.3", "113"),
    ("5.4", "222"),
    ("6.1", "122"),
    ("6.2", "111111112222"),
    ("6.3", "11223333"),
    ("6.4", "112233"),
    ("6.5", "22222333"),
    ("6.6", "2223"),
    ("6.7", "33"),
    ("6.8", "2222"),
    ("7.1", "222"),
    ("7.2", "1111"),
    ("7.3", "22"),
    ("7.4", "11222"),
    ("7.5", "223"),
    ("7.6", "22"),
    ("8.1", "1233"),
    ("8.2", "1123"),
    ("8.3", "133"),
    ("8.4", "23"),
    ("9.1", "111"),
    ("9.2", "1222"),
    ("10.1", "22"),
    ("10.2", "223"),
    ("10.3", "22223"),
    ("10.4", "1111122222233333"),
    ("10.5", "22222"),
    ("10.6", "22"),
    ("10.7", "222"),
    ("11.1", "2233"),
    ("11.2", "22233"),
    ("11.3", "11233"),
    ("11.4", "1222"),
    ("11.5", "23"),
    ("11.6", "23"),
    ("11.7", "33"),
    ("12.1", "12233"),
    ("12.2", "11"),
    ("12.3", "22223"),
    ("13.1", "2333"),
    ("13.2", "222223"),
    ("13.3", "2233"),
    ("13.4", "1222233"),
    ("14.1", "22"),
    ("14.2", "12223333"),
    ("14.3", "122"),
    ("15.1", "12233"),
    ("15.2", "12233"),
    ("15.3", "1222222"),
    ("15.4", "3333"),
    ("16.1", "2"),
    ("16.2", "22222"),
    ("16.3", "2222"),
    ("16.4", "222"),
    ("16.5", "2223"),
    ("17.1", "23"),
    ("17.2", "22223333"),
    ("17.3", "22"),
];
const LEVELS: [(&str, usize); 3] = [("1", 70), ("2", 183), ("3", 92)];

const STATES: [&str; 6] = ["held", "document", "partly", "no object", "waived", "open"];
/// More would be another standard.
const WAIVERS: usize = 6;

/// A row of the matrix.
struct Row {
    id: String,
    level: String,
    state: String,
    held_by: String,
    reason: String,
}

impl Row {
    fn tests(&self) -> BTreeSet<&str> {
        spans(&self.held_by).collect()
    }

    /// Where the links of the column `held by` lead.
    fn links(&self) -> Vec<&str> {
        self.held_by.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect()
    }

    /// Whether a check is named that fails.
    fn is_checked(&self) -> bool {
        let runs = |link: &&str| link.starts_with("../../scripts/") || link.starts_with("../../charts/");
        !self.tests().is_empty() || (!self.links().is_empty() && self.links().iter().all(runs))
    }
}

fn matrix() -> Vec<Row> {
    let text = read(MATRIX);
    let lines = text.lines().filter_map(cells).filter(|cells| is_id(&cells[0]));
    lines
        .map(|cells| match cells.as_slice() {
            [id, level, _, state, held_by, reason] => Row {
                id: id.clone(),
                level: level.clone(),
                state: state.clone(),
                held_by: held_by.clone(),
                reason: reason.clone(),
            },
            other => panic!("{MATRIX}: a row has {} cells: {other:?}", other.len()),
        })
        .collect()
}

fn is_id(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| part.parse::<u8>().is_ok())
}

#[test]
fn each_requirement_of_the_asvs_stands_in_the_matrix_once_with_its_level() {
    let mut expected = Vec::new();
    for (section, levels) in SECTIONS {
        let numbered = levels.chars().zip(1..);
        expected.extend(numbered.map(|(level, number)| (format!("{section}.{number}"), level.to_string())));
    }
    for (level, count) in LEVELS {
        assert_eq!(
            expected.iter().filter(|(_, of)| of == level).count(),
            count,
            "the list above, level {level}"
        );
    }
    let found: Vec<_> = matrix().into_iter().map(|row| (row.id, row.level)).collect();
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn each_row_of_the_matrix_has_what_its_state_needs() {
    let rows = matrix();
    for row in &rows {
        let Row { id, state, held_by, reason, .. } = row;
        assert!(STATES.contains(&state.as_str()), "{id} is {state}");
        let fits = match state.as_str() {
            "held" | "partly" => row.is_checked(),
            "document" => row.tests().is_empty() && !row.links().is_empty(),
            _ => held_by == NOTHING,
        };
        assert!(fits, "{id} is {state} by {held_by}");
        let explains_itself = matches!(state.as_str(), "held" | "document");
        assert!(explains_itself || reason != NOTHING, "{id} is {state} without a reason");
        assert!(!reason.is_empty() && !held_by.is_empty(), "{id} has an empty cell");
    }
    assert!(rows.iter().filter(|row| row.state == "waived").count() <= WAIVERS);
}

#[test]
fn every_test_that_the_matrix_names_exists() {
    let tests = Tests::all();
    let rows = matrix();
    let named: BTreeSet<&str> = rows.iter().flat_map(Row::tests).collect();
    assert!(named.len() > 100, "{} tests are named", named.len());
    let lost: Vec<_> = named.iter().filter(|name| !tests.has(name)).collect();
    assert!(lost.is_empty(), "there are no such tests: {lost:#?}");
    // Beside the column, too, where a sentence names one.
    let sentences =
        rows.iter().flat_map(|row| spans(&row.reason).filter(|span| span.matches('_').count() > 3));
    let lost: Vec<_> = sentences.filter(|name| !tests.has(name)).collect();
    assert!(lost.is_empty(), "there are no such tests: {lost:#?}");
}

#[test]
fn every_test_that_was_written_for_the_matrix_stands_in_it() {
    let rows = matrix();
    let named: BTreeSet<&str> = rows.iter().flat_map(Row::tests).collect();
    let own = Tests::all().of_files(&OWN);
    assert!(own.len() > 20, "{} tests were found", own.len());
    let forgotten: Vec<_> = own
        .iter()
        .filter(|test| !named.contains(test.as_str()))
        .filter(|test| !ABOUT_TESTS.iter().any(|name| test.ends_with(&format!("::{name}"))))
        .collect();
    assert!(forgotten.is_empty(), "{MATRIX} lacks {forgotten:#?}");
}

#[test]
fn the_matrix_counts_its_rows() {
    let rows = matrix();
    let text = read(MATRIX);
    let lines = LEVELS.map(|(level, _)| (format!("L{level}"), Some(level)));
    for (name, level) in lines.into_iter().chain([("all".to_owned(), None)]) {
        let of_level: Vec<_> =
            rows.iter().filter(|row| level.is_none_or(|level| row.level == level)).collect();
        let counts = STATES.map(|state| of_level.iter().filter(|row| row.state == state).count());
        let counts = counts.into_iter().chain([of_level.len()]).map(|count| count.to_string());
        let line = format!("| {name} | {} |", counts.collect::<Vec<_>>().join(" | "));
        assert!(text.lines().any(|found| found == line), "{MATRIX} should say\n{line}");
    }
}

/// ASVS 5.0, 12.1.1: what is copied out of the documents names no old version of TLS.
#[test]
fn examples_of_a_proxy_end_tls_by_its_recent_versions_only() {
    let example = "docs/operations/examples/nginx-forward-auth.conf";
    let texts = documents().into_iter().map(|document| (document.name, document.text));
    let mut servers = 0;
    for (name, text) in texts.chain([(example.to_owned(), read(example))]) {
        for server in text.split("server {").skip(1).filter(|server| server.contains(" ssl;")) {
            servers += 1;
            assert!(
                server.contains("ssl_protocols TLSv1.2 TLSv1.3;"),
                "{name}: a server with TLS of any age"
            );
        }
    }
    assert_eq!(servers, 2);
}
