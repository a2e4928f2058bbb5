use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::testing::{Reply, Server};

#[track_caller]
fn check(url: &str, expected: Result<(), UrlError>) {
    assert_eq!(parse_url(url).map(|_| ()), expected, "{url}");
}

#[test]
fn a_url_is_asked_if_it_is_whole() {
    for url in ["https://keys.example/jwks.json", "https://[2001:db8::1]:8443/", "http://a/?b=c"] {
        check(url, Ok(()));
    }
    let form = Err(UrlError::Form);
    for url in ["", "/jwks", "keys.example/jwks", "ftp://keys.example/", "file:///etc/passwd"] {
        check(url, form);
    }
    for url in ["gopher://127.0.0.1/", "https:///x", "https://a b/", "https://:443/"] {
        check(url, form);
    }
    check("https://user:secret@keys.example/", Err(UrlError::User));
    check("http://127.0.0.1@keys.example/", Err(UrlError::User));
    check(&format!("https://a/{}", "x".repeat(URL_BYTES_MAX - 10)), Ok(()));
    check(&format!("https://a/{}", "x".repeat(URL_BYTES_MAX - 9)), form);
}

fn tls() -> (TlsAcceptor, CertificateDer<'static>) {
    let names = vec!["localhost".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), cert.der().clone())
}

async fn asked(outbound: &Outbound, url: &str) -> Result<Bytes, OutboundError> {
    let request = Request::get(url).body(Full::default()).unwrap();
    outbound.send(request, Allowance { time_max: Duration::from_secs(5), bytes_max: 100 }).await
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_not_asked() {
    let (acceptor, certificate) = tls();
    let server = Server::start_tls(Reply::ok("hello"), acceptor).await;
    let port = server.address.port();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();

    let trusting = Outbound::new(Some(roots)).unwrap();
    let url = format!("https://localhost:{port}/");
    assert_eq!(asked(&trusting, &url).await.unwrap(), "hello");
    let other = asked(&trusting, &format!("https://127.0.0.1:{port}/")).await.unwrap_err();
    assert!(other.to_string().contains("certificate"), "{other}");

    let stranger = asked(&Outbound::new(None).unwrap(), &url).await.unwrap_err();
    assert!(stranger.to_string().contains("certificate"), "{stranger}");
    assert_eq!(server.count(), 1);
}
