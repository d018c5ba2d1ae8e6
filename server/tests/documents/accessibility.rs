//! The grid of RGAA: every criterion stands in it once, in one of four states, the counts are right,
//! and every test that it names exists.

use std::collections::BTreeMap;

use crate::{
    markdown::spans,
    read,
    requirements::{Tests, cells},
};

const GRID: &str = "docs/accessibility.md";

const STATES: [&str; 4] = ["conforme", "non conforme", "non applicable", "non évalué"];

/// How many criteria each of RGAA 4.1.2's thirteen themes has: 106 in all.
const THEMES: [usize; 13] = [9, 2, 3, 13, 8, 2, 5, 10, 4, 14, 13, 11, 12];

/// The state of each criterion, by its theme and number.
fn criteria() -> BTreeMap<(usize, usize), String> {
    let mut found = BTreeMap::new();
    for cells in read(GRID).lines().filter_map(cells) {
        let [id, what, state, how] = cells.as_slice() else { continue };
        let Some((theme, number)) = id.split_once('.') else { continue };
        assert!(STATES.contains(&state.as_str()), "{GRID}: {id} is {state}");
        assert!(!what.is_empty() && !how.is_empty(), "{GRID}: {id} does not say how");
        let id = (theme.parse().unwrap(), number.parse().unwrap());
        assert!(found.insert(id, state.clone()).is_none(), "{GRID}: {id:?} comes twice");
    }
    found
}

#[test]
fn each_criterion_of_rgaa_stands_in_the_grid_once() {
    let expected: Vec<_> =
        (1..).zip(THEMES).flat_map(|(theme, count)| (1..=count).map(move |number| (theme, number))).collect();
    assert_eq!(expected.len(), 106);
    assert_eq!(criteria().into_keys().collect::<Vec<_>>(), expected);
}

#[test]
fn the_grid_counts_its_criteria_and_none_fails() {
    let criteria = criteria();
    let counts = STATES.map(|state| criteria.values().filter(|found| *found == state).count());
    assert_eq!(counts[1], 0, "a criterion that is known to fail is mended, not counted");
    let row = format!("| critères | {} | 106 |", counts.map(|count| count.to_string()).join(" | "));
    assert!(read(GRID).lines().any(|line| line == row), "{GRID} should say\n{row}");
}

#[test]
fn every_test_that_the_grid_names_exists() {
    let tests = Tests::all();
    let text = read(GRID);
    let named: Vec<&str> = spans(&text).filter(|span| span.contains(".spec.ts: ")).collect();
    assert!(named.len() > 20, "{} tests were found in {GRID}", named.len());
    let lost: Vec<_> = named.into_iter().filter(|name| !tests.has(name)).collect();
    assert!(lost.is_empty(), "{GRID} names tests that are not there: {lost:#?}");
}
