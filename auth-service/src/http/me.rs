//! What somebody who signed in sees and changes of the own account.

use accounts::{OrganisationId, Role, Session, SessionId, Status, User, UserId, Verified};
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use runtime::Secret;
use serde::{Deserialize, Serialize};

use super::extract::{Asks, Json};
use super::problem::Problem;
use super::sessions::Tokens;
use crate::{Actor, Caller, Service, ServiceError};

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/me", get(me))
        .route("/me/name", post(rename))
        .route("/me/password", post(change_password))
        .route("/me/verify-email", post(send_verification))
        .route("/me/sessions", get(sessions).delete(sign_out_everywhere))
        .route("/me/sessions/{id}", delete(end_session))
}

/// A user, as that user sees it.
#[derive(Serialize)]
pub(super) struct Me {
    id: UserId,
    organisation: OrganisationId,
    email: String,
    name: String,
    role: Role,
    status: Status,
    is_email_verified: bool,
    verified: Verified,
}

impl From<User> for Me {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            organisation: user.organisation,
            email: user.email,
            name: user.name,
            role: user.role,
            status: user.status,
            is_email_verified: user.email_verified_at_ms.is_some(),
            verified: user.verified,
        }
    }
}

/// A session, as its user sees it.
#[derive(Serialize)]
struct Seen {
    id: SessionId,
    created_at_ms: i64,
    refreshed_at_ms: i64,
    expires_at_ms: i64,
    address: Option<String>,
    agent: String,
}

impl From<Session> for Seen {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            created_at_ms: session.created_at_ms,
            refreshed_at_ms: session.refreshed_at_ms,
            expires_at_ms: session.expires_at_ms,
            address: session.address,
            agent: session.agent,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    old: Secret,
    new: Secret,
}

async fn me(State(service): State<Service>, Asks(actor): Asks) -> Result<axum::Json<Me>, Problem> {
    let user = service.user(&actor, own(&actor)?).await?;
    Ok(axum::Json(user.into()))
}

async fn rename(
    State(service): State<Service>,
    Asks(actor): Asks,
    Json(asked): Json<Rename>,
) -> Result<axum::Json<Me>, Problem> {
    let user = service.rename_self(&actor, &asked.name).await?;
    Ok(axum::Json(user.into()))
}

async fn change_password(
    State(service): State<Service>,
    Asks(actor): Asks,
    caller: Caller,
    Json(asked): Json<ChangePassword>,
) -> Result<axum::Json<Tokens>, Problem> {
    Ok(service.change_password(&actor, &asked.old, &asked.new, &caller).await?.into())
}

async fn send_verification(
    State(service): State<Service>,
    Asks(actor): Asks,
) -> Result<StatusCode, Problem> {
    service.send_verification(&actor).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn sessions(
    State(service): State<Service>,
    Asks(actor): Asks,
) -> Result<axum::Json<Vec<Seen>>, Problem> {
    let sessions = service.sessions(&actor, own(&actor)?).await?;
    Ok(axum::Json(sessions.into_iter().map(Seen::from).collect()))
}

async fn sign_out_everywhere(
    State(service): State<Service>,
    Asks(actor): Asks,
) -> Result<StatusCode, Problem> {
    service.sign_out_user(&actor, own(&actor)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn end_session(
    State(service): State<Service>,
    Asks(actor): Asks,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let id = id.ok().and_then(|Path(id)| SessionId::parse(&id).ok());
    let id = id.ok_or(ServiceError::NotFound)?;
    service.end_session(&actor, own(&actor)?, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The user who signed in. A program is nobody, whoever made its key: it has no account.
fn own(actor: &Actor) -> Result<&UserId, ServiceError> {
    match actor {
        Actor::User { user, .. } => Ok(user),
        Actor::Local | Actor::Program { .. } => Err(ServiceError::NotFound),
    }
}
