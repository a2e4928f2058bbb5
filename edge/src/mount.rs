//! What another role answers on the viewers' port: the accounts' interface, and the keys that
//! tokens are verified with.

#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use runtime::BodyError;
use tokio::time::timeout;

use crate::body::Sent;
use crate::page::{coded, unavailable};

/// Answers requests below `/api/auth/` and for `/.well-known/jwks.json`.
#[async_trait]
pub trait Mount: Debug + Send + Sync + 'static {
    /// The answer to a request with its whole body, of the viewer at `client`. Its future is
    /// dropped when the viewer hangs up, or after [`CALL_TIME_MAX`].
    async fn call(&self, request: Request<Bytes>, client: IpAddr) -> Response<Bytes>;
}

/// Longest time for an answer: to verify a password takes a tenth of a second, and waits for those
/// that are verified before it.
pub const CALL_TIME_MAX: Duration = Duration::from_secs(30);

/// Largest body of a request: the longest that a page sends is a password with a name.
const BODY_BYTES_MAX: usize = 64 * 1_024;

/// Longest time for a body to come. The largest takes so long at 50 kbit/s.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// Whether a path, as it came, is for another role.
pub(crate) fn is_mounted(path: &str) -> bool {
    path.starts_with("/api/auth/") || path == "/.well-known/jwks.json"
}

/// Hands a request over.
pub(crate) async fn respond<B>(
    mount: &dyn Mount,
    head: &Parts,
    body: B,
    client: IpAddr,
) -> Response<Sent>
where
    B: Body<Data = Bytes, Error: Into<BodyError>> + Send,
{
    let body = match read(body).await {
        Ok(body) => body,
        Err(error) => return error.respond(&head.headers),
    };
    let call = mount.call(Request::from_parts(head.clone(), body), client);
    let Ok(response) = timeout(CALL_TIME_MAX, call).await else {
        let sentence = "the server took too long to answer this";
        return unavailable(&head.headers, Duration::from_secs(1), sentence);
    };
    let (mut head, body) = response.into_parts();
    // What has a secret in it is kept nowhere, unless whoever answers says that it has none.
    head.headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if head.status != StatusCode::NO_CONTENT && head.status != StatusCode::NOT_MODIFIED {
        head.headers.entry(CONTENT_LENGTH).or_insert_with(|| body.len().into());
    }
    Response::from_parts(head, body.into())
}

/// Why a body was not read. What is left of it would be taken for the next request, so the
/// connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
enum Unread {
    #[error("a request has {BODY_BYTES_MAX} bytes at most")]
    TooLarge,
    #[error("the request did not come to its end")]
    TooSlow,
    #[error("the request broke off")]
    Broken,
}

async fn read<B>(body: B) -> Result<Bytes, Unread>
where
    B: Body<Data = Bytes, Error: Into<BodyError>> + Send,
{
    let promised = body.size_hint().lower();
    if usize::try_from(promised).map_or(true, |bytes| bytes > BODY_BYTES_MAX) {
        return Err(Unread::TooLarge);
    }
    match timeout(BODY_TIME_MAX, Limited::new(body, BODY_BYTES_MAX).collect()).await {
        Ok(Ok(read)) => Ok(read.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Ok(Err(_)) => Err(Unread::Broken),
        Err(_) => Err(Unread::TooSlow),
    }
}

impl Unread {
    fn respond(self, headers: &HeaderMap) -> Response<Sent> {
        let (status, code) = match self {
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too-slow"),
            Self::Broken => (StatusCode::BAD_REQUEST, "broken"),
        };
        let mut response = coded(headers, status, code, &self.to_string());
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}
