//! One request to one response, without sockets.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CONTENT_DISPOSITION,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use origin::{Origin, OriginError};
use runtime::{HttpService, Seldom};
use timeline::{Resource, ResourceError};
use tracing::warn;

use crate::body::Sent;
use crate::meters::{Kind, Meters};
use crate::page::{not_found, protect, refused, too_early, unavailable};
use crate::route::{Route, document, route};
use crate::{document, target};

/// What viewers see.
#[derive(Debug)]
pub(crate) struct Site {
    origin: Arc<dyn Origin>,
    meters: Meters,
    failures: Mutex<Seldom>,
}

impl Site {
    pub(crate) fn new(origin: Arc<dyn Origin>, meters: Meters) -> Self {
        Self { origin, meters, failures: Mutex::new(Seldom::new(FAILURES_EVERY)) }
    }

    /// Answers a request, whose body nobody reads.
    pub(crate) async fn answer(&self, head: &Parts) -> Response<Sent> {
        let open = self.meters.open();
        let started = Instant::now();
        let (kind, mut response) = match target::path(head) {
            Ok(path) => self.act(head, path).await,
            Err(error) => {
                let sentence = error.to_string();
                (Kind::Other, refused(&head.headers, StatusCode::BAD_REQUEST, &sentence))
            }
        };
        // The length stays: HEAD tells what GET would send.
        if head.method == Method::HEAD {
            *response.body_mut() = Sent::nothing();
        }
        open_to_all(response.headers_mut());
        let bytes = response.body().left().unwrap_or(0);
        self.meters.answered(kind, response.status(), bytes, started.elapsed());
        drop(open);
        response
    }

    async fn act(&self, head: &Parts, path: &str) -> (Kind, Response<Sent>) {
        let Parts { method, headers, .. } = head;
        if method == Method::OPTIONS {
            return (Kind::Other, preflight());
        }
        if method != Method::GET && method != Method::HEAD {
            let sentence = "viewers may only read: GET and HEAD";
            let mut response = refused(headers, StatusCode::METHOD_NOT_ALLOWED, sentence);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(METHODS));
            return (Kind::Other, response);
        }
        match route(path, head.uri.query().unwrap_or_default()) {
            Ok(Route::Home) => (Kind::Page, page(head, console::home_page(), false)),
            Ok(Route::Watch) => (Kind::Page, page(head, console::watch_page(), true)),
            Ok(Route::Asset(asset)) => {
                (Kind::Page, document::respond(method, headers, document(asset)))
            }
            Ok(Route::Media(resource)) => {
                let kind = match resource {
                    Resource::Multivariant(..)
                    | Resource::Media(..)
                    | Resource::Recording(..)
                    | Resource::RecordingMedia(..) => Kind::Playlist,
                    Resource::Object(_) | Resource::Export(_) => Kind::Segment,
                };
                let response = match self.origin.fetch(&resource).await {
                    Ok(document) => {
                        let mut response = document::respond(method, headers, document);
                        name_file(response.headers_mut(), &resource);
                        response
                    }
                    Err(error) => self.failed(headers, &error),
                };
                (kind, response)
            }
            Err(error @ ResourceError::Query(_)) => {
                let sentence = error.to_string();
                (Kind::Other, refused(headers, StatusCode::BAD_REQUEST, &sentence))
            }
            Err(error @ (ResourceError::Name(_) | ResourceError::Form)) => {
                (Kind::Other, not_found(headers, &error.to_string()))
            }
        }
    }

    fn failed(&self, headers: &HeaderMap, error: &OriginError) -> Response<Sent> {
        let sentence = error.to_string();
        match error {
            OriginError::NotLiveYet(_)
            | OriginError::NoRendition(..)
            | OriginError::NoContainer(..)
            | OriginError::NothingThen(_)
            | OriginError::NoRecording(_)
            | OriginError::NoExport { .. }
            | OriginError::NoObject(_) => not_found(headers, &sentence),
            OriginError::TooFarAhead { .. } => too_early(headers, &sentence),
            OriginError::Deleted(_) => refused(headers, StatusCode::GONE, &sentence),
            OriginError::Stalled { retry_after, .. } => {
                unavailable(headers, *retry_after, &sentence)
            }
            OriginError::Unavailable { retry_after, source, .. } => {
                let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(count) = failures.event(Instant::now()) {
                    warn!(count, "answered 503: {sentence}: {source}");
                }
                unavailable(headers, *retry_after, &sentence)
            }
        }
    }
}

impl HttpService for Site {
    type Body = Sent;

    async fn call(&self, request: Request<Incoming>, _peer: SocketAddr) -> Response<Sent> {
        let (head, _body) = request.into_parts();
        self.answer(&head).await
    }
}

fn page(head: &Parts, asset: &console::Asset, embeddable: bool) -> Response<Sent> {
    let mut response = document::respond(&head.method, &head.headers, document(asset));
    protect(response.headers_mut(), embeddable);
    response
}

/// Tells a browser under which name to keep what it downloads (RFC 6266). A recording's name needs
/// no quotes and no escapes.
fn name_file(headers: &mut HeaderMap, resource: &Resource) {
    if let Resource::Export(id) = resource {
        let value = format!("attachment; filename=\"{id}.mp4\"");
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(CONTENT_DISPOSITION, value);
        }
    }
}

/// Players on any site may read everything here, refusals too, and are told what they may see of
/// it (Fetch standard, 3.3). No cookie or password is ever asked for, so nobody's rights are lent.
fn open_to_all(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// Tells a browser what a page on another site may send (Fetch standard, 3.3.3).
fn preflight() -> Response<Sent> {
    let mut response = Response::new(Sent::nothing());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(METHODS));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

const METHODS: &str = "GET, HEAD, OPTIONS";

/// What players send: ranges, conditions, and CMCD (CTA-5004) when told to use headers.
const ALLOWED: &str = "Range, If-Range, If-None-Match, If-Modified-Since, Cache-Control, \
                       CMCD-Request, CMCD-Object, CMCD-Status, CMCD-Session";

/// What players read: sizes, validators, and the server's clock.
const EXPOSED: &str = "Content-Length, Content-Range, Content-Encoding, Accept-Ranges, ETag, \
                       Date, Age, Cache-Control, Retry-After";

/// How often the log says that the origin does not answer.
const FAILURES_EVERY: Duration = Duration::from_secs(1);
