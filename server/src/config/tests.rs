use std::fs;

use super::*;

fn sources(env: &[(&str, &str)]) -> Sources {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sources { env, ..Sources::default() }
}

fn load(env: &[(&str, &str)]) -> Config {
    Config::load(&sources(env)).unwrap()
}

fn mistakes(env: &[(&str, &str)]) -> Vec<String> {
    Config::load(&sources(env)).unwrap_err().iter().map(|problem| problem.sentence.clone()).collect()
}

#[test]
fn no_configuration_at_all_is_the_embedded_default() {
    let config = load(&[]);
    assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(config.public_url.origin(), "http://127.0.0.1:3000");
    assert_eq!(config.database_url.sqlite_path(), Some(Path::new("data/sesame.db")));
    assert_eq!(config.keys_file, Path::new("data/keys"));
    assert!(!config.keys_file_given);
    assert_eq!(config.argon2, Argon2Cost::OWASP);
    assert_eq!(config.policy.period, Period::SIX_MONTHS);
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_mounts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sesame.toml");
    fs::write(
        &file,
        "issuer = 'FILE'\nrotation_months = 3\ndata_dir = '/file'\ndatabase_url = 'sqlite:/file.db'\n",
    )
    .unwrap();
    fs::write(folder.path().join("sesame-database-url"), "postgres://u:p@mount/db\n").unwrap();
    fs::write(folder.path().join("sesame-keys"), "").unwrap();
    let mut sources = sources(&[("SESAME_ROTATION_MONTHS", "4"), ("SESAME_DATA_DIR", "/env")]);
    sources.mounts = vec![folder.path().to_owned()];
    let mounted = Config::load(&sources).unwrap();
    assert_eq!(mounted.database_url.to_string(), "postgres://u@mount:5432/db");
    assert_eq!(mounted.keys_file, folder.path().join("sesame-keys"));
    sources.file = Some(file);
    sources.flags = vec![("data_dir", "/flag".to_owned())];
    let config = Config::load(&sources).unwrap();
    assert_eq!(config.policy.issuer, "FILE");
    assert_eq!(Some(config.policy.period), Period::months(4));
    assert_eq!(config.data_dir, Path::new("/flag"));
    assert_eq!(config.database_url.sqlite_path(), Some(Path::new("/file.db")));
}

#[test]
fn a_secret_may_come_from_a_file_but_not_from_two_places() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    fs::write(&file, "sqlite:/x.db\n").unwrap();
    let path = file.to_str().unwrap();
    assert_eq!(load(&[("DATABASE_URL_FILE", path)]).database_url.sqlite_path(), Some(Path::new("/x.db")));
    assert_eq!(mistakes(&[("DATABASE_URL_FILE", path), ("DATABASE_URL", "sqlite:/y.db")]).len(), 1);
    assert_eq!(mistakes(&[("DATABASE_URL_FILE", "/nowhere/at/all")]).len(), 1);
}

#[test]
fn all_mistakes_are_told_at_once_and_no_secret_is_repeated() {
    let told = mistakes(&[
        ("SESAME_LISTEN", "somewhere"),
        ("SESAME_PUBLIC_URL", "http://sesame.example"),
        ("DATABASE_URL", "mysql://user:hunter2@host/db"),
        ("SESAME_ROTATION_MONTHS", "0"),
        ("SESAME_ARGON2_ITERATIONS", "1"),
        ("SESAME_LOG_FORMAT", "xml"),
        ("SESAME_ISUER", "COFRAP"),
    ]);
    assert_eq!(told.len(), 7, "{told:#?}");
    let text = told.join("\n");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("Did you mean SESAME_ISSUER?"), "{text}");
    assert!(text.contains("OWASP"), "{text}");
}

#[test]
fn listening_beyond_loopback_needs_a_public_url_and_it_has_to_be_https() {
    assert!(mistakes(&[("SESAME_LISTEN", "0.0.0.0:3000")]).join("").contains("SESAME_PUBLIC_URL"));
    let config = load(&[("SESAME_LISTEN", "0.0.0.0:3000"), ("SESAME_PUBLIC_URL", "https://Sesame.Example/")]);
    assert_eq!(config.public_url.origin(), "https://sesame.example");
    assert_eq!(config.public_url.cookie_policy(), CookiePolicy::Secure);
    for wrong in [
        "https://u:p@sesame.example",
        "https://sesame.example/app",
        "ftp://sesame.example",
        "sesame",
        "https://",
        "https://:443",
        "https://sesame.example:",
        "https://sesame.example:99999",
        "http://[::1]x3000",
    ] {
        assert_eq!(mistakes(&[("SESAME_PUBLIC_URL", wrong)]).len(), 1, "{wrong}");
    }
    for loopback in ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:8080"] {
        assert_eq!(
            load(&[("SESAME_PUBLIC_URL", loopback)]).public_url.cookie_policy(),
            CookiePolicy::Loopback
        );
    }
}

#[test]
fn what_kubernetes_injects_for_a_service_of_our_name_is_no_mistake() {
    load(&[
        ("SESAME_PORT", "tcp://10.0.0.1:80"),
        ("SESAME_SERVICE_HOST", "10.0.0.1"),
        ("SESAME_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("SESAME_PORT_80_TCP_PORT", "80"),
        ("SESAME_INTERNAL_SERVICE_HOST", "10.0.0.2"),
        ("SESAME_INTERNAL_SERVICE_PORT_HTTP", "8080"),
        ("SESAME_INTERNAL_PORT", "tcp://10.0.0.2:8080"),
        ("SESAME_INTERNAL_PORT_8080_TCP_ADDR", "10.0.0.2"),
    ]);
    assert_eq!(mistakes(&[("SESAME_LISTEN_PORT", "3000")]).len(), 1, "no Service has such a port");
}

#[test]
fn a_file_that_is_not_toml_or_has_unknown_keys_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sesame.toml");
    let told = |text: &str| {
        fs::write(&file, text).unwrap();
        let sources = Sources { file: Some(file.clone()), ..Sources::default() };
        Config::load(&sources).unwrap_err().to_string()
    };
    assert!(told("database_url = 'postgres://u:hunter2@h/d").contains("is not TOML"));
    assert!(!told("database_url = 'postgres://u:hunter2@h/d").contains("hunter2"));
    assert!(told("listenn = '127.0.0.1:1'").contains("Did you mean listen?"));
    assert!(told("listen = true").contains("a text or a number"));
    let missing = Sources { file: Some(folder.path().join("none.toml")), ..Sources::default() };
    assert!(Config::load(&missing).unwrap_err().to_string().contains("cannot be read"));
}

#[test]
fn every_setting_has_a_name_of_its_own_in_every_layer() {
    use std::collections::HashSet;
    let keys: HashSet<_> = settings::SETTINGS.iter().map(|s| s.key).collect();
    let envs: HashSet<_> = settings::SETTINGS.iter().map(|s| s.env).collect();
    assert_eq!((keys.len(), envs.len()), (settings::SETTINGS.len(), settings::SETTINGS.len()));
    for setting in settings::SETTINGS {
        let expected = format!("SESAME_{}", setting.key.to_uppercase());
        assert!(setting.env == expected || setting.key == "database_url", "{}", setting.env);
    }
}

#[test]
fn what_is_right_beside_a_mistake_can_still_be_read() {
    let partial = Partial::load(&sources(&[
        ("SESAME_LISTEN", "0.0.0.0:3000"),
        ("SESAME_ARGON2_ITERATIONS", "1"),
        ("DATABASE_URL", "mysql://user:hunter2@host/db"),
        ("SESAME_KEYS_FILE", "/keys"),
        ("SESAME_NONSENSE", "1"),
    ]))
    .unwrap();
    let settings: Vec<_> = partial.problems.iter().map(|problem| problem.setting).collect();
    assert_eq!(settings, [Some("database_url"), Some("argon2_memory_kib"), None, Some("public_url")]);
    assert_eq!(partial.config.keys_file, Path::new("/keys"));
    for (key, sure) in [("keys_file", true), ("data_dir", true), ("database_url", false), ("listen", false)] {
        assert_eq!(partial.is_sure(key), sure, "{key}");
    }
}

#[test]
fn every_setting_alone_may_be_nonsense_and_the_rest_is_still_read() {
    for setting in settings::SETTINGS {
        let partial = Partial::load(&sources(&[(setting.env, "\0")])).unwrap();
        assert!(partial.problems.iter().all(|problem| problem.setting.is_some()), "{}", setting.env);
    }
}

#[test]
fn a_file_that_is_lost_leaves_only_what_stands_above_it() {
    let missing = Some(PathBuf::from("/nowhere/at/all.toml"));
    let partial =
        Partial::load(&Sources { file: missing, ..sources(&[("SESAME_KEYS_FILE", "/keys")]) }).unwrap();
    assert_eq!(partial.problems.len(), 1);
    assert!(partial.is_sure("keys_file") && !partial.is_sure("database_url"));
}
