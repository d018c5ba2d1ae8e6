//! Sign-in. Whatever is wrong, the answer and the work are the same: one throttle try, one
//! account look-up, one Argon2 verification, three TOTP candidates, one code try, and for a name that
//! does not exist all of it against a decoy made with the live parameters.

use chrono::{DateTime, Utc};

use super::{
    Origin, Ports, Refusal, Sesame, SessionToken,
    enrolment::parse_code,
    ports::{Account, Cell, HashError, NewPending, Pair, PairOwner, RenewalOutcome, Sealed},
    register::parse_username,
};
use crate::{
    agent::Agent,
    audit::{AuditEvent, AuditKind},
    code::Code,
    device::{DeviceId, KnownDevice},
    error::{ApiError, ErrorCode},
    id::{AccountId, PairId},
    lifecycle::{self, State},
    password,
    secret::{Secret, WireSecret},
    throttle::LaneKey,
    token::TokenDigest,
    totp,
    username::Username,
    wire::Authentication,
};

/// What unknown names and unclaimed registrations are measured against.
pub(super) struct Decoy {
    pair: PairId,
    account: AccountId,
    username: Username,
    password: Sealed,
    totp: Sealed,
}

impl Decoy {
    pub(super) async fn make(ports: &Ports) -> Result<Self, HashError> {
        let entropy = &*ports.entropy;
        let pair = PairId::random(entropy);
        let account = AccountId::random(entropy);
        // As long as an ordinary name: what it is called tells nothing, and nobody can sign in to it.
        let username = Username::parse("nobody.nowhere").map_err(|_| HashError::Failed)?;
        let phc = ports.hasher.hash(password::generate(entropy)).await?;
        let owner = PairOwner { pair, account, username: &username };
        let seal = |secret: &Secret, cell| ports.vault.seal(secret, cell).map_err(|_| HashError::Failed);
        let password = seal(&phc, Cell::Password(owner))?;
        let totp = seal(&totp::generate_secret(entropy), Cell::Totp(owner))?;
        Ok(Self { pair, account, username, password, totp })
    }

    const fn owner(&self) -> PairOwner<'_> {
        PairOwner { pair: self.pair, account: self.account, username: &self.username }
    }
}

/// Who says that they sign in, and where from.
#[derive(Clone, Copy)]
struct Whom<'a> {
    username: &'a Username,
    device: Option<KnownDevice>,
    agent: Agent,
}

/// What correct secrets would prove.
enum Claim {
    /// Nothing: there is no such account, or nothing was claimed yet.
    Nobody,
    /// That an enrolment may go on.
    Enrolling { lapses_at: Option<DateTime<Utc>> },
    /// That a session may be opened, or a renewal begun.
    Owner { valid_until: DateTime<Utc>, expired: bool },
}

/// The secrets to measure a sign-in against, and what they would prove.
struct Candidate<'a> {
    claim: Claim,
    /// When the pair was begun.
    begun_at: DateTime<Utc>,
    password: (&'a Sealed, PairOwner<'a>),
    totp: (&'a Sealed, PairOwner<'a>),
}

impl Candidate<'_> {
    /// The device whose own lane of codes is counted on: one that has signed in since the pair was begun.
    /// Whoever held earlier secrets may show as many notes as they like.
    fn known(&self, device: Option<KnownDevice>) -> Option<DeviceId> {
        device.filter(|device| device.signed_in_at >= self.begun_at).map(|device| device.id)
    }
}

impl Sesame {
    /// Signs in with password and code.
    ///
    /// Correct secrets that are too old begin a renewal; a correct password on an account that
    /// was never activated resumes its enrolment, with or without a code.
    pub async fn authenticate(
        &self,
        origin: impl Into<Origin<'_>> + Send,
        username: &str,
        password: &WireSecret,
        code: Option<&str>,
    ) -> Result<(Authentication, Option<SessionToken>), Refusal> {
        let username = parse_username(username)?;
        let password = parse_password(password)?;
        let code = code.map(parse_code).transpose()?;
        let origin = origin.into();
        let lane = self.take_sign_in_try(origin, &username).await?;
        let whom = Whom { username: &username, device: lane.device, agent: origin.agent };
        let judged = self.judge(whom, password, code).await;
        match &judged {
            Ok(_) => {
                // Best effort: the code is spent and the session open, which a 503 would deny. A lane
                // that was not cleared forgets by itself.
                let _unreachable = self.ports.throttle.clear(&lane.key).await;
            }
            // A fault of ours is never counted as a wrong secret (REQ-ERR-1).
            Err(refusal) if refusal.is_fault() => self.give_back_try(&lane.key).await,
            Err(_) => {}
        }
        judged
    }

    async fn judge(
        &self,
        whom: Whom<'_>,
        password: Secret,
        code: Option<Code>,
    ) -> Result<(Authentication, Option<SessionToken>), Refusal> {
        let now = self.now();
        let Whom { username, .. } = whom;
        let account = self.ports.accounts.find_account(username).await?;
        let candidate = self.candidate(account.as_ref(), now);

        let vault = &*self.ports.vault;
        let phc = vault.open(candidate.password.0, Cell::Password(candidate.password.1))?;
        let stale = self.ports.hasher.needs_rehash(&phc);
        let kept = stale.then(|| Secret::new(password.expose().to_vec()));
        let password_matches = self.ports.hasher.verify(password, phc).await?;
        let secret = vault.open(candidate.totp.0, Cell::Totp(candidate.totp.1))?;
        let step = code.and_then(|code| totp::matching_step(&secret, &code, now));

        if !password_matches {
            self.take_no_code_try(username).await?;
            return Err(refused());
        }
        let code_lane = LaneKey::code(candidate.password.1.pair, candidate.known(whom.device));
        let may_look = self.take_code_try(&code_lane).await?;
        let step = step.filter(|_| may_look);
        let answer = match self.grant(candidate.claim, candidate.password, step, whom, now).await {
            Ok(answer) => answer,
            Err(refusal) => {
                if refusal.is_fault() {
                    self.give_back_code_try(&code_lane).await;
                }
                return Err(refusal);
            }
        };
        // Best effort, as below.
        let _unreachable = self.ports.throttle.clear(&code_lane).await;
        if let Some(password) = kept {
            // Best effort, for the same reason; the next sign-in tries again.
            let _later = self.rehash(candidate.password, password).await;
        }
        Ok(answer)
    }

    /// What a right password is given, with a right code at `step` or without.
    async fn grant(
        &self,
        claim: Claim,
        (password, owner): (&Sealed, PairOwner<'_>),
        step: Option<u64>,
        whom: Whom<'_>,
        now: DateTime<Utc>,
    ) -> Result<(Authentication, Option<SessionToken>), Refusal> {
        match (claim, step) {
            (Claim::Enrolling { lapses_at }, _) => {
                self.resume_enrolment((password, owner), lapses_at, now).await
            }
            (Claim::Owner { expired: true, .. }, Some(step)) => {
                let (ticket, expires_at) =
                    self.start_renewal(owner, step, None, now).await?.ok_or_else(refused)?;
                Ok((Authentication::Expired { ticket, expires_at }, None))
            }
            (Claim::Owner { valid_until, .. }, Some(step)) => {
                let PairOwner { pair, account, username } = owner;
                let Whom { device, agent, .. } = whom;
                let device = device.map(|device| device.id);
                let (token, session) =
                    self.draw_session(now, valid_until, (account, username), device, agent)?;
                let event = AuditEvent { at: now, account, kind: AuditKind::SignedIn };
                if !self.ports.accounts.open_session(account, pair, step, &session, &event).await? {
                    return Err(refused());
                }
                Ok((
                    Authentication::Authenticated { username: username.to_string(), valid_until },
                    Some(token),
                ))
            }
            (Claim::Nobody, _) | (Claim::Owner { .. }, None) => Err(refused()),
        }
    }

    fn candidate<'a>(&'a self, account: Option<&'a Account>, now: DateTime<Utc>) -> Candidate<'a> {
        let decoy = Candidate {
            claim: Claim::Nobody,
            begun_at: now,
            password: (&self.decoy.password, self.decoy.owner()),
            totp: (&self.decoy.totp, self.decoy.owner()),
        };
        let Some(account) = account else { return decoy };
        let owner = |pair| PairOwner { pair, account: account.id, username: &account.username };
        let valid_until = account.active.as_ref().map(|(_, until)| *until);
        let state = lifecycle::state(account.lapses_at, valid_until, now);
        match (state, &account.active, &account.pending) {
            (
                State::Active | State::Expired,
                Some((Pair { id, begun_at, password: Some(password), totp: Some(totp) }, valid_until)),
                _,
            ) => Candidate {
                claim: Claim::Owner { valid_until: *valid_until, expired: state == State::Expired },
                begun_at: *begun_at,
                password: (password, owner(*id)),
                totp: (totp, owner(*id)),
            },
            (State::Registered, None, Some(Pair { id, begun_at, password: Some(password), .. })) => {
                Candidate {
                    claim: Claim::Enrolling { lapses_at: account.lapses_at },
                    begun_at: *begun_at,
                    password: (password, owner(*id)),
                    ..decoy
                }
            }
            _ => decoy,
        }
    }

    /// Hands out a ticket for the pair whose password was verified. Were it replaced meanwhile, by a
    /// claim of a new one, the old one would open the way to a pair that it is not part of.
    async fn resume_enrolment(
        &self,
        (password, owner): (&Sealed, PairOwner<'_>),
        lapses_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(Authentication, Option<SessionToken>), Refusal> {
        let (ticket, new) = self.draw_ticket_for(owner, now + self.policy.ticket_lifetime)?;
        let event = AuditEvent { at: now, account: owner.account, kind: AuditKind::EnrolmentResumed };
        if !self.ports.accounts.reissue_ticket(owner.pair, password, &new, &event).await? {
            return Err(refused());
        }
        let expires_at = lapses_at.map_or(new.expires_at, |end| super::ticket_end(&new, end));
        Ok((Authentication::ActivationRequired { ticket, expires_at }, None))
    }

    /// Spends the time step and begins a new pair beside the old one, by a session if it is one that
    /// asks. `None` if the step was used.
    pub(super) async fn start_renewal(
        &self,
        PairOwner { pair, account, username }: PairOwner<'_>,
        step: u64,
        by: Option<&TokenDigest>,
        now: DateTime<Utc>,
    ) -> Result<Option<(WireSecret, DateTime<Utc>)>, Refusal> {
        let begun = PairId::random(&*self.ports.entropy);
        let (ticket, new) = self.draw_ticket_for(
            PairOwner { pair: begun, account, username },
            now + self.policy.ticket_lifetime,
        )?;
        let pending = NewPending { pair: begun, ticket: new };
        let event = AuditEvent { at: now, account, kind: AuditKind::RenewalStarted };
        match self.ports.accounts.begin_renewal(account, pair, step, &pending, by, &event).await? {
            RenewalOutcome::Begun => Ok(Some((ticket, new.expires_at))),
            RenewalOutcome::StepUsed => Ok(None),
            RenewalOutcome::SessionOver => Err(Refusal::told(ErrorCode::Unauthenticated)),
        }
    }

    /// Stores the same password under today's parameters. Losing a race means that it is done.
    async fn rehash(&self, (old, owner): (&Sealed, PairOwner<'_>), password: Secret) -> Result<(), Refusal> {
        let phc = self.ports.hasher.hash(password).await?;
        let new = self.ports.vault.seal(&phc, Cell::Password(owner))?;
        self.ports.accounts.replace_password(owner.pair, old, &new).await?;
        Ok(())
    }
}

/// A password from outside: as received, refused before any hashing when absurdly long.
fn parse_password(password: &WireSecret) -> Result<Secret, Refusal> {
    let bytes = password.expose().as_bytes();
    if bytes.is_empty() {
        return Err(ApiError::invalid("password", "A password is needed.").into());
    }
    if bytes.len() > password::MAX_RECEIVED_BYTES {
        let sentence = format!("A password has at most {} bytes.", password::MAX_RECEIVED_BYTES);
        return Err(ApiError::invalid("password", sentence).into());
    }
    Ok(Secret::new(bytes.to_vec()))
}

/// The one refusal of a sign-in.
fn refused() -> Refusal {
    Refusal::told(ErrorCode::InvalidCredentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_of_128_bytes_is_taken_as_it_is_and_none_that_is_longer() {
        for (bytes, taken) in [(0, false), (1, true), (127, true), (128, true), (129, false), (130, false)] {
            let text = "a".repeat(bytes);
            let parsed = parse_password(&WireSecret::new(text.clone()));
            assert_eq!(parsed.is_ok_and(|secret| secret.expose() == text.as_bytes()), taken, "{bytes} bytes");
        }
    }
}
