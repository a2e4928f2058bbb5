//! Tokens to watch with.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::routing::post;
use runtime::Secret;
use serde::{Deserialize, Serialize};
use timeline::StreamName;
use token::{Pattern, Rules};

use super::extract::{Asks, Json};
use super::pairing::address;
use super::problem::Problem;
use crate::{Caller, NewPlayToken, Service, ServiceError, SignedToken, TokenForm};

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/streams/{app}/{stream}/unlock", post(unlock))
        .route("/play-tokens", post(sign))
        .route("/play-tokens/own", post(own))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unlock {
    password: Secret,
}

/// What a token is to say; see [`NewPlayToken`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    streams: Vec<Pattern>,
    #[serde(default)]
    form: TokenForm,
    id: Option<String>,
    viewer: Option<String>,
    #[serde(default)]
    version: u64,
    lifetime_s: Option<i64>,
    not_before_s: Option<i64>,
    #[serde(default)]
    rules: Rules,
    sessions_max: Option<u32>,
    height_max: Option<u32>,
    bitrate_max: Option<u64>,
    #[serde(default)]
    is_member: bool,
}

#[derive(Serialize)]
struct Signed {
    token: String,
    id: String,
    expires_in: i64,
    expires_at_s: i64,
}

impl From<SignedToken> for axum::Json<Signed> {
    fn from(signed: SignedToken) -> Self {
        let SignedToken { token, id, expires_in_s, expires_at_s } = signed;
        let token = token.reveal().to_owned();
        Self(Signed { token, id, expires_in: expires_in_s, expires_at_s })
    }
}

async fn unlock(
    State(service): State<Service>,
    caller: Caller,
    path: Result<Path<(String, String)>, PathRejection>,
    Json(asked): Json<Unlock>,
) -> Result<axum::Json<Signed>, Problem> {
    let name = path.ok().and_then(|Path((app, name))| StreamName::new(&app, &name).ok());
    let name = name.ok_or(ServiceError::NotFound)?;
    Ok(service.unlock(&name, &asked.password, address(&caller)).await?.into())
}

async fn sign(
    State(service): State<Service>,
    Asks(actor): Asks,
    Json(asked): Json<Sign>,
) -> Result<axum::Json<Signed>, Problem> {
    let organisation = actor.organisation().ok_or(ServiceError::NotFound)?.clone();
    let new = NewPlayToken {
        organisation,
        streams: asked.streams,
        form: asked.form,
        id: asked.id,
        viewer: asked.viewer,
        version: asked.version,
        lifetime_s: asked.lifetime_s,
        not_before_s: asked.not_before_s,
        rules: asked.rules,
        sessions_max: asked.sessions_max,
        height_max: asked.height_max,
        bitrate_max: asked.bitrate_max,
        is_member: asked.is_member,
    };
    Ok(service.sign_play_token(&actor, new).await?.into())
}

async fn own(
    State(service): State<Service>,
    Asks(actor): Asks,
) -> Result<axum::Json<Signed>, Problem> {
    Ok(service.sign_own_token(&actor).await?.into())
}
