//! The HTTP API: Leptos server functions under `/api`, `POST`, JSON in and out.
//!
//! Each one reads its context, calls one use case and maps the result. No SQL, no cryptography
//! and no policy here.

#![expect(missing_docs, reason = "the fields that `#[server]` makes of arguments cannot carry any")]

mod codec;
#[cfg(feature = "ssr")]
mod context;
mod error;
#[cfg(feature = "ssr")]
mod session_cookie;

#[cfg(feature = "ssr")]
use domain::service::{Closed, Origin, Outcome, SessionToken, UseCase};
use domain::{
    secret::WireSecret,
    wire::{Activated, Authentication, PasswordIssued, SessionList, SessionView, TicketIssued, TotpIssued},
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use self::codec::{JsonBody, NoContent};
#[cfg(feature = "ssr")]
pub use self::context::{Act, Observer, ServerContext};
pub use self::error::ServerError;
#[cfg(feature = "ssr")]
pub use self::session_cookie::{CookiePolicy, ForwardCookie};

/// Registers a username and hands out the ticket that claims its password.
#[server(prefix = "/api", endpoint = "register", input = JsonBody, input_derive = (Serialize, Deserialize), output = Json)]
pub async fn register(username: String) -> Result<TicketIssued, ServerError> {
    let context = context::current()?;
    let registered = context.sesame.register(context.network, &username).await;
    context.answer_about(Some(&username), UseCase::Register, registered, |_| Outcome::Done)
}

/// Consumes the ticket and hands over a generated password, this once.
#[server(prefix = "/api", endpoint = "generate-password", input = JsonBody, input_derive = (Serialize, Deserialize), output = Json)]
pub async fn generate_password(ticket: WireSecret) -> Result<PasswordIssued, ServerError> {
    let context = context::current()?;
    context.answer(
        UseCase::GeneratePassword,
        context.sesame.generate_password(context.network, ticket.expose()).await,
    )
}

/// Consumes the ticket and hands over a generated TOTP secret, this once.
#[server(prefix = "/api", endpoint = "generate-2fa", input = JsonBody, input_derive = (Serialize, Deserialize), output = Json)]
pub async fn generate_2fa(ticket: WireSecret) -> Result<TotpIssued, ServerError> {
    let context = context::current()?;
    context
        .answer(UseCase::GenerateTotp, context.sesame.generate_totp(context.network, ticket.expose()).await)
}

/// Proves the authenticator: the account is active and a session is open.
#[server(prefix = "/api", endpoint = "activate", input = JsonBody, input_derive = (Serialize, Deserialize), output = Json)]
pub async fn activate(ticket: WireSecret, code: WireSecret) -> Result<Activated, ServerError> {
    let context = context::current()?;
    let (network, agent) = (context.network, context::agent());
    let proved = context.sesame.activate(network, ticket.expose(), code.expose(), agent).await;
    let (activated, token) = context.answer(UseCase::Activate, proved)?;
    change_session(&context, &token).await?;
    Ok(activated)
}

/// Signs in with password and code.
#[server(prefix = "/api", endpoint = "authenticate", input = JsonBody, input_derive = (Serialize, Deserialize), output = Json)]
pub async fn authenticate(
    username: String,
    password: WireSecret,
    #[server(default)] code: Option<WireSecret>,
) -> Result<Authentication, ServerError> {
    let context = context::current()?;
    let code = code.as_ref().map(WireSecret::expose);
    let note = session_cookie::read_note(&context);
    let device = note.as_ref().map(WireSecret::expose);
    let origin = Origin { network: context.network, device, agent: context::agent() };
    let judged = context.sesame.authenticate(origin, &username, &password, code).await;
    let kind = |(answer, _): &(Authentication, _)| match answer {
        Authentication::Authenticated { .. } => Outcome::Done,
        Authentication::Expired { .. } => Outcome::Expired,
        Authentication::ActivationRequired { .. } => Outcome::ActivationRequired,
    };
    let (answer, token) = context.answer_about(Some(&username), UseCase::Authenticate, judged, kind)?;
    if let Some(token) = token {
        change_session(&context, &token).await?;
    }
    Ok(answer)
}

/// Hands a new session over, and ends the one that the browser had: nobody holds its token any more
/// who should (ASVS 7.2.4).
#[cfg(feature = "ssr")]
async fn change_session(context: &ServerContext, token: &SessionToken) -> Result<(), ServerError> {
    if let Some(old) = session_cookie::read(context) {
        // Best effort: the new one is open, which a 503 would deny, and the old one ends by itself.
        let _later = context.sesame.sign_out(Some(old.expose())).await;
    }
    session_cookie::set(context, token)
}

/// Begins an early renewal, with a session and a fresh code.
#[server(prefix = "/api", endpoint = "renew", input = JsonBody, input_derive = (Serialize, Deserialize), output = Json)]
pub async fn renew(code: WireSecret) -> Result<TicketIssued, ServerError> {
    let context = context::current()?;
    let token = session_cookie::read(&context);
    context.answer(
        UseCase::Renew,
        context.sesame.renew(token.as_ref().map(WireSecret::expose), code.expose()).await,
    )
}

/// The signed-in account, as its owner sees it.
#[server(prefix = "/api", endpoint = "session", input = JsonBody, input_derive = (Serialize, Deserialize), output = Json)]
pub async fn session() -> Result<SessionView, ServerError> {
    let context = context::current()?;
    let token = session_cookie::read(&context);
    context.answer(UseCase::Session, context.sesame.session(token.as_ref().map(WireSecret::expose)).await)
}

/// Closes the session and clears its cookie. Signing out twice is no error.
#[server(prefix = "/api", endpoint = "sign-out", input = JsonBody, input_derive = (Serialize, Deserialize), output = NoContent)]
pub async fn sign_out() -> Result<(), ServerError> {
    let context = context::current()?;
    let token = session_cookie::read(&context);
    context
        .answer(UseCase::SignOut, context.sesame.sign_out(token.as_ref().map(WireSecret::expose)).await)?;
    session_cookie::clear(&context)
}

/// The open sessions of the account.
#[server(prefix = "/api", endpoint = "sessions", input = JsonBody, input_derive = (Serialize, Deserialize), output = Json)]
pub async fn sessions() -> Result<SessionList, ServerError> {
    let context = context::current()?;
    let token = session_cookie::read(&context);
    context.answer(UseCase::Sessions, context.sesame.sessions(token.as_ref().map(WireSecret::expose)).await)
}

/// Closes one session of the account. One that is not there is closed.
#[server(prefix = "/api", endpoint = "revoke-session", input = JsonBody, input_derive = (Serialize, Deserialize), output = NoContent)]
pub async fn revoke_session(session: String) -> Result<(), ServerError> {
    let context = context::current()?;
    let token = session_cookie::read(&context);
    let revoked = context.sesame.revoke_session(token.as_ref().map(WireSecret::expose), &session).await;
    match context.answer(UseCase::RevokeSession, revoked)? {
        Closed::Own => session_cookie::clear(&context),
        Closed::Other => {
            context::answer_without_body();
            Ok(())
        }
    }
}

/// Closes all sessions of the account but the one that asks.
#[server(prefix = "/api", endpoint = "revoke-other-sessions", input = JsonBody, input_derive = (Serialize, Deserialize), output = NoContent)]
pub async fn revoke_other_sessions() -> Result<(), ServerError> {
    let context = context::current()?;
    let token = session_cookie::read(&context);
    let revoked = context.sesame.revoke_other_sessions(token.as_ref().map(WireSecret::expose)).await;
    context.answer(UseCase::RevokeOtherSessions, revoked)?;
    context::answer_without_body();
    Ok(())
}
