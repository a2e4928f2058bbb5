//! Asking servers that are not ours: the customer's endpoint, and keys that others publish.
//!
//! Every answer has a time and a size, no redirect is followed (it would take a signed request, or
//! the trust in a name, somewhere else), and no cookie is kept.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::time::timeout;

/// Idle connections to one server.
const IDLE_MAX: usize = 4;
/// How long they are kept. Servers keep them for a minute or so, and who dials hangs up first.
const IDLE_TIME_MAX: Duration = Duration::from_secs(30);
/// Largest head of an answer, which is also how much is read at once.
const HEAD_BYTES_MAX: usize = 16 * 1_024;
/// Longest URL. Those that people write down are far shorter.
const URL_BYTES_MAX: usize = 2_048;

/// Sends requests to others.
#[derive(Clone)]
pub(crate) struct Outbound {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// What an answer may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Allowance {
    pub(crate) time_max: Duration,
    pub(crate) bytes_max: usize,
}

/// Why there is no answer. Nothing of the URL is in it: there may be a secret in its query.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum OutboundError {
    /// TLS cannot be used at all.
    #[error("TLS cannot be used: {0}")]
    Tls(String),
    /// It did not answer in time.
    #[error("it did not answer within {limit_ms} ms")]
    Slow {
        /// How long it had.
        limit_ms: u128,
    },
    /// There is no connection, or it broke.
    #[error("{0}")]
    Network(String),
    /// It answered with another address, which is not followed.
    #[error("it answered with a redirect ({0}), and redirects are not followed")]
    Redirect(u16),
    /// It answered with something else than 200.
    #[error("it answered with status {0}")]
    Status(u16),
    /// The answer is too long.
    #[error("its answer has more than {limit} bytes")]
    TooLong {
        /// Bytes that are allowed.
        limit: usize,
    },
}

/// Why a text is no URL that is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum UrlError {
    /// It is none.
    #[error("this is no http or https URL with a host")]
    Form,
    /// It has a name and password, which would be sent to nobody.
    #[error("a URL with a user name in it is not asked")]
    User,
    /// Anybody between here and there could change the answer.
    #[error("keys are fetched by https only, but for this machine itself")]
    Plain,
}

impl Outbound {
    /// Trusts the authorities of `roots` or, without any, those that the machine trusts.
    pub(crate) fn new(roots: Option<RootCertStore>) -> Result<Self, OutboundError> {
        let roots = roots.unwrap_or_else(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots
        });
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| OutboundError::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(IDLE_MAX)
            .pool_idle_timeout(IDLE_TIME_MAX)
            .pool_timer(TokioTimer::new())
            .http1_max_buf_size(HEAD_BYTES_MAX)
            .build(connector);
        Ok(Self { client })
    }

    /// Sends a request, and reads what is answered with 200.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
        allowance: Allowance,
    ) -> Result<Bytes, OutboundError> {
        let Allowance { time_max, bytes_max } = allowance;
        let answer = timeout(time_max, async {
            let response = self.client.request(request).await;
            let response = response.map_err(|error| network(&error))?;
            read(response, bytes_max).await
        });
        let slow = OutboundError::Slow { limit_ms: time_max.as_millis() };
        answer.await.map_err(|_| slow)?
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbound")
    }
}

/// Reads a URL that can be asked.
pub(crate) fn parse_url(text: &str) -> Result<Uri, UrlError> {
    if text.len() > URL_BYTES_MAX {
        return Err(UrlError::Form);
    }
    let uri: Uri = text.parse().map_err(|_| UrlError::Form)?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(UrlError::Form);
    }
    let authority = uri.authority().ok_or(UrlError::Form)?;
    if authority.as_str().contains('@') {
        return Err(UrlError::User);
    }
    if authority.host().is_empty() { Err(UrlError::Form) } else { Ok(uri) }
}

async fn read(
    response: Response<hyper::body::Incoming>,
    limit: usize,
) -> Result<Bytes, OutboundError> {
    let status = response.status();
    if status.is_redirection() {
        return Err(OutboundError::Redirect(status.as_u16()));
    }
    if status != StatusCode::OK {
        return Err(OutboundError::Status(status.as_u16()));
    }
    let mut body = response.into_body();
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| OutboundError::Network(error.to_string()))?;
        if let Some(data) = frame.data_ref() {
            if bytes.len() + data.len() > limit {
                return Err(OutboundError::TooLong { limit });
            }
            bytes.extend_from_slice(data);
        }
    }
    Ok(bytes.freeze())
}

/// What hyper says, with the causes that it hides.
fn network(error: &hyper_util::client::legacy::Error) -> OutboundError {
    let mut text =
        if error.is_connect() { "no connection" } else { "the connection broke" }.to_owned();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    OutboundError::Network(text)
}

#[cfg(test)]
mod tests;
