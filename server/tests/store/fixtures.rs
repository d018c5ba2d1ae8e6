//! Values that tests need, and accounts brought as far as a test wants them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Duration, Utc};
use domain::{
    agent::Agent,
    audit::{AuditEvent, AuditKind},
    id::{AccountId, PairId},
    service::ports::{
        Account, Activation, ActivationOutcome, AskedBy, NewPending, NewRegistration, NewSession, NewTicket,
        Registration, RenewalOutcome, Seal, Sealed, Stage,
    },
    token::TokenDigest,
    username::Username,
};
use server::store::Store;
use tokio::sync::Barrier;

/// The time step that the first activation of a fixture consumes.
pub(crate) const FIRST_STEP: u64 = 1_000;

/// The hour of every test.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-01-15T12:00:00.123456Z".parse().unwrap()
}

/// When a fixture's registration lapses.
pub(crate) fn lapse() -> DateTime<Utc> {
    now() + Duration::hours(24)
}

/// When a fixture's ticket lapses.
pub(crate) fn ticket_end() -> DateTime<Utc> {
    now() + Duration::minutes(10)
}

/// The smallest step of time that a store knows.
pub(crate) fn instant() -> Duration {
    Duration::microseconds(1)
}

/// Bytes that no other call answers.
fn fresh<const N: usize>() -> [u8; N] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [0; N];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    bytes
}

pub(crate) fn digest() -> TokenDigest {
    TokenDigest::from_bytes(fresh())
}

pub(crate) fn account_id() -> AccountId {
    AccountId::from_bytes(fresh())
}

pub(crate) fn pair_id() -> PairId {
    PairId::from_bytes(fresh())
}

pub(crate) fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

pub(crate) fn sealed(text: &str) -> Sealed {
    Sealed(text.as_bytes().to_vec())
}

/// A seal that no other row has.
pub(crate) fn seal() -> Seal {
    Seal(fresh())
}

/// A fresh ticket with five tries.
pub(crate) fn ticket() -> NewTicket {
    NewTicket { digest: digest(), expires_at: ticket_end(), tries: 5, seal: Some(seal()) }
}

pub(crate) fn pending() -> NewPending {
    NewPending { pair: pair_id(), ticket: ticket() }
}

pub(crate) fn session() -> NewSession {
    NewSession {
        digest: digest(),
        forward: digest(),
        now: now(),
        expires_at: now() + Duration::hours(12),
        tries: 5,
        agent: Agent::default(),
        at_most: 20,
        seal: seal(),
    }
}

pub(crate) fn event(kind: AuditKind, account: AccountId) -> AuditEvent {
    AuditEvent { at: now(), account, kind }
}

pub(crate) fn registration(username: &str) -> NewRegistration {
    NewRegistration {
        account: account_id(),
        username: name(username),
        asked_by: AskedBy::Owner,
        now: now(),
        lapses_at: lapse(),
        pending: pending(),
    }
}

pub(crate) fn invitation(username: &str) -> NewRegistration {
    NewRegistration { asked_by: AskedBy::Invitation, ..registration(username) }
}

/// An account under way: its current ticket works on its pending pair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Enrolling {
    pub(crate) account: AccountId,
    pub(crate) pair: PairId,
    pub(crate) ticket: TokenDigest,
}

impl Enrolling {
    pub(crate) fn event(self, kind: AuditKind) -> AuditEvent {
        event(kind, self.account)
    }

    /// The activation that puts this pair in place.
    pub(crate) fn activation(self, step: u64) -> Activation {
        Activation {
            ticket: self.ticket,
            account: self.account,
            pair: self.pair,
            step,
            valid_until: now() + Duration::days(180),
            jitter: Duration::hours(36),
            session: session(),
        }
    }
}

/// An account with an active pair and one session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Active {
    pub(crate) account: AccountId,
    pub(crate) pair: PairId,
    pub(crate) session: TokenDigest,
}

impl Active {
    pub(crate) fn event(self, kind: AuditKind) -> AuditEvent {
        event(kind, self.account)
    }
}

pub(crate) async fn register(store: &dyn Store, new: &NewRegistration) -> Registration {
    store.register(new, &event(AuditKind::Registered, new.account)).await.unwrap()
}

pub(crate) async fn registered(store: &dyn Store, username: &str) -> Enrolling {
    let new = registration(username);
    assert_eq!(register(store, &new).await, Registration::Stored);
    Enrolling { account: new.account, pair: new.pending.pair, ticket: new.pending.ticket.digest }
}

pub(crate) async fn with_password(store: &dyn Store, username: &str) -> Enrolling {
    let enrolling = registered(store, username).await;
    issue_password(store, enrolling).await
}

pub(crate) async fn with_totp(store: &dyn Store, username: &str) -> Enrolling {
    let enrolling = with_password(store, username).await;
    issue_totp(store, enrolling).await
}

pub(crate) async fn active(store: &dyn Store, username: &str) -> Active {
    let enrolling = with_totp(store, username).await;
    activate(store, enrolling, FIRST_STEP).await
}

/// An active account whose next pair is ready to be proved; `step` is consumed to begin it.
pub(crate) async fn renewing(store: &dyn Store, active: Active, step: u64) -> Enrolling {
    let pending = pending();
    let event = active.event(AuditKind::RenewalStarted);
    let outcome =
        store.begin_renewal(active.account, active.pair, step, &pending, None, &event).await.unwrap();
    assert_eq!(outcome, RenewalOutcome::Begun);
    let begun = Enrolling { account: active.account, pair: pending.pair, ticket: pending.ticket.digest };
    let issued = issue_password(store, begun).await;
    issue_totp(store, issued).await
}

pub(crate) async fn issue_password(store: &dyn Store, enrolling: Enrolling) -> Enrolling {
    let next = advance(store, enrolling, Stage::Registered).await;
    let event = next.event(AuditKind::PasswordIssued);
    assert!(store.set_password(&next.ticket, &seal(), &sealed("password"), &event).await.unwrap());
    next
}

pub(crate) async fn issue_totp(store: &dyn Store, enrolling: Enrolling) -> Enrolling {
    let next = advance(store, enrolling, Stage::PasswordIssued).await;
    assert!(
        store
            .set_totp(&next.ticket, &seal(), &sealed("totp"), &next.event(AuditKind::TotpIssued))
            .await
            .unwrap()
    );
    next
}

pub(crate) async fn advance(store: &dyn Store, enrolling: Enrolling, least: Stage) -> Enrolling {
    let next = ticket();
    assert!(store.advance_ticket(&enrolling.ticket, least, &next, now()).await.unwrap().is_some());
    Enrolling { ticket: next.digest, ..enrolling }
}

pub(crate) async fn activate(store: &dyn Store, enrolling: Enrolling, step: u64) -> Active {
    let activation = enrolling.activation(step);
    let outcome = store.activate(&activation, &enrolling.event(AuditKind::Activated)).await.unwrap();
    assert_eq!(outcome, ActivationOutcome::Done);
    Active { account: enrolling.account, pair: enrolling.pair, session: activation.session.digest }
}

pub(crate) async fn find(store: &dyn Store, username: &str) -> Account {
    store.find_account(&name(username)).await.unwrap().unwrap()
}

/// Runs `count` calls that all start at once, by turns on each of `stores`, and answers theirs.
pub(crate) async fn at_once<T, F>(
    stores: &[Arc<dyn Store>],
    count: usize,
    call: impl Fn(Arc<dyn Store>) -> F,
) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let tasks: Vec<_> = (stores.iter().cycle().take(count))
        .map(|store| {
            let (call, barrier) = (call(Arc::clone(store)), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                call.await
            })
        })
        .collect();
    let mut answers = Vec::with_capacity(count);
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}
