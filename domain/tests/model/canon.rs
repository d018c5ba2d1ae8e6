//! One name for all states that differ only in what was drawn and in the hour: symbols are numbered
//! in the order in which a state mentions them, and times are counted from now.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::service::ports::{Account, Enrolment, NewTicket, Pair, Sealed, Session};
use sha2::{Digest as _, Sha256};

use crate::{
    authenticator::step_of,
    desk::{Answer, Circumstances, LABEL},
    scene::Scene,
    symbols::{self, SYMBOLS, Symbol},
    want::{Code, Want},
};

/// A state's name: half a SHA-256, so that no two states of a run share one.
pub(crate) type Name = u128;

/// The name of a state, whatever may still happen in it.
pub(crate) fn name(scene: &Scene) -> Name {
    let mut writer = Writer::new(scene.now);
    writer.stored(scene);
    writer.parties(scene);
    for running in &scene.running {
        writer.number(running.party);
        writer.want(running.want);
        writer.option(running.session_on, Writer::symbol);
        writer.flag(running.proved);
        writer.circumstances(&running.past.first);
        for entry in &running.past.answers {
            let entry: &Arc<(Answer, Circumstances)> = entry;
            writer.answer(&entry.0);
            writer.circumstances(&entry.1);
        }
        writer.number(usize::MAX);
    }
    let ledger = &scene.ledger;
    writer.option(ledger.accepted, Writer::step);
    writer.flag(ledger.activated);
    for symbol in &ledger.worked {
        writer.symbol(*symbol);
    }
    writer.number(usize::MAX);
    for (symbol, count) in &ledger.rejected {
        writer.symbol(*symbol);
        writer.number(usize::from(*count));
    }
    writer.number(usize::MAX);
    for (token, pair) in &ledger.opened {
        writer.symbol(*token);
        writer.symbol(*pair);
    }
    writer.name()
}

/// The name of what is left of a state when all processes die: what is stored and what was shown.
pub(crate) fn name_at_rest(scene: &Scene) -> Name {
    let mut writer = Writer::new(scene.now);
    writer.stored(scene);
    writer.parties(scene);
    writer.option(scene.ledger.accepted, Writer::step);
    writer.name()
}

struct Writer {
    bytes: Vec<u8>,
    now: DateTime<Utc>,
    numbers: Vec<u16>,
    mentioned: u16,
}

impl Writer {
    fn new(now: DateTime<Utc>) -> Self {
        let numbers = vec![0; usize::try_from(SYMBOLS).unwrap()];
        Self { bytes: Vec::with_capacity(1024), now, numbers, mentioned: 0 }
    }

    fn name(self) -> Name {
        let digest: [u8; 32] = Sha256::digest(&self.bytes).into();
        Name::from_le_bytes(digest[..16].try_into().unwrap())
    }

    fn stored(&mut self, scene: &Scene) {
        for row in scene.store.accounts.values() {
            self.id(row.id.as_bytes());
            self.option(row.lapses_at, Self::time);
            self.option(row.last_step, Self::step);
            self.option(row.active.as_ref(), |w, (pair, until)| {
                w.pair(pair);
                w.time(*until);
            });
            self.option(row.pending.as_ref(), |w, pending| {
                w.pair(&pending.pair);
                w.ticket(&pending.ticket);
            });
        }
        self.number(usize::MAX);
        let mut sessions: Vec<_> = scene.store.sessions.iter().collect();
        sessions.sort_by_key(|(token, _)| symbols::of_digest(token));
        for (token, row) in sessions {
            self.symbol(symbols::of_digest(token));
            self.id(row.account.as_bytes());
            self.time(row.created_at);
            self.time(row.last_seen_at);
            self.time(row.expires_at);
            self.number(usize::from(row.tries));
        }
        self.number(usize::MAX);
    }

    fn parties(&mut self, scene: &Scene) {
        for party in scene.parties.iter() {
            self.bytes.push(party.role as u8);
            for (password, secret) in &party.pairs {
                self.symbol(*password);
                self.option(*secret, Self::symbol);
            }
            self.number(usize::MAX);
            for (ticket, password) in &party.tickets {
                self.symbol(*ticket);
                self.option(*password, Self::symbol);
            }
            self.number(usize::MAX);
            for session in &party.sessions {
                self.symbol(*session);
            }
            self.number(usize::MAX);
            for code in &party.codes {
                self.code(*code);
            }
            self.number(usize::MAX);
        }
    }

    fn number(&mut self, number: usize) {
        // Nothing that is counted comes near 255, which ends a list.
        self.bytes.push(u8::try_from(number).unwrap_or(u8::MAX));
    }

    fn flag(&mut self, flag: bool) {
        self.bytes.push(u8::from(flag));
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn symbol(&mut self, symbol: Symbol) {
        let number = &mut self.numbers[usize::try_from(symbol).unwrap()];
        if *number == 0 {
            self.mentioned += 1;
            *number = self.mentioned;
        }
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    fn id(&mut self, bytes: &[u8]) {
        self.symbol(symbols::of_bytes(bytes));
    }

    fn time(&mut self, time: DateTime<Utc>) {
        self.bytes.extend_from_slice(&(time - self.now).num_seconds().to_le_bytes());
    }

    /// Counted from the current step, so that the part of a step that is over counts as well.
    fn step(&mut self, step: u64) {
        self.bytes.extend_from_slice(&step.wrapping_sub(step_of(self.now)).to_le_bytes());
    }

    fn code(&mut self, code: Code) {
        match code {
            Code::Wrong => self.flag(false),
            Code::Of { secret, step } => {
                self.flag(true);
                self.symbol(secret);
                self.step(step);
            }
        }
    }

    fn want(&mut self, want: Want) {
        let (kind, token, password, code) = match want {
            Want::Register => (0, None, None, None),
            Want::Password(ticket) => (1, Some(ticket), None, None),
            Want::Totp(ticket) => (2, Some(ticket), None, None),
            Want::Activate(ticket, code) => (3, Some(ticket), None, Some(code)),
            Want::SignIn(password, code) => (4, None, password, code),
            Want::Renew(session, code) => (5, Some(session), None, Some(code)),
            Want::Session(session) => (6, Some(session), None, None),
            Want::SignOut(session) => (7, Some(session), None, None),
            Want::Purge => (8, None, None, None),
        };
        self.bytes.push(kind);
        self.option(token, Self::symbol);
        self.option(password, Self::symbol);
        self.option(code, Self::code);
    }

    fn circumstances(&mut self, circumstances: &Circumstances) {
        self.time(circumstances.now);
        self.flag(circumstances.queue_full);
        for symbol in circumstances.drawn.0..circumstances.drawn.1 {
            self.symbol(symbol);
        }
        self.number(usize::MAX);
    }

    /// Two seals of one password differ in the strength of its hash.
    fn sealed(&mut self, sealed: &Sealed, is_password: bool) {
        self.id(&sealed.0[1..LABEL]);
        if is_password {
            self.bytes.push(sealed.0[LABEL]);
            self.symbol(symbols::of_password(&sealed.0[LABEL + 1..]));
        } else {
            self.id(&sealed.0[LABEL..]);
        }
    }

    fn pair(&mut self, pair: &Pair) {
        self.id(pair.id.as_bytes());
        self.option(pair.password.as_ref(), |w, sealed| w.sealed(sealed, true));
        self.option(pair.totp.as_ref(), |w, sealed| w.sealed(sealed, false));
    }

    fn ticket(&mut self, ticket: &NewTicket) {
        self.symbol(symbols::of_digest(ticket.digest.as_bytes()));
        self.time(ticket.expires_at);
        self.number(usize::from(ticket.tries));
    }

    fn answer(&mut self, answer: &Answer) {
        match answer {
            Answer::Registration(outcome) => self.bytes.extend([0, *outcome as u8]),
            Answer::Account(account) => self.option(account.as_ref(), Self::account),
            Answer::Enrolment(enrolment) => self.option(enrolment.as_ref(), Self::enrolment),
            Answer::Activation(outcome) => self.bytes.extend([1, *outcome as u8]),
            Answer::Renewal(outcome) => self.bytes.extend([2, *outcome as u8]),
            Answer::Session(session) => self.option(session.as_ref(), Self::session),
            Answer::Tries(tries) => self.option(*tries, |w, tries| w.number(usize::from(tries))),
            Answer::Yes(yes) => self.bytes.extend([3, u8::from(*yes)]),
            Answer::Count(_) | Answer::Done(()) => self.bytes.push(4),
            Answer::Failed => self.bytes.push(5),
        }
    }

    fn account(&mut self, account: &Account) {
        self.id(account.id.as_bytes());
        self.option(account.lapses_at, Self::time);
        self.option(account.last_step, Self::step);
        self.option(account.active.as_ref(), |w, (pair, until)| {
            w.pair(pair);
            w.time(*until);
        });
        self.option(account.pending.as_ref(), Self::pair);
    }

    fn enrolment(&mut self, enrolment: &Enrolment) {
        self.id(enrolment.account.as_bytes());
        self.id(enrolment.pair.as_bytes());
        self.option(enrolment.totp.as_ref(), |w, sealed| w.sealed(sealed, false));
        self.number(usize::from(enrolment.tries_left));
        self.time(enrolment.expires_at);
        self.option(enrolment.lapses_at, Self::time);
        self.flag(enrolment.renewal);
    }

    fn session(&mut self, session: &Session) {
        self.symbol(symbols::of_digest(session.digest.as_bytes()));
        self.id(session.account.as_bytes());
        self.time(session.created_at);
        self.time(session.last_seen_at);
        self.time(session.expires_at);
        self.time(session.valid_until);
        self.id(session.pair.as_bytes());
        self.sealed(&session.totp, false);
        self.option(session.last_step, Self::step);
        self.number(usize::try_from(session.sessions).unwrap());
    }
}
