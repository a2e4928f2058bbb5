//! The accounts' interface over HTTP: what people and their pages need, below `/api/auth/v1`, and
//! the keys that tokens are verified with.
//!
//! It knows no cookies: whoever asks shows what it has in the body or in `Authorization`, so no
//! other site's page can ask in somebody's name. A page of another site is refused all the same.

mod extract;
mod guard;
mod links;
mod me;
mod pairing;
mod play;
mod problem;
mod serve;
mod sessions;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Request, Response, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, body};
use bytes::Bytes;
use tower_service::Service as _;

use self::extract::Client;
use self::problem::Problem;
use crate::Service;

/// Largest body of a request: the longest that a page sends is a password with a name.
const BODY_BYTES_MAX: usize = 64 * 1_024;
/// Largest body of an answer: a list of sessions has some 100 KB.
const ANSWER_BYTES_MAX: usize = 16 * 1_024 * 1_024;
/// How long others may keep the list of our keys: a new one verifies a day before it alone does.
const JWKS_KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// Answers requests about accounts.
#[derive(Clone, Debug)]
pub struct Api(Router);

impl Api {
    /// The interface of a service.
    #[must_use]
    pub fn new(service: Service) -> Self {
        let routes = sessions::routes()
            .merge(links::routes())
            .merge(me::routes())
            .merge(pairing::routes())
            .merge(play::routes());
        let router = Router::new()
            .nest("/api/auth/v1", routes)
            .route("/.well-known/jwks.json", get(jwks))
            .fallback(async || Problem::of(StatusCode::NOT_FOUND, "there is no such page"))
            .method_not_allowed_fallback(async || {
                Problem::of(StatusCode::METHOD_NOT_ALLOWED, "this page has other methods")
            })
            .layer(from_fn_with_state(service.clone(), guard::guard))
            .with_state(service);
        Self(router)
    }

    /// The answer to a request of the client at this address, behind all trusted proxies.
    pub async fn call(&self, request: Request<Bytes>, client: IpAddr) -> Response<Bytes> {
        let (mut head, body) = request.into_parts();
        head.extensions.insert(Client(client));
        let request = Request::from_parts(head, Body::from(body));
        let Ok(answer) = self.0.clone().call(request).await;
        let (head, body) = answer.into_parts();
        match body::to_bytes(body, ANSWER_BYTES_MAX).await {
            Ok(body) => Response::from_parts(head, body),
            Err(_) => {
                let mut empty = Response::new(Bytes::new());
                *empty.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                empty
            }
        }
    }
}

/// The public half of the server's own keys (RFC 7517).
async fn jwks(State(service): State<Service>) -> Result<axum::response::Response, Problem> {
    let keys = service.jwks().await?;
    let json = HeaderValue::from_static("application/jwk-set+json");
    Ok(([(CONTENT_TYPE, json), (CACHE_CONTROL, JWKS_KEPT)], keys).into_response())
}
