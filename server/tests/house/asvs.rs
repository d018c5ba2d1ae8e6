//! What the ASVS asks of sources rather than of answers: that one thing is done in one place, and others
//! nowhere. docs/security/asvs.md names these tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::{tree, workspace};

/// What of the sources goes into the program or the pages, by its path in the repository and without the
/// comments and the tests in it.
fn sources() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for folder in ["app/src", "domain/src", "frontend/src", "server/src"] {
        collect(Path::new(folder), &mut found);
    }
    assert!(found.len() > 100, "{} files", found.len());
    found
}

fn collect(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(workspace().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(entry.path()).unwrap();
            found.insert(path.to_str().unwrap().to_owned(), code(&text));
        }
    }
}

/// A source up to its tests, without the lines that are comments.
fn code(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The files in which one of `words` stands.
fn holders(words: &[&str]) -> BTreeSet<String> {
    let holds = |text: &String| words.iter().any(|word| text.contains(word));
    sources().into_iter().filter(|(_, text)| holds(text)).map(|(path, _)| path).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// sqlx takes a text that is known when it compiles, and these are its ways around that.
#[test]
fn no_statement_is_put_together_from_values() {
    assert_eq!(holders(&["AssertSqlSafe", "QueryBuilder", "raw_sql"]), set(&[]));
    let stores = holders(&["sqlx::query"]);
    assert!(stores.len() > 20, "statements were found in {} files", stores.len());
}

#[test]
fn the_program_starts_no_other() {
    assert_eq!(holders(&["process::Command", "CommandExt", "exec("]), set(&[]));
}

#[test]
fn random_bytes_come_from_one_place() {
    assert_eq!(
        holders(&["use rand", "rand::rng", "rand::random", "SysRng", "getrandom"]),
        set(&["server/src/crypto/random.rs"])
    );
}

/// The inventory is the table in docs/security/threat-model.md. A new place is looked at there first.
#[test]
fn cryptography_is_where_the_inventory_says() {
    for (library, files) in [
        ("aes_gcm_siv::", &["server/src/crypto/envelope.rs", "server/src/crypto/key_ring.rs"][..]),
        (
            "argon2::",
            &[
                "server/src/crypto/argon2_blocks.rs",
                "server/src/crypto/argon2_pool.rs",
                "server/src/crypto/cost.rs",
            ],
        ),
        (
            "hmac::",
            &[
                "server/src/crypto/envelope.rs",
                "server/src/crypto/key_ring.rs",
                "server/src/crypto/lanes.rs",
                "server/src/crypto/log_names.rs",
            ],
        ),
        (
            "sha2::",
            &[
                "domain/src/throttle.rs",
                "domain/src/token.rs",
                "domain/src/trail.rs",
                "server/src/crypto/envelope.rs",
                "server/src/crypto/key_ring.rs",
                "server/src/crypto/lanes.rs",
                "server/src/crypto/log_names.rs",
            ],
        ),
        ("totp_rs::", &["domain/src/totp.rs"]),
        ("subtle::", &["domain/src/totp.rs"]),
    ] {
        assert_eq!(holders(&[library]), set(files), "{library}");
    }
    let others =
        ["md5", "sha1", "sha3", "blake", "aes::", "chacha20", "rsa::", "ed25519", "ring::", "openssl"];
    let others = others.map(|name| format!("use {name}"));
    assert_eq!(holders(&others.each_ref().map(String::as_str)), set(&[]));
}

/// No request of anybody makes this program ask another one. The database is the one thing it talks to;
/// the command that probes an address is an operator's.
#[test]
fn connections_go_to_the_database_and_from_the_health_command_only() {
    let connecting = holders(&["TcpStream::connect", "UnixStream::connect", "hyper::client", "UdpSocket"]);
    assert_eq!(connecting, set(&["server/src/cli/health.rs"]));
    let databases = holders(&["connect_with(", "connect_lazy_with(", "open_with("]);
    assert!(!databases.is_empty() && databases.iter().all(|file| file.starts_with("server/src/store/")));
}

/// Clients, parsers and interpreters that the matrix says are not there: mail, HTTP, telemetry, caches,
/// directories, XML, templates, tables, tokens of others.
#[test]
fn nothing_that_has_no_use_here_is_in_the_program() {
    let program = tree(&["--package", "server"]);
    assert!(program.len() > 100, "{} crates", program.len());
    for unused in [
        "lettre",
        "reqwest",
        "ureq",
        "isahc",
        "opentelemetry",
        "tonic",
        "tracing-appender",
        "syslog",
        "redis",
        "memcache",
        "ldap3",
        "quick-xml",
        "xml-rs",
        "roxmltree",
        "tera",
        "handlebars",
        "minijinja",
        "rhai",
        "csv",
        "zip",
        "tar",
        "jsonwebtoken",
        "openidconnect",
        "oauth2",
        "async-graphql",
        "juniper",
        "webrtc",
        "h2",
        "h3",
        "openssl",
        "native-tls",
        "bincode",
        "serde_yaml",
    ] {
        assert!(!program.contains(unused), "{unused} is in the server's tree");
    }
}

/// What a page shows is set as text. The one exception is a notice of ours for browsers without scripts.
#[test]
fn pages_are_never_put_together_as_html() {
    let html =
        ["inner_html", "outer_html", "insert_adjacent_html", "document_write", "create_contextual_fragment"];
    assert_eq!(holders(&html), set(&["app/src/components/not_ready.rs"]));
}

#[test]
fn pages_run_no_text_as_code_store_nothing_and_take_no_messages() {
    let code = ["js_sys::eval", "Function::new_", "new_with_args", "set_timeout_with_str"];
    assert_eq!(holders(&code), set(&[]));
    let storage = ["local_storage", "session_storage", "indexed_db", "IdbFactory", "CacheStorage"];
    assert_eq!(holders(&storage), set(&[]));
    let messages =
        ["post_message", "onmessage", "MessageEvent", "BroadcastChannel", "WebSocket", "EventSource"];
    assert_eq!(holders(&messages), set(&[]));
}

/// The folder is served as it is. Beside it only what the build makes comes into the site.
#[test]
fn files_that_are_handed_out_as_they_are_are_pictures_and_rules_for_robots() {
    let names: BTreeSet<String> = fs::read_dir(workspace().join("public"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let ordinary = |name: &String| {
        let kind = Path::new(name).extension();
        !name.starts_with('.') && kind.is_some_and(|kind| kind == "svg" || kind == "txt")
    };
    assert!(!names.is_empty() && names.iter().all(ordinary), "{names:?}");
}

#[test]
fn the_image_holds_what_the_build_put_together_and_no_checkout() {
    let text = fs::read_to_string(workspace().join("Containerfile")).unwrap();
    let image = text.rsplit("\nFROM ").next().unwrap();
    assert!(image.starts_with("scratch\n"), "the image begins with nothing");
    let copies: Vec<&str> =
        image.lines().filter(|line| line.starts_with("COPY ") || line.starts_with("ADD ")).collect();
    assert!(!copies.is_empty());
    for copy in copies {
        let from = copy.split_whitespace().find(|word| word.starts_with('/')).unwrap_or_default();
        assert!(copy.contains("--from=build") && from.starts_with("/rootfs/"), "{copy}");
    }
    let ignored = fs::read_to_string(workspace().join(".dockerignore")).unwrap();
    assert!(ignored.lines().any(|line| line == "/.git"), "the build sees the history");
}

/// Panics in requests are denied by these, and a guard that is held across a wait stops others.
#[test]
fn lints_deny_what_stops_a_request_or_a_process() {
    let manifest: toml::Table = fs::read_to_string(workspace().join("Cargo.toml")).unwrap().parse().unwrap();
    let lints = &manifest["workspace"]["lints"]["clippy"];
    for lint in ["unwrap_used", "expect_used", "panic", "indexing_slicing", "await_holding_lock", "dbg_macro"]
    {
        assert_eq!(lints[lint].as_str(), Some("deny"), "{lint}");
    }
}

#[test]
fn comments_and_tests_are_no_code() {
    let text = "//! eval\nuse a;\n    // rand::\nfn b() {}\n\n#[cfg(test)]\nmod tests { use rand::x; }\n";
    assert_eq!(code(text), "use a;\nfn b() {}");
}
