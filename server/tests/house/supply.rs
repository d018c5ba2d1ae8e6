//! What comes from elsewhere, against deny.toml: sources, licences, doubles. And that nothing of ours
//! is unsafe. Known holes are not here: they take a database from outside (scripts/audit).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use chrono::NaiveDate;
use domain::service::ports::Clock as _;
use server::clock::SystemClock;
use toml::{Table, Value};

use crate::{tree_lines, workspace};

fn table(path: &str) -> Table {
    fs::read_to_string(workspace().join(path)).unwrap().parse().unwrap()
}

fn deny() -> Table {
    table("deny.toml")
}

fn packages() -> Vec<Table> {
    let lock = table("Cargo.lock");
    let packages = lock["package"].as_array().unwrap();
    packages.iter().map(|package| package.as_table().unwrap().clone()).collect()
}

fn members() -> Vec<String> {
    let members = table("Cargo.toml")["workspace"]["members"].clone();
    members.as_array().unwrap().iter().map(|member| member.as_str().unwrap().to_owned()).collect()
}

fn text<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.get(key).and_then(Value::as_str)
}

#[test]
fn every_crate_comes_from_the_registry_with_its_checksum() {
    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
    let ours: BTreeSet<String> = members().into_iter().collect();
    let packages = packages();
    assert!(packages.len() > 100);
    for package in packages {
        let name = text(&package, "name").unwrap();
        match text(&package, "source") {
            None => assert!(ours.contains(name), "{name} comes from a folder"),
            Some(source) => {
                assert_eq!(source, REGISTRY, "{name}");
                let checksum = text(&package, "checksum").unwrap_or_default();
                assert!(checksum.len() == 64, "{name} has no checksum in Cargo.lock");
            }
        }
    }
}

/// What `scripts/audit` finds is looked at, or somebody has said why not and when it is looked at again
/// (ASVS 15.2.1). A day that has passed fails.
#[test]
fn no_known_hole_is_passed_over_without_a_reason_and_a_day_that_is_still_to_come() {
    let advisories = deny()["advisories"].clone();
    assert_eq!(advisories["yanked"].as_str(), Some("deny"));
    let today = SystemClock.now().date_naive();
    assert_eq!(unexplained(advisories["ignore"].as_array().unwrap(), today), Vec::<String>::new());

    let ignored = |text: &str| text.parse::<Table>().unwrap()["ignore"].as_array().unwrap().clone();
    let on = |day: &str| day.parse::<NaiveDate>().unwrap();
    let explained = ignored(r#"ignore = [{ id = "RUSTSEC-1", reason = "not called; until 1970-01-10" }]"#);
    assert_eq!(unexplained(&explained, on("1970-01-10")), Vec::<String>::new());
    assert_eq!(unexplained(&explained, on("1970-01-11")).len(), 1, "its day has passed");
    for text in [r#"ignore = ["RUSTSEC-1"]"#, r#"ignore = [{ id = "RUSTSEC-1", reason = "not called" }]"#] {
        assert_eq!(unexplained(&ignored(text), on("1970-01-01")).len(), 1, "{text}");
    }
}

/// The entries without a reason that ends in `until YYYY-MM-DD`, or whose day is over.
fn unexplained(ignored: &[Value], today: NaiveDate) -> Vec<String> {
    let fine = |entry: &Value| {
        let reason = entry.get("reason").and_then(Value::as_str)?;
        let day = reason.rsplit_once("until ")?.1.parse::<NaiveDate>().ok()?;
        (day >= today).then_some(())
    };
    ignored.iter().filter(|entry| fine(entry).is_none()).map(|entry| format!("{entry:?}")).collect()
}

#[test]
fn every_crate_that_comes_twice_has_its_reason() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages() {
        let (name, version) = (text(&package, "name").unwrap(), text(&package, "version").unwrap());
        versions.entry(name.to_owned()).or_default().push(version.to_owned());
    }
    let bans = deny()["bans"].clone();
    let skipped: BTreeSet<String> = bans["skip"]
        .as_array()
        .unwrap()
        .iter()
        .map(|skip| {
            assert!(skip["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{skip:?}");
            skip["crate"].as_str().unwrap().to_owned()
        })
        .collect();
    let doubled = versions.iter().filter(|(_, versions)| versions.len() > 1);
    let mut excused = BTreeSet::new();
    for (name, versions) in doubled {
        let left: Vec<String> = versions
            .iter()
            .map(|version| format!("{name}@{version}"))
            .filter(|v| !skipped.contains(v))
            .collect();
        assert_eq!(left.len(), 1, "{name} comes {} times: {versions:?}", versions.len());
        excused.extend(versions.iter().map(|version| format!("{name}@{version}")));
    }
    let stale: Vec<_> = skipped.difference(&excused).collect();
    assert!(stale.is_empty(), "deny.toml excuses what does not come twice: {stale:?}");
    for banned in bans["deny"].as_array().unwrap() {
        let banned = banned["crate"].as_str().unwrap();
        assert!(!versions.contains_key(banned), "{banned} is in Cargo.lock");
    }
}

#[test]
fn every_licence_of_what_is_built_or_shipped_is_on_the_list() {
    let allowed = deny()["licenses"]["allow"].clone();
    let allowed: BTreeSet<&str> =
        allowed.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    let ours: BTreeSet<String> = members().into_iter().collect();
    let mut seen = BTreeSet::new();
    for arguments in [
        &["--package", "server", "--edges", "normal,build"][..],
        &["--package", "frontend", "--edges", "normal,build", "--target", "wasm32-unknown-unknown"][..],
    ] {
        for line in tree_lines("{p}|{l}", arguments) {
            let (package, licence) = line.trim_end_matches(" (*)").split_once('|').unwrap();
            let name = package.split(' ').next().unwrap().to_owned();
            if ours.contains(&name) {
                continue;
            }
            assert!(permits(licence, &allowed), "{package} is under {licence:?}");
            seen.insert(name);
        }
    }
    assert!(seen.len() > 100, "{} crates were looked at", seen.len());
}

/// Whether an SPDX expression is met by licences of the list. (`/` is how `OR` was written once.)
fn permits(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let permitted = any(&words, &mut at, allowed);
    permitted && at == words.len()
}

fn any(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
    let mut permitted = all(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        permitted |= all(words, at, allowed);
    }
    permitted
}

fn all(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
    let mut permitted = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        permitted &= one(words, at, allowed);
    }
    permitted
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let permitted = any(words, at, allowed);
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return permitted && closed;
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1).copied().unwrap_or_default();
        *at += 2;
        return allowed.contains(format!("{word} WITH {exception}").as_str());
    }
    allowed.contains(word)
}

#[test]
fn licence_expressions_are_read_as_spdx_means_them() {
    let allowed = BTreeSet::from(["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]);
    for good in
        ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-3.0", "(MIT OR GPL-3.0) AND ISC", "Apache-2.0 WITH LLVM-exception"]
    {
        assert!(permits(good, &allowed), "{good}");
    }
    for bad in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR ISC) AND GPL-3.0",
        "Apache-2.0",
        "MIT WITH x",
        "(MIT",
        "MIT ISC",
    ] {
        assert!(!permits(bad, &allowed), "{bad}");
    }
}

/// `forbid` cannot be lifted further in; so it is enough that every crate has the lints of the workspace.
#[test]
fn nothing_of_ours_is_unsafe() {
    let workspace_table = table("Cargo.toml");
    assert_eq!(workspace_table["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    let ours: BTreeSet<String> = members().into_iter().collect();
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(workspace()).unwrap() {
        let path = entry.unwrap().path();
        if path.join("Cargo.toml").is_file() {
            found.insert(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    assert_eq!(found, ours, "a crate stands beside the workspace");
    for member in &ours {
        let manifest = table(&format!("{member}/Cargo.toml"));
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{member} has lints of its own");
    }
}

#[test]
fn every_npm_package_is_of_one_version_with_its_hash() {
    let read = |name: &str| -> serde_json::Value {
        let path = workspace().join("end2end").join(name);
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let (manifest, lock) = (read("package.json"), read("package-lock.json"));
    assert!(manifest.get("dependencies").is_none(), "nothing from npm is shipped");
    let wanted = manifest["devDependencies"].as_object().unwrap();
    for (name, version) in wanted {
        let version = version.as_str().unwrap();
        assert!(version.split('.').all(|part| part.parse::<u32>().is_ok()), "{name} is {version}: a range");
        assert_eq!(lock["packages"][format!("node_modules/{name}")]["version"], version, "{name}");
    }
    for (path, package) in lock["packages"].as_object().unwrap().iter().filter(|(path, _)| !path.is_empty()) {
        let hash = package["integrity"].as_str().unwrap_or_default();
        assert!(hash.starts_with("sha512-"), "{path} has no hash in package-lock.json");
        // Without the name of any mirror: whoever serves it, the hash decides.
        assert!(package.get("resolved").is_none(), "{path} names where it was fetched");
    }
}

/// What scripts/setup and the test levels bring in names one version.
#[test]
fn every_tool_that_a_script_installs_is_of_one_version() {
    let mut asked = 0;
    for path in scripts(&workspace().join("scripts")) {
        let text = fs::read_to_string(&path).unwrap_or_default();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            if line.contains("cargo install ") {
                assert!(line.contains("--version \"=$version\""), "{}: {line}", path.display());
                asked += 1;
            }
        }
    }
    assert!(asked > 0, "no script installs anything");
}

fn scripts(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { scripts(&path) } else { vec![path] }).collect()
}
