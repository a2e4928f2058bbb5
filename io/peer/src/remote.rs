//! What other nodes make, as a client of their ports.
//!
//! A peer is a node of ours and may still be broken, overloaded or of another version: whatever it
//! sends meets a limit, and whatever it does not send a deadline.

mod ask;
mod flights;
mod follow;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::Uri;
use parts::{OpenWatch, PartError, PartFlow, PartSource};
use store::{Elsewhere, StoreError};
use thiserror::Error;
use timeline::{MediaKey, ObjectKey, StreamName};

use self::ask::Asker;
use self::flights::Flights;
use self::follow::Followed;
use crate::lines::LineTooLong;
use crate::{ClusterSecret, HOLD_MAX};

/// Follows and reads what other nodes make. Whoever follows a stream shares one connection to its
/// owner, and whoever reads an object at one time shares one request.
#[derive(Debug)]
pub struct Remote {
    followed: Followed,
    flights: Flights,
}

/// What a peer may make us hold, and how long it may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RemoteLimits {
    /// Longest time for a connection: nodes are near each other.
    pub connect_time_max: Duration,
    /// Longest time until an answer begins. A part that has not begun is held for
    /// [`HOLD_MAX`], so it is more than that.
    pub head_time_max: Duration,
    /// Longest silence in an answer. An encoder that sends nothing for so long has gone.
    pub silence_max: Duration,
    /// Longest time for a whole object: the largest one at 30 Mbit/s.
    pub object_time_max: Duration,
    /// Longest time between two lines of who is followed, which come every
    /// [`crate::KEEP_ALIVE`] at least. After it a stream has no open segment.
    pub line_time_max: Duration,
    /// Longest line. 100 parts of 40 renditions are described in 50 KiB.
    pub line_bytes_max: usize,
    /// Largest part: a second of 200 Mbit/s.
    pub part_bytes_max: usize,
    /// Largest segment or initialisation section: ten seconds of 200 Mbit/s.
    pub object_bytes_max: usize,
    /// Pieces that a part comes in. Each costs some bytes more than are in it; an honest node
    /// sends one for a frame or a stretch of frames.
    pub pieces_max: usize,
    /// Objects that are read at one time. Each is a connection.
    pub flights_max: usize,
    /// Streams that are followed at one time. Each is a connection.
    pub followed_max: usize,
    /// Bytes of parts and segments that are kept for viewers who ask a little later.
    pub memory_bytes_max: usize,
    /// The first pause after a stream could not be followed; the next are twice as long each.
    pub pause_min: Duration,
    /// The longest pause. A connection that lasted longer was a good one.
    pub pause_max: Duration,
}

impl Default for RemoteLimits {
    fn default() -> Self {
        const MIB: usize = 1_024 * 1_024;
        Self {
            connect_time_max: Duration::from_secs(2),
            head_time_max: HOLD_MAX.saturating_add(Duration::from_secs(5)),
            silence_max: Duration::from_secs(10),
            object_time_max: Duration::from_secs(67),
            line_time_max: Duration::from_secs(5),
            line_bytes_max: MIB / 4,
            part_bytes_max: 25 * MIB,
            object_bytes_max: 240 * MIB,
            pieces_max: 4_096,
            flights_max: 1_024,
            followed_max: 8_192,
            memory_bytes_max: 64 * MIB,
            pause_min: Duration::from_millis(100),
            pause_max: Duration::from_secs(5),
        }
    }
}

/// Why a peer's answer is of no use.
#[derive(Debug, Error)]
pub(crate) enum Trouble {
    /// It cannot be asked.
    #[error("`{0}` is no URL of a node, as http://10.0.0.5:9190")]
    Url(String),
    /// It could not be reached, or broke off.
    #[error("{0}")]
    Broken(String),
    /// It did not answer.
    #[error("nothing came for {} ms", .0.as_millis())]
    Silent(Duration),
    /// It took too long.
    #[error("it was not whole after {} ms", .0.as_millis())]
    Slow(Duration),
    /// It knows no such thing.
    #[error("there is no such object")]
    NotFound,
    /// What it made was given up.
    #[error("its making was given up")]
    GivenUp,
    /// It answered something else.
    #[error("the answer was {0}")]
    Status(http::StatusCode),
    /// Its end could not be told from a broken connection.
    #[error("the answer does not say where it ends")]
    Endless,
    /// It is too large.
    #[error("the answer has more than {limit} bytes")]
    TooLong {
        /// Bytes that are allowed.
        limit: usize,
    },
    /// It comes in crumbs.
    #[error("the answer comes in more than {limit} pieces")]
    TooManyPieces {
        /// Pieces that are allowed.
        limit: usize,
    },
    /// A line is too long.
    #[error(transparent)]
    LineTooLong(#[from] LineTooLong),
    /// A line is no open segment.
    #[error("a line tells of no segment: {0}")]
    Line(#[from] serde_json::Error),
    /// It hung up.
    #[error("it has hung up")]
    Ended,
    /// This node does too much.
    #[error("{limit} connections to other nodes are taken")]
    Busy {
        /// Connections that are allowed.
        limit: usize,
    },
}

impl Remote {
    /// A client that shows `secret` to every node.
    #[must_use]
    pub fn new(secret: Option<ClusterSecret>, limits: RemoteLimits) -> Self {
        let asker = Arc::new(Asker::new(secret, limits));
        Self { followed: Followed::new(Arc::clone(&asker)), flights: Flights::new(asker) }
    }

    /// How many streams of other nodes are followed now.
    #[must_use]
    pub fn followed(&self) -> usize {
        self.followed.len()
    }
}

#[async_trait]
impl PartSource for Remote {
    async fn follow(
        &self,
        stream: &StreamName,
        origin_url: Option<&str>,
    ) -> Result<OpenWatch, PartError> {
        let node = node(origin_url.unwrap_or_default()).map_err(unavailable)?;
        self.followed.watch(node, stream).map_err(unavailable)
    }

    async fn read(&self, key: &MediaKey, origin_url: Option<&str>) -> Result<PartFlow, PartError> {
        let node = node(origin_url.unwrap_or_default()).map_err(unavailable)?;
        self.flights.read(node, key).map_err(unavailable)?.flow().await
    }
}

#[async_trait]
impl Elsewhere for Remote {
    async fn get(&self, key: &ObjectKey, origin_url: &str) -> Result<Bytes, StoreError> {
        let not_found = || StoreError::NotFound { path: key.path() };
        let failed = |source| StoreError::Unavailable {
            operation: "ask another node for",
            path: key.path(),
            source,
        };
        let ObjectKey::Media(media) = key else { return Err(not_found()) };
        let node = node(origin_url).map_err(|trouble| failed(trouble.into()))?;
        let reading = self.flights.read(node, media).map_err(|trouble| failed(trouble.into()))?;
        reading.whole().await.map_err(|error| match error {
            PartError::NotFound(_) => not_found(),
            PartError::Unavailable(source) => failed(source),
            error @ PartError::GivenUp(_) => failed(error.into()),
        })
    }
}

fn unavailable(trouble: Trouble) -> PartError {
    PartError::Unavailable(trouble.into())
}

/// The URL of a node, as requests begin with it.
fn node(url: &str) -> Result<Arc<str>, Trouble> {
    let trimmed = url.trim_end_matches('/');
    let is_node = trimmed.parse().is_ok_and(|uri: Uri| {
        let plain = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let user = uri.authority().is_some_and(|host| host.as_str().contains('@'));
        uri.scheme_str() == Some("http") && plain && !user
    });
    if is_node { Ok(trimmed.into()) } else { Err(Trouble::Url(url.chars().take(100).collect())) }
}

/// An error with its causes: the outer ones say little.
fn broken(error: &dyn Error) -> Trouble {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    Trouble::Broken(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_a_plain_url() {
        let check = |url: &str, expected: Option<&str>| {
            assert_eq!(node(url).ok().as_deref(), expected, "{url}");
        };
        check("http://10.0.0.5:9190", Some("http://10.0.0.5:9190"));
        check("http://10.0.0.5:9190/", Some("http://10.0.0.5:9190"));
        check("http://[::1]:9190", Some("http://[::1]:9190"));
        check("http://ingest-1.internal", Some("http://ingest-1.internal"));
        for other in ["", "/", "10.0.0.5:9190", "https://a", "http://", "http://a/b", "ftp://a"] {
            check(other, None);
        }
        check("http://me:secret@a", None);
        check("http://a?b", None);
        let long = node(&"x".repeat(10_000)).unwrap_err().to_string();
        assert!(long.len() < 200, "{long}");
    }
}
