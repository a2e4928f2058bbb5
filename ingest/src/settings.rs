//! What an ingest node is told.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use authz::BoxError;
use rtmp::Limits;
use segmenter::{LowLatency, Packaging};
use timeline::StreamName;

/// Settings of the role.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The node's name in journals and logs.
    pub node: String,
    /// Where other nodes read what this one is making, when they can.
    pub origin_url: Option<String>,
    /// What a peer may make a session hold, and how long it may take.
    pub limits: Limits,
    /// How long a peer that does not read its answers is waited for.
    pub write_timeout: Duration,
    /// Streams that can be live on this node at one time.
    pub publishers_max: usize,
    /// What happens when a name is taken.
    pub name_taken: NameTaken,
    /// What a stream gets of which nothing else can be found out, when a node starts.
    pub stream: StreamSettings,
}

/// What happens to a publisher whose stream is live already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameTaken {
    /// It takes the stream over at once: the connection before it may be half-open.
    Takeover,
    /// It is refused while the connection before it is there.
    Reject,
}

/// What a stream gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamSettings {
    /// Segments end at the first key frame at or after this.
    pub segment_duration: Duration,
    /// The containers that it is offered in.
    pub packaging: Packaging,
    /// Whether its segments may have ID3 tags in them.
    pub timed_id3: bool,
    /// Whether viewers are told of parts of a segment before it is whole.
    pub low_latency: LowLatency,
    /// How long those parts are at most.
    pub part_duration: Duration,
    /// How long a stream whose connection broke waits for its publisher.
    pub reconnect_window: Duration,
    /// How long a stream that its publisher ended waits for it to begin again.
    pub finish_window: Duration,
    /// How much of a live stream's newest media is kept in memory for viewers.
    pub memory_window: Duration,
}

/// Says what each stream gets. [`StreamSettings`] is a source itself, which says the same of all.
#[async_trait]
pub trait SettingsSource: Debug + Send + Sync + 'static {
    /// What `stream` gets from now on: it is asked whenever somebody begins to publish it.
    ///
    /// # Errors
    ///
    /// When that is not known for now: the publisher is told to come back.
    async fn settings(&self, stream: &StreamName) -> Result<StreamSettings, BoxError>;
}

#[async_trait]
impl SettingsSource for StreamSettings {
    async fn settings(&self, _: &StreamName) -> Result<Self, BoxError> {
        Ok(*self)
    }
}
