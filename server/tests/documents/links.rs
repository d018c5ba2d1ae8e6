//! Every relative link in the documents leads to a file that is there, and to a heading in it.

use std::{collections::BTreeSet, fs, path::Path};

use crate::{
    markdown::{Line, documents, lines, without_spans},
    workspace,
};

#[test]
fn every_link_in_the_documents_leads_somewhere() {
    let mut found = 0;
    let mut lost = Vec::new();
    for document in documents() {
        for link in links(&document.text).iter().filter(|link| !is_elsewhere(link)) {
            if let Err(error) = leads_somewhere(&document.name, link) {
                lost.push(format!("{}: {link}: {error}", document.name));
            }
            found += 1;
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
    assert!(found > 10, "{found} links were found");
}

#[test]
fn headings_are_called_as_the_forge_calls_them() {
    let text = "# La `clé` – l’été\n## Which value wins?\n```sh\n# no heading\n```\n## Which value wins?\n\
                ### A [link](there.md), a_b and c-d\n";
    let expected =
        ["la-clé--lété", "which-value-wins", "which-value-wins-1", "a-link-a_b-and-c-d"].map(str::to_owned);
    assert_eq!(anchors(text), BTreeSet::from(expected));
    assert_eq!(
        links("[a](b.md#c \"title\") ![d](e.png) `[no](link)`\n[f]: g.md"),
        ["b.md#c", "e.png", "g.md"]
    );
}

/// The targets of the links and pictures in a document.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in lines(text) {
        let Line::Prose(line) = line else { continue };
        let line = without_spans(line);
        let definition = line.starts_with('[').then(|| line.split_once("]: ")).flatten();
        let inline = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let targets = definition.map(|(_, target)| target).into_iter().chain(inline);
        found.extend(targets.filter_map(|target| target.split_whitespace().next()).map(str::to_owned));
    }
    found
}

/// Whether a link leads out of the repository.
fn is_elsewhere(link: &str) -> bool {
    link.contains("://") || link.starts_with("mailto:")
}

fn leads_somewhere(document: &str, link: &str) -> Result<(), String> {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let document = workspace().join(document);
    let target = if path.is_empty() { document } else { document.parent().unwrap().join(path) };
    if !target.exists() {
        return Err("there is no such file".to_owned());
    }
    if anchor.is_empty() || !is_markdown(&target) {
        return Ok(());
    }
    let anchors = anchors(&fs::read_to_string(&target).unwrap());
    if anchors.contains(anchor) { Ok(()) } else { Err("there is no such heading".to_owned()) }
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// What a document's headings are called in links.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in lines(text) {
        let Line::Prose(line) = line else { continue };
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let anchor = anchor(heading);
        // A heading that comes again is numbered.
        let numbered = (1..).map(|number| format!("{anchor}-{number}"));
        let mut names = std::iter::once(anchor.clone()).chain(numbered);
        found.extend(names.find(|name| !found.contains(name)));
    }
    found
}

/// Lower case; letters, digits, hyphens and underscores stay, spaces become hyphens, the rest goes.
fn anchor(heading: &str) -> String {
    let mut text = String::new();
    // Of a link, its text.
    for (index, part) in heading.split("](").enumerate() {
        text.push_str(if index == 0 { part } else { part.split_once(')').map_or("", |(_, rest)| rest) });
    }
    text.trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
