//! The independent model: what an observer outside, who sees every request and every answer and
//! nothing else, may conclude, and the rules of design.md section 1 that every answer has to keep.
//!
//! Requests overlap. A fact is dated by the ticks at which its request began and was answered, and
//! a rule is broken only if it is broken in every order that those ticks allow. Where the answer
//! was lost, the observer does not know whether a pair was put in place (`Proof::ambiguous`), and
//! the next sign-in tells.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Duration, NaiveDate, Utc};
use data_encoding::BASE32_NOPAD;
use domain::{
    error::{ApiError, ErrorCode},
    password,
    service::{Refusal, SessionToken},
    wire::Authentication,
};

use crate::{
    authenticator::{code_at, step_of},
    requests::{Ask, Told},
    world::Answer,
};

/// Which rule was broken, in words.
pub(crate) type Violation = String;

/// What a used ticket carried: the name, the password that was shown, the registration's end.
type Chain = (String, Option<String>, Option<DateTime<Utc>>);

#[derive(Default)]
pub(crate) struct Book {
    tick: u64,
    pub(crate) lives: BTreeMap<String, Life>,
    pub(crate) tickets: BTreeMap<String, TicketFact>,
    pub(crate) sessions: BTreeMap<String, SessionFact>,
    pub(crate) tally: BTreeMap<&'static str, u64>,
}

/// What is known of the account behind a name.
#[derive(Default)]
pub(crate) struct Life {
    /// In the order in which their passwords were shown.
    pub(crate) pairs: Vec<PairFact>,
    /// Accepted time steps and the ticks of their answers.
    steps: Vec<(u64, u64)>,
    /// Its tickets, oldest first.
    pub(crate) tickets: Vec<String>,
}

pub(crate) struct PairFact {
    pub(crate) password: String,
    pub(crate) secrets: Vec<Vec<u8>>,
    lapses_at: Option<DateTime<Utc>>,
    claimed: u64,
    pub(crate) proof: Proof,
    pub(crate) dead_since: Option<u64>,
}

#[derive(Default)]
pub(crate) struct Proof {
    /// Activations with a right code that are under way.
    open: u32,
    /// Activations with a right code whose answer was lost: their hours and ticks.
    ambiguous: Vec<(DateTime<Utc>, u64)>,
    pub(crate) known: Option<Known>,
}

pub(crate) struct Known {
    pub(crate) valid_until: DateTime<Utc>,
    tick: u64,
}

pub(crate) struct TicketFact {
    pub(crate) name: String,
    issued: u64,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) password: Option<String>,
    lapses_at: Option<DateTime<Utc>>,
    rejections: u32,
    pub(crate) used: bool,
    dead_since: Option<u64>,
}

pub(crate) struct SessionFact {
    pub(crate) name: String,
    opened: u64,
    last_used: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    rejections: u32,
    pub(crate) closed: Option<u64>,
}

impl PairFact {
    pub(crate) fn may_be_active(&self) -> bool {
        self.proof.known.is_some() || self.proof.open > 0 || !self.proof.ambiguous.is_empty()
    }

    fn dead_before(&self, tick: u64) -> bool {
        self.dead_since.is_some_and(|dead| dead < tick)
    }
}

impl Life {
    pub(crate) fn is_activated(&self) -> bool {
        self.pairs.iter().any(|pair| pair.proof.known.is_some())
    }

    /// The pair that certainly opens sessions or renewals, if there is one.
    pub(crate) fn current(&self) -> Option<&PairFact> {
        self.pairs.iter().rev().find(|pair| pair.proof.known.is_some() && pair.dead_since.is_none())
    }

    pub(crate) fn pair(&mut self, password: &str) -> Option<&mut PairFact> {
        self.pairs.iter_mut().find(|pair| pair.password == password)
    }

    /// Each time step at most once, and never one before an accepted one.
    fn accept(&mut self, step: u64, start: u64, end: u64) -> Result<(), Violation> {
        if let Some((other, _)) =
            self.steps.iter().find(|(other, answered)| *other == step || (*other > step && *answered < start))
        {
            return Err(format!("time step {step} was accepted after {other}"));
        }
        self.steps.push((step, end));
        if self.steps.len() > 24 {
            self.steps.remove(0);
        }
        Ok(())
    }

    /// The pair of `password` turned out to be in place at some time of `start..=end`.
    fn settle(&mut self, password: &str, start: u64, end: u64) {
        let Some(index) = self.pairs.iter().position(|pair| pair.password == password) else { return };
        for (other, pair) in self.pairs.iter_mut().enumerate() {
            if other < index {
                pair.dead_since.get_or_insert(end);
            }
            if other != index {
                pair.proof.ambiguous.retain(|(_, tick)| *tick >= start);
            }
        }
    }

    fn void_unproved(&mut self, end: u64) {
        for pair in self.pairs.iter_mut().filter(|pair| !pair.may_be_active()) {
            pair.dead_since.get_or_insert(end);
        }
    }
}

/// The admitted step whose code `code` is; the later one if two match.
pub(crate) fn matched(secrets: &[Vec<u8>], code: &str, now: DateTime<Utc>) -> Option<u64> {
    let current = step_of(now);
    let code = code.replace(' ', "");
    let newest_first = secrets.iter().rev();
    newest_first
        .flat_map(|secret| (current - 1..=current + 1).rev().map(move |step| (secret, step)))
        .find_map(|(secret, step)| (code_at(secret, step) == code).then_some(step))
}

/// Six calendar months later, with no help from the date arithmetic under test.
fn six_months_after(at: DateTime<Utc>) -> DateTime<Utc> {
    let (year, month) =
        if at.month() > 6 { (at.year() + 1, at.month() - 6) } else { (at.year(), at.month() + 6) };
    let date = (1..=at.day()).rev().find_map(|day| NaiveDate::from_ymd_opt(year, month, day)).unwrap();
    date.and_time(at.time()).and_utc()
}

fn check_valid_until(proved_at: DateTime<Utc>, valid_until: DateTime<Utc>) -> Result<(), Violation> {
    let latest = six_months_after(proved_at);
    if valid_until > latest || valid_until <= latest - Duration::days(7) {
        return Err(format!("a pair proved at {proved_at} is valid until {valid_until}"));
    }
    Ok(())
}

fn ensure(holds: bool, rule: &str) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(rule.to_owned()) }
}

impl Book {
    /// Notes that `asks` begin; the tick that dates it.
    pub(crate) fn begin(&mut self, asks: &[Ask], now: DateTime<Utc>) -> u64 {
        self.tick += 1;
        for ask in asks {
            if let Some(pair) = self.pair_proved_by(ask, now) {
                pair.proof.open += 1;
            }
        }
        self.tick
    }

    /// The unproved pair that an activation with a right code would put in place.
    fn pair_proved_by(&mut self, ask: &Ask, now: DateTime<Utc>) -> Option<&mut PairFact> {
        let Ask::Activate { ticket, code } = ask else { return None };
        let fact = self.tickets.get(ticket)?;
        let pair = self.lives.get_mut(&fact.name)?.pair(fact.password.as_deref()?)?;
        matched(&pair.secrets, code, now)?;
        Some(pair)
    }

    /// Notes the answer to `ask`, which began at tick `start`, and checks it.
    pub(crate) fn end(
        &mut self,
        ask: &Ask,
        answer: &Answer,
        now: DateTime<Utc>,
        start: u64,
    ) -> Result<(), Violation> {
        self.tick += 1;
        let end = self.tick;
        if let Some(pair) = self.pair_proved_by(ask, now) {
            pair.proof.open = pair.proof.open.saturating_sub(1);
            if matches!(answer, None | Some(Err(Refusal::Unavailable { .. } | Refusal::Internal { .. }))) {
                pair.proof.ambiguous.push((now, end));
            }
        }
        if !matches!(answer, Some(Ok(_))) {
            self.perhaps_used(ask, answer, now);
        }
        match answer {
            None => Ok(()),
            Some(Err(refusal)) => self.refused(ask, refusal, end),
            Some(Ok(told)) => self.told(ask, told, now, start, end),
        }
    }

    fn refused(&mut self, ask: &Ask, refusal: &Refusal, end: u64) -> Result<(), Violation> {
        let error = match refusal {
            Refusal::Told(error) => error,
            Refusal::Unavailable { .. } => return Ok(()),
            Refusal::Internal { detail } => return Err(format!("an internal fault: {detail}")),
        };
        *self.tally.entry(error.code.message()).or_default() += 1;
        let bare = *error == ApiError::new(error.code);
        match (error.code, ask) {
            (ErrorCode::InvalidCredentials, Ask::SignIn { .. })
            | (ErrorCode::TicketSpent, Ask::Password { .. } | Ask::Totp { .. } | Ask::Activate { .. })
            | (ErrorCode::Unauthenticated, Ask::Session { .. } | Ask::Renew { .. }) => {
                ensure(bare, "a refusal says more than it may")
            }
            (ErrorCode::Throttled, Ask::SignIn { .. } | Ask::Register { .. }) => {
                ensure(error.retry_after.is_some_and(|s| s >= 1), "throttled without an end")
            }
            (ErrorCode::UsernameTaken, Ask::Register { .. }) => Ok(()),
            (ErrorCode::CodeRejected, Ask::Activate { ticket, .. }) => {
                let fact = self.tickets.get_mut(ticket).ok_or("a code was judged for an unknown ticket")?;
                fact.rejections += 1;
                if error.tries_left == Some(0) {
                    fact.dead_since.get_or_insert(end);
                }
                ensure(fact.rejections <= 5, "a ticket survived more than five wrong codes")
            }
            (ErrorCode::CodeRejected, Ask::Renew { session, .. }) => {
                let fact =
                    self.sessions.get_mut(session).ok_or("a code was judged for an unknown session")?;
                fact.rejections += 1;
                if error.tries_left == Some(0) {
                    fact.closed.get_or_insert(end);
                }
                ensure(fact.rejections <= 5, "a session survived more than five wrong codes")
            }
            (code, ask) => Err(format!("{ask:?} was refused with {code:?}")),
        }
    }

    #[expect(clippy::too_many_lines, reason = "one table, a case for each request")]
    fn told(
        &mut self,
        ask: &Ask,
        told: &Told,
        now: DateTime<Utc>,
        start: u64,
        end: u64,
    ) -> Result<(), Violation> {
        match (ask, told) {
            (Ask::Register { name }, Told::Ticket(issued)) => {
                self.count("registered");
                let life = self.lives.entry(name.clone()).or_default();
                let held = life.pairs.iter().any(|pair| {
                    let known = pair.proof.known.as_ref().is_some_and(|known| known.tick < start);
                    let claimed = pair.claimed < start && pair.dead_since.is_none();
                    known || (claimed && pair.lapses_at.is_some_and(|lapses| now < lapses))
                });
                ensure(!held, "a held name was registered again")?;
                life.void_unproved(end);
                let lapses_at = Some(now + Duration::hours(24));
                self.issue(
                    name,
                    issued.ticket.expose(),
                    issued.expires_at,
                    None,
                    lapses_at,
                    now,
                    (start, end),
                )
            }
            (Ask::Password { ticket }, Told::Password(issued)) => {
                self.count("password issued");
                let (name, _, lapses_at) = self.consume(ticket, now, start, end)?;
                ensure(issued.username == name, "a password went to another name")?;
                let shown = issued.password.expose();
                ensure(shown.len() == 24 && password::has_all_classes(shown.as_bytes()), "a weak password")?;
                let life = self.lives.entry(name.clone()).or_default();
                life.void_unproved(end);
                life.pairs.push(PairFact {
                    password: shown.to_owned(),
                    secrets: Vec::new(),
                    lapses_at,
                    claimed: end,
                    proof: Proof::default(),
                    dead_since: None,
                });
                if life.pairs.len() > 12 {
                    // Long dead; a sign-in with it would be one with an unknown password.
                    let oldest = life.pairs.iter().position(|pair| pair.dead_since.is_some());
                    oldest.map(|index| life.pairs.remove(index));
                }
                let chain = Some(shown.to_owned());
                self.issue(
                    &name,
                    issued.ticket.expose(),
                    issued.expires_at,
                    chain,
                    lapses_at,
                    now,
                    (start, end),
                )
            }
            (Ask::Totp { ticket }, Told::Totp(issued)) => {
                self.count("TOTP secret issued");
                let (name, chain, lapses_at) = self.consume(ticket, now, start, end)?;
                ensure(issued.username == name, "a TOTP secret went to another name")?;
                let password = chain.clone().ok_or("a TOTP secret was issued before a password")?;
                let secret = BASE32_NOPAD.decode(issued.secret.expose().as_bytes());
                let secret = secret.map_err(|e| format!("not Base32: {e}"))?;
                ensure(secret.len() == 20, "a TOTP secret of other than 160 bits")?;
                if let Some(pair) = self.lives.entry(name.clone()).or_default().pair(&password) {
                    pair.secrets.push(secret);
                }
                self.issue(
                    &name,
                    issued.ticket.expose(),
                    issued.expires_at,
                    chain,
                    lapses_at,
                    now,
                    (start, end),
                )
            }
            (Ask::Activate { ticket, code }, Told::Activated(activated, session)) => {
                self.count("activated");
                let (name, chain, lapses_at) = self.consume(ticket, now, start, end)?;
                ensure(activated.username == name, "another name was activated")?;
                ensure(lapses_at.is_none_or(|lapses| now < lapses), "a lapsed registration was activated")?;
                check_valid_until(now, activated.valid_until)?;
                let life = self.lives.entry(name.clone()).or_default();
                let password = chain.ok_or("an activation without a password")?;
                let pair = life.pair(&password).ok_or("an activation of an unknown pair")?;
                ensure(!pair.dead_before(start), "a void pair was activated")?;
                let step = matched(&pair.secrets, code, now).ok_or("an activation without a right code")?;
                pair.proof.known = Some(Known { valid_until: activated.valid_until, tick: end });
                life.accept(step, start, end)?;
                life.settle(&password, start, end);
                self.close_sessions_before(&name, start, end);
                self.open(&name, session, activated.valid_until, now, end)
            }
            (Ask::SignIn { name, password, code }, Told::SignedIn(answer, session)) => {
                let code = code.as_deref();
                self.signed_in(name, password, code, answer, session.as_ref(), now, (start, end))
            }
            (Ask::Renew { session, code }, Told::Ticket(issued)) => {
                self.count("early renewal");
                let name = self.use_session(session, now, start)?;
                let life = self.lives.entry(name.clone()).or_default();
                let fits = |pair: &&PairFact| pair.may_be_active() && !pair.dead_before(start);
                let step = life.pairs.iter().filter(fits).find_map(|pair| matched(&pair.secrets, code, now));
                life.accept(step.ok_or("a renewal without a right code")?, start, end)?;
                life.void_unproved(end);
                self.issue(&name, issued.ticket.expose(), issued.expires_at, None, None, now, (start, end))
            }
            (Ask::Session { session }, Told::Session(view)) => {
                self.count("session used");
                let name = self.use_session(session, now, start)?;
                ensure(view.username == name, "a session shows another name")?;
                ensure(now < view.valid_until, "an expired pair still shows a session")
            }
            (Ask::SignOut { session }, Told::Nothing) => {
                self.count("signed out");
                if let Some(fact) = self.sessions.get_mut(session) {
                    fact.closed.get_or_insert(end);
                }
                Ok(())
            }
            (Ask::Purge, Told::Nothing) => Ok(()),
            (ask, told) => Err(format!("{ask:?} was answered with {told:?}")),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all that a sign-in is about")]
    fn signed_in(
        &mut self,
        name: &str,
        password: &str,
        code: Option<&str>,
        answer: &Authentication,
        session: Option<&SessionToken>,
        now: DateTime<Utc>,
        (start, end): (u64, u64),
    ) -> Result<(), Violation> {
        let life = self.lives.get_mut(name).ok_or("a sign-in to an unknown name")?;
        let pair = life.pair(password).ok_or("a sign-in with a wrong password")?;
        ensure(!pair.dead_before(start), "a sign-in with a replaced password")?;
        if let Authentication::ActivationRequired { ticket, expires_at } = answer {
            let proved = pair.proof.known.as_ref().is_some_and(|known| known.tick < start);
            ensure(!proved, "an activated account was sent back to its enrolment")?;
            ensure(pair.lapses_at.is_some_and(|lapses| now < lapses), "a lapsed registration was resumed")?;
            pair.proof.ambiguous.retain(|(_, tick)| *tick >= start);
            let lapses_at = pair.lapses_at;
            self.count("enrolment resumed");
            let chain = Some(password.to_owned());
            return self.issue(name, ticket.expose(), *expires_at, chain, lapses_at, now, (start, end));
        }
        ensure(pair.may_be_active(), "a sign-in with a pair that was never proved")?;
        let step = code
            .and_then(|code| matched(&pair.secrets, code, now))
            .ok_or("a sign-in without a right code")?;
        let hours: Vec<_> = pair.proof.ambiguous.iter().map(|(at, _)| *at).collect();
        match answer {
            Authentication::Authenticated { username, valid_until } => {
                ensure(username == name, "a sign-in to another name")?;
                ensure(now < *valid_until, "an expired pair opened a session")?;
                match &pair.proof.known {
                    Some(known) => ensure(known.valid_until == *valid_until, "valid_until moved")?,
                    None if pair.proof.open > 0 => {}
                    None => ensure(
                        hours.iter().any(|at| check_valid_until(*at, *valid_until).is_ok()),
                        "a pair is valid for longer than six months",
                    )?,
                }
                pair.proof.known.get_or_insert(Known { valid_until: *valid_until, tick: end });
                life.accept(step, start, end)?;
                life.settle(password, start, end);
                self.count("signed in");
                let session = session.ok_or("authenticated without a session")?;
                self.open(name, session, *valid_until, now, end)
            }
            Authentication::Expired { ticket, expires_at } => {
                ensure(session.is_none(), "an expired pair opened a session")?;
                match &pair.proof.known {
                    Some(known) => ensure(known.valid_until <= now, "a valid pair was called expired")?,
                    None => pair.proof.known = Some(Known { valid_until: now, tick: end }),
                }
                life.accept(step, start, end)?;
                life.settle(password, start, end);
                life.void_unproved(end);
                self.count("expired");
                self.issue(name, ticket.expose(), *expires_at, None, None, now, (start, end))
            }
            Authentication::ActivationRequired { .. } => Ok(()),
        }
    }

    /// A fresh ticket stands alone: what was issued before its request is void.
    #[expect(clippy::too_many_arguments, reason = "all that a ticket is about")]
    fn issue(
        &mut self,
        name: &str,
        ticket: &str,
        expires_at: DateTime<Utc>,
        password: Option<String>,
        lapses_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
        (start, end): (u64, u64),
    ) -> Result<(), Violation> {
        ensure(now < expires_at && expires_at <= now + Duration::minutes(10), "a ticket's life is off")?;
        ensure(lapses_at.is_none_or(|lapses| expires_at <= lapses), "a ticket outlives its registration")?;
        let life = self.lives.entry(name.to_owned()).or_default();
        for older in &life.tickets {
            if let Some(fact) = self.tickets.get_mut(older).filter(|fact| fact.issued < start) {
                fact.dead_since.get_or_insert(end);
            }
        }
        life.tickets.push(ticket.to_owned());
        if life.tickets.len() > 24 {
            self.tickets.remove(&life.tickets.remove(0));
        }
        let fact = TicketFact {
            name: name.to_owned(),
            issued: end,
            expires_at,
            password,
            lapses_at,
            rejections: 0,
            used: false,
            dead_since: None,
        };
        ensure(self.tickets.insert(ticket.to_owned(), fact).is_none(), "a ticket was issued twice")
    }

    /// A ticket was used with success: it was issued, lives, and never was before.
    fn consume(
        &mut self,
        ticket: &str,
        now: DateTime<Utc>,
        start: u64,
        end: u64,
    ) -> Result<Chain, Violation> {
        let fact =
            self.tickets.get_mut(ticket).ok_or("a ticket worked that was never issued, or long ago")?;
        ensure(!std::mem::replace(&mut fact.used, true), "a ticket worked twice")?;
        ensure(fact.dead_since.is_none_or(|dead| dead >= start), "a void ticket worked")?;
        ensure(now < fact.expires_at, "a lapsed ticket worked")?;
        fact.dead_since.get_or_insert(end);
        Ok((fact.name.clone(), fact.password.clone(), fact.lapses_at))
    }

    fn open(
        &mut self,
        name: &str,
        session: &SessionToken,
        valid_until: DateTime<Utc>,
        now: DateTime<Utc>,
        end: u64,
    ) -> Result<(), Violation> {
        let expires_at = session.expires_at;
        ensure(
            expires_at <= valid_until && expires_at <= now + Duration::hours(12),
            "a session lives too long",
        )?;
        if self.sessions.len() > 60 {
            self.sessions.retain(|_, fact| now < fact.expires_at + Duration::days(1));
        }
        let fact = SessionFact {
            name: name.to_owned(),
            opened: end,
            last_used: now,
            expires_at,
            rejections: 0,
            closed: None,
        };
        let text = session.text.expose().to_owned();
        ensure(self.sessions.insert(text, fact).is_none(), "a session token came twice")
    }

    fn close_sessions_before(&mut self, name: &str, start: u64, end: u64) {
        for fact in self.sessions.values_mut().filter(|fact| fact.name == name && fact.opened < start) {
            fact.closed.get_or_insert(end);
        }
    }

    /// A session served: it was opened, and is not over.
    fn use_session(&mut self, session: &str, now: DateTime<Utc>, start: u64) -> Result<String, Violation> {
        let fact = self.sessions.get_mut(session).ok_or("a session that was never opened, or long ago")?;
        ensure(fact.closed.is_none_or(|closed| closed >= start), "a closed session served")?;
        ensure(now < fact.expires_at, "a session served past its end")?;
        ensure(now - fact.last_used < Duration::minutes(30), "an idle session served")?;
        fact.last_used = now;
        Ok(fact.name.clone())
    }

    /// A live session may have been used although the answer was a refusal or got lost.
    fn perhaps_used(&mut self, ask: &Ask, answer: &Answer, now: DateTime<Utc>) {
        let (Ask::Session { session } | Ask::Renew { session, .. }) = ask else { return };
        let refused = matches!((ask, answer), (Ask::Session { .. }, Some(Err(Refusal::Told(_)))));
        let live = |fact: &&mut SessionFact| now - fact.last_used < Duration::minutes(30);
        if let Some(fact) = self.sessions.get_mut(session).filter(live)
            && !refused
        {
            fact.last_used = now;
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }
}
