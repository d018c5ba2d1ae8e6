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
        // As bytes: a stranger's hop that is no text must not take the words of our proxies with it.
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        for hop in lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',')) {
            if !self.trusts(client) {
                break;
            }
            let Some(address) = hop_address(hop) else { break };
            client = address.to_canonical();
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|block| block.contains(&address))
    }
}

/// `ip`, `ip:port`, `[v6]` or `[v6]:port`.
fn hop_address(hop: &[u8]) -> Option<IpAddr> {
    let hop = str::from_utf8(hop).ok()?.trim();
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

    fn client<T: AsRef<[u8]>>(trusted: &[&str], peer: &str, forwarded: &[T]) -> String {
        let blocks = trusted.iter().map(|block| block.parse().unwrap()).collect();
        let line = |line: &T| (FORWARDED_FOR, HeaderValue::from_bytes(line.as_ref()).unwrap());
        let headers = forwarded.iter().map(line).collect();
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
        assert_eq!(client::<&str>(&ours, "10.0.0.1", &[]), "10.0.0.1");
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
        let nonsense = [
            &b"unknown"[..],
            b"",
            b"_hidden",
            b"1.2.3",
            b"1.2.3.4.5",
            b"999.1.1.1",
            b"\xff",
            b"10.0.0.2\xc3\xa9",
        ];
        for nonsense in nonsense {
            let one_line = [&b"203.0.113.7, "[..], nonsense].concat();
            assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[one_line]), "10.0.0.1", "{nonsense:?}");
            let two_lines = [&b"203.0.113.7"[..], nonsense];
            assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &two_lines), "10.0.0.1", "{nonsense:?}");
        }
    }

    /// What HTTP lets a header hold (RFC 9110, 5.5).
    fn header_byte() -> impl Strategy<Value = u8> {
        prop_oneof![Just(b'\t'), b' '..=b'~', 0x80..=0xffu8]
    }

    proptest! {
        #[test]
        fn what_a_stranger_prepends_never_changes_who_they_are(
            lies in prop::collection::vec(header_byte(), 0..60)
        ) {
            let honest = client(&["10.0.0.0/8"], "10.0.0.1", &["203.0.113.7"]);
            let one_line = [&lies[..], b",203.0.113.7"].concat();
            prop_assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[one_line]), honest.clone());
            let two_lines = [&lies[..], b"203.0.113.7"];
            prop_assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &two_lines), honest);
        }
    }
}
