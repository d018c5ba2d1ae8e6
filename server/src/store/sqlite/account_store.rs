//! The accounts' port, joined from the modules beside this one.

use super::{SqliteStore, accounts, activation, audit, enrolment, purge, registration, renewal, sessions};

impl_account_store!(SqliteStore);
