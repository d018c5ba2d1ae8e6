//! The requests and answers as a client sees them, and a request polled by hand.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use domain::{
    agent::Agent,
    network::Network,
    secret::WireSecret,
    service::{Refusal, Sesame, SessionToken},
    wire::{Activated, Authentication, PasswordIssued, SessionView, TicketIssued, TotpIssued},
};

/// A request, as a client makes it.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Register { name: String },
    Password { ticket: String },
    Totp { ticket: String },
    Activate { ticket: String, code: String },
    SignIn { name: String, password: String, code: Option<String> },
    Renew { session: String, code: String },
    Session { session: String },
    SignOut { session: String },
    Purge,
}

/// What a client is told when it is not refused.
#[derive(Debug)]
pub(crate) enum Told {
    Ticket(TicketIssued),
    Password(PasswordIssued),
    Totp(TotpIssued),
    Activated(Activated, SessionToken),
    SignedIn(Authentication, Option<SessionToken>),
    Session(SessionView),
    Nothing,
}

/// Hands a request to its use case.
pub(crate) async fn serve(sesame: &Sesame, ask: &Ask) -> Result<Told, Refusal> {
    let network = Network::V4([192, 0, 2]);
    Ok(match ask {
        Ask::Register { name } => Told::Ticket(sesame.register(network, name).await?),
        Ask::Password { ticket } => Told::Password(sesame.generate_password(network, ticket).await?),
        Ask::Totp { ticket } => Told::Totp(sesame.generate_totp(network, ticket).await?),
        Ask::Activate { ticket, code } => {
            let (activated, session) = sesame.activate(network, ticket, code, Agent::default()).await?;
            Told::Activated(activated, session)
        }
        Ask::SignIn { name, password, code } => {
            let password = WireSecret::new(password.clone());
            let (answer, session) = sesame.authenticate(network, name, &password, code.as_deref()).await?;
            Told::SignedIn(answer, session)
        }
        Ask::Renew { session, code } => Told::Ticket(sesame.renew(Some(session), code).await?),
        Ask::Session { session } => Told::Session(sesame.session(Some(session)).await?),
        Ask::SignOut { session } => {
            sesame.sign_out(Some(session)).await?;
            Told::Nothing
        }
        Ask::Purge => {
            sesame.purge().await?;
            Told::Nothing
        }
    })
}

/// One poll; nothing ever wakes, whoever polls decides when to go on.
pub(crate) fn poll<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}
