//! Sessions: who is signed in, signing out, and seeing and closing one's other sessions.

use chrono::{DateTime, Duration, Utc};

use super::{
    Refusal, Sesame,
    ports::{ListedSession, Session},
};
use crate::{
    audit::{AuditEvent, AuditKind},
    clocks,
    error::{ApiError, ErrorCode},
    token::{SessionHandle, TokenDigest, digest_of_text},
    username::Username,
    wire::{SessionEntry, SessionList, SessionView},
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

/// Which session was closed by its handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The one that asked: its cookies are to be taken back.
    Own,
    /// Another one of the account, or one that is not there.
    Other,
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
            wrong_codes: self.wrong_codes(session.pair).await?,
        })
    }

    /// Closes the session behind a cookie; without one there is nothing to do.
    pub async fn sign_out(&self, token: Option<&str>) -> Result<(), Refusal> {
        let Some(digest) = token.and_then(digest_of_text) else { return Ok(()) };
        let found = self.ports.accounts.find_session(&digest).await?;
        let Some(session) = self.believe(found) else { return Ok(()) };
        let event = AuditEvent { at: self.now(), account: session.account, kind: AuditKind::SignedOut };
        self.ports.accounts.close_session(&digest, &event).await?;
        Ok(())
    }

    /// The open sessions of the account, the one behind the cookie first.
    pub async fn sessions(&self, token: Option<&str>) -> Result<SessionList, Refusal> {
        let own = self.live_session(token).await?;
        let now = self.now();
        let idle_since = now - self.policy.session_idle;
        let mut listed = self.ports.accounts.list_sessions(own.account, now, idle_since).await?;
        // Stable: the others stay in the order of their last use.
        listed.sort_by_key(|session| session.digest != own.digest);
        Ok(SessionList { sessions: listed.into_iter().map(|session| entry(session, &own.digest)).collect() })
    }

    /// Closes one session of the account by its handle. One that is not there is closed: somebody
    /// else's, an unknown one and one that has ended look alike.
    pub async fn revoke_session(&self, token: Option<&str>, handle: &str) -> Result<Closed, Refusal> {
        let handle = SessionHandle::parse(handle)
            .ok_or_else(|| ApiError::invalid("session", "This is not the name of a session."))?;
        let own = self.live_session(token).await?;
        if handle == SessionHandle::of(&own.digest) {
            self.ports.accounts.close_session(&own.digest, &self.told(&own, AuditKind::SignedOut)).await?;
            return Ok(Closed::Own);
        }
        let event = self.told(&own, AuditKind::SessionClosed);
        if !self.ports.accounts.close_session_called(&own.digest, &handle, &event).await? {
            self.still_open(&own.digest).await?;
        }
        Ok(Closed::Other)
    }

    /// Closes all sessions of the account but the one behind the cookie.
    pub async fn revoke_other_sessions(&self, token: Option<&str>) -> Result<(), Refusal> {
        let own = self.live_session(token).await?;
        let event = self.told(&own, AuditKind::OtherSessionsClosed);
        if !self.ports.accounts.close_other_sessions(&own.digest, &event).await? {
            self.still_open(&own.digest).await?;
        }
        Ok(())
    }

    /// Nothing was closed: because there was nothing, or because the session that asked was closed
    /// meanwhile, from one of those that it meant to close perhaps. Its owner must not be told that
    /// they are gone.
    async fn still_open(&self, own: &TokenDigest) -> Result<(), Refusal> {
        self.ports.accounts.find_session(own).await?.map(drop).ok_or_else(unauthenticated)
    }

    fn told(&self, own: &Session, kind: AuditKind) -> AuditEvent {
        AuditEvent { at: self.now(), account: own.account, kind }
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

    /// The session if we wrote it. A row of somebody else's making, or one that was changed, is no
    /// session. Its last use and its tries are not sealed: they change, and open nothing.
    fn believe(&self, found: Option<Session>) -> Option<Session> {
        found.filter(|session| {
            let sealed = session.seal.zip(session.forward);
            sealed.is_some_and(|(seal, forward)| self.ports.vault.attests(&seal, session.row(forward)))
        })
    }

    async fn admit(&self, found: Option<Session>) -> Result<Session, Refusal> {
        let session = self.believe(found).ok_or_else(unauthenticated)?;
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

fn entry(session: ListedSession, own: &TokenDigest) -> SessionEntry {
    SessionEntry {
        session: SessionHandle::of(&session.digest).to_string(),
        signed_in_at: session.created_at,
        last_used_at: session.last_seen_at,
        session_expires_at: session.expires_at,
        browser: session.agent.browser,
        system: session.agent.system,
        current: session.digest == *own,
    }
}

fn unauthenticated() -> Refusal {
    Refusal::told(ErrorCode::Unauthenticated)
}

/// Whether a session still opens anything: not idle for too long, not past its absolute end,
/// and on a pair that has not expired. One that was last used in the future says that the clock is
/// behind: by it, sessions that ended yesterday would be open.
fn is_live(session: &Session, now: DateTime<Utc>, idle: Duration) -> bool {
    now < session.expires_at
        && now < session.valid_until
        && now - session.last_seen_at < idle
        && clocks::may_have_said(session.last_seen_at, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::{AccountId, PairId},
        service::ports::Sealed,
        token::TokenDigest,
    };

    /// Each end is exclusive: at that very instant it is over. So is its beginning, for a clock that is
    /// behind by more than replicas may be apart.
    #[test]
    fn a_session_is_over_at_the_very_instant_of_each_of_its_ends() {
        let now = DateTime::UNIX_EPOCH + Duration::days(20_000);
        let (idle, moment) = (Duration::minutes(30), Duration::milliseconds(1));
        let session = Session {
            digest: TokenDigest::from_bytes([1; 32]),
            forward: None,
            seal: None,
            account: AccountId::from_bytes([2; 16]),
            username: Username::parse("alice").unwrap(),
            created_at: now - Duration::hours(1),
            last_seen_at: now,
            expires_at: now + Duration::hours(11),
            valid_until: now + Duration::days(100),
            pair: PairId::from_bytes([3; 16]),
            totp: Sealed(Vec::new()),
            last_step: None,
            sessions: 1,
        };
        assert!(is_live(&session, now, idle));
        assert!(is_live(&Session { last_seen_at: now - idle + moment, ..session.clone() }, now, idle));
        assert!(!is_live(&Session { last_seen_at: now - idle, ..session.clone() }, now, idle));
        assert!(is_live(&Session { expires_at: now + moment, ..session.clone() }, now, idle));
        assert!(!is_live(&Session { expires_at: now, ..session.clone() }, now, idle));
        assert!(is_live(&Session { valid_until: now + moment, ..session.clone() }, now, idle));
        assert!(!is_live(&Session { valid_until: now, ..session.clone() }, now, idle));
        assert!(is_live(&Session { last_seen_at: now + clocks::APART, ..session.clone() }, now, idle));
        assert!(!is_live(&Session { last_seen_at: now + clocks::APART + moment, ..session }, now, idle));
    }
}
