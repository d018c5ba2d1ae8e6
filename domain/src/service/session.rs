//! Sessions: who is signed in, and signing out.

use chrono::{DateTime, Duration, Utc};

use super::{Refusal, Sesame, ports::Session};
use crate::{
    audit::{AuditEvent, AuditKind},
    error::ErrorCode,
    token::digest_of_text,
    username::Username,
    wire::SessionView,
};

/// A session's last use is noted at most this often: reading a page is not worth a write.
const TOUCH_INTERVAL: Duration = Duration::minutes(1);

/// Who is signed in, as another application is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The name.
    pub username: Username,
    /// When the secrets stop opening sessions.
    pub valid_until: DateTime<Utc>,
}

impl Sesame {
    /// The session behind a cookie, as its owner sees it.
    pub async fn session(&self, token: Option<&str>) -> Result<SessionView, Refusal> {
        let session = self.live_session(token).await?;
        Ok(SessionView {
            username: session.username.to_string(),
            valid_until: session.valid_until,
            signed_in_at: session.created_at,
            session_expires_at: session.expires_at,
            sessions: session.sessions,
        })
    }

    /// Closes the session behind a cookie; without one there is nothing to do.
    pub async fn sign_out(&self, token: Option<&str>) -> Result<(), Refusal> {
        let Some(digest) = token.and_then(digest_of_text) else { return Ok(()) };
        let Some(session) = self.ports.accounts.find_session(&digest).await? else { return Ok(()) };
        let event = AuditEvent { at: self.now(), account: session.account, kind: AuditKind::SignedOut };
        self.ports.accounts.close_session(&digest, &event).await?;
        Ok(())
    }

    /// Who is behind a forward token, for a proxy in front of another application. Being there
    /// counts as using the session.
    pub async fn verify(&self, forward: Option<&str>) -> Result<Verified, Refusal> {
        let digest = forward.and_then(digest_of_text).ok_or_else(unauthenticated)?;
        let found = self.ports.accounts.find_session_by_forward(&digest).await?;
        let session = self.admit(found).await?;
        Ok(Verified { username: session.username, valid_until: session.valid_until })
    }

    /// The session if it is not over, its use noted.
    pub(super) async fn live_session(&self, token: Option<&str>) -> Result<Session, Refusal> {
        let digest = token.and_then(digest_of_text).ok_or_else(unauthenticated)?;
        self.admit(self.ports.accounts.find_session(&digest).await?).await
    }

    async fn admit(&self, found: Option<Session>) -> Result<Session, Refusal> {
        let session = found.ok_or_else(unauthenticated)?;
        let now = self.now();
        if !is_live(&session, now, self.policy.session_idle) {
            return Err(unauthenticated());
        }
        if now - session.last_seen_at >= TOUCH_INTERVAL {
            self.ports.accounts.touch_session(&session.digest, now).await?;
        }
        Ok(session)
    }
}

fn unauthenticated() -> Refusal {
    Refusal::told(ErrorCode::Unauthenticated)
}

/// Whether a session still opens anything: not idle for too long, not past its absolute end,
/// and on a pair that has not expired.
fn is_live(session: &Session, now: DateTime<Utc>, idle: Duration) -> bool {
    now < session.expires_at && now < session.valid_until && now - session.last_seen_at < idle
}
