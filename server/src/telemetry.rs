//! Log lines on standard error: JSON for machines, plain text for eyes. No secret is ever passed
//! to them; the types that hold one print `[redacted]`.

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::LogFormat;

/// Starts logging for the whole process; a second call changes nothing.
pub fn start(format: LogFormat, filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let started = match format {
        LogFormat::Json => {
            builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
        }
        LogFormat::Human => builder.with_ansi(use_colour()).try_init(),
    };
    // Only tests start twice in one process.
    drop(started);
}

/// Colour on a terminal, unless `NO_COLOR` (no-color.org) asks for none.
fn use_colour() -> bool {
    use std::io::IsTerminal as _;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
