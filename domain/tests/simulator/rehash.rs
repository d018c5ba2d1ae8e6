//! A password that was hashed with less than is asked for today is hashed anew when it is there in the
//! clear: at a sign-in that succeeds.

use chrono::Duration;

use crate::{
    authenticator::{code_at, step_of},
    refusals::{activate, sign_in, ticket, world},
};

#[test]
fn req_pw_2_a_sign_in_stores_a_hash_of_today_s_strength_and_a_refused_one_stores_nothing() {
    let world = world();
    let owner = activate(&world, ticket(&world, "ada"));
    let code = |away: i64| {
        let step = step_of(world.now()).checked_add_signed(away).unwrap();
        code_at(&owner.secret, step)
    };
    let attempt = |password: &str, code: &str| sign_in(&world, "ada", password, Some(code)).is_ok();
    world.wait(Duration::minutes(1));
    assert!(attempt(&owner.password, &code(0)));
    let before = world.strength_of_hash("ada");
    world.wait(Duration::minutes(1));
    assert!(!attempt("wrong", &code(0)));
    world.strengthen_hashes();
    assert!(!attempt("wrong", &code(0)) && !attempt(&owner.password, &code(50)));
    assert_eq!(world.strength_of_hash("ada"), before, "nobody proved anything");
    assert!(attempt(&owner.password, &code(0)));
    assert_eq!(world.strength_of_hash("ada"), before + 1);
    world.wait(Duration::minutes(1));
    assert!(attempt(&owner.password, &code(0)), "it is the same password");
    assert!(!attempt("wrong", &code(0)));
}
