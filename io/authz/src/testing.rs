//! A server of somebody else's, and a directory, for tests.

mod directory;

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub(crate) use self::directory::Shelf;

/// What a server does with the next requests.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) location: Option<String>,
    pub(crate) delay: Duration,
    /// The body has no length, and its end does not come.
    pub(crate) is_endless: bool,
}

/// What it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A server on loopback. It stops when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    reply: Arc<Mutex<Reply>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, std::convert::Infallible>;

impl Reply {
    pub(crate) fn ok(body: &str) -> Self {
        let body = body.to_owned();
        Self { status: 200, body, location: None, delay: Duration::ZERO, is_endless: false }
    }
}

impl Server {
    pub(crate) async fn start(reply: Reply) -> Self {
        Self::serve(reply, None).await
    }

    pub(crate) async fn start_tls(reply: Reply, acceptor: TlsAcceptor) -> Self {
        Self::serve(reply, Some(acceptor)).await
    }

    async fn serve(reply: Reply, acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (reply, asked) = (Arc::new(Mutex::new(reply)), Arc::default());
        let (to_reply, to_asked) = (Arc::clone(&reply), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (reply, asked) = (Arc::clone(&to_reply), Arc::clone(&to_asked));
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        answer(request, Arc::clone(&reply), Arc::clone(&asked))
                    });
                    let server = http1::Builder::new();
                    // Clients hang up in the middle: that is what they are tested for.
                    match acceptor {
                        None => drop(server.serve_connection(TokioIo::new(socket), service).await),
                        Some(acceptor) => {
                            let Ok(socket) = acceptor.accept(socket).await else { return };
                            drop(server.serve_connection(TokioIo::new(socket), service).await);
                        }
                    }
                });
            }
        });
        Self { address, reply, asked, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/asked?secret=hush", self.address)
    }

    /// From now on it answers so.
    pub(crate) fn replies(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    request: Request<Incoming>,
    reply: Arc<Mutex<Reply>>,
    asked: Arc<Mutex<Vec<Asked>>>,
) -> Result<Response<Body>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    asked.lock().unwrap().push(Asked {
        method: head.method,
        path: head.uri.to_string(),
        headers: head.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let reply = reply.lock().unwrap().clone();
    tokio::time::sleep(reply.delay).await;
    let mut response = Response::builder().status(reply.status);
    if let Some(location) = &reply.location {
        response = response.header("location", location);
    }
    let body = if reply.is_endless {
        Endless(reply.body.into()).boxed_unsync()
    } else {
        Full::new(Bytes::from(reply.body)).boxed_unsync()
    };
    Ok(response.body(body).unwrap())
}

/// A body that is sent again and again.
struct Endless(Bytes);

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(self.0.clone()))))
    }
}
