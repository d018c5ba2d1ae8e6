//! The use cases: one public method, one use case.
//!
//! [`Sesame`] is handed everything it needs once and holds no state of its own, so that any
//! number of replicas serve one database.

mod authenticate;
mod enrolment;
mod outcome;
pub mod policy;
pub mod ports;
mod refusal;
mod register;
mod renew;
mod session;
mod throttling;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use self::{
    authenticate::Decoy,
    policy::Policy,
    ports::{
        AccountStore, Clock, Entropy, HashError, NewSession, NewTicket, PairOwner, PasswordHasher, Row,
        ThrottleStore, Vault,
    },
};
pub use self::{
    outcome::{Outcome, UseCase},
    refusal::Refusal,
    session::{Closed, Verified},
    throttling::Origin,
};
use crate::{
    agent::Agent,
    device::{self, DeviceId},
    id::AccountId,
    secret::WireSecret,
    token::Token,
    username::Username,
    wire::TicketIssued,
};

/// What the use cases need from outside.
#[derive(Clone)]
pub struct Ports {
    /// Accounts, pairs, tickets, sessions.
    pub accounts: Arc<dyn AccountStore>,
    /// Throttle lanes.
    pub throttle: Arc<dyn ThrottleStore>,
    /// Seals and opens secrets.
    pub vault: Arc<dyn Vault>,
    /// Argon2id on a bounded pool.
    pub hasher: Arc<dyn PasswordHasher>,
    /// The hour.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
}

/// The service: every use case as a method.
pub struct Sesame {
    ports: Ports,
    policy: Policy,
    decoy: Decoy,
}

/// A freshly opened session: what the cookie holds, and until when at the latest.
#[derive(Debug)]
pub struct SessionToken {
    /// The token, for the cookie.
    pub text: WireSecret,
    /// The token that only shows who is signed in, for the cookie of other applications.
    pub forward: WireSecret,
    /// The note by which the device will be known here ([`crate::device`]), for a cookie of its own.
    pub device: WireSecret,
    /// The absolute end of the session.
    pub expires_at: DateTime<Utc>,
}

impl Sesame {
    /// Puts the service together. Computes one password hash, for the decoy that unknown names
    /// are measured against.
    pub async fn new(ports: Ports, policy: Policy) -> Result<Self, HashError> {
        let decoy = Decoy::make(&ports).await?;
        Ok(Self { ports, policy, decoy })
    }

    /// Deletes what is over: lapsed registrations, finished sessions, forgotten throttle lanes.
    /// The number of rows deleted.
    pub async fn purge(&self) -> Result<u64, Refusal> {
        let now = self.now();
        let lanes_before = now - crate::throttle::FORGET;
        Ok(self.ports.accounts.purge(now, now - self.policy.session_idle, lanes_before).await?)
    }

    fn now(&self) -> DateTime<Utc> {
        self.ports.clock.now()
    }

    /// A ticket for the holder and for the store. It works once it is sealed.
    fn draw_ticket(&self, expires_at: DateTime<Utc>) -> (WireSecret, NewTicket) {
        let token = Token::random(&*self.ports.entropy);
        let tries = self.policy.code_tries;
        (token.text, NewTicket { digest: token.digest, expires_at, tries, seal: None })
    }

    /// A ticket for a pair that is known.
    fn draw_ticket_for(
        &self,
        owner: PairOwner<'_>,
        expires_at: DateTime<Utc>,
    ) -> Result<(WireSecret, NewTicket), Refusal> {
        let (text, ticket) = self.draw_ticket(expires_at);
        let seal = Some(self.ports.vault.attest(ticket_row(&ticket, owner))?);
        Ok((text, NewTicket { seal, ..ticket }))
    }

    /// A session for the holder and for the store, opened at `now`. It never outlives the pair. A
    /// device that was known keeps its identity.
    fn draw_session(
        &self,
        now: DateTime<Utc>,
        valid_until: DateTime<Utc>,
        (account, username): (AccountId, &Username),
        device: Option<DeviceId>,
        agent: Agent,
    ) -> Result<(SessionToken, NewSession), Refusal> {
        let (token, forward) = Token::random_with_forward(&*self.ports.entropy);
        let expires_at = (now + self.policy.session_lifetime).min(valid_until);
        let (digest, forward_digest) = (token.digest, forward.digest);
        let row =
            Row::Session { digest, forward: forward_digest, account, username, created_at: now, expires_at };
        let new = NewSession {
            digest,
            forward: forward_digest,
            now,
            expires_at,
            tries: self.policy.code_tries,
            agent,
            at_most: self.policy.sessions_at_most,
            seal: self.ports.vault.attest(row)?,
        };
        let device = device.unwrap_or_else(|| DeviceId::random(&*self.ports.entropy));
        let device = device::note(&*self.ports.vault, device, username, now)?;
        Ok((SessionToken { text: token.text, forward: forward.text, device, expires_at }, new))
    }
}

/// What a page is told of a ticket. A ticket never outlives its registration.
fn ticket_issued(ticket: WireSecret, new: &NewTicket, lapses_at: DateTime<Utc>) -> TicketIssued {
    TicketIssued { ticket, expires_at: ticket_end(new, lapses_at) }
}

/// What a ticket's seal has to be of.
const fn ticket_row<'a>(ticket: &NewTicket, owner: PairOwner<'a>) -> Row<'a> {
    Row::Ticket { digest: ticket.digest, expires_at: ticket.expires_at, owner }
}

/// A ticket never outlives its enrolment.
fn ticket_end(ticket: &NewTicket, enrolment_end: DateTime<Utc>) -> DateTime<Utc> {
    ticket.expires_at.min(enrolment_end)
}
