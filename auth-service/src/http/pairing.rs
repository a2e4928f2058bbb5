//! Pairing devices (RFC 8628), and the tokens of those that were paired.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};

use accounts::{Device, DeviceId, DeviceKind, UserId};
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Form, Router};
use runtime::Secret;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use timeline::StreamName;

use super::extract::{Asks, Json};
use super::problem::Problem;
use crate::{
    Caller, DeviceAuthorization, Granted, NotGranted, PairingChoice, PairingRequest, Service,
    ServiceError,
};

/// How a device asks for its pairing (RFC 8628, 3.4).
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/device_authorization", post(begin))
        .route("/token", post(token))
        .route("/pairing/look", post(look))
        .route("/pairing/approve", post(approve))
        .route("/pairing/deny", post(deny))
}

/// A body as a form, which OAuth's clients send, or in JSON. Nothing that a browser adds by itself
/// counts here, so a form that another site's page sends is worth no more than one of its own.
struct Sent<T>(T);

impl<T: DeserializeOwned> FromRequest<Service> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Service) -> Result<Self, Problem> {
        let content_type = request.headers().get(CONTENT_TYPE);
        let is_form = content_type.is_some_and(|value| {
            value.as_bytes().starts_with(b"application/x-www-form-urlencoded")
        });
        if !is_form {
            return Json::from_request(request, service).await.map(|Json(sent)| Self(sent));
        }
        match Form::from_request(request, service).await {
            Ok(Form(sent)) => Ok(Self(sent)),
            Err(_) => Err(Problem::of(StatusCode::BAD_REQUEST, "this is not the form expected")),
        }
    }
}

/// What a device says of itself. What else OAuth's clients send is ignored.
#[derive(Deserialize)]
struct Begin {
    kind: DeviceKind,
    #[serde(default)]
    name: String,
    #[serde(default)]
    model: String,
}

#[derive(Serialize)]
struct Begun {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: u32,
    interval: u32,
}

#[derive(Deserialize)]
struct Grant {
    grant_type: String,
    device_code: Option<Secret>,
    refresh_token: Option<Secret>,
}

/// What a device gets: what an encoder is set to, or what a player watches with (RFC 6749, 5.1).
#[derive(Serialize)]
#[serde(untagged)]
enum Given {
    Encoder {
        device_id: DeviceId,
        stream: StreamName,
        server: String,
        stream_key: String,
    },
    Player {
        device_id: DeviceId,
        access_token: String,
        token_type: &'static str,
        expires_in: i64,
        refresh_token: String,
    },
}

#[derive(Serialize)]
struct Refused {
    error: String,
}

/// The code that somebody typed. It is in no path, where logs would have it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    user_code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approve {
    user_code: String,
    name: Option<String>,
    stream: Option<String>,
    user: Option<UserId>,
}

/// A device that waits, as the page shows it.
#[derive(Serialize)]
struct Waiting {
    kind: DeviceKind,
    name: String,
    model: String,
}

/// A device that was paired.
#[derive(Serialize)]
struct Paired {
    id: DeviceId,
    kind: DeviceKind,
    name: String,
    model: String,
}

async fn begin(
    State(service): State<Service>,
    caller: Caller,
    Sent(asked): Sent<Begin>,
) -> Result<axum::Json<Begun>, Problem> {
    let Begin { kind, name, model } = asked;
    let request = PairingRequest { kind, name, model };
    let begun = service.begin_pairing(request, address(&caller)).await?;
    let DeviceAuthorization { device_code, user_code, verification_uri, .. } = begun;
    Ok(axum::Json(Begun {
        device_code: device_code.reveal().to_owned(),
        user_code,
        verification_uri,
        verification_uri_complete: begun.verification_uri_complete,
        expires_in: begun.expires_in_s,
        interval: begun.interval_s,
    }))
}

async fn token(
    State(service): State<Service>,
    caller: Caller,
    Sent(asked): Sent<Grant>,
) -> Response {
    let shown = |secret: Option<Secret>| secret.unwrap_or_else(|| Secret::new(""));
    let granted = match asked.grant_type.as_str() {
        DEVICE_CODE => {
            service.poll_pairing(shown(asked.device_code).reveal(), address(&caller)).await
        }
        "refresh_token" => {
            service.refresh_device(shown(asked.refresh_token).reveal(), address(&caller)).await
        }
        _ => return refused("unsupported_grant_type"),
    };
    match granted {
        Ok(granted) => axum::Json(given(&service, granted)).into_response(),
        Err(NotGranted::Failed(error)) => Problem::from(error).into_response(),
        Err(
            error @ (NotGranted::Pending
            | NotGranted::SlowDown
            | NotGranted::Denied
            | NotGranted::Expired
            | NotGranted::Invalid),
        ) => refused(&error.to_string()),
    }
}

async fn look(
    State(service): State<Service>,
    Asks(actor): Asks,
    Json(Typed { user_code }): Json<Typed>,
) -> Result<axum::Json<Waiting>, Problem> {
    let pairing = service.pairing(&actor, &user_code).await?;
    let accounts::Pairing { kind, name, model, .. } = pairing;
    Ok(axum::Json(Waiting { kind, name, model }))
}

async fn approve(
    State(service): State<Service>,
    Asks(actor): Asks,
    Json(asked): Json<Approve>,
) -> Result<axum::Json<Paired>, Problem> {
    let Approve { user_code, name, stream, user } = asked;
    let stream = stream.map(|name| StreamName::parse(&name)).transpose();
    let stream = stream.map_err(|error| ServiceError::Invalid(error.to_string()))?;
    let choice = PairingChoice { user, name, stream };
    let device = service.approve_pairing(&actor, &user_code, choice).await?;
    let Device { id, kind, name, model, .. } = device;
    Ok(axum::Json(Paired { id, kind, name, model }))
}

async fn deny(
    State(service): State<Service>,
    Asks(actor): Asks,
    Json(Typed { user_code }): Json<Typed>,
) -> Result<StatusCode, Problem> {
    service.deny_pairing(&actor, &user_code).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn given(service: &Service, granted: Granted) -> Given {
    match granted {
        Granted::Encoder { device, stream, key } => Given::Encoder {
            device_id: device,
            server: format!("{}/{}", service.settings().ingest_url, stream.app()),
            stream,
            stream_key: key.reveal().to_owned(),
        },
        Granted::Player { device, access, refresh } => Given::Player {
            device_id: device,
            access_token: access.token.reveal().to_owned(),
            token_type: "Bearer",
            expires_in: access.expires_in_s,
            refresh_token: refresh.reveal().to_owned(),
        },
    }
}

/// An answer that OAuth's clients understand (RFC 6749, 5.2).
fn refused(error: &str) -> Response {
    let body = Refused { error: error.to_owned() };
    (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
}

/// Where a request comes from; what says nothing of it is one place.
pub(super) fn address(caller: &Caller) -> IpAddr {
    caller.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}
