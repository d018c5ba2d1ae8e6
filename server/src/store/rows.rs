//! Rows as both backends select them, and what they mean. The column names are the fields'.

use domain::{
    id::{AccountId, PairId},
    service::ports::{Account, Enrolment, Pair, Sealed, Session},
    throttle::LaneState,
    token::TokenDigest,
    username::Username,
};

use super::{Fault, KeyFingerprint, SealedPair, stamp::Stamp};

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
    lapses_at: Option<Stamp>,
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
            lapses_at: row.lapses_at.map(Into::into),
            renewal: row.renewal,
        })
    }
}

/// The sealed values of a pair.
#[derive(sqlx::FromRow)]
pub(super) struct SealedRow {
    id: Vec<u8>,
    password: Vec<u8>,
    totp: Option<Vec<u8>>,
}

impl TryFrom<SealedRow> for SealedPair {
    type Error = Fault;

    fn try_from(row: SealedRow) -> Result<Self, Fault> {
        Ok(Self { id: pair_id(row.id)?, password: Sealed(row.password), totp: row.totp.map(Sealed) })
    }
}

/// An account with both its pairs, of which either may be missing.
#[derive(sqlx::FromRow)]
pub(super) struct AccountRow {
    account_id: Vec<u8>,
    username: String,
    lapses_at: Option<Stamp>,
    last_totp_step: Option<i64>,
    active_id: Option<Vec<u8>>,
    active_password: Option<Vec<u8>>,
    active_totp: Option<Vec<u8>>,
    active_until: Option<Stamp>,
    pending_id: Option<Vec<u8>>,
    pending_password: Option<Vec<u8>>,
    pending_totp: Option<Vec<u8>>,
}

impl TryFrom<AccountRow> for Account {
    type Error = Fault;

    fn try_from(row: AccountRow) -> Result<Self, Fault> {
        let active = pair(row.active_id, row.active_password, row.active_totp)?;
        Ok(Self {
            id: account_id(row.account_id)?,
            username: username(&row.username)?,
            lapses_at: row.lapses_at.map(Into::into),
            last_step: row.last_totp_step.map(step).transpose()?,
            active: active.zip(row.active_until.map(Into::into)),
            pending: pair(row.pending_id, row.pending_password, row.pending_totp)?,
        })
    }
}

/// A session with its account and the active pair.
#[derive(sqlx::FromRow)]
pub(super) struct SessionRow {
    token_digest: Vec<u8>,
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
            account: account_id(row.account_id)?,
            username: username(&row.username)?,
            created_at: row.created_at.into(),
            last_seen_at: row.last_seen_at.into(),
            expires_at: row.expires_at.into(),
            valid_until: row.valid_until.into(),
            pair: pair_id(row.pair_id)?,
            totp: Sealed(row.totp),
            last_step: row.last_totp_step.map(step).transpose()?,
            sessions: u32::try_from(row.sessions).map_err(|_| Fault::Row("a count is out of range"))?,
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

/// The tries left on a ticket or a session.
pub(super) fn tries(tries: i64) -> Result<u8, Fault> {
    u8::try_from(tries).map_err(|_| Fault::Row("a number of tries is out of range"))
}

fn step(step: i64) -> Result<u64, Fault> {
    u64::try_from(step).map_err(|_| Fault::Row("a time step is out of range"))
}

fn account_id(id: Vec<u8>) -> Result<AccountId, Fault> {
    bytes(id).map(AccountId::from_bytes)
}

fn token_digest(digest: Vec<u8>) -> Result<TokenDigest, Fault> {
    bytes(digest).map(TokenDigest::from_bytes)
}

fn pair_id(id: Vec<u8>) -> Result<PairId, Fault> {
    bytes(id).map(PairId::from_bytes)
}

fn username(name: &str) -> Result<Username, Fault> {
    Username::parse(name).map_err(|_| Fault::Row("a username breaks the rule"))
}

fn pair(
    id: Option<Vec<u8>>,
    password: Option<Vec<u8>>,
    totp: Option<Vec<u8>>,
) -> Result<Option<Pair>, Fault> {
    let Some(id) = id else { return Ok(None) };
    Ok(Some(Pair { id: pair_id(id)?, password: password.map(Sealed), totp: totp.map(Sealed) }))
}

fn bytes<const N: usize>(bytes: Vec<u8>) -> Result<[u8; N], Fault> {
    bytes.try_into().map_err(|_| Fault::Row("a binary value has the wrong length"))
}
