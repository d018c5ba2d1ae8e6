//! The client's network, as throttling sees it: one /24 of IPv4 or one /64 of IPv6, the smallest
//! block that one subscriber cannot leave by asking for another address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A client's network block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// The first 24 bits of an IPv4 address.
    V4([u8; 3]),
    /// The first 64 bits of an IPv6 address.
    V6([u8; 8]),
}

impl Network {
    /// The network of `address`; an IPv4 address dressed as IPv6 counts as IPv4.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::V4(head(&v4.octets())),
            IpAddr::V6(v6) => Self::V6(head(&v6.octets())),
        }
    }

    /// The block as bytes: 3 for IPv4, 8 for IPv6.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::V4(bytes) => bytes,
            Self::V6(bytes) => bytes,
        }
    }
}

/// As a block: `203.0.113.0/24`, `2001:db8::/64`.
impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::V4([a, b, c]) => write!(f, "{}/24", Ipv4Addr::new(a, b, c, 0)),
            Self::V6(bytes) => {
                let bits = u128::from(u64::from_be_bytes(bytes)) << 64;
                write!(f, "{}/64", Ipv6Addr::from_bits(bits))
            }
        }
    }
}

/// The first `N` of `bytes`, padded with zeros that no caller needs.
fn head<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut head = [0; N];
    head.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    head
}
