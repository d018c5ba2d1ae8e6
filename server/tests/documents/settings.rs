//! The configuration reference against the table of settings.

use server::config::{
    Config, Sources,
    settings::{self, SETTINGS, Setting},
};

use crate::{REFERENCE, block, markdown::table, read};

#[test]
fn the_reference_tells_every_setting() {
    let rows = SETTINGS.iter().map(|setting| {
        let variable = if setting.secret {
            format!("`{0}`, `{0}_FILE`", setting.env)
        } else {
            format!("`{}`", setting.env)
        };
        let flag = format!("`--{}`", setting.flag());
        [format!("`{}`", setting.key), flag, variable, default(setting.default), meaning(setting)]
    });
    let head = ["key in the file", "flag", "variable", "default", "meaning"];
    block::hold(REFERENCE, "settings", &table(head, rows));
}

fn default(text: Option<&str>) -> String {
    match text {
        None => "–".to_owned(),
        Some("") => "empty".to_owned(),
        Some(text) => format!("`{text}`"),
    }
}

fn meaning(setting: &Setting) -> String {
    range(setting).map_or_else(|| setting.help.to_owned(), |range| format!("{} {range}.", setting.help))
}

/// The range of a number or a length, in the words in which the program refuses what is no such thing.
fn range(setting: &Setting) -> Option<String> {
    let env = vec![(setting.env.to_owned(), "!".to_owned())];
    let problems = Config::load(&Sources { env, ..Sources::default() }).err()?;
    let problem = problems.iter().find(|problem| problem.setting == Some(setting.key))?;
    let demand = problem.sentence.strip_prefix(setting.env)?.strip_prefix(" has to be ")?;
    let demand = demand.split(" (").next()?.trim_end_matches('.');
    match demand.strip_prefix("a whole number") {
        Some(range) => Some(format!("A whole number{range}")),
        None => demand.starts_with(|first: char| first.is_ascii_digit()).then(|| demand.to_owned()),
    }
}

#[test]
fn the_reference_tells_what_a_function_takes_otherwise() {
    let rows = constant("DEFAULTS").into_iter().map(|(key, of_function)| {
        let of_serve = settings::find(&key).unwrap().default;
        [format!("`{key}`"), default(of_serve), default(Some(&of_function))]
    });
    block::hold(REFERENCE, "function defaults", &table(["key", "`serve`", "`function`"], rows));
}

#[test]
fn the_reference_tells_every_variable_of_openfaas() {
    // The one that stands for an address and not for a number (config/layers.rs).
    let port = ["`port`".to_owned(), "`listen`, on all addresses".to_owned()];
    let others = constant("VARIABLES")
        .into_iter()
        .map(|(variable, key)| [format!("`{variable}`"), format!("`{}`", settings::find(&key).unwrap().key)]);
    let rows = std::iter::once(port).chain(others);
    block::hold(REFERENCE, "function variables", &table(["variable", "stands for"], rows));
}

/// The pairs of texts in a constant of `config/function.rs`, which is nobody else's matter: read from
/// the source.
fn constant(name: &str) -> Vec<(String, String)> {
    let source = read("server/src/config/function.rs");
    let (_, rest) = source.split_once(&format!("const {name}:")).expect("the constant");
    let (_, rest) = rest.split_once('=').unwrap();
    let (value, _) = rest.split_once("];").unwrap();
    let texts: Vec<&str> = value.split('"').skip(1).step_by(2).collect();
    assert!(!texts.is_empty() && texts.len().is_multiple_of(2), "{texts:?}");
    texts.chunks(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect()
}
