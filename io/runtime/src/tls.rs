//! Certificates and keys from PEM files (RFC 7468), into rustls.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

/// Reads a certificate chain (our own certificate first) and its private key. `protocols` is what
/// the port speaks, best first (ALPN, RFC 7301): `&[b"http/1.1"]`, or nothing for RTMPS.
///
/// # Errors
///
/// When a file cannot be used; the message names it and says why.
pub fn load_tls(
    certificate: &Path,
    key: &Path,
    protocols: &[&[u8]],
) -> Result<TlsAcceptor, TlsError> {
    let chain = read_certificates(certificate)?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| TlsError::key(key, error))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|source| TlsError::refused(certificate, key, source))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|source| TlsError::refused(certificate, key, source))?;
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Why TLS cannot be offered.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file has nothing of the kind that it should have.
    #[error("{path} has no {what}: it should have a PEM section \"-----BEGIN {label}-----\"")]
    Missing {
        /// The file.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
        /// The label of the section.
        label: &'static str,
    },
    /// A file is damaged.
    #[error("{path} is not valid PEM: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The certificate and the key are no pair, or of a kind that is not supported.
    #[error("{certificate} and {key} cannot be used together: {source}")]
    Refused {
        /// The file with the certificates.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// What rustls said.
        source: rustls::Error,
    },
}

impl TlsError {
    fn key(path: &Path, error: pem::Error) -> Self {
        Self::pem(path, error, "private key", "PRIVATE KEY")
    }

    /// The reasons are ours: the library's would quote the file, and with it the key.
    fn pem(path: &Path, error: pem::Error, what: &'static str, label: &'static str) -> Self {
        let path = path.to_owned();
        match error {
            pem::Error::Io(source) => Self::Unreadable { path, source },
            pem::Error::NoItemsFound => Self::Missing { path, what, label },
            pem::Error::MissingSectionEnd { .. } => {
                Self::Malformed { path, reason: "a section has no end" }
            }
            pem::Error::IllegalSectionStart { .. } => {
                Self::Malformed { path, reason: "a section's first line is damaged" }
            }
            pem::Error::Base64Decode(_) => {
                Self::Malformed { path, reason: "a section is not base64" }
            }
            pem::Error::SectionTooLarge => {
                Self::Malformed { path, reason: "a section is too long" }
            }
            // The library may learn more reasons.
            _ => Self::Malformed { path, reason: "a section cannot be read" },
        }
    }

    fn refused(certificate: &Path, key: &Path, source: rustls::Error) -> Self {
        Self::Refused { certificate: certificate.to_owned(), key: key.to_owned(), source }
    }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |error| TlsError::pem(path, error, "certificate", "CERTIFICATE");
    let sections = CertificateDer::pem_file_iter(path).map_err(failed)?;
    let chain = sections.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    if chain.is_empty() { Err(failed(pem::Error::NoItemsFound)) } else { Ok(chain) }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio_rustls::TlsConnector;

    use super::*;

    /// A server for `localhost`, and a client that trusts it and nobody else.
    pub(crate) fn pair() -> (TlsAcceptor, TlsConnector) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let [chain, key] = ["chain.pem", "key.pem"].map(|name| folder.path().join(name));
        fs::write(&chain, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let acceptor = load_tls(&chain, &key, &[b"http/1.1"]).unwrap();
        (acceptor, TlsConnector::from(Arc::new(config)))
    }

    fn made() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[track_caller]
    fn check(certificate: Option<&str>, key: Option<&str>, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let [certificate, key] =
            [("chain.pem", certificate), ("key.pem", key)].map(|(name, text)| {
                let path = folder.path().join(name);
                if let Some(text) = text {
                    fs::write(&path, text).unwrap();
                }
                path
            });
        let message = match load_tls(&certificate, &key, &[]) {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.to_string(),
        };
        let message = message.replace(&format!("{}/", folder.path().display()), "");
        assert!(message.starts_with(expected), "{message}");
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named_with_the_reason() {
        let (chain, key) = made();
        let (_, other_key) = made();
        check(Some(&chain), Some(&key), "ok");
        check(None, Some(&key), "cannot read chain.pem: No such file");
        check(Some(&chain), None, "cannot read key.pem: No such file");
        check(Some(""), Some(&key), "chain.pem has no certificate");
        check(Some(&key), Some(&key), "chain.pem has no certificate");
        check(Some(&chain), Some(&chain), "key.pem has no private key");
        let cut = &key[..key.len() / 2];
        check(Some(&chain), Some(cut), "key.pem is not valid PEM: a section has no end");
        let odd = key.replace("KEY-----\n", "KEY-----\n!!");
        check(Some(&chain), Some(&odd), "key.pem is not valid PEM");
        let pair = "chain.pem and key.pem cannot be used together";
        check(Some(&chain), Some(&other_key), pair);
    }

    #[tokio::test]
    async fn a_client_that_trusts_the_certificate_gets_through() {
        let (acceptor, connector) = pair();
        let (ours, theirs) = duplex(65_536);
        let server = tokio::spawn(async move {
            let mut stream = acceptor.accept(ours).await.unwrap();
            stream.write_all(b"hello").await.unwrap();
            stream.shutdown().await.unwrap();
        });
        let name = "localhost".try_into().unwrap();
        let mut stream = connector.connect(name, theirs).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "hello");
        server.await.unwrap();
    }
}
