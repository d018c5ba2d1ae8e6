//! Which function of a backend keeps which promise of [`AccountStore`]. A trait is implemented in
//! one block, but registration, enrolment and sessions are separate ideas: each backend has a
//! module for each, of the same name and with the same functions, and this block joins them.
//!
//! [`AccountStore`]: domain::service::ports::AccountStore

/// Implements `AccountStore` for `$store` from the modules beside the call.
macro_rules! impl_account_store {
    ($store:ty) => {
        use ::chrono::{DateTime, Utc};
        use ::domain::{
            audit::AuditEvent,
            id::{AccountId, PairId},
            service::ports::{
                Account, AccountStore, Activation, ActivationOutcome, Enrolment, ListedSession, NewPending,
                NewRegistration, NewSession, NewTicket, Registration, RenewalOutcome, Seal, Sealed, Session,
                Stage, StoreError,
            },
            token::{SessionHandle, TokenDigest},
            username::Username,
        };

        #[::async_trait::async_trait]
        impl AccountStore for $store {
            async fn register(
                &self,
                new: &NewRegistration,
                event: &AuditEvent,
            ) -> Result<Registration, StoreError> {
                Ok(registration::register(self, new, event).await?)
            }

            async fn find_account(&self, username: &Username) -> Result<Option<Account>, StoreError> {
                Ok(accounts::find_account(self, username).await?)
            }

            async fn advance_ticket(
                &self,
                ticket: &TokenDigest,
                least: Stage,
                next: &NewTicket,
                now: DateTime<Utc>,
            ) -> Result<Option<Enrolment>, StoreError> {
                Ok(enrolment::advance_ticket(self, ticket, least, next, now).await?)
            }

            async fn restore_ticket(
                &self,
                current: &TokenDigest,
                previous: &NewTicket,
                held: &Enrolment,
            ) -> Result<(), StoreError> {
                Ok(enrolment::restore_ticket(self, current, previous, held).await?)
            }

            async fn set_password(
                &self,
                ticket: &TokenDigest,
                seal: &Seal,
                password: &Sealed,
                event: &AuditEvent,
            ) -> Result<bool, StoreError> {
                Ok(enrolment::set_password(self, ticket, seal, password, event).await?)
            }

            async fn set_totp(
                &self,
                ticket: &TokenDigest,
                seal: &Seal,
                totp: &Sealed,
                event: &AuditEvent,
            ) -> Result<bool, StoreError> {
                Ok(enrolment::set_totp(self, ticket, seal, totp, event).await?)
            }

            async fn take_ticket_try(
                &self,
                ticket: &TokenDigest,
                now: DateTime<Utc>,
            ) -> Result<Option<Enrolment>, StoreError> {
                Ok(enrolment::take_ticket_try(self, ticket, now).await?)
            }

            async fn give_back_ticket_try(&self, ticket: &TokenDigest) -> Result<(), StoreError> {
                Ok(enrolment::give_back_ticket_try(self, ticket).await?)
            }

            async fn activate(
                &self,
                activation: &Activation,
                event: &AuditEvent,
            ) -> Result<ActivationOutcome, StoreError> {
                Ok(activation::activate(self, activation, event).await?)
            }

            async fn reissue_ticket(
                &self,
                pair: PairId,
                password: &Sealed,
                ticket: &NewTicket,
                event: &AuditEvent,
            ) -> Result<bool, StoreError> {
                Ok(enrolment::reissue_ticket(self, pair, password, ticket, event).await?)
            }

            async fn open_session(
                &self,
                account: AccountId,
                pair: PairId,
                step: u64,
                session: &NewSession,
                event: &AuditEvent,
            ) -> Result<bool, StoreError> {
                Ok(sessions::open_session(self, account, pair, step, session, event).await?)
            }

            async fn begin_renewal(
                &self,
                account: AccountId,
                pair: PairId,
                step: u64,
                pending: &NewPending,
                by: Option<&TokenDigest>,
                event: &AuditEvent,
            ) -> Result<RenewalOutcome, StoreError> {
                Ok(renewal::begin_renewal(self, account, pair, step, pending, by, event).await?)
            }

            async fn replace_password(
                &self,
                pair: PairId,
                old: &Sealed,
                new: &Sealed,
            ) -> Result<bool, StoreError> {
                Ok(accounts::replace_password(self, pair, old, new).await?)
            }

            async fn find_session(&self, token: &TokenDigest) -> Result<Option<Session>, StoreError> {
                Ok(sessions::find_session(self, token).await?)
            }

            async fn find_session_by_forward(
                &self,
                forward: &TokenDigest,
            ) -> Result<Option<Session>, StoreError> {
                Ok(sessions::find_session_by_forward(self, forward).await?)
            }

            async fn touch_session(&self, token: &TokenDigest, now: DateTime<Utc>) -> Result<(), StoreError> {
                Ok(sessions::touch_session(self, token, now).await?)
            }

            async fn take_session_try(&self, token: &TokenDigest) -> Result<Option<u8>, StoreError> {
                Ok(sessions::take_session_try(self, token).await?)
            }

            async fn give_back_session_try(&self, token: &TokenDigest) -> Result<(), StoreError> {
                Ok(sessions::give_back_session_try(self, token).await?)
            }

            async fn close_session(
                &self,
                token: &TokenDigest,
                event: &AuditEvent,
            ) -> Result<bool, StoreError> {
                Ok(sessions::close_session(self, token, event).await?)
            }

            async fn list_sessions(
                &self,
                account: AccountId,
                now: DateTime<Utc>,
                idle_since: DateTime<Utc>,
            ) -> Result<Vec<ListedSession>, StoreError> {
                Ok(sessions::list_sessions(self, account, now, idle_since).await?)
            }

            async fn close_session_called(
                &self,
                by: &TokenDigest,
                handle: &SessionHandle,
                event: &AuditEvent,
            ) -> Result<bool, StoreError> {
                Ok(sessions::close_session_called(self, by, handle, event).await?)
            }

            async fn close_other_sessions(
                &self,
                by: &TokenDigest,
                event: &AuditEvent,
            ) -> Result<bool, StoreError> {
                Ok(sessions::close_other_sessions(self, by, event).await?)
            }

            async fn record(&self, event: &AuditEvent) -> Result<(), StoreError> {
                Ok(audit::record(self, event).await?)
            }

            async fn purge(
                &self,
                now: DateTime<Utc>,
                idle_since: DateTime<Utc>,
                lanes_before: DateTime<Utc>,
            ) -> Result<u64, StoreError> {
                Ok(purge::purge(self, now, idle_since, lanes_before).await?)
            }
        }
    };
}
