//! Timed ID3 tags: "Timed Metadata for HTTP Live Streaming" (Apple), 2.

use bytes::{Bytes, BytesMut};
use media::Timestamp;

use super::output::PRIVATE_STREAM_1;
use super::sink::Writer;
use super::{MuxError, Muxer, ticks};
use crate::ts::packet::Pid;
use crate::ts::pes::{DATA_BYTES_MAX, Header};
use crate::ts::psi::{self, Stream, StreamType};

/// Carries the tags; behind the PIDs of all tracks.
const ID3_PID: Pid = Pid::from_bits(0x300);

/// Longest tag, in bytes: a PES packet that is not video has to say its length.
pub const ID3_BYTES_MAX: usize = DATA_BYTES_MAX;

/// Tags that may wait for the first unit of a segment. They come from people and from cue points,
/// a few in a minute.
pub const ID3_WAITING_MAX: usize = 16;

/// The tags of a program.
#[derive(Debug, Default)]
pub(super) struct Id3 {
    /// Those that no clock reference was before, with their times.
    waiting: Vec<(i64, Bytes)>,
}

impl Id3 {
    /// The stream's line in the program map.
    pub(super) fn stream() -> Stream {
        let descriptors = Bytes::from_static(&psi::ID3);
        Stream { kind: StreamType::METADATA, pid: ID3_PID, descriptors }
    }

    /// Writes the tags that wait.
    pub(super) fn flush(&mut self, writer: &mut Writer<'_>) {
        for (pts, tag) in self.waiting.drain(..) {
            write(pts, &tag, writer);
        }
    }
}

impl Muxer {
    /// Announces a stream of ID3 tags in the program map, which [`Self::write_id3`] writes to.
    #[must_use]
    pub fn with_timed_id3(mut self) -> Self {
        self.id3 = Some(Id3::default());
        self.program.descriptors = Bytes::from_static(&psi::ID3_POINTER);
        self.program.streams.push(Id3::stream());
        self
    }

    /// Writes a whole ID3 tag that belongs to the time `pts`, to the segment that has begun. One
    /// that comes before the segment's first unit is written behind it.
    ///
    /// # Errors
    ///
    /// When the tag cannot be written. Nothing of it was.
    pub fn write_id3(
        &mut self,
        pts: Timestamp,
        tag: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), MuxError> {
        let id3 = self.id3.as_mut().ok_or(MuxError::NoId3Stream)?;
        let (length, limit) = (tag.len(), ID3_BYTES_MAX);
        if !tag.starts_with(b"ID3") {
            return Err(MuxError::NotId3);
        }
        if length > limit {
            return Err(MuxError::Id3TooLong { length, limit });
        }
        let pts = ticks(pts)?;
        if !self.sink.clock.is_due() {
            let mut writer = Writer { sink: &mut self.sink, pcr_pid: self.program.pcr_pid, out };
            write(pts, tag, &mut writer);
            return Ok(());
        }
        if id3.waiting.len() >= ID3_WAITING_MAX {
            return Err(MuxError::Id3Waiting { limit: ID3_WAITING_MAX });
        }
        id3.waiting.push((pts, Bytes::copy_from_slice(tag)));
        Ok(())
    }
}

/// The time of a tag is not that of the stream: it does not move the clock.
fn write(pts: i64, tag: &[u8], writer: &mut Writer<'_>) {
    let header = Header::new(PRIVATE_STREAM_1, tag.len(), pts, pts);
    writer.start_untimed_pes(ID3_PID, &header, tag.len()).write(tag);
}
