//! The HTTP/1.1 server (RFC 9112) under the edge and the admin port: hyper, with the limits that
//! a peer meets.

mod guard;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::{debug, error, warn};

use self::guard::{Busy, Guarded, Turns};
use crate::{Accepted, Acceptor, Drain};

/// Answers requests.
pub trait HttpService: Send + Sync + 'static {
    /// What an answer's bytes come in.
    type Body: Body<Data = Bytes, Error = BodyError> + Send + Unpin + 'static;

    /// The answer to one request. Its future is dropped when the peer hangs up. Every request
    /// gets an answer: what failed is told in it, and a panic ends the connection only.
    fn call(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Response<Self::Body>> + Send;
}

/// Why a body ends before its end: its connection is closed, so that nobody takes it for whole.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// What a peer may make an HTTP server hold, and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HttpLimits {
    /// Largest head of a request, in bytes: browsers send under 2 KiB, tokens and cookies may
    /// double that. hyper does not go below 8 KiB.
    pub head_bytes_max: usize,
    /// Longest time from the first byte of a request to the end of its head, TLS handshake
    /// included; an absolute deadline, so that a byte now and then does not help.
    pub head_time_max: Duration,
    /// Longest silence between two requests. Players ask once or twice a segment; balancers in
    /// front keep idle connections for about a minute, and the one who dials must be the one who
    /// hangs up.
    pub idle_time_max: Duration,
    /// Longest time in which a peer takes nothing of what we send.
    pub write_stall_max: Duration,
    /// Longest time for open responses to end once the drain has started.
    pub grace: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            head_bytes_max: 16 * 1_024,
            head_time_max: Duration::from_secs(10),
            idle_time_max: Duration::from_secs(75),
            write_stall_max: Duration::from_secs(20),
            grace: Duration::from_secs(15),
        }
    }
}

/// Serves until the drain starts, then finishes the responses that are open, for
/// [`HttpLimits::grace`] at most. With `tls` every connection speaks TLS.
pub async fn serve_http<S: HttpService>(
    mut acceptor: Acceptor,
    tls: Option<TlsAcceptor>,
    service: Arc<S>,
    limits: HttpLimits,
    mut drain: Drain,
) {
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = drain.started() => break,
            Some(ended) = tasks.join_next() => report(ended),
            accepted = acceptor.accept() => {
                let connection = Connection {
                    service: Arc::clone(&service),
                    limits,
                    drain: drain.clone(),
                };
                tasks.spawn(connection.run(accepted, tls.clone()));
            }
        }
    }
    // New connections go elsewhere from here on.
    drop(acceptor);
    let finish = async {
        while let Some(ended) = tasks.join_next().await {
            report(ended);
        }
    };
    if timeout(limits.grace, finish).await.is_err() {
        let count = tasks.len();
        warn!(count, grace_s = limits.grace.as_secs(), "cut HTTP responses that did not end");
        tasks.shutdown().await;
    }
}

/// A task that panicked is our fault, not the peer's, and ends nobody else's connection.
fn report(ended: Result<(), JoinError>) {
    if let Err(failure) = ended {
        error!("an HTTP connection broke: {failure}");
    }
}

struct Connection<S> {
    service: Arc<S>,
    limits: HttpLimits,
    drain: Drain,
}

impl<S: HttpService> Connection<S> {
    async fn run(self, accepted: Accepted, tls: Option<TlsAcceptor>) {
        let Accepted { socket, peer, permit } = accepted;
        let turns = Arc::new(Turns::default());
        let socket = Guarded::new(socket, Arc::clone(&turns), self.limits);
        match tls {
            None => self.serve(socket, peer, turns).await,
            Some(tls) => match tls.accept(socket).await {
                Ok(stream) => self.serve(stream, peer, turns).await,
                Err(failure) => debug!(peer.addr = %peer, "no TLS with {peer}: {failure}"),
            },
        }
        drop(permit);
    }

    async fn serve<I>(mut self, io: I, peer: SocketAddr, turns: Arc<Turns>)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let service = service_fn(|request| {
            let busy = turns.begin();
            let answer = self.service.call(request, peer);
            async move {
                let response = answer.await;
                Ok::<_, Infallible>(response.map(|body| Answer::new(body, busy)))
            }
        });
        let mut connection = pin!(
            http1::Builder::new()
                // The guard keeps the time; hyper's limit does not know idle from slow.
                .header_read_timeout(None)
                .max_buf_size(self.limits.head_bytes_max.max(HEAD_BYTES_MIN))
                .serve_connection(TokioIo::new(io), service)
        );
        let outcome = tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = self.drain.started() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(failure) = outcome {
            debug!(peer.addr = %peer, "closed {peer}: {failure}");
        }
    }
}

/// A body that says when hyper has taken it whole: with its last piece, and so before that piece is
/// written, which is when the guard looks and starts the idle time.
struct Answer<B> {
    body: B,
    busy: Option<Busy>,
}

impl<B: Body> Answer<B> {
    fn new(body: B, busy: Busy) -> Self {
        let busy = (!body.is_end_stream()).then_some(busy);
        Self { body, busy }
    }
}

impl<B: Body<Data = Bytes, Error = BodyError> + Unpin> Body for Answer<B> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if self.body.is_end_stream() || matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.busy = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What hyper insists on for its buffer.
const HEAD_BYTES_MIN: usize = 8_192;
