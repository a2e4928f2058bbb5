//! What a peer may make one session hold, and how long it may take.

use std::time::Duration;

/// The limits of a [`ServerSession`](crate::ServerSession). Each has its reason beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages and partial messages of a peer that has not proved anything yet. A `connect`
    /// command is under 2 KiB; the room above it is for a long token.
    pub before_publish: ChunkLimits,
    /// The same once a publish was accepted. A 4K key frame at 80 Mbit/s is under 2 MiB, and the
    /// wire cannot announce more than 16 MiB.
    pub after_publish: ChunkLimits,
    /// Message streams open at one time. An encoder uses one; one that sends several renditions as
    /// several streams uses as many.
    pub message_streams_max: usize,
    /// Length of `app`, of `tcUrl` and of a stream name, in bytes each. A signed token in the query
    /// of a name is the longest thing seen there, at 1 to 2 KiB.
    pub name_bytes_max: usize,
    /// Answers that wait to be taken. A peer that asks for more than this without reading is not
    /// an encoder.
    pub output_bytes_max: usize,
    /// From the start of the connection to the end of the handshake, however the bytes trickle.
    pub handshake_timeout: Duration,
    /// From the start of the connection to the first `publish`, however the bytes trickle.
    pub publish_timeout: Duration,
    /// Longest silence of a publisher: no whole message within this time. Also the time a publisher
    /// has to publish again after it unpublished.
    pub idle_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            before_publish: ChunkLimits::BEFORE_PUBLISH,
            after_publish: ChunkLimits::AFTER_PUBLISH,
            message_streams_max: 8,
            name_bytes_max: 4 * KIB,
            output_bytes_max: 64 * KIB,
            handshake_timeout: Duration::from_secs(5),
            publish_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
        }
    }
}

/// The limits of a [`ChunkReader`](crate::chunk::ChunkReader), changeable while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkLimits {
    /// Largest message, in bytes.
    pub message_bytes_max: usize,
    /// Chunk streams a peer may open; encoders use three to six.
    pub chunk_streams_max: usize,
    /// Memory for unfinished messages over all chunk streams. Without it each chunk stream could
    /// hold one message of the largest size.
    pub buffered_bytes_max: usize,
}

impl ChunkLimits {
    /// For a peer that has not been let in: 64 KiB for a message, 256 KiB in all.
    pub const BEFORE_PUBLISH: Self =
        Self { message_bytes_max: 64 * KIB, chunk_streams_max: 64, buffered_bytes_max: 256 * KIB };

    /// For a publisher: the largest message the wire can announce, and two of them in all (a key
    /// frame on one chunk stream while something else is on another).
    pub const AFTER_PUBLISH: Self = Self {
        message_bytes_max: 16 * KIB * KIB,
        chunk_streams_max: 64,
        buffered_bytes_max: 32 * KIB * KIB,
    };
}

const KIB: usize = 1024;
