//! Domain values as SQL parameters.

use domain::service::ports::{Seal, Stage};

use super::Fault;

/// A TOTP time step. Steps count half minutes since 1970: none of this universe overflows.
pub(super) fn step(step: u64) -> Result<i64, Fault> {
    i64::try_from(step).map_err(|_| Fault::Row("a time step is out of range"))
}

/// The seal of a row, if it has one.
pub(super) fn seal(seal: Option<&Seal>) -> Option<&[u8]> {
    seal.map(|seal| seal.0.as_slice())
}

/// How many of a pair's two secrets were issued at `stage`; they are issued in order.
pub(super) const fn issued(stage: Stage) -> i64 {
    match stage {
        Stage::Registered => 0,
        Stage::PasswordIssued => 1,
        Stage::TotpIssued => 2,
    }
}
