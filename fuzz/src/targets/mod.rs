//! The targets, by what they read.

mod addresses;
mod headers;
mod requests;
mod sealed;
mod settings;
mod tokens;
mod typed;

use crate::Target;

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "token", run: tokens::token },
    Target { name: "session_cookie", run: tokens::session_cookie },
    Target { name: "device_note", run: tokens::device_note },
    Target { name: "fragment", run: tokens::fragment },
    Target { name: "envelope", run: sealed::envelope },
    Target { name: "password_hash", run: sealed::password_hash },
    Target { name: "key_ring", run: sealed::key_ring },
    Target { name: "code", run: typed::code },
    Target { name: "username", run: typed::username },
    Target { name: "otpauth_uri", run: typed::otpauth_uri },
    Target { name: "accept_language", run: headers::accept_language },
    Target { name: "forwarded_for", run: headers::forwarded_for },
    Target { name: "origin", run: headers::origin },
    Target { name: "time_limit", run: headers::time_limit },
    Target { name: "logged_ids", run: headers::logged_ids },
    Target { name: "return_address", run: addresses::return_address },
    Target { name: "public_url", run: addresses::public_url },
    Target { name: "database_url", run: addresses::database_url },
    Target { name: "config_file", run: settings::config_file },
    Target { name: "config_environment", run: settings::config_environment },
    Target { name: "api_body", run: requests::api_body },
    Target { name: "request_head", run: requests::request_head },
];
