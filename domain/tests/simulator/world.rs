//! The world around the use cases: a clock that the simulator turns, a vault, a hasher, and the
//! requests and answers as a client sees them.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    task::{Context, Poll, Waker},
};

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use domain::{
    id::PairId,
    network::Network,
    secret::{Secret, WireSecret},
    service::{
        Ports, Refusal, Sesame, SessionToken,
        policy::Policy,
        ports::{Clock, Entropy as _, HashError, PasswordHasher, Sealed, SealedColumn, Vault, VaultError},
    },
    wire::{Activated, Authentication, PasswordIssued, SessionView, TicketIssued, TotpIssued},
};
use rand::{RngExt as _, rngs::ChaCha8Rng};

use crate::{
    common::Dice,
    store::{Memory, lock},
};

pub(crate) struct Hands(Mutex<DateTime<Utc>>);

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        *lock(&self.0)
    }
}

/// A safe: what is sealed is a number that says nothing, and opens for its own cell only.
#[derive(Default)]
pub(crate) struct Safe(Mutex<BTreeMap<u64, Cell>>);

/// Where a value belongs, and the value.
type Cell = (SealedColumn, PairId, Vec<u8>);

impl Vault for Safe {
    fn seal(&self, plaintext: &Secret, column: SealedColumn, row: PairId) -> Result<Sealed, VaultError> {
        let mut cells = lock(&self.0);
        let number = u64::try_from(cells.len()).unwrap();
        cells.insert(number, (column, row, plaintext.expose().to_vec()));
        Ok(Sealed(number.to_be_bytes().to_vec()))
    }

    fn open(&self, sealed: &Sealed, column: SealedColumn, row: PairId) -> Result<Secret, VaultError> {
        let number = sealed.0.as_slice().try_into().map(u64::from_be_bytes).map_err(|_| VaultError)?;
        match lock(&self.0).get(&number) {
            Some((c, r, plaintext)) if (*c, *r) == (column, row) => Ok(Secret::new(plaintext.clone())),
            _ => Err(VaultError),
        }
    }
}

/// A "hash" that names its strength and can be compared; its queue may be full.
pub(crate) struct Hasher {
    strength: AtomicU8,
    busy: AtomicBool,
}

impl Hasher {
    fn admit(&self) -> Result<(), HashError> {
        if self.busy.swap(false, Ordering::SeqCst) { Err(HashError::Busy { retry_after: 2 }) } else { Ok(()) }
    }
}

#[async_trait]
impl PasswordHasher for Hasher {
    async fn hash(&self, password: Secret) -> Result<Secret, HashError> {
        self.admit()?;
        let mut phc = vec![self.strength.load(Ordering::SeqCst)];
        phc.extend_from_slice(password.expose());
        Ok(Secret::new(phc))
    }

    async fn verify(&self, password: Secret, phc: Secret) -> Result<bool, HashError> {
        self.admit()?;
        Ok(phc.expose().get(1..) == Some(password.expose()))
    }

    fn needs_rehash(&self, phc: &Secret) -> bool {
        phc.expose().first().is_some_and(|strength| *strength < self.strength.load(Ordering::SeqCst))
    }
}

/// A request, as a client makes it.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Register { name: String },
    Password { ticket: String },
    Totp { ticket: String },
    Activate { ticket: String, code: String },
    SignIn { name: String, password: String, code: Option<String> },
    Renew { session: String, code: String },
    Session { session: String },
    SignOut { session: String },
    Purge,
}

/// What a client is told when it is not refused.
#[derive(Debug)]
pub(crate) enum Told {
    Ticket(TicketIssued),
    Password(PasswordIssued),
    Totp(TotpIssued),
    Activated(Activated, SessionToken),
    SignedIn(Authentication, Option<SessionToken>),
    Session(SessionView),
    Nothing,
}

/// An answer, or `None` where the process or the connection died first.
pub(crate) type Answer = Option<Result<Told, Refusal>>;

/// A Sésame with everything it stands on.
pub(crate) struct World {
    pub(crate) store: Arc<Memory>,
    hands: Arc<Hands>,
    vault: Arc<Safe>,
    hasher: Arc<Hasher>,
    sesame: Sesame,
}

impl World {
    pub(crate) fn new(store: Memory, start: DateTime<Utc>, seed: u64) -> Self {
        let hasher = Hasher { strength: AtomicU8::new(1), busy: AtomicBool::new(false) };
        Self::build(store, start, seed, Arc::default(), Arc::new(hasher))
    }

    /// A copy in which nothing fails and whose future does not happen to the original.
    pub(crate) fn fork(&self, seed: u64) -> Self {
        let hasher = Hasher {
            strength: AtomicU8::new(self.hasher.strength.load(Ordering::SeqCst)),
            busy: AtomicBool::new(false),
        };
        Self::build(self.store.fork(), self.now(), seed, Arc::clone(&self.vault), Arc::new(hasher))
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
        let raised = self.hasher.strength.load(Ordering::SeqCst).saturating_add(1);
        self.hasher.strength.store(raised, Ordering::SeqCst);
    }

    /// The next hash finds the queue full. `false` disarms.
    pub(crate) fn fill_hash_queue(&self, full: bool) {
        self.hasher.busy.store(full, Ordering::SeqCst);
    }

    /// One request, alone, to its end.
    pub(crate) fn ask(&self, ask: &Ask) -> Result<Told, Refusal> {
        let mut future = Box::pin(self.serve(ask));
        loop {
            if let Poll::Ready(answer) = poll(&mut future) {
                return answer;
            }
        }
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
        let mut running: Vec<_> = asks.iter().map(|ask| Box::pin(self.serve(ask))).enumerate().collect();
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

    async fn serve(&self, ask: &Ask) -> Result<Told, Refusal> {
        let network = Network::V4([192, 0, 2]);
        let sesame = &self.sesame;
        Ok(match ask {
            Ask::Register { name } => Told::Ticket(sesame.register(network, name).await?),
            Ask::Password { ticket } => Told::Password(sesame.generate_password(ticket).await?),
            Ask::Totp { ticket } => Told::Totp(sesame.generate_totp(ticket).await?),
            Ask::Activate { ticket, code } => {
                let (activated, session) = sesame.activate(ticket, code).await?;
                Told::Activated(activated, session)
            }
            Ask::SignIn { name, password, code } => {
                let password = WireSecret::new(password.clone());
                let (answer, session) =
                    sesame.authenticate(network, name, &password, code.as_deref()).await?;
                Told::SignedIn(answer, session)
            }
            Ask::Renew { session, code } => Told::Ticket(sesame.renew(Some(session), code).await?),
            Ask::Session { session } => Told::Session(sesame.session(Some(session)).await?),
            Ask::SignOut { session } => {
                sesame.sign_out(Some(session)).await?;
                Told::Nothing
            }
            Ask::Purge => {
                sesame.purge().await?;
                Told::Nothing
            }
        })
    }
}

fn poll<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// Random bytes as a ticket that nobody issued.
pub(crate) fn invented_token(dice: &Dice) -> String {
    let mut bytes = [0u8; 32];
    dice.fill(&mut bytes);
    data_encoding::BASE64URL_NOPAD.encode(&bytes)
}
