//! The port at which other nodes read what this one is making.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use parts::{Hub, OpenWatch, PartError, PartFlow, PartSource};
use runtime::{
    Acceptor, BindError, BodyError, ConnectionLimits, Connections, Drain, HttpLimits, HttpService,
    serve_http,
};
use store::{LiveFirst, StoreError};
use timeline::{MediaKey, ObjectKey, ObjectName, StreamName};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::{ClusterSecret, HOLD_MAX, KEEP_ALIVE, OBJECTS, OPEN};

/// The port for other nodes. Drain it after what fills the hub, the spool and the store: until
/// then others may need what this node has.
#[derive(Debug)]
pub struct Port {
    acceptor: Acceptor,
    memory: Memory,
}

/// Where the port is, and who may use it.
#[derive(Clone, Debug)]
pub struct PortSettings {
    /// Where to listen. Media is given out without a viewer's token here: to nodes only.
    pub listen: SocketAddr,
    /// What other nodes must show, if anything.
    pub secret: Option<ClusterSecret>,
}

/// A node that serves viewers has a connection for each stream that it follows and some for parts:
/// this is room for dozens of them with all streams of this node each.
const CONNECTIONS: ConnectionLimits =
    ConnectionLimits { total_max: 32_768, per_address_max: 8_192, limit_loopback: false };

impl Port {
    /// Takes the port, at which `hub` and what `objects` has on this node are read.
    ///
    /// # Errors
    ///
    /// When the address cannot be had.
    pub fn bind(
        settings: PortSettings,
        hub: Hub,
        objects: Arc<LiveFirst>,
    ) -> Result<Self, BindError> {
        let PortSettings { listen, secret } = settings;
        let connections = Connections::new(CONNECTIONS);
        let acceptor = Acceptor::bind("the port for other nodes", listen, connections)?;
        Ok(Self { acceptor, memory: Memory { hub, objects, secret } })
    }

    /// Where it listens, with the port that it really has.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.acceptor.local_addr()
    }

    /// Serves until the drain starts. Streams that are being made then are told to their ends, for
    /// [`HttpLimits::grace`] at most.
    pub async fn run(self, drain: Drain) {
        let service = Service { memory: self.memory, drain: drain.clone() };
        serve_http(self.acceptor, None, Arc::new(service), HttpLimits::default(), drain).await;
    }
}

#[derive(Debug)]
struct Memory {
    hub: Hub,
    objects: Arc<LiveFirst>,
    secret: Option<ClusterSecret>,
}

struct Service {
    memory: Memory,
    drain: Drain,
}

impl HttpService for Service {
    type Body = Sent;

    async fn call(&self, request: Request<Incoming>, _peer: SocketAddr) -> Response<Sent> {
        let secret = self.memory.secret.as_ref();
        if secret.is_some_and(|secret| !secret.is_shown(request.headers())) {
            let text = "this port wants the secret of its cluster".to_owned();
            let mut response = refuse(StatusCode::UNAUTHORIZED, text);
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, bearer);
            return response;
        }
        if request.method() != Method::GET {
            let text = "this port answers GET".to_owned();
            let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, text);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
            return response;
        }
        let path = request.uri().path();
        if let Some(name) = path.strip_prefix(OPEN) {
            return match StreamName::parse(name) {
                Ok(stream) => self.open(&stream).await,
                Err(error) => refuse(StatusCode::NOT_FOUND, format!("no stream: {error}")),
            };
        }
        let Some(path) = path.strip_prefix(OBJECTS) else {
            let text = format!("there is no such page; there are {OPEN} and {OBJECTS}");
            return refuse(StatusCode::NOT_FOUND, text);
        };
        match ObjectKey::parse(path) {
            Ok(ObjectKey::Media(key)) => match key.object {
                ObjectName::Part { .. } => self.part(&key).await,
                ObjectName::Segment { .. } | ObjectName::Init { .. } => self.object(key).await,
            },
            Ok(key @ (ObjectKey::Page(_) | ObjectKey::Recording(_))) => {
                let text = format!("{key} is in the object store and nowhere else");
                refuse(StatusCode::NOT_FOUND, text)
            }
            Err(error) => refuse(StatusCode::NOT_FOUND, format!("no object: {error}")),
        }
    }
}

impl Service {
    /// The open segment, now and at every change.
    async fn open(&self, stream: &StreamName) -> Response<Sent> {
        match self.memory.hub.follow(stream, None).await {
            Ok(open) => {
                // What a peer does not take is not queued: the newest state is told when it does.
                let (lines, sent) = mpsc::channel(1);
                tokio::spawn(tell(open, lines, self.drain.clone()));
                respond(StatusCode::OK, "application/x-ndjson", Sent::Lines(sent))
            }
            Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        }
    }

    async fn part(&self, key: &MediaKey) -> Response<Sent> {
        let Ok(read) = timeout(HOLD_MAX, self.memory.hub.read(key, None)).await else {
            let text = format!("{key} does not begin for now");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, text);
        };
        match read {
            Ok(flow) => {
                let content_type = ObjectKey::from(key.clone()).content_type();
                respond(StatusCode::OK, content_type, Sent::Flow(flow))
            }
            Err(error) => {
                let status = match error {
                    PartError::NotFound(_) => StatusCode::NOT_FOUND,
                    PartError::GivenUp(_) => StatusCode::GONE,
                    PartError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
                };
                refuse(status, error.to_string())
            }
        }
    }

    async fn object(&self, key: MediaKey) -> Response<Sent> {
        let key = ObjectKey::from(key);
        match self.memory.objects.get_here(&key).await {
            Ok(bytes) => respond(StatusCode::OK, key.content_type(), Sent::Ready(Some(bytes))),
            Err(error @ StoreError::NotFound { .. }) => {
                refuse(StatusCode::NOT_FOUND, error.to_string())
            }
            Err(error) => {
                warn!(object.key = %key, "another node asked in vain: {error}");
                refuse(StatusCode::SERVICE_UNAVAILABLE, format!("{key} cannot be read for now"))
            }
        }
    }
}

/// Tells the open segment line by line, until the peer hangs up, or nothing is made any more and
/// this node drains.
async fn tell(mut open: OpenWatch, lines: mpsc::Sender<Bytes>, mut drain: Drain) {
    let mut drains = drain.is_started();
    loop {
        let segment = open.borrow_and_update().clone();
        let is_made = segment.is_some();
        // Numbers and names always have a JSON form.
        let line = serde_json::to_string(&segment.as_deref()).unwrap_or_default() + "\n";
        let mut next = Some(Bytes::from(line));
        loop {
            if let Some(line) = next.take()
                && lines.send(line).await.is_err()
            {
                return;
            }
            if drains && !is_made {
                return;
            }
            tokio::select! {
                changed = open.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                () = lines.closed() => return,
                () = drain.started(), if !drains => drains = true,
                () = sleep(KEEP_ALIVE) => next = Some(Bytes::from_static(b"\n")),
            }
        }
    }
}

fn refuse(status: StatusCode, sentence: String) -> Response<Sent> {
    let text = Bytes::from(sentence + "\n");
    respond(status, "text/plain; charset=utf-8", Sent::Ready(Some(text)))
}

fn respond(status: StatusCode, content_type: &'static str, body: Sent) -> Response<Sent> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An answer's bytes on their way out.
#[derive(Debug)]
enum Sent {
    /// They are there.
    Ready(Option<Bytes>),
    /// They are made meanwhile. A part that is given up breaks the connection.
    Flow(PartFlow),
    /// They are told line by line.
    Lines(mpsc::Receiver<Bytes>),
}

impl Body for Sent {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Self::Ready(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Flow(flow) => flow
                .poll_recv(context)
                .map(|piece| piece.map(|piece| piece.map(Frame::data).map_err(BodyError::from))),
            Self::Lines(lines) => {
                lines.poll_recv(context).map(|line| line.map(|line| Ok(Frame::data(line))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Ready(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Ready(bytes) => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Self::Flow(_) | Self::Lines(_) => SizeHint::default(),
        }
    }
}
