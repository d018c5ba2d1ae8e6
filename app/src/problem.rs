//! What can be wrong with a form, as data: the words come from the reader's language when the
//! page is drawn, so that a switch of language retells a problem that is already shown.

use domain::{
    code::{Code, CodeError},
    error::{ApiError, ErrorCode},
    secret::WireSecret,
    username::{Username, UsernameError},
};

use crate::api::ServerError;

/// A field that a problem can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// The username.
    Username,
    /// The password.
    Password,
    /// The six digits.
    Code,
}

impl Field {
    /// The id of the field's input; one of each kind stands on a page.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Username => "identifiant",
            Self::Password => "mot-de-passe",
            Self::Code => "code",
        }
    }
}

/// Something to tell the person at the form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Problem {
    /// No username.
    UsernameMissing,
    /// Not a username.
    Username(UsernameError),
    /// No password.
    PasswordMissing,
    /// No code.
    CodeMissing,
    /// Not a code.
    Code(CodeError),
    /// The server's refusal.
    Refused(Box<Refusal>),
}

/// The server's refusal, and when it came by the reader's clock.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    /// What the server said.
    pub(crate) error: ApiError,
    /// Milliseconds since 1970, as the browser counts them.
    pub(crate) at_ms: f64,
}

impl Problem {
    /// A refusal that came at `at_ms`.
    pub(crate) fn refused(ServerError(error): ServerError, at_ms: f64) -> Self {
        Self::Refused(Box::new(Refusal { error, at_ms }))
    }

    /// The field to mend.
    pub(crate) fn field(&self) -> Option<Field> {
        match self {
            Self::UsernameMissing | Self::Username(_) => Some(Field::Username),
            Self::PasswordMissing => Some(Field::Password),
            Self::CodeMissing | Self::Code(_) => Some(Field::Code),
            Self::Refused(refusal) => match refusal.error.code {
                ErrorCode::UsernameTaken => Some(Field::Username),
                ErrorCode::CodeRejected => Some(Field::Code),
                ErrorCode::InvalidInput => match refusal.error.field.as_deref() {
                    Some("username") => Some(Field::Username),
                    Some("password") => Some(Field::Password),
                    Some("code") => Some(Field::Code),
                    _ => None,
                },
                _ => None,
            },
        }
    }
}

/// A typed username, checked by the rule that the server keeps.
pub(crate) fn check_username(typed: &str) -> Result<String, Problem> {
    // A space at the end comes from autocompletion, not from a person.
    let typed = typed.trim();
    if typed.is_empty() {
        return Err(Problem::UsernameMissing);
    }
    Username::parse(typed).map(|name| name.as_str().to_owned()).map_err(Problem::Username)
}

/// A typed password, as it is: nothing is trimmed.
pub(crate) fn check_password(typed: String) -> Result<WireSecret, Problem> {
    if typed.is_empty() { Err(Problem::PasswordMissing) } else { Ok(WireSecret::new(typed)) }
}

/// A typed code.
pub(crate) fn check_code(typed: &str) -> Result<WireSecret, Problem> {
    if typed.trim().is_empty() {
        return Err(Problem::CodeMissing);
    }
    let code = Code::parse(typed).map_err(Problem::Code)?;
    Ok(WireSecret::new(code.as_bytes().iter().map(|byte| char::from(*byte)).collect()))
}

/// A typed code, or none: whoever never activated an account has none to type.
pub(crate) fn check_optional_code(typed: &str) -> Result<Option<WireSecret>, Problem> {
    match check_code(typed) {
        Err(Problem::CodeMissing) => Ok(None),
        other => other.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_with_its_separators_and_sent_without() {
        assert_eq!(check_code("204 518").unwrap().expose(), "204518");
        assert_eq!(check_code("204-518 ").unwrap().expose(), "204518");
        assert_eq!(check_code("2045").unwrap_err(), Problem::Code(CodeError::TooShort { missing: 2 }));
        assert_eq!(check_code(" ").unwrap_err(), Problem::CodeMissing);
    }

    #[test]
    fn no_code_is_fine_where_there_may_be_none() {
        assert!(check_optional_code("").unwrap().is_none());
        assert!(check_optional_code("12").is_err());
    }

    #[test]
    fn a_username_is_folded_and_a_password_is_not_touched() {
        assert_eq!(check_username(" Camille.Roux ").unwrap(), "camille.roux");
        assert_eq!(check_password(" x ".to_owned()).unwrap().expose(), " x ");
        assert_eq!(check_password(String::new()).unwrap_err(), Problem::PasswordMissing);
    }

    #[test]
    fn a_refusal_names_its_field_where_there_is_one() {
        let refused = |error| Problem::refused(ServerError(error), 0.0).field();
        assert_eq!(refused(ApiError::new(ErrorCode::UsernameTaken)), Some(Field::Username));
        assert_eq!(refused(ApiError::invalid("code", "x")), Some(Field::Code));
        assert_eq!(refused(ApiError::invalid("ticket", "x")), None);
        // Saying which of the three was wrong would help only a guesser.
        assert_eq!(refused(ApiError::new(ErrorCode::InvalidCredentials)), None);
    }
}
