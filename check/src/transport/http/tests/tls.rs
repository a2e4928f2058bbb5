use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::*;

/// A server for `localhost` that speaks HTTP/1.1 over TLS, and its certificate, signed by itself.
async fn start(protocols: &[&[u8]]) -> (u16, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(socket) = acceptor.accept(socket).await else { continue };
            let service = hyper::service::service_fn(|_| async {
                let body = http_body_util::Full::new(Bytes::from_static(b"safe"));
                Ok::<_, std::convert::Infallible>(Response::new(body))
            });
            let io = hyper_util::rt::TokioIo::new(socket);
            let is_h2 = io.inner().get_ref().1.alpn_protocol() == Some(b"h2");
            tokio::spawn(async move {
                if is_h2 {
                    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                    drop(server.serve_connection(io, service).await);
                } else {
                    let server = hyper::server::conn::http1::Builder::new();
                    drop(server.serve_connection(io, service).await);
                }
            });
        }
    });
    (port, certificate)
}

fn trusting(certificate: Option<CertificateDer<'static>>) -> Http {
    let mut roots = RootCertStore::empty();
    if let Some(certificate) = certificate {
        roots.add(certificate).unwrap();
    }
    Http::new(HttpSetup { roots: Some(roots), ..HttpSetup::default() }).unwrap()
}

async fn fetch(http: &Http, host: &str, port: u16) -> Result<Reply, TransportError> {
    let url = Url::parse(&format!("https://{host}:{port}/?token=hush")).unwrap();
    http.send(&request(url)).await
}

#[tokio::test]
async fn https_speaks_what_the_server_does() {
    for (protocol, version) in [(&b"h2"[..], Version::HTTP_2), (b"http/1.1", Version::HTTP_11)] {
        let (port, certificate) = start(&[protocol]).await;
        let http = trusting(Some(certificate));
        for is_reused in [false, true] {
            let reply = fetch(&http, "localhost", port).await.unwrap();
            assert_eq!((reply.version, &reply.body[..]), (version, &b"safe"[..]));
            assert_eq!(reply.is_reused, Some(is_reused));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused_in_plain_words() {
    let (port, certificate) = start(&[]).await;
    let (_, other) = start(&[]).await;
    let check = async |trusted, host: &str, expected: &str| {
        let error = fetch(&trusting(trusted), host, port).await.unwrap_err();
        assert_eq!(error, TransportError::Connect(expected.to_owned()));
    };
    let unknown = "its certificate is signed by nobody whom this machine trusts, or by itself";
    check(Some(other), "localhost", unknown).await;
    check(Some(certificate.clone()), "127.0.0.1", "its certificate is for another name").await;
    check(None, "localhost", super::super::super::connect::NO_AUTHORITIES).await;

    // A plain server, behind a URL that says otherwise.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.read_u8().await.unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let error = fetch(&trusting(Some(certificate)), "localhost", port).await.unwrap_err();
    assert_eq!(error, TransportError::Connect("it does not speak TLS".into()));
}
