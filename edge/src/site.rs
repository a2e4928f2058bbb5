//! One request to one response, without sockets.

#[cfg(test)]
mod tests;

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use authz::{Play, PlayAuthority, PlayRefusal, PlayRequest};
use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, LOCATION, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::{Body, Incoming};
use origin::{BoxError, Origin, OriginError};
use runtime::{BodyError, HttpService, Seldom, unix_ms};
use timeline::{Resource, ResourceError, StreamName};
use tracing::warn;

use crate::Config;
use crate::body::Sent;
use crate::client::Proxies;
use crate::cors::{METHODS, open_to_all, preflight};
use crate::keeper::Keeper;
use crate::meters::{Kind, Meters};
use crate::mount::{Mount, is_mounted};
use crate::page::{not_found, protect, refused, too_early, unavailable};
use crate::route::{Route, document, route};
use crate::target::TargetError;
use crate::{document, limit, mount, refusal, target};

/// What viewers see.
#[derive(Debug)]
pub(crate) struct Site {
    keeper: Keeper,
    authority: Arc<dyn PlayAuthority>,
    mount: Option<Arc<dyn Mount>>,
    proxies: Proxies,
    meters: Meters,
    failures: Mutex<Seldom>,
}

impl Site {
    pub(crate) fn new(
        origin: Arc<dyn Origin>,
        authority: Arc<dyn PlayAuthority>,
        mount: Option<Arc<dyn Mount>>,
        config: &Config,
        meters: Meters,
    ) -> Self {
        let keeper = Keeper::new(origin, config.kept_bytes_max, meters.object_reads.clone());
        let proxies = Proxies::new(config);
        let failures = Mutex::new(Seldom::new(FAILURES_EVERY));
        Self { keeper, authority, mount, proxies, meters, failures }
    }

    /// Answers a request of `peer`. Nobody reads its body, unless it is for another role.
    pub(crate) async fn answer<B>(&self, head: &Parts, body: B, peer: IpAddr) -> Response<Sent>
    where
        B: Body<Data = Bytes, Error: Into<BodyError>> + Send,
    {
        let open = self.meters.open();
        let started = Instant::now();
        let (kind, mut response) = match target::path(head) {
            Ok(path) if is_mounted(path) => match &self.mount {
                Some(mount) => {
                    let client = self.proxies.client(peer, &head.headers).nearest();
                    (Kind::Api, mount::respond(&**mount, head, body, client).await)
                }
                None => (Kind::Other, not_found(&head.headers, "there is no such page")),
            },
            Ok(path) => self.act(head, path, peer).await,
            Err(error) => (Kind::Other, not_ours(&head.headers, error)),
        };
        // The length stays: HEAD tells what GET would send.
        if head.method == Method::HEAD {
            *response.body_mut() = Sent::nothing();
        }
        // To other sites, another role opens what it will.
        if kind != Kind::Api {
            open_to_all(response.headers_mut());
        }
        response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let bytes = response.body().left().unwrap_or(0);
        self.meters.answered(kind, response.status(), bytes, started.elapsed());
        drop(open);
        response
    }

    async fn act(&self, head: &Parts, path: &str, peer: IpAddr) -> (Kind, Response<Sent>) {
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
        let client = self.proxies.client(peer, headers);
        let request = client.request(head, path, unix_ms().div_euclid(1_000));
        let stripped = self.authority.strip(&request);
        if let Err(error) = target::named(stripped.path) {
            return (Kind::Other, not_ours(headers, error));
        }
        match route(stripped.path, &stripped.query) {
            Ok(Route::Home) => (Kind::Page, page(head, console::home_page(), false)),
            Ok(Route::Account(asset)) => {
                let mut response = page(head, asset, false);
                hide(response.headers_mut());
                (Kind::Page, response)
            }
            Ok(Route::Watch(stream)) => (Kind::Page, self.watch(head, &request, &stream).await),
            Ok(Route::Asset(asset)) => {
                (Kind::Page, document::respond(method, headers, document(asset)))
            }
            Ok(Route::Media(resource)) => {
                (kind_of(&resource), self.media(head, &request, &resource).await)
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

    /// The page is everybody's, since it shows nothing of the stream by itself: it says why a
    /// viewer may not watch, and asks for a password. It takes its token along in its path.
    async fn watch(
        &self,
        head: &Parts,
        request: &PlayRequest<'_>,
        stream: &StreamName,
    ) -> Response<Sent> {
        let is_listed = match self.authority.decide(request, stream).await {
            Ok(Play::Moved(to)) => return moved(&head.headers, &to),
            Ok(Play::Allowed(pass)) => !pass.unlisted,
            Err(_) => false,
        };
        let mut response = page(head, console::watch_page(), true);
        if !is_listed {
            hide(response.headers_mut());
        }
        response
    }

    /// Whatever is of a stream is for those who may watch it.
    async fn media(
        &self,
        head: &Parts,
        request: &PlayRequest<'_>,
        resource: &Resource,
    ) -> Response<Sent> {
        let Parts { method, headers, .. } = head;
        let pass = match self.authority.decide(request, resource.stream()).await {
            Ok(Play::Allowed(pass)) => pass,
            Ok(Play::Moved(to)) => return moved(headers, &to),
            Err(error) => return self.denied(headers, &error),
        };
        match self.keeper.fetch(resource).await {
            Ok(document) => {
                let document = limit::apply(document, resource, &pass);
                let mut response = document::respond(method, headers, document);
                name_file(response.headers_mut(), resource);
                if pass.unlisted {
                    hide(response.headers_mut());
                }
                response
            }
            Err(error) => self.failed(headers, &error),
        }
    }

    fn denied(&self, headers: &HeaderMap, error: &PlayRefusal) -> Response<Sent> {
        if let PlayRefusal::Unavailable { source } = error {
            self.report(error, source);
        }
        refusal::respond(headers, error)
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
                self.report(error, source);
                unavailable(headers, *retry_after, &sentence)
            }
        }
    }

    fn report(&self, error: &dyn Error, source: &BoxError) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = failures.event(Instant::now()) {
            warn!(count, "answered 503: {error}: {source}");
        }
    }
}

impl HttpService for Site {
    type Body = Sent;

    async fn call(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Sent> {
        let (head, body) = request.into_parts();
        self.answer(&head, body, peer.ip()).await
    }
}

const fn kind_of(resource: &Resource) -> Kind {
    match resource {
        Resource::Multivariant(..)
        | Resource::Media(..)
        | Resource::Recording(..)
        | Resource::RecordingMedia(..) => Kind::Playlist,
        Resource::Object(_) | Resource::Export(_) => Kind::Segment,
    }
}

fn not_ours(headers: &HeaderMap, error: TargetError) -> Response<Sent> {
    refused(headers, StatusCode::BAD_REQUEST, &error.to_string())
}

/// Sends a viewer to the one form of a request that is served. It stays on this server, whatever
/// the request had in it, and no cache keeps it: it has a token in it.
fn moved(headers: &HeaderMap, to: &str) -> Response<Sent> {
    let is_here = to.starts_with('/') && !to.starts_with("//") && !to.contains('\\');
    let Some(location) = HeaderValue::try_from(to).ok().filter(|_| is_here) else {
        return refused(headers, StatusCode::BAD_REQUEST, "this address leads nowhere");
    };
    let mut response = Response::new(Sent::nothing());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_LENGTH, 0.into());
    response
}

/// Search engines list it nowhere.
fn hide(headers: &mut HeaderMap) {
    headers.insert(ROBOTS, HeaderValue::from_static("noindex"));
}

const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

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

/// How often the log says that the origin does not answer.
const FAILURES_EVERY: Duration = Duration::from_secs(1);
