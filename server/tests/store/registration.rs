//! Who holds a name.

use domain::{
    audit::AuditKind,
    service::ports::{Registration, Stage},
};
use server::store::Act;

use crate::{database::Database, fixtures::*};

contract! {
    a_new_registration_is_found_with_its_pending_pair_and_its_event,
    an_unclaimed_registration_starts_over_and_its_ticket_dies,
    a_claimed_registration_holds_the_name_until_it_lapses,
    an_invitation_holds_the_name_before_its_claim_until_it_lapses,
    an_invitation_takes_the_place_of_whatever_was_not_claimed_and_of_nothing_else,
    an_activated_account_holds_its_name_for_ever,
    a_refused_registration_writes_no_event,
    of_100_parallel_registrations_one_account_and_one_ticket_are_left,
    a_registration_never_replaces_a_password_claimed_at_the_same_moment,
    instants_keep_their_microseconds,
}

async fn a_new_registration_is_found_with_its_pending_pair_and_its_event(db: Database) {
    let store = db.store().await;
    assert_eq!(store.find_account(&name("ada")).await.unwrap(), None);
    let new = registration("ada");
    assert_eq!(register(&*store, &new).await, Registration::Stored);

    let account = find(&*store, "ada").await;
    assert_eq!((account.id, account.lapses_at, account.last_step), (new.account, Some(lapse()), None));
    assert_eq!(account.active, None);
    let pending = account.pending.unwrap();
    assert_eq!((pending.id, pending.password, pending.totp), (new.pending.pair, None, None));
    assert_eq!(db.events("registered").await, 1);
}

async fn an_unclaimed_registration_starts_over_and_its_ticket_dies(db: Database) {
    let store = db.store().await;
    let first = registered(&*store, "ada").await;
    let second = registered(&*store, "ada").await;
    let next = ticket();
    assert_eq!(store.advance_ticket(&first.ticket, Stage::Registered, &next, now()).await.unwrap(), None);
    advance(&*store, second, Stage::Registered).await;
    assert_eq!(db.count("accounts").await, 1);
    assert_eq!(db.count("credential_pairs").await, 1);
}

async fn a_claimed_registration_holds_the_name_until_it_lapses(db: Database) {
    let store = db.store().await;
    let first = with_password(&*store, "ada").await;
    let mut late = registration("ada");
    assert_eq!(register(&*store, &late).await, Registration::Taken);
    (late.now, late.lapses_at) = (lapse() - instant(), lapse() + chrono::Duration::hours(24));
    assert_eq!(register(&*store, &late).await, Registration::Taken);
    assert_eq!(find(&*store, "ada").await.id, first.account);

    (late.now, late.lapses_at) = (lapse(), lapse() + chrono::Duration::hours(24));
    assert_eq!(register(&*store, &late).await, Registration::Stored);
    assert_eq!(find(&*store, "ada").await.id, late.account);
    assert_eq!(db.count("credential_pairs").await, 1);
}

async fn an_invitation_holds_the_name_before_its_claim_until_it_lapses(db: Database) {
    let store = db.store().await;
    assert_eq!(register(&*store, &invitation("ada")).await, Registration::Stored);
    assert_eq!(store.person(&name("ada")).await.unwrap().unwrap().origin, "invitation");
    let mut late = registration("ada");
    assert_eq!(register(&*store, &late).await, Registration::Taken);
    (late.now, late.lapses_at) = (lapse(), lapse() + chrono::Duration::hours(24));
    assert_eq!(register(&*store, &late).await, Registration::Stored);
    assert_eq!(store.person(&name("ada")).await.unwrap().unwrap().origin, "self");
}

async fn an_invitation_takes_the_place_of_whatever_was_not_claimed_and_of_nothing_else(db: Database) {
    let store = db.store().await;
    for unclaimed in [registration("ada"), invitation("ada")] {
        assert_eq!(register(&*store, &unclaimed).await, Registration::Stored);
        let next = ticket();
        let new = invitation("ada");
        assert_eq!(register(&*store, &new).await, Registration::Stored);
        let held = unclaimed.pending.ticket.digest;
        assert_eq!(store.advance_ticket(&held, Stage::Registered, &next, now()).await.unwrap(), None);
        assert_eq!(find(&*store, "ada").await.id, new.account);
        assert_eq!(db.count("credential_pairs").await, 1);
        assert!(store.perform(&name("ada"), Act::Delete, now()).await.unwrap());
    }
    with_password(&*store, "claimed").await;
    active(&*store, "active").await;
    active(&*store, "revoked").await;
    assert!(store.perform(&name("revoked"), Act::Revoke, now()).await.unwrap());
    for held in ["claimed", "active", "revoked"] {
        assert_eq!(register(&*store, &invitation(held)).await, Registration::Taken, "{held}");
    }
}

async fn an_activated_account_holds_its_name_for_ever(db: Database) {
    let store = db.store().await;
    active(&*store, "ada").await;
    let mut late = registration("ada");
    late.now += chrono::Duration::days(4_000);
    late.lapses_at = late.now + chrono::Duration::hours(24);
    assert_eq!(register(&*store, &late).await, Registration::Taken);
}

async fn a_refused_registration_writes_no_event(db: Database) {
    let store = db.store().await;
    with_password(&*store, "ada").await;
    assert_eq!(register(&*store, &registration("ada")).await, Registration::Taken);
    assert_eq!(db.events("registered").await, 1);
}

async fn of_100_parallel_registrations_one_account_and_one_ticket_are_left(db: Database) {
    let store = db.store().await;
    let tickets = at_once(&[store.clone(), db.store().await], 100, |store| async move {
        let new = registration("ada");
        assert_eq!(register(&*store, &new).await, Registration::Stored);
        new.pending.ticket.digest
    })
    .await;
    assert_eq!(db.count("accounts").await, 1);
    assert_eq!(db.count("credential_pairs").await, 1);
    let mut alive = 0;
    for held in tickets {
        let next = ticket();
        alive +=
            i32::from(store.advance_ticket(&held, Stage::Registered, &next, now()).await.unwrap().is_some());
    }
    assert_eq!(alive, 1);
}

async fn a_registration_never_replaces_a_password_claimed_at_the_same_moment(db: Database) {
    let store = db.store().await;
    for round in 0..40 {
        let username = format!("ada{round}");
        let begun = registered(&*store, &username).await;
        let claim = advance(&*store, begun, Stage::Registered).await;
        let (claiming, registering) = (store.clone(), store.clone());
        let claimed = tokio::spawn(async move {
            let event = claim.event(AuditKind::PasswordIssued);
            claiming.set_password(&claim.ticket, &seal(), &sealed("password"), &event).await.unwrap()
        });
        let registered = tokio::spawn(async move { register(&*registering, &registration(&username)).await });
        let (claimed, registered) = (claimed.await.unwrap(), registered.await.unwrap());
        assert_eq!(claimed, registered == Registration::Taken, "round {round}");
    }
}

async fn instants_keep_their_microseconds(db: Database) {
    let store = db.store().await;
    let mut new = registration("ada");
    new.lapses_at = "2026-02-01T23:59:59.999999999Z".parse().unwrap();
    register(&*store, &new).await;
    let cut = "2026-02-01T23:59:59.999999Z".parse().unwrap();
    assert_eq!(find(&*store, "ada").await.lapses_at, Some(cut));
}
