//! Connections for HTTP: TCP, and TLS where the URL says so, with what is spoken over it (RFC
//! 7301).

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tower_service::Service;

/// Opens connections.
#[derive(Clone)]
pub(super) struct Connector {
    tls: TlsConnector,
    knows_authorities: bool,
}

/// Why there is no connection: a sentence without anything of the URL but its host.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{0}")]
pub(super) struct ConnectError(pub(super) String);

/// How often a connection was used. It goes with each answer that came over it.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses(Arc<AtomicU64>);

/// An open connection.
pub(super) struct Wire {
    io: TokioIo<Box<dyn Duplex>>,
    uses: Uses,
    is_h2: bool,
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// How long an address may take if its host has more of them: one of IPv6 and one of IPv4 often
/// stand side by side, and one of them leads nowhere.
const ADDRESS_TIME_MAX: Duration = Duration::from_secs(1);

impl Connector {
    /// Trusts those authorities.
    ///
    /// # Errors
    ///
    /// When the TLS library cannot be used.
    pub(super) fn new(roots: RootCertStore) -> Result<Self, rustls::Error> {
        let knows_authorities = !roots.is_empty();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), knows_authorities })
    }

    async fn open(self, uri: Uri) -> Result<Wire, ConnectError> {
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_https = uri.scheme() == Some(&Scheme::HTTPS);
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let socket = dial(&host, port).await?;
        // Nagle's algorithm would measure itself.
        socket.set_nodelay(true).map_err(|error| failed(&host, port, &error))?;
        if !is_https {
            return Ok(Wire::new(socket, false));
        }
        if !self.knows_authorities {
            return Err(ConnectError(NO_AUTHORITIES.to_owned()));
        }
        let name = ServerName::try_from(host.clone())
            .map_err(|_| ConnectError(format!("{host} is no name that a certificate can have")))?;
        let socket = self.tls.connect(name, socket).await.map_err(|error| untrusted(&error))?;
        let is_h2 = socket.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Wire::new(socket, is_h2))
    }
}

impl Uses {
    /// Counts another use, and says whether it is not the first one.
    pub(super) fn again(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) > 0
    }

    /// Whether it was used before.
    pub(super) fn is_used(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

impl Wire {
    fn new(io: impl Duplex + 'static, is_h2: bool) -> Self {
        Self { io: TokioIo::new(Box::new(io)), uses: Uses::default(), is_h2 }
    }
}

impl Service<Uri> for Connector {
    type Response = Wire;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Wire, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().open(uri))
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(self.uses.clone());
        if self.is_h2 { connected.negotiated_h2() } else { connected }
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

async fn dial(host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    let unknown = || ConnectError(format!("the name {host} is not known"));
    let addresses: Vec<_> = lookup_host((host, port)).await.map_err(|_| unknown())?.collect();
    let mut why = unknown();
    let mut left = addresses.len();
    for address in addresses {
        left -= 1;
        let opening = TcpStream::connect(address);
        let opened = if left == 0 {
            opening.await
        } else {
            let patience = tokio::time::timeout(ADDRESS_TIME_MAX, opening);
            patience.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        };
        match opened {
            Ok(socket) => return Ok(socket),
            Err(error) => why = failed(host, port, &error),
        }
    }
    Err(why)
}

fn failed(host: &str, port: u16, error: &io::Error) -> ConnectError {
    ConnectError(format!("{host} port {port}: {}", error.kind()))
}

/// What is wrong with a TLS handshake, in words.
fn untrusted(error: &io::Error) -> ConnectError {
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    ConnectError(match cause {
        Some(rustls::Error::InvalidCertificate(certificate)) => {
            format!("its certificate {}", certificate_fault(certificate))
        }
        Some(rustls::Error::InvalidMessage(_)) => "it does not speak TLS".to_owned(),
        Some(rustls::Error::AlertReceived(alert)) => format!("it refused TLS: {alert:?}"),
        Some(_) => "TLS could not be agreed on".to_owned(),
        None => format!("TLS: {}", error.kind()),
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library may learn more reasons")]
const fn certificate_fault(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is for another name"
        }
        CertificateError::Revoked => "was revoked",
        // The second when somebody trusted has the same name but another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "is signed by nobody whom this machine trusts, or by itself"
        }
        _ => "is not valid",
    }
}

pub(super) const NO_AUTHORITIES: &str = "this machine has no list of trusted certificates: install \
                              ca-certificates, or name a file of them in SSL_CERT_FILE";
