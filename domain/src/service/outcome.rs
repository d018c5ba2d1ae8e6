//! What became of a use case, in words that fit a metric: no name, no secret, few of them.

use crate::error::ErrorCode;

/// A use case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UseCase {
    /// Registering a name.
    Register,
    /// Claiming a password.
    GeneratePassword,
    /// Claiming a TOTP secret.
    GenerateTotp,
    /// Proving the authenticator.
    Activate,
    /// Signing in.
    Authenticate,
    /// Beginning an early renewal.
    Renew,
    /// Looking at one's session.
    Session,
    /// Signing out.
    SignOut,
    /// Looking at all of one's sessions.
    Sessions,
    /// Closing one of them.
    RevokeSession,
    /// Closing all of them but this one.
    RevokeOtherSessions,
    /// Telling another application who is signed in.
    Verify,
}

impl UseCase {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::GeneratePassword => "generate_password",
            Self::GenerateTotp => "generate_2fa",
            Self::Activate => "activate",
            Self::Authenticate => "authenticate",
            Self::Renew => "renew",
            Self::Session => "session",
            Self::SignOut => "sign_out",
            Self::Sessions => "sessions",
            Self::RevokeSession => "revoke_session",
            Self::RevokeOtherSessions => "revoke_other_sessions",
            Self::Verify => "verify",
        }
    }
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// What was asked for.
    Done,
    /// Right secrets that are too old: a renewal begins.
    Expired,
    /// A right password on an account that was never activated: its enrolment goes on.
    ActivationRequired,
    /// A refusal.
    Refused(ErrorCode),
}

impl Outcome {
    /// Its word; a refusal has its code.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Expired => "expired",
            Self::ActivationRequired => "activation_required",
            Self::Refused(code) => code.word(),
        }
    }
}
