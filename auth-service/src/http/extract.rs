//! What handlers take from requests.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use runtime::Secret;
use serde::de::DeserializeOwned;

use super::BODY_BYTES_MAX;
use super::problem::Problem;
use crate::{Actor, Caller, Service, ServiceError};

/// The address that a request comes from.
#[derive(Clone, Copy)]
pub(crate) struct Client(pub(crate) IpAddr);

/// A body in JSON, and nothing else: a form that another site's page could send is none.
pub(crate) struct Json<T>(pub(crate) T);

/// Who asks.
pub(crate) struct Asks(pub(crate) Actor);

impl<T: DeserializeOwned> FromRequest<Service> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Service) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Problem::of(status, "the body is to be application/json"));
        }
        let Ok(bytes) = body::to_bytes(request.into_body(), BODY_BYTES_MAX).await else {
            let sentence = format!("a body has at most {BODY_BYTES_MAX} bytes");
            return Err(Problem::of(StatusCode::PAYLOAD_TOO_LARGE, sentence));
        };
        serde_json::from_slice(&bytes).map(Self).map_err(|error| malformed(&error))
    }
}

/// Where and why a body was not understood. The parser's own words would repeat what was sent,
/// unless it is a name of ours that is missing.
fn malformed(error: &serde_json::Error) -> Problem {
    let (line, column, said) = (error.line(), error.column(), error.to_string());
    let missing = said.starts_with("missing field").then(|| said.split(" at line").next());
    let why = missing.flatten().unwrap_or("this is not the JSON that is expected here");
    Problem::of(StatusCode::BAD_REQUEST, format!("line {line}, column {column}: {why}"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.and_then(|value| value.split(';').next()).map(str::trim);
    media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/json"))
}

impl FromRequestParts<Service> for Asks {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let shown = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(shown) = shown else {
            return Err(ServiceError::Unauthorized("sign in first".to_owned()).into());
        };
        let actor = service.actor(&Secret::new(shown), &caller(parts)).await?;
        Ok(Self(actor))
    }
}

impl FromRequestParts<Service> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Service) -> Result<Self, Infallible> {
        Ok(caller(parts))
    }
}

fn caller(parts: &Parts) -> Caller {
    let agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    Caller {
        address: parts.extensions.get::<Client>().map(|client| client.0),
        agent: agent.unwrap_or_default().to_owned(),
    }
}
