//! Sessions: opened by a step that was never used, on the pair that is active at that moment.

use chrono::Duration;
use domain::{
    agent::{Agent, Browser, System},
    audit::AuditKind,
    service::ports::{ListedSession, NewSession},
    token::SessionHandle,
};

use server::store::Store;

use crate::{database::Database, fixtures::*};

contract! {
    an_opened_session_is_found_as_it_was_opened,
    a_session_is_found_by_either_token_and_each_only_by_its_own,
    a_session_from_before_there_were_seals_has_none,
    a_session_that_was_never_opened_is_not_found,
    a_time_step_opens_one_session_and_earlier_ones_none,
    a_pair_that_is_not_active_opens_no_session_and_spends_no_step,
    of_200_parallel_sign_ins_with_one_step_one_opens_a_session,
    no_session_is_opened_on_a_pair_that_is_being_replaced,
    a_use_is_noted_and_never_moves_back,
    the_tries_of_a_session_are_counted,
    of_200_parallel_tries_on_one_session_five_are_taken,
    a_session_is_closed_once,
    sessions_are_listed_by_their_last_use_and_only_while_they_live,
    one_closes_a_session_of_the_same_account_and_no_other,
    a_session_that_is_gone_closes_nothing,
    all_sessions_but_one_are_closed_at_once,
    closing_a_session_drops_a_renewal_that_it_may_have_begun,
    one_session_too_many_closes_the_one_unused_for_longest,
    of_60_parallel_sign_ins_no_more_sessions_than_the_limit_stay,
    a_session_that_an_older_program_opened_is_listed,
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
    assert_eq!((found.forward, found.seal), (Some(new.forward), Some(new.seal)));
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

async fn a_session_from_before_there_were_seals_has_none(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    db.execute("UPDATE sessions SET seal = NULL, forward_digest = NULL").await;
    let found = store.find_session(&ada.session).await.unwrap().unwrap();
    assert_eq!((found.forward, found.seal), (None, None));
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

/// Opens `new` with a time step of its own.
async fn open(store: &dyn Store, who: Active, new: NewSession) -> NewSession {
    let last = store.find_session(&who.session).await.unwrap().unwrap().last_step.unwrap();
    let event = who.event(AuditKind::SignedIn);
    assert!(store.open_session(who.account, who.pair, last + 1, &new, &event).await.unwrap());
    new
}

async fn list(store: &dyn Store, who: Active) -> Vec<ListedSession> {
    store.list_sessions(who.account, now(), now() - Duration::minutes(30)).await.unwrap()
}

fn handle(new: &NewSession) -> SessionHandle {
    SessionHandle::of(&new.digest)
}

async fn sessions_are_listed_by_their_last_use_and_only_while_they_live(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    active(&*store, "eve").await;
    let agent = Agent { browser: Browser::Samsung, system: System::Android };
    let second = open(&*store, ada, NewSession { agent, ..session() }).await;
    store.touch_session(&second.digest, now() + Duration::minutes(3)).await.unwrap();
    let found = list(&*store, ada).await;
    let expected = ListedSession {
        digest: second.digest,
        created_at: now(),
        last_seen_at: now() + Duration::minutes(3),
        expires_at: second.expires_at,
        agent,
    };
    assert_eq!(found[0], expected);
    assert_eq!(found.iter().map(|s| s.digest).collect::<Vec<_>>(), [second.digest, ada.session]);
    assert_eq!(found[1].agent, Agent::default());

    let count = async |at, idle_since| store.list_sessions(ada.account, at, idle_since).await.unwrap().len();
    assert_eq!(count(now(), now()).await, 1, "the first one was not used since");
    assert_eq!(count(second.expires_at - instant(), now() - instant()).await, 2);
    assert_eq!(count(second.expires_at, now() - instant()).await, 0, "both are at their end");
}

async fn one_closes_a_session_of_the_same_account_and_no_other(db: Database) {
    let store = db.store().await;
    let (ada, eve) = (active(&*store, "ada").await, active(&*store, "eve").await);
    let second = open(&*store, ada, session()).await;
    let close = async |by: Active, handle| {
        store.close_session_called(&by.session, &handle, &by.event(AuditKind::SessionClosed)).await.unwrap()
    };
    assert!(!close(eve, handle(&second)).await, "somebody else's");
    assert!(!close(ada, SessionHandle::of(&digest())).await, "nobody's");
    assert_eq!(db.count("sessions").await, 3);
    assert_eq!(db.events("session_closed").await, 0, "nothing happened, and nothing is told");

    assert!(close(ada, handle(&second)).await);
    assert!(!close(ada, handle(&second)).await, "once");
    assert_eq!(store.find_session(&second.digest).await.unwrap(), None);
    assert_eq!(store.find_session_by_forward(&second.forward).await.unwrap(), None);
    assert!(store.find_session(&ada.session).await.unwrap().is_some());
    assert_eq!(db.events("session_closed").await, 1);
}

async fn a_session_that_is_gone_closes_nothing(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let second = open(&*store, ada, session()).await;
    let event = ada.event(AuditKind::SignedOut);
    assert!(store.close_session(&ada.session, &event).await.unwrap());
    assert!(!store.close_session_called(&ada.session, &handle(&second), &event).await.unwrap());
    assert!(!store.close_other_sessions(&ada.session, &event).await.unwrap());
    assert!(store.find_session(&second.digest).await.unwrap().is_some());
}

async fn all_sessions_but_one_are_closed_at_once(db: Database) {
    let store = db.store().await;
    let (ada, eve) = (active(&*store, "ada").await, active(&*store, "eve").await);
    for _ in 0..3 {
        open(&*store, ada, session()).await;
    }
    let event = ada.event(AuditKind::OtherSessionsClosed);
    assert!(store.close_other_sessions(&ada.session, &event).await.unwrap());
    assert_eq!(list(&*store, ada).await.iter().map(|s| s.digest).collect::<Vec<_>>(), [ada.session]);
    assert!(store.find_session(&eve.session).await.unwrap().is_some());
    assert!(!store.close_other_sessions(&ada.session, &event).await.unwrap(), "there is none left");
    assert_eq!(db.events("other_sessions_closed").await, 1);
}

async fn closing_a_session_drops_a_renewal_that_it_may_have_begun(db: Database) {
    let store = db.store().await;
    let (ada, eve) = (active(&*store, "ada").await, active(&*store, "eve").await);
    renewing(&*store, eve, FIRST_STEP + 1).await;
    let second = open(&*store, ada, session()).await;
    let others = ada.event(AuditKind::OtherSessionsClosed);

    let begun = renewing(&*store, ada, FIRST_STEP + 2).await;
    let closed = ada.event(AuditKind::SessionClosed);
    assert!(store.close_session_called(&ada.session, &handle(&second), &closed).await.unwrap());
    assert_eq!(store.take_ticket_try(&begun.ticket, now()).await.unwrap(), None);

    // There is no other session any more, and somebody may hold a ticket.
    let begun = renewing(&*store, ada, FIRST_STEP + 3).await;
    assert!(store.close_other_sessions(&ada.session, &others).await.unwrap());
    assert_eq!(store.take_ticket_try(&begun.ticket, now()).await.unwrap(), None);
    assert!(!store.close_other_sessions(&ada.session, &others).await.unwrap());
    assert_eq!(db.events("other_sessions_closed").await, 1);
    assert_eq!(find(&*store, "ada").await.active.unwrap().0.id, ada.pair);
    assert!(find(&*store, "eve").await.pending.is_some(), "somebody else's stays");
}

async fn one_session_too_many_closes_the_one_unused_for_longest(db: Database) {
    let store = db.store().await;
    let (ada, eve) = (active(&*store, "ada").await, active(&*store, "eve").await);
    let at = |minutes: i64| NewSession { now: now() + Duration::minutes(minutes), at_most: 3, ..session() };
    let (second, third) = (open(&*store, ada, at(1)).await, open(&*store, ada, at(2)).await);
    assert_eq!(db.events("session_displaced").await, 0, "there was room for three");
    // The first one is the oldest, and was used last.
    store.touch_session(&ada.session, now() + Duration::minutes(3)).await.unwrap();
    let fourth = open(&*store, ada, at(4)).await;
    let left: Vec<_> = list(&*store, ada).await.iter().map(|s| s.digest).collect();
    assert_eq!(left, [fourth.digest, ada.session, third.digest]);
    assert_eq!(store.find_session(&second.digest).await.unwrap(), None);
    assert_eq!(db.events("session_displaced").await, 1);
    assert!(store.find_session(&eve.session).await.unwrap().is_some(), "other accounts have their own room");

    // A smaller limit is kept from the next session on; the new one always stays.
    let only = open(&*store, ada, NewSession { at_most: 1, ..at(5) }).await;
    assert_eq!(list(&*store, ada).await.iter().map(|s| s.digest).collect::<Vec<_>>(), [only.digest]);
}

async fn of_60_parallel_sign_ins_no_more_sessions_than_the_limit_stay(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let step = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(FIRST_STEP));
    let opened = at_once(&[store, db.store().await], 60, |store| {
        let step = step.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        async move {
            let (event, new) = (ada.event(AuditKind::SignedIn), NewSession { at_most: 5, ..session() });
            store.open_session(ada.account, ada.pair, step, &new, &event).await.unwrap()
        }
    })
    .await;
    let opened = opened.into_iter().filter(|opened| *opened).count();
    // Steps that come late are refused; whatever was opened, the limit holds.
    assert_eq!(db.count("sessions").await, i64::try_from((opened + 1).min(5)).unwrap());
}

async fn a_session_that_an_older_program_opened_is_listed(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    db.execute("UPDATE sessions SET agent = NULL").await;
    assert_eq!(list(&*store, ada).await[0].agent, Agent::default());
    db.execute("UPDATE sessions SET agent = 'ladybird/redox'").await;
    assert_eq!(list(&*store, ada).await[0].agent, Agent::default(), "a newer program's word");
}
