//! One request to a node.

use std::fmt;

use bytes::{Bytes, BytesMut};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use parts::Making;
use timeline::{MediaKey, ObjectName};
use tokio::time::timeout;

use super::{RemoteLimits, Trouble, broken};
use crate::{ClusterSecret, OBJECTS, framing};

/// Asks nodes. Connections are kept for the next request.
pub(super) struct Asker {
    client: Client<HttpConnector, Empty<Bytes>>,
    secret: Option<ClusterSecret>,
    pub(super) limits: RemoteLimits,
}

/// Idle connections to one node: parts of some streams at a time.
const IDLE_MAX: usize = 32;
/// How long they are kept. Nodes keep them for 75 s, and who dials must be the one who hangs up.
const IDLE_TIME_MAX: std::time::Duration = std::time::Duration::from_secs(30);
/// Largest head of an answer, which is also how much is read at once.
const HEAD_BYTES_MAX: usize = 64 * 1_024;

impl Asker {
    pub(super) fn new(secret: Option<ClusterSecret>, limits: RemoteLimits) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(limits.connect_time_max));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(IDLE_MAX)
            .pool_idle_timeout(IDLE_TIME_MAX)
            .pool_timer(TokioTimer::new())
            .http1_max_buf_size(HEAD_BYTES_MAX)
            .build(connector);
        Self { client, secret, limits }
    }

    /// The head of the answer to `path` at `node`.
    pub(super) async fn ask(&self, node: &str, path: &str) -> Result<Response<Incoming>, Trouble> {
        let url = format!("{node}{path}");
        let request = Request::get(&url).body(Empty::new());
        let mut request = request.map_err(|_| Trouble::Url(url))?;
        if let Some(secret) = &self.secret {
            secret.show(request.headers_mut());
        }
        let within = self.limits.head_time_max;
        let answer = timeout(within, self.client.request(request)).await;
        let response = answer.map_err(|_| Trouble::Silent(within))?.map_err(|e| broken(&e))?;
        match response.status() {
            StatusCode::OK => Ok(response),
            StatusCode::NOT_FOUND => Err(Trouble::NotFound),
            StatusCode::GONE => Err(Trouble::GivenUp),
            other => Err(Trouble::Status(other)),
        }
    }

    /// Reads an object whole. The bytes of a part go to `making` as they come.
    pub(super) async fn object(
        &self,
        node: &str,
        key: &MediaKey,
        making: &Making,
    ) -> Result<Bytes, Trouble> {
        let within = self.limits.object_time_max;
        let read = timeout(within, self.read(node, key, making)).await;
        read.map_err(|_| Trouble::Slow(within))?
    }

    async fn read(&self, node: &str, key: &MediaKey, making: &Making) -> Result<Bytes, Trouble> {
        let response = self.ask(node, &format!("{OBJECTS}{key}")).await?;
        let RemoteLimits { part_bytes_max, object_bytes_max, pieces_max, .. } = self.limits;
        let (is_part, limit) = match key.object {
            ObjectName::Part { .. } => (true, part_bytes_max),
            ObjectName::Segment { .. } | ObjectName::Init { .. } => (false, object_bytes_max),
        };
        let told = framing::length(&response)?.map_or(0, |length| length);
        let told = usize::try_from(told).unwrap_or(usize::MAX);
        if told > limit {
            return Err(Trouble::TooLong { limit });
        }
        let mut body = response.into_body();
        let mut all = BytesMut::new();
        let mut pieces = 0_usize;
        while let Some(data) = self.piece(&mut body).await? {
            if data.len() > limit.saturating_sub(all.len()) {
                return Err(Trouble::TooLong { limit });
            }
            all.extend_from_slice(&data);
            pieces = pieces.saturating_add(1);
            if is_part && pieces > pieces_max {
                return Err(Trouble::TooManyPieces { limit: pieces_max });
            }
            if is_part {
                making.grow(data);
            }
        }
        Ok(all.freeze())
    }

    /// The next bytes of an answer; `None` at its end.
    async fn piece(&self, body: &mut Incoming) -> Result<Option<Bytes>, Trouble> {
        let within = self.limits.silence_max;
        loop {
            let frame = timeout(within, body.frame()).await.map_err(|_| Trouble::Silent(within))?;
            let Some(frame) = frame else { return Ok(None) };
            if let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() {
                return Ok(Some(data));
            }
        }
    }
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asker").field("limits", &self.limits).finish_non_exhaustive()
    }
}
