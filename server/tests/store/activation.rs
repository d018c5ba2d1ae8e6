//! Activation puts everything in place, or nothing.

use chrono::Duration;
use domain::{
    audit::AuditKind,
    service::ports::{ActivationOutcome, NewTicket},
};
use server::store::Store;

use crate::{database::Database, fixtures::*};

contract! {
    an_activation_puts_the_pair_in_place_and_opens_a_session,
    a_renewal_drops_the_old_pair_and_closes_every_other_session,
    a_used_time_step_leaves_everything_as_it_was,
    a_spent_ticket_leaves_everything_as_it_was,
    a_pair_without_a_totp_secret_is_not_activated,
    an_expired_ticket_or_a_lapsed_registration_is_not_activated,
    of_50_parallel_activations_one_is_done,
    data_survives_reopening,
}

async fn an_activation_puts_the_pair_in_place_and_opens_a_session(db: Database) {
    let store = db.store().await;
    let held = with_totp(&*store, "ada").await;
    let activation = held.activation(FIRST_STEP);
    let event = held.event(AuditKind::Activated);
    assert_eq!(store.activate(&activation, &event).await.unwrap(), ActivationOutcome::Done);

    let account = find(&*store, "ada").await;
    assert_eq!((account.lapses_at, account.last_step), (None, Some(FIRST_STEP)));
    assert_eq!(account.pending, None);
    let (pair, valid_until) = account.active.unwrap();
    assert_eq!((pair.id, valid_until), (held.pair, activation.valid_until));
    assert_eq!((pair.password, pair.totp), (Some(sealed("password")), Some(sealed("totp"))));
    let session = store.find_session(&activation.session.digest).await.unwrap().unwrap();
    assert_eq!((session.account, session.pair, session.sessions), (held.account, held.pair, 1));
    assert_eq!(db.events("activated").await, 1);
    assert_eq!(db.count("credential_pairs WHERE jitter_seconds = 129600").await, 1);
    assert_eq!(db.count("accounts WHERE last_sign_in_at IS NOT NULL").await, 1);
    assert_eq!(store.activate(&activation, &event).await.unwrap(), ActivationOutcome::TicketSpent);
}

async fn a_renewal_drops_the_old_pair_and_closes_every_other_session(db: Database) {
    let store = db.store().await;
    let old = active(&*store, "ada").await;
    let held = renewing(&*store, old, FIRST_STEP + 1).await;
    // Make before break: until the proof the old pair stands.
    assert_eq!(find(&*store, "ada").await.active.unwrap().0.id, old.pair);

    let new = activate(&*store, held, FIRST_STEP + 2).await;
    let account = find(&*store, "ada").await;
    assert_eq!(account.active.unwrap().0.id, new.pair);
    assert_eq!(account.pending, None);
    assert_eq!(store.find_session(&old.session).await.unwrap(), None);
    assert_eq!(store.find_session(&new.session).await.unwrap().unwrap().sessions, 1);
    assert_eq!(db.count("credential_pairs").await, 1);
}

/// Everything an activation could change.
async fn picture(db: &Database, store: &dyn Store, username: &str) -> String {
    let account = find(store, username).await;
    let sessions = db.count("sessions").await;
    let events = db.count("audit_trail").await;
    format!("{account:?} {sessions} sessions, {events} events")
}

async fn a_used_time_step_leaves_everything_as_it_was(db: Database) {
    let store = db.store().await;
    let old = active(&*store, "ada").await;
    let held = renewing(&*store, old, FIRST_STEP + 1).await;
    let before = picture(&db, &*store, "ada").await;
    for step in [FIRST_STEP, FIRST_STEP + 1] {
        let outcome = store.activate(&held.activation(step), &held.event(AuditKind::Renewed)).await.unwrap();
        assert_eq!(outcome, ActivationOutcome::StepUsed);
    }
    assert_eq!(picture(&db, &*store, "ada").await, before);
    assert!(store.find_session(&old.session).await.unwrap().is_some());
    // The ticket was not consumed either.
    activate(&*store, held, FIRST_STEP + 2).await;
}

async fn a_spent_ticket_leaves_everything_as_it_was(db: Database) {
    let store = db.store().await;
    let old = active(&*store, "ada").await;
    let held = renewing(&*store, old, FIRST_STEP + 1).await;
    let other = with_totp(&*store, "eve").await;
    let before = picture(&db, &*store, "ada").await;
    for wrong in [
        Enrolling { ticket: digest(), ..held },
        Enrolling { ticket: other.ticket, ..held },
        Enrolling { pair: old.pair, ..held },
        Enrolling { account: other.account, ..held },
    ] {
        let activation = wrong.activation(FIRST_STEP + 2);
        let outcome = store.activate(&activation, &held.event(AuditKind::Renewed)).await.unwrap();
        assert_eq!(outcome, ActivationOutcome::TicketSpent, "{wrong:?}");
    }
    assert_eq!(picture(&db, &*store, "ada").await, before);
    assert_eq!(find(&*store, "eve").await.lapses_at, Some(lapse()));
    activate(&*store, held, FIRST_STEP + 2).await;
}

async fn a_pair_without_a_totp_secret_is_not_activated(db: Database) {
    let store = db.store().await;
    let held = with_password(&*store, "ada").await;
    let activation = held.activation(FIRST_STEP);
    let outcome = store.activate(&activation, &held.event(AuditKind::Activated)).await.unwrap();
    assert_eq!(outcome, ActivationOutcome::TicketSpent);
}

async fn an_expired_ticket_or_a_lapsed_registration_is_not_activated(db: Database) {
    let store = db.store().await;
    let held = with_totp(&*store, "ada").await;
    let event = held.event(AuditKind::Activated);
    let mut late = held.activation(FIRST_STEP);
    late.session.now = ticket_end();
    assert_eq!(store.activate(&late, &event).await.unwrap(), ActivationOutcome::TicketSpent);

    let long = NewTicket { expires_at: lapse() + Duration::days(30), ..ticket() };
    assert!(
        store
            .reissue_ticket(held.pair, &sealed("password"), &long, &held.event(AuditKind::EnrolmentResumed))
            .await
            .unwrap()
    );
    late.ticket = long.digest;
    (late.session.now, late.session.expires_at) = (lapse(), lapse() + Duration::hours(12));
    assert_eq!(store.activate(&late, &event).await.unwrap(), ActivationOutcome::TicketSpent);
    late.session.now = lapse() - instant();
    assert_eq!(store.activate(&late, &event).await.unwrap(), ActivationOutcome::Done);
}

async fn of_50_parallel_activations_one_is_done(db: Database) {
    let store = db.store().await;
    let held = with_totp(&*store, "ada").await;
    let step = std::sync::atomic::AtomicU64::new(FIRST_STEP);
    let outcomes = at_once(&[store, db.store().await], 50, |store| {
        // Later steps, so that the ticket alone decides.
        let activation = held.activation(step.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        async move { store.activate(&activation, &held.event(AuditKind::Activated)).await.unwrap() }
    })
    .await;
    let done = outcomes.iter().filter(|outcome| **outcome == ActivationOutcome::Done).count();
    let spent = outcomes.iter().filter(|outcome| **outcome == ActivationOutcome::TicketSpent).count();
    assert_eq!((done, spent), (1, 49));
    assert_eq!(db.events("activated").await, 1);
    assert_eq!(db.count("sessions").await, 1);
}

async fn data_survives_reopening(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let before = find(&*store, "ada").await;
    store.close().await;
    let store = db.open().await.unwrap();
    assert_eq!(find(&*store, "ada").await, before);
    assert!(store.find_session(&ada.session).await.unwrap().is_some());
}
