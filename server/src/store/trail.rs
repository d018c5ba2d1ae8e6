//! The audit trail as operators read it, and how long it is kept. Events come into it in the
//! transaction of the change they tell (`audit.rs` of each backend).

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound as _, Utc};
use domain::{
    id::AccountId,
    service::ports::StoreError,
    trail::{Broken, Entry, Head, Link, Subject},
};

use super::Told;

/// How many entries are read, moved or deleted at a time.
pub(super) const PAGE: u32 = 1_000;

/// Where the trail begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The last entry that was deleted because it was old enough.
    pub base: Head,
    /// The newest entry.
    pub head: Head,
}

/// Reading the trail, and keeping it no longer than is wanted.
#[async_trait]
pub trait Trail: Send + Sync {
    /// Where it begins and ends.
    async fn ends(&self) -> Result<Ends, StoreError>;
    /// The entries after the one numbered `after`, in their order, `limit` at most.
    async fn entries(&self, after: u64, limit: u32) -> Result<Vec<(Entry, Link)>, StoreError>;
    /// The entries about an account, in their order.
    async fn entries_about(&self, account: AccountId) -> Result<Vec<Entry>, StoreError>;
    /// Deletes the entries before the first that is not older than `before`, a batch of them. How
    /// many; 0 when none is left to delete.
    async fn trim_batch(&self, before: DateTime<Utc>) -> Result<u64, StoreError>;
    /// Moves events into the trail that a program of before there was one wrote, a batch of them.
    /// How many; 0 when none is left to move.
    async fn adopt_batch(&self) -> Result<u64, StoreError>;
}

/// What a look over the whole trail found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Where the trail begins and ends.
    pub ends: Ends,
    /// When the oldest entry that is kept happened.
    pub since: Option<DateTime<Utc>>,
    /// When the newest did.
    pub until: Option<DateTime<Utc>>,
    /// Whether the trail passes through the place that was told before; `None` where none was asked
    /// for, or where its entry was deleted since.
    pub passes: Option<bool>,
}

impl Checked {
    /// Where the trail ends, to be told.
    #[must_use]
    pub const fn head(&self) -> Told {
        Told { head: self.ends.head, at: self.until }
    }
}

/// Why a trail could not be said to be whole.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It is not what was written.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Follows the chain from its base to its head, while events go on being written. `told` is a place
/// that was told before.
pub async fn check(trail: &dyn Trail, told: Option<Head>) -> Result<Checked, CheckError> {
    loop {
        let ends = trail.ends().await?;
        match follow(trail, ends, told).await {
            // Old entries may have been deleted meanwhile: then the trail begins elsewhere.
            Err(CheckError::Broken(_)) if trail.ends().await?.base != ends.base => {}
            result => return result,
        }
    }
}

async fn follow(trail: &dyn Trail, ends: Ends, told: Option<Head>) -> Result<Checked, CheckError> {
    let mut at = ends.base;
    // A place beyond the head was cut off.
    let mut passes = told.filter(|told| told.number > ends.head.number).map(|_| false);
    let meets =
        |place: Head| told.filter(|told| told.number == place.number).map(|told| told.link == place.link);
    // Of the last entry that was deleted the hash still stands there. It can be wrong, but that it is
    // right does not mean that the entry is.
    passes = passes.or(meets(at).filter(|passes| !passes || at == Head::ORIGIN));
    let (mut since, mut until) = (None, None);
    while at.number < ends.head.number {
        let page = trail.entries(at.number, PAGE).await?;
        let Some((first, _)) = page.first() else {
            return Err(Broken::Missing { number: at.number + 1 }.into());
        };
        since = since.or(Some(first.at));
        for (entry, link) in &page {
            // What was written since the look at the ends is the next check's.
            if at.number == ends.head.number {
                break;
            }
            at = at.follow(entry, *link)?;
            until = Some(entry.at);
            passes = passes.or(meets(at));
        }
    }
    if at != ends.head {
        return Err(Broken::Head { number: ends.head.number }.into());
    }
    Ok(Checked { ends, since, until, passes })
}

/// The entry that comes after `head`, and the head that it makes. An instant counts as it is stored.
pub(super) fn next(head: Head, at: DateTime<Utc>, subject: Subject, kind: &str) -> (Entry, Head) {
    let entry = Entry { number: head.number + 1, at: at.trunc_subsecs(6), subject, kind: kind.to_owned() };
    let next = head.then(&entry);
    (entry, next)
}

/// The last of the oldest entries of which all are from before `before`.
pub(super) fn old_enough(oldest: &[(Entry, Link)], before: DateTime<Utc>) -> Option<Head> {
    let (entry, link) = oldest.iter().take_while(|(entry, _)| entry.at < before).last()?;
    Some(Head { number: entry.number, link: *link })
}
