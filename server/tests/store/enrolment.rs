//! The ticket: used once, handed on, restored, tried and reissued.

use chrono::Duration;
use domain::{
    audit::AuditKind,
    service::ports::{NewTicket, Stage},
    token::TokenDigest,
};

use crate::{database::Database, fixtures::*};

contract! {
    a_ticket_is_used_once_and_the_next_one_works,
    an_advance_tells_of_the_ticket_that_was_used,
    the_seal_of_a_ticket_comes_with_the_secret_and_goes_with_the_ticket,
    a_ticket_that_was_never_issued_does_nothing,
    a_ticket_works_only_from_its_stage_on,
    an_expired_ticket_does_nothing,
    a_ticket_does_not_outlive_its_registration,
    starting_again_leaves_the_old_secrets_until_the_new_password,
    a_restored_ticket_works_again_and_the_current_one_does_not,
    what_was_shown_to_nobody_goes_with_the_ticket_that_is_put_back,
    a_secret_is_not_stored_for_a_ticket_that_moved_on,
    a_totp_secret_needs_a_password,
    each_try_is_counted_and_the_last_one_ends_the_ticket,
    a_try_needs_a_totp_secret,
    a_reissued_ticket_voids_the_one_before,
    a_ticket_is_not_reissued_on_an_active_or_missing_pair,
    of_1000_parallel_advances_of_one_ticket_one_wins,
    of_200_parallel_tries_on_one_ticket_five_are_taken,
    a_renewal_is_told_from_a_first_enrolment,
}

async fn a_ticket_is_used_once_and_the_next_one_works(db: Database) {
    let store = db.store().await;
    let first = registered(&*store, "ada").await;
    let second = advance(&*store, first, Stage::Registered).await;
    assert_eq!(store.advance_ticket(&first.ticket, Stage::Registered, &ticket(), now()).await.unwrap(), None);
    advance(&*store, second, Stage::Registered).await;
}

async fn an_advance_tells_of_the_ticket_that_was_used(db: Database) {
    let store = db.store().await;
    let mut new = registration("ada");
    new.pending.ticket = NewTicket { tries: 3, ..ticket() };
    register(&*store, &new).await;
    let next = NewTicket { expires_at: ticket_end() + Duration::hours(1), ..ticket() };
    let used = new.pending.ticket;
    let told = store.advance_ticket(&used.digest, Stage::Registered, &next, now()).await.unwrap().unwrap();
    assert_eq!((told.account, told.pair), (new.account, new.pending.pair));
    assert_eq!((told.username, told.totp), (name("ada"), None));
    assert_eq!((told.tries_left, told.expires_at, told.seal), (3, ticket_end(), used.seal));
    assert_eq!((told.lapses_at, told.renewal), (Some(lapse()), false));
}

async fn the_seal_of_a_ticket_comes_with_the_secret_and_goes_with_the_ticket(db: Database) {
    let store = db.store().await;
    let begun = registered(&*store, "ada").await;
    let advanced = async |from: TokenDigest, least| {
        let next = NewTicket { seal: None, ..ticket() };
        let used = store.advance_ticket(&from, least, &next, now()).await.unwrap().unwrap();
        (next.digest, used.seal)
    };
    let (first, _) = advanced(begun.ticket, Stage::Registered).await;
    let (second, unsealed) = advanced(first, Stage::Registered).await;
    assert_eq!(unsealed, None);
    let seals = [seal(), seal()];
    let event = begun.event(AuditKind::PasswordIssued);
    assert!(store.set_password(&second, &seals[0], &sealed("password"), &event).await.unwrap());
    let (third, of_second) = advanced(second, Stage::PasswordIssued).await;
    assert_eq!(of_second, Some(seals[0]));
    assert!(store.set_totp(&third, &seals[1], &sealed("totp"), &event).await.unwrap());
    assert_eq!(store.take_ticket_try(&third, now()).await.unwrap().unwrap().seal, Some(seals[1]));
    let reissued = ticket();
    assert!(store.reissue_ticket(begun.pair, &sealed("password"), &reissued, &event).await.unwrap());
    let tried = store.take_ticket_try(&reissued.digest, now()).await.unwrap().unwrap();
    assert_eq!(tried.seal, reissued.seal);
    activate(&*store, Enrolling { ticket: reissued.digest, ..begun }, FIRST_STEP).await;
    assert_eq!(db.count("credential_pairs WHERE ticket_seal IS NOT NULL").await, 0);
}

async fn a_ticket_that_was_never_issued_does_nothing(db: Database) {
    let store = db.store().await;
    registered(&*store, "ada").await;
    assert_eq!(store.advance_ticket(&digest(), Stage::Registered, &ticket(), now()).await.unwrap(), None);
    assert_eq!(store.take_ticket_try(&digest(), now()).await.unwrap(), None);
}

async fn a_ticket_works_only_from_its_stage_on(db: Database) {
    let store = db.store().await;
    let begun = registered(&*store, "ada").await;
    let refused = |of: Enrolling, least| {
        let store = store.clone();
        async move { store.advance_ticket(&of.ticket, least, &ticket(), now()).await.unwrap().is_none() }
    };
    assert!(refused(begun, Stage::PasswordIssued).await);
    let password = issue_password(&*store, begun).await;
    assert!(refused(password, Stage::TotpIssued).await);
    let totp = issue_totp(&*store, password).await;
    for least in [Stage::TotpIssued, Stage::PasswordIssued, Stage::Registered] {
        let next = ticket();
        let used = store.advance_ticket(&totp.ticket, least, &next, now()).await.unwrap().unwrap();
        let previous = NewTicket { digest: totp.ticket, ..ticket() };
        store.restore_ticket(&next.digest, &previous, &used).await.unwrap();
    }
}

async fn an_expired_ticket_does_nothing(db: Database) {
    let store = db.store().await;
    let held = with_totp(&*store, "ada").await.ticket;
    let end = ticket_end();
    assert_eq!(store.advance_ticket(&held, Stage::Registered, &ticket(), end).await.unwrap(), None);
    assert_eq!(store.take_ticket_try(&held, end).await.unwrap(), None);
    assert!(store.take_ticket_try(&held, end - instant()).await.unwrap().is_some());
    assert!(
        store.advance_ticket(&held, Stage::Registered, &ticket(), end - instant()).await.unwrap().is_some()
    );
}

async fn a_ticket_does_not_outlive_its_registration(db: Database) {
    let store = db.store().await;
    let held = with_totp(&*store, "ada").await;
    let long = NewTicket { expires_at: lapse() + Duration::days(30), ..ticket() };
    assert!(
        store
            .reissue_ticket(held.pair, &sealed("password"), &long, &held.event(AuditKind::EnrolmentResumed))
            .await
            .unwrap()
    );
    assert_eq!(
        store.advance_ticket(&long.digest, Stage::Registered, &ticket(), lapse()).await.unwrap(),
        None
    );
    assert_eq!(store.take_ticket_try(&long.digest, lapse()).await.unwrap(), None);
    assert!(store.take_ticket_try(&long.digest, lapse() - instant()).await.unwrap().is_some());
}

async fn starting_again_leaves_the_old_secrets_until_the_new_password(db: Database) {
    let store = db.store().await;
    let totp = with_totp(&*store, "ada").await;
    let again = advance(&*store, totp, Stage::Registered).await;
    let pending = find(&*store, "ada").await.pending.unwrap();
    assert_eq!((pending.password, pending.totp), (Some(sealed("password")), Some(sealed("totp"))));

    let event = again.event(AuditKind::PasswordIssued);
    assert!(store.set_password(&again.ticket, &seal(), &sealed("second"), &event).await.unwrap());
    let pending = find(&*store, "ada").await.pending.unwrap();
    assert_eq!((pending.password, pending.totp), (Some(sealed("second")), None));
}

async fn a_restored_ticket_works_again_and_the_current_one_does_not(db: Database) {
    let store = db.store().await;
    let first = registered(&*store, "ada").await;
    let next = ticket();
    let used = store.advance_ticket(&first.ticket, Stage::Registered, &next, now()).await.unwrap().unwrap();
    let previous = NewTicket {
        digest: first.ticket,
        expires_at: used.expires_at,
        tries: used.tries_left,
        seal: used.seal,
    };
    store.restore_ticket(&next.digest, &previous, &used).await.unwrap();
    assert_eq!(store.advance_ticket(&next.digest, Stage::Registered, &ticket(), now()).await.unwrap(), None);
    // Restoring what is gone changes nothing.
    store.restore_ticket(&next.digest, &ticket(), &used).await.unwrap();
    advance(&*store, first, Stage::Registered).await;
}

async fn what_was_shown_to_nobody_goes_with_the_ticket_that_is_put_back(db: Database) {
    let store = db.store().await;
    let held = with_totp(&*store, "ada").await;
    let next = ticket();
    let used = store.advance_ticket(&held.ticket, Stage::Registered, &next, now()).await.unwrap().unwrap();
    let event = held.event(AuditKind::PasswordIssued);
    assert!(store.set_password(&next.digest, &seal(), &sealed("never shown"), &event).await.unwrap());
    let previous = NewTicket { digest: held.ticket, ..ticket() };
    store.restore_ticket(&next.digest, &previous, &used).await.unwrap();
    let pending = find(&*store, "ada").await.pending.unwrap();
    assert_eq!((pending.password, pending.totp), (Some(sealed("password")), Some(sealed("totp"))));

    // Nothing was issued before: nothing is left.
    let begun = registered(&*store, "bob").await;
    let next = ticket();
    let used = store.advance_ticket(&begun.ticket, Stage::Registered, &next, now()).await.unwrap().unwrap();
    assert!(store.set_password(&next.digest, &seal(), &sealed("never shown"), &event).await.unwrap());
    let previous = NewTicket { digest: begun.ticket, ..ticket() };
    store.restore_ticket(&next.digest, &previous, &used).await.unwrap();
    assert_eq!(find(&*store, "bob").await.pending.unwrap().password, None);
}

async fn a_secret_is_not_stored_for_a_ticket_that_moved_on(db: Database) {
    let store = db.store().await;
    let first = with_password(&*store, "ada").await;
    let events = db.count("audit_trail").await;
    advance(&*store, first, Stage::Registered).await;
    let event = first.event(AuditKind::PasswordIssued);
    assert!(!store.set_password(&first.ticket, &seal(), &sealed("late"), &event).await.unwrap());
    assert!(!store.set_totp(&first.ticket, &seal(), &sealed("late"), &event).await.unwrap());
    let pending = find(&*store, "ada").await.pending.unwrap();
    assert_eq!((pending.password, pending.totp), (Some(sealed("password")), None));
    assert_eq!(db.count("audit_trail").await, events);
}

async fn a_totp_secret_needs_a_password(db: Database) {
    let store = db.store().await;
    let begun = registered(&*store, "ada").await;
    let event = begun.event(AuditKind::TotpIssued);
    assert!(!store.set_totp(&begun.ticket, &seal(), &sealed("totp"), &event).await.unwrap());
    assert_eq!(db.events("totp_issued").await, 0);
}

async fn each_try_is_counted_and_the_last_one_ends_the_ticket(db: Database) {
    let store = db.store().await;
    let held = with_totp(&*store, "ada").await;
    for left in [4, 3, 2, 1, 0] {
        let told = store.take_ticket_try(&held.ticket, now()).await.unwrap().unwrap();
        assert_eq!((told.tries_left, told.pair, told.totp), (left, held.pair, Some(sealed("totp"))));
    }
    assert_eq!(store.take_ticket_try(&held.ticket, now()).await.unwrap(), None);
    assert_eq!(store.advance_ticket(&held.ticket, Stage::Registered, &ticket(), now()).await.unwrap(), None);
    // The last try may have been the right code.
    activate(&*store, held, FIRST_STEP).await;
}

async fn a_try_needs_a_totp_secret(db: Database) {
    let store = db.store().await;
    let held = with_password(&*store, "ada").await;
    assert_eq!(store.take_ticket_try(&held.ticket, now()).await.unwrap(), None);
}

async fn a_reissued_ticket_voids_the_one_before(db: Database) {
    let store = db.store().await;
    let held = with_password(&*store, "ada").await;
    let new = ticket();
    assert!(
        store
            .reissue_ticket(held.pair, &sealed("password"), &new, &held.event(AuditKind::EnrolmentResumed))
            .await
            .unwrap()
    );
    assert_eq!(store.advance_ticket(&held.ticket, Stage::Registered, &ticket(), now()).await.unwrap(), None);
    advance(&*store, Enrolling { ticket: new.digest, ..held }, Stage::PasswordIssued).await;
    assert_eq!(db.events("enrolment_resumed").await, 1);
}

async fn a_ticket_is_not_reissued_on_an_active_or_missing_pair(db: Database) {
    let store = db.store().await;
    let active = active(&*store, "ada").await;
    let event = active.event(AuditKind::EnrolmentResumed);
    assert!(!store.reissue_ticket(active.pair, &sealed("password"), &ticket(), &event).await.unwrap());
    let pending = with_password(&*store, "bob").await;
    assert!(!store.reissue_ticket(pending.pair, &sealed("replaced"), &ticket(), &event).await.unwrap());
    assert!(!store.reissue_ticket(pair_id(), &sealed("password"), &ticket(), &event).await.unwrap());
    assert_eq!(db.events("enrolment_resumed").await, 0);
}

async fn of_1000_parallel_advances_of_one_ticket_one_wins(db: Database) {
    let store = db.store().await;
    let held = registered(&*store, "ada").await.ticket;
    let won = at_once(&[store, db.store().await], 1_000, |store| async move {
        store.advance_ticket(&held, Stage::Registered, &ticket(), now()).await.unwrap().is_some()
    })
    .await;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
}

async fn of_200_parallel_tries_on_one_ticket_five_are_taken(db: Database) {
    let store = db.store().await;
    let held = with_totp(&*store, "ada").await.ticket;
    let mut left: Vec<_> = at_once(&[store, db.store().await], 200, |store| async move {
        store.take_ticket_try(&held, now()).await.unwrap().map(|told| told.tries_left)
    })
    .await
    .into_iter()
    .flatten()
    .collect();
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2, 3, 4]);
}

async fn a_renewal_is_told_from_a_first_enrolment(db: Database) {
    let store = db.store().await;
    let active = active(&*store, "ada").await;
    let held = renewing(&*store, active, FIRST_STEP + 1).await;
    let told = store.take_ticket_try(&held.ticket, now()).await.unwrap().unwrap();
    assert_eq!((told.renewal, told.lapses_at), (true, None));
}
