//! Fetching by HTTP (RFC 9110, 9112, 9113), as a player does.
//!
//! On hyper's client. It tells which connection an answer came over, gives bodies as they come, and
//! unpacks nothing; and it is hyper already that serves Weir's own viewers.

mod redirect;
#[cfg(test)]
mod tests;

use std::error::Error as _;
use std::fmt;
use std::io;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body as _, Incoming};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::RootCertStore;
use thiserror::Error;
use tokio::time::{Instant, timeout};
use url::{Origin, Url};

use self::redirect::{basic, next_hop};
use super::connect::{ConnectError, Connector, Uses};
use super::{REDIRECTS_MAX, REPLY_BYTES_MAX, Reply, Request, Transport, TransportError};

/// Fetches by HTTP/1.1, and by HTTP/2 where TLS agrees on it. Connections are kept open and used
/// again.
pub struct Http {
    client: Client<Connector, Empty<Bytes>>,
    headers: HeaderMap,
    home: Vec<Origin>,
    reply_bytes_max: usize,
}

/// What fetching by HTTP is told.
#[derive(Clone, Default)]
pub struct HttpSetup<'a> {
    /// Headers of the user's, which may be secrets: they go with every request to `home`, and
    /// nowhere else.
    pub headers: &'a [(String, String)],
    /// URLs of the servers that the user named.
    pub home: &'a [Url],
    /// Whose certificates are trusted; without it, those whom the machine trusts.
    pub roots: Option<RootCertStore>,
}

/// Why nothing can be fetched at all. A header's value is never said.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum SetupError {
    /// It cannot be a header.
    #[error("`{name}` is no header that can be sent, or its value is none")]
    Header {
        /// Its name.
        name: String,
    },
    /// It would contradict what is sent.
    #[error("the header `{name}` says how a message is sent, and cannot be chosen")]
    Reserved {
        /// Its name.
        name: String,
    },
    /// There is no TLS.
    #[error("TLS cannot be used: {0}")]
    Tls(#[from] rustls::Error),
}

/// Idle connections to one server. A player has one or two.
const IDLE_MAX: usize = 4;

/// How long a connection is kept without use: longer than a player waits between two reloads of
/// slow playlists.
const IDLE_TIME_MAX: Duration = Duration::from_secs(60);

impl Http {
    /// Makes ready to fetch. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// When a header cannot be sent.
    pub fn new(setup: HttpSetup<'_>) -> Result<Self, SetupError> {
        let HttpSetup { headers, home, roots } = setup;
        let connector = Connector::new(roots.unwrap_or_else(trusted_here))?;
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(IDLE_MAX)
            .pool_idle_timeout(IDLE_TIME_MAX)
            .pool_timer(TokioTimer::new())
            .retry_canceled_requests(false)
            .build(connector);
        let home = home.iter().map(Url::origin).collect();
        let headers = read_headers(headers)?;
        Ok(Self { client, headers, home, reply_bytes_max: REPLY_BYTES_MAX })
    }

    /// Sends a request and follows redirects. `path` takes the place of the URL's own, untidied.
    async fn follow(&self, request: &Request, path: Option<&str>) -> Result<Reply, TransportError> {
        let started = Instant::now();
        let mut url = request.url.clone();
        let mut path = path;
        for _ in 0..=REDIRECTS_MAX {
            let target = target(&url, path.take())?;
            let (response, is_reused) =
                self.ask(&request.method, &url, &target, &request.headers).await?;
            let first_byte = started.elapsed();
            let (head, body) = response.into_parts();
            if let Some(hop) = next_hop(&request.method, &url, &head)? {
                // Read, so that the connection is free again; what is long is not worth it.
                drop(read(body, REDIRECT_BYTES_MAX).await);
                url = hop;
                continue;
            }
            let body = read(body, self.reply_bytes_max).await?;
            return Ok(Reply {
                status: head.status,
                version: head.version,
                headers: head.headers,
                body,
                url,
                first_byte,
                took: started.elapsed(),
                is_reused: Some(is_reused),
            });
        }
        Err(TransportError::Broken(format!("it redirects more than {REDIRECTS_MAX} times")))
    }

    /// One request, one answer's head, and whether the connection had been used before.
    ///
    /// A server may close an idle connection at the moment at which we use it again. That is
    /// nobody's fault, so what fails on a connection that had been used, before anything of an
    /// answer came, is asked for on another one (RFC 9112, 9.3.1).
    async fn ask(
        &self,
        method: &Method,
        url: &Url,
        target: &Uri,
        headers: &HeaderMap,
    ) -> Result<(Response<Incoming>, bool), TransportError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut request = http::Request::new(Empty::new());
            *request.method_mut() = method.clone();
            *request.uri_mut() = target.clone();
            *request.headers_mut() = self.headers_for(url, headers);
            match self.client.request(request).await {
                Ok(response) => {
                    let uses = response.extensions().get::<Uses>();
                    let is_reused = uses.is_some_and(Uses::again);
                    return Ok((response, is_reused));
                }
                Err(error) if attempts <= IDLE_MAX && was_stale(method, &error) => {}
                Err(error) => return Err(client_error(&error)),
            }
        }
    }

    fn headers_for(&self, url: &Url, asked: &HeaderMap) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        if let Some(value) = basic(url) {
            headers.insert(AUTHORIZATION, value);
        }
        let own = self.home.contains(&url.origin()).then_some(&self.headers);
        for set in own.into_iter().chain([asked]) {
            for name in set.keys() {
                headers.remove(name);
                for value in set.get_all(name) {
                    headers.append(name.clone(), value.clone());
                }
            }
        }
        headers
    }

    async fn within(&self, request: &Request, path: Option<&str>) -> Result<Reply, TransportError> {
        match timeout(request.within, self.follow(request, path)).await {
            Ok(result) => result,
            Err(_) => Err(TransportError::TimedOut(request.within)),
        }
    }
}

#[async_trait]
impl Transport for Http {
    async fn send(&self, request: &Request) -> Result<Reply, TransportError> {
        self.within(request, None).await
    }

    async fn send_untidied(&self, request: &Request, path: &str) -> Result<Reply, TransportError> {
        self.within(request, Some(path)).await
    }

    fn is_http(&self) -> bool {
        true
    }
}

/// What the user's headers are is nobody's business.
impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("home", &self.home.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpSetup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSetup").field("home", &self.home.len()).finish_non_exhaustive()
    }
}

fn read_headers(given: &[(String, String)]) -> Result<HeaderMap, SetupError> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let unfit = || SetupError::Header { name: name.clone() };
        let parsed = HeaderName::try_from(name.as_str()).map_err(|_| unfit())?;
        if [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE].contains(&parsed) {
            return Err(SetupError::Reserved { name: name.clone() });
        }
        let mut value = HeaderValue::try_from(value.as_str()).map_err(|_| unfit())?;
        value.set_sensitive(true);
        headers.append(parsed, value);
    }
    Ok(headers)
}

/// What the machine trusts. Single certificates that cannot be read are left out, as everywhere.
fn trusted_here() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// What is put on the request line. User name and fragment stay here.
fn target(url: &Url, path: Option<&str>) -> Result<Uri, TransportError> {
    let scheme = url.scheme();
    if scheme != "http" && scheme != "https" {
        return Err(TransportError::Url(format!("{scheme} is not HTTP")));
    }
    let host = url.host_str().unwrap_or_default();
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let path = path.map_or_else(
        || match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        },
        str::to_owned,
    );
    let unfit = |_| TransportError::Url("it has characters that HTTP cannot send".to_owned());
    Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build().map_err(unfit)
}

/// Reads a body, up to `limit` bytes.
async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, TransportError> {
    let told = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if told > limit {
        return Err(TransportError::TooLong { limit });
    }
    let mut bytes = BytesMut::with_capacity(told.min(AHEAD_BYTES_MAX));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > limit.saturating_sub(bytes.len()) {
            return Err(TransportError::TooLong { limit });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// Whether a request failed because its connection had been closed while it was idle.
fn was_stale(method: &Method, error: &ClientError) -> bool {
    let Some(connected) = error.connect_info() else { return false };
    let mut extras = http::Extensions::new();
    connected.get_extras(&mut extras);
    method.is_safe() && extras.get::<Uses>().is_some_and(Uses::is_used)
}

fn client_error(error: &ClientError) -> TransportError {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(ConnectError(why)) = cause.downcast_ref() {
            return TransportError::Connect(why.clone());
        }
        if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            return broken(error);
        }
        source = cause.source();
    }
    TransportError::Broken("the connection failed".to_owned())
}

/// Our own words: the library's could quote what was sent.
fn broken(error: &hyper::Error) -> TransportError {
    let kind = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    let why = if error.is_parse_too_large() {
        "its headers are too long".to_owned()
    } else if error.is_parse() {
        "it is not HTTP".to_owned()
    } else if error.is_incomplete_message() {
        "the connection ended before the answer did".to_owned()
    } else {
        match kind.map(io::Error::kind) {
            Some(io::ErrorKind::UnexpectedEof) => {
                "the connection ended before the answer did".to_owned()
            }
            Some(kind) => kind.to_string(),
            None => "the connection failed".to_owned(),
        }
    };
    TransportError::Broken(why)
}

/// How this program names itself.
const AGENT: &str = concat!("weir-check/", env!("CARGO_PKG_VERSION"));

/// How much of the body of a redirect is read.
const REDIRECT_BYTES_MAX: usize = 64 << 10;

/// How much memory is taken on a length's word.
const AHEAD_BYTES_MAX: usize = 4 << 20;
