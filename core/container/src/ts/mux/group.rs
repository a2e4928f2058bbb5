//! Audio frames that share a PES packet.

use std::time::Duration;

use media::aac::{ADTS_HEADER_BYTES, AacConfig};

use super::sink::Writer;
use crate::ts::packet::Pid;
use crate::ts::pes::{DATA_BYTES_MAX, Header};

/// How much audio shares a PES packet unless told otherwise. A packet with one frame of 128 kbit/s
/// is two thirds full; with 100 ms the loss is under a tenth.
pub const AUDIO_GROUP: Duration = Duration::from_millis(100);

/// How far a frame may be from where the frames before it end and still share their packet, in
/// 90 kHz ticks: 1 ms, by which times that were counted in milliseconds are wrong.
const SLACK_TICKS: u64 = 90;

/// Frames with ADTS headers that wait for their PES packet.
#[derive(Debug, Default)]
pub(super) struct Group {
    bytes: Vec<u8>,
    frames: i64,
    first_pts: i64,
}

impl Group {
    /// Whether a frame of `payload_bytes` at `pts` can share the packet: it follows the frames
    /// before it, and the packet's length can still be told.
    pub(super) fn takes(&self, config: &AacConfig, pts: i64, payload_bytes: usize) -> bool {
        self.frames == 0
            || (self.end(config, self.frames).abs_diff(pts) <= SLACK_TICKS
                && self.bytes.len() + ADTS_HEADER_BYTES + payload_bytes <= DATA_BYTES_MAX)
    }

    pub(super) fn add(&mut self, header: [u8; ADTS_HEADER_BYTES], payload: &[u8], pts: i64) {
        if self.frames == 0 {
            self.first_pts = pts;
        }
        self.frames += 1;
        self.bytes.extend_from_slice(&header);
        self.bytes.extend_from_slice(payload);
    }

    /// Whether one more frame would make the packet longer than `ticks_max`.
    pub(super) fn is_full(&self, config: &AacConfig, ticks_max: i64) -> bool {
        self.end(config, self.frames + 1).saturating_sub(self.first_pts) > ticks_max
    }

    /// When the first frame is heard; later than everything if there is none.
    pub(super) const fn first_pts(&self) -> i64 {
        if self.frames > 0 { self.first_pts } else { i64::MAX }
    }

    /// Writes the packet, if there are frames for one, and keeps the memory.
    pub(super) fn flush(&mut self, pid: Pid, stream_id: u8, writer: &mut Writer<'_>) {
        if self.frames > 0 {
            let pts = self.first_pts;
            let header = Header::new(stream_id, self.bytes.len(), pts, pts);
            writer.start_pes(pid, &header, self.bytes.len(), pts, true).write(&self.bytes);
            self.bytes.clear();
            self.frames = 0;
        }
    }

    /// Where `frames` frames from the first on end.
    fn end(&self, config: &AacConfig, frames: i64) -> i64 {
        let samples = frames.saturating_mul(i64::from(config.samples_per_frame()));
        let ticks = samples.saturating_mul(90_000) / i64::from(config.sample_rate());
        self.first_pts.saturating_add(ticks)
    }
}
