//! Sessions: opened by a step that was never used, on the pair that is active at that moment.

use chrono::Duration;
use domain::audit::AuditKind;

use crate::{database::Database, fixtures::*};

contract! {
    an_opened_session_is_found_as_it_was_opened,
    a_session_is_found_by_either_token_and_each_only_by_its_own,
    a_session_that_was_never_opened_is_not_found,
    a_time_step_opens_one_session_and_earlier_ones_none,
    a_pair_that_is_not_active_opens_no_session_and_spends_no_step,
    of_200_parallel_sign_ins_with_one_step_one_opens_a_session,
    no_session_is_opened_on_a_pair_that_is_being_replaced,
    a_use_is_noted_and_never_moves_back,
    the_tries_of_a_session_are_counted,
    of_200_parallel_tries_on_one_session_five_are_taken,
    a_session_is_closed_once,
}

async fn an_opened_session_is_found_as_it_was_opened(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let new = session();
    let event = ada.event(AuditKind::SignedIn);
    assert!(store.open_session(ada.account, ada.pair, FIRST_STEP + 1, &new, &event).await.unwrap());
    let found = store.find_session(&new.digest).await.unwrap().unwrap();
    assert_eq!((found.account, found.username, found.pair), (ada.account, name("ada"), ada.pair));
    assert_eq!((found.created_at, found.last_seen_at, found.expires_at), (now(), now(), new.expires_at));
    assert_eq!((found.valid_until, found.totp), (now() + Duration::days(180), sealed("totp")));
    assert_eq!((found.last_step, found.sessions), (Some(FIRST_STEP + 1), 2));
    assert_eq!(db.events("signed_in").await, 1);
}

async fn a_session_is_found_by_either_token_and_each_only_by_its_own(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let new = session();
    let event = ada.event(AuditKind::SignedIn);
    assert!(store.open_session(ada.account, ada.pair, FIRST_STEP + 1, &new, &event).await.unwrap());
    let found = store.find_session(&new.digest).await.unwrap();
    assert_eq!(found.as_ref().unwrap().digest, new.digest);
    assert_eq!(store.find_session_by_forward(&new.forward).await.unwrap(), found);
    assert_eq!(store.find_session_by_forward(&new.digest).await.unwrap(), None);
    assert_eq!(store.find_session(&new.forward).await.unwrap(), None);
    assert!(store.close_session(&new.digest, &event).await.unwrap());
    assert_eq!(store.find_session_by_forward(&new.forward).await.unwrap(), None);
}

async fn a_session_that_was_never_opened_is_not_found(db: Database) {
    let store = db.store().await;
    assert_eq!(store.find_session(&digest()).await.unwrap(), None);
    assert_eq!(store.take_session_try(&digest()).await.unwrap(), None);
    store.touch_session(&digest(), now()).await.unwrap();
}

async fn a_time_step_opens_one_session_and_earlier_ones_none(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let event = ada.event(AuditKind::SignedIn);
    let open =
        async |step| store.open_session(ada.account, ada.pair, step, &session(), &event).await.unwrap();
    assert!(!open(FIRST_STEP).await);
    assert!(open(FIRST_STEP + 2).await);
    assert!(!open(FIRST_STEP + 2).await);
    assert!(!open(FIRST_STEP + 1).await);
    assert_eq!(db.count("sessions").await, 2);
    assert_eq!(db.events("signed_in").await, 1);
}

async fn a_pair_that_is_not_active_opens_no_session_and_spends_no_step(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let next = renewing(&*store, ada, FIRST_STEP + 1).await;
    let eve = active(&*store, "eve").await;
    let event = ada.event(AuditKind::SignedIn);
    for pair in [next.pair, eve.pair, pair_id()] {
        assert!(!store.open_session(ada.account, pair, FIRST_STEP + 2, &session(), &event).await.unwrap());
    }
    assert_eq!(find(&*store, "ada").await.last_step, Some(FIRST_STEP + 1));
    assert_eq!(db.events("signed_in").await, 0);
    assert!(store.open_session(ada.account, ada.pair, FIRST_STEP + 2, &session(), &event).await.unwrap());
}

async fn of_200_parallel_sign_ins_with_one_step_one_opens_a_session(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let opened = at_once(&[store, db.store().await], 200, |store| async move {
        let event = ada.event(AuditKind::SignedIn);
        store.open_session(ada.account, ada.pair, FIRST_STEP + 1, &session(), &event).await.unwrap()
    })
    .await;
    assert_eq!(opened.into_iter().filter(|opened| *opened).count(), 1);
    assert_eq!(db.count("sessions").await, 2);
    assert_eq!(db.events("signed_in").await, 1);
}

async fn no_session_is_opened_on_a_pair_that_is_being_replaced(db: Database) {
    let store = db.store().await;
    for round in 0..40 {
        let username = format!("ada{round}");
        let old = active(&*store, &username).await;
        let held = renewing(&*store, old, FIRST_STEP + 1).await;
        let (signing_in, activating) = (store.clone(), store.clone());
        let late = session();
        // The greater step: were the step the only guard, it would be accepted after the swap.
        let opened = tokio::spawn(async move {
            let event = old.event(AuditKind::SignedIn);
            signing_in.open_session(old.account, old.pair, FIRST_STEP + 3, &late, &event).await.unwrap()
        });
        let activation = held.activation(FIRST_STEP + 2);
        let activated = tokio::spawn(async move {
            activating.activate(&activation, &held.event(AuditKind::Renewed)).await.unwrap()
        });
        let opened = opened.await.unwrap();
        let done = activated.await.unwrap() == domain::service::ports::ActivationOutcome::Done;
        // Either the sign-in came first, and its later step stops the activation; or the
        // activation did, and the old pair opens nothing.
        assert_ne!(opened, done, "round {round}");
        let found = store.find_session(&late.digest).await.unwrap();
        assert_eq!(found.is_some(), opened, "round {round}");
    }
}

async fn a_use_is_noted_and_never_moves_back(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let later = now() + Duration::minutes(3);
    store.touch_session(&ada.session, later).await.unwrap();
    store.touch_session(&ada.session, now() + Duration::minutes(2)).await.unwrap();
    assert_eq!(store.find_session(&ada.session).await.unwrap().unwrap().last_seen_at, later);
}

async fn the_tries_of_a_session_are_counted(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    for left in [4, 3, 2, 1, 0] {
        assert_eq!(store.take_session_try(&ada.session).await.unwrap(), Some(left));
    }
    assert_eq!(store.take_session_try(&ada.session).await.unwrap(), None);
    assert!(store.find_session(&ada.session).await.unwrap().is_some());
}

async fn of_200_parallel_tries_on_one_session_five_are_taken(db: Database) {
    let store = db.store().await;
    let token = active(&*store, "ada").await.session;
    let mut left: Vec<_> = at_once(&[store, db.store().await], 200, |store| async move {
        store.take_session_try(&token).await.unwrap()
    })
    .await
    .into_iter()
    .flatten()
    .collect();
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2, 3, 4]);
}

async fn a_session_is_closed_once(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let event = ada.event(AuditKind::SignedOut);
    assert!(store.close_session(&ada.session, &event).await.unwrap());
    assert!(!store.close_session(&ada.session, &event).await.unwrap());
    assert_eq!(store.find_session(&ada.session).await.unwrap(), None);
    assert_eq!(db.events("signed_out").await, 1);
}
