//! Collecting what each layer says, with its origin; nothing is interpreted here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use super::{
    function,
    read::Problem,
    settings::{self, SETTINGS, Setting},
};

/// Where Kubernetes and OpenFaaS mount secrets: one flat file a key, prefixed with our name.
const SECRET_MOUNTS: [&str; 2] = ["/var/openfaas/secrets", "/run/secrets"];

/// What the layers are read from; handed in, so that tests have their own world.
#[derive(Debug, Default)]
pub struct Sources {
    /// The TOML file, if one was named.
    pub file: Option<PathBuf>,
    /// The environment.
    pub env: Vec<(String, String)>,
    /// Flags by key.
    pub flags: Vec<(&'static str, String)>,
    /// Folders of mounted secrets.
    pub mounts: Vec<PathBuf>,
    /// Whether the program runs as an OpenFaaS function.
    pub function: bool,
}

impl Sources {
    /// The process's own environment and the usual mounts.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, flags: Vec<(&'static str, String)>) -> Self {
        let env: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
            })
            .collect();
        let named = env.iter().find(|(name, _)| name == "SESAME_CONFIG").map(|(_, path)| PathBuf::from(path));
        let mounts = SECRET_MOUNTS.iter().map(PathBuf::from).collect();
        Self { file: file.or(named), env, flags, mounts, function: false }
    }
}

/// Where a value comes from, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The table of settings.
    Default,
    /// A file that holds just this value.
    File(PathBuf),
    /// The TOML file.
    Toml(PathBuf),
    /// An environment variable.
    Env(String),
    /// A flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) | Self::Toml(path) => write!(f, "{}", path.display()),
            Self::Env(name) => f.write_str(name),
            Self::Flag(flag) => write!(f, "--{flag}"),
        }
    }
}

/// A value as a layer gave it.
#[derive(Clone)]
pub struct Given {
    /// The text.
    pub text: String,
    /// Who gave it.
    pub origin: Origin,
}

/// What all layers gave, the last one winning, and what is wrong with the layers themselves.
#[derive(Clone, Default)]
pub(super) struct Collected {
    pub(super) values: BTreeMap<&'static str, Given>,
    pub(super) problems: Vec<Problem>,
    /// Whether there is a TOML file that nothing could be taken from.
    file_is_lost: bool,
}

impl Collected {
    pub(super) fn complain(&mut self, setting: Option<&'static str>, sentence: String) {
        self.problems.push(Problem { setting, sentence });
    }

    /// Who gave each value.
    pub(super) fn origins(&self) -> BTreeMap<&'static str, Origin> {
        self.values.iter().map(|(key, given)| (*key, given.origin.clone())).collect()
    }

    /// The settings that a lost file may have meant to give: those that no higher layer gave.
    pub(super) fn lost(&self) -> BTreeSet<&'static str> {
        let from_above = |key: &&'static str| {
            self.values
                .get(*key)
                .is_some_and(|given| matches!(given.origin, Origin::Env(_) | Origin::Flag(_)))
        };
        let keys = SETTINGS.iter().map(|setting| setting.key);
        keys.filter(|key| self.file_is_lost && !from_above(key)).collect()
    }

    /// The same with the table's default in the place of `keys`, and no complaints.
    pub(super) fn without(mut self, keys: &BTreeSet<&'static str>) -> Self {
        for setting in SETTINGS.iter().filter(|setting| keys.contains(setting.key)) {
            self.values.remove(setting.key);
            if let Some(default) = setting.default {
                self.set(setting.key, default, Origin::Default);
            }
        }
        self.problems.clear();
        self
    }

    fn set(&mut self, key: &'static str, text: impl Into<String>, origin: Origin) {
        self.values.insert(key, Given { text: text.into(), origin });
    }

    fn read_file(&mut self, key: &'static str, path: &Path, why: &str) {
        match std::fs::read_to_string(path) {
            Ok(text) => self.set(key, text.trim_end_matches(['\r', '\n']), Origin::File(path.to_owned())),
            Err(error) => {
                self.complain(Some(key), format!("{why}: {} cannot be read: {error}.", path.display()));
            }
        }
    }
}

pub(super) fn collect(sources: &Sources) -> Collected {
    let mut collected = Collected::default();
    for setting in SETTINGS {
        if let Some(default) = setting.default {
            collected.set(setting.key, default, Origin::Default);
        }
    }
    if sources.function {
        function_defaults(&mut collected, sources);
    }
    mounted_secrets(&mut collected, sources);
    if let Some(path) = &sources.file {
        toml_file(&mut collected, path);
    }
    environment(&mut collected, sources);
    for (setting, text) in sources.flags.iter().filter_map(|(key, text)| Some((settings::find(key)?, text))) {
        collected.set(setting.key, text, Origin::Flag(setting.flag()));
    }
    collected
}

/// The defaults of a function, and what of-watchdog's variables say.
fn function_defaults(collected: &mut Collected, sources: &Sources) {
    for (key, text) in function::DEFAULTS {
        collected.set(key, text, Origin::Default);
    }
    for (name, text) in &sources.env {
        if name == "port" {
            collected.set("listen", format!("0.0.0.0:{text}"), Origin::Env(name.clone()));
        } else if let Some((variable, key)) =
            function::VARIABLES.iter().find(|(variable, _)| variable == name)
        {
            collected.set(key, function::setting_text(variable, text), Origin::Env(name.clone()));
        }
    }
}

/// `sesame-database-url` and `sesame-keys` in a secret mount. The key ring stays a path: its
/// file's mode is checked where it is opened.
fn mounted_secrets(collected: &mut Collected, sources: &Sources) {
    for mount in &sources.mounts {
        let database_url = mount.join("sesame-database-url");
        if database_url.is_file() {
            collected.read_file("database_url", &database_url, "secret mount");
        }
        let keys = mount.join("sesame-keys");
        if keys.is_file() {
            collected.set("keys_file", keys.to_string_lossy(), Origin::File(keys.clone()));
        }
    }
}

fn toml_file(collected: &mut Collected, path: &Path) {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            collected.file_is_lost = true;
            collected.complain(
                None,
                format!("The configuration file {} cannot be read: {error}.", path.display()),
            );
            return;
        }
    };
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            // `message` says what is wrong; the full error would quote the line, perhaps a secret.
            let error: &toml::de::Error = &error;
            collected.file_is_lost = true;
            collected.complain(None, format!("{} is not TOML: {}.", path.display(), error.message()));
            return;
        }
    };
    for (key, value) in table {
        let Some(setting) = settings::find(&key) else {
            collected.complain(None, unknown(&format!("{} in {}", key, path.display()), &key, |s| s.key));
            continue;
        };
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            _ => {
                let what = format!("{key} in {}: has to be a text or a number.", path.display());
                collected.complain(Some(setting.key), what);
                continue;
            }
        };
        collected.set(setting.key, text, Origin::Toml(path.to_owned()));
    }
}

fn environment(collected: &mut Collected, sources: &Sources) {
    for (name, text) in &sources.env {
        if let Some(setting) = SETTINGS.iter().find(|s| s.env == name) {
            collected.set(setting.key, text, Origin::Env(name.clone()));
        } else if let Some(setting) =
            SETTINGS.iter().find(|s| s.secret && name.strip_suffix("_FILE").is_some_and(|base| base == s.env))
        {
            if sources.env.iter().any(|(other, _)| other == setting.env) {
                let both = format!("{name} and {} are both set: remove one.", setting.env);
                collected.complain(Some(setting.key), both);
            } else {
                collected.read_file(setting.key, Path::new(text), name);
            }
        } else if name.starts_with("SESAME_") && !is_not_ours(name, text) {
            collected.complain(None, unknown(name, name, |s| s.env));
        }
    }
}

/// Variables with our prefix that are no settings: the file's own name, what the repository's
/// scripts use, and what Kubernetes injects for Services that are called `sesame` or `sesame-…`.
fn is_not_ours(name: &str, text: &str) -> bool {
    const SCRIPTS: [&str; 5] =
        ["SESAME_TOOLS", "SESAME_RUST", "SESAME_RELEASES", "SESAME_BIN", "SESAME_IMAGE_"];
    name == "SESAME_CONFIG"
        || name.starts_with("SESAME_TEST_")
        || SCRIPTS.iter().any(|script| name.starts_with(script))
        || is_of_a_service(name, text)
}

/// `…_SERVICE_HOST`, `…_SERVICE_PORT`, `…_SERVICE_PORT_NAME`, `…_PORT=tcp://…`, `…_PORT_80_TCP=tcp://…`
/// and, after the last, `_PROTO`, `_PORT` and `_ADDR`.
fn is_of_a_service(name: &str, text: &str) -> bool {
    const PROTOCOLS: [(&str, &str); 3] = [("TCP", "tcp://"), ("UDP", "udp://"), ("SCTP", "sctp://")];
    let is_about_a_port = |protocol: &str| {
        ["", "_PROTO", "_PORT", "_ADDR"].iter().any(|what| name.ends_with(&format!("_{protocol}{what}")))
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || PROTOCOLS.iter().any(|(protocol, scheme)| {
            (name.ends_with("_PORT") && text.starts_with(scheme))
                || (name.contains("_PORT_") && is_about_a_port(protocol))
        })
}

/// The complaint about an unknown name, with the nearest known one.
fn unknown(shown: &str, name: &str, of: impl Fn(&'static Setting) -> &'static str) -> String {
    let nearest = SETTINGS.iter().map(of).max_by_key(|known| common_letters(known, name));
    match nearest {
        Some(nearest) => format!("{shown}: there is no such setting. Did you mean {nearest}?"),
        None => format!("{shown}: there is no such setting."),
    }
}

/// How many letters two names share at their ends; good enough to guess a typing mistake.
fn common_letters(a: &str, b: &str) -> usize {
    let prefix = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    let suffix = a.bytes().rev().zip(b.bytes().rev()).take_while(|(x, y)| x == y).count();
    prefix + suffix
}
