//! Why a request was not done, as programs read it (RFC 9457).

use std::error::Error;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::ServiceError;

/// Seconds after which something that does not answer may.
const RETRY_AFTER_S: u64 = 5;

/// A problem. Nothing of what was sent is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    retry_after_s: Option<u64>,
}

#[derive(Serialize)]
struct Details<'p> {
    title: &'p str,
    status: u16,
    code: &'p str,
    detail: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
}

impl Problem {
    /// A problem of a request itself.
    pub(crate) fn of(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, code: code(status), detail: detail.into(), retry_after_s: None }
    }
}

/// What programs tell problems apart by; it never changes.
fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "malformed",
        StatusCode::UNAUTHORIZED => "unauthorized",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not-found",
        StatusCode::METHOD_NOT_ALLOWED => "method-not-allowed",
        StatusCode::REQUEST_TIMEOUT => "too-slow",
        StatusCode::CONFLICT => "conflict",
        StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "not-json",
        StatusCode::UNPROCESSABLE_ENTITY => "invalid",
        StatusCode::TOO_MANY_REQUESTS => "too-many",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        _ => "internal",
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let (status, retry_after_s) = match &error {
            ServiceError::NotFound => (StatusCode::NOT_FOUND, None),
            ServiceError::Forbidden { .. } => (StatusCode::FORBIDDEN, None),
            ServiceError::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, None),
            ServiceError::Conflict(_) => (StatusCode::CONFLICT, None),
            ServiceError::Unauthorized(_) => (StatusCode::UNAUTHORIZED, None),
            ServiceError::TooMany { retry_after_s } => {
                (StatusCode::TOO_MANY_REQUESTS, Some(*retry_after_s))
            }
            ServiceError::Unavailable(cause) => {
                let causes = causes(cause.as_ref());
                tracing::error!("a request about accounts was not answered: {causes}");
                (StatusCode::SERVICE_UNAVAILABLE, Some(RETRY_AFTER_S))
            }
        };
        Self { retry_after_s, ..Self::of(status, error.to_string()) }
    }
}

/// An error and what it comes from, for the log.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, code, detail, retry_after_s } = &self;
        let title = status.canonical_reason().unwrap_or_default();
        let (status, retry_after_s) = (*status, *retry_after_s);
        let details = Details { title, status: status.as_u16(), code, detail, retry_after_s };
        let json = serde_json::to_vec(&details).unwrap_or_default();
        let mut response = (status, json).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after_s {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
