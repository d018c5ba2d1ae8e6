//! The two steps of an enrolment and its proof. Every use of a ticket consumes it and hands
//! back the next; only a refused code leaves it as it is.

use super::{
    Refusal, Sesame, SessionToken,
    ports::{Activation, ActivationOutcome, Enrolment, NewTicket, SealedColumn, Stage},
    register::sentence,
    ticket_end,
};
use crate::{
    audit::{AuditEvent, AuditKind},
    code::Code,
    error::{ApiError, CodeRejection, ErrorCode},
    password, rotation,
    secret::{Secret, WireSecret},
    token::{TokenDigest, digest_of_text},
    totp,
    wire::{Activated, PasswordIssued, TotpIssued},
};

impl Sesame {
    /// Draws a password and hands it over, this once. Voids whatever the pending pair held.
    ///
    /// The ticket is consumed first, so that of a thousand parallel claims one alone costs a
    /// hash; if that hash finds no place in the queue, the ticket is put back.
    pub async fn generate_password(&self, ticket: &str) -> Result<PasswordIssued, Refusal> {
        let now = self.now();
        let used = parse_ticket(ticket)?;
        let (next, next_ticket) = self.draw_ticket(now);
        let enrolment = self.consume(&used, Stage::Registered, &next_ticket).await?;

        let drawn = password::generate(&*self.ports.entropy);
        let shown = WireSecret::new(String::from_utf8_lossy(drawn.expose()).into_owned());
        let phc = match self.ports.hasher.hash(drawn).await {
            Ok(phc) => phc,
            Err(error) => {
                let previous =
                    NewTicket { digest: used, expires_at: enrolment.expires_at, tries: enrolment.tries_left };
                self.ports.accounts.restore_ticket(&next_ticket.digest, &previous).await?;
                return Err(error.into());
            }
        };
        let sealed = self.ports.vault.seal(&phc, SealedColumn::Password, enrolment.pair)?;
        let event = AuditEvent { at: now, account: enrolment.account, kind: AuditKind::PasswordIssued };
        if !self.ports.accounts.set_password(&next_ticket.digest, &sealed, &event).await? {
            return Err(Refusal::told(ErrorCode::TicketSpent));
        }
        Ok(PasswordIssued {
            username: enrolment.username.to_string(),
            password: shown,
            ticket: next,
            expires_at: ticket_end(&next_ticket, enrolment.lapses_at),
        })
    }

    /// Draws a TOTP secret and hands it over, this once. Needs an issued password.
    pub async fn generate_totp(&self, ticket: &str) -> Result<TotpIssued, Refusal> {
        let now = self.now();
        let used = parse_ticket(ticket)?;
        let (next, next_ticket) = self.draw_ticket(now);
        let enrolment = self.consume(&used, Stage::PasswordIssued, &next_ticket).await?;

        let secret = totp::generate_secret(&*self.ports.entropy);
        let sealed = self.ports.vault.seal(&secret, SealedColumn::Totp, enrolment.pair)?;
        let event = AuditEvent { at: now, account: enrolment.account, kind: AuditKind::TotpIssued };
        if !self.ports.accounts.set_totp(&next_ticket.digest, &sealed, &event).await? {
            return Err(Refusal::told(ErrorCode::TicketSpent));
        }
        Ok(TotpIssued {
            username: enrolment.username.to_string(),
            secret: totp::secret_text(&secret),
            otpauth_uri: totp::otpauth_uri(&self.policy.issuer, &enrolment.username, &secret),
            ticket: next,
            expires_at: ticket_end(&next_ticket, enrolment.lapses_at),
        })
    }

    /// Proves the authenticator: puts the pending pair in place of the old one and opens a session.
    ///
    /// A try is taken before the code is looked at, so that parallel guesses cannot exceed the
    /// tries; the code's time step is spent like any other.
    pub async fn activate(&self, ticket: &str, code: &str) -> Result<(Activated, SessionToken), Refusal> {
        let code = parse_code(code)?;
        let now = self.now();
        let ticket = parse_ticket(ticket)?;
        let enrolment = (self.ports.accounts.take_ticket_try(&ticket, now).await?)
            .ok_or_else(|| Refusal::told(ErrorCode::TicketSpent))?;
        let secret = self.open_totp(&enrolment)?;
        let Some(step) = totp::matching_step(&secret, &code, now) else {
            return Err(self.reject_code(&enrolment, CodeRejection::Mismatch).await?);
        };

        let jitter = rotation::draw_jitter(&*self.ports.entropy);
        let valid_until = self.policy.period.valid_until(now, jitter);
        let (token, session) = self.draw_session(now, valid_until);
        let activation = Activation {
            ticket,
            account: enrolment.account,
            pair: enrolment.pair,
            step,
            valid_until,
            jitter,
            session,
        };
        let kind = if enrolment.renewal { AuditKind::Renewed } else { AuditKind::Activated };
        let event = AuditEvent { at: now, account: enrolment.account, kind };
        match self.ports.accounts.activate(&activation, &event).await? {
            ActivationOutcome::Done => {
                Ok((Activated { username: enrolment.username.to_string(), valid_until }, token))
            }
            ActivationOutcome::TicketSpent => Err(Refusal::told(ErrorCode::TicketSpent)),
            ActivationOutcome::StepUsed => {
                Err(self.reject_code(&enrolment, CodeRejection::AlreadyUsed).await?)
            }
        }
    }

    async fn consume(
        &self,
        used: &TokenDigest,
        least: Stage,
        next: &NewTicket,
    ) -> Result<Enrolment, Refusal> {
        (self.ports.accounts.advance_ticket(used, least, next, self.now()).await?)
            .ok_or_else(|| Refusal::told(ErrorCode::TicketSpent))
    }

    fn open_totp(&self, enrolment: &Enrolment) -> Result<Secret, Refusal> {
        let sealed = enrolment.totp.as_ref().ok_or_else(|| Refusal::Internal {
            detail: format!("pair {} has a ticket at the last stage and no TOTP secret", enrolment.pair),
        })?;
        Ok(self.ports.vault.open(sealed, SealedColumn::Totp, enrolment.pair)?)
    }

    /// The refusal of a code, with the last one's audit event.
    async fn reject_code(&self, enrolment: &Enrolment, reason: CodeRejection) -> Result<Refusal, Refusal> {
        let now = self.now();
        if enrolment.tries_left == 0 {
            let event = AuditEvent { at: now, account: enrolment.account, kind: AuditKind::TicketExhausted };
            self.ports.accounts.record(&event).await?;
        }
        Ok(ApiError::code_rejected(reason, enrolment.tries_left, now).into())
    }
}

/// A ticket from outside. What cannot be a ticket looks like one that was never issued.
fn parse_ticket(text: &str) -> Result<TokenDigest, Refusal> {
    digest_of_text(text).ok_or_else(|| Refusal::told(ErrorCode::TicketSpent))
}

/// A code from outside, or the refusal that says what is wrong with it. Takes no try.
pub(super) fn parse_code(text: &str) -> Result<Code, Refusal> {
    Code::parse(text).map_err(|e| ApiError::invalid("code", sentence(&e)).into())
}
