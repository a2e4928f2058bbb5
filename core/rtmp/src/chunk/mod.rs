//! Chunks (RTMP 1.0 §5.3): messages cut into pieces, so that a small one need not wait for a large
//! one.

mod header;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

use thiserror::Error;

pub use reader::ChunkReader;
pub use writer::{ChunkWriter, Outgoing};

/// Why chunks cannot be read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ChunkError {
    /// A message longer than the limit was announced.
    #[error(
        "message of {length} bytes on chunk stream {chunk_stream} is over the limit of {limit}"
    )]
    MessageTooLong {
        /// The chunk stream.
        chunk_stream: u32,
        /// The announced length.
        length: usize,
        /// [`ChunkLimits::message_bytes_max`](crate::ChunkLimits::message_bytes_max).
        limit: usize,
    },
    /// One more chunk stream than the limit was opened.
    #[error("chunk stream {chunk_stream} is one more than the limit of {limit}")]
    TooManyChunkStreams {
        /// The chunk stream.
        chunk_stream: u32,
        /// [`ChunkLimits::chunk_streams_max`](crate::ChunkLimits::chunk_streams_max).
        limit: usize,
    },
    /// Unfinished messages on all chunk streams together reached the limit.
    #[error("unfinished messages need {needed} bytes, over the limit of {limit}")]
    TooMuchBuffered {
        /// What they would hold with the next bytes.
        needed: usize,
        /// [`ChunkLimits::buffered_bytes_max`](crate::ChunkLimits::buffered_bytes_max).
        limit: usize,
    },
    /// A chunk whose header leaves out what no earlier chunk has said.
    #[error("chunk of type {chunk_type} is the first on chunk stream {chunk_stream}")]
    NoEarlierHeader {
        /// The chunk stream.
        chunk_stream: u32,
        /// 2 or 3.
        chunk_type: u8,
    },
    /// A chunk size of zero or with its highest bit set, or a message too short to hold one.
    #[error("chunk size {size} is not between 1 and 2^31 - 1")]
    ChunkSize {
        /// What was asked for; 0 if the message was too short.
        size: u32,
    },
}

/// The chunk size both sides begin with (§5.4.1).
pub const CHUNK_BYTES_FIRST: usize = 128;

/// The largest chunk size with a meaning: no message is longer. Larger ones are taken as this.
pub const CHUNK_BYTES_MAX: usize = 0x00ff_ffff;

/// A 24-bit time of this value says that 32 bits follow.
const EXTENDED: u32 = 0x00ff_ffff;
