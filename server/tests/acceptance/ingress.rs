//! What stands before the processes: a router like the chart's ingress, and a double of OpenFaaS' gateway
//! that does to a request what the real one was seen to do.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue, Response, StatusCode, Uri, header},
    response::IntoResponse as _,
};
use futures::stream;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::{TcpListener, TcpStream};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where the workloads listen, by name; `web` among them.
pub(crate) type Workloads = BTreeMap<&'static str, String>;

#[derive(Clone)]
struct Ingress {
    workloads: Arc<Workloads>,
    gateway: bool,
}

/// Serves `workloads` on `listener`, the functions among them through the gateway if asked to.
pub(crate) fn serve(listener: TcpListener, workloads: Workloads, gateway: bool) {
    let ingress = Ingress { workloads: Arc::new(workloads), gateway };
    let router = Router::new().fallback(route).with_state(ingress);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
}

/// The workload of a path, as the chart's routes have it.
fn workload(path: &str) -> &'static str {
    match path {
        "/api/register" | "/api/generate-password" => "generate-password",
        "/api/generate-2fa" => "generate-2fa",
        "/api/activate"
        | "/api/authenticate"
        | "/api/renew"
        | "/api/session"
        | "/api/sign-out"
        | "/api/sessions"
        | "/api/revoke-session"
        | "/api/revoke-other-sessions"
        | "/api/verify" => "authenticate-user",
        _ => "web",
    }
}

async fn route(
    State(ingress): State<Ingress>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
) -> Response<Body> {
    // Health is nobody's business outside.
    if request.uri().path().starts_with("/_/") {
        return StatusCode::NOT_FOUND.into_response();
    }
    append(&mut request, FORWARDED_FOR, &peer.ip().to_string());
    let name = workload(request.uri().path());
    if ingress.gateway && name != "web" {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = format!("/function/{name}{path}").parse().unwrap();
        return gateway(&ingress, peer, request).await;
    }
    forward(&ingress.workloads[name], request).await
}

/// As OpenFaaS' gateway and provider were seen to: the prefix goes, the path is decoded twice, the body
/// arrives chunked, `Host` is the pod's, and what the client says of itself passes.
async fn gateway(ingress: &Ingress, peer: SocketAddr, request: Request) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    let rest = parts.uri.path().strip_prefix("/function/").unwrap();
    let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
    let Some(pod) = ingress.workloads.get(name) else {
        return (StatusCode::NOT_FOUND, format!("error finding function {name}.openfaas-fn")).into_response();
    };
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let query = parts.uri.query().map_or_else(String::new, |query| format!("?{query}"));
    parts.uri = format!("/{}{query}", decode(&decode(path))).parse::<Uri>().unwrap();
    for name in [header::CONTENT_LENGTH, header::CONNECTION, header::UPGRADE, header::HOST] {
        parts.headers.remove(name);
    }
    parts.headers.insert(header::HOST, HeaderValue::from_str(pod).unwrap());
    parts.headers.entry(FORWARDED_FOR).or_insert(HeaderValue::from_str(&peer.to_string()).unwrap());
    parts.headers.insert("x-call-id", HeaderValue::from_static("5a3bd2a0-7f0a-4f0e-8f5e-3b1f1f6b2c11"));
    parts.headers.insert("x-start-time", HeaderValue::from_static("1795435200000000000"));
    let bytes = to_bytes(body, 1 << 20).await.unwrap();
    let half = bytes.len() / 2;
    let chunks = [bytes.slice(..half), bytes.slice(half..)].map(Ok::<Bytes, std::io::Error>);
    forward(pod, Request::from_parts(parts, Body::from_stream(stream::iter(chunks)))).await
}

/// Passes a request on and the whole answer back.
async fn forward(address: &str, request: Request) -> Response<Body> {
    let Ok(stream) = TcpStream::connect(address).await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let Ok(answer) = sender.send_request(request).await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let (parts, body) = answer.into_parts();
    let bytes = to_bytes(Body::new(body), 16 << 20).await.unwrap();
    Response::from_parts(parts, Body::from(bytes))
}

fn append(request: &mut Request, name: HeaderName, value: &str) {
    let before = request.headers().get(&name).map(|value| format!("{}, ", value.to_str().unwrap()));
    let all = format!("{}{value}", before.unwrap_or_default());
    request.headers_mut().insert(name, HeaderValue::from_str(&all).unwrap());
}

/// Sends one request to an address on a connection of its own.
pub(crate) async fn send(address: &str, mut request: Request) -> Response<Body> {
    request.headers_mut().insert(header::HOST, HeaderValue::from_str(address).unwrap());
    forward(address, request).await
}
