//! REQ-RL-2: whatever is wrong with a sign-in, it is refused in the same words, and the tries that
//! come too fast are refused alike as well.

use chrono::{DateTime, Duration, Utc};
use data_encoding::BASE32_NOPAD;
use domain::{
    error::{ApiError, ErrorCode},
    service::{Refusal, SessionToken},
    wire::{Activated, Authentication},
};

use crate::{
    authenticator::{code_at, step_of},
    requests::{Ask, Told},
    store::Memory,
    world::World,
};

/// A person with working secrets.
pub(crate) struct Owner {
    pub(crate) password: String,
    pub(crate) secret: Vec<u8>,
}

pub(crate) fn world() -> World {
    let start = DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap();
    World::new(Memory::new(None), start, 7)
}

pub(crate) fn ticket(world: &World, name: &str) -> String {
    match world.ask(&Ask::Register { name: name.to_owned() }) {
        Ok(Told::Ticket(issued)) => issued.ticket.expose().to_owned(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn claim(world: &World, ticket: String) -> (String, String) {
    match world.ask(&Ask::Password { ticket }) {
        Ok(Told::Password(issued)) => {
            (issued.password.expose().to_owned(), issued.ticket.expose().to_owned())
        }
        other => panic!("{other:?}"),
    }
}

/// Both steps of an enrolment: what its owner knows, and the ticket that proves it.
pub(crate) fn to_prove(world: &World, ticket: String) -> (Owner, String) {
    let (password, ticket) = claim(world, ticket);
    let Ok(Told::Totp(issued)) = world.ask(&Ask::Totp { ticket }) else { panic!("no TOTP secret") };
    let secret = BASE32_NOPAD.decode(issued.secret.expose().as_bytes()).unwrap();
    (Owner { password, secret }, issued.ticket.expose().to_owned())
}

/// A whole enrolment: what its owner knows, and the session that it opens.
pub(crate) fn enrol(world: &World, ticket: String) -> (Owner, Activated, SessionToken) {
    let (owner, ticket) = to_prove(world, ticket);
    let code = code_at(&owner.secret, step_of(world.now()));
    match world.ask(&Ask::Activate { ticket, code }) {
        Ok(Told::Activated(activated, session)) => (owner, activated, session),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn activate(world: &World, ticket: String) -> Owner {
    enrol(world, ticket).0
}

pub(crate) fn sign_in(
    world: &World,
    name: &str,
    password: &str,
    code: Option<&str>,
) -> Result<Told, Refusal> {
    let (name, password, code) = (name.to_owned(), password.to_owned(), code.map(str::to_owned));
    world.ask(&Ask::SignIn { name, password, code })
}

fn refusal(world: &World, name: &str, password: &str, code: Option<&str>) -> ApiError {
    match sign_in(world, name, password, code) {
        Err(refusal) => refusal.to_api_error(),
        Ok(told) => panic!("{name} was told {told:?}"),
    }
}

#[test]
fn req_rl_2_every_refused_sign_in_gets_the_same_answer() {
    let world = world();
    let owner = activate(&world, ticket(&world, "active"));
    let used = code_at(&owner.secret, step_of(world.now()));
    ticket(&world, "unclaimed");
    let (claimed, _) = claim(&world, ticket(&world, "claimed"));
    let wrong = code_at(&owner.secret, step_of(world.now()) + 50);

    let said = [
        refusal(&world, "nobody", "wrong", Some("123456")),
        refusal(&world, "nobody", "wrong", None),
        refusal(&world, "unclaimed", "wrong", Some("123456")),
        refusal(&world, "claimed", "wrong", Some("123456")),
        refusal(&world, "active", "wrong", Some(&used)),
        refusal(&world, "active", &owner.password, Some(&wrong)),
        refusal(&world, "active", &owner.password, Some(&used)),
        refusal(&world, "active", &owner.password, None),
        {
            world.wait(Duration::days(200));
            refusal(&world, "active", &owner.password, Some("000000"))
        },
        refusal(&world, "active", &owner.password, None),
        refusal(&world, "active", "wrong", Some(&code_at(&owner.secret, step_of(world.now())))),
        // The registration lapsed meanwhile.
        refusal(&world, "claimed", &claimed, None),
    ];
    for error in said {
        assert_eq!(error, ApiError::new(ErrorCode::InvalidCredentials));
    }
}

#[test]
fn who_left_before_the_proof_goes_on_with_the_password_alone_and_nobody_else_does() {
    let world = world();
    let (password, _) = claim(&world, ticket(&world, "ada"));
    for wrong in ["wrong", &password.to_lowercase()] {
        assert_eq!(refusal(&world, "ada", wrong, None), ApiError::new(ErrorCode::InvalidCredentials));
    }
    let ticket = match sign_in(&world, "ada", &password, None) {
        Ok(Told::SignedIn(Authentication::ActivationRequired { ticket, .. }, None)) => ticket,
        other => panic!("{other:?}"),
    };
    let ticket = ticket.expose().to_owned();
    assert!(matches!(world.ask(&Ask::Totp { ticket }), Ok(Told::Totp(_))));
}

#[test]
fn req_rl_2_a_burst_of_tries_meets_the_same_delays_whether_the_name_exists_or_not() {
    let world = world();
    let owner = activate(&world, ticket(&world, "active"));
    ticket(&world, "unclaimed");
    claim(&world, ticket(&world, "claimed"));
    for _ in 0..20 {
        let of = |name| refusal(&world, name, "wrong", Some("123456"));
        let said = of("nobody");
        for name in ["active", "unclaimed", "claimed"] {
            assert_eq!(of(name), said, "{name}");
        }
        world.wait(Duration::seconds(2));
    }
    // The right secrets wait like any others, and are not told apart while they do.
    let code = code_at(&owner.secret, step_of(world.now()));
    let throttled = refusal(&world, "active", &owner.password, Some(&code));
    assert_eq!(throttled.code, ErrorCode::Throttled);
    world.wait(Duration::seconds(throttled.retry_after.unwrap().into()));
    let code = code_at(&owner.secret, step_of(world.now()));
    assert!(sign_in(&world, "active", &owner.password, Some(&code)).is_ok());
}

#[test]
fn req_rot_1_expiry_is_told_only_to_who_holds_both_factors() {
    let world = world();
    let owner = activate(&world, ticket(&world, "active"));
    world.wait(Duration::days(200));
    assert_eq!(
        refusal(&world, "active", &owner.password, None),
        ApiError::new(ErrorCode::InvalidCredentials)
    );
    let code = code_at(&owner.secret, step_of(world.now()));
    match sign_in(&world, "active", &owner.password, Some(&code)) {
        Ok(Told::SignedIn(Authentication::Expired { .. }, None)) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn req_ticket_3_of_a_thousand_parallel_claims_one_alone_succeeds() {
    use rand::{SeedableRng as _, rngs::ChaCha8Rng};
    let world = world();
    let ticket = ticket(&world, "crowded");
    let asks: Vec<_> = (0..1_000).map(|_| Ask::Password { ticket: ticket.clone() }).collect();
    let (mut won, mut spent) = (0, 0);
    world.serve_together(&asks, u32::MAX, &mut ChaCha8Rng::seed_from_u64(3), |_, answer| match answer {
        Some(Ok(Told::Password(_))) => won += 1,
        Some(Err(refusal)) if refusal.to_api_error() == ApiError::new(ErrorCode::TicketSpent) => spent += 1,
        other => panic!("{other:?}"),
    });
    assert_eq!((won, spent), (1, 999));
}
