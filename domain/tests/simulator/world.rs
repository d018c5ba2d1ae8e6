//! The world around the use cases: a clock that the simulator turns, a vault, and what serves the
//! requests one by one or all at once.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex},
    task::Poll,
};

use chrono::{DateTime, Duration, Utc};
use domain::{
    secret::Secret,
    service::{
        Ports, Refusal, Sesame,
        policy::Policy,
        ports::{Cell, Clock, Entropy as _, PairOwner, Row, Seal, Sealed, Vault, VaultError},
    },
    username::Username,
};
use rand::{RngExt as _, rngs::ChaCha8Rng};

use crate::{
    common::Dice,
    hasher::Hasher,
    requests::{Ask, Told, poll, serve},
    store::{Memory, lock},
};

/// An answer, or `None` where the process or the connection died first.
pub(crate) type Answer = Option<Result<Told, Refusal>>;

pub(crate) struct Hands(Mutex<DateTime<Utc>>);

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        *lock(&self.0)
    }
}

/// A safe: what is sealed is a number that says nothing, and opens for its own cell only.
#[derive(Default)]
pub(crate) struct Safe(Mutex<BTreeMap<u64, (String, Vec<u8>)>>);

impl Safe {
    /// Puts away what belongs to `place`; its number.
    fn keep(&self, place: String, content: &[u8]) -> u64 {
        let mut kept = lock(&self.0);
        let number = u64::try_from(kept.len()).unwrap();
        kept.insert(number, (place, content.to_vec()));
        number
    }

    fn find(&self, number: &[u8], place: &str) -> Option<Vec<u8>> {
        let number = u64::from_be_bytes(number.try_into().ok()?);
        lock(&self.0).get(&number).filter(|(p, _)| p == place).map(|(_, content)| content.clone())
    }
}

impl Vault for Safe {
    fn seal(&self, plaintext: &Secret, cell: Cell<'_>) -> Result<Sealed, VaultError> {
        Ok(Sealed(self.keep(format!("{cell:?}"), plaintext.expose()).to_be_bytes().to_vec()))
    }

    fn open(&self, sealed: &Sealed, cell: Cell<'_>) -> Result<Secret, VaultError> {
        self.find(&sealed.0, &format!("{cell:?}")).map(Secret::new).ok_or(VaultError)
    }

    fn attest(&self, row: Row<'_>) -> Result<Seal, VaultError> {
        let mut seal = [0; Seal::BYTES];
        seal[..8].copy_from_slice(&self.keep(format!("{row:?}"), &[]).to_be_bytes());
        Ok(Seal(seal))
    }

    fn attests(&self, seal: &Seal, row: Row<'_>) -> bool {
        self.find(&seal.0[..8], &format!("{row:?}")).is_some()
    }
}

/// A Sésame with everything it stands on.
pub(crate) struct World {
    pub(crate) store: Arc<Memory>,
    hands: Arc<Hands>,
    vault: Arc<Safe>,
    hasher: Arc<Hasher>,
    pub(crate) sesame: Sesame,
}

impl World {
    pub(crate) fn new(store: Memory, start: DateTime<Utc>, seed: u64) -> Self {
        Self::build(store, start, seed, Arc::default(), Arc::new(Hasher::new(1)))
    }

    /// A copy in which nothing fails and whose future does not happen to the original.
    pub(crate) fn fork(&self, seed: u64) -> Self {
        let hasher = Arc::new(Hasher::new(self.hasher.strength()));
        Self::build(self.store.fork(), self.now(), seed, Arc::clone(&self.vault), hasher)
    }

    fn build(store: Memory, start: DateTime<Utc>, seed: u64, vault: Arc<Safe>, hasher: Arc<Hasher>) -> Self {
        let store = Arc::new(store);
        let hands = Arc::new(Hands(Mutex::new(start)));
        let ports = Ports {
            accounts: Arc::clone(&store) as _,
            throttle: Arc::clone(&store) as _,
            vault: Arc::clone(&vault) as _,
            hasher: Arc::clone(&hasher) as _,
            clock: Arc::clone(&hands) as _,
            entropy: Arc::new(Dice::seeded(seed)),
        };
        let mut built = Box::pin(Sesame::new(ports, Policy::default()));
        let Poll::Ready(Ok(sesame)) = poll(&mut built) else { panic!("the decoy needs no store") };
        Self { store, hands, vault, hasher, sesame }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.hands.now()
    }

    pub(crate) fn wait(&self, duration: Duration) {
        *lock(&self.hands.0) += duration;
    }

    /// From now on stronger hashes are asked for.
    pub(crate) fn strengthen_hashes(&self) {
        self.hasher.strengthen();
    }

    /// How strongly the password that opens sessions of `name` was hashed when it was stored.
    pub(crate) fn strength_of_hash(&self, name: &str) -> u8 {
        let username = Username::parse(name).unwrap();
        let row = self.store.snapshot().accounts.remove(&username).unwrap();
        let (pair, _) = row.active.unwrap();
        let owner = PairOwner { pair: pair.id, account: row.id, username: &username };
        let phc = self.vault.open(&pair.password.unwrap(), Cell::Password(owner)).unwrap();
        phc.expose()[0]
    }

    /// The next hash finds the queue full. `false` disarms.
    pub(crate) fn fill_hash_queue(&self, full: bool) {
        self.hasher.fill_queue(full);
    }

    /// One request, alone, to its end.
    pub(crate) fn ask(&self, ask: &Ask) -> Result<Told, Refusal> {
        finish(&mut Box::pin(serve(&self.sesame, ask)))
    }

    /// Serves `asks` at the same time, in an order that `random` chooses step by step; when
    /// `lives` steps are done, the process dies. `answered` hears the answers as they come.
    pub(crate) fn serve_together(
        &self,
        asks: &[Ask],
        lives: u32,
        random: &mut ChaCha8Rng,
        mut answered: impl FnMut(usize, Answer),
    ) {
        let mut running: Vec<_> =
            asks.iter().map(|ask| Box::pin(serve(&self.sesame, ask))).enumerate().collect();
        for _ in 0..lives {
            if running.is_empty() {
                return;
            }
            let chosen = random.random_range(0..running.len());
            if let Poll::Ready(answer) = poll(&mut running[chosen].1) {
                let (index, _) = running.swap_remove(chosen);
                answered(index, Some(answer));
            }
        }
        for (index, _) in running {
            answered(index, None);
        }
    }
}

/// Polls a request to its end, alone.
pub(crate) fn finish<F: Future>(future: &mut Pin<Box<F>>) -> F::Output {
    loop {
        if let Poll::Ready(output) = poll(future) {
            return output;
        }
    }
}

/// Random bytes as a ticket that nobody issued.
pub(crate) fn invented_token(dice: &Dice) -> String {
    let mut bytes = [0u8; 32];
    dice.fill(&mut bytes);
    data_encoding::BASE64URL_NOPAD.encode(&bytes)
}
