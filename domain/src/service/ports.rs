//! What the use cases need from the outside world. Each store method is one transaction (but
//! `purge`); each that guards single use is one atomic compare-and-set, never a check followed by
//! a write.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};

use crate::{
    agent::Agent,
    audit::AuditEvent,
    id::{AccountId, PairId},
    secret::Secret,
    throttle::{LaneKey, LaneState, Verdict},
    token::{SessionHandle, TokenDigest},
    username::Username,
};

/// The hour.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// A cryptographically secure random source.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`; never fails, never blocks for long.
    fn fill(&self, bytes: &mut [u8]);
}

/// A secret as the store keeps it: an authenticated ciphertext.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

/// Whose pair of secrets it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairOwner<'a> {
    /// The pair.
    pub pair: PairId,
    /// The account it belongs to.
    pub account: AccountId,
    /// The name of that account.
    pub username: &'a Username,
}

/// Where a sealed secret belongs and whose it is. All of it is associated data: whoever writes to the
/// database can neither move the secret, alone or with its pair, nor give its account another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// `credential_pairs.password`: an Argon2id PHC string.
    Password(PairOwner<'a>),
    /// `credential_pairs.totp`: 20 bytes of TOTP secret.
    Totp(PairOwner<'a>),
    /// No column: the note that a device keeps for one name ([`crate::device`]).
    Device(&'a Username),
}

/// A row that stands for a right, with everything that says whose right it is and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row<'a> {
    /// A ticket on a pending pair.
    Ticket {
        /// The ticket.
        digest: TokenDigest,
        /// When it lapses.
        expires_at: DateTime<Utc>,
        /// Whose enrolment it goes on with.
        owner: PairOwner<'a>,
    },
    /// An open session.
    Session {
        /// Its token.
        digest: TokenDigest,
        /// The token that only shows who is signed in.
        forward: TokenDigest,
        /// Whose it is.
        account: AccountId,
        /// The name of that account.
        username: &'a Username,
        /// When it was opened.
        created_at: DateTime<Utc>,
        /// When it ends at the latest.
        expires_at: DateTime<Utc>,
    },
}

/// Shows that a [`Row`] was written by somebody who holds the key ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal(pub [u8; Self::BYTES]);

impl Seal {
    /// The number of a key and a MAC of 32 bytes.
    pub const BYTES: usize = 4 + 32;
}

/// A value that does not open: tampered with, moved, or under a key we do not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open")]
pub struct VaultError;

/// Seals and opens secrets, bound to the cell they live in and to whom they belong, and attests rows.
pub trait Vault: Send + Sync {
    /// Seals `plaintext` for one cell.
    fn seal(&self, plaintext: &Secret, cell: Cell<'_>) -> Result<Sealed, VaultError>;
    /// Opens what was sealed for that very cell.
    fn open(&self, sealed: &Sealed, cell: Cell<'_>) -> Result<Secret, VaultError>;
    /// Seals a row. Instants count to the microsecond, which is what a store keeps.
    fn attest(&self, row: Row<'_>) -> Result<Seal, VaultError>;
    /// Whether `seal` is that very row's. A seal under a key we do not hold is nobody's.
    fn attests(&self, seal: &Seal, row: Row<'_>) -> bool;
}

/// Why a password was not hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The queue is full; come back in this many seconds.
    #[error("the password hashing queue is full")]
    Busy {
        /// Seconds to wait.
        retry_after: u32,
    },
    /// The stored hash is not a PHC string, or the computation failed.
    #[error("a password hash could not be computed")]
    Failed,
}

/// Argon2id on a bounded pool.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes with a fresh salt; the result is a PHC string.
    async fn hash(&self, password: Secret) -> Result<Secret, HashError>;
    /// Compares with a PHC string, in constant time.
    async fn verify(&self, password: Secret, phc: Secret) -> Result<bool, HashError>;
    /// Whether the PHC string was made with weaker parameters than today's.
    fn needs_rehash(&self, phc: &Secret) -> bool;
}

/// The database did not do what it was asked. Nothing was changed, unless the connection broke
/// during a commit: then nobody knows, and the caller was told nothing that it could rely on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Unreachable, overloaded, out of disk, read-only: another try may succeed.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A row that cannot be understood, or a statement that can never succeed.
    #[error("the database is broken: {0}")]
    Broken(String),
}

/// Who asked for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedBy {
    /// Its owner.
    Owner,
    /// An operator, for its owner.
    Invitation,
}

impl AskedBy {
    /// The stable name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "self",
            Self::Invitation => "invitation",
        }
    }
}

/// A registration to store: an account, its pending pair and the ticket on it.
#[derive(Clone, Debug)]
pub struct NewRegistration {
    /// Fresh identity of the account.
    pub account: AccountId,
    /// Its name.
    pub username: Username,
    /// Who asks for it.
    pub asked_by: AskedBy,
    /// When it is created.
    pub now: DateTime<Utc>,
    /// When the name is free again unless it was activated.
    pub lapses_at: DateTime<Utc>,
    /// The pending pair and its ticket.
    pub pending: NewPending,
}

/// A pending pair, still without secrets, and the only ticket that works on it.
#[derive(Clone, Copy, Debug)]
pub struct NewPending {
    /// Fresh identity of the pair.
    pub pair: PairId,
    /// The ticket.
    pub ticket: NewTicket,
}

/// A ticket to store.
#[derive(Clone, Copy, Debug)]
pub struct NewTicket {
    /// What the store keeps of it.
    pub digest: TokenDigest,
    /// When it lapses.
    pub expires_at: DateTime<Utc>,
    /// How many wrong codes it survives.
    pub tries: u8,
    /// The seal of [`Row::Ticket`]. `None` on the next ticket of an enrolment until it is known whose
    /// that is; such a ticket does not work yet.
    pub seal: Option<Seal>,
}

/// How far a pending pair has come; the least stage a ticket use requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Nothing issued yet.
    Registered,
    /// A password was issued.
    PasswordIssued,
    /// A TOTP secret was issued too.
    TotpIssued,
}

/// A pending pair found by its live ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// Whose it is.
    pub account: AccountId,
    /// The name.
    pub username: Username,
    /// The pending pair.
    pub pair: PairId,
    /// The password, once issued.
    pub password: Option<Sealed>,
    /// The TOTP secret, once issued.
    pub totp: Option<Sealed>,
    /// Wrong codes the ticket still survives.
    pub tries_left: u8,
    /// The ticket's end.
    pub expires_at: DateTime<Utc>,
    /// The ticket's seal, if it has one.
    pub seal: Option<Seal>,
    /// The registration's end, before the first activation. A ticket never outlives it.
    pub lapses_at: Option<DateTime<Utc>>,
    /// When the pair was begun.
    pub begun_at: DateTime<Utc>,
    /// Whether the account has an active pair, so that this enrolment is a renewal.
    pub renewal: bool,
}

impl Enrolment {
    /// Whose pair it is.
    #[must_use]
    pub const fn owner(&self) -> PairOwner<'_> {
        PairOwner { pair: self.pair, account: self.account, username: &self.username }
    }
}

/// A pair as sign-in needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Identity, part of the associated data.
    pub id: PairId,
    /// When it was begun.
    pub begun_at: DateTime<Utc>,
    /// The sealed PHC string, once issued.
    pub password: Option<Sealed>,
    /// The sealed TOTP secret, once issued.
    pub totp: Option<Sealed>,
}

/// An account as sign-in needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Identity.
    pub id: AccountId,
    /// The name.
    pub username: Username,
    /// The registration's end; `None` once activated.
    pub lapses_at: Option<DateTime<Utc>>,
    /// The last accepted TOTP time step.
    pub last_step: Option<u64>,
    /// The pair that opens sessions, with its end.
    pub active: Option<(Pair, DateTime<Utc>)>,
    /// The pair that is being enrolled.
    pub pending: Option<Pair>,
}

/// A session to store.
#[derive(Clone, Copy, Debug)]
pub struct NewSession {
    /// What the store keeps of the token.
    pub digest: TokenDigest,
    /// What the store keeps of the token that only shows who is signed in.
    pub forward: TokenDigest,
    /// When it is opened.
    pub now: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// How many wrong codes it survives when renewal is asked for.
    pub tries: u8,
    /// Where it is opened from.
    pub agent: Agent,
    /// How many sessions its account may have, this one included; at least one.
    pub at_most: u32,
    /// The seal of [`Row::Session`].
    pub seal: Seal,
}

/// A proved pair to put in place.
#[derive(Clone, Copy, Debug)]
pub struct Activation {
    /// The ticket, consumed here.
    pub ticket: TokenDigest,
    /// Whose.
    pub account: AccountId,
    /// The pending pair that becomes the active one.
    pub pair: PairId,
    /// The time step of the code, consumed here.
    pub step: u64,
    /// When the pair stops opening sessions.
    pub valid_until: DateTime<Utc>,
    /// The draw that made `valid_until`, kept with the pair.
    pub jitter: Duration,
    /// The session that proves it all.
    pub session: NewSession,
}

/// What became of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// The name is yours to enrol; an earlier, unclaimed or lapsed registration is gone.
    Stored,
    /// Somebody holds the name.
    Taken,
}

/// What became of an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivationOutcome {
    /// Done; all other sessions of the account are closed.
    Done,
    /// The ticket was consumed by somebody else, or it lapsed.
    TicketSpent,
    /// The time step, or a later one, was accepted before.
    StepUsed,
}

/// A session found by one of its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What the store keeps of the session token.
    pub digest: TokenDigest,
    /// What the store keeps of the token that only shows who is signed in, if there is one.
    pub forward: Option<TokenDigest>,
    /// The session's seal, if it has one.
    pub seal: Option<Seal>,
    /// Whose.
    pub account: AccountId,
    /// The name.
    pub username: Username,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// When the active pair stops opening sessions; the session ends then, too.
    pub valid_until: DateTime<Utc>,
    /// The active pair's identity.
    pub pair: PairId,
    /// The active pair's TOTP secret.
    pub totp: Sealed,
    /// The last accepted TOTP time step.
    pub last_step: Option<u64>,
    /// How many sessions the account has (rows, of which some may be over).
    pub sessions: u32,
}

impl Session {
    /// Whose the active pair is.
    #[must_use]
    pub const fn owner(&self) -> PairOwner<'_> {
        PairOwner { pair: self.pair, account: self.account, username: &self.username }
    }

    /// What the seal has to be of.
    #[must_use]
    pub const fn row(&self, forward: TokenDigest) -> Row<'_> {
        Row::Session {
            digest: self.digest,
            forward,
            account: self.account,
            username: &self.username,
            created_at: self.created_at,
            expires_at: self.expires_at,
        }
    }
}

/// An open session, as its owner's list has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedSession {
    /// What the store keeps of the session token.
    pub digest: TokenDigest,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// Where it was opened from; nothing known of a session that an older program opened.
    pub agent: Agent,
}

/// What became of a renewal's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewalOutcome {
    /// The pending pair and its ticket stand; an earlier pending pair is gone.
    Begun,
    /// The time step, or a later one, was accepted before.
    StepUsed,
    /// The session that asks was closed meanwhile.
    SessionOver,
}

/// Accounts, pairs, tickets and sessions.
///
/// Time steps are compared as `last_totp_step IS NULL OR last_totp_step < step`.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Stores a registration unless the name is held: by an activated account, or by a
    /// registration that has not lapsed and whose password was claimed. An invitation that has not
    /// lapsed holds its name from the start, but for another invitation, which takes its place.
    /// Of parallel calls for one name the last one's ticket works.
    async fn register(&self, new: &NewRegistration, event: &AuditEvent) -> Result<Registration, StoreError>;

    /// Finds an account with its pairs.
    async fn find_account(&self, username: &Username) -> Result<Option<Account>, StoreError>;

    /// Consumes a live ticket (not lapsed, tries left, its registration not lapsed) whose pair
    /// has reached `least`, and puts `next` in its place. `None` if there is none. The answer's
    /// `expires_at` and `tries_left` are those of the ticket that was used, so that it can be
    /// put back as it was.
    async fn advance_ticket(
        &self,
        ticket: &TokenDigest,
        least: Stage,
        next: &NewTicket,
        now: DateTime<Utc>,
    ) -> Result<Option<Enrolment>, StoreError>;

    /// Puts `previous` back in the place of `current`, and into the pair what `held` was found with:
    /// something newer may have been stored, and was shown to nobody.
    async fn restore_ticket(
        &self,
        current: &TokenDigest,
        previous: &NewTicket,
        held: &Enrolment,
    ) -> Result<(), StoreError>;

    /// Stores the password of the pair on which `ticket` stands, drops its TOTP secret, and seals the
    /// ticket. `false` if the ticket stands there no more.
    async fn set_password(
        &self,
        ticket: &TokenDigest,
        seal: &Seal,
        password: &Sealed,
        event: &AuditEvent,
    ) -> Result<bool, StoreError>;

    /// Stores the TOTP secret of the pair on which `ticket` stands, and seals the ticket. `false` if the
    /// ticket stands there no more, or if the pair has no password.
    async fn set_totp(
        &self,
        ticket: &TokenDigest,
        seal: &Seal,
        totp: &Sealed,
        event: &AuditEvent,
    ) -> Result<bool, StoreError>;

    /// Takes one of the tries of a live ticket whose TOTP secret was issued; the answer's
    /// `tries_left` no longer counts it. `None` if there is no such ticket or no try left.
    async fn take_ticket_try(
        &self,
        ticket: &TokenDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Enrolment>, StoreError>;

    /// Gives back a try that was taken and never judged, because of a fault of ours.
    async fn give_back_ticket_try(&self, ticket: &TokenDigest) -> Result<(), StoreError>;

    /// Consumes the ticket (even one whose last try this is) and the time step, drops the old
    /// active pair, puts the pending one in its place, closes all sessions and opens one.
    async fn activate(
        &self,
        activation: &Activation,
        event: &AuditEvent,
    ) -> Result<ActivationOutcome, StoreError>;

    /// Puts a fresh ticket on the pending pair of an account, voiding the one before, while it holds
    /// the `password` that was verified. `false` if that pair or that password is gone.
    async fn reissue_ticket(
        &self,
        pair: PairId,
        password: &Sealed,
        ticket: &NewTicket,
        event: &AuditEvent,
    ) -> Result<bool, StoreError>;

    /// Consumes the time step and opens a session. `false` if the step, or a later one, was
    /// accepted before, or if `pair` is no longer the active pair. Closes the sessions of the account
    /// that were unused for longest, where it would have more than `session.at_most`; an
    /// [`AuditKind::SessionDisplaced`](crate::audit::AuditKind) tells it.
    async fn open_session(
        &self,
        account: AccountId,
        pair: PairId,
        step: u64,
        session: &NewSession,
        event: &AuditEvent,
    ) -> Result<bool, StoreError>;

    /// Consumes the time step and begins a new pair beside the active one. With `by`, only while that is
    /// a session of the account. `StepUsed` also if `pair` is no longer the active pair.
    async fn begin_renewal(
        &self,
        account: AccountId,
        pair: PairId,
        step: u64,
        pending: &NewPending,
        by: Option<&TokenDigest>,
        event: &AuditEvent,
    ) -> Result<RenewalOutcome, StoreError>;

    /// Replaces a pair's password envelope if it still is `old`: a rehash, never a new password.
    async fn replace_password(&self, pair: PairId, old: &Sealed, new: &Sealed) -> Result<bool, StoreError>;

    /// Finds a session by its token, whether it is over or not, and whoever wrote it: its seal tells.
    async fn find_session(&self, token: &TokenDigest) -> Result<Option<Session>, StoreError>;

    /// Finds a session by its forward token, whether it is over or not.
    async fn find_session_by_forward(&self, forward: &TokenDigest) -> Result<Option<Session>, StoreError>;

    /// Notes that a session was used; never moves the note back in time.
    async fn touch_session(&self, token: &TokenDigest, now: DateTime<Utc>) -> Result<(), StoreError>;

    /// Takes one of the tries of a session; the tries left, `None` if there is no session or no
    /// try left.
    async fn take_session_try(&self, token: &TokenDigest) -> Result<Option<u8>, StoreError>;

    /// Gives back a try that was right, or that was never judged because of a fault of ours.
    async fn give_back_session_try(&self, token: &TokenDigest) -> Result<(), StoreError>;

    /// Closes a session. `false` if there was none.
    async fn close_session(&self, token: &TokenDigest, event: &AuditEvent) -> Result<bool, StoreError>;

    /// The sessions of an account that end after `now` and were used after `idle_since`, the one used
    /// last first.
    async fn list_sessions(
        &self,
        account: AccountId,
        now: DateTime<Utc>,
        idle_since: DateTime<Utc>,
    ) -> Result<Vec<ListedSession>, StoreError>;

    /// Closes the session called `handle`, if it belongs to the account whose session has the token
    /// `by`, and drops a renewal that was begun: by that session, perhaps. `false` if there is none
    /// there, and if `by` is no session.
    async fn close_session_called(
        &self,
        by: &TokenDigest,
        handle: &SessionHandle,
        event: &AuditEvent,
    ) -> Result<bool, StoreError>;

    /// Closes all sessions of the account whose session has the token `by`, but that one, and drops a
    /// renewal that was begun. `false` if there was neither, and if `by` is no session.
    async fn close_other_sessions(&self, by: &TokenDigest, event: &AuditEvent) -> Result<bool, StoreError>;

    /// Notes an event that changed nothing else.
    async fn record(&self, event: &AuditEvent) -> Result<(), StoreError>;

    /// Deletes lapsed registrations, sessions past their end or unused since `idle_since`, and
    /// throttle lanes whose `until` is before `lanes_before`, in batches of a transaction each.
    /// The number of rows deleted.
    async fn purge(
        &self,
        now: DateTime<Utc>,
        idle_since: DateTime<Utc>,
        lanes_before: DateTime<Utc>,
    ) -> Result<u64, StoreError>;
}

/// What a lane's rule makes of the lane as it stands: the pure half of a throttle.
pub type LaneRule = dyn Fn(Option<LaneState>) -> Verdict + Send + Sync;

/// Throttle lanes, shared by all replicas.
#[async_trait]
pub trait ThrottleStore: Send + Sync {
    /// Applies `rule` to the lane while nobody else can (`SELECT … FOR UPDATE` on an upserted
    /// row, or the one writer of SQLite) and keeps the state of an [`Verdict::Admit`]. A lane
    /// that was never used, or was cleared, comes to the rule as `None`.
    async fn apply(&self, lane: &LaneKey, rule: &LaneRule) -> Result<Verdict, StoreError>;
    /// The lane as it stands, without waiting for whoever changes it.
    async fn find(&self, lane: &LaneKey) -> Result<Option<LaneState>, StoreError>;
    /// Forgets the lane.
    async fn clear(&self, lane: &LaneKey) -> Result<(), StoreError>;
}
