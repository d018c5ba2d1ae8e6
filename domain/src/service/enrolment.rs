//! The two steps of an enrolment and its proof. Every use of a ticket consumes it and hands
//! back the next; only a refused code leaves it as it is.

use chrono::{DateTime, Utc};

use super::{
    Refusal, Sesame, SessionToken,
    ports::{Activation, ActivationOutcome, Cell, Enrolment, NewTicket, Row, Stage},
    register::sentence,
    ticket_end, ticket_row,
};
use crate::{
    agent::Agent,
    audit::{AuditEvent, AuditKind},
    code::Code,
    error::{ApiError, CodeRejection, ErrorCode},
    network::Network,
    password, rotation,
    secret::{Secret, WireSecret},
    throttle::LaneKey,
    token::{TokenDigest, digest_of_text},
    totp,
    wire::{Activated, PasswordIssued, TotpIssued},
};

/// A ticket that was used up, and the next one.
struct Used {
    enrolment: Enrolment,
    previous: NewTicket,
    next: NewTicket,
    next_text: WireSecret,
}

/// What a code led to.
enum Proof {
    /// The pair is in place and a session is open.
    Done(Activated, SessionToken),
    /// Nothing.
    Rejected(CodeRejection),
}

impl Sesame {
    /// Draws a password and hands it over, this once. Voids whatever the pending pair held.
    ///
    /// The ticket is consumed first, so that of a thousand parallel claims one alone costs a
    /// hash; if a fault of ours then keeps the password from being handed over, it is put back.
    pub async fn generate_password(&self, network: Network, ticket: &str) -> Result<PasswordIssued, Refusal> {
        let used = self.consume(network, ticket, Stage::Registered).await?;
        let password = self.issue_password(&used).await;
        let password = self.put_back_on_fault(&used, password).await?;
        Ok(PasswordIssued {
            username: used.enrolment.username.to_string(),
            password,
            expires_at: ticket_end(&used.next, self.enrolment_end(&used.enrolment)),
            ticket: used.next_text,
        })
    }

    /// Draws a TOTP secret and hands it over, this once. Needs an issued password. The ticket is
    /// put back after a fault of ours.
    pub async fn generate_totp(&self, network: Network, ticket: &str) -> Result<TotpIssued, Refusal> {
        let used = self.consume(network, ticket, Stage::PasswordIssued).await?;
        let secret = self.issue_totp(&used).await;
        let secret = self.put_back_on_fault(&used, secret).await?;
        Ok(TotpIssued {
            username: used.enrolment.username.to_string(),
            secret: totp::secret_text(&secret),
            otpauth_uri: totp::otpauth_uri(&self.policy.issuer, &used.enrolment.username, &secret),
            expires_at: ticket_end(&used.next, self.enrolment_end(&used.enrolment)),
            ticket: used.next_text,
        })
    }

    /// Proves the authenticator: puts the pending pair in place of the old one and opens a session.
    ///
    /// A try is taken before the code is looked at, so that parallel guesses cannot exceed the
    /// tries, and given back if a fault of ours kept the code from being judged. The code's time
    /// step is spent like any other.
    pub async fn activate(
        &self,
        network: Network,
        ticket: &str,
        code: &str,
        agent: Agent,
    ) -> Result<(Activated, SessionToken), Refusal> {
        let code = parse_code(code)?;
        let now = self.now();
        let ticket = parse_ticket(ticket)?;
        let enrolment = (self.ports.accounts.take_ticket_try(&ticket, now).await?)
            .filter(|enrolment| self.is_ours(enrolment, ticket) && self.is_in_time(enrolment, now))
            .ok_or_else(|| Refusal::told(ErrorCode::TicketSpent))?;
        if let Err(refusal) = self.take_ticket_use(network).await {
            let _unreachable = self.ports.accounts.give_back_ticket_try(&ticket).await;
            return Err(refusal);
        }
        match self.prove(&enrolment, ticket, &code, agent, now).await {
            Ok(Proof::Done(activated, token)) => Ok((activated, token)),
            Ok(Proof::Rejected(reason)) => Err(self.reject_code(&enrolment, reason, now).await?),
            Err(refusal) => {
                if refusal.is_fault() {
                    // Best effort: the fault is being reported, and may be the store's.
                    let _unreachable = self.ports.accounts.give_back_ticket_try(&ticket).await;
                }
                Err(refusal)
            }
        }
    }

    async fn consume(&self, network: Network, ticket: &str, least: Stage) -> Result<Used, Refusal> {
        let now = self.now();
        let digest = parse_ticket(ticket)?;
        let (next_text, next) = self.draw_ticket(now + self.policy.ticket_lifetime);
        let enrolment = (self.ports.accounts.advance_ticket(&digest, least, &next, now).await?)
            .filter(|enrolment| self.is_ours(enrolment, digest) && self.is_in_time(enrolment, now))
            .ok_or_else(|| Refusal::told(ErrorCode::TicketSpent))?;
        let Enrolment { expires_at, tries_left: tries, seal, .. } = enrolment;
        let previous = NewTicket { digest, expires_at, tries, seal };
        let used = Used { enrolment, previous, next, next_text };
        if let Err(refusal) = self.take_ticket_use(network).await {
            self.put_back(&used).await;
            return Err(refusal);
        }
        Ok(used)
    }

    /// Takes one of a network's uses of tickets. Good tickets follow one another without an end, and each
    /// may cost a hash; those that are spent cost next to nothing, and are not counted.
    async fn take_ticket_use(&self, network: Network) -> Result<(), Refusal> {
        self.take_from_network(LaneKey::ticket_network(network), self.policy.ticket_network).await
    }

    /// Whether we put the ticket on this very pair. One of somebody else's making is used up by now,
    /// and opens nothing.
    fn is_ours(&self, enrolment: &Enrolment, digest: TokenDigest) -> bool {
        let row = Row::Ticket { digest, expires_at: enrolment.expires_at, owner: enrolment.owner() };
        enrolment.seal.is_some_and(|seal| self.ports.vault.attests(&seal, row))
    }

    /// When an enrolment is over, whatever ticket it has: a registration lapses, a renewal has an hour.
    fn enrolment_end(&self, enrolment: &Enrolment) -> DateTime<Utc> {
        enrolment.lapses_at.unwrap_or(enrolment.begun_at + self.policy.renewal_lifetime)
    }

    fn is_in_time(&self, enrolment: &Enrolment, now: DateTime<Utc>) -> bool {
        now < self.enrolment_end(enrolment)
    }

    async fn issue_password(&self, used: &Used) -> Result<WireSecret, Refusal> {
        let drawn = password::generate(&*self.ports.entropy);
        let shown = WireSecret::new(String::from_utf8_lossy(drawn.expose()).into_owned());
        let phc = self.ports.hasher.hash(drawn).await?;
        let owner = used.enrolment.owner();
        let sealed = self.ports.vault.seal(&phc, Cell::Password(owner))?;
        let seal = self.ports.vault.attest(ticket_row(&used.next, owner))?;
        let event = self.event(used, AuditKind::PasswordIssued);
        still_there(self.ports.accounts.set_password(&used.next.digest, &seal, &sealed, &event).await?)?;
        Ok(shown)
    }

    async fn issue_totp(&self, used: &Used) -> Result<Secret, Refusal> {
        let secret = totp::generate_secret(&*self.ports.entropy);
        let owner = used.enrolment.owner();
        let sealed = self.ports.vault.seal(&secret, Cell::Totp(owner))?;
        let seal = self.ports.vault.attest(ticket_row(&used.next, owner))?;
        let event = self.event(used, AuditKind::TotpIssued);
        still_there(self.ports.accounts.set_totp(&used.next.digest, &seal, &sealed, &event).await?)?;
        Ok(secret)
    }

    fn event(&self, used: &Used, kind: AuditKind) -> AuditEvent {
        AuditEvent { at: self.now(), account: used.enrolment.account, kind }
    }

    async fn put_back_on_fault<T>(&self, used: &Used, issued: Result<T, Refusal>) -> Result<T, Refusal> {
        if issued.as_ref().is_err_and(Refusal::is_fault) {
            self.put_back(used).await;
        }
        issued
    }

    /// Nothing was handed over, so the ticket was not used. The secrets go back as well: a store that
    /// reports a fault may have stored the new one all the same, and the holder of the ticket must not
    /// go on to prove a pair whose password was shown to nobody. Best effort: a refusal is being
    /// reported, and it may be the store's fault.
    async fn put_back(&self, used: &Used) {
        let (next, previous) = (&used.next.digest, &used.previous);
        let _unreachable = self.ports.accounts.restore_ticket(next, previous, &used.enrolment).await;
    }

    async fn prove(
        &self,
        enrolment: &Enrolment,
        ticket: TokenDigest,
        code: &Code,
        agent: Agent,
        now: DateTime<Utc>,
    ) -> Result<Proof, Refusal> {
        let secret = self.open_totp(enrolment)?;
        let Some(step) = totp::matching_step(&secret, code, now) else {
            return Ok(Proof::Rejected(CodeRejection::Mismatch));
        };
        let jitter = rotation::draw_jitter(&*self.ports.entropy);
        let valid_until = self.policy.period.valid_until(now, jitter);
        let owner = (enrolment.account, &enrolment.username);
        let (token, session) = self.draw_session(now, valid_until, owner, None, agent)?;
        let Enrolment { account, pair, .. } = *enrolment;
        let activation = Activation { ticket, account, pair, step, valid_until, jitter, session };
        let kind = if enrolment.renewal { AuditKind::Renewed } else { AuditKind::Activated };
        let event = AuditEvent { at: now, account, kind };
        match self.ports.accounts.activate(&activation, &event).await? {
            ActivationOutcome::Done => {
                Ok(Proof::Done(Activated { username: enrolment.username.to_string(), valid_until }, token))
            }
            ActivationOutcome::TicketSpent => Err(Refusal::told(ErrorCode::TicketSpent)),
            ActivationOutcome::StepUsed => Ok(Proof::Rejected(CodeRejection::AlreadyUsed)),
        }
    }

    fn open_totp(&self, enrolment: &Enrolment) -> Result<Secret, Refusal> {
        let sealed = enrolment.totp.as_ref().ok_or_else(|| Refusal::Internal {
            detail: format!("pair {} has a ticket at the last stage and no TOTP secret", enrolment.pair),
        })?;
        Ok(self.ports.vault.open(sealed, Cell::Totp(enrolment.owner()))?)
    }

    /// The refusal of a code, with the last one's audit event.
    async fn reject_code(
        &self,
        enrolment: &Enrolment,
        reason: CodeRejection,
        now: DateTime<Utc>,
    ) -> Result<Refusal, Refusal> {
        if enrolment.tries_left == 0 {
            let event = AuditEvent { at: now, account: enrolment.account, kind: AuditKind::TicketExhausted };
            self.ports.accounts.record(&event).await?;
        }
        Ok(ApiError::code_rejected(reason, enrolment.tries_left, now).into())
    }
}

/// Whether the ticket still stood on its pair when something was to be stored there.
fn still_there(stored: bool) -> Result<(), Refusal> {
    if stored { Ok(()) } else { Err(Refusal::told(ErrorCode::TicketSpent)) }
}

/// A ticket from outside. What cannot be a ticket looks like one that was never issued.
fn parse_ticket(text: &str) -> Result<TokenDigest, Refusal> {
    digest_of_text(text).ok_or_else(|| Refusal::told(ErrorCode::TicketSpent))
}

/// A code from outside, or the refusal that says what is wrong with it. Takes no try.
pub(super) fn parse_code(text: &str) -> Result<Code, Refusal> {
    Code::parse(text).map_err(|e| ApiError::invalid("code", sentence(&e)).into())
}
