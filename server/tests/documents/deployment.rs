//! The pictures of the shapes it is run in, drawn by hand, against the chart, the settings and the
//! functions.

use std::{collections::BTreeSet, fs};

use server::{config::settings::SETTINGS, http::Function};

use crate::{HANDOVER, block, commands, workspace};

/// The kinds of what runs or leads to it: what a picture of the shapes must not leave out.
const KINDS: [&str; 7] =
    ["CronJob", "Deployment", "Function", "Ingress", "IngressRoute", "Job", "StatefulSet"];

fn picture() -> String {
    block::drawn(HANDOVER, "deployment")
}

/// Words of letters, digits, hyphens and slashes.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '/')).filter(|word| !word.is_empty())
}

/// All templates of the chart, one after the other.
fn templates() -> String {
    let folder = workspace().join("charts/sesame/templates");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = files.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap());
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_picture_has_every_kind_of_workload_that_the_chart_makes() {
    let templates = templates();
    let made: BTreeSet<&str> = templates
        .lines()
        .filter_map(|line| line.strip_prefix("kind: "))
        .filter(|k| KINDS.contains(k))
        .collect();
    let picture = picture();
    let shown: BTreeSet<&str> = words(&picture).filter(|word| KINDS.contains(word)).collect();
    assert_eq!(shown, made);
}

#[test]
fn the_workloads_in_the_picture_are_called_as_the_chart_calls_them() {
    let templates = templates();
    let picture = picture();
    let names: BTreeSet<&str> = pieces(&picture).filter_map(workload).collect();
    assert!(names.len() > 3, "{names:?}");
    for name in names {
        // The chart puts a suffix behind the release's name.
        let is_made = |suffix| ["}}-", "%s-"].iter().any(|at| has_word(&templates, &format!("{at}{suffix}")));
        let is_known = name == "sesame"
            || Function::named(name).is_some()
            || name.strip_prefix("sesame-").is_some_and(is_made);
        assert!(is_known, "nothing in the chart is called {name}");
    }
}

/// Whether `text` has `word`, and not as the beginning of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
    text.match_indices(word).any(|(start, _)| !goes_on(&text[start + word.len()..]))
}

/// The lines of the labels.
fn pieces(picture: &str) -> impl Iterator<Item = &str> {
    picture.split(['"', '>', '<']).map(str::trim)
}

/// The name in `KIND name`.
fn workload(piece: &str) -> Option<&str> {
    let (kind, name) = piece.split_once(' ')?;
    KINDS.contains(&kind).then_some(name)
}

#[test]
fn the_ports_in_the_picture_are_those_of_the_chart_or_of_a_setting() {
    let known = templates() + &SETTINGS.iter().filter_map(|s| s.default).collect::<Vec<_>>().join(" ");
    let known: BTreeSet<&str> = words(&known).collect();
    let picture = picture();
    let is_port = |word: &&str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    let ports: BTreeSet<&str> = words(&picture).filter(is_port).collect();
    assert!(ports.len() > 3, "{ports:?}");
    for port in ports {
        assert!(known.contains(port), "nobody listens on {port}");
    }
}

#[test]
fn each_function_in_the_picture_gets_the_addresses_that_are_its_own() {
    let picture = picture();
    for function in Function::ALL {
        let mut own: BTreeSet<&str> = function.paths().iter().copied().collect();
        if function.verifies() {
            own.insert("/api/verify");
        }
        let addresses =
            |line| -> BTreeSet<&str> { words(line).filter(|word| word.starts_with("/api/")).collect() };
        let lines: Vec<&str> = picture.lines().filter(|line| !addresses(line).is_disjoint(&own)).collect();
        assert!(!lines.is_empty(), "{} is not in the picture", function.name());
        for line in lines {
            assert_eq!(addresses(line), own, "{line}");
        }
    }
    for function in words(&picture).filter_map(|word| word.strip_prefix("/function/")) {
        assert!(Function::named(function).is_some(), "{function}");
    }
}

#[test]
fn the_commands_in_the_picture_exist() {
    let picture = picture();
    let commands: BTreeSet<&str> = pieces(&picture).filter(|piece| piece.starts_with("sesame ")).collect();
    assert!(commands.len() > 3, "{commands:?}");
    for command in commands {
        commands::exists(command).unwrap_or_else(|error| panic!("{command}: {error}"));
    }
}
