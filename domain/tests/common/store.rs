//! An in-memory store, faithful to the ports' doc comments: one mutex, so that each method is one
//! transaction. Before each one another request may run, and any one may fail before or after
//! its effect, as a database does whose connection breaks.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    agent::Agent,
    audit::{AuditEvent, AuditKind},
    id::{AccountId, PairId},
    service::ports::{
        Account, AccountStore, Activation, ActivationOutcome, AskedBy, Enrolment, ListedSession, NewPending,
        NewRegistration, NewSession, NewTicket, Pair, Registration, RenewalOutcome, Seal, Sealed, Session,
        Stage, StoreError, ThrottleStore,
    },
    service::ports::{LaneRule, Stage::PasswordIssued, Stage::Registered, Stage::TotpIssued},
    throttle::{LaneKey, LaneState, Verdict},
    token::{SessionHandle, TokenDigest},
    username::Username,
};

/// What goes wrong with one call of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The transaction never reached the database.
    Before,
    /// The transaction was committed and the answer was lost.
    After,
}

/// A store that breaks a promise, to show that whoever checks finds out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// A consumed ticket goes on working.
    TicketTwice,
    /// A time step is accepted however often it comes.
    StepReused,
    /// A renewal's beginning drops the active pair.
    BreakBeforeMake,
    /// Activation leaves the other sessions open.
    SessionsKept,
    /// A wrong code costs a ticket nothing.
    TriesForFree,
    /// Activation does not look once more whether its ticket still stands.
    TicketUnchecked,
    /// A session is opened although the pair was replaced meanwhile.
    PairUnchecked,
}

/// Every row.
#[derive(Clone, Default)]
pub(crate) struct State {
    pub(crate) accounts: BTreeMap<Username, Row>,
    pub(crate) sessions: BTreeMap<[u8; 32], SessionRow>,
    pub(crate) lanes: BTreeMap<[u8; 32], LaneState>,
    /// Only a store with [`Defect::TicketTwice`] looks here.
    consumed: BTreeMap<[u8; 32], (PairId, NewTicket)>,
    events: Vec<AuditEvent>,
}

#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) id: AccountId,
    asked_by: AskedBy,
    pub(crate) lapses_at: Option<DateTime<Utc>>,
    pub(crate) last_step: Option<u64>,
    pub(crate) active: Option<(Pair, DateTime<Utc>)>,
    pub(crate) pending: Option<PendingRow>,
}

#[derive(Clone)]
pub(crate) struct PendingRow {
    pub(crate) pair: Pair,
    pub(crate) ticket: NewTicket,
}

#[derive(Clone)]
pub(crate) struct SessionRow {
    pub(crate) forward: TokenDigest,
    pub(crate) account: AccountId,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_seen_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) tries: u8,
    pub(crate) agent: Agent,
    pub(crate) seal: Seal,
}

impl PendingRow {
    fn new(pending: &NewPending, begun_at: DateTime<Utc>) -> Self {
        let pair = Pair { id: pending.pair, begun_at, password: None, totp: None };
        Self { pair, ticket: pending.ticket }
    }

    pub(crate) fn stage(&self) -> Stage {
        match (&self.pair.password, &self.pair.totp) {
            (Some(_), Some(_)) => TotpIssued,
            (Some(_), None) => PasswordIssued,
            (None, _) => Registered,
        }
    }
}

impl Row {
    fn holds_its_name_against(&self, new: &NewRegistration) -> bool {
        let claimed = self.pending.as_ref().is_some_and(|p| p.pair.password.is_some());
        let invited = self.asked_by == AskedBy::Invitation && new.asked_by == AskedBy::Owner;
        self.lapses_at.is_none_or(|lapses| new.now < lapses && (claimed || invited))
    }

    /// The compare-and-set of a time step.
    fn take_step(&mut self, step: u64, reuse: bool) -> bool {
        let fresh = self.last_step.is_none_or(|last| last < step) || reuse;
        if fresh {
            self.last_step = Some(step);
        }
        fresh
    }

    fn is_active_pair(&self, pair: PairId) -> bool {
        self.active.as_ref().is_some_and(|(active, _)| active.id == pair)
    }

    /// The pending pair on which `ticket` stands, if the ticket lives.
    fn live(&mut self, ticket: &TokenDigest, now: DateTime<Utc>) -> Option<&mut PendingRow> {
        if self.lapses_at.is_some_and(|lapses| lapses <= now) {
            return None;
        }
        let pending = self.pending.as_mut()?;
        let t = &pending.ticket;
        (t.digest == *ticket && now < t.expires_at && t.tries > 0).then_some(pending)
    }

    fn enrolment(&self, username: &Username, ticket: &NewTicket) -> Option<Enrolment> {
        let pending = self.pending.as_ref()?;
        Some(Enrolment {
            account: self.id,
            username: username.clone(),
            pair: pending.pair.id,
            password: pending.pair.password.clone(),
            totp: pending.pair.totp.clone(),
            tries_left: ticket.tries,
            expires_at: ticket.expires_at,
            seal: ticket.seal,
            lapses_at: self.lapses_at,
            begun_at: pending.pair.begun_at,
            renewal: self.active.is_some(),
        })
    }
}

impl State {
    fn by_id(&mut self, id: AccountId) -> Option<&mut Row> {
        self.accounts.values_mut().find(|row| row.id == id)
    }

    fn pending_of(&mut self, matches: impl Fn(&PendingRow) -> bool) -> Option<&mut PendingRow> {
        self.accounts.values_mut().filter_map(|row| row.pending.as_mut()).find(|pending| matches(pending))
    }

    /// Closes the sessions that were unused for longest, so that there is room for one more.
    fn displace(&mut self, account: AccountId, new: &NewSession) {
        let mut open: Vec<_> =
            self.sessions.iter().filter(|(_, session)| session.account == account).collect();
        open.sort_by_key(|(token, session)| (session.last_seen_at, session.created_at, **token));
        let room = usize::try_from(new.at_most).unwrap() - 1;
        let gone: Vec<_> =
            open.iter().take(open.len().saturating_sub(room)).map(|(token, _)| **token).collect();
        for token in &gone {
            self.sessions.remove(token);
        }
        if !gone.is_empty() {
            self.events.push(AuditEvent { at: new.now, account, kind: AuditKind::SessionDisplaced });
        }
    }

    fn open(&mut self, account: AccountId, new: &NewSession) {
        let row = SessionRow {
            forward: new.forward,
            account,
            created_at: new.now,
            last_seen_at: new.now,
            expires_at: new.expires_at,
            tries: new.tries,
            agent: new.agent,
            seal: new.seal,
        };
        self.sessions.insert(*new.digest.as_bytes(), row);
    }
}

pub(crate) struct Memory {
    state: Mutex<State>,
    defect: Option<Defect>,
    /// The calls that still work, and what then happens to one.
    fault: Mutex<Option<(u32, Fault)>>,
}

impl Memory {
    pub(crate) fn new(defect: Option<Defect>) -> Self {
        Self { state: Mutex::default(), defect, fault: Mutex::default() }
    }

    /// The same rows, without the faults that lie ahead.
    pub(crate) fn fork(&self) -> Self {
        let fork = Self::new(self.defect);
        fork.restore(self.snapshot());
        fork
    }

    /// The rows as they are.
    pub(crate) fn snapshot(&self) -> State {
        lock(&self.state).clone()
    }

    /// Puts other rows in place of what is stored.
    pub(crate) fn restore(&self, state: State) {
        *lock(&self.state) = state;
    }

    /// Lets `calls` calls work and then one fail; `None` disarms. Whether a fault was still armed.
    pub(crate) fn arm(&self, fault: Option<(u32, Fault)>) -> bool {
        std::mem::replace(&mut *lock(&self.fault), fault).is_some()
    }

    pub(crate) fn take_events(&self) -> Vec<AuditEvent> {
        std::mem::take(&mut lock(&self.state).events)
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// Closes the sessions for which `which` holds, of the account whose session `by` is.
    async fn close_beside(
        &self,
        by: &TokenDigest,
        event: &AuditEvent,
        which: impl Fn(&TokenDigest) -> bool,
    ) -> Result<bool, StoreError> {
        self.transaction(|state| {
            let Some(account) = state.sessions.get(by.as_bytes()).map(|session| session.account) else {
                return false;
            };
            let before = state.sessions.len();
            state.sessions.retain(|token, session| {
                session.account != account || !which(&TokenDigest::from_bytes(*token))
            });
            let closed = state.sessions.len() < before;
            let renewal = state.by_id(account).and_then(|row| row.pending.as_mut());
            let drops = closed || (event.kind == AuditKind::OtherSessionsClosed && renewal.is_some());
            if drops {
                if let Some(row) = state.by_id(account) {
                    row.pending = None;
                }
                state.events.push(*event);
            }
            drops
        })
        .await
    }

    async fn transaction<T>(&self, work: impl FnOnce(&mut State) -> T) -> Result<T, StoreError> {
        SomebodyElse { went: false }.await;
        let fault = {
            let mut armed = lock(&self.fault);
            match *armed {
                Some((0, fault)) => {
                    *armed = None;
                    Some(fault)
                }
                Some((calls, fault)) => {
                    *armed = Some((calls - 1, fault));
                    None
                }
                None => None,
            }
        };
        let broken = || StoreError::Unavailable("the test pulled the plug".to_owned());
        if fault == Some(Fault::Before) {
            return Err(broken());
        }
        let result = work(&mut lock(&self.state));
        if fault == Some(Fault::After) { Err(broken()) } else { Ok(result) }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets whoever polls choose another request to go on with.
struct SomebodyElse {
    went: bool,
}

impl Future for SomebodyElse {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.went, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

#[async_trait]
impl AccountStore for Memory {
    async fn register(&self, new: &NewRegistration, event: &AuditEvent) -> Result<Registration, StoreError> {
        self.transaction(|state| {
            if state.accounts.get(&new.username).is_some_and(|row| row.holds_its_name_against(new)) {
                return Registration::Taken;
            }
            let row = Row {
                id: new.account,
                asked_by: new.asked_by,
                lapses_at: Some(new.lapses_at),
                last_step: None,
                active: None,
                pending: Some(PendingRow::new(&new.pending, new.now)),
            };
            state.accounts.insert(new.username.clone(), row);
            state.events.push(*event);
            Registration::Stored
        })
        .await
    }

    async fn find_account(&self, username: &Username) -> Result<Option<Account>, StoreError> {
        self.transaction(|state| {
            state.accounts.get(username).map(|row| Account {
                id: row.id,
                username: username.clone(),
                lapses_at: row.lapses_at,
                last_step: row.last_step,
                active: row.active.clone(),
                pending: row.pending.as_ref().map(|pending| pending.pair.clone()),
            })
        })
        .await
    }

    async fn advance_ticket(
        &self,
        ticket: &TokenDigest,
        least: Stage,
        next: &NewTicket,
        now: DateTime<Utc>,
    ) -> Result<Option<Enrolment>, StoreError> {
        self.transaction(|state| {
            if self.has(Defect::TicketTwice)
                && let Some((pair, used)) = state.consumed.get(ticket.as_bytes()).copied()
                && let Some(pending) = state.pending_of(|p| p.pair.id == pair)
            {
                pending.ticket = NewTicket { tries: pending.ticket.tries, ..used };
            }
            for (username, row) in &mut state.accounts {
                let Some(pending) = row.live(ticket, now).filter(|p| p.stage() >= least) else { continue };
                let used = std::mem::replace(&mut pending.ticket, *next);
                state.consumed.insert(*ticket.as_bytes(), (pending.pair.id, used));
                return row.enrolment(username, &used);
            }
            None
        })
        .await
    }

    async fn restore_ticket(
        &self,
        current: &TokenDigest,
        previous: &NewTicket,
        held: &Enrolment,
    ) -> Result<(), StoreError> {
        self.transaction(|state| {
            if let Some(pending) = state.pending_of(|p| p.ticket.digest == *current) {
                pending.ticket = *previous;
                pending.pair.password.clone_from(&held.password);
                pending.pair.totp.clone_from(&held.totp);
            }
        })
        .await
    }

    async fn set_password(
        &self,
        ticket: &TokenDigest,
        seal: &Seal,
        password: &Sealed,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        self.transaction(|state| {
            let Some(pending) = state.pending_of(|p| p.ticket.digest == *ticket) else { return false };
            pending.pair.password = Some(password.clone());
            pending.ticket.seal = Some(*seal);
            pending.pair.totp = None;
            state.events.push(*event);
            true
        })
        .await
    }

    async fn set_totp(
        &self,
        ticket: &TokenDigest,
        seal: &Seal,
        totp: &Sealed,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        self.transaction(|state| {
            let found = state.pending_of(|p| p.ticket.digest == *ticket && p.stage() >= PasswordIssued);
            let Some(pending) = found else { return false };
            pending.pair.totp = Some(totp.clone());
            pending.ticket.seal = Some(*seal);
            state.events.push(*event);
            true
        })
        .await
    }

    async fn take_ticket_try(
        &self,
        ticket: &TokenDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Enrolment>, StoreError> {
        let cost = u8::from(!self.has(Defect::TriesForFree));
        self.transaction(|state| {
            for (username, row) in &mut state.accounts {
                let Some(pending) = row.live(ticket, now).filter(|p| p.stage() == TotpIssued) else {
                    continue;
                };
                pending.ticket.tries -= cost;
                let ticket = pending.ticket;
                return row.enrolment(username, &ticket);
            }
            None
        })
        .await
    }

    async fn give_back_ticket_try(&self, ticket: &TokenDigest) -> Result<(), StoreError> {
        self.transaction(|state| {
            if let Some(pending) = state.pending_of(|p| p.ticket.digest == *ticket) {
                pending.ticket.tries += 1;
            }
        })
        .await
    }

    async fn activate(
        &self,
        activation: &Activation,
        event: &AuditEvent,
    ) -> Result<ActivationOutcome, StoreError> {
        self.transaction(|state| {
            let now = activation.session.now;
            let Some(row) = state.by_id(activation.account) else { return ActivationOutcome::TicketSpent };
            let lapsed = row.lapses_at.is_some_and(|lapses| lapses <= now);
            let unchecked = self.has(Defect::TicketUnchecked) && row.pending.is_some();
            let stands = row.pending.as_ref().is_some_and(|pending| {
                pending.pair.id == activation.pair
                    && pending.ticket.digest == activation.ticket
                    && now < pending.ticket.expires_at
            });
            if lapsed || !(stands || unchecked) {
                return ActivationOutcome::TicketSpent;
            }
            if !row.take_step(activation.step, self.has(Defect::StepReused)) {
                return ActivationOutcome::StepUsed;
            }
            row.active = row.pending.take().map(|pending| (pending.pair, activation.valid_until));
            row.lapses_at = None;
            if !self.has(Defect::SessionsKept) {
                state.sessions.retain(|_, session| session.account != activation.account);
            }
            state.open(activation.account, &activation.session);
            state.events.push(*event);
            ActivationOutcome::Done
        })
        .await
    }

    async fn reissue_ticket(
        &self,
        pair: PairId,
        password: &Sealed,
        ticket: &NewTicket,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        self.transaction(|state| {
            let held = state.pending_of(|p| p.pair.id == pair && p.pair.password.as_ref() == Some(password));
            let Some(pending) = held else { return false };
            pending.ticket = *ticket;
            state.events.push(*event);
            true
        })
        .await
    }

    async fn open_session(
        &self,
        account: AccountId,
        pair: PairId,
        step: u64,
        session: &NewSession,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        self.transaction(|state| {
            let Some(row) = state.by_id(account) else { return false };
            let stands = row.is_active_pair(pair) || self.has(Defect::PairUnchecked);
            if !stands || !row.take_step(step, self.has(Defect::StepReused)) {
                return false;
            }
            state.displace(account, session);
            state.open(account, session);
            state.events.push(*event);
            true
        })
        .await
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
        self.transaction(|state| {
            if by.is_some_and(|by| !state.sessions.contains_key(by.as_bytes())) {
                return RenewalOutcome::SessionOver;
            }
            let Some(row) = state.by_id(account) else { return RenewalOutcome::StepUsed };
            if !row.is_active_pair(pair) || !row.take_step(step, self.has(Defect::StepReused)) {
                return RenewalOutcome::StepUsed;
            }
            row.pending = Some(PendingRow::new(pending, event.at));
            if self.has(Defect::BreakBeforeMake) {
                row.active = None;
            }
            state.events.push(*event);
            RenewalOutcome::Begun
        })
        .await
    }

    async fn replace_password(&self, pair: PairId, old: &Sealed, new: &Sealed) -> Result<bool, StoreError> {
        self.transaction(|state| {
            let pairs = state.accounts.values_mut().flat_map(|row| {
                let active = row.active.as_mut().map(|(pair, _)| pair);
                active.into_iter().chain(row.pending.as_mut().map(|pending| &mut pending.pair))
            });
            let mut found = pairs.filter(|p| p.id == pair && p.password.as_ref() == Some(old));
            let Some(pair) = found.next() else { return false };
            pair.password = Some(new.clone());
            true
        })
        .await
    }

    async fn find_session(&self, token: &TokenDigest) -> Result<Option<Session>, StoreError> {
        self.transaction(|state| {
            let session = state.sessions.get(token.as_bytes())?;
            let sessions = state.sessions.values().filter(|s| s.account == session.account).count();
            let (username, row) = state.accounts.iter().find(|(_, row)| row.id == session.account)?;
            let (pair, valid_until) = row.active.as_ref()?;
            Some(Session {
                digest: *token,
                forward: Some(session.forward),
                seal: Some(session.seal),
                account: session.account,
                username: username.clone(),
                created_at: session.created_at,
                last_seen_at: session.last_seen_at,
                expires_at: session.expires_at,
                valid_until: *valid_until,
                pair: pair.id,
                totp: pair.totp.clone()?,
                last_step: row.last_step,
                sessions: u32::try_from(sessions).unwrap(),
            })
        })
        .await
    }

    async fn find_session_by_forward(&self, forward: &TokenDigest) -> Result<Option<Session>, StoreError> {
        let token = lock(&self.state).sessions.iter().find(|(_, s)| s.forward == *forward).map(|(t, _)| *t);
        match token {
            Some(token) => self.find_session(&TokenDigest::from_bytes(token)).await,
            None => Ok(None),
        }
    }

    async fn touch_session(&self, token: &TokenDigest, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.transaction(|state| {
            if let Some(session) = state.sessions.get_mut(token.as_bytes()) {
                session.last_seen_at = session.last_seen_at.max(now);
            }
        })
        .await
    }

    async fn take_session_try(&self, token: &TokenDigest) -> Result<Option<u8>, StoreError> {
        self.transaction(|state| {
            let session = state.sessions.get_mut(token.as_bytes())?;
            session.tries = session.tries.checked_sub(1)?;
            Some(session.tries)
        })
        .await
    }

    async fn give_back_session_try(&self, token: &TokenDigest) -> Result<(), StoreError> {
        self.transaction(|state| {
            if let Some(session) = state.sessions.get_mut(token.as_bytes()) {
                session.tries += 1;
            }
        })
        .await
    }

    async fn close_session(&self, token: &TokenDigest, event: &AuditEvent) -> Result<bool, StoreError> {
        self.transaction(|state| {
            let closed = state.sessions.remove(token.as_bytes()).is_some();
            if closed {
                state.events.push(*event);
            }
            closed
        })
        .await
    }

    async fn list_sessions(
        &self,
        account: AccountId,
        now: DateTime<Utc>,
        idle_since: DateTime<Utc>,
    ) -> Result<Vec<ListedSession>, StoreError> {
        self.transaction(|state| {
            let live = |session: &SessionRow| now < session.expires_at && idle_since < session.last_seen_at;
            let mut listed: Vec<_> = (state.sessions.iter())
                .filter(|(_, session)| session.account == account && live(session))
                .map(|(token, session)| ListedSession {
                    digest: TokenDigest::from_bytes(*token),
                    created_at: session.created_at,
                    last_seen_at: session.last_seen_at,
                    expires_at: session.expires_at,
                    agent: session.agent,
                })
                .collect();
            listed.sort_by_key(|session| std::cmp::Reverse((session.last_seen_at, session.created_at)));
            listed
        })
        .await
    }

    async fn close_session_called(
        &self,
        by: &TokenDigest,
        handle: &SessionHandle,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        self.close_beside(by, event, |token| SessionHandle::of(token) == *handle).await
    }

    async fn close_other_sessions(&self, by: &TokenDigest, event: &AuditEvent) -> Result<bool, StoreError> {
        self.close_beside(by, event, |token| token != by).await
    }

    async fn record(&self, event: &AuditEvent) -> Result<(), StoreError> {
        self.transaction(|state| state.events.push(*event)).await
    }

    async fn purge(
        &self,
        now: DateTime<Utc>,
        idle_since: DateTime<Utc>,
        lanes_before: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.transaction(|state| {
            let rows = |s: &State| s.accounts.len() + s.sessions.len() + s.lanes.len();
            let before = rows(state);
            state.accounts.retain(|_, row| row.lapses_at.is_none_or(|lapses| now < lapses));
            state.sessions.retain(|_, s| now < s.expires_at && idle_since < s.last_seen_at);
            state.lanes.retain(|_, lane| lanes_before <= lane.until);
            u64::try_from(before - rows(state)).unwrap()
        })
        .await
    }
}

#[async_trait]
impl ThrottleStore for Memory {
    async fn apply(&self, lane: &LaneKey, rule: &LaneRule) -> Result<Verdict, StoreError> {
        self.transaction(|state| {
            let verdict = rule(state.lanes.get(lane.as_bytes()).copied());
            if let Verdict::Admit(kept) = verdict {
                state.lanes.insert(*lane.as_bytes(), kept);
            }
            verdict
        })
        .await
    }

    async fn find(&self, lane: &LaneKey) -> Result<Option<LaneState>, StoreError> {
        self.transaction(|state| state.lanes.get(lane.as_bytes()).copied()).await
    }

    async fn clear(&self, lane: &LaneKey) -> Result<(), StoreError> {
        self.transaction(|state| {
            state.lanes.remove(lane.as_bytes());
        })
        .await
    }
}
