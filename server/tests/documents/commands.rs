//! Every `sesame COMMAND` in the documents is one that the program has, with flags that it has.
//!
//! Taken for a command: a span of code that starts with `sesame `, and in a block of shell a line, or
//! a part of one behind `&&`, `|`, `;` or ` -- `, that starts so.

use clap::Command;

use crate::markdown::{Line, documents, lines, spans};

#[test]
fn every_command_in_the_documents_exists() {
    let mut found = 0;
    let mut unknown = Vec::new();
    for document in documents() {
        for command in commands(&document.text) {
            if let Err(error) = exists(&command) {
                unknown.push(format!("{}: `{command}`: {error}", document.name));
            }
            found += 1;
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert!(found > 10, "{found} commands were found");
}

#[test]
fn commands_are_found_and_judged() {
    let text = "Run `sesame migrate --wait 5` or `helm test sesame --namespace sesame`.\n\
                ```sh\n# sesame nonsense\nDATABASE_URL=x sudo -u sesame sesame keys list --json | tail\n\
                kubectl exec deploy/sesame -- sesame config \\\n  check\n```\n\
                ```yaml\nsesame nonsense\n```\n";
    assert_eq!(commands(text), ["sesame migrate --wait 5", "sesame keys list --json", "sesame config check"]);
    for good in
        ["sesame keys generate|list", "sesame function NAME", "sesame --help", "sesame health [--url URL]"]
    {
        assert_eq!(exists(good), Ok(()), "{good}");
    }
    for bad in
        ["sesame nonsense", "sesame keys nonsense", "sesame function nonsense", "sesame serve --nonsense"]
    {
        assert!(exists(bad).is_err(), "{bad}");
    }
}

/// The commands in a document, each from the word `sesame` on.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    // A line that ends in a backslash goes on.
    let mut begun = String::new();
    for line in lines(text) {
        match line {
            Line::Prose(line) => {
                found.extend(spans(line).filter(|span| span.starts_with("sesame ")).map(str::to_owned));
            }
            Line::Fenced { language: "sh" | "bash" | "console" | "shell" | "", text } => {
                if let Some(part) = text.strip_suffix('\\') {
                    begun.push_str(part);
                    continue;
                }
                found.extend(of_shell(&(std::mem::take(&mut begun) + text)));
            }
            Line::Fenced { .. } => {}
        }
    }
    found
}

fn of_shell(line: &str) -> Vec<String> {
    let line = line.trim_start().trim_start_matches("$ ");
    let line = if line.starts_with('#') { "" } else { line.split(" #").next().unwrap_or_default() };
    let line = line.replace(" -- ", " && ").replace("||", "|");
    let parts = line.split("&&").flat_map(|part| part.split(['|', ';']));
    parts.filter_map(|part| of_words(&part.split_whitespace().collect::<Vec<_>>())).collect()
}

/// The command in the words of a simple command, behind variables that are set for it and `sudo`.
fn of_words(words: &[&str]) -> Option<String> {
    match *words {
        ["sudo", "-u", _, ref rest @ ..] | ["sudo", ref rest @ ..] => of_words(rest),
        [first, ref rest @ ..] if first.contains('=') => of_words(rest),
        [first, _, ..] if first == "sesame" || first.ends_with("/sesame") => {
            Some(format!("sesame {}", words[1..].join(" ")))
        }
        _ => None,
    }
}

/// Whether the program has this command. Where the text has an alternative (`generate|list`), all of
/// them; where it has a placeholder (`NAME`), whatever may stand there.
pub(crate) fn exists(command: &str) -> Result<(), String> {
    let mut program = server::cli::command();
    program.build();
    let words: Vec<&str> = command.split_whitespace().skip(1).collect();
    walk(&program, &words)
}

fn walk(here: &Command, words: &[&str]) -> Result<(), String> {
    let Some((first, rest)) = words.split_first() else { return Ok(()) };
    if !here.has_subcommands() || first.starts_with(['-', '[']) {
        return arguments(here, words);
    }
    if !is_plain(first) {
        return Ok(());
    }
    first.split('|').try_for_each(|name| match here.find_subcommand(name) {
        Some(next) => walk(next, rest),
        None => Err(format!("{} has no command {name}", here.get_name())),
    })
}

fn arguments(here: &Command, words: &[&str]) -> Result<(), String> {
    let flags = words.iter().filter_map(|word| word.trim_start_matches('[').strip_prefix("--"));
    for flag in flags {
        let flag = flag.split(['=', ']', '|']).next().unwrap_or_default();
        if !here.get_arguments().any(|argument| argument.get_long() == Some(flag)) {
            return Err(format!("{} has no flag --{flag}", here.get_name()));
        }
    }
    let choices = here.get_positionals().next().map(clap::Arg::get_possible_values).unwrap_or_default();
    let Some(first) = words.first().filter(|first| is_plain(first) && !choices.is_empty()) else {
        return Ok(());
    };
    let unknown = first.split('|').find(|word| !choices.iter().any(|choice| choice.matches(word, false)));
    unknown.map_or(Ok(()), |word| Err(format!("{} has no {word}", here.get_name())))
}

/// Whether a word is meant as it is written: lower case, perhaps with alternatives.
fn is_plain(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-|".contains(&byte))
}
