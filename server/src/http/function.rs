//! The parts of the API that run as OpenFaaS functions: each answers at its addresses under `/api`
//! and, for the gateway's `/function/NAME`, at `/`.

/// One function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Registers names and hands out passwords.
    GeneratePassword,
    /// Hands out TOTP secrets.
    GenerateTotp,
    /// Everything that has to do with proving who one is.
    AuthenticateUser,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::GeneratePassword, Self::GenerateTotp, Self::AuthenticateUser];

    /// The name it is deployed under.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GeneratePassword => "generate-password",
            Self::GenerateTotp => "generate-2fa",
            Self::AuthenticateUser => "authenticate-user",
        }
    }

    /// The function called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }

    /// Its server functions; the first one also answers at `/`.
    #[must_use]
    pub const fn paths(self) -> &'static [&'static str] {
        match self {
            Self::GeneratePassword => &["/api/generate-password", "/api/register"],
            Self::GenerateTotp => &["/api/generate-2fa"],
            Self::AuthenticateUser => &[
                "/api/authenticate",
                "/api/activate",
                "/api/renew",
                "/api/session",
                "/api/sign-out",
                "/api/sessions",
                "/api/revoke-session",
                "/api/revoke-other-sessions",
            ],
        }
    }

    /// Whether proxies ask it who is signed in.
    #[must_use]
    pub const fn verifies(self) -> bool {
        matches!(self, Self::AuthenticateUser)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::http::openapi::ENDPOINTS;

    #[test]
    fn every_route_of_the_api_is_in_one_function() {
        let paths: Vec<_> = Function::ALL.iter().flat_map(|function| function.paths()).collect();
        let unique: BTreeSet<_> = paths.iter().copied().copied().collect();
        assert_eq!(unique.len(), paths.len());
        let documented: BTreeSet<_> = ENDPOINTS.iter().map(|endpoint| endpoint.path).collect();
        assert_eq!(unique, documented);
    }
}
