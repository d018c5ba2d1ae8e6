//! Nobody is left without a way on: if everything under way dies now, the owner still gets in with
//! what they were shown, through the use cases.

use domain::error::ErrorCode;

use crate::{
    authenticator::step_of,
    desk::Service,
    ledger::{View, ensure},
    scene::{Passing, Scene, Violation},
    symbols::Symbol,
    want::{Code, Role, Want},
};

const OWNER: usize = 0;

/// Drives the owner to an open session, in a future of its own.
pub(crate) fn check(scene: &Scene, service: &Service) -> Result<(), Violation> {
    way_in(scene, service).map_err(|why| format!("the owner has no way in: {why}"))
}

fn way_in(scene: &Scene, service: &Service) -> Result<(), Violation> {
    let mut scene = scene.clone();
    scene.running.clear();
    let shown = |role: Role, pair: (Symbol, Option<Symbol>)| {
        scene.parties.iter().filter(|party| party.role == role).any(|party| party.pairs.contains(&pair))
    };
    let view = View::of(&scene.store)?;
    if let Some(active) = view.as_ref().and_then(|view| view.active) {
        let pair = (active.password, Some(active.secret));
        if !shown(Role::Owner, pair) {
            // Whoever enrolled before the owner holds the account; the attacker cannot be among them.
            let took = [Role::Thief, Role::Stranger].into_iter().any(|role| {
                let parties = scene.parties.iter().filter(|party| party.role == role);
                parties.flat_map(|party| &party.pairs).any(|(_, secret)| *secret == Some(active.secret))
            });
            return ensure(took, "nobody was shown the pair that works");
        }
        // Codes that were used, and one of a phone that runs ahead, are over by then.
        scene.wait(Passing::Step);
        scene.wait(Passing::Step);
        let expired = active.until <= scene.now;
        let code = Code::Of { secret: active.secret, step: step_of(scene.now) };
        let scene = go(&scene, Want::SignIn(Some(active.password), Some(code)), service)?;
        return if expired { enrol(&scene, true, service) } else { look(&scene, service) };
    }
    let claimed = view.as_ref().filter(|view| !view.lapsed(scene.now)).and_then(|view| view.pending);
    if let Some(password) = claimed.and_then(|pending| pending.password) {
        let owner = &scene.parties[OWNER];
        if owner.pairs.iter().any(|(known, _)| *known == password) {
            let resumed = go(&scene, Want::SignIn(Some(password), None), service)?;
            return enrol(&resumed, false, service);
        }
        // Claimed, and the answer got lost or went to somebody else: the name comes free by itself.
        let (_, refused) = scene.alone(OWNER, Want::Register, service)?;
        ensure(refused == Some(ErrorCode::UsernameTaken), "a held name was given away")?;
        scene.wait(Passing::Registration);
    }
    let scene = go(&scene, Want::Register, service)?;
    enrol(&scene, true, service)
}

/// From the newest ticket to an open session.
fn enrol(scene: &Scene, with_password: bool, service: &Service) -> Result<(), Violation> {
    let ticket = |scene: &Scene| scene.parties[OWNER].tickets.last().map_or(0, |(ticket, _)| *ticket);
    let mut scene = scene.clone();
    if with_password {
        scene = go(&scene, Want::Password(ticket(&scene)), service)?;
    }
    scene = go(&scene, Want::Totp(ticket(&scene)), service)?;
    // The code that began a renewal is spent.
    scene.wait(Passing::Step);
    let (_, secret) = *scene.parties[OWNER].pairs.last().ok_or("no pair was shown")?;
    let code = Code::Of { secret: secret.ok_or("no TOTP secret was shown")?, step: step_of(scene.now) };
    let scene = go(&scene, Want::Activate(ticket(&scene), code), service)?;
    look(&scene, service)
}

fn look(scene: &Scene, service: &Service) -> Result<(), Violation> {
    let session = *scene.parties[OWNER].sessions.last().ok_or("no session was opened")?;
    go(scene, Want::Session(session), service).map(|_| ())
}

fn go(scene: &Scene, want: Want, service: &Service) -> Result<Scene, Violation> {
    match scene.alone(OWNER, want, service)? {
        (scene, None) => Ok(scene),
        (_, Some(code)) => Err(format!("{want:?} was refused with {}", code.word())),
    }
}
