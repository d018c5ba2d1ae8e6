//! The pictures of the shapes it is run in and of the way of a request, drawn by hand, against the
//! chart, the settings, the functions and the routes.

use std::{collections::BTreeSet, fs};

use server::{
    config::settings::SETTINGS,
    http::{Function, openapi},
};

use crate::{HANDOVER, block, commands, read, workspace};

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
    let made: BTreeSet<&str> =
        templates.lines().filter_map(|line| line.strip_prefix("kind: ")).filter(|k| KINDS.contains(k)).collect();
    let picture = picture();
    let shown: BTreeSet<&str> = words(&picture).filter(|word| KINDS.contains(word)).collect();
    assert_eq!(shown, made);
}

#[test]
fn the_workloads_in_the_picture_are_called_as_the_chart_calls_them() {
    let templates = templates();
    let picture = picture();
    // The chart puts the suffix behind the release's name.
    let suffixes: BTreeSet<&str> =
        words(&picture).filter_map(|word| word.strip_prefix("sesame-")).filter(|s| !s.is_empty()).collect();
    assert!(!suffixes.is_empty());
    for suffix in suffixes {
        let is_made = ["}}-", "%s-"].iter().any(|name| templates.contains(&format!("{name}{suffix}")));
        assert!(is_made, "no template makes …-{suffix}");
    }
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
    let labels = picture.split(['"', '>', '<']).map(str::trim).filter(|label| label.starts_with("sesame "));
    let mut found = 0;
    for label in labels {
        commands::exists(label).unwrap_or_else(|error| panic!("{label}: {error}"));
        found += 1;
    }
    assert!(found > 3);
}

#[test]
fn the_way_of_a_request_is_the_one_in_the_router() {
    let router = read("server/src/http/mod.rs");
    let (_, around) = router.split_once("fn around(").expect("what every request goes through");
    let (around, _) = around.split_once("\n}").unwrap();
    // The last layer that is put around is the first that a request meets.
    let mut layers: Vec<&str> = around.lines().filter_map(layer).collect();
    layers.reverse();
    let drawn = block::drawn(HANDOVER, "request");
    let shown: Vec<&str> =
        words(&drawn).filter_map(|word| word.strip_prefix("http/")).filter(|word| layers.contains(word)).collect();
    assert_eq!(shown, layers);
    for route in words(&drawn).filter(|word| word.starts_with("/api/") && *word != "/api/") {
        assert!(openapi::document().paths.paths.contains_key(route), "{route}");
    }
}

/// The module whose function a line of the router puts around it.
fn layer(line: &str) -> Option<&str> {
    let line = line.trim().strip_prefix(".layer(")?;
    let modules = ["csrf", "time_limit", "in_flight", "errors", "headers", "observe"];
    modules.into_iter().find(|module| {
        let call = format!("{module}::");
        line.contains(&format!(" {call}")) || line.contains(&format!("({call}"))
    })
}
