//! The picture of the crates, from their manifests.

use toml::{Table, Value};

use crate::{HANDOVER, block, markdown::mermaid, read};

#[test]
fn the_picture_shows_the_crates_and_who_depends_on_whom() {
    let manifests = manifests();
    let mut lines = vec!["flowchart TD".to_owned()];
    lines.extend(manifests.iter().map(|manifest| {
        let name = name(manifest);
        // A backtick in a label begins a language of its own.
        let about = manifest["package"]["description"].as_str().unwrap().replace('`', "");
        format!("    {name}[\"{name}<br/>{about}\"]")
    }));
    lines.extend(manifests.iter().flat_map(|manifest| edges(manifest, &manifests)));
    block::hold(HANDOVER, "crates", &mermaid(&lines));
}

/// The manifests of the workspace's members.
fn manifests() -> Vec<Table> {
    let workspace: Table = read("Cargo.toml").parse().unwrap();
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let manifest =
        |member: &Value| read(&format!("{}/Cargo.toml", member.as_str().unwrap())).parse().unwrap();
    members.iter().map(manifest).collect()
}

fn name(manifest: &Table) -> &str {
    manifest["package"]["name"].as_str().unwrap()
}

/// One arrow for each member that `manifest` depends on, with the features it asks for.
fn edges(manifest: &Table, members: &[Table]) -> Vec<String> {
    let dependencies = manifest["dependencies"].as_table().unwrap();
    let ours = members.iter().map(name).filter_map(|member| Some((member, dependencies.get(member)?)));
    ours.map(|(member, dependency)| {
        let features: Vec<&str> = dependency
            .get("features")
            .and_then(Value::as_array)
            .map_or_else(Vec::new, |features| features.iter().filter_map(Value::as_str).collect());
        let label = if features.is_empty() { String::new() } else { format!("|{}|", features.join(", ")) };
        format!("    {} -->{label} {member}", name(manifest))
    })
    .collect()
}
