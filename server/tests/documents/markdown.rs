//! As much of Markdown as the tests need: what is code, what is prose, and tables.

use std::{fs, path::Path};

use crate::{read, workspace};

/// A document, by its path in the repository.
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Everything that is written for people to read.
pub(crate) fn documents() -> Vec<Document> {
    let mut names = vec!["README.md".to_owned(), "charts/sesame/README.md".to_owned()];
    find(Path::new("docs"), &mut names);
    names.into_iter().map(|name| Document { text: read(&name), name }).collect()
}

fn find(folder: &Path, names: &mut Vec<String>) {
    let mut entries: Vec<_> =
        fs::read_dir(workspace().join(folder)).unwrap().map(|entry| entry.unwrap()).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            find(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            names.push(path.to_str().unwrap().to_owned());
        }
    }
}

/// A line of a document.
pub(crate) enum Line<'a> {
    /// Between fences, with the word after the opening one.
    Fenced { language: &'a str, text: &'a str },
    /// Any other.
    Prose(&'a str),
}

/// The lines of `text`, without the fences themselves.
pub(crate) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut language = None;
    let mut found = Vec::new();
    for line in text.lines() {
        match (line.trim_start().strip_prefix("```"), language) {
            (Some(word), None) => language = Some(word.trim()),
            (Some(_), Some(_)) => language = None,
            (None, Some(language)) => found.push(Line::Fenced { language, text: line }),
            (None, None) => found.push(Line::Prose(line)),
        }
    }
    found
}

/// The pieces of a line of prose between single backticks.
pub(crate) fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// A line of prose without what stands between backticks.
pub(crate) fn without_spans(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// A table.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let row = |cells: &[String; N]| format!("| {} |", cells.join(" | "));
    let mut lines = vec![row(&head.map(str::to_owned)), format!("|{}", "---|".repeat(N))];
    lines.extend(rows.into_iter().map(|cells| row(&cells.map(|cell| cell.replace('|', "\\|")))));
    lines.join("\n")
}

/// A picture.
pub(crate) fn mermaid(lines: &[String]) -> String {
    format!("```mermaid\n{}\n```", lines.join("\n"))
}
