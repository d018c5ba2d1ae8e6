//! What an operator looks up and does.

use domain::{
    audit::AuditKind,
    lifecycle::State,
    service::ports::{ActivationOutcome, Registration, RenewalOutcome, Stage},
};
use server::store::{Act, Store, check};

use crate::{database::Database, fixtures::*};

contract! {
    people_are_listed_by_name_page_by_page,
    a_person_is_told_with_everything_that_is_no_secret,
    an_act_on_nobody_changes_nothing,
    signing_out_closes_sessions_and_leaves_the_secrets,
    expiring_ends_secrets_and_sessions_and_nothing_else,
    revoking_leaves_the_name_and_nothing_that_opens,
    deleting_frees_the_name_and_parts_events_from_the_person,
    an_act_in_the_middle_of_a_renewal_leaves_no_half,
    a_renewal_that_was_begun_ends_with_the_sessions_and_with_the_secrets,
    expiring_takes_secrets_that_were_never_proved,
}

async fn state(store: &dyn Store, username: &str) -> State {
    store.person(&name(username)).await.unwrap().unwrap().state(now())
}

async fn people_are_listed_by_name_page_by_page(db: Database) {
    let store = db.store().await;
    for username in ["cleo", "ada", "bob"] {
        registered(&*store, username).await;
    }
    let first = store.people(None, 2).await.unwrap();
    let rest = store.people(Some(&first[1].username), 2).await.unwrap();
    let names: Vec<_> = first.iter().chain(&rest).map(|person| person.username.as_str()).collect();
    assert_eq!(names, ["ada", "bob", "cleo"]);
    assert_eq!(store.people(Some(&name("cleo")), 2).await.unwrap(), []);
}

async fn a_person_is_told_with_everything_that_is_no_secret(db: Database) {
    let store = db.store().await;
    registered(&*store, "new").await;
    let ada = active(&*store, "ada").await;
    let new = store.person(&name("new")).await.unwrap().unwrap();
    assert_eq!((new.lapses_at, new.active, new.sessions), (Some(lapse()), None, 0));
    assert_eq!((new.registered_at, new.pending), (now(), Some(now())));
    assert_eq!((new.state(now()), new.state(lapse())), (State::Registered, State::Lapsed));

    let person = store.person(&name("ada")).await.unwrap().unwrap();
    assert_eq!((person.account, person.origin.as_str()), (ada.account, "self"));
    assert_eq!((person.lapses_at, person.pending), (None, None));
    assert_eq!((person.sessions, person.last_sign_in_at), (1, Some(now())));
    assert_eq!(person.last_step, Some(FIRST_STEP));
    let (_, until) = person.active.unwrap();
    assert_eq!((person.state(until - instant()), person.state(until)), (State::Active, State::Expired));
    assert_eq!(store.person(&name("nobody")).await.unwrap(), None);
}

async fn an_act_on_nobody_changes_nothing(db: Database) {
    let store = db.store().await;
    active(&*store, "ada").await;
    let events = db.count("audit_trail").await;
    for act in Act::ALL {
        assert!(!store.perform(&name("nobody"), act, now()).await.unwrap());
    }
    assert_eq!((db.count("audit_trail").await, db.count("sessions").await), (events, 1));
}

async fn signing_out_closes_sessions_and_leaves_the_secrets(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let bob = active(&*store, "bob").await;
    let before = find(&*store, "ada").await;
    assert!(store.perform(&name("ada"), Act::SignOut, now()).await.unwrap());
    assert_eq!(store.find_session(&ada.session).await.unwrap(), None);
    assert!(store.find_session(&bob.session).await.unwrap().is_some());
    assert_eq!(find(&*store, "ada").await, before);
    assert_eq!(db.events("sessions_closed").await, 1);
}

async fn expiring_ends_secrets_and_sessions_and_nothing_else(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let before = find(&*store, "ada").await;
    assert!(store.perform(&name("ada"), Act::Expire, now()).await.unwrap());
    assert_eq!(state(&*store, "ada").await, State::Expired);
    assert_eq!(store.find_session(&ada.session).await.unwrap(), None);
    let after = find(&*store, "ada").await;
    assert_eq!(after.active.as_ref().map(|(pair, _)| pair), before.active.as_ref().map(|(pair, _)| pair));
    // Once more, later: an end that has come is not moved.
    assert!(store.perform(&name("ada"), Act::Expire, lapse()).await.unwrap());
    assert_eq!(find(&*store, "ada").await, after);
    assert_eq!(db.events("secrets_expired").await, 2);
}

async fn a_renewal_that_was_begun_ends_with_the_sessions_and_with_the_secrets(db: Database) {
    let store = db.store().await;
    for act in [Act::SignOut, Act::Expire] {
        let username = act.kind().as_str();
        let ada = active(&*store, username).await;
        let renewal = renewing(&*store, ada, FIRST_STEP + 1).await;
        assert!(store.perform(&name(username), act, now()).await.unwrap());
        let activation = renewal.activation(FIRST_STEP + 2);
        let outcome = store.activate(&activation, &renewal.event(AuditKind::Renewed)).await.unwrap();
        assert_eq!(outcome, ActivationOutcome::TicketSpent, "{act:?}");
        assert_eq!(
            store.advance_ticket(&renewal.ticket, Stage::Registered, &ticket(), now()).await.unwrap(),
            None
        );
        let account = find(&*store, username).await;
        assert_eq!((account.active.unwrap().0.id, account.pending), (ada.pair, None));
    }
}

async fn expiring_takes_secrets_that_were_never_proved(db: Database) {
    let store = db.store().await;
    let new = with_totp(&*store, "new").await;
    assert!(store.perform(&name("new"), Act::Expire, now()).await.unwrap());
    let outcome =
        store.activate(&new.activation(FIRST_STEP), &new.event(AuditKind::Activated)).await.unwrap();
    assert_eq!(outcome, ActivationOutcome::TicketSpent);
    let account = find(&*store, "new").await;
    assert_eq!(account.lapses_at, Some(lapse()));
    let left = account.pending.unwrap();
    assert_eq!((left.password, left.totp), (None, None));
    assert_eq!(register(&*store, &registration("new")).await, Registration::Stored, "nobody holds the name");
}

async fn revoking_leaves_the_name_and_nothing_that_opens(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    with_password(&*store, "new").await;
    for username in ["ada", "new"] {
        assert!(store.perform(&name(username), Act::Revoke, now()).await.unwrap());
    }
    for username in ["ada", "new"] {
        assert_eq!(state(&*store, username).await, State::Revoked);
        let account = find(&*store, username).await;
        assert_eq!((account.active, account.pending), (None, None));
        // For good: it does not lapse, and nobody else gets the name.
        store.purge(lapse(), lapse(), lapse()).await.unwrap();
        let again = registration(username);
        assert_eq!(register(&*store, &again).await, Registration::Taken);
    }
    assert_eq!(store.find_session(&ada.session).await.unwrap(), None);
    assert_eq!(db.events("revoked").await, 2);
}

async fn deleting_frees_the_name_and_parts_events_from_the_person(db: Database) {
    let store = db.store().await;
    let ada = active(&*store, "ada").await;
    let bob = active(&*store, "bob").await;
    let events = store.entries_about(ada.account).await.unwrap().len();
    let told = store.ends().await.unwrap().head;
    assert!(store.perform(&name("ada"), Act::Delete, now()).await.unwrap());
    assert_eq!(store.person(&name("ada")).await.unwrap(), None);
    assert_eq!(store.find_session(&ada.session).await.unwrap(), None);
    assert_eq!(db.count("pseudonyms").await, 1, "the key of the pseudonym goes with the account");
    assert_eq!(store.entries_about(ada.account).await.unwrap(), []);
    assert!(!store.entries_about(bob.account).await.unwrap().is_empty());
    // The events themselves are all there, the one of the deletion too, and the chain is whole.
    let checked = check(&*store, Some(told)).await.unwrap();
    assert_eq!((checked.ends.head.number, checked.passes), (told.number + 1, Some(true)));
    assert_eq!(
        db.count("audit_trail t WHERE t.subject = (SELECT subject FROM audit_trail WHERE kind = 'deleted')")
            .await,
        i64::try_from(events).unwrap() + 1
    );
    assert_eq!(register(&*store, &registration("ada")).await, Registration::Stored);
    if db.is_sqlite() {
        return;
    }
    assert_eq!(db.count("credential_pairs").await, 2);
}

async fn an_act_in_the_middle_of_a_renewal_leaves_no_half(db: Database) {
    let store = db.store().await;
    for (round, act) in (0u64..).zip(Act::ALL) {
        let username = format!("ada{round}");
        let ada = active(&*store, &username).await;
        let (acting, renewing) = (store.clone(), store.clone());
        let who = name(&username);
        let (acted, renewed) = tokio::join!(
            tokio::spawn(async move { acting.perform(&who, act, now()).await }),
            tokio::spawn(async move {
                let event = ada.event(AuditKind::RenewalStarted);
                renewing.begin_renewal(ada.account, ada.pair, FIRST_STEP + 1, &pending(), None, &event).await
            }),
        );
        assert!(acted.unwrap().unwrap());
        let renewed = renewed.unwrap();
        let Some(account) = store.find_account(&name(&username)).await.unwrap() else {
            assert_eq!(act, Act::Delete);
            continue;
        };
        // A pending pair without an active one beside it would be a way in without the old factors.
        assert!(account.active.is_some() || account.pending.is_none(), "{act:?}: {account:?} {renewed:?}");
        if act == Act::Revoke {
            assert!(
                account.pending.is_none()
                    && matches!(renewed, Ok(RenewalOutcome::Begun | RenewalOutcome::StepUsed))
            );
        }
        if matches!(act, Act::SignOut | Act::Expire) {
            // Whichever came first. That was no session's renewal: one after the act is its owner's.
            assert!(account.pending.is_none() || matches!(renewed, Ok(RenewalOutcome::Begun)), "{act:?}");
        }
    }
    check(&*store, None).await.unwrap();
}
