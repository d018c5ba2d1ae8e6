//! The key ring, and whether it is this database's.

use chrono::{DateTime, Utc};

use super::{Report, Seen};
use crate::{
    config::Partial,
    crypto::{
        KeyRing,
        guard::{self, GuardError},
        key_file::{self, KeyFileError},
    },
    store::Survey,
};

pub(super) fn examine(now: DateTime<Utc>, known: &Partial, seen: &Seen, report: &mut Report) {
    let file = &known.config.keys_file;
    match key_file::read(file) {
        Ok(ring) => {
            let known = seen.as_ref().ok().and_then(Option::as_ref).map_or(&[][..], |seen| &seen.keys);
            let (count, sealing) = (ring.iter().count(), guard::sealing(known, &ring));
            report.saw("keys", format!("{}: {count} key(s), {sealing} seals", file.display()));
            if let Ok(Some(survey)) = seen {
                belongs(&ring, survey, report);
            }
            if let Some(key) = ring.get(sealing).filter(|key| key.is_old(now)) {
                report.warning(
                    "key-old",
                    format!(
                        "Key {sealing} is of {}, and still the one that seals: the longer a key serves, the more a \
                         copy of it opens, and who had access once has it still.",
                        key.created_at().format("%Y-%m-%d")
                    ),
                    "Rotate once a year: `sesame keys add`, give the ring to every process, `sesame keys rotate`.",
                );
            }
        }
        Err(KeyFileError::Missing(_)) if may_be_made(known, seen) => {
            report.saw("keys", format!("{}: not there yet; the first start makes it", file.display()));
        }
        Err(error) => {
            report.saw("keys", format!("{}: no use", file.display()));
            let code = match error {
                KeyFileError::Missing(_) => "key-file-missing",
                KeyFileError::Exposed { .. } => "key-file-exposed",
                KeyFileError::Malformed { .. } => "key-file-malformed",
                KeyFileError::Exists(_) | KeyFileError::Io { .. } => "key-file-unreadable",
            };
            report.refusal(code, &error.to_string());
        }
    }
}

/// Whether the next start makes the ring, as it does for a database of its own that nothing was ever
/// sealed in. A database that cannot be looked into may hold anything.
fn may_be_made(known: &Partial, seen: &Seen) -> bool {
    if known.config.keys_file_given {
        return false;
    }
    if !known.is_sure("database_url") {
        return true;
    }
    let never_sealed = match seen {
        Ok(None) => true,
        Ok(Some(survey)) => survey.keys.is_empty() && !survey.holds_secrets,
        Err(_) => false,
    };
    never_sealed && known.config.database_url.sqlite_path().is_some()
}

fn belongs(ring: &KeyRing, survey: &Survey, report: &mut Report) {
    if survey.keys.is_empty() && survey.holds_secrets {
        report.refusal("fingerprints-missing", &GuardError::NoFingerprint.to_string());
    }
    if survey.holds_unbound {
        report.refusal("secrets-unbound", &GuardError::Unbound.to_string());
    }
    if let Err(error) = guard::compare(&survey.keys, ring) {
        return report.refusal("key-ring-wrong", &error.to_string());
    }
    let (sealing, newest) = (guard::sealing(&survey.keys, ring), ring.newest());
    if sealing != newest {
        report.warning(
            "key-not-newest",
            format!(
                "Key {sealing} seals, and not the ring's newest, key {newest}: a rotation was begun and not ended, or \
                 a backup from before it was restored. If key {sealing} has leaked, new secrets are sealed with a \
                 leaked key."
            ),
            "Run `sesame keys rotate`, once every process has this ring.",
        );
    }
}
