//! One subscriber, one block.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use domain::{network::Network, throttle::LaneKey, username::Username};
use proptest::prelude::*;

proptest! {
    #[test]
    fn req_rl_1_two_ipv4_addresses_share_a_network_exactly_when_their_24_bits_agree(a: u32, b: u32, host: u8) {
        let of = |bits: u32| Network::of(IpAddr::V4(Ipv4Addr::from_bits(bits)));
        prop_assert_eq!(of(a), of(a ^ u32::from(host)));
        prop_assert_eq!(of(a) == of(b), a >> 8 == b >> 8);
        prop_assert_eq!(of(a).as_bytes().len(), 3);
    }

    #[test]
    fn req_rl_1_two_ipv6_addresses_share_a_network_exactly_when_their_64_bits_agree(a: u128, b: u128, host: u64) {
        let wide = |bits: u128| bits | 1 << 127; // not ::/1, where the IPv4-mapped block lies
        let of = |bits: u128| Network::of(IpAddr::V6(Ipv6Addr::from_bits(wide(bits))));
        prop_assert_eq!(of(a), of(a ^ u128::from(host)));
        prop_assert_eq!(of(a) == of(b), wide(a) >> 64 == wide(b) >> 64);
        prop_assert_eq!(of(a).as_bytes().len(), 8);
    }

    #[test]
    fn req_rl_1_an_ipv4_address_dressed_as_ipv6_counts_as_ipv4(bits: u32) {
        let v4 = Ipv4Addr::from_bits(bits);
        prop_assert_eq!(Network::of(v4.to_ipv6_mapped().into()), Network::of(v4.into()));
    }
}

#[test]
fn lanes_of_different_purposes_never_meet() {
    let network = Network::of(Ipv4Addr::new(192, 0, 2, 1).into());
    let name = Username::parse("amelie").unwrap();
    let lanes =
        [LaneKey::sign_in(&name), LaneKey::sign_in_network(network), LaneKey::register_network(network)];
    for (index, lane) in lanes.iter().enumerate() {
        assert!(lanes.iter().skip(index + 1).all(|other| other != lane));
    }
}

#[test]
fn a_network_is_written_as_a_block_and_names_no_host() {
    let shown = |text: &str| Network::of(text.parse().unwrap()).to_string();
    assert_eq!(shown("203.0.113.7"), "203.0.113.0/24");
    assert_eq!(shown("::ffff:203.0.113.7"), "203.0.113.0/24");
    assert_eq!(shown("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
}
