//! Early renewal: a session and a fresh code begin a new pair beside the old one.

use super::{Refusal, Sesame, enrolment::parse_code, ports::SealedColumn};
use crate::{
    audit::{AuditEvent, AuditKind},
    error::{ApiError, CodeRejection, ErrorCode},
    totp,
    wire::TicketIssued,
};

impl Sesame {
    /// Begins a renewal. Wrong codes are counted on the session; the last one closes it, so that
    /// a stolen cookie does not become a way to guess codes.
    pub async fn renew(&self, token: Option<&str>, code: &str) -> Result<TicketIssued, Refusal> {
        let code = parse_code(code)?;
        let (digest, session) = self.live_session(token).await?;
        let tries_left = (self.ports.accounts.take_session_try(&digest).await?)
            .ok_or_else(|| Refusal::told(ErrorCode::Unauthenticated))?;
        let now = self.now();
        let secret = self.ports.vault.open(&session.totp, SealedColumn::Totp, session.pair)?;
        let reason = match totp::matching_step(&secret, &code, now) {
            None => CodeRejection::Mismatch,
            Some(step) => match self.start_renewal(session.account, session.pair, step, now).await? {
                Some((ticket, expires_at)) => return Ok(TicketIssued { ticket, expires_at }),
                None => CodeRejection::AlreadyUsed,
            },
        };
        if tries_left == 0 {
            let event = AuditEvent { at: now, account: session.account, kind: AuditKind::SessionRevoked };
            self.ports.accounts.close_session(&digest, &event).await?;
        }
        Err(ApiError::code_rejected(reason, tries_left, now).into())
    }
}
