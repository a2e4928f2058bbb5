//! Why a viewer may not watch, as a response: for players, for people, and for the watch page.

#[cfg(test)]
mod tests;

use std::time::Duration;

use authz::PlayRefusal;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use token::Refusal;

use crate::body::Sent;
use crate::page::{coded, not_found, unavailable};

/// Answers a request that was refused. Neither sentence nor code has anything of the token in it.
pub(crate) fn respond(headers: &HeaderMap, refusal: &PlayRefusal) -> Response<Sent> {
    let sentence = refusal.to_string();
    let (status, code) = match refusal {
        // It is not there for anybody, so a crowd that waits for it may ask a cache.
        PlayRefusal::NoStream => return not_found(headers, &sentence),
        PlayRefusal::Unavailable { .. } => return unavailable(headers, ASK_AGAIN, &sentence),
        PlayRefusal::NoToken => (StatusCode::UNAUTHORIZED, "token"),
        PlayRefusal::NoPassword => (StatusCode::UNAUTHORIZED, "password"),
        PlayRefusal::Denied(refusal) => (StatusCode::FORBIDDEN, denied(refusal)),
        PlayRefusal::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
        PlayRefusal::TooManySessions { .. } => (StatusCode::TOO_MANY_REQUESTS, "sessions"),
    };
    let mut response = coded(headers, status, code, &sentence);
    let special = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9110, 11.6.1. Browsers ask nobody for a bearer's token.
        special.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"weir\""));
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        special.insert(RETRY_AFTER, SESSION_LASTS_S.into());
    }
    response
}

/// What is wrong with a token, in a word that the watch page knows.
const fn denied(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Expired { .. } => "expired",
        Refusal::TooEarly { .. } => "too-early",
        Refusal::Address => "address",
        Refusal::Country => "country",
        Refusal::Referer => "referer",
        Refusal::Revoked => "revoked",
        Refusal::OtherStream => "other-stream",
        Refusal::Malformed(_)
        | Refusal::UnknownKey
        | Refusal::Algorithm
        | Refusal::Signature
        | Refusal::Audience(_)
        | Refusal::Critical(_) => "bad-token",
    }
}

/// A player that went away counts for so long (`authz`).
const SESSION_LASTS_S: u64 = 30;

/// Policies are read again at once, and mostly were only late.
const ASK_AGAIN: Duration = Duration::from_secs(1);
