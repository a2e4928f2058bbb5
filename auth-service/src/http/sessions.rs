//! Signing in and out.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use runtime::Secret;
use serde::{Deserialize, Serialize};

use super::extract::Json;
use super::me::Me;
use super::problem::Problem;
use crate::{Caller, Service, SignedIn};

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/sessions", post(sign_in))
        .route("/sessions/refresh", post(refresh))
        .route("/sessions/end", post(end))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    email: String,
    password: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refresh {
    refresh_token: Secret,
}

/// What somebody gets who signed in, in the words of OAuth (RFC 6749, 5.1).
#[derive(Serialize)]
pub(super) struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    refresh_token: String,
    user: Me,
}

impl From<SignedIn> for axum::Json<Tokens> {
    fn from(signed_in: SignedIn) -> Self {
        let SignedIn { access, expires_in_s, refresh, user } = signed_in;
        Self(Tokens {
            access_token: access.reveal().to_owned(),
            token_type: "Bearer",
            expires_in: expires_in_s,
            refresh_token: refresh.reveal().to_owned(),
            user: user.into(),
        })
    }
}

async fn sign_in(
    State(service): State<Service>,
    caller: Caller,
    Json(asked): Json<SignIn>,
) -> Result<axum::Json<Tokens>, Problem> {
    Ok(service.sign_in(&asked.email, &asked.password, &caller).await?.into())
}

async fn refresh(
    State(service): State<Service>,
    caller: Caller,
    Json(asked): Json<Refresh>,
) -> Result<axum::Json<Tokens>, Problem> {
    Ok(service.refresh(&asked.refresh_token, &caller).await?.into())
}

async fn end(
    State(service): State<Service>,
    caller: Caller,
    Json(asked): Json<Refresh>,
) -> Result<StatusCode, Problem> {
    service.sign_out(&asked.refresh_token, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
