//! What this module's parsers make of foreign headers, for the fuzz targets and nobody else.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::http::HeaderMap;
use domain::network::Network;

use super::{TrustedProxies, csrf, observe, time_limit};
use crate::config::PublicUrl;

/// The address of the client behind `peer`.
#[must_use]
pub fn client(trusted: &TrustedProxies, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    trusted.client(peer, headers)
}

/// Its network, as throttling sees it.
#[must_use]
pub fn network(trusted: &TrustedProxies, peer: SocketAddr, headers: &HeaderMap) -> Network {
    trusted.network(peer, headers)
}

/// Whether a request that changes something comes from a page of ours, or from no page.
#[must_use]
pub fn is_ours(headers: &HeaderMap, public_url: &PublicUrl) -> bool {
    csrf::is_ours(headers, public_url)
}

/// The time limit that a caller asks for.
#[must_use]
pub fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    time_limit::asked_for(headers)
}

/// The ids from outside that reach the log: of the trace and of the gateway's call.
#[must_use]
pub fn logged_ids(headers: &HeaderMap) -> [Option<&str>; 2] {
    [observe::trace_id(headers), observe::call_id(headers)]
}
