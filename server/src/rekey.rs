//! Sealing everything again under a new key, while people sign in (`sesame keys rotate`), and parting
//! with the old one.
//!
//! ```text
//! 1. the ring with the new key is given to every process   all open with it, none seals with it
//! 2. its fingerprint is put into the database              every process seals with it from its next look on
//! 3. every stored value is opened and sealed again         in batches; where one changed meanwhile, it stays
//! 4. ... until a look finds nothing sealed otherwise, when nobody can be sealing with the old key any more,
//!    nor be holding what was sealed with it, to put it back
//! ```
//!
//! There is no state but the values themselves: a run that was killed is run again.
//!
//! Values of a version that did not say whose they are ([`EnvelopeVault::UNBOUND`]) are left as they are,
//! unless the run is told to take the database's word for it, once, after an upgrade. That cannot be
//! noted where whoever writes to the database could take it back, so that it is not noted at all: it is
//! never done by itself, and once the old key is out of the ring it cannot be done any more.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    id::PairId,
    service::ports::{Cell, Clock as _, Sealed, Vault as _, VaultError},
};

use crate::{
    clock::SystemClock,
    crypto::{EnvelopeVault, KeyRing, SystemEntropy, guard},
    store::{SealedPair, Store},
};

/// What a rotation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The key that seals everything now.
    pub key: u32,
    /// Pairs of secrets that were sealed again.
    pub pairs: u64,
}

/// What to make of values that do not say whose they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbound {
    /// They stay as they are, and the run says so.
    Leave,
    /// They belong to whom they stand with.
    Bind,
}

/// Has the newest key of `ring` seal, and seals everything stored again, `batch` pairs in a
/// transaction. Ends with a look that finds nothing sealed otherwise, and that began `settle` after the key
/// began to seal and after the last value was replaced: by then no process seals with another key, and no
/// request is under way that read a value of before, which an undone step would put back. `progress` is
/// told the running total.
pub async fn rotate(
    store: &dyn Store,
    ring: Arc<KeyRing>,
    batch: u32,
    unbound: Unbound,
    settle: Duration,
    progress: &(dyn Fn(u64) + Sync),
) -> anyhow::Result<Rotated> {
    let key = guard::introduce(store, &ring, SystemClock.now()).await?;
    let mut settled = tokio::time::Instant::now() + settle;
    let alone = store.list().await?.len() == 1;
    let vault = EnvelopeVault::new(ring, key, Arc::new(SystemEntropy));
    let mut pairs = 0;
    loop {
        let is_settled = alone || tokio::time::Instant::now() >= settled;
        let pass = seal_again(store, &vault, key, batch, unbound, |more| {
            pairs += more;
            progress(pairs);
        })
        .await?;
        anyhow::ensure!(
            pass.damaged == 0,
            "{} stored secrets do not open under any key of the ring and were left as they are. Everything else \
             is sealed with key {key}; keep the old keys.",
            pass.damaged
        );
        anyhow::ensure!(pass.unbound == 0, "{}", guard::GuardError::Unbound);
        if pass.replaced > 0 {
            settled = tokio::time::Instant::now() + settle;
        }
        // Where nothing was replaced, there may still have been something that changed meanwhile.
        if pass.found == 0 {
            if is_settled {
                return Ok(Rotated { key, pairs });
            }
            tokio::time::sleep_until(settled).await;
        }
    }
}

/// Has the database forget the key `number`, which must not be the sealing one, nor have anything
/// sealed with it.
pub async fn forget(store: &dyn Store, sealing: u32, number: u32) -> anyhow::Result<()> {
    let knows = async || anyhow::Ok(store.list().await?.iter().any(|key| key.key_id == number));
    anyhow::ensure!(
        number != sealing,
        "Key {number} seals: run `sesame keys rotate` with a newer one first."
    );
    let unbound = store.holds_sealed(&EnvelopeVault::unbound_header(number)).await?;
    anyhow::ensure!(!unbound, "{}", guard::GuardError::Unbound);
    // Forgotten by a run that was killed before it wrote the file.
    if !knows().await? || store.forget_key(number, &EnvelopeVault::header(number)).await? {
        return Ok(());
    }
    anyhow::ensure!(
        !knows().await?,
        "Secrets are still sealed with key {number}: run `sesame keys rotate` first."
    );
    Ok(())
}

#[derive(Default)]
struct Pass {
    found: u64,
    replaced: u64,
    damaged: u64,
    unbound: u64,
}

async fn seal_again(
    store: &dyn Store,
    vault: &EnvelopeVault,
    key: u32,
    batch: u32,
    unbound: Unbound,
    mut done: impl FnMut(u64),
) -> anyhow::Result<Pass> {
    let header = EnvelopeVault::header(key);
    let mut pass = Pass::default();
    let mut after: Option<PairId> = None;
    loop {
        let found = store.sealed_otherwise(&header, after, batch).await?;
        let Some(last) = found.last() else { return Ok(pass) };
        after = Some(last.id);
        pass.found += found.len() as u64;
        let mut pairs = Vec::with_capacity(found.len());
        for old in found {
            if unbound == Unbound::Leave && is_unbound(&old) {
                pass.unbound += 1;
                continue;
            }
            match sealed_again(vault, &old, unbound) {
                Ok(new) => pairs.push((old, new)),
                Err(VaultError) => pass.damaged += 1,
            }
        }
        let begun = Instant::now();
        let replaced = store.replace_sealed(&pairs).await?;
        pass.replaced += replaced;
        done(replaced);
        // As long for those who sign in: SQLite has one writer at a time, and no queue.
        tokio::time::sleep(begun.elapsed()).await;
    }
}

fn sealed_again(vault: &EnvelopeVault, old: &SealedPair, unbound: Unbound) -> Result<SealedPair, VaultError> {
    let again = |sealed: &Sealed, cell| {
        let take_its_word = unbound == Unbound::Bind && sealed.0.starts_with(&EnvelopeVault::UNBOUND);
        let opened = if take_its_word { vault.open_unbound(sealed, cell) } else { vault.open(sealed, cell) };
        vault.seal(&opened?, cell)
    };
    Ok(SealedPair {
        password: again(&old.password, Cell::Password(old.owner()))?,
        totp: old.totp.as_ref().map(|sealed| again(sealed, Cell::Totp(old.owner()))).transpose()?,
        ..old.clone()
    })
}

fn is_unbound(pair: &SealedPair) -> bool {
    let mut values = std::iter::once(&pair.password).chain(&pair.totp);
    values.any(|sealed| sealed.0.starts_with(&EnvelopeVault::UNBOUND))
}
