//! Configuration: defaults < secret mounts < file (TOML) < environment < flags.
//!
//! Every setting is one row of [`settings::SETTINGS`]. Layers only collect texts with their
//! origin; reading them reports all mistakes at once, each with where it stands and a remedy,
//! and never a secret's value.

mod forward_auth;
mod function;
mod layers;
pub(crate) mod memory;
mod partial;
mod read;
pub mod settings;

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use app::api::CookiePolicy;
use axum::http::Uri;
use domain::{rotation::Period, service::policy::Policy, throttle::Bucket};
use ipnet::IpNet;

pub use self::{
    forward_auth::ForwardAuth,
    function::duration as go_duration,
    layers::{Given, Origin, Sources},
    partial::Partial,
    read::{Problem, Problems},
};
use self::{forward_auth::Mistake, read::Reader};
use crate::{
    crypto::Argon2Cost,
    store::{DatabaseUrl, StoreOptions},
};

/// A configuration without mistakes.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where HTTP is served.
    pub listen: SocketAddr,
    /// The address people type; origin and cookie decisions come from it, never from `Host`.
    pub public_url: PublicUrl,
    /// Where metrics are served; `None`: nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Whether somebody named that address; if not, the program also starts when it is taken.
    pub metrics_listen_given: bool,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whom forward authentication serves, where it is switched on.
    pub forward_auth: Option<ForwardAuth>,
    /// Where the embedded default keeps its database and key ring.
    pub data_dir: PathBuf,
    /// The database.
    pub database_url: DatabaseUrl,
    /// Connections and time limits of the database.
    pub store: StoreOptions,
    /// The key ring.
    pub keys_file: PathBuf,
    /// Whether `keys_file` was named by somebody; if not, the embedded default may create it.
    pub keys_file_given: bool,
    /// The folder of scripts, styles and pictures.
    pub site_dir: Option<PathBuf>,
    /// The figures that the use cases keep to.
    pub policy: Policy,
    /// For how many calendar months audit events are kept.
    pub audit_months: u32,
    /// What one password hash costs.
    pub argon2: Argon2Cost,
    /// How many hashes may run at once.
    pub hash_permits: usize,
    /// How many may wait for their turn.
    pub hash_queue: usize,
    /// How long the head of a request may take.
    pub read_timeout: Duration,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// How long it goes on serving once a stop was asked for, saying that it is not ready.
    pub drain_interval: Duration,
    /// How many requests may be under way; 0: any number.
    pub max_inflight: usize,
    /// How long requests in flight may take to finish once a stop was asked for.
    pub shutdown_timeout: Duration,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines are written (`tracing` filter).
    pub log: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For eyes.
    Human,
}

/// A public URL that keeps the rules: an origin without path, `https` except on loopback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    secure: bool,
}

impl PublicUrl {
    /// Reads an origin such as `https://sesame.example`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let uri: Uri = text.trim_end_matches('/').parse().map_err(|_| "is not a URL")?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("has to start with https:// (or http:// on loopback)"),
        };
        let authority = uri.authority().ok_or("names no host")?;
        // A port alone parses, too.
        if authority.host().is_empty() {
            return Err("names no host");
        }
        if authority.as_str().contains('@') {
            return Err("must not hold a user or a password");
        }
        // The parser lets pass what no browser would: `[::1]x80`, an empty port, one beyond 65535.
        let port = authority.port().map_or_else(String::new, |port| format!(":{port}"));
        if format!("{}{port}", authority.host()) != authority.as_str() {
            return Err("has to be a host and at most a port of 1 to 65535 behind it");
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err("has to be an origin, without path or query: Sésame wants a host of its own");
        }
        if !secure && !is_loopback(authority.host()) {
            return Err("has to be https: passwords travel over it (plain http is for loopback only)");
        }
        let scheme = if secure { "https" } else { "http" };
        Ok(Self { origin: format!("{scheme}://{}", authority.as_str().to_ascii_lowercase()), secure })
    }

    /// The host, without its port.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = self.origin.split_once("://").map_or("", |(_, authority)| authority);
        let port = authority.rfind(':').filter(|colon| !authority.get(*colon..).unwrap_or("").contains(']'));
        port.and_then(|colon| authority.get(..colon)).unwrap_or(authority)
    }

    /// `scheme://host[:port]`, as an `Origin` header has it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether the scheme is https.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// How the session cookie is named and protected.
    #[must_use]
    pub const fn cookie_policy(&self) -> CookiePolicy {
        if self.secure { CookiePolicy::Secure } else { CookiePolicy::Loopback }
    }
}

/// Whether a host of a URL can be nothing but this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

impl Config {
    /// Reads the layers; all mistakes at once.
    pub fn load(sources: &Sources) -> Result<Self, Problems> {
        let mut read = Reader::new(layers::collect(sources));
        let config = Self::read(&mut read);
        read.finish(config)
    }

    fn read(read: &mut Reader) -> Option<Self> {
        let listen = read.parsed::<SocketAddr>("listen", "an address and a port, such as 127.0.0.1:3000");
        let data_dir = read.path("data_dir");
        let public_url = read.with("public_url", |text| PublicUrl::parse(text).map_err(str::to_owned));
        let public_url = match (public_url, listen) {
            (Some(url), _) => Some(url),
            (None, Some(listen)) => default_public_url(read, listen),
            (None, None) => None,
        };
        let database_url =
            match read.with("database_url", |t| t.parse::<DatabaseUrl>().map_err(|e| e.to_string())) {
                Some(url) => Some(url),
                None => data_dir.as_deref().and_then(|dir| default_database(read, dir)),
            };
        let keys_file_given = read.is_given("keys_file");
        let keys_file = read.path("keys_file").or_else(|| data_dir.as_ref().map(|dir| dir.join("keys")));
        let argon2 = read_argon2(read);
        let permits = read.optional_number("hash_concurrency", 1..=1024);
        let queue = read.number("hash_queue", 0..=100_000);
        let policy = read_policy(read);
        let audit_months = read.number("audit_months", 1..=120);
        let max_connections = read.number("database_max_connections", 1..=1000);
        let metrics_listen_given = read.is_given("metrics_listen");
        let metrics_listen = read.with("metrics_listen", |text| match text {
            "off" => Ok(None),
            address => {
                address.parse().map(Some).map_err(|_| "has to be an address and a port, or off".to_owned())
            }
        });
        let trusted_proxies = read.with("trusted_proxies", read_networks);
        let forward_auth = public_url.as_ref().and_then(|url| read_forward_auth(read, url));
        let read_timeout = read.seconds("read_timeout", 1..=300);
        let drain_interval = read.seconds("drain_interval", 0..=300);
        let max_inflight = read.number("max_inflight", 0..=1_000_000);
        let request_timeout = read.seconds("request_timeout", 1..=300);
        let shutdown_timeout = read.seconds("shutdown_timeout", 0..=300);
        let log_format = read.with("log_format", |text| match text {
            "json" => Ok(LogFormat::Json),
            "human" => Ok(LogFormat::Human),
            "auto" => Ok(automatic_log_format()),
            _ => Err("is neither json, human nor auto".to_owned()),
        });
        let log = read.with("log", |text| {
            tracing_subscriber::EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|e| e.to_string())
        });
        let argon2 = argon2?;
        Some(Self {
            listen: listen?,
            public_url: public_url?,
            metrics_listen: metrics_listen?,
            metrics_listen_given,
            trusted_proxies: trusted_proxies?,
            forward_auth,
            data_dir: data_dir?,
            database_url: database_url?,
            store: StoreOptions { max_connections: max_connections?, ..StoreOptions::default() },
            keys_file: keys_file?,
            keys_file_given,
            site_dir: read.path("site_dir"),
            policy: policy?,
            audit_months: audit_months?,
            argon2,
            hash_permits: permits.unwrap_or_else(|| memory::hash_permits(argon2)),
            hash_queue: usize::try_from(queue?).unwrap_or(usize::MAX),
            read_timeout: read_timeout?,
            request_timeout: request_timeout?,
            drain_interval: drain_interval?,
            max_inflight: usize::try_from(max_inflight?).unwrap_or(usize::MAX),
            shutdown_timeout: shutdown_timeout?,
            log_format: log_format?,
            log: log?,
        })
    }
}

/// On loopback the listening address is what a person types; elsewhere only they know.
fn default_public_url(read: &mut Reader, listen: SocketAddr) -> Option<PublicUrl> {
    if read.is_given("public_url") {
        return None;
    }
    if !listen.ip().is_loopback() {
        read.problem(
            "public_url",
            "is needed when listening beyond loopback: the address people type, such as https://sesame.example",
        );
        return None;
    }
    PublicUrl::parse(&format!("http://{listen}")).ok()
}

/// Addresses and blocks, with commas between them.
fn read_networks(text: &str) -> Result<Vec<IpNet>, String> {
    let one = |text: &str| {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        address.or_else(|_| text.parse::<IpNet>()).map_err(|_| {
            "has to be addresses or CIDR blocks with commas between them, such as 10.42.0.0/16".to_owned()
        })
    };
    text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(one).collect()
}

fn read_forward_auth(read: &mut Reader, public_url: &PublicUrl) -> Option<ForwardAuth> {
    let hosts = read.with("forward_auth_hosts", |text| Ok(text.to_owned()))?;
    let Some(domain) = read.with("forward_auth_domain", |text| Ok(text.to_owned())) else {
        if !hosts.is_empty() {
            read.problem("forward_auth_hosts", "is of no use without SESAME_FORWARD_AUTH_DOMAIN");
        }
        return None;
    };
    match ForwardAuth::new(&domain, &hosts, public_url) {
        Ok(forward) => Some(forward),
        Err(Mistake::Domain(what)) => {
            read.problem("forward_auth_domain", what);
            None
        }
        Err(Mistake::Hosts(what)) => {
            read.problem("forward_auth_hosts", what);
            None
        }
    }
}

fn default_database(read: &Reader, data_dir: &Path) -> Option<DatabaseUrl> {
    if read.is_given("database_url") {
        return None;
    }
    Some(DatabaseUrl::sqlite(data_dir.join("sesame.db")))
}

fn read_argon2(read: &mut Reader) -> Option<Argon2Cost> {
    let memory = read.number("argon2_memory_kib", 8..=4_194_304);
    let iterations = read.number("argon2_iterations", 1..=64);
    let parallelism = read.number("argon2_parallelism", 1..=16);
    match Argon2Cost::checked(memory?, iterations?, parallelism?) {
        Ok(cost) => Some(cost),
        Err(error) => {
            read.problem("argon2_memory_kib", &error.to_string());
            None
        }
    }
}

fn read_policy(read: &mut Reader) -> Option<Policy> {
    let months = read.with("rotation_months", |text| {
        text.parse().ok().and_then(Period::months).ok_or_else(|| "has to be 1 to 120 months".to_owned())
    });
    let issuer = read.with("issuer", |text| {
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_'));
        if (1..=32).contains(&text.len()) && plain {
            Ok(text.to_owned())
        } else {
            Err("has to be 1 to 32 letters, digits, spaces, dots, hyphens or underscores (authenticators show it)"
                .to_owned())
        }
    });
    let mut bucket = |burst: &'static str, per_minute: &'static str| {
        let burst = read.number(burst, 1..=1_000_000);
        let per_minute = read.number(per_minute, 1..=60_000);
        Some(Bucket { burst: burst?, per_minute: per_minute? })
    };
    let sign_in_network = bucket("sign_in_burst", "sign_in_per_minute");
    let register_network = bucket("register_burst", "register_per_minute");
    let ticket_network = bucket("ticket_burst", "ticket_per_minute");
    Some(Policy {
        issuer: issuer?,
        period: months?,
        sign_in_network: sign_in_network?,
        register_network: register_network?,
        ticket_network: ticket_network?,
        ..Policy::default()
    })
}

/// People watch a terminal; machines read everything else.
fn automatic_log_format() -> LogFormat {
    use std::io::IsTerminal as _;
    if std::io::stderr().is_terminal() { LogFormat::Human } else { LogFormat::Json }
}

#[cfg(test)]
mod tests;
