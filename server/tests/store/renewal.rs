//! A renewal begins beside the active pair; a rehash changes an envelope and nothing else.

use domain::{
    audit::AuditKind,
    service::ports::{RenewalOutcome, Stage},
};

use server::store::Act;

use crate::{database::Database, fixtures::*};

contract! {
    a_renewal_begins_beside_the_active_pair,
    a_second_renewal_replaces_the_first,
    a_used_step_begins_no_renewal,
    a_pair_that_is_not_active_begins_no_renewal_and_spends_no_step,
    of_50_parallel_renewals_with_one_step_one_begins,
    a_rehash_replaces_only_the_envelope_it_read,
    a_session_that_was_closed_meanwhile_begins_no_renewal_and_spends_no_step,
}

async fn a_renewal_begins_beside_the_active_pair(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let new = pending();
    let event = ada.event(AuditKind::RenewalStarted);
    let outcome =
        store.begin_renewal(ada.account, ada.pair, FIRST_STEP + 1, &new, None, &event).await.unwrap();
    assert_eq!(outcome, RenewalOutcome::Begun);
    let account = find(&*store, "ada").await;
    assert_eq!(account.active.unwrap().0.id, ada.pair);
    assert_eq!(account.pending.unwrap().id, new.pair);
    assert_eq!(account.last_step, Some(FIRST_STEP + 1));
    assert!(store.find_session(&ada.session).await.unwrap().is_some());
    assert_eq!(db.events("renewal_started").await, 1);
}

async fn a_second_renewal_replaces_the_first(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let first = renewing(&*store, ada, FIRST_STEP + 1).await;
    let second = renewing(&*store, ada, FIRST_STEP + 2).await;
    assert_eq!(store.advance_ticket(&first.ticket, Stage::Registered, &ticket(), now()).await.unwrap(), None);
    assert_eq!(find(&*store, "ada").await.pending.unwrap().id, second.pair);
    activate(&*store, second, FIRST_STEP + 3).await;
}

async fn a_used_step_begins_no_renewal(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let event = ada.event(AuditKind::RenewalStarted);
    let outcome =
        store.begin_renewal(ada.account, ada.pair, FIRST_STEP, &pending(), None, &event).await.unwrap();
    assert_eq!(outcome, RenewalOutcome::StepUsed);
    assert_eq!(find(&*store, "ada").await.pending, None);
    assert_eq!(db.events("renewal_started").await, 0);
}

async fn a_pair_that_is_not_active_begins_no_renewal_and_spends_no_step(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let first = renewing(&*store, ada, FIRST_STEP + 1).await;
    let event = ada.event(AuditKind::RenewalStarted);
    for pair in [first.pair, pair_id()] {
        let outcome =
            store.begin_renewal(ada.account, pair, FIRST_STEP + 2, &pending(), None, &event).await.unwrap();
        assert_eq!(outcome, RenewalOutcome::StepUsed);
    }
    let account = find(&*store, "ada").await;
    assert_eq!(account.last_step, Some(FIRST_STEP + 1));
    assert_eq!(account.pending.unwrap().id, first.pair);
}

async fn of_50_parallel_renewals_with_one_step_one_begins(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let outcomes = at_once(&[store, db.store().await], 50, |store| async move {
        let event = ada.event(AuditKind::RenewalStarted);
        store.begin_renewal(ada.account, ada.pair, FIRST_STEP + 1, &pending(), None, &event).await.unwrap()
    })
    .await;
    assert_eq!(outcomes.into_iter().filter(|outcome| *outcome == RenewalOutcome::Begun).count(), 1);
    assert_eq!(db.count("credential_pairs").await, 2);
}

async fn a_session_that_was_closed_meanwhile_begins_no_renewal_and_spends_no_step(db: Database) {
    let store = db.store().await;
    let (ada, eve) = (active(&*store, "ada").await, active(&*store, "eve").await);
    let begin = async |by| {
        let event = ada.event(AuditKind::RenewalStarted);
        store
            .begin_renewal(ada.account, ada.pair, FIRST_STEP + 1, &pending(), Some(by), &event)
            .await
            .unwrap()
    };
    assert!(store.perform(&name("ada"), Act::SignOut, now()).await.unwrap());
    assert_eq!(begin(&ada.session).await, RenewalOutcome::SessionOver);
    let account = find(&*store, "ada").await;
    assert_eq!((account.last_step, account.pending), (Some(FIRST_STEP), None));
    assert_eq!(begin(&eve.session).await, RenewalOutcome::SessionOver, "somebody else's");
}

async fn a_rehash_replaces_only_the_envelope_it_read(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let (old, new) = (sealed("password"), sealed("rehashed"));
    assert!(store.replace_password(ada.pair, &old, &new).await.unwrap());
    assert!(!store.replace_password(ada.pair, &old, &sealed("late")).await.unwrap());
    assert!(!store.replace_password(pair_id(), &new, &old).await.unwrap());
    assert_eq!(find(&*store, "ada").await.active.unwrap().0.password, Some(new));
}
