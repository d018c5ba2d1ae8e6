//! The figures the use cases keep to. Data, so that configuration can change what it may and
//! tests can see the rest.

use chrono::Duration;

use crate::{rotation::Period, throttle::Bucket, wire::SESSION_IDLE};

/// Every figure of a running service.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Who issues the TOTP secrets; shown by authenticators.
    pub issuer: String,
    /// How long a pair opens sessions.
    pub period: Period,
    /// How long a ticket lives (REQ-TICKET-1: at most 10 minutes for self-service).
    pub ticket_lifetime: Duration,
    /// How long a self-service registration holds its name.
    pub registration_lifetime: Duration,
    /// How long the first ticket of an invitation lives (REQ-TICKET-1: at most 24 hours for a
    /// hand-over). It is the only one that may take its time: those that follow live as all do.
    pub invitation_ticket_lifetime: Duration,
    /// How long an invitation holds its name.
    pub invitation_lifetime: Duration,
    /// How long a renewal may take, however many tickets it goes through: whoever began one must not
    /// keep it in hand for a day on which its owner no longer thinks of them.
    pub renewal_lifetime: Duration,
    /// Wrong codes a ticket or a session survives (REQ-OTP-4: at most 5).
    pub code_tries: u8,
    /// A session unused for this long is over.
    pub session_idle: Duration,
    /// A session older than this is over.
    pub session_lifetime: Duration,
    /// How many sessions an account may have: one more closes the one that was unused for longest.
    pub sessions_at_most: u32,
    /// Sign-ins of one network.
    pub sign_in_network: Bucket,
    /// Registrations of one network.
    pub register_network: Bucket,
    /// Uses of tickets by one network.
    pub ticket_network: Bucket,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            issuer: "COFRAP".to_owned(),
            period: Period::SIX_MONTHS,
            ticket_lifetime: Duration::minutes(10),
            registration_lifetime: Duration::hours(24),
            invitation_ticket_lifetime: Duration::hours(24),
            invitation_lifetime: Duration::hours(72),
            renewal_lifetime: Duration::hours(1),
            code_tries: 5,
            session_idle: SESSION_IDLE,
            session_lifetime: Duration::hours(12),
            sessions_at_most: 20,
            sign_in_network: Bucket { burst: 120, per_minute: 120 },
            register_network: Bucket { burst: 60, per_minute: 30 },
            // Three for each enrolment, and some that are begun again.
            ticket_network: Bucket { burst: 240, per_minute: 120 },
        }
    }
}
