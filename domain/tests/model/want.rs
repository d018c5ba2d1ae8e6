//! What people ask for, in symbols, and everything that somebody with given knowledge can ask for.

use std::{cell::RefCell, collections::HashMap};

use chrono::{DateTime, Utc};

use crate::{
    authenticator::{code_at, step_of},
    requests::Ask,
    symbols::{self, Symbol},
};

/// The one account that everybody is after.
pub(crate) const NAME: &str = "amelie";

/// A code as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Code {
    /// What an authenticator with this secret shows at this time step.
    Of { secret: Symbol, step: u64 },
    /// Six digits that nobody showed.
    Wrong,
}

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Want {
    Register,
    Password(Symbol),
    Totp(Symbol),
    Activate(Symbol, Code),
    /// `None` is a password that nobody was shown.
    SignIn(Option<Symbol>, Option<Code>),
    Renew(Symbol, Code),
    Session(Symbol),
    SignOut(Symbol),
    Purge,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The person, in any number of tabs and on any number of devices.
    Owner,
    /// Knows the password and a code that was used, and has no authenticator.
    Attacker,
    /// Got hold of a ticket or a session.
    Thief,
    /// Knows the name, and asks for it.
    Stranger,
}

/// Somebody, and what they were shown.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    pub(crate) role: Role,
    /// Passwords, each with the TOTP secret that was shown for it last.
    pub(crate) pairs: Vec<(Symbol, Option<Symbol>)>,
    /// Tickets, each with the password that was shown with it.
    pub(crate) tickets: Vec<(Symbol, Option<Symbol>)>,
    pub(crate) sessions: Vec<Symbol>,
    /// Codes seen over a shoulder.
    pub(crate) codes: Vec<Code>,
}

impl Party {
    pub(crate) const fn new(role: Role) -> Self {
        Self { role, pairs: Vec::new(), tickets: Vec::new(), sessions: Vec::new(), codes: Vec::new() }
    }

    /// Everything that this party can ask for at `now`.
    pub(crate) fn wants(&self, now: DateTime<Utc>) -> Vec<Want> {
        let step = step_of(now);
        let mut wants = vec![Want::Register];
        if self.role == Role::Owner {
            wants.push(Want::Purge);
        }
        for (ticket, password) in self.tickets.iter().copied() {
            wants.extend([Want::Password(ticket), Want::Totp(ticket), Want::Activate(ticket, Code::Wrong)]);
            let secret = self.pairs.iter().find(|(shown, _)| Some(*shown) == password).and_then(|p| p.1);
            wants.extend(secret.map(|secret| Want::Activate(ticket, Code::Of { secret, step })));
            wants.extend(self.codes.iter().map(|code| Want::Activate(ticket, *code)));
        }
        for (password, secret) in self.pairs.iter().copied() {
            let password = Some(password);
            wants.extend([Want::SignIn(password, None), Want::SignIn(password, Some(Code::Wrong))]);
            // A phone that runs ahead is on the next step already.
            wants.extend(secret.into_iter().flat_map(|secret| {
                [step, step + 1].map(|step| Want::SignIn(password, Some(Code::Of { secret, step })))
            }));
            wants.extend(self.codes.iter().map(|code| Want::SignIn(password, Some(*code))));
        }
        if self.role != Role::Owner {
            wants.push(Want::SignIn(None, Some(Code::Wrong)));
        }
        for session in self.sessions.iter().copied() {
            wants.extend([Want::Session(session), Want::SignOut(session), Want::Renew(session, Code::Wrong)]);
            let secrets = self.pairs.iter().filter_map(|(_, secret)| *secret);
            wants.extend(secrets.map(|secret| Want::Renew(session, Code::Of { secret, step })));
            wants.extend(self.codes.iter().map(|code| Want::Renew(session, *code)));
        }
        wants
    }
}

impl Want {
    /// The request as it is sent.
    pub(crate) fn ask(self) -> Ask {
        let token = |symbol| symbols::token_text(symbol).to_owned();
        match self {
            Self::Register => Ask::Register { name: NAME.to_owned() },
            Self::Password(ticket) => Ask::Password { ticket: token(ticket) },
            Self::Totp(ticket) => Ask::Totp { ticket: token(ticket) },
            Self::Activate(ticket, code) => Ask::Activate { ticket: token(ticket), code: code.text() },
            Self::SignIn(password, code) => Ask::SignIn {
                name: NAME.to_owned(),
                password: password.map_or_else(|| "guess".to_owned(), symbols::password_text),
                code: code.map(Code::text),
            },
            Self::Renew(session, code) => Ask::Renew { session: token(session), code: code.text() },
            Self::Session(session) => Ask::Session { session: token(session) },
            Self::SignOut(session) => Ask::SignOut { session: token(session) },
            Self::Purge => Ask::Purge,
        }
    }
}

impl Code {
    fn text(self) -> String {
        thread_local! {
            static TYPED: RefCell<HashMap<(Symbol, u64), String>> = RefCell::default();
        }
        match self {
            Self::Wrong => "000000".to_owned(),
            Self::Of { secret, step } => TYPED.with_borrow_mut(|typed| {
                typed
                    .entry((secret, step))
                    .or_insert_with(|| code_at(&symbols::secret_bytes(secret), step))
                    .clone()
            }),
        }
    }
}
