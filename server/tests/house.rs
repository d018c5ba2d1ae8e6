//! The house's own rules: who may depend on whom, and that one fact is written in one place.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy takes helpers of tests for production code"
)]

#[path = "house/asvs.rs"]
mod asvs;
#[path = "house/supply.rs"]
mod supply;

use std::{collections::BTreeSet, fs, path::Path, process::Command};

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The names in `cargo tree`, without development dependencies.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let arguments = [&["--edges", "normal"], arguments].concat();
    let lines = tree_lines("{p}", &arguments);
    lines.iter().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// The lines of `cargo tree`.
fn tree_lines(format: &str, arguments: &[&str]) -> Vec<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(workspace())
        .args(["tree", "--locked", "--offline", "--prefix", "none", "--format", format])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn direct(package: &str) -> BTreeSet<String> {
    let ours = ["domain", "app", "frontend", "server", "fuzz"].map(str::to_owned);
    let mut found = tree(&["--package", package, "--depth", "1"]);
    found.remove(package);
    found.into_iter().filter(|name| ours.contains(name)).collect()
}

#[test]
fn the_crates_depend_on_one_another_as_the_design_says() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(direct("domain"), set(&[]));
    assert_eq!(direct("app"), set(&["domain"]));
    assert_eq!(direct("frontend"), set(&["app"]));
    assert_eq!(direct("server"), set(&["app", "domain"]));
    assert_eq!(direct("fuzz"), set(&["app", "domain", "server"]));
}

#[test]
fn the_browser_gets_nothing_of_the_server() {
    let wasm = tree(&["--package", "frontend", "--target", "wasm32-unknown-unknown"]);
    for server_only in
        ["axum", "tokio", "hyper", "sqlx", "argon2", "aes-gcm-siv", "totp-rs", "tracing-subscriber"]
    {
        assert!(!wasm.contains(server_only), "{server_only} is in the WASM tree");
    }
}

/// While replicas are replaced one by one, the old program works on the new schema: from the second
/// migration on, nothing is taken away, renamed or made stricter in the same version.
#[test]
fn migrations_only_add() {
    for database in ["sqlite", "postgres"] {
        for entry in fs::read_dir(workspace().join("migrations").join(database)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.starts_with("0001_") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let code: String = text
                .lines()
                .map(|line| line.split("--").next().unwrap())
                .collect::<Vec<_>>()
                .join(" ")
                .to_uppercase();
            for statement in code.split(';') {
                let words: Vec<&str> = statement.split_whitespace().collect();
                for taken in ["DROP", "RENAME", "TRUNCATE"] {
                    assert!(
                        !words.contains(&taken),
                        "{database}/{name} has {taken}: that is for a later version"
                    );
                }
                assert!(!statement.contains("ALTER COLUMN"), "{database}/{name} changes a column");
                let demands = statement.contains("ADD COLUMN") && statement.contains("NOT NULL");
                assert!(
                    !demands || statement.contains("DEFAULT"),
                    "{database}/{name} adds a column that an older program would leave empty"
                );
            }
        }
    }
}

#[test]
fn the_rules_do_no_io() {
    let domain = tree(&["--package", "domain", "--features", "service"]);
    for io in ["leptos", "axum", "sqlx", "tokio", "rand", "getrandom", "hyper"] {
        assert!(!domain.contains(io), "{io} is in the domain's tree");
    }
}

#[test]
fn the_scripts_have_one_name() {
    let manifest: toml::Table = fs::read_to_string(workspace().join("Cargo.toml")).unwrap().parse().unwrap();
    let leptos = &manifest["workspace"]["metadata"]["leptos"][0];
    assert_eq!(leptos["output-name"].as_str(), Some(server::http::OUTPUT_NAME));
    assert_eq!(leptos["site-pkg-dir"].as_str(), Some("pkg"));
}

#[test]
fn both_databases_have_migrations_of_the_same_numbers_and_names() {
    let names = |kind: &str| -> BTreeSet<String> {
        fs::read_dir(workspace().join("migrations").join(kind))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}
