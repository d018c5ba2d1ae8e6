//! Files of the site folder, compressed at build time; anything else is the "not found" page.

use app::shell;
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
    response::IntoResponse as _,
};
use domain::error::ErrorCode;
use tower::ServiceExt as _;
use tower_http::services::ServeDir;

use super::{errors, pages::Site};

/// Names do not change with their content, so a browser asks every time and is told 304.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// A file of the site, or the page that says there is nothing here.
pub(super) async fn file_or_not_found(State(site): State<Site>, request: Request) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return errors::respond_code(ErrorCode::MethodNotAllowed);
    }
    let file = look_up(&site.options.site_root, &request);
    match file.await {
        Some(response) => response,
        None => not_found_page(site, request).await,
    }
}

/// Looks for the file that a request names. Takes what it needs from the request at once: a body
/// cannot be shared while waiting.
fn look_up(root: &str, request: &Request) -> impl Future<Output = Option<Response<Body>>> + Send + use<> {
    let mut wanted = axum::http::Request::new(Body::empty());
    wanted.method_mut().clone_from(request.method());
    wanted.uri_mut().clone_from(request.uri());
    wanted.headers_mut().clone_from(request.headers());
    let files =
        ServeDir::new(root).append_index_html_on_directories(false).precompressed_br().precompressed_gzip();
    async move {
        let mut response = files.oneshot(wanted).await.ok()?.into_response();
        if response.status() == StatusCode::NOT_FOUND {
            return None;
        }
        response.headers_mut().insert(header::CACHE_CONTROL, REVALIDATE);
        name_charset(response.headers_mut());
        Some(response)
    }
}

/// Our texts are UTF-8, and a browser that is not told may guess otherwise (ASVS 4.1.1).
fn name_charset(headers: &mut HeaderMap) {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let bare = kind.filter(|kind| kind.starts_with("text/") && !kind.contains("charset"));
    if let Some(Ok(named)) = bare.map(|kind| HeaderValue::from_str(&format!("{kind}; charset=utf-8"))) {
        headers.insert(header::CONTENT_TYPE, named);
    }
}

async fn not_found_page(site: Site, request: Request) -> Response<Body> {
    let context = site.context();
    let document = move || shell(site.options.clone());
    let render = leptos_axum::render_app_async_with_context(context, document);
    let mut response = render(request).await.into_response();
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
