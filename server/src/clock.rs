//! The system's clock, the one place that reads it.

use chrono::{DateTime, Utc};
use domain::service::ports::Clock;

/// UTC from the operating system, at the microseconds that both databases keep.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port's implementation")]
    fn now(&self) -> DateTime<Utc> {
        use chrono::SubsecRound as _;
        DateTime::<Utc>::from(std::time::SystemTime::now()).trunc_subsecs(6)
    }
}
