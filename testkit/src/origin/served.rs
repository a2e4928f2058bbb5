//! An origin behind a port.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use check::transport::Request;
use http::Response;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use url::Url;

use super::Origin;

/// An [`Origin`] that is served over HTTP on a free port. Dropping it closes the port.
#[derive(Debug)]
pub struct Served {
    address: SocketAddr,
    entry: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    /// Serves `origin` from now on, in a thread of its own.
    ///
    /// # Errors
    ///
    /// When there is no free port.
    pub fn start(origin: Origin) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("take a port")?;
        listener.set_nonblocking(true).context("prepare a port")?;
        let address = listener.local_addr().context("ask for the port")?;
        let runtime = Builder::new_current_thread().enable_all().build().context("start tokio")?;
        let entry = origin.entry();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let run = serve(listener, origin);
            runtime.block_on(async {
                tokio::select! {
                    () = run => {}
                    _ = stopped => {}
                }
            });
        });
        Ok(Self { address, entry, stop: Some(stop), thread: Some(thread) })
    }

    /// The URL of the multivariant playlist.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.entry)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        // A thread that panicked has said so.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn serve(listener: TcpListener, origin: Origin) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let (origin, began) = (Arc::new(Mutex::new(origin)), Instant::now());
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let origin = Arc::clone(&origin);
        // Without it an answer in two pieces waits for an acknowledgement.
        let _ = socket.set_nodelay(true);
        connections.spawn(async move {
            let answered = service_fn(|request| answer(request, &origin, began));
            // Clients hang up when they like.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), answered).await;
        });
    }
}

async fn answer(
    request: http::Request<Incoming>,
    origin: &Mutex<Origin>,
    began: Instant,
) -> Result<Response<Full<Bytes>>, Broken> {
    let host = request.headers().get("host").and_then(|host| host.to_str().ok());
    let url = format!("http://{}{}", host.unwrap_or("127.0.0.1"), request.uri());
    let Ok(url) = Url::parse(&url) else { return Err(Broken) };
    let within = Duration::from_secs(60);
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let request = Request { method, url, headers, within };
    let answer = {
        let mut origin = origin.lock().unwrap_or_else(PoisonError::into_inner);
        origin.answer(&request, began.elapsed())
    };
    if answer.is_broken {
        return Err(Broken);
    }
    sleep(answer.after).await;
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is broken on purpose")]
struct Broken;
