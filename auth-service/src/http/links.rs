//! What the pages do that letters link to.

use accounts::TicketKind;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use runtime::Secret;
use serde::{Deserialize, Serialize};

use super::extract::Json;
use super::problem::Problem;
use super::sessions::Tokens;
use crate::{Caller, FirstOwner, Holder, Service};

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/link", post(look))
        .route("/setup", post(set_up))
        .route("/invitation", post(accept))
        .route("/verify-email", post(verify))
        .route("/forgot-password", post(forgot))
        .route("/reset-password", post(reset))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Look {
    kind: TicketKind,
    token: Secret,
}

#[derive(Serialize)]
struct Seen {
    email: Option<String>,
    name: String,
    organisation: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetUp {
    token: Secret,
    email: String,
    name: String,
    password: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accept {
    token: Secret,
    name: Option<String>,
    password: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verify {
    token: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forgot {
    email: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset {
    token: Secret,
    password: Secret,
}

async fn look(
    State(service): State<Service>,
    caller: Caller,
    Json(asked): Json<Look>,
) -> Result<axum::Json<Seen>, Problem> {
    let holder = service.link_holder(asked.kind, &asked.token, &caller).await?;
    let Holder { email, name, organisation } = holder;
    Ok(axum::Json(Seen { email, name, organisation }))
}

async fn set_up(
    State(service): State<Service>,
    caller: Caller,
    Json(asked): Json<SetUp>,
) -> Result<axum::Json<Tokens>, Problem> {
    let SetUp { token, email, name, password } = asked;
    let owner = FirstOwner { email, name, password };
    Ok(service.set_up(&token, &owner, &caller).await?.into())
}

async fn accept(
    State(service): State<Service>,
    caller: Caller,
    Json(asked): Json<Accept>,
) -> Result<axum::Json<Tokens>, Problem> {
    let Accept { token, name, password } = asked;
    Ok(service.accept_invitation(&token, name.as_deref(), &password, &caller).await?.into())
}

async fn verify(
    State(service): State<Service>,
    caller: Caller,
    Json(asked): Json<Verify>,
) -> Result<StatusCode, Problem> {
    service.verify_email(&asked.token, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The answer says nothing of whether anybody has the address.
async fn forgot(
    State(service): State<Service>,
    caller: Caller,
    Json(asked): Json<Forgot>,
) -> Result<StatusCode, Problem> {
    service.forgot_password(&asked.email, &caller)?;
    Ok(StatusCode::ACCEPTED)
}

async fn reset(
    State(service): State<Service>,
    caller: Caller,
    Json(asked): Json<Reset>,
) -> Result<StatusCode, Problem> {
    service.reset_password(&asked.token, &asked.password, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
