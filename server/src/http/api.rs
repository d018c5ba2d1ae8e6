//! `/api`: a gate that makes every answer JSON of one shape, and the server functions behind it.

use std::{net::SocketAddr, sync::Arc};

use app::api::ServerContext;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Request},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header},
    middleware::{self, Next},
    response::IntoResponse as _,
    routing::{MethodRouter, any, get, post},
};
use domain::error::{ApiError, ErrorCode};
use leptos::{context::provide_context, server_fn::error::SERVER_FN_ERROR_HEADER};

use super::{Dependencies, Function, acts::Acts, bodies, errors, observe::RequestId, openapi, verify};

/// Bytes of the largest body that is read: a password, a name and a code fit a hundred times.
const BODY_LIMIT: usize = 16 * 1024;
/// Bytes of the largest answer that Leptos hands back.
const ANSWER_LIMIT: usize = 64 * 1024;

/// The routes of the server functions, one explicit route each, and the document about them.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(dependencies: &Dependencies) -> Router<S> {
    let mut router = Router::new();
    for (path, method) in leptos::server_fn::axum::server_fn_paths() {
        if method == Method::POST {
            router = router.route(path, server_function(dependencies, path));
        }
    }
    router
        .layer(middleware::from_fn(gate))
        .merge(verify::routes(dependencies))
        .route("/api/openapi.json", get(openapi::serve))
        .route("/api", any(not_found))
        .route("/api/", any(not_found))
        .route("/api/{*rest}", any(not_found))
}

/// The routes of one function: its addresses under `/api`, the first of them at `/`, too.
pub(super) fn function_routes(dependencies: &Dependencies, function: Function) -> Router {
    let mut router = Router::new();
    for path in function.paths() {
        router = router.route(path, server_function(dependencies, path));
    }
    if let Some(first) = function.paths().first() {
        router = router.route("/", server_function(dependencies, first));
    }
    let router = router.layer(middleware::from_fn(gate));
    let router = if function.verifies() { router.merge(verify::routes(dependencies)) } else { router };
    router.fallback(not_found)
}

/// The route of the server function whose address is `path`, wherever it is mounted.
fn server_function<S: Clone + Send + Sync + 'static>(
    dependencies: &Dependencies,
    path: &'static str,
) -> MethodRouter<S> {
    let dependencies = dependencies.clone();
    let handler = move |ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request| {
        // Leptos finds its function by the address, which is another one at `/`.
        *request.uri_mut() = Uri::from_static(path);
        call(dependencies, peer, request)
    };
    post(handler).fallback(not_post)
}

/// Runs a server function with its context.
async fn call(dependencies: Dependencies, peer: SocketAddr, request: Request) -> Response<Body> {
    let context = ServerContext {
        network: dependencies.trusted_proxies.network(peer, request.headers()),
        cookie: dependencies.public_url.cookie_policy(),
        forward: verify::cookie(&dependencies),
        observer: Arc::new(Acts::new(dependencies.metrics, dependencies.log_names)),
        sesame: dependencies.sesame,
    };
    let provide = move || provide_context(context.clone());
    leptos_axum::handle_server_fns_with_context(provide, request).await.into_response()
}

/// Before: a bounded body, JSON. After: the status of the table, one JSON shape.
async fn gate(request: Request, next: Next) -> Response<Body> {
    let request_id = request.extensions().get::<RequestId>().cloned();
    let mut response = match admit(request).await {
        Ok(request) => shape(next.run(request).await).await,
        Err(code) => errors::respond_code(code),
    };
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR
        && let Some(RequestId(id)) = request_id
    {
        let error = ApiError { request_id: Some(id), ..ApiError::new(ErrorCode::Internal) };
        response = errors::respond(&error);
    }
    response
}

async fn admit(request: Request) -> Result<Request, ErrorCode> {
    let (mut parts, body) = request.into_parts();
    if parts.method != Method::POST {
        return Ok(Request::from_parts(parts, body));
    }
    let bytes = read_bounded(&parts.headers, body).await?;
    if !bytes.is_empty() && !is_json(&parts.headers) {
        return Err(ErrorCode::UnsupportedMediaType);
    }
    // Leptos answers a browser's form post with a redirect; this is not one.
    parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// The whole body. One that says it is too large is not read at all.
pub(super) async fn read_bounded(headers: &HeaderMap, body: Body) -> Result<Bytes, ErrorCode> {
    if declared_length(headers).is_some_and(|length| length > BODY_LIMIT) {
        return Err(ErrorCode::PayloadTooLarge);
    }
    bodies::read(body, BODY_LIMIT).await
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_json(headers: &HeaderMap) -> bool {
    let essence = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = essence.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Leptos answers every refused server function with 500 and the error as its body: gives it the
/// status of the table. An answer without a body loses its content type.
async fn shape(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    if parts.status == StatusCode::NO_CONTENT {
        parts.headers.remove(header::CONTENT_TYPE);
        return Response::from_parts(parts, Body::empty());
    }
    let Ok(body) = bodies::read(body, ANSWER_LIMIT).await else {
        return errors::respond_code(ErrorCode::Internal);
    };
    if parts.headers.contains_key(SERVER_FN_ERROR_HEADER) {
        let error = serde_json::from_slice(&body).unwrap_or_else(|_| ApiError::new(ErrorCode::Internal));
        return errors::respond(&error);
    }
    Response::from_parts(parts, Body::from(body))
}

pub(super) async fn not_post() -> Response<Body> {
    let mut response = errors::respond_code(ErrorCode::MethodNotAllowed);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

async fn not_found() -> Response<Body> {
    errors::respond_code(ErrorCode::NotFound)
}
