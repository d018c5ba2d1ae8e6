//! The rules of design.md section 1, checked against every change of what is stored and every answer.
//!
//! The ledger keeps what the store could be wrong about: which steps were accepted, which tickets
//! worked, on which pair a session was opened. It never asks the use cases.

use chrono::{DateTime, Utc};
use domain::{
    audit::AuditEvent,
    error::ErrorCode,
    service::{Refusal, ports::NewTicket},
    wire::Authentication,
};

use crate::{
    desk::{LABEL, TRIES},
    requests::Told,
    scene::{Running, Scene, Violation},
    store::State,
    symbols::{self, Symbol},
    want::{Code, Role, Want},
};

/// What happened to the account so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// The last accepted time step.
    pub(crate) accepted: Option<u64>,
    /// Whether a pair was ever proved.
    pub(crate) activated: bool,
    /// Tickets that were answered with success.
    pub(crate) worked: Vec<Symbol>,
    /// Tickets and sessions on which codes were refused, and how many.
    pub(crate) rejected: Vec<(Symbol, u8)>,
    /// Sessions, and the pair that each was opened on.
    pub(crate) opened: Vec<(Symbol, Symbol)>,
}

/// The account as it is stored, in symbols.
#[derive(Clone, Debug)]
pub(crate) struct View {
    id: Symbol,
    lapses_at: Option<DateTime<Utc>>,
    pub(crate) active: Option<Active>,
    pub(crate) pending: Option<Pending>,
    claimed: bool,
}

/// The pair that opens sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Active {
    pair: Symbol,
    pub(crate) password: Symbol,
    pub(crate) secret: Symbol,
    pub(crate) until: DateTime<Utc>,
}

/// The pair that is being enrolled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    pair: Symbol,
    pub(crate) password: Option<Symbol>,
    secret: Option<Symbol>,
    ticket: Symbol,
    stored: NewTicket,
}

impl View {
    pub(crate) fn of(store: &State) -> Result<Option<Self>, Violation> {
        let Some(row) = store.accounts.values().next() else { return Ok(None) };
        ensure(store.accounts.len() == 1, "one name has two accounts")?;
        let secret = |sealed: &[u8]| symbols::of_bytes(&sealed[LABEL..]);
        let active = match &row.active {
            None => None,
            Some((pair, until)) => {
                let (Some(p), Some(s)) = (&pair.password, &pair.totp) else {
                    return Err("an active pair lacks a factor".to_owned());
                };
                Some(Active {
                    pair: symbols::of_bytes(pair.id.as_bytes()),
                    password: sealed_password(&p.0),
                    secret: secret(&s.0),
                    until: *until,
                })
            }
        };
        let pending = row.pending.as_ref().map(|pending| Pending {
            pair: symbols::of_bytes(pending.pair.id.as_bytes()),
            password: pending.pair.password.as_ref().map(|sealed| sealed_password(&sealed.0)),
            secret: pending.pair.totp.as_ref().map(|sealed| secret(&sealed.0)),
            ticket: symbols::of_digest(pending.ticket.digest.as_bytes()),
            stored: pending.ticket,
        });
        let claimed = pending.is_some_and(|pending| pending.password.is_some());
        Ok(Some(Self {
            id: symbols::of_bytes(row.id.as_bytes()),
            lapses_at: row.lapses_at,
            active,
            pending,
            claimed,
        }))
    }

    pub(crate) fn lapsed(&self, now: DateTime<Utc>) -> bool {
        self.active.is_none() && self.lapses_at.is_none_or(|lapses| lapses <= now)
    }

    pub(crate) fn is_free(&self, now: DateTime<Utc>) -> bool {
        self.active.is_none() && (!self.claimed || self.lapsed(now))
    }
}

impl Ledger {
    /// A request made one call of the store: every difference is one that its use case may make.
    pub(crate) fn changed(
        &mut self,
        now: DateTime<Utc>,
        running: &mut Running,
        (before, after): (&State, &State),
        events: &[AuditEvent],
    ) -> Result<(), Violation> {
        let old = View::of(before)?;
        let new = View::of(after)?;
        let mut told = self.account_changed(now, running, old.as_ref(), new.as_ref())?;
        let added = after.sessions.keys().filter(|token| !before.sessions.contains_key(*token));
        for token in added {
            told = true;
            let opened_on = self.may_open(running, old.as_ref(), new.as_ref())?;
            self.opened.push((symbols::of_digest(token), opened_on));
        }
        let gone = before.sessions.keys().filter(|token| !after.sessions.contains_key(*token));
        for token in gone {
            let may = match running.want {
                Want::SignOut(session) | Want::Renew(session, _) => symbols::of_digest(token) == session,
                Want::Activate(..) | Want::Purge => true,
                _ => false,
            };
            ensure(may, "somebody else's session was closed")?;
        }
        ensure(!told || !events.is_empty(), "a change left no audit event")
    }

    /// Whether the change has to leave an audit event.
    fn account_changed(
        &mut self,
        now: DateTime<Utc>,
        running: &mut Running,
        old: Option<&View>,
        new: Option<&View>,
    ) -> Result<bool, Violation> {
        let want = running.want;
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) if old.id == new.id => (old, new),
            (old, Some(new)) => {
                ensure(want == Want::Register, "something other than a registration made an account")?;
                ensure(old.is_none_or(|old| old.is_free(now)), "a held name was registered again")?;
                ensure(new.active.is_none() && !new.claimed, "an account was born with secrets")?;
                (self.accepted, self.activated) = (None, false);
                return Ok(true);
            }
            (Some(old), None) => {
                ensure(want == Want::Purge && old.lapsed(now), "an account was deleted that had not lapsed")?;
                return Ok(false);
            }
            (None, None) => return Ok(false),
        };
        if old.active != new.active {
            self.pair_put_in_place(running, old, new)?;
            return Ok(true);
        }
        match (&old.pending, &new.pending) {
            (None, None) => Ok(false),
            (Some(_), None) => Err("a pending pair vanished".to_owned()),
            (Some(old_pair), Some(new_pair)) if old_pair.pair == new_pair.pair => {
                pending_changed(running, old, old_pair, new_pair)
            }
            (_, Some(begun)) => {
                ensure(begun.password.is_none() && begun.secret.is_none(), "a renewal began with secrets")?;
                self.renewal_began(now, running, old)?;
                Ok(true)
            }
        }
    }

    fn pair_put_in_place(&mut self, running: &mut Running, old: &View, new: &View) -> Result<(), Violation> {
        let active = new.active.ok_or("the pair that worked is gone, and no other works")?;
        let pending = old.pending.ok_or("a pair came from nowhere")?;
        let since = running.past.first.now;
        ensure(active.pair == pending.pair, "another pair than the pending one was put in place")?;
        ensure(Some(active.password) == pending.password, "a pair changed its password on the way")?;
        ensure(Some(active.secret) == pending.secret, "a pair changed its TOTP secret on the way")?;
        let Want::Activate(ticket, Code::Of { secret, step }) = running.want else {
            return Err(format!("{:?} put a pair in place", running.want));
        };
        ensure(ticket == pending.ticket, "a pair was put in place by a ticket that does not stand")?;
        ensure(secret == active.secret, "a pair was put in place by a code of something else")?;
        ensure(since < pending.stored.expires_at, "a pair was put in place by a lapsed ticket")?;
        ensure(!old.lapsed(since), "a lapsed registration was activated")?;
        ensure(new.pending.is_none() && new.lapses_at.is_none(), "an active account is still pending")?;
        running.proved = true;
        self.activated = true;
        self.accept(step)
    }

    fn renewal_began(
        &mut self,
        now: DateTime<Utc>,
        running: &mut Running,
        old: &View,
    ) -> Result<(), Violation> {
        let active = old.active.ok_or("a renewal began without a pair that works")?;
        let step = match running.want {
            Want::SignIn(Some(password), Some(Code::Of { secret, step })) => {
                ensure(password == active.password, "a renewal began with another password")?;
                ensure(secret == active.secret, "a renewal began with another TOTP secret")?;
                ensure(active.until <= now, "a sign-in began a renewal before its time")?;
                step
            }
            Want::Renew(_, Code::Of { secret, step }) => {
                // Signing out meanwhile is as if it came afterwards.
                ensure(
                    running.session_on == Some(active.pair),
                    "a renewal began on a session that was over",
                )?;
                ensure(secret == active.secret, "a renewal began with another TOTP secret")?;
                step
            }
            want => return Err(format!("{want:?} began a renewal")),
        };
        running.proved = true;
        self.accept(step)
    }

    /// The pair on which a session may be opened by this request.
    fn may_open(
        &mut self,
        running: &mut Running,
        old: Option<&View>,
        new: Option<&View>,
    ) -> Result<Symbol, Violation> {
        let placed = new.and_then(|new| new.active).ok_or("a session was opened without an active pair")?;
        if let Want::Activate(..) = running.want {
            // The ledger has just seen the pair being put in place.
            ensure(running.proved, "a session was opened by an activation without a proof")?;
            return Ok(placed.pair);
        }
        let active = old.and_then(|old| old.active).ok_or("a session was opened without an active pair")?;
        let Want::SignIn(Some(password), Some(Code::Of { secret, step })) = running.want else {
            return Err(format!("{:?} opened a session without both factors", running.want));
        };
        ensure(password == active.password, "a session was opened with another password")?;
        ensure(secret == active.secret, "a session was opened with another TOTP secret")?;
        ensure(running.past.first.now < active.until, "an expired pair opened a session")?;
        running.proved = true;
        self.accept(step)?;
        Ok(active.pair)
    }

    fn accept(&mut self, step: u64) -> Result<(), Violation> {
        ensure(self.accepted.is_none_or(|last| last < step), "a time step was accepted twice")?;
        self.accepted = Some(step);
        Ok(())
    }

    /// A request was answered.
    pub(crate) fn answered(
        &mut self,
        running: &Running,
        role: Role,
        answer: &Result<Told, Refusal>,
    ) -> Result<(), Violation> {
        if let Err(refusal) = answer {
            let error = refusal.to_api_error();
            ensure(error.code != ErrorCode::Internal, "a fault of ours beside the store's")?;
            if let (Want::Activate(token, _) | Want::Renew(token, _), ErrorCode::CodeRejected) =
                (running.want, error.code)
            {
                let count = self.rejected.iter().position(|(other, _)| *other == token);
                let count = count.unwrap_or_else(|| {
                    self.rejected.push((token, 0));
                    self.rejected.len() - 1
                });
                self.rejected[count].1 += 1;
                ensure(self.rejected[count].1 <= TRIES, "more codes were judged than there are tries")?;
            }
            return Ok(());
        }
        if role == Role::Attacker && !matches!(running.want, Want::SignOut(_) | Want::Purge) {
            return Err(format!("the attacker's {:?} was answered with success", running.want));
        }
        match (running.want, answer) {
            (Want::Password(ticket) | Want::Totp(ticket) | Want::Activate(ticket, _), _) => {
                ensure(!self.worked.contains(&ticket), "a ticket worked twice")?;
                self.worked.push(ticket);
                Ok(())
            }
            (Want::SignIn(..), Ok(Told::SignedIn(Authentication::ActivationRequired { .. }, session))) => {
                ensure(session.is_none(), "an enrolment was resumed with a session")
            }
            (Want::SignIn(..), Ok(Told::SignedIn(answer, session))) => {
                let opens = matches!(answer, Authentication::Authenticated { .. });
                ensure(opens == session.is_some(), "a session came with the wrong answer")?;
                ensure(running.proved, "a sign-in succeeded without both factors")
            }
            (Want::Renew(..), _) => ensure(running.proved, "a renewal began without a code"),
            (Want::Session(_), _) => ensure(running.session_on.is_some(), "a session served that was over"),
            _ => Ok(()),
        }
    }

    /// Sessions that are gone stay gone, and need not be remembered.
    pub(crate) fn forget_closed(&mut self, store: &State) {
        self.opened.retain(|(token, _)| store.sessions.contains_key(symbols::digest(*token).as_bytes()));
    }

    /// What has to hold whatever happened.
    pub(crate) fn holds_in(&self, scene: &Scene) -> Result<(), Violation> {
        let view = View::of(&scene.store)?;
        let active = view.as_ref().and_then(|view| view.active);
        ensure(active.is_some() == self.activated || view.is_none(), "an activated account has no pair")?;
        if let Some(view) = &view {
            let registered = view.lapses_at.is_some();
            ensure(
                registered == active.is_none(),
                "an account is both registered and activated, or neither",
            )?;
            let stays = chrono::Duration::hours(24);
            ensure(view.lapses_at.is_none_or(|at| at <= scene.now + stays), "a name is held for too long")?;
            ensure(active.is_some() || view.pending.is_some(), "an account has no pair at all")?;
            if let Some(pending) = &view.pending {
                ensure(pending.stored.tries <= TRIES, "a ticket has more tries than it was given")?;
                ensure(pending.secret.is_none() || pending.password.is_some(), "a second factor came first")?;
            }
        }
        for (token, row) in &scene.store.sessions {
            let active = active.ok_or("a session without an active pair")?;
            let token = symbols::of_digest(token);
            ensure(
                self.opened.contains(&(token, active.pair)),
                "a session outlives the pair that opened it",
            )?;
            ensure(row.expires_at <= active.until, "a session may outlive its pair's six months")?;
            ensure(row.tries <= TRIES, "a session has more tries than it was given")?;
        }
        let Some(active) = active else { return Ok(()) };
        let owns = |role: Role| {
            let parties = scene.parties.iter().filter(|party| party.role == role);
            parties.flat_map(|party| &party.pairs).any(|(_, secret)| *secret == Some(active.secret))
        };
        // Who steals a ticket before its use becomes its holder; nobody else can take an account over.
        ensure(
            owns(Role::Owner) || owns(Role::Thief) || owns(Role::Stranger),
            "nobody holds the pair that works",
        )
    }
}

/// The pending pair stays, and something about it changed.
fn pending_changed(running: &Running, view: &View, old: &Pending, new: &Pending) -> Result<bool, Violation> {
    let want = running.want;
    let mut told = false;
    if old.ticket != new.ticket {
        match want {
            // Put back after a fault, with what the pair held: nothing was handed over.
            Want::Password(ticket) | Want::Totp(ticket) if new.ticket == ticket => {
                return ensure(!running.past.answers.is_empty(), "a ticket came back by itself")
                    .map(|()| false);
            }
            Want::Password(ticket) | Want::Totp(ticket) => {
                ensure(old.ticket == ticket, "a ticket worked that does not stand")?;
                ensure(running.past.first.now < old.stored.expires_at, "a lapsed ticket worked")?;
                ensure(old.stored.tries > 0, "a ticket without tries worked")?;
                let needed = matches!(want, Want::Totp(_));
                ensure(!needed || old.password.is_some(), "a TOTP secret was asked for before a password")?;
            }
            Want::SignIn(Some(password), _) => {
                ensure(view.active.is_none(), "an activated account was sent back to its enrolment")?;
                ensure(old.password == Some(password), "an enrolment was resumed with another password")?;
                told = true;
            }
            want => return Err(format!("{want:?} replaced a ticket")),
        }
    }
    if old.password != new.password {
        ensure(matches!(want, Want::Password(_)), "a password changed")?;
        ensure(new.secret.is_none(), "a new password kept the old TOTP secret")?;
        told = true;
    } else if old.secret != new.secret {
        let cause = matches!((want, new.secret), (Want::Totp(_), Some(_)) | (Want::Password(_), None));
        ensure(cause, "a TOTP secret changed")?;
        told = true;
    }
    if old.ticket == new.ticket && new.stored.tries < old.stored.tries {
        ensure(matches!(want, Want::Activate(ticket, _) if ticket == old.ticket), "a ticket lost a try")?;
    }
    Ok(told)
}

/// A sealed password says its cell and the strength of its hash first.
fn sealed_password(sealed: &[u8]) -> Symbol {
    symbols::of_password(&sealed[LABEL + 1..])
}

pub(crate) fn ensure(holds: bool, rule: &str) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(rule.to_owned()) }
}
