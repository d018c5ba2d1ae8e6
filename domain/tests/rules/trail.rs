//! The audit trail: what a change to it does to the chain.

use chrono::{DateTime, Duration, Utc};
use domain::{
    id::AccountId,
    trail::{Broken, Entry, Head, Link, PseudonymKey, Subject},
};
use proptest::{prelude::*, sample::Index};

fn entry(number: u64, minutes: i64, subject: [u8; 16], kind: &str) -> Entry {
    let at = DateTime::<Utc>::UNIX_EPOCH + Duration::minutes(minutes);
    Entry { number, at, subject: Subject::from_bytes(subject), kind: kind.to_owned() }
}

/// A trail of the given events, with its hashes.
fn trail(events: &[(i64, [u8; 16], String)]) -> Vec<(Entry, Link)> {
    let mut head = Head::ORIGIN;
    let mut trail = Vec::new();
    for (number, (minutes, subject, kind)) in (1..).zip(events) {
        let entry = entry(number, *minutes, *subject, kind);
        head = head.then(&entry);
        trail.push((entry, head.link));
    }
    trail
}

fn follow(trail: &[(Entry, Link)]) -> Result<Head, Broken> {
    trail.iter().try_fold(Head::ORIGIN, |head, (entry, link)| head.follow(entry, *link))
}

fn events() -> impl Strategy<Value = Vec<(i64, [u8; 16], String)>> {
    prop::collection::vec((0i64..1_000_000, any::<[u8; 16]>(), "[a-z_]{1,20}"), 1..40)
}

proptest! {
    #[test]
    fn a_trail_as_it_was_written_verifies_up_to_its_head(events in events()) {
        let trail = trail(&events);
        let head = follow(&trail).unwrap();
        prop_assert_eq!(head.number, events.len() as u64);
        prop_assert_eq!(head.link, trail.last().unwrap().1);
    }

    #[test]
    fn every_changed_field_is_noticed_at_its_entry(events in events(), which: Index, field in 0..5) {
        let mut trail = trail(&events);
        let at = which.index(trail.len());
        let (entry, link) = &mut trail[at];
        match field {
            0 => entry.at += Duration::microseconds(1),
            1 => {
                let mut subject = *entry.subject.as_bytes();
                subject[7] ^= 1;
                entry.subject = Subject::from_bytes(subject);
            }
            2 => entry.kind.push('x'),
            3 => entry.kind = entry.kind.replace(|_: char| true, "0"),
            _ => {
                let mut hash = *link.as_bytes();
                hash[31] ^= 1;
                *link = Link::from_bytes(hash);
            }
        }
        prop_assert_eq!(follow(&trail), Err(Broken::Changed { number: at as u64 + 1 }));
    }

    #[test]
    fn an_entry_that_was_taken_out_or_put_in_is_noticed(events in events(), which: Index) {
        let whole = trail(&events);
        let at = which.index(whole.len());
        let mut without = whole.clone();
        without.remove(at);
        // Nothing follows the last one: its loss is noticed by the head, which says how many there are.
        if at + 1 < whole.len() {
            prop_assert_eq!(follow(&without), Err(Broken::Missing { number: at as u64 + 1 }));
        }
        let mut twice = whole.clone();
        twice.insert(at, whole[at].clone());
        prop_assert_eq!(follow(&twice), Err(Broken::Missing { number: at as u64 + 2 }));
        let mut renumbered = without;
        for (number, (entry, _)) in (1..).zip(&mut renumbered) {
            entry.number = number;
        }
        prop_assert!(at + 1 == whole.len() || follow(&renumbered).is_err());
    }

    /// Who makes the chain anew from some entry on has a chain that verifies, and none that passes
    /// through a head that was told before.
    #[test]
    fn a_chain_made_anew_misses_every_later_head(events in events(), which: Index) {
        let told = trail(&events);
        let at = which.index(told.len());
        let mut forged = events.clone();
        forged[at].2.push('x');
        let forged = trail(&forged);
        prop_assert!(follow(&forged).is_ok());
        for (told, forged) in told.iter().zip(&forged).skip(at) {
            prop_assert_ne!(told.1, forged.1);
        }
    }

    /// Without the key nothing leads from an event to its account, and with it everything.
    #[test]
    fn a_pseudonym_depends_on_every_bit_of_account_and_key(
        account: [u8; 16], key: [u8; 32], byte in 0usize..48, bit in 0u8..8,
    ) {
        let of = |account, key| Subject::of(AccountId::from_bytes(account), &PseudonymKey::from_bytes(key));
        let subject = of(account, key);
        prop_assert_eq!(subject, of(account, key));
        let (mut other, mut otherwise) = (account, key);
        if byte < 16 { other[byte] ^= 1 << bit } else { otherwise[byte - 16] ^= 1 << bit }
        prop_assert_ne!(subject, of(other, otherwise));
        prop_assert_ne!(subject.as_bytes(), &account);
    }
}

/// Computed with `sha256sum`, so that nobody changes by accident what old trails were chained by:
/// `printf 'sesame audit entry 1\0' | cat - <(head -c 32 /dev/zero) … | sha256sum`.
#[test]
fn the_chain_is_the_one_that_older_trails_have() {
    let entry = entry(1, 1, *b"0123456789abcdef", "registered");
    assert_eq!(
        Head::ORIGIN.then(&entry).link.to_string(),
        "a3fae4445936bdace4e31a20963f0e9386a1174b8f9aedd0aac56fa399aba1a6"
    );
}

#[test]
fn req_ticket_5_a_pseudonym_key_prints_redacted() {
    assert_eq!(format!("{:?}", PseudonymKey::from_bytes([7; 32])), "[redacted]");
}
