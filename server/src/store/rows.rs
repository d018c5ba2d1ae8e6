//! Rows as both backends select them, and what they mean. The column names are the fields'.

use domain::{
    agent::Agent,
    id::{AccountId, PairId},
    service::ports::{Account, Enrolment, ListedSession, Pair, Seal, Sealed, Session},
    throttle::LaneState,
    token::TokenDigest,
    trail::{Entry, Head, Link, PseudonymKey, Subject},
    username::Username,
};

use super::{Ends, Fault, KeyFingerprint, Person, SealedPair, stamp::Stamp};

/// A pending pair with its account, found by its ticket.
#[derive(sqlx::FromRow)]
pub(super) struct EnrolmentRow {
    account_id: Vec<u8>,
    username: String,
    pair_id: Vec<u8>,
    password: Option<Vec<u8>>,
    totp: Option<Vec<u8>>,
    ticket_tries: i64,
    ticket_expires_at: Stamp,
    ticket_seal: Option<Vec<u8>>,
    lapses_at: Option<Stamp>,
    begun_at: Stamp,
    renewal: bool,
}

impl TryFrom<EnrolmentRow> for Enrolment {
    type Error = Fault;

    fn try_from(row: EnrolmentRow) -> Result<Self, Fault> {
        Ok(Self {
            account: account_id(row.account_id)?,
            username: username(&row.username)?,
            pair: pair_id(row.pair_id)?,
            password: row.password.map(Sealed),
            totp: row.totp.map(Sealed),
            tries_left: tries(row.ticket_tries)?,
            expires_at: row.ticket_expires_at.into(),
            seal: seal(row.ticket_seal),
            lapses_at: row.lapses_at.map(Into::into),
            begun_at: row.begun_at.into(),
            renewal: row.renewal,
        })
    }
}

/// The sealed values of a pair.
#[derive(sqlx::FromRow)]
pub(super) struct SealedRow {
    id: Vec<u8>,
    account_id: Vec<u8>,
    username: String,
    password: Vec<u8>,
    totp: Option<Vec<u8>>,
}

impl TryFrom<SealedRow> for SealedPair {
    type Error = Fault;

    fn try_from(row: SealedRow) -> Result<Self, Fault> {
        Ok(Self {
            id: pair_id(row.id)?,
            account: account_id(row.account_id)?,
            username: username(&row.username)?,
            password: Sealed(row.password),
            totp: row.totp.map(Sealed),
        })
    }
}

/// An identity that no account has: those are random.
pub(super) const NOBODY: [u8; 16] = [0; 16];

/// An account with both its pairs, of which either may be missing, and so may the account.
#[derive(sqlx::FromRow)]
pub(super) struct AccountRow {
    account_id: Option<Vec<u8>>,
    username: String,
    lapses_at: Option<Stamp>,
    last_totp_step: Option<i64>,
    active_id: Option<Vec<u8>>,
    active_since: Option<Stamp>,
    active_password: Option<Vec<u8>>,
    active_totp: Option<Vec<u8>>,
    active_until: Option<Stamp>,
    pending_id: Option<Vec<u8>>,
    pending_since: Option<Stamp>,
    pending_password: Option<Vec<u8>>,
    pending_totp: Option<Vec<u8>>,
}

impl AccountRow {
    /// The account, if there is one. What can be read is read before that is looked at.
    pub(super) fn account(self) -> Result<Option<Account>, Fault> {
        let active = pair(self.active_id.zip(self.active_since), self.active_password, self.active_totp)?;
        let active = active.zip(self.active_until.map(Into::into));
        let pending =
            pair(self.pending_id.zip(self.pending_since), self.pending_password, self.pending_totp)?;
        let username = username(&self.username)?;
        let last_step = self.last_totp_step.map(step).transpose()?;
        let lapses_at = self.lapses_at.map(Into::into);
        let id = self.account_id.map(account_id).transpose()?;
        Ok(id.map(|id| Account { id, username, lapses_at, last_step, active, pending }))
    }
}

/// A session with its account and the active pair.
#[derive(sqlx::FromRow)]
pub(super) struct SessionRow {
    token_digest: Vec<u8>,
    forward_digest: Option<Vec<u8>>,
    seal: Option<Vec<u8>>,
    account_id: Vec<u8>,
    username: String,
    created_at: Stamp,
    last_seen_at: Stamp,
    expires_at: Stamp,
    valid_until: Stamp,
    pair_id: Vec<u8>,
    totp: Vec<u8>,
    last_totp_step: Option<i64>,
    sessions: i64,
}

impl TryFrom<SessionRow> for Session {
    type Error = Fault;

    fn try_from(row: SessionRow) -> Result<Self, Fault> {
        Ok(Self {
            digest: token_digest(row.token_digest)?,
            forward: row.forward_digest.map(token_digest).transpose()?,
            seal: seal(row.seal),
            account: account_id(row.account_id)?,
            username: username(&row.username)?,
            created_at: row.created_at.into(),
            last_seen_at: row.last_seen_at.into(),
            expires_at: row.expires_at.into(),
            valid_until: row.valid_until.into(),
            pair: pair_id(row.pair_id)?,
            totp: Sealed(row.totp),
            last_step: row.last_totp_step.map(step).transpose()?,
            sessions: count(row.sessions)?,
        })
    }
}

/// An account as an operator sees it.
#[derive(sqlx::FromRow)]
pub(super) struct PersonRow {
    account_id: Vec<u8>,
    username: String,
    origin: String,
    registered_at: Stamp,
    lapses_at: Option<Stamp>,
    last_sign_in_at: Option<Stamp>,
    last_totp_step: Option<i64>,
    active_since: Option<Stamp>,
    active_until: Option<Stamp>,
    pending_since: Option<Stamp>,
    sessions: i64,
}

impl TryFrom<PersonRow> for Person {
    type Error = Fault;

    fn try_from(row: PersonRow) -> Result<Self, Fault> {
        Ok(Self {
            account: account_id(row.account_id)?,
            username: username(&row.username)?,
            origin: row.origin,
            registered_at: row.registered_at.into(),
            lapses_at: row.lapses_at.map(Into::into),
            last_sign_in_at: row.last_sign_in_at.map(Into::into),
            last_step: row.last_totp_step.map(step).transpose()?,
            active: row.active_since.map(Into::into).zip(row.active_until.map(Into::into)),
            pending: row.pending_since.map(Into::into),
            sessions: count(row.sessions)?,
        })
    }
}

/// A session in its owner's list.
#[derive(sqlx::FromRow)]
pub(super) struct ListedRow {
    token_digest: Vec<u8>,
    created_at: Stamp,
    last_seen_at: Stamp,
    expires_at: Stamp,
    agent: Option<String>,
}

impl TryFrom<ListedRow> for ListedSession {
    type Error = Fault;

    fn try_from(row: ListedRow) -> Result<Self, Fault> {
        Ok(Self {
            digest: token_digest(row.token_digest)?,
            created_at: row.created_at.into(),
            last_seen_at: row.last_seen_at.into(),
            expires_at: row.expires_at.into(),
            agent: row.agent.as_deref().map(Agent::from_words).unwrap_or_default(),
        })
    }
}

/// A throttle lane.
#[derive(sqlx::FromRow)]
pub(super) struct LaneRow {
    failures: i64,
    until: Stamp,
}

impl TryFrom<LaneRow> for LaneState {
    type Error = Fault;

    fn try_from(row: LaneRow) -> Result<Self, Fault> {
        let failures =
            u32::try_from(row.failures).map_err(|_| Fault::Row("a lane's count is out of range"))?;
        Ok(Self { failures, until: row.until.into() })
    }
}

/// The fingerprint of a key.
#[derive(sqlx::FromRow)]
pub(super) struct KeyRow {
    key_id: i64,
    fingerprint: Vec<u8>,
}

impl TryFrom<KeyRow> for KeyFingerprint {
    type Error = Fault;

    fn try_from(row: KeyRow) -> Result<Self, Fault> {
        let key_id = u32::try_from(row.key_id).map_err(|_| Fault::Row("a key number is out of range"))?;
        Ok(Self { key_id, fingerprint: bytes(row.fingerprint)? })
    }
}

/// An entry of the audit trail.
#[derive(sqlx::FromRow)]
pub(super) struct EntryRow {
    number: i64,
    at: Stamp,
    subject: Vec<u8>,
    kind: String,
    hash: Vec<u8>,
}

impl TryFrom<EntryRow> for (Entry, Link) {
    type Error = Fault;

    fn try_from(row: EntryRow) -> Result<Self, Fault> {
        let subject = Subject::from_bytes(bytes(row.subject)?);
        let entry = Entry { number: number(row.number)?, at: row.at.into(), subject, kind: row.kind };
        Ok((entry, link(row.hash)?))
    }
}

/// Where the audit trail begins and ends.
#[derive(sqlx::FromRow)]
pub(super) struct EndsRow {
    base_number: i64,
    base_hash: Vec<u8>,
    head_number: i64,
    head_hash: Vec<u8>,
}

impl TryFrom<EndsRow> for Ends {
    type Error = Fault;

    fn try_from(row: EndsRow) -> Result<Self, Fault> {
        Ok(Self {
            base: Head { number: number(row.base_number)?, link: link(row.base_hash)? },
            head: Head { number: number(row.head_number)?, link: link(row.head_hash)? },
        })
    }
}

/// An event that a program of before there was a trail wrote.
#[derive(sqlx::FromRow)]
pub(super) struct OldEventRow {
    pub(super) id: i64,
    pub(super) at: Stamp,
    pub(super) account_id: Vec<u8>,
    pub(super) kind: String,
}

/// The number of an entry, as a database counts.
pub(super) fn entry_number(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| Fault::Row("an entry's number is out of range"))
}

fn number(number: i64) -> Result<u64, Fault> {
    u64::try_from(number).map_err(|_| Fault::Row("an entry's number is out of range"))
}

fn link(hash: Vec<u8>) -> Result<Link, Fault> {
    bytes(hash).map(Link::from_bytes)
}

/// The key of an account's pseudonym.
pub(super) fn pseudonym_key(key: Vec<u8>) -> Result<PseudonymKey, Fault> {
    bytes(key).map(PseudonymKey::from_bytes)
}

/// The tries left on a ticket or a session.
pub(super) fn tries(tries: i64) -> Result<u8, Fault> {
    u8::try_from(tries).map_err(|_| Fault::Row("a number of tries is out of range"))
}

fn count(count: i64) -> Result<u32, Fault> {
    u32::try_from(count).map_err(|_| Fault::Row("a count is out of range"))
}

fn step(step: i64) -> Result<u64, Fault> {
    u64::try_from(step).map_err(|_| Fault::Row("a time step is out of range"))
}

pub(super) fn account_id(id: Vec<u8>) -> Result<AccountId, Fault> {
    bytes(id).map(AccountId::from_bytes)
}

fn token_digest(digest: Vec<u8>) -> Result<TokenDigest, Fault> {
    bytes(digest).map(TokenDigest::from_bytes)
}

/// What cannot be a seal is none.
fn seal(seal: Option<Vec<u8>>) -> Option<Seal> {
    seal?.try_into().ok().map(Seal)
}

fn pair_id(id: Vec<u8>) -> Result<PairId, Fault> {
    bytes(id).map(PairId::from_bytes)
}

fn username(name: &str) -> Result<Username, Fault> {
    Username::parse(name).map_err(|_| Fault::Row("a username breaks the rule"))
}

fn pair(
    begun: Option<(Vec<u8>, Stamp)>,
    password: Option<Vec<u8>>,
    totp: Option<Vec<u8>>,
) -> Result<Option<Pair>, Fault> {
    let Some((id, begun_at)) = begun else { return Ok(None) };
    let (password, totp) = (password.map(Sealed), totp.map(Sealed));
    Ok(Some(Pair { id: pair_id(id)?, begun_at: begun_at.into(), password, totp }))
}

fn bytes<const N: usize>(bytes: Vec<u8>) -> Result<[u8; N], Fault> {
    bytes.try_into().map_err(|_| Fault::Row("a binary value has the wrong length"))
}
