//! `GET /api/openapi.json`: the API as an OpenAPI 3.1 document, from one table, the wire types
//! themselves, and the one route that is for proxies. Tests hold it against the routes and against real answers.

use std::sync::LazyLock;

use axum::{body::Body, http::Response, response::IntoResponse as _};
use domain::{
    agent::{Browser, System},
    error::{ApiError, CodeRejection, ErrorCode},
    wire::{
        Activated, Authentication, PasswordIssued, SessionEntry, SessionList, SessionView, TicketIssued,
        TotpIssued,
    },
};
use serde::Deserialize;
use utoipa::{
    OpenApi, ToSchema,
    openapi::{
        self, ContentBuilder, HeaderBuilder, HttpMethod, Object, PathItem, Ref, ResponseBuilder, Type,
        path::{OperationBuilder, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme},
    },
};

/// One route of the API.
pub struct Endpoint {
    /// Its address.
    pub path: &'static str,
    summary: &'static str,
    request: Option<&'static str>,
    answer: Option<&'static str>,
    session: bool,
    errors: &'static [ErrorCode],
}

/// What every route may answer.
const ALWAYS: [ErrorCode; 9] = [
    ErrorCode::InvalidInput,
    ErrorCode::CrossOrigin,
    ErrorCode::MethodNotAllowed,
    ErrorCode::PayloadTooLarge,
    ErrorCode::UnsupportedMediaType,
    ErrorCode::Throttled,
    ErrorCode::Internal,
    ErrorCode::Unavailable,
    ErrorCode::Timeout,
];

/// Every route, in the order of an account's life.
pub const ENDPOINTS: [Endpoint; 11] = [
    Endpoint {
        path: "/api/register",
        summary: "Register a username; the ticket claims its password",
        request: Some("RegisterRequest"),
        answer: Some("TicketIssued"),
        session: false,
        errors: &[ErrorCode::UsernameTaken],
    },
    Endpoint {
        path: "/api/generate-password",
        summary: "Consume the ticket and receive a generated password, this once",
        request: Some("TicketRequest"),
        answer: Some("PasswordIssued"),
        session: false,
        errors: &[ErrorCode::TicketSpent],
    },
    Endpoint {
        path: "/api/generate-2fa",
        summary: "Consume the ticket and receive a generated TOTP secret, this once",
        request: Some("TicketRequest"),
        answer: Some("TotpIssued"),
        session: false,
        errors: &[ErrorCode::TicketSpent],
    },
    Endpoint {
        path: "/api/activate",
        summary: "Prove the authenticator; the account is active and a session is open",
        request: Some("ActivateRequest"),
        answer: Some("Activated"),
        session: false,
        errors: &[ErrorCode::TicketSpent, ErrorCode::CodeRejected],
    },
    Endpoint {
        path: "/api/authenticate",
        summary: "Sign in with password and code",
        request: Some("AuthenticateRequest"),
        answer: Some("Authentication"),
        session: false,
        errors: &[ErrorCode::InvalidCredentials],
    },
    Endpoint {
        path: "/api/renew",
        summary: "Begin an early renewal with a fresh code",
        request: Some("RenewRequest"),
        answer: Some("TicketIssued"),
        session: true,
        errors: &[ErrorCode::Unauthenticated, ErrorCode::CodeRejected],
    },
    Endpoint {
        path: "/api/session",
        summary: "The signed-in account",
        request: None,
        answer: Some("SessionView"),
        session: true,
        errors: &[ErrorCode::Unauthenticated],
    },
    Endpoint {
        path: "/api/sign-out",
        summary: "Close the session and clear its cookie",
        request: None,
        answer: None,
        session: true,
        errors: &[],
    },
    Endpoint {
        path: "/api/sessions",
        summary: "The open sessions of the account",
        request: None,
        answer: Some("SessionList"),
        session: true,
        errors: &[ErrorCode::Unauthenticated],
    },
    Endpoint {
        path: "/api/revoke-session",
        summary: "Close one session of the account; one that is not there is closed",
        request: Some("RevokeSessionRequest"),
        answer: None,
        session: true,
        errors: &[ErrorCode::Unauthenticated],
    },
    Endpoint {
        path: "/api/revoke-other-sessions",
        summary: "Close all sessions of the account but the one that asks",
        request: None,
        answer: None,
        session: true,
        errors: &[ErrorCode::Unauthenticated],
    },
];

/// Body of `/api/register`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what a server function reads")]
struct RegisterRequest {
    /// 3 to 64 of `a-z 0-9 . _ - @`, first and last a letter or a digit; folded to lower case.
    #[schema(min_length = 3, max_length = 64, pattern = "^[A-Za-z0-9]([A-Za-z0-9._@-]*[A-Za-z0-9])$")]
    username: String,
}

/// Body of the routes that use a ticket up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what a server function reads")]
struct TicketRequest {
    /// The current ticket.
    ticket: String,
}

/// Body of `/api/activate`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what a server function reads")]
struct ActivateRequest {
    /// The current ticket.
    ticket: String,
    /// Six digits; spaces and hyphens are dropped.
    code: String,
}

/// Body of `/api/authenticate`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what a server function reads")]
struct AuthenticateRequest {
    /// The username.
    #[schema(min_length = 3, max_length = 64)]
    username: String,
    /// The password, as received; at most 128 bytes.
    #[schema(min_length = 1, max_length = 128)]
    password: String,
    /// Six digits. May be left out by who never proved an authenticator.
    code: Option<String>,
}

/// Body of `/api/renew`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what a server function reads")]
struct RenewRequest {
    /// Six digits; spaces and hyphens are dropped.
    code: String,
}

/// Body of `/api/revoke-session`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what a server function reads")]
struct RevokeSessionRequest {
    /// What `/api/sessions` calls the session.
    #[schema(min_length = 32, max_length = 32, pattern = "^[0-9a-f]{32}$")]
    session: String,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sésame",
        description = "Accounts whose secrets nobody chooses. Every route takes a POST with a JSON body and \
                       answers JSON; every refusal has the shape of ApiError."
    ),
    components(schemas(
        RegisterRequest,
        TicketRequest,
        ActivateRequest,
        AuthenticateRequest,
        RenewRequest,
        RevokeSessionRequest,
        TicketIssued,
        PasswordIssued,
        TotpIssued,
        Activated,
        Authentication,
        SessionView,
        SessionList,
        SessionEntry,
        Browser,
        System,
        ApiError,
        ErrorCode,
        CodeRejection
    ))
)]
struct Schemas;

/// The document.
static DOCUMENT: LazyLock<openapi::OpenApi> = LazyLock::new(document);

/// Answers with the document.
pub(super) async fn serve() -> Response<Body> {
    axum::Json(&*DOCUMENT).into_response()
}

/// Builds the document from [`ENDPOINTS`].
#[must_use]
pub fn document() -> openapi::OpenApi {
    let mut document = Schemas::openapi();
    for endpoint in &ENDPOINTS {
        let item = PathItem::new(HttpMethod::Post, operation(endpoint));
        document.paths.paths.insert(endpoint.path.to_owned(), item);
    }
    document.paths.paths.insert("/api/verify".to_owned(), PathItem::new(HttpMethod::Get, verify()));
    let cookie = |name| SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(name)));
    if let Some(components) = document.components.as_mut() {
        components.add_security_scheme("session", cookie("__Host-sesame"));
        components.add_security_scheme("session_on_loopback", cookie("sesame"));
        components.add_security_scheme("forward", cookie("__Secure-sesame-forward"));
    }
    document
}

/// `GET /api/verify`, which answers a proxy by status and headers.
fn verify() -> OperationBuilder {
    let text = || Object::builder().schema_type(Type::String);
    let header =
        |description: &str| HeaderBuilder::new().description(Some(description)).schema(Some(text().build()));
    let refused = |code: ErrorCode| {
        ResponseBuilder::new().description(code.message()).content("application/json", json("ApiError"))
    };
    let sign_in = "Where to sign in, if the request came from a host on the list";
    OperationBuilder::new()
        .summary(Some("Who is behind a request to another application; for its proxy"))
        .operation_id(Some("verify"))
        .parameter(
            ParameterBuilder::new()
                .name("redirect")
                .parameter_in(ParameterIn::Query)
                .description(Some("`no`: 401 instead of a redirect, as nginx wants it"))
                .schema(Some(text().enum_values(Some(["no"])).build())),
        )
        .response(
            "200",
            ResponseBuilder::new()
                .description("Signed in")
                .header("Remote-User", header("The username").build())
                .header("Remote-Valid-Until", header("When the secrets expire, RFC 3339, UTC").build()),
        )
        .response(
            "302",
            ResponseBuilder::new().description("Sign in first").header("Location", header(sign_in).build()),
        )
        .response(
            "401",
            refused(ErrorCode::Unauthenticated).header("X-Sesame-Sign-In", header(sign_in).build()),
        )
        .response("404", refused(ErrorCode::NotFound).description("Forward authentication is switched off"))
        .response("405", refused(ErrorCode::MethodNotAllowed))
        .response("429", refused(ErrorCode::Throttled))
        .response("500", refused(ErrorCode::Internal))
        .response("503", refused(ErrorCode::Unavailable))
        .response("504", refused(ErrorCode::Timeout))
        .security(SecurityRequirement::new("forward", Vec::<String>::new()))
}

fn operation(endpoint: &Endpoint) -> OperationBuilder {
    let mut operation = OperationBuilder::new()
        .summary(Some(endpoint.summary))
        .operation_id(Some(endpoint.path.trim_start_matches("/api/")));
    if let Some(schema) = endpoint.request {
        let body = RequestBodyBuilder::new()
            .content("application/json", json(schema))
            .required(Some(openapi::Required::True));
        operation = operation.request_body(Some(body.build()));
    }
    operation = match endpoint.answer {
        Some(schema) => operation.response(
            "200",
            ResponseBuilder::new().description("Done").content("application/json", json(schema)),
        ),
        None => operation.response("204", ResponseBuilder::new().description("Done")),
    };
    let mut statuses: Vec<ErrorCode> = ALWAYS.into_iter().chain(endpoint.errors.iter().copied()).collect();
    statuses.sort_by_key(|code| code.status());
    for code in statuses {
        let response =
            ResponseBuilder::new().description(code.message()).content("application/json", json("ApiError"));
        operation = operation.response(code.status().to_string(), response);
    }
    if endpoint.session {
        for scheme in ["session", "session_on_loopback"] {
            operation = operation.security(SecurityRequirement::new(scheme, Vec::<String>::new()));
        }
        // Whoever has none is not refused by every route: there may be nothing left to close.
        if !endpoint.errors.contains(&ErrorCode::Unauthenticated) {
            operation = operation.security(SecurityRequirement::default());
        }
    }
    operation
}

fn json(schema: &str) -> openapi::Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build()
}
