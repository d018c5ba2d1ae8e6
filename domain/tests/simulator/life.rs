//! Years of six people, of newcomers, and of those who bother them. A seed fixes everything.
//!
//! - **Owners** follow the flow, and reload, double-click, mistype, walk away for a minute or a
//!   month, start again, come back with an older pair, or renew early. Two tabs of one owner race.
//! - **The attacker** knows every name, every used ticket, used code and ended session, and the
//!   passwords of activated accounts; it has no authenticator and no unused ticket. Nothing it
//!   sends may ever be answered with anything.
//! - **The plug**: the store fails before or after any of its transactions, the hash queue is
//!   full, the process dies between any two steps.
//!
//! After a fault, and every few turns, a fork of the world shows that each owner still gets in.

use chrono::{DateTime, Duration, TimeZone as _, Utc};
use data_encoding::BASE32_NOPAD;
use domain::{
    audit::AuditKind,
    error::{ApiError, ErrorCode},
    service::Refusal,
    wire::{Authentication, TicketIssued},
};
use rand::{RngExt as _, SeedableRng as _, rngs::ChaCha8Rng, seq::IndexedRandom as _};

use crate::{
    authenticator::{code_at, step_of},
    book::{Book, Violation, matched},
    common::Dice,
    requests::{Ask, Told},
    store::{Defect, Fault, Memory},
    world::{Answer, World, invented_token},
};

const NAMES: [&str; 6] = ["amelie", "bruno.b", "chloe@cofrap", "d-4", "eve_e", "farid2"];

/// What one life amounted to.
#[derive(Default)]
pub(crate) struct Chronicle {
    pub(crate) requests: u64,
    pub(crate) faults: u64,
    pub(crate) ways_in: u64,
    pub(crate) tally: std::collections::BTreeMap<&'static str, u64>,
    /// A digest of all that happened, to compare a replay with.
    pub(crate) trace: u64,
}

struct Simulation {
    world: World,
    book: Book,
    random: ChaCha8Rng,
    dice: Dice,
    chronicle: Chronicle,
    /// The last sign-in that went through: what somebody may have seen over a shoulder.
    seen: Option<(String, String, String)>,
    born: DateTime<Utc>,
    /// Whether today's visitor types nothing but wrong codes.
    clumsy: bool,
}

/// Lives `years` of the life of `seed`; the first broken rule ends it.
pub(crate) fn live(seed: u64, years: i64, defect: Option<Defect>) -> Result<Chronicle, Violation> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let start = Utc.timestamp_opt(random.random_range(1_700_000_000..1_900_000_000), 0).unwrap();
    let mut simulation = Simulation {
        world: World::new(Memory::new(defect), start, seed),
        book: Book::default(),
        dice: Dice::seeded(!seed),
        random,
        chronicle: Chronicle::default(),
        seen: None,
        born: start,
        clumsy: false,
    };
    let end = start + Duration::days(years * 365);
    while simulation.world.now() < end {
        let at = simulation.world.now();
        simulation.visit().map_err(|violation| format!("at {at}: {violation}"))?;
    }
    simulation.chronicle.tally = simulation.book.tally;
    Ok(simulation.chronicle)
}

impl Simulation {
    /// One owner's visit: a handful of turns, seconds or minutes apart, then days or weeks of rest.
    fn visit(&mut self) -> Result<(), Violation> {
        let month = (self.world.now() - self.born).num_days() / 30;
        let newcomer = format!("newcomer-{month}");
        let regular = *NAMES.choose(&mut self.random).unwrap();
        let name = if self.random.random_ratio(1, 4) { newcomer.as_str() } else { regular };
        self.clumsy = self.random.random_ratio(1, 12);
        for _ in 0..self.random.random_range(1..14) {
            self.turn(name)?;
            let seconds = match self.random.random_range(0..12) {
                0 => self.random.random_range(0..3_600),
                1 | 2 => self.random.random_range(60..900),
                3..=8 => self.random.random_range(20..70),
                _ => self.random.random_range(0..20),
            };
            self.world.wait(Duration::seconds(seconds));
        }
        if self.random.random_ratio(1, 12) {
            self.serve(&[Ask::Purge], &[])?;
        }
        if self.random.random_ratio(1, 300) {
            self.world.strengthen_hashes();
        }
        self.check_the_way_in(name)?;
        let rest = self.random.random_range(0..4 * 86_400) * i64::from(self.random.random_range(1u8..6));
        self.world.wait(Duration::seconds(rest));
        Ok(())
    }

    /// What the owner does next, perhaps twice at once, perhaps with the attacker at the same time.
    fn turn(&mut self, name: &str) -> Result<(), Violation> {
        let mut asks = vec![self.owner(name)];
        match self.random.random_range(0..10) {
            0 => asks.push(asks[0].clone()),
            1 => asks.push(self.owner(name)),
            2 => asks.extend([asks[0].clone(), self.owner(name)]),
            _ => {}
        }
        let honest = asks.len();
        for _ in 0..*[0, 0, 0, 0, 1, 2].choose(&mut self.random).unwrap() {
            asks.push(self.attacker());
        }
        let attacks: Vec<usize> = (honest..asks.len()).collect();
        let fault = self.random.random_ratio(1, 6);
        if fault {
            self.chronicle.faults += 1;
            self.serve_with_fault(&asks, &attacks)?;
            return self.check_the_way_in(name);
        }
        self.serve(&asks, &attacks)
    }

    fn serve_with_fault(&mut self, asks: &[Ask], attacks: &[usize]) -> Result<(), Violation> {
        let calls = self.random.random_range(0..7);
        match self.random.random_range(0..8) {
            0 => self.world.fill_hash_queue(true),
            1 | 2 => return self.serve_for(asks, attacks, calls + 1, true),
            3..=5 => _ = self.world.store.arm(Some((calls, Fault::After))),
            _ => _ = self.world.store.arm(Some((calls, Fault::Before))),
        }
        let result = self.serve_for(asks, attacks, u32::MAX, true);
        self.world.store.arm(None);
        self.world.fill_hash_queue(false);
        result
    }

    fn serve(&mut self, asks: &[Ask], attacks: &[usize]) -> Result<(), Violation> {
        self.serve_for(asks, attacks, u32::MAX, false)
    }

    fn serve_for(
        &mut self,
        asks: &[Ask],
        attacks: &[usize],
        lives: u32,
        faulty: bool,
    ) -> Result<(), Violation> {
        let now = self.world.now();
        let start = self.book.begin(asks, now);
        let mut answers: Vec<(usize, Answer)> = Vec::new();
        self.world
            .serve_together(asks, lives, &mut self.random, |index, answer| answers.push((index, answer)));
        let mut told = Vec::new();
        for (index, answer) in answers {
            let ask = &asks[index];
            self.chronicle.requests += 1;
            let line = (index, answer.is_some(), matches!(answer, Some(Ok(_))), now.timestamp());
            self.chronicle.trace = fold(self.chronicle.trace, &format!("{line:?} {ask:?}"));
            self.book.end(ask, &answer, now, start)?;
            if let Some(Ok(success)) = &answer {
                if attacks.contains(&index) && !matches!(ask, Ask::Register { .. } | Ask::SignOut { .. }) {
                    return Err(format!("the attacker's {ask:?} was answered with {success:?}"));
                }
                told.extend(kind_of(ask, success));
                if let (Ask::SignIn { name, password, code: Some(code) }, Told::SignedIn(answer, _)) =
                    (ask, success)
                    && !matches!(answer, Authentication::ActivationRequired { .. })
                {
                    self.seen = Some((name.clone(), password.clone(), code.clone()));
                }
            }
        }
        let written = self.world.store.take_events();
        for kind in AuditKind::ALL {
            let events = written.iter().filter(|event| event.kind == kind).count();
            let answers = told.iter().filter(|told| **told == kind).count();
            // An activation writes one of two kinds, and the others come with refusals too.
            let alone = matches!(
                kind,
                AuditKind::Activated
                    | AuditKind::Renewed
                    | AuditKind::SignedOut
                    | AuditKind::TicketExhausted
                    | AuditKind::SessionRevoked
                    | AuditKind::SessionDisplaced
            );
            if events < answers || (events > answers && !faulty && !alone) {
                return Err(format!("{answers} answers and {events} audit events of {kind:?}"));
            }
        }
        Ok(())
    }

    /// What an honest person does next, mostly.
    fn owner(&mut self, name: &str) -> Ask {
        let now = self.world.now();
        let Some(life) = self.book.lives.get(name) else { return Ask::Register { name: name.to_owned() } };
        let random = &mut self.random;

        // A reload: whatever ticket the page still holds, used or not.
        if random.random_ratio(1, 12)
            && let Some(ticket) = life.tickets.choose(random).cloned()
        {
            return match random.random_range(0..3) {
                0 => Ask::Password { ticket },
                1 => Ask::Totp { ticket },
                _ => Ask::Activate { ticket, code: "000000".to_owned() },
            };
        }
        // The page of an enrolment is open.
        let ticket = life.tickets.last().and_then(|text| Some((text, self.book.tickets.get(text)?)));
        if let Some((text, fact)) = ticket
            && !fact.used
            && now < fact.expires_at
            && !random.random_ratio(1, 12)
        {
            let ticket = text.clone();
            let restart = random.random_ratio(1, 20);
            let Some(password) = fact.password.as_deref().filter(|_| !restart) else {
                return Ask::Password { ticket };
            };
            let pair = life.pairs.iter().find(|pair| pair.password == password);
            let secret = pair.and_then(|pair| pair.secrets.last()).filter(|_| !random.random_ratio(1, 20));
            let Some(secret) = secret else { return Ask::Totp { ticket } };
            let code = if self.clumsy { wrong_code(secret, now) } else { type_code(random, secret, now) };
            return Ask::Activate { ticket, code };
        }
        // Signed in, in some tab.
        let forgotten_tab = random.random_ratio(1, 3);
        let open = |closed: Option<u64>| closed.is_none() || forgotten_tab;
        let mine = self.book.sessions.iter().filter(|(_, fact)| fact.name == name && open(fact.closed));
        let tabs: Vec<_> = mine.map(|(text, _)| text.clone()).collect();
        if let Some(session) = tabs.choose(random).filter(|_| random.random_ratio(1, 2)).cloned() {
            return match random.random_range(0..6) {
                0 => Ask::SignOut { session },
                1 => {
                    let secret = life.current().and_then(|pair| pair.secrets.last());
                    let code = secret.map_or("123456".to_owned(), |secret| type_code(random, secret, now));
                    Ask::Renew { session, code }
                }
                _ => Ask::Session { session },
            };
        }
        // Sign in: with the pair that works, or one from the drawer.
        let drawer = life.pairs.iter().rev().take(4).collect::<Vec<_>>();
        let newest = life.current().filter(|_| random.random_ratio(4, 5));
        let chosen = newest.or_else(|| drawer.choose(random).copied());
        match chosen {
            Some(pair) if life.is_activated() || random.random_ratio(2, 3) => Ask::SignIn {
                name: name.to_owned(),
                password: pair.password.clone(),
                code: pair.secrets.last().map(|secret| type_code(random, secret, now)),
            },
            _ => Ask::Register { name: name.to_owned() },
        }
    }

    /// What somebody without an authenticator and without an unused ticket may try.
    fn attacker(&mut self) -> Ask {
        let now = self.world.now();
        let random = &mut self.random;
        let victim = *NAMES.choose(random).unwrap();
        let life = self.book.lives.get(victim);
        let used = |tickets: &[String]| {
            tickets.iter().find(|t| self.book.tickets.get(*t).is_some_and(|fact| fact.used)).cloned()
        };
        let ticket = life.and_then(|life| used(&life.tickets)).unwrap_or_else(|| invented_token(&self.dice));
        let ended = self.book.sessions.iter().find(|(_, fact)| fact.closed.is_some());
        let session = ended.map_or_else(|| invented_token(&self.dice), |(text, _)| text.clone());
        let guess = format!("{:06}", random.random_range(0..1_000_000));
        // A lucky guess would be luck, not a fault.
        let pairs = life.iter().flat_map(|life| &life.pairs).filter(|pair| pair.dead_since.is_none());
        let lucky = pairs.into_iter().any(|pair| matched(&pair.secrets, &guess, now).is_some());
        let guess = Some(guess).filter(|_| !lucky);
        let code = guess.clone().unwrap_or_else(|| "not a code".to_owned());
        match random.random_range(0..10) {
            0 => Ask::Password { ticket },
            1 => Ask::Totp { ticket },
            2 => Ask::Activate { ticket, code },
            3 => Ask::Session { session },
            4 => Ask::Renew { session, code },
            5 => Ask::SignOut { session },
            6 if life.is_none_or(|life| !life.is_activated()) && random.random_ratio(1, 4) => {
                Ask::Register { name: victim.to_owned() }
            }
            7 | 8 => match &self.seen {
                Some((name, password, code)) => {
                    Ask::SignIn { name: name.clone(), password: password.clone(), code: Some(code.clone()) }
                }
                None => Ask::Password { ticket },
            },
            _ => {
                let known = life.filter(|life| life.is_activated()).and_then(|life| life.current());
                let password = known.map_or("correct horse battery".to_owned(), |pair| pair.password.clone());
                Ask::SignIn { name: victim.to_owned(), password, code: guess }
            }
        }
    }

    /// Make before break, and "never left without a way on": in a world of its own, where nothing
    /// fails any more and nobody else acts, the owner gets in with what was ever shown to them.
    fn check_the_way_in(&mut self, name: &str) -> Result<(), Violation> {
        self.chronicle.ways_in += 1;
        let world = self.world.fork(self.random.random());
        way_in(&world, &self.book, name).map_err(|why| format!("{name} has no way in: {why}"))
    }
}

/// A code from the authenticator, now and then a slip of the finger or a clock that is off.
fn type_code(random: &mut ChaCha8Rng, secret: &[u8], now: DateTime<Utc>) -> String {
    let step = step_of(now);
    match random.random_range(0..16) {
        0 => format!("{:06}", random.random_range(0..1_000_000)),
        1 => code_at(secret, step - 1),
        2 => code_at(secret, step + 1),
        3 => code_at(secret, step + 2),
        4 => code_at(secret, step).chars().flat_map(|c| [c, ' ']).collect(),
        _ => code_at(secret, step),
    }
}

/// A code of long ago.
fn wrong_code(secret: &[u8], now: DateTime<Utc>) -> String {
    code_at(secret, step_of(now) - 1_000)
}

fn way_in(world: &World, book: &Book, name: &str) -> Result<(), Violation> {
    let pairs = book.lives.get(name).map_or(&[][..], |life| &life.pairs);
    for pair in pairs.iter().rev() {
        // Of several secrets shown for one password, one is the last that was stored.
        let codes = pair.secrets.iter().rev().map(Some).chain(pair.secrets.is_empty().then_some(None));
        for secret in codes {
            // A code is looked at again, and open tickets lapse: the worst that patience costs.
            world.wait(Duration::minutes(61));
            match sign_in(world, name, &pair.password, secret.map(Vec::as_slice))? {
                Some(Authentication::Authenticated { .. }) => return Ok(()),
                Some(Authentication::Expired { ticket, expires_at }) => {
                    return enrol(world, name, &TicketIssued { ticket, expires_at });
                }
                Some(Authentication::ActivationRequired { ticket, .. }) => {
                    return prove(world, name, &pair.password, ticket.expose());
                }
                None => {}
            }
        }
    }
    for held_for in [Duration::zero(), Duration::hours(24)] {
        world.wait(held_for);
        match world.ask(&Ask::Register { name: name.to_owned() }) {
            Ok(Told::Ticket(ticket)) => return enrol(world, name, &ticket),
            Err(Refusal::Told(ApiError { code: ErrorCode::UsernameTaken, .. })) => {}
            other => return Err(format!("registration: {other:?}")),
        }
    }
    Err("no pair opens anything, and the name stays held".to_owned())
}

fn sign_in(
    world: &World,
    name: &str,
    password: &str,
    secret: Option<&[u8]>,
) -> Result<Option<Authentication>, Violation> {
    for _ in 0..3 {
        // A later time step than any that was used.
        world.wait(Duration::seconds(90));
        let code = secret.map(|secret| code_at(secret, step_of(world.now())));
        let ask = Ask::SignIn { name: name.to_owned(), password: password.to_owned(), code };
        match world.ask(&ask) {
            Ok(Told::SignedIn(answer, _)) => return Ok(Some(answer)),
            Err(Refusal::Told(ApiError { code: ErrorCode::InvalidCredentials, .. })) => return Ok(None),
            Err(Refusal::Told(ApiError {
                code: ErrorCode::Throttled, retry_after: Some(seconds), ..
            })) => {
                world.wait(Duration::seconds(seconds.into()));
            }
            other => return Err(format!("sign-in: {other:?}")),
        }
    }
    Err("throttled without an end".to_owned())
}

fn enrol(world: &World, name: &str, ticket: &TicketIssued) -> Result<(), Violation> {
    match world.ask(&Ask::Password { ticket: ticket.ticket.expose().to_owned() }) {
        Ok(Told::Password(issued)) => prove(world, name, issued.password.expose(), issued.ticket.expose()),
        other => Err(format!("password: {other:?}")),
    }
}

fn prove(world: &World, name: &str, password: &str, ticket: &str) -> Result<(), Violation> {
    let issued = match world.ask(&Ask::Totp { ticket: ticket.to_owned() }) {
        Ok(Told::Totp(issued)) => issued,
        other => return Err(format!("TOTP secret: {other:?}")),
    };
    let secret = BASE32_NOPAD.decode(issued.secret.expose().as_bytes()).map_err(|e| e.to_string())?;
    world.wait(Duration::seconds(90));
    let code = code_at(&secret, step_of(world.now()));
    match world.ask(&Ask::Activate { ticket: issued.ticket.expose().to_owned(), code }) {
        Ok(Told::Activated(..)) => {}
        other => return Err(format!("activation: {other:?}")),
    }
    match sign_in(world, name, password, Some(&secret))? {
        Some(Authentication::Authenticated { .. }) => Ok(()),
        other => Err(format!("the new pair: {other:?}")),
    }
}

/// The audit event that an answer has to have written.
fn kind_of(ask: &Ask, told: &Told) -> Option<AuditKind> {
    Some(match (ask, told) {
        (Ask::Register { .. }, _) => AuditKind::Registered,
        (Ask::Renew { .. }, _) | (_, Told::SignedIn(Authentication::Expired { .. }, _)) => {
            AuditKind::RenewalStarted
        }
        (_, Told::SignedIn(Authentication::ActivationRequired { .. }, _)) => AuditKind::EnrolmentResumed,
        (_, Told::SignedIn(Authentication::Authenticated { .. }, _)) => AuditKind::SignedIn,
        (Ask::Password { .. }, _) => AuditKind::PasswordIssued,
        (Ask::Totp { .. }, _) => AuditKind::TotpIssued,
        (
            Ask::Session { .. }
            | Ask::SignOut { .. }
            | Ask::Purge
            | Ask::Activate { .. }
            | Ask::SignIn { .. },
            _,
        ) => {
            return None;
        }
    })
}

/// FNV-1a: the same on every machine, which is all that is asked of it.
fn fold(trace: u64, line: &str) -> u64 {
    line.bytes().fold(trace, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
