//! Who may reach it, and whose word about clients is taken.

use std::net::SocketAddr;

use ipnet::IpNet;

use super::Report;
use crate::config::{Config, Partial};

/// Blocks that no stranger on the Internet sends from.
const PRIVATE: [&str; 9] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

pub(super) fn examine(known: &Partial, report: &mut Report) {
    let config = &known.config;
    let metrics = config.metrics_listen.map_or_else(|| "off".to_owned(), |address| address.to_string());
    let proxies = config.trusted_proxies.len();
    report.saw("network", format!("metrics on {metrics}, trusted proxy blocks: {proxies}"));
    if known.is_sure("trusted_proxies") {
        trusted(config, report);
    }
    metrics_address(config, report);
}

fn trusted(config: &Config, report: &mut Report) {
    let blocks = &config.trusted_proxies;
    if let Some(block) = blocks.iter().find(|block| block.prefix_len() == 0) {
        report.error(
            "trusted-proxies-everybody",
            format!(
                "SESAME_TRUSTED_PROXIES has {block}: anybody may claim any address in X-Forwarded-For, and no \
                 throttle holds them."
            ),
            "Name the addresses of your proxies only; a cluster's pod network, such as 10.42.0.0/16, where a \
             network policy lets nobody but the router in.",
        );
    } else if let Some(block) = blocks.iter().find(|block| is_public(block)) {
        report.error(
            "trusted-proxies-public",
            format!(
                "SESAME_TRUSTED_PROXIES has the public block {block}: whoever has an address in it may claim any \
                 other in X-Forwarded-For and get past the throttle."
            ),
            "Name the single public addresses of your proxies, or their private network.",
        );
    } else if blocks.is_empty() && config.public_url.is_secure() {
        report.warning(
            "trusted-proxies-none",
            "The public URL is https, so a proxy stands in front, but SESAME_TRUSTED_PROXIES names none: all \
             people seem to come from the proxy and share one throttle.",
            "Set SESAME_TRUSTED_PROXIES to the address or network of the proxy, if it writes X-Forwarded-For \
             itself. OpenFaaS's gateway hands on what its clients write: behind it, leave this as it is.",
        );
    }
}

/// Whether strangers may have an address in `block`. One single address may well be a proxy's.
fn is_public(block: &IpNet) -> bool {
    let mut private = PRIVATE.iter().filter_map(|text| text.parse::<IpNet>().ok());
    block.prefix_len() < block.max_prefix_len() && !private.any(|private| private.contains(block))
}

fn metrics_address(config: &Config, report: &mut Report) {
    if let Some(metrics) = config.metrics_listen.filter(|metrics| collide(*metrics, config.listen)) {
        report.error(
            "metrics-port-taken",
            format!(
                "Metrics and pages want the same port ({metrics} and {}): only one of them can have it.",
                config.listen
            ),
            "Give SESAME_METRICS_LISTEN a port of its own, such as 9090, which people cannot reach.",
        );
    }
}

/// Whether two listeners want the same port of the same address. Port 0 is a free one each time.
fn collide(a: SocketAddr, b: SocketAddr) -> bool {
    let meet = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() == b.port() && a.port() != 0 && meet
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(env: &[(&str, &str)]) -> Vec<&'static str> {
        Report::codes_of(env, examine)
    }

    #[test]
    fn proxies_that_strangers_could_be_are_not_trusted() {
        for (blocks, code) in [
            ("0.0.0.0/0", "trusted-proxies-everybody"),
            ("10.0.0.0/8,::/0", "trusted-proxies-everybody"),
            ("203.0.113.0/24", "trusted-proxies-public"),
            ("8.0.0.0/5", "trusted-proxies-public"),
            ("2001:db8::/32", "trusted-proxies-public"),
        ] {
            assert_eq!(codes(&[("SESAME_TRUSTED_PROXIES", blocks)]), [code], "{blocks}");
        }
        for blocks in ["", "10.42.0.0/16", "192.168.1.7", "fd00::/8,127.0.0.1", "203.0.113.9", "2001:db8::1"]
        {
            assert!(codes(&[("SESAME_TRUSTED_PROXIES", blocks)]).is_empty(), "{blocks}");
        }
    }

    #[test]
    fn behind_https_a_proxy_has_to_be_named() {
        let https = ("SESAME_PUBLIC_URL", "https://sesame.example");
        assert_eq!(codes(&[https]), ["trusted-proxies-none"]);
        assert!(codes(&[https, ("SESAME_TRUSTED_PROXIES", "10.42.0.0/16")]).is_empty());
        assert!(
            codes(&[https, ("SESAME_TRUSTED_PROXIES", "nonsense")]).is_empty(),
            "told by the configuration"
        );
    }

    #[test]
    fn metrics_need_a_port_of_their_own() {
        let codes = |listen, metrics| codes(&[("SESAME_LISTEN", listen), ("SESAME_METRICS_LISTEN", metrics)]);
        assert_eq!(codes("127.0.0.1:3000", "0.0.0.0:3000"), ["metrics-port-taken"]);
        assert_eq!(codes("127.0.0.1:3000", "127.0.0.1:3000"), ["metrics-port-taken"]);
        for (listen, metrics) in
            [("127.0.0.1:3000", "127.0.0.2:3000"), ("127.0.0.1:0", "127.0.0.1:0"), ("127.0.0.1:1", "off")]
        {
            assert!(codes(listen, metrics).is_empty(), "{listen} {metrics}");
        }
    }
}
