//! Early renewal: a session and a fresh code begin a new pair beside the old one.

use chrono::{DateTime, Utc};

use super::{
    Refusal, Sesame,
    enrolment::parse_code,
    ports::{Cell, Session},
};
use crate::{
    audit::{AuditEvent, AuditKind},
    code::Code,
    error::{ApiError, CodeRejection, ErrorCode},
    totp,
    wire::TicketIssued,
};

impl Sesame {
    /// Begins a renewal. Wrong codes are counted on the session; the last one closes it, so that
    /// a stolen cookie does not become a way to guess codes. A try is taken before the code is
    /// looked at, and given back if the code was right or a fault of ours kept it from being judged.
    pub async fn renew(&self, token: Option<&str>, code: &str) -> Result<TicketIssued, Refusal> {
        let code = parse_code(code)?;
        let session = self.live_session(token).await?;
        let tries_left = (self.ports.accounts.take_session_try(&session.digest).await?)
            .ok_or_else(|| Refusal::told(ErrorCode::Unauthenticated))?;
        let now = self.now();
        let judged = self.judge_renewal(&session, &code, now).await;
        if !matches!(judged, Ok(Judged::Rejected(_))) {
            // Best effort: the renewal has begun, or a fault is being reported already.
            let _unreachable = self.ports.accounts.give_back_session_try(&session.digest).await;
        }
        let reason = match judged? {
            Judged::Begun(issued) => return Ok(issued),
            Judged::Rejected(reason) => reason,
        };
        if tries_left == 0 {
            let event = AuditEvent { at: now, account: session.account, kind: AuditKind::SessionRevoked };
            self.ports.accounts.close_session(&session.digest, &event).await?;
        }
        Err(ApiError::code_rejected(reason, tries_left, now).into())
    }

    async fn judge_renewal(
        &self,
        session: &Session,
        code: &Code,
        now: DateTime<Utc>,
    ) -> Result<Judged, Refusal> {
        let secret = self.ports.vault.open(&session.totp, Cell::Totp(session.owner()))?;
        let Some(step) = totp::matching_step(&secret, code, now) else {
            return Ok(Judged::Rejected(CodeRejection::Mismatch));
        };
        Ok(match self.start_renewal(session.owner(), step, Some(&session.digest), now).await? {
            Some((ticket, expires_at)) => Judged::Begun(TicketIssued { ticket, expires_at }),
            None => Judged::Rejected(CodeRejection::AlreadyUsed),
        })
    }
}

/// What a code led to.
enum Judged {
    /// A new pair stands beside the old one.
    Begun(TicketIssued),
    /// Nothing.
    Rejected(CodeRejection),
}
