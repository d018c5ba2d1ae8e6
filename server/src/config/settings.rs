//! Every setting, once: its key in the file, its variable, its default and what it means. Flags,
//! the file, the environment and the documentation all come from this table.

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The key in the TOML file; the flag is the same with hyphens.
    pub key: &'static str,
    /// The environment variable.
    pub env: &'static str,
    /// The default, if there is a fixed one.
    pub default: Option<&'static str>,
    /// Whether the value is a secret: it may come from `<VARIABLE>_FILE` or a mounted secret, and
    /// is never shown.
    pub secret: bool,
    /// A sentence for `--help` and the reference.
    pub help: &'static str,
}

impl Setting {
    /// The flag, without its leading hyphens.
    #[must_use]
    pub fn flag(&self) -> String {
        self.key.replace('_', "-")
    }
}

const fn setting(
    key: &'static str,
    env: &'static str,
    default: Option<&'static str>,
    help: &'static str,
) -> Setting {
    Setting { key, env, default, secret: false, help }
}

/// Every setting, in the order of the reference.
pub const SETTINGS: [Setting; 32] = [
    setting("listen", "SESAME_LISTEN", Some("127.0.0.1:3000"), "Address and port that HTTP is served on."),
    setting(
        "public_url",
        "SESAME_PUBLIC_URL",
        None,
        "Address people type, an https origin; needed beyond loopback. Default: http:// and the listening address.",
    ),
    setting(
        "metrics_listen",
        "SESAME_METRICS_LISTEN",
        Some("127.0.0.1:9090"),
        "Address and port of the metrics, or off.",
    ),
    setting(
        "trusted_proxies",
        "SESAME_TRUSTED_PROXIES",
        Some(""),
        "Addresses and CIDR blocks, with commas, of proxies whose X-Forwarded-For is believed.",
    ),
    setting(
        "forward_auth_domain",
        "SESAME_FORWARD_AUTH_DOMAIN",
        None,
        "Parent domain of the applications that ask /api/verify who is signed in. Default: none may.",
    ),
    setting(
        "forward_auth_hosts",
        "SESAME_FORWARD_AUTH_HOSTS",
        Some(""),
        "Hosts of those applications, with commas; a sign-in leads back to no other.",
    ),
    setting("data_dir", "SESAME_DATA_DIR", Some("data"), "Folder of the embedded database and its key ring."),
    Setting {
        key: "database_url",
        env: "DATABASE_URL",
        default: None,
        secret: true,
        help: "postgres://… or sqlite:FILE. Default: sesame.db in the data folder.",
    },
    setting(
        "database_max_connections",
        "SESAME_DATABASE_MAX_CONNECTIONS",
        Some("10"),
        "Database connections of this process.",
    ),
    setting(
        "keys_file",
        "SESAME_KEYS_FILE",
        None,
        "Key ring that seals the secrets, readable by its owner only. Default: keys in the data folder.",
    ),
    setting(
        "site_dir",
        "SESAME_SITE_DIR",
        None,
        "Folder of scripts and styles. Default: site beside the program.",
    ),
    setting(
        "rotation_months",
        "SESAME_ROTATION_MONTHS",
        Some("6"),
        "Calendar months after which both secrets expire.",
    ),
    setting(
        "audit_months",
        "SESAME_AUDIT_MONTHS",
        Some("12"),
        "Calendar months for which audit events are kept.",
    ),
    setting("issuer", "SESAME_ISSUER", Some("COFRAP"), "Name that authenticators show."),
    setting(
        "argon2_memory_kib",
        "SESAME_ARGON2_MEMORY_KIB",
        Some("19456"),
        "Argon2id memory of one hash, in KiB.",
    ),
    setting("argon2_iterations", "SESAME_ARGON2_ITERATIONS", Some("2"), "Argon2id passes over the memory."),
    setting("argon2_parallelism", "SESAME_ARGON2_PARALLELISM", Some("1"), "Argon2id lanes."),
    setting(
        "hash_concurrency",
        "SESAME_HASH_CONCURRENCY",
        None,
        "Password hashes at once. Default: as many as cores and memory limit allow.",
    ),
    setting(
        "hash_queue",
        "SESAME_HASH_QUEUE",
        Some("64"),
        "Hashes that may wait; beyond it the answer is 503.",
    ),
    setting(
        "sign_in_burst",
        "SESAME_SIGN_IN_BURST",
        Some("120"),
        "Sign-ins at once from one network (/24 or /64).",
    ),
    setting(
        "sign_in_per_minute",
        "SESAME_SIGN_IN_PER_MINUTE",
        Some("120"),
        "Sign-ins a minute from one network.",
    ),
    setting("register_burst", "SESAME_REGISTER_BURST", Some("60"), "Registrations at once from one network."),
    setting(
        "register_per_minute",
        "SESAME_REGISTER_PER_MINUTE",
        Some("30"),
        "Registrations a minute from one network.",
    ),
    setting(
        "ticket_burst",
        "SESAME_TICKET_BURST",
        Some("240"),
        "Uses of good tickets at once by one network.",
    ),
    setting(
        "ticket_per_minute",
        "SESAME_TICKET_PER_MINUTE",
        Some("120"),
        "Uses of good tickets a minute by one network; an enrolment takes three.",
    ),
    setting("read_timeout", "SESAME_READ_TIMEOUT", Some("10"), "Seconds the head of a request may take."),
    setting("request_timeout", "SESAME_REQUEST_TIMEOUT", Some("10"), "Seconds one request may take."),
    setting(
        "shutdown_timeout",
        "SESAME_SHUTDOWN_TIMEOUT",
        Some("10"),
        "Seconds requests in flight may take to finish after a stop was asked for.",
    ),
    setting(
        "drain_interval",
        "SESAME_DRAIN_INTERVAL",
        Some("0"),
        "Seconds it goes on serving after a stop was asked for, so that load balancers notice.",
    ),
    setting(
        "max_inflight",
        "SESAME_MAX_INFLIGHT",
        Some("0"),
        "Requests at once; beyond it the answer is 429. 0: no limit.",
    ),
    setting("log_format", "SESAME_LOG_FORMAT", Some("auto"), "json, human, or auto (human on a terminal)."),
    setting("log", "SESAME_LOG", Some("info"), "Which log lines are written, as a tracing filter."),
];

/// The setting of `key`.
#[must_use]
pub fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}
