//! The interface on a listener of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use http_body_util::combinators::MapErr;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use runtime::{BodyError, HttpService};
use tokio::time::timeout;

use super::problem::Problem;
use super::{ANSWER_BYTES_MAX, Api, BODY_BYTES_MAX};

/// Longest time for a body to come. The largest takes so long at 50 kbit/s.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// Whoever connects is taken for the client: a listener of its own is for this machine.
impl HttpService for Api {
    type Body = MapErr<Full<Bytes>, fn(Infallible) -> BodyError>;

    async fn call(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Self::Body> {
        let (head, body) = request.into_parts();
        let read = timeout(BODY_TIME_MAX, Limited::new(body, BODY_BYTES_MAX).collect()).await;
        let response = match read {
            Ok(Ok(body)) => {
                let request = Request::from_parts(head, body.to_bytes());
                Self::call(self, request, peer.ip()).await
            }
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                let sentence = format!("a body has at most {BODY_BYTES_MAX} bytes");
                unread(StatusCode::PAYLOAD_TOO_LARGE, &sentence).await
            }
            Ok(Err(_)) => unread(StatusCode::BAD_REQUEST, "the request broke off").await,
            Err(_) => {
                let sentence = "the request did not come to its end";
                unread(StatusCode::REQUEST_TIMEOUT, sentence).await
            }
        };
        response.map(|body| Full::new(body).map_err(never as _))
    }
}

/// A whole body never ends before its end.
fn never(error: Infallible) -> BodyError {
    match error {}
}

/// What is left of a body would be taken for the next request, so the connection ends.
async fn unread(status: StatusCode, sentence: &str) -> Response<Bytes> {
    let (mut head, body) = Problem::of(status, sentence).into_response().into_parts();
    head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let body = axum::body::to_bytes(body, ANSWER_BYTES_MAX).await;
    Response::from_parts(head, body.unwrap_or_default())
}
