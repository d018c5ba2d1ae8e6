//! `GET /compte/donnees`: everything that is kept about a person, as a file for themselves (RGPD
//! articles 15 and 20). Who is not signed in is led to the sign-in page.

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, Response, StatusCode, header},
    response::IntoResponse as _,
    routing::get,
};
use domain::{error::ErrorCode, secret::WireSecret, service::Refusal, username::Username};

use super::{Dependencies, errors, health::get_only};
use crate::dossier;

/// Where the account page links to.
const PATH: &str = "/compte/donnees";
/// What the file is called: no name of a person, which would stay in lists of downloads.
const DISPOSITION: &str = "attachment; filename=\"sesame.json\"";

pub(super) fn routes<S: Clone + Send + Sync + 'static>(dependencies: &Dependencies) -> Router<S> {
    Router::new().route(PATH, get_only(get(hand_out))).with_state(dependencies.clone())
}

async fn hand_out(State(dependencies): State<Dependencies>, headers: HeaderMap) -> Response<Body> {
    match gather(&dependencies, &headers).await {
        Ok(text) => {
            let kind = (header::CONTENT_TYPE, "application/json");
            ([kind, (header::CONTENT_DISPOSITION, DISPOSITION)], text).into_response()
        }
        Err(Refusal::Told(error)) if error.code == ErrorCode::Unauthenticated => {
            (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response()
        }
        Err(refusal) => {
            tracing::warn!(%refusal, "cannot hand out what is kept about a person");
            errors::respond(&refusal.to_api_error())
        }
    }
}

async fn gather(dependencies: &Dependencies, headers: &HeaderMap) -> Result<Vec<u8>, Refusal> {
    let token = dependencies.public_url.cookie_policy().find(headers);
    let session = dependencies.sesame.session(token.as_ref().map(WireSecret::expose)).await?;
    // A session has a name; where it is none any more, the account went between two looks.
    let gone = || Refusal::told(ErrorCode::Unauthenticated);
    let username = Username::parse(&session.username).map_err(|_| gone())?;
    let now = dependencies.clock.now();
    let dossier = dossier::gather(&*dependencies.store, &username, now).await?.ok_or_else(gone)?;
    serde_json::to_vec_pretty(&dossier).map_err(|_| Refusal::told(ErrorCode::Internal))
}
