//! The register of requirements and the threat model against the tests: whatever is said to be held
//! is held by a test that exists, and no test that is called after a requirement is forgotten.
//!
//! Taken for a test: in both documents each span of code in the column `held by`. `path::name` or
//! `name` is a function with `#[test]`, or one that `contract!` or `life!` makes one of;
//! `file.spec.ts: title` is a test in the browser.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::{markdown::spans, read, workspace};

const REGISTER: &str = "docs/security/requirements.md";
const THREATS: &str = "docs/security/threat-model.md";

/// The register is the list of the requirements. A line that is lost is noticed here.
const REQUIREMENTS: usize = 49;
const PROOFS: usize = 25;

const STATES: [&str; 4] = ["held", "partly", "waived", "open"];
pub(crate) const NOTHING: &str = "–";

/// A line of the register.
struct Line {
    id: String,
    state: String,
    tests: Vec<String>,
    reason: String,
}

fn register() -> Vec<Line> {
    let text = read(REGISTER);
    let lines = text.lines().filter_map(cells).filter(|cells| is_id(&cells[0]));
    lines
        .map(|cells| match cells.as_slice() {
            [id, _, state, tests, reason] => Line {
                id: id.clone(),
                state: state.clone(),
                tests: spans(tests).map(str::to_owned).collect(),
                reason: reason.clone(),
            },
            other => panic!("{REGISTER}: a line has {} cells: {other:?}", other.len()),
        })
        .collect()
}

/// The cells of a line of a table.
pub(crate) fn cells(line: &str) -> Option<Vec<String>> {
    let inside = line.strip_prefix("| ")?.strip_suffix(" |")?;
    Some(inside.split(" | ").map(|cell| cell.trim().to_owned()).collect())
}

fn is_id(text: &str) -> bool {
    text.starts_with("REQ-") || is_proof(text)
}

fn is_proof(id: &str) -> bool {
    id.strip_prefix('T').is_some_and(|number| number.parse::<usize>().is_ok())
}

/// What the column `held by` of the threat model names.
fn held_by_in_the_threat_model() -> Vec<String> {
    let text = read(THREATS);
    let mut column = None;
    let mut found = Vec::new();
    for line in text.lines() {
        let Some(cells) = cells(line) else {
            column = column.filter(|_| line.starts_with("|--"));
            continue;
        };
        match column {
            None => column = cells.iter().position(|cell| cell == "held by"),
            Some(held_by) => found.extend(spans(&cells[held_by]).map(str::to_owned)),
        }
    }
    found
}

/// The tests of the repository: by name the files in which there is one.
#[derive(Default)]
pub(crate) struct Tests {
    rust: BTreeMap<String, BTreeSet<String>>,
    browser: BTreeSet<(String, String)>,
}

impl Tests {
    pub(crate) fn all() -> Self {
        let mut tests = Self::default();
        for folder in ["domain/src", "domain/tests", "server/src", "server/tests", "app/src", "fuzz/tests"] {
            each_file(Path::new(folder), "rs", &mut |path, text| {
                for name in functions(text) {
                    tests.rust.entry(name).or_default().insert(path.to_owned());
                }
            });
        }
        each_file(Path::new("end2end/tests"), "ts", &mut |path, text| {
            tests.browser.extend(titles(text).map(|title| (path.to_owned(), title.to_owned())));
        });
        tests
    }

    /// Whether there is the test that a span of code names.
    pub(crate) fn has(&self, named: &str) -> bool {
        if let Some((file, title)) = named.split_once(": ") {
            let file = file.strip_prefix("end2end/tests/").unwrap_or(file);
            return self.browser.contains(&(format!("end2end/tests/{file}"), title.to_owned()));
        }
        match named.rsplit_once("::") {
            Some((path, name)) => self.rust.get(name).is_some_and(|paths| paths.contains(path)),
            None => self.rust.contains_key(named),
        }
    }

    /// The tests in Rust of these files, as `path::name`.
    pub(crate) fn of_files(&self, files: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for (name, paths) in &self.rust {
            let wanted = paths.iter().filter(|path| files.contains(&path.as_str()));
            found.extend(wanted.map(|path| format!("{path}::{name}")));
        }
        found
    }
}

fn each_file(folder: &Path, extension: &str, visit: &mut impl FnMut(&str, &str)) {
    for entry in fs::read_dir(workspace().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            each_file(&path, extension, visit);
        } else if path.extension().is_some_and(|found| found == extension) {
            let path = path.to_str().unwrap();
            visit(path, &read(path));
        }
    }
}

/// The functions of a source that are tests.
fn functions(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let line = line.strip_prefix("async ").unwrap_or(line);
        let Some((name, _)) = line.strip_prefix("fn ").and_then(|rest| rest.split_once('(')) else {
            continue;
        };
        let above =
            lines[..index].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        let has_attribute = above.filter(|line| line.starts_with("#[")).any(|line| line.contains("test"));
        // In the list of a macro.
        let is_listed = || lines.contains(&format!("{name},").as_str());
        if has_attribute || is_listed() {
            found.push(name.to_owned());
        }
    }
    found
}

/// The titles of a browser test, as they are written.
fn titles(text: &str) -> impl Iterator<Item = &str> {
    text.split("test(").skip(1).filter_map(|rest| {
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|first| matches!(first, '\'' | '`' | '"'))?;
        rest[1..].split(quote).next()
    })
}

#[test]
fn each_requirement_stands_in_the_register_once_in_one_of_four_states() {
    let lines = register();
    let ids: BTreeSet<&str> = lines.iter().map(|line| line.id.as_str()).collect();
    assert_eq!(ids.len(), lines.len(), "an id comes twice");
    let proofs = ids.iter().filter(|id| is_proof(id)).count();
    assert_eq!((ids.len() - proofs, proofs), (REQUIREMENTS, PROOFS));
    for number in 1..=PROOFS {
        assert!(ids.contains(format!("T{number}").as_str()), "T{number} is missing");
    }
    for Line { id, state, tests, reason } in &lines {
        assert!(STATES.contains(&state.as_str()), "{id} is {state}");
        let claims = matches!(state.as_str(), "held" | "partly");
        assert_eq!(claims, !tests.is_empty(), "{id} is {state} and names {} tests", tests.len());
        assert!(state == "held" || reason != NOTHING, "{id} is {state} without a reason");
    }
}

/// A test or a waiver for each requirement: what is held in part is waived for the rest.
#[test]
fn what_is_held_of_a_requirement_in_part_is_waived_for_the_rest() {
    let text = read(REGISTER);
    let waivers = text.split("\n## ").find(|part| part.starts_with("Waivers\n")).unwrap();
    let named = |id: &str| {
        let rows = waivers.lines().filter_map(cells);
        rows.into_iter().any(|row| row[0].split([' ', '(', ')', ',']).any(|word| word == id))
    };
    let lacking: Vec<String> = register()
        .into_iter()
        .filter(|line| !is_proof(&line.id) && line.state != "held" && line.state != "waived")
        .filter(|line| line.state == "open" || !named(&line.id))
        .map(|line| line.id)
        .collect();
    assert_eq!(lacking, Vec::<String>::new(), "neither held nor waived as a whole");
}

#[test]
fn the_register_counts_its_lines() {
    let lines = register();
    let counts = |proofs: bool| {
        let of =
            |state| lines.iter().filter(|line| is_proof(&line.id) == proofs && line.state == state).count();
        let counts = STATES.map(of);
        let all = counts.iter().sum::<usize>();
        counts.into_iter().chain([all]).map(|count| count.to_string()).collect::<Vec<_>>().join(" | ")
    };
    let text = read(REGISTER);
    for (name, proofs) in [("requirements", false), ("proofs", true)] {
        let row = format!("| {name} | {} |", counts(proofs));
        assert!(text.lines().any(|line| line == row), "{REGISTER} should say\n{row}");
    }
}

#[test]
fn every_test_that_the_security_documents_name_exists() {
    let tests = Tests::all();
    let of_register = register().into_iter().flat_map(|line| line.tests);
    let of_threats = held_by_in_the_threat_model();
    assert!(of_threats.len() > 50, "{} tests were found in {THREATS}", of_threats.len());
    let named: BTreeSet<String> = of_register.chain(of_threats).collect();
    let lost: Vec<&String> = named.iter().filter(|name| !tests.has(name)).collect();
    assert!(lost.is_empty(), "there are no such tests: {lost:#?}");
}

#[test]
fn every_test_called_after_a_requirement_stands_in_its_line() {
    let lines = register();
    let mut forgotten = Vec::new();
    for (name, paths) in Tests::all().rust.iter().filter(|(name, _)| name.starts_with("req_")) {
        let own = lines
            .iter()
            .find(|line| name.starts_with(&format!("{}_", line.id.to_lowercase().replace(['-', '/'], "_"))));
        for path in paths {
            let named = format!("{path}::{name}");
            if !own.is_some_and(|line| line.tests.contains(&named)) {
                forgotten.push(format!("{named} in the line of {}", own.map_or("no id", |line| &line.id)));
            }
        }
    }
    assert!(forgotten.is_empty(), "{REGISTER} lacks {forgotten:#?}");
}

#[test]
fn tests_are_found_in_their_sources() {
    let source = "contract!(\n    listed,\n);\nasync fn listed(db: Database) {}\nfn helper(n: u32) {}\n\
                  /// Why.\n#[tokio::test(flavor = \"multi_thread\")]\nasync fn waits() {}\n\
                  proptest! {\n    #[test]\n    fn holds(\n        seed: u64,\n    ) {}\n}\n";
    assert_eq!(functions(source), ["listed", "waits", "holds"]);
    let source =
        "test('one', async () => {});\ntest.describe('no', () => {\n  test(\n    `at ${width} px`, x);\n});";
    assert_eq!(titles(source).collect::<Vec<_>>(), ["one", "at ${width} px"]);
}
