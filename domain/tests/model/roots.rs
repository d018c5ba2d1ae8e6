//! Where exploring begins: every phase of an account's life, reached through the use cases, with
//! those who are after it.

use std::sync::Arc;

use chrono::DateTime;

use crate::{
    authenticator::step_of,
    desk::Service,
    ledger::Ledger,
    scene::{Budget, Passing, Scene},
    store::State,
    want::{Code, Party, Role, Want},
};

const OWNER: usize = 0;

/// Scenes to begin with, each with what it is called. All hold the owner; then, before the first
/// activation, a stranger who wants the name, and later an attacker who knows the password of the pair
/// that works and a code that was used; and a thief of the newest ticket, or else of a session.
pub(crate) fn roots(service: &Service, left: Budget) -> Vec<(&'static str, Scene)> {
    let mut roots = Vec::new();
    let mut life = Life { service, scene: nothing(service, left) };
    let mut keep = |name, scene: Scene| roots.push((name, Scene { root: roots.len(), ..scene }));

    keep("nothing", before_activation(life.scene.clone()));
    life.ask(Want::Register);
    keep("registered", before_activation(life.scene.clone()));
    let mut unseen = life.fork();
    unseen.ask(Want::Password(unseen.ticket()));
    unseen.scene.parties = Arc::clone(&life.scene.parties);
    keep("password issued, and the answer lost", before_activation(unseen.scene));
    life.ask(Want::Password(life.ticket()));
    keep("password issued", before_activation(life.scene.clone()));
    let mut lapsed = life.scene.clone();
    lapsed.wait(Passing::Registration);
    keep("lapsed", before_activation(lapsed));
    life.ask(Want::Totp(life.ticket()));
    keep("TOTP secret issued", before_activation(life.scene.clone()));
    let mut clumsy = life.fork();
    clumsy.refused(Want::Activate(clumsy.ticket(), Code::Wrong));
    keep("one try left", before_activation(clumsy.scene));

    life.ask(Want::Activate(life.ticket(), life.code()));
    let first = life.scene.clone();
    life.scene.wait(Passing::Step);
    keep("active", after_activation(&life.scene, &first));

    let mut two = life.fork();
    two.ask(two.sign_in());
    let second = two.scene.clone();
    two.scene.wait(Passing::Step);
    keep("active, signed in twice", after_activation(&two.scene, &second));

    let mut early = two.fork();
    early.ask(Want::Renew(early.session(), early.code()));
    early.scene.wait(Passing::Step);
    keep("renewing early", after_activation(&early.scene, &second));
    early.ask(Want::Password(early.ticket()));
    keep("renewing early, password issued", after_activation(&early.scene, &second));
    early.ask(Want::Totp(early.ticket()));
    keep("renewing early, both secrets issued", after_activation(&early.scene, &second));

    let mut expired = life.fork();
    expired.scene.wait(Passing::Pair);
    keep("expired", after_activation(&expired.scene, &first));
    expired.ask(expired.sign_in());
    expired.scene.wait(Passing::Step);
    keep("expired, renewing", after_activation(&expired.scene, &first));
    expired.ask(Want::Password(expired.ticket()));
    keep("expired, password issued", after_activation(&expired.scene, &first));
    expired.ask(Want::Totp(expired.ticket()));
    keep("expired, both secrets issued", after_activation(&expired.scene, &first));
    expired.refused(Want::Activate(expired.ticket(), Code::Wrong));
    keep("expired, one try left", after_activation(&expired.scene, &first));
    expired.ask(Want::Activate(expired.ticket(), expired.code()));
    let renewed = expired.scene.clone();
    expired.scene.wait(Passing::Step);
    keep("renewed", after_activation(&expired.scene, &renewed));
    roots
}

fn nothing(service: &Service, left: Budget) -> Scene {
    Scene {
        now: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        next: service.first_symbol(),
        store: Arc::new(State::default()),
        parties: Arc::new(vec![Party::new(Role::Owner)]),
        running: Vec::new(),
        ledger: Ledger::default(),
        left,
        trail: None,
        root: 0,
        told: Vec::new(),
    }
}

/// One person, undisturbed.
struct Life<'a> {
    service: &'a Service,
    scene: Scene,
}

impl Life<'_> {
    fn fork(&self) -> Self {
        Life { service: self.service, scene: self.scene.clone() }
    }

    fn ask(&mut self, want: Want) {
        let (scene, refused) = self.scene.alone(OWNER, want, self.service).unwrap();
        assert_eq!(refused, None, "{want:?}");
        self.scene = scene;
    }

    fn refused(&mut self, want: Want) {
        let (scene, refused) = self.scene.alone(OWNER, want, self.service).unwrap();
        assert!(refused.is_some(), "{want:?}");
        self.scene = scene;
    }

    fn ticket(&self) -> u32 {
        self.scene.parties[OWNER].tickets.last().unwrap().0
    }

    fn session(&self) -> u32 {
        *self.scene.parties[OWNER].sessions.last().unwrap()
    }

    fn code(&self) -> Code {
        code_now(&self.scene)
    }

    fn sign_in(&self) -> Want {
        let (password, _) = *self.scene.parties[OWNER].pairs.last().unwrap();
        Want::SignIn(Some(password), Some(self.code()))
    }
}

fn code_now(scene: &Scene) -> Code {
    let (_, secret) = *scene.parties[OWNER].pairs.last().unwrap();
    Code::Of { secret: secret.unwrap(), step: step_of(scene.now) }
}

fn before_activation(mut scene: Scene) -> Scene {
    forget_old_tickets(&mut scene);
    let thief = thief_of(&scene);
    Arc::make_mut(&mut scene.parties).push(Party::new(Role::Stranger));
    Arc::make_mut(&mut scene.parties).extend(thief);
    scene
}

/// The attacker stood behind the owner when the pair of `seen` was used last.
fn after_activation(scene: &Scene, seen: &Scene) -> Scene {
    let mut scene = scene.clone();
    forget_old_tickets(&mut scene);
    let mut attacker = Party::new(Role::Attacker);
    let (password, _) = *seen.parties[OWNER].pairs.last().unwrap();
    attacker.pairs.push((password, None));
    attacker.codes.push(code_now(seen));
    let thief = thief_of(&scene);
    Arc::make_mut(&mut scene.parties).push(attacker);
    Arc::make_mut(&mut scene.parties).extend(thief);
    scene
}

/// The newest ticket, the one before it (which was used), and two sessions: what tabs may still hold.
fn forget_old_tickets(scene: &mut Scene) {
    let owner = &mut Arc::make_mut(&mut scene.parties)[OWNER];
    owner.tickets.drain(..owner.tickets.len().saturating_sub(2));
    owner.sessions.drain(..owner.sessions.len().saturating_sub(2));
}

fn thief_of(scene: &Scene) -> Option<Party> {
    let owner = &scene.parties[OWNER];
    let mut thief = Party::new(Role::Thief);
    let standing = scene.store.accounts.values().any(|row| row.pending.is_some());
    match owner.tickets.last().filter(|_| standing) {
        Some((ticket, _)) => thief.tickets.push((*ticket, None)),
        None => thief.sessions.push(*owner.sessions.last()?),
    }
    Some(thief)
}
