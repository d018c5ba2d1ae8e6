//! Registration: a name, nothing else.

use super::{
    Refusal, Sesame,
    ports::{AskedBy, NewPending, NewRegistration, PairOwner, Registration},
    ticket_issued,
};
use crate::{
    audit::{AuditEvent, AuditKind},
    error::{ApiError, ErrorCode},
    id::{AccountId, PairId},
    network::Network,
    throttle::LaneKey,
    username::Username,
    wire::TicketIssued,
};

impl Sesame {
    /// Registers a name and hands out the ticket that claims its password.
    pub async fn register(&self, network: Network, username: &str) -> Result<TicketIssued, Refusal> {
        let username = parse_username(username)?;
        self.take_from_network(LaneKey::register_network(network), self.policy.register_network).await?;
        self.begin_registration(username, AskedBy::Owner).await
    }

    /// Registers a name for somebody else, and hands out the ticket with which they alone claim its
    /// secrets. For an operator: nobody's tries are counted.
    pub async fn invite(&self, username: &str) -> Result<TicketIssued, Refusal> {
        self.begin_registration(parse_username(username)?, AskedBy::Invitation).await
    }

    async fn begin_registration(
        &self,
        username: Username,
        asked_by: AskedBy,
    ) -> Result<TicketIssued, Refusal> {
        let now = self.now();
        let (held_for, ticket_lifetime, kind) = match asked_by {
            AskedBy::Owner => {
                (self.policy.registration_lifetime, self.policy.ticket_lifetime, AuditKind::Registered)
            }
            AskedBy::Invitation => {
                (self.policy.invitation_lifetime, self.policy.invitation_ticket_lifetime, AuditKind::Invited)
            }
        };
        let entropy = &*self.ports.entropy;
        let (account, pair) = (AccountId::random(entropy), PairId::random(entropy));
        let owner = PairOwner { pair, account, username: &username };
        let (ticket, new_ticket) = self.draw_ticket_for(owner, now + ticket_lifetime)?;
        let new = NewRegistration {
            account,
            username,
            asked_by,
            now,
            lapses_at: now + held_for,
            pending: NewPending { pair, ticket: new_ticket },
        };
        let event = AuditEvent { at: now, account: new.account, kind };
        match self.ports.accounts.register(&new, &event).await? {
            Registration::Stored => Ok(ticket_issued(ticket, &new_ticket, new.lapses_at)),
            Registration::Taken => Err(ApiError {
                field: Some("username".to_owned()),
                ..ApiError::new(ErrorCode::UsernameTaken)
            }
            .into()),
        }
    }
}

/// A username from outside, or the refusal that says what is wrong with it.
pub(super) fn parse_username(text: &str) -> Result<Username, Refusal> {
    Username::parse(text).map_err(|e| ApiError::invalid("username", sentence(&e)).into())
}

/// An error as a sentence: capital and full stop.
pub(super) fn sentence(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}
