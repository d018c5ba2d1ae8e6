//! Argon2id on a bounded pool: so many hashes at once, so many in the queue, and beyond that a
//! quick refusal. A hash fills megabytes; without the bound a burst of sign-ins is an outage.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use async_trait::async_trait;
use domain::{
    secret::Secret,
    service::ports::{Entropy, HashError, PasswordHasher},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Argon2Cost, argon2_blocks::Blocks};
use crate::metrics::HashMeter;

/// Bytes of salt in a fresh hash (RFC 9106 section 3.1).
const SALT_BYTES: usize = 16;
/// Bytes of a fresh hash (RFC 9106 section 4).
const HASH_BYTES: usize = Params::DEFAULT_OUTPUT_LEN;
/// Seconds a refused caller is asked to wait: a full queue is gone by then.
const RETRY_SECONDS: u32 = 2;

/// The pool.
pub struct Argon2Pool {
    params: Params,
    cost: Argon2Cost,
    blocks: Arc<Blocks>,
    entropy: Arc<dyn Entropy>,
    permits: Arc<Semaphore>,
    all_permits: usize,
    waiting: AtomicUsize,
    queue: usize,
    meter: HashMeter,
}

/// How busy a pool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Hashes waiting for their turn.
    pub waiting: usize,
    /// Hashes running.
    pub running: usize,
    /// Hashes that may run at once.
    pub permits: usize,
}

impl Argon2Pool {
    /// A pool of `permits` concurrent hashes and `queue` waiting ones.
    pub fn new(
        cost: Argon2Cost,
        permits: usize,
        queue: usize,
        entropy: Arc<dyn Entropy>,
        meter: HashMeter,
    ) -> Result<Self, argon2::Error> {
        let params = cost.params()?;
        let blocks = Arc::new(Blocks::new(params.block_count()));
        let all_permits = permits;
        let permits = Arc::new(Semaphore::new(permits));
        let waiting = AtomicUsize::new(0);
        Ok(Self { params, cost, blocks, entropy, permits, all_permits, waiting, queue, meter })
    }

    /// How busy it is.
    #[must_use]
    pub fn load(&self) -> Load {
        let running = self.all_permits.saturating_sub(self.permits.available_permits());
        Load { waiting: self.waiting.load(Ordering::Acquire), running, permits: self.all_permits }
    }

    /// A place in the pool, at once or after a bounded queue.
    async fn enter(&self) -> Result<OwnedSemaphorePermit, HashError> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let _place = Place::take(&self.waiting, self.queue)?;
        Arc::clone(&self.permits).acquire_owned().await.map_err(|_| HashError::Failed)
    }

    /// Runs `work` beside the async threads. The permit goes along: should the caller go away, the
    /// memory is still in use until the hash is done.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let asked = Instant::now();
        let permit = self.enter().await.inspect_err(|_| self.meter.refused())?;
        self.meter.waited(asked.elapsed());
        let meter = self.meter.clone();
        let work = move || {
            let begun = Instant::now();
            let result = work();
            meter.ran(begun.elapsed());
            drop(permit);
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| HashError::Failed)
    }
}

/// A place in the queue, given back when dropped, also by a caller that goes away.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, queue: usize) -> Result<Self, HashError> {
        let taken =
            waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < queue).then_some(n + 1));
        taken.map(|_| Self(waiting)).map_err(|_| HashError::Busy { retry_after: RETRY_SECONDS })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[async_trait]
impl PasswordHasher for Argon2Pool {
    async fn hash(&self, password: Secret) -> Result<Secret, HashError> {
        let mut salt = [0u8; SALT_BYTES];
        self.entropy.fill(&mut salt);
        let (params, blocks) = (self.params.clone(), Arc::clone(&self.blocks));
        self.run(move || {
            let salt = Salt::new(&salt).map_err(|_| HashError::Failed)?;
            let params_text = ParamsString::try_from(&params).map_err(|_| HashError::Failed)?;
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let phc = PasswordHash {
                algorithm: Algorithm::Argon2id.ident(),
                version: Some(Version::V0x13.into()),
                params: params_text,
                salt: Some(salt),
                hash: Some(fill(&argon2, &password, &salt, HASH_BYTES, &blocks)?),
            };
            Ok(Secret::new(phc.to_string().into_bytes()))
        })
        .await?
    }

    async fn verify(&self, password: Secret, phc: Secret) -> Result<bool, HashError> {
        let blocks = Arc::clone(&self.blocks);
        self.run(move || {
            let known = parse(&phc)?;
            let (Some(salt), Some(expected)) = (&known.salt, &known.hash) else {
                return Err(HashError::Failed);
            };
            let argon2 = argon2_of(&known).ok_or(HashError::Failed)?;
            // The library compares these in constant time.
            Ok(fill(&argon2, &password, salt, expected.len(), &blocks)? == *expected)
        })
        .await?
    }

    /// A hash that cannot be read is left alone: `verify` will say so.
    fn needs_rehash(&self, phc: &Secret) -> bool {
        let params = parse(phc).ok().and_then(|hash| argon2::Params::try_from(&hash).ok());
        params.is_some_and(|params| self.cost.exceeds(params.m_cost(), params.t_cost()))
    }
}

/// Argon2 as a stored hash was made, which is with other parameters after these have changed.
fn argon2_of(known: &PasswordHash) -> Option<Argon2<'static>> {
    let algorithm = Algorithm::try_from(known.algorithm.as_str()).ok()?;
    let version = known.version.map_or(Ok(Version::V0x13), Version::try_from).ok()?;
    Some(Argon2::new(algorithm, version, Params::try_from(known).ok()?))
}

/// The hash of a password, `bytes` long.
fn fill(
    argon2: &Argon2<'_>,
    password: &Secret,
    salt: &[u8],
    bytes: usize,
    blocks: &Blocks,
) -> Result<Output, HashError> {
    let mut buffer = [0; Output::MAX_LENGTH];
    let out = buffer.get_mut(..bytes).ok_or(HashError::Failed)?;
    blocks
        .with(argon2.params().block_count(), |memory| {
            argon2.hash_password_into_with_memory(password.expose(), salt, out, memory)
        })
        .map_err(|_| HashError::Failed)?;
    Output::new(out).map_err(|_| HashError::Failed)
}

fn parse(phc: &Secret) -> Result<PasswordHash, HashError> {
    let text = std::str::from_utf8(phc.expose()).map_err(|_| HashError::Failed)?;
    PasswordHash::new(text).map_err(|_| HashError::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SystemEntropy;

    fn pool(cost: Argon2Cost, permits: usize, queue: usize) -> Argon2Pool {
        Argon2Pool::new(cost, permits, queue, Arc::new(SystemEntropy), HashMeter::default()).unwrap()
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec())
    }

    #[tokio::test]
    async fn a_hash_verifies_its_password_and_no_other() {
        let pool = pool(Argon2Cost::danger_cheap_for_tests(), 1, 1);
        let phc = pool.hash(secret("right")).await.unwrap();
        let again = || Secret::new(phc.expose().to_vec());
        assert!(pool.verify(secret("right"), again()).await.unwrap());
        assert!(!pool.verify(secret("Right"), again()).await.unwrap());
        assert!(!pool.verify(secret("right "), again()).await.unwrap());
        assert_eq!(pool.verify(secret("right"), secret("not a hash")).await, Err(HashError::Failed));
    }

    /// By the library's own way, which brings memory of its own.
    #[tokio::test]
    async fn what_it_hashes_and_verifies_is_what_the_library_does() {
        use argon2::{PasswordHasher as _, PasswordVerifier as _};

        let pool = pool(Argon2Cost::danger_cheap_for_tests(), 1, 1);
        let ours = pool.hash(secret("right")).await.unwrap();
        let ours = PasswordHash::new(std::str::from_utf8(ours.expose()).unwrap()).unwrap();
        let library = Argon2::default();
        assert!(library.verify_password(b"right", &ours).is_ok());
        assert!(library.verify_password(b"wrong", &ours).is_err());
        // Other parameters than the pool's, and another length.
        let params = Params::new(64, 3, 2, Some(16)).unwrap();
        let library = Argon2::new(Algorithm::Argon2i, Version::V0x10, params);
        let theirs = library.hash_password_with_salt(b"right", b"sixteen bytes..!").unwrap().to_string();
        assert!(pool.verify(secret("right"), secret(&theirs)).await.unwrap());
        assert!(!pool.verify(secret("wrong"), secret(&theirs)).await.unwrap());
    }

    #[tokio::test]
    async fn req_pw_2_the_default_is_what_owasp_names() {
        let phc = pool(Argon2Cost::OWASP, 1, 1).hash(secret("x")).await.unwrap();
        let text = String::from_utf8(phc.expose().to_vec()).unwrap();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
    }

    #[tokio::test]
    async fn a_hash_made_with_less_is_due_for_a_rehash() {
        let cheap = pool(Argon2Cost::danger_cheap_for_tests(), 1, 1);
        let phc = cheap.hash(secret("x")).await.unwrap();
        assert!(!cheap.needs_rehash(&phc));
        assert!(pool(Argon2Cost::OWASP, 1, 1).needs_rehash(&phc));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_a_place_comes_back() {
        let pool = pool(Argon2Cost::danger_cheap_for_tests(), 1, 1);
        let working = pool.enter().await.unwrap();
        {
            let waiting = pool.enter();
            tokio::pin!(waiting);
            assert!(futures_poll(waiting.as_mut()).await.is_none(), "the queue has one place");
            assert!(matches!(pool.enter().await, Err(HashError::Busy { retry_after: RETRY_SECONDS })));
        }
        drop(working);
        assert!(pool.enter().await.is_ok(), "the place of a caller that went away is free again");
    }

    /// Polls once.
    async fn futures_poll<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(match std::pin::Pin::new(&mut future).poll(context) {
                std::task::Poll::Ready(output) => Some(output),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
