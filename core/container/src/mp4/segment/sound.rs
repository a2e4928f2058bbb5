//! Sound: frames out of PES packets, each a sample.

use bytes::{Buf, BytesMut};
use media::aac::{ADTS_HEADER_BYTES, AdtsHeader};
use media::ac3::{self, Ac3ConfigError};
use media::mp3::{self, Mp3ConfigError};
use media::{Codec, CodecConfig, Timescale};

use super::transport::{Output, Times};
use super::{Sample, rescale};

/// The sound of one stream of one segment.
pub(super) struct Sound {
    codec: Codec,
    /// What its first frame says, and the samples a second.
    config: Option<(CodecConfig, Timescale)>,
    /// The start of a frame that goes on in the next PES packet.
    rest: BytesMut,
    /// The time of the packet that it begins, if no frame before it had it.
    rest_pts: Option<i64>,
    /// Where the newest sample ends.
    end: Option<i64>,
}

/// A frame at the start of some bytes.
struct Frame {
    /// Bytes of the header that MP4 has no use for.
    header: usize,
    /// Bytes of the frame with its header.
    bytes: usize,
    /// Samples of sound; none if it belongs to the frame before.
    samples: u32,
}

/// What is at the start of some bytes.
enum Start {
    Frame(Frame),
    /// A frame of which the end is missing.
    Cut,
    /// Something else.
    Other,
}

/// Of each second: how far a time may be from where the frame before ended and still mean that
/// place. PES packets count in 90 kHz and many publishers in milliseconds.
const SLACK: u32 = 1_000;

impl Sound {
    pub(super) fn new(codec: Codec) -> Self {
        Self { codec, config: None, rest: BytesMut::new(), rest_pts: None, end: None }
    }

    /// What the sample entry says, for these samples.
    pub(super) fn into_config(self, output: &Output) -> Option<CodecConfig> {
        let (config, _) = self.config?;
        // A unit of E-AC-3 may have more channels than its first frame.
        let bytes = output.samples.first().and_then(|first| usize::try_from(first.bytes).ok());
        let unit = bytes.and_then(|bytes| output.bytes.get(..bytes));
        let whole = unit.and_then(|unit| CodecConfig::of_unit(self.codec, unit)?.ok());
        Some(whole.unwrap_or(config))
    }

    /// Takes a PES packet. Its time is that of the first frame that begins in it.
    pub(super) fn add(&mut self, times: Option<Times>, data: &[u8], output: &mut Output) {
        let mut carried = self.rest.len();
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.extend_from_slice(data);
        let mut pts = times.map(|times| times.pts);
        let mut carried_pts = self.rest_pts.take();
        while !bytes.is_empty() {
            match start(self.codec, &bytes) {
                Start::Frame(frame) => {
                    let is_carried = carried > 0;
                    carried = carried.saturating_sub(frame.bytes);
                    let unit = bytes.split_to(frame.bytes.min(bytes.len()));
                    let pts = if is_carried { carried_pts.take() } else { pts.take() };
                    self.add_frame(&frame, &unit, pts, output);
                }
                Start::Cut => break,
                Start::Other => {
                    bytes.advance(1);
                    carried = carried.saturating_sub(1);
                }
            }
        }
        self.rest = bytes;
        self.rest_pts = if carried > 0 { carried_pts } else { pts };
    }

    fn add_frame(&mut self, frame: &Frame, unit: &[u8], pts: Option<i64>, output: &mut Output) {
        if self.config.is_none() {
            self.config = config(self.codec, unit);
        }
        let Some((_, timescale)) = &self.config else { return };
        let Some(payload) = unit.get(frame.header..) else { return };
        let bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        if frame.samples == 0 {
            // It goes with the frame before, if that is there.
            if let Some(last) = output.samples.last_mut() {
                last.bytes = last.bytes.saturating_add(bytes);
                output.bytes.extend_from_slice(payload);
            }
            return;
        }
        let said = pts.and_then(|pts| rescale(pts, Timescale::MPEG, *timescale));
        let slack = u64::from(timescale.hz() / SLACK);
        let time = match (said, self.end) {
            (Some(said), Some(end)) if said.abs_diff(end) <= slack => end,
            (Some(said), _) => said,
            (None, Some(end)) => end,
            // Before the first time: when it is heard is not known.
            (None, None) => return,
        };
        self.end = Some(time.saturating_add(i64::from(frame.samples)));
        output.bytes.extend_from_slice(payload);
        let duration = frame.samples;
        output.samples.push(Sample { dts: time, pts: time, duration, bytes, is_sync: true });
    }
}

fn start(codec: Codec, bytes: &[u8]) -> Start {
    if codec == Codec::Aac {
        if bytes.len() < ADTS_HEADER_BYTES {
            return Start::Cut;
        }
        let Some(header) = AdtsHeader::read(bytes) else { return Start::Other };
        if header.bytes > bytes.len() {
            return Start::Cut;
        }
        let has_checksum = bytes.get(1).is_some_and(|flags| flags & 1 == 0);
        let length = ADTS_HEADER_BYTES + if has_checksum { 2 } else { 0 };
        return Start::Frame(Frame {
            header: length,
            bytes: header.bytes,
            samples: header.samples,
        });
    }
    if codec == Codec::Mp3 {
        return match mp3::frame(bytes) {
            Ok((config, length)) => {
                let samples = config.samples_per_frame();
                Start::Frame(Frame { header: 0, bytes: length, samples })
            }
            Err(Mp3ConfigError::Truncated { .. }) => Start::Cut,
            Err(_) => Start::Other,
        };
    }
    match ac3::frame(bytes) {
        Ok((length, samples)) => Start::Frame(Frame { header: 0, bytes: length, samples }),
        Err(Ac3ConfigError::Truncated { .. }) => Start::Cut,
        Err(_) => Start::Other,
    }
}

/// What a frame says of all of them.
fn config(codec: Codec, unit: &[u8]) -> Option<(CodecConfig, Timescale)> {
    let config = if codec == Codec::Aac {
        CodecConfig::Aac(AdtsHeader::read(unit)?.format.config()?)
    } else {
        CodecConfig::of_unit(codec, unit)?.ok()?
    };
    let timescale = Timescale::new(config.audio()?.sample_rate)?;
    Some((config, timescale))
}
