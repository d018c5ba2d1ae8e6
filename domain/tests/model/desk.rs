//! Where a request can be suspended at every call of the store, put aside, and taken up again in any
//! number of different futures.
//!
//! A future cannot be cloned, but a use case is a function of what it was asked and of what its ports
//! answered. So a suspended request is kept as those answers; to go on, it is served anew, the answers
//! are given to it once more without touching the store, and only the next call is real.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    task::Poll,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    audit::AuditEvent,
    id::{AccountId, PairId},
    secret::Secret,
    service::{
        Ports, Refusal, Sesame,
        policy::Policy,
        ports::{
            Account, AccountStore, Activation, ActivationOutcome, Cell, Clock, Enrolment, Entropy, LaneRule,
            ListedSession, NewPending, NewRegistration, NewSession, NewTicket, PairOwner, Registration,
            RenewalOutcome, Row, Seal, Sealed, Session, Stage, StoreError, ThrottleStore, Vault, VaultError,
        },
    },
    throttle::{LaneKey, LaneState, Verdict},
    token::{SessionHandle, TokenDigest},
    username::Username,
};

use crate::{
    hasher::Hasher,
    requests::{Ask, Told, poll, serve},
    store::{Defect, Fault, Memory, State, lock},
    symbols::{self, Symbol},
};

/// What the store answered to one call.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Registration(Registration),
    Account(Option<Account>),
    Enrolment(Option<Enrolment>),
    Activation(ActivationOutcome),
    Renewal(RenewalOutcome),
    Session(Option<Session>),
    Tries(Option<u8>),
    Yes(bool),
    Count(u64),
    Done(()),
    Failed,
}

/// An answer that can be given again.
trait Repeatable: Clone {
    fn keep(&self) -> Answer;
    fn again(answer: &Answer) -> Option<Self>;
}

macro_rules! repeatable {
    ($($variant:ident: $type:ty),* $(,)?) => {
        $(impl Repeatable for $type {
            fn keep(&self) -> Answer {
                Answer::$variant(self.clone())
            }

            fn again(answer: &Answer) -> Option<Self> {
                if let Answer::$variant(value) = answer { Some(value.clone()) } else { None }
            }
        })*
    };
}

repeatable!(
    Registration: Registration,
    Account: Option<Account>,
    Enrolment: Option<Enrolment>,
    Activation: ActivationOutcome,
    Renewal: RenewalOutcome,
    Session: Option<Session>,
    Tries: Option<u8>,
    Yes: bool,
    Count: u64,
    Done: (),
);

/// What a request ran on between two calls of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Circumstances {
    /// The hour, read any number of times.
    pub(crate) now: DateTime<Utc>,
    /// The first value drawn, and the one after the last.
    pub(crate) drawn: (Symbol, Symbol),
    /// Whether the hash queue was full.
    pub(crate) queue_full: bool,
}

/// A request's past: the answers it got, and what it ran on before the first and after each.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    pub(crate) first: Circumstances,
    pub(crate) answers: Vec<Arc<(Answer, Circumstances)>>,
}

/// What goes wrong during one step of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// With the store.
    Store(Fault),
    /// With the hasher, after the call.
    QueueFull,
}

/// One step of a request.
pub(crate) struct Step {
    pub(crate) past: Past,
    /// `None` where the request waits for its next call.
    pub(crate) answer: Option<Result<Told, Refusal>>,
    pub(crate) store: State,
    pub(crate) events: Vec<AuditEvent>,
    /// Whether the trouble happened.
    pub(crate) troubled: bool,
}

#[derive(Default)]
struct Script {
    past: Vec<Arc<(Answer, Circumstances)>>,
    given: usize,
    /// Whether one more call may be made after those of the past.
    live: bool,
    suspended: bool,
    answered: Option<Answer>,
    now: DateTime<Utc>,
    next: Symbol,
    place: usize,
    /// What the live call's continuation runs on.
    live_now: DateTime<Utc>,
    live_next: Symbol,
    live_queue_full: bool,
}

/// All ports of a Sésame, for one request at a time.
pub(crate) struct Desk {
    memory: Memory,
    hasher: Arc<Hasher>,
    script: Mutex<Script>,
}

/// A Sésame whose requests are served a step at a time.
pub(crate) struct Service {
    desk: Arc<Desk>,
    sesame: Sesame,
}

/// Wrong codes that a ticket or a session survives: enough to tell one from the last.
pub(crate) const TRIES: u8 = 2;

impl Service {
    pub(crate) fn new(defect: Option<Defect>) -> Self {
        let hasher = Arc::new(Hasher::new(1));
        let desk =
            Desk { memory: Memory::new(defect), hasher: Arc::clone(&hasher), script: Mutex::default() };
        let desk = Arc::new(desk);
        let ports = Ports {
            accounts: Arc::clone(&desk) as _,
            throttle: Arc::new(Unthrottled),
            vault: Arc::new(Labelled),
            hasher,
            clock: Arc::clone(&desk) as _,
            entropy: Arc::clone(&desk) as _,
        };
        let policy = Policy { code_tries: TRIES, ..Policy::default() };
        let mut built = Box::pin(Sesame::new(ports, policy));
        let Poll::Ready(Ok(sesame)) = poll(&mut built) else { panic!("the decoy needs no store") };
        Self { desk, sesame }
    }

    /// The first value that no decoy holds.
    pub(crate) fn first_symbol(&self) -> Symbol {
        lock(&self.desk.script).next
    }

    /// From now on stronger hashes are asked for, so that every sign-in replaces the one it used.
    pub(crate) fn strengthen_hashes(&self) {
        self.desk.hasher.strengthen();
    }

    /// Takes a request up to its first call.
    pub(crate) fn begin(&self, ask: &Ask, now: DateTime<Utc>, next: Symbol) -> Past {
        let first = Circumstances { now, drawn: (next, next), queue_full: false };
        let mut past = Past { first, answers: Vec::new() };
        *lock(&self.desk.script) = Script { now, next, ..Script::default() };
        assert!(self.run(ask).is_none(), "{ask:?} was answered without the store");
        past.first.drawn.1 = lock(&self.desk.script).next;
        past
    }

    /// Makes the next call of a request, on `store`, and takes it up to the one after, or to its end.
    pub(crate) fn step(
        &self,
        ask: &Ask,
        past: &Past,
        store: &State,
        (now, next): (DateTime<Utc>, Symbol),
        trouble: Option<Trouble>,
    ) -> Step {
        self.desk.memory.restore(store.clone());
        self.desk.memory.arm(match trouble {
            Some(Trouble::Store(fault)) => Some((0, fault)),
            _ => None,
        });
        let queue_full = trouble == Some(Trouble::QueueFull);
        self.desk.hasher.fill_queue(past.first.queue_full);
        *lock(&self.desk.script) = Script {
            past: past.answers.clone(),
            live: true,
            now: past.first.now,
            next: past.first.drawn.0,
            live_now: now,
            live_next: next,
            live_queue_full: queue_full,
            ..Script::default()
        };
        let answer = self.run(ask);
        let script = std::mem::take(&mut *lock(&self.desk.script));
        let drawn = (next, script.next);
        let answered = script.answered.expect("a step makes a call");
        let mut past = past.clone();
        past.answers.push(Arc::new((answered, Circumstances { now, drawn, queue_full })));
        let still_full = self.desk.hasher.fill_queue(false);
        let events = self.desk.memory.take_events();
        let store = self.desk.memory.snapshot();
        Step { past, answer, store, events, troubled: trouble.is_some() && !(queue_full && still_full) }
    }

    fn run(&self, ask: &Ask) -> Option<Result<Told, Refusal>> {
        let mut future = Box::pin(serve(&self.sesame, ask));
        loop {
            match poll(&mut future) {
                Poll::Ready(answer) => return Some(answer),
                Poll::Pending if lock(&self.desk.script).suspended => return None,
                Poll::Pending => {}
            }
        }
    }
}

impl Desk {
    /// An answer of the past again, or the one real call, or suspension.
    async fn call<T: Repeatable>(
        &self,
        real: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        if let Some(answer) = self.answer_of_the_past() {
            return T::again(&answer.0).ok_or_else(|| StoreError::Unavailable("as before".to_owned()));
        }
        let live = {
            let mut script = lock(&self.script);
            script.suspended = !script.live;
            std::mem::take(&mut script.live)
        };
        if !live {
            pending::<()>().await;
        }
        let answer = real.await;
        let mut script = lock(&self.script);
        script.answered = Some(answer.as_ref().map_or(Answer::Failed, Repeatable::keep));
        (script.now, script.next, script.place) = (script.live_now, script.live_next, 0);
        self.hasher.fill_queue(script.live_queue_full);
        drop(script);
        answer
    }

    fn answer_of_the_past(&self) -> Option<Arc<(Answer, Circumstances)>> {
        let mut script = lock(&self.script);
        let answer = Arc::clone(script.past.get(script.given)?);
        script.given += 1;
        (script.now, script.next, script.place) = (answer.1.now, answer.1.drawn.0, 0);
        drop(script);
        self.hasher.fill_queue(answer.1.queue_full);
        Some(answer)
    }
}

impl Clock for Desk {
    fn now(&self) -> DateTime<Utc> {
        lock(&self.script).now
    }
}

impl Entropy for Desk {
    fn fill(&self, bytes: &mut [u8]) {
        let mut script = lock(&self.script);
        match bytes {
            [character] => {
                *character = symbols::password_byte(script.next, script.place);
                script.place = (script.place + 1) % domain::password::LEN;
                script.next += u32::from(script.place == 0);
            }
            // A jitter, and none: renewal dates are spread elsewhere.
            [_, _, _, _, _, _, _, _] => bytes.fill(0),
            _ => {
                symbols::fill(script.next, bytes);
                script.next += 1;
            }
        }
        assert!(script.next < symbols::SYMBOLS, "a life draws more than expected");
    }
}

/// Throttling slows people down and changes nothing else. Without it everybody may do more.
struct Unthrottled;

#[async_trait]
impl ThrottleStore for Unthrottled {
    async fn apply(&self, _: &LaneKey, rule: &LaneRule) -> Result<Verdict, StoreError> {
        Ok(rule(None))
    }

    async fn find(&self, _: &LaneKey) -> Result<Option<LaneState>, StoreError> {
        Ok(None)
    }

    async fn clear(&self, _: &LaneKey) -> Result<(), StoreError> {
        Ok(())
    }
}

/// What is sealed says where it belongs, and opens there only; the plaintext stands at its end.
struct Labelled;

/// Bytes before the plaintext.
pub(crate) const LABEL: usize = 17;

impl Vault for Labelled {
    fn seal(&self, plaintext: &Secret, cell: Cell<'_>) -> Result<Sealed, VaultError> {
        let (column, PairOwner { pair, .. }) = match cell {
            Cell::Password(owner) => (1, owner),
            Cell::Totp(owner) => (2, owner),
            // Nobody in the model shows a note.
            Cell::Device(_) => return Ok(Sealed(vec![3])),
        };
        Ok(Sealed([&[column], &pair.as_bytes()[..], plaintext.expose()].concat()))
    }

    fn open(&self, sealed: &Sealed, cell: Cell<'_>) -> Result<Secret, VaultError> {
        let label = self.seal(&Secret::new(Vec::new()), cell)?;
        let plaintext = sealed.0.strip_prefix(label.0.as_slice()).ok_or(VaultError)?;
        Ok(Secret::new(plaintext.to_vec()))
    }

    /// Says which kind of row it is of and no more: nobody in the model writes to the store, and what
    /// stands in it must not depend on names that mean nothing.
    fn attest(&self, row: Row<'_>) -> Result<Seal, VaultError> {
        Ok(Seal([if matches!(row, Row::Ticket { .. }) { 1 } else { 2 }; Seal::BYTES]))
    }

    fn attests(&self, seal: &Seal, row: Row<'_>) -> bool {
        self.attest(row) == Ok(*seal)
    }
}

#[async_trait]
impl AccountStore for Desk {
    async fn register(&self, new: &NewRegistration, event: &AuditEvent) -> Result<Registration, StoreError> {
        self.call(self.memory.register(new, event)).await
    }

    async fn find_account(&self, username: &Username) -> Result<Option<Account>, StoreError> {
        self.call(self.memory.find_account(username)).await
    }

    async fn advance_ticket(
        &self,
        ticket: &TokenDigest,
        least: Stage,
        next: &NewTicket,
        now: DateTime<Utc>,
    ) -> Result<Option<Enrolment>, StoreError> {
        self.call(self.memory.advance_ticket(ticket, least, next, now)).await
    }

    async fn restore_ticket(
        &self,
        current: &TokenDigest,
        previous: &NewTicket,
        held: &Enrolment,
    ) -> Result<(), StoreError> {
        self.call(self.memory.restore_ticket(current, previous, held)).await
    }

    async fn set_password(
        &self,
        ticket: &TokenDigest,
        seal: &Seal,
        password: &Sealed,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        self.call(self.memory.set_password(ticket, seal, password, event)).await
    }

    async fn set_totp(
        &self,
        ticket: &TokenDigest,
        seal: &Seal,
        totp: &Sealed,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        self.call(self.memory.set_totp(ticket, seal, totp, event)).await
    }

    async fn take_ticket_try(
        &self,
        ticket: &TokenDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Enrolment>, StoreError> {
        self.call(self.memory.take_ticket_try(ticket, now)).await
    }

    async fn give_back_ticket_try(&self, ticket: &TokenDigest) -> Result<(), StoreError> {
        self.call(self.memory.give_back_ticket_try(ticket)).await
    }

    async fn activate(
        &self,
        activation: &Activation,
        event: &AuditEvent,
    ) -> Result<ActivationOutcome, StoreError> {
        self.call(self.memory.activate(activation, event)).await
    }

    async fn reissue_ticket(
        &self,
        pair: PairId,
        password: &Sealed,
        ticket: &NewTicket,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        self.call(self.memory.reissue_ticket(pair, password, ticket, event)).await
    }

    async fn open_session(
        &self,
        account: AccountId,
        pair: PairId,
        step: u64,
        session: &NewSession,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        self.call(self.memory.open_session(account, pair, step, session, event)).await
    }

    async fn begin_renewal(
        &self,
        account: AccountId,
        pair: PairId,
        step: u64,
        pending: &NewPending,
        by: Option<&TokenDigest>,
        event: &AuditEvent,
    ) -> Result<RenewalOutcome, StoreError> {
        self.call(self.memory.begin_renewal(account, pair, step, pending, by, event)).await
    }

    async fn replace_password(&self, pair: PairId, old: &Sealed, new: &Sealed) -> Result<bool, StoreError> {
        self.call(self.memory.replace_password(pair, old, new)).await
    }

    async fn find_session(&self, token: &TokenDigest) -> Result<Option<Session>, StoreError> {
        self.call(self.memory.find_session(token)).await
    }

    async fn find_session_by_forward(&self, forward: &TokenDigest) -> Result<Option<Session>, StoreError> {
        self.call(self.memory.find_session_by_forward(forward)).await
    }

    async fn touch_session(&self, token: &TokenDigest, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.call(self.memory.touch_session(token, now)).await
    }

    async fn take_session_try(&self, token: &TokenDigest) -> Result<Option<u8>, StoreError> {
        self.call(self.memory.take_session_try(token)).await
    }

    async fn give_back_session_try(&self, token: &TokenDigest) -> Result<(), StoreError> {
        self.call(self.memory.give_back_session_try(token)).await
    }

    async fn close_session(&self, token: &TokenDigest, event: &AuditEvent) -> Result<bool, StoreError> {
        self.call(self.memory.close_session(token, event)).await
    }

    /// Changes nothing, and no actor of the model asks for it.
    async fn list_sessions(
        &self,
        _: AccountId,
        _: DateTime<Utc>,
        _: DateTime<Utc>,
    ) -> Result<Vec<ListedSession>, StoreError> {
        Err(StoreError::Broken("the model lists no sessions".to_owned()))
    }

    async fn close_session_called(
        &self,
        by: &TokenDigest,
        handle: &SessionHandle,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        self.call(self.memory.close_session_called(by, handle, event)).await
    }

    async fn close_other_sessions(&self, by: &TokenDigest, event: &AuditEvent) -> Result<bool, StoreError> {
        self.call(self.memory.close_other_sessions(by, event)).await
    }

    async fn record(&self, event: &AuditEvent) -> Result<(), StoreError> {
        self.call(self.memory.record(event)).await
    }

    async fn purge(
        &self,
        now: DateTime<Utc>,
        idle_since: DateTime<Utc>,
        lanes_before: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.call(self.memory.purge(now, idle_since, lanes_before)).await
    }
}
