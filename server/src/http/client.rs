//! Where a request comes from. The address of the connection is believed; what `X-Forwarded-For` says
//! is believed only of the hops that were written by a proxy on the list of trusted ones, since
//! anybody may write the header.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::http::{HeaderMap, HeaderName};
use domain::network::Network;
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies whose word is taken.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// The proxies in these blocks.
    #[must_use]
    pub fn new(blocks: Vec<IpNet>) -> Self {
        Self(blocks.into())
    }

    /// The network of the client behind `peer`.
    pub(super) fn network(&self, peer: SocketAddr, headers: &HeaderMap) -> Network {
        Network::of(self.client(peer.ip(), headers))
    }

    /// Walks back from the connection, hop by hop, as long as the hop is trusted: the first that is
    /// not is the client. A hop that cannot be read ends the walk at whoever wrote it.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines: Vec<&str> =
            headers.get_all(FORWARDED_FOR).iter().filter_map(|v| v.to_str().ok()).collect();
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            if !self.trusts(client) {
                break;
            }
            let Some(address) = hop_address(hop.trim()) else { break };
            client = address.to_canonical();
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|block| block.contains(&address))
    }
}

/// `ip`, `ip:port`, `[v6]` or `[v6]:port`.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    hop.parse::<IpAddr>()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .or_else(bracketed)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let blocks = trusted.iter().map(|block| block.parse().unwrap()).collect();
        let headers =
            forwarded.iter().map(|line| (FORWARDED_FOR, HeaderValue::from_str(line).unwrap())).collect();
        TrustedProxies::new(blocks).client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn without_a_list_the_header_is_ignored() {
        assert_eq!(client(&[], "10.0.0.1", &["203.0.113.7"]), "10.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "192.0.2.1", &["203.0.113.7"]), "192.0.2.1");
    }

    #[test]
    fn the_first_hop_that_is_not_ours_is_the_client_whatever_it_claims() {
        let ours = ["10.0.0.0/8", "fd00::/8"];
        assert_eq!(client(&ours, "10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(client(&ours, "10.0.0.1", &["1.2.3.4, 203.0.113.7, 10.0.0.9"]), "203.0.113.7");
        assert_eq!(
            client(&ours, "10.0.0.1", &["1.2.3.4", "203.0.113.7"]),
            "203.0.113.7",
            "two lines are one list"
        );
        assert_eq!(client(&ours, "10.0.0.1", &["10.0.0.5, 10.0.0.6"]), "10.0.0.5", "all of them are ours");
        assert_eq!(client(&ours, "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client(&ours, "::ffff:10.0.0.1", &["::ffff:203.0.113.7"]), "203.0.113.7");
    }

    #[test]
    fn every_spelling_of_a_hop_is_read() {
        let ours = ["10.0.0.0/8"];
        for (hop, expected) in [
            ("203.0.113.7:51812", "203.0.113.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("  203.0.113.7  ", "203.0.113.7"),
        ] {
            assert_eq!(client(&ours, "10.0.0.1", &[hop]), expected, "{hop}");
        }
    }

    #[test]
    fn a_hop_that_cannot_be_read_ends_the_walk_at_the_proxy_that_wrote_it() {
        for nonsense in ["unknown", "", "_hidden", "1.2.3", "1.2.3.4.5", "999.1.1.1"] {
            assert_eq!(
                client(&["10.0.0.0/8"], "10.0.0.1", &[&format!("203.0.113.7, {nonsense}")]),
                "10.0.0.1"
            );
        }
    }

    proptest! {
        #[test]
        fn what_a_stranger_prepends_never_changes_who_they_are(lies in "[ -~]{0,60}") {
            let honest = client(&["10.0.0.0/8"], "10.0.0.1", &["203.0.113.7"]);
            prop_assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[&format!("{lies},203.0.113.7")]), honest);
        }
    }
}
