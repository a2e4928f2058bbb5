//! What is kept of a segment: where its samples are, how long they are and when.

mod picture;
mod sound;
#[cfg(test)]
mod tests;
mod transport;

use bytes::{BufMut, Bytes, BytesMut};
use media::{CodecConfig, Rounding, Timescale, Timestamp, Track, TrackId, TrackKind};
use thiserror::Error;

pub(super) use self::transport::{Stream, demux};
use crate::fmp4::boxes::write_box;
use crate::fmp4::{self, Fault, FourCc, Outline, ReadError, Reader, SampleEntry, TrackInfo};
use crate::ts::{DemuxError, wrap33};

/// The samples of one segment of one rendition, without their bytes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Segment {
    pub(super) tracks: Vec<TrackTable>,
    pub(super) format: Format,
}

/// Where a segment begins and ends on a timeline, in 90 kHz ticks of presentation time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// Where it begins.
    pub start: i64,
    /// Where it ends.
    pub end: i64,
}

/// Why a segment cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum SegmentError {
    /// It is no fragmented MP4.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is no transport stream.
    #[error(transparent)]
    Demux(#[from] DemuxError),
    /// Something of it must not be.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The samples of a track are encrypted.
    #[error("track {0} is encrypted")]
    Encrypted(u32),
    /// It is longer than 32 bits can count.
    #[error("a sample at byte {at}, beyond {limit}")]
    TooLong {
        /// Where the sample is.
        at: usize,
        /// Where one may be.
        limit: usize,
    },
    /// What it says of how samples are coded is too long.
    #[error("a sample entry of {length} bytes, more than {limit}")]
    Entry {
        /// Its bytes.
        length: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A time is beyond all times.
    #[error("a time of track {0} that cannot be counted")]
    Time(u32),
}

/// What the segment is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Format {
    /// Fragmented MP4, whose times are those of the timeline.
    #[default]
    Fragments,
    /// A transport stream, whose times are counted from this one: 33 bits at 90 kHz.
    Transport(u64),
}

/// The samples of one track in a segment, in their decoding order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct TrackTable {
    pub(super) kind: TrackKind,
    pub(super) timescale: Timescale,
    /// How they are coded; `None` if the segment does not say, and it goes on from before.
    pub(super) description: Option<Description>,
    pub(super) samples: Vec<Sample>,
    /// Where they are in a segment of fragments.
    pub(super) runs: Vec<Run>,
}

/// How samples are coded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Description {
    /// The whole sample entry.
    pub(super) entry: Bytes,
    /// Width and height on a screen of square pixels, in 16.16; 0 for sound.
    pub(super) shown_size: [u32; 2],
    /// The parameter sets in the entry as samples of H.264 and H.265 would have them; otherwise
    /// nothing.
    pub(super) sets: Bytes,
}

/// A sample. Times are in ticks of the track.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sample {
    pub(super) dts: i64,
    pub(super) pts: i64,
    pub(super) duration: u32,
    pub(super) bytes: u32,
    pub(super) is_sync: bool,
}

/// Bytes of a segment that are samples one behind the other. Where it is [`SETS`], those of the
/// parameter sets of the sample entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Run {
    pub(super) at: u32,
    pub(super) bytes: u32,
}

/// Bytes of a sample entry: some hundred where parameter sets are in it.
pub const ENTRY_BYTES_MAX: usize = 1 << 16;

/// Where no sample begins: segments are shorter.
pub(super) const SETS: u32 = u32::MAX;

/// `dref` has one entry.
const DATA_REFERENCE: u16 = 1;

impl Segment {
    /// The samples of a segment of fragmented MP4 with the initialization section that `reader`
    /// opened. Tracks that are neither pictures nor sound are left out.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or its samples are not where they should be.
    pub fn fragments(reader: &Reader, outline: &Outline) -> Result<Self, SegmentError> {
        let read = reader.read_outline(outline)?;
        let is_wrong =
            |fault: &&Fault| matches!(fault, Fault::OutsideData(_) | Fault::NoDecodeTime(_));
        if let Some(fault) = read.faults.iter().find(is_wrong) {
            return Err((*fault).into());
        }
        let mut tracks = Vec::new();
        for info in reader.tracks() {
            let kind = match &info.handler.0 {
                b"vide" => TrackKind::Video,
                b"soun" => TrackKind::Audio,
                _ => continue,
            };
            let samples = read.fragments.iter().flat_map(|fragment| &fragment.samples);
            let samples = samples.filter(|sample| sample.track == info.id);
            tracks.push(TrackTable::of_fragments(kind, info, samples)?);
        }
        Ok(Self { tracks, format: Format::Fragments })
    }

    /// The samples of a segment that is a transport stream. Streams that are neither pictures nor
    /// sound, or of codecs that are not for transport streams, are left out.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn transport(bytes: &[u8]) -> Result<Self, SegmentError> {
        let (first, streams) = demux(bytes)?;
        let tracks = streams.into_iter().map(Stream::into_table).collect();
        Ok(Self { tracks, format: Format::Transport(first) })
    }

    /// From where to where it lasts by its own times: those of its pictures if there are any. Who
    /// knows it from a playlist or a record should not ask: what others had in mind is lost here.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        let has_samples = |track: &&TrackTable| !track.samples.is_empty();
        let tracks = || self.tracks.iter().filter(has_samples);
        let is_video = |track: &&TrackTable| track.kind == TrackKind::Video;
        let track = tracks().find(is_video).or_else(|| tracks().next())?;
        let start = track.samples.iter().map(|sample| sample.pts).min()?;
        let ends = track.samples.iter();
        let end = ends.map(|it| it.pts.saturating_add(i64::from(it.duration))).max()?;
        let first = match self.format {
            Format::Fragments => 0,
            Format::Transport(first) => i64::try_from(first).ok()?,
        };
        let ticks = |time| rescale(time, track.timescale, Timescale::MPEG)?.checked_add(first);
        Some(Span { start: ticks(start)?, end: ticks(end)? })
    }

    /// What has to be added to its times, in 90 kHz ticks, so that they count from `start`.
    pub(super) fn shift(&self, start: i64) -> Option<i64> {
        match self.format {
            Format::Fragments => start.checked_neg(),
            Format::Transport(first) => Some(since33(first, wrap33(start))),
        }
    }
}

impl TrackTable {
    fn of_fragments<'a>(
        kind: TrackKind,
        info: &TrackInfo,
        samples: impl Iterator<Item = &'a fmp4::Sample>,
    ) -> Result<Self, SegmentError> {
        if info.entry.is_encrypted() {
            return Err(SegmentError::Encrypted(info.id));
        }
        let beyond = SegmentError::Time(info.id);
        let timescale = Timescale::new(info.timescale).ok_or(beyond)?;
        let description = Description::of(info);
        let (length, limit) = (description.entry.len(), ENTRY_BYTES_MAX);
        if length > limit {
            return Err(SegmentError::Entry { length, limit });
        }
        let description = Some(description);
        let mut table = Self { kind, timescale, description, samples: vec![], runs: vec![] };
        for sample in samples {
            let limit = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
            let too_long = SegmentError::TooLong { at: sample.at, limit };
            let at = u32::try_from(sample.at).map_err(|_| too_long)?;
            at.checked_add(sample.bytes).filter(|end| *end < SETS).ok_or(too_long)?;
            match table.runs.last_mut() {
                Some(run) if run.end() == u64::from(at) => run.bytes += sample.bytes,
                Some(_) | None => table.runs.push(Run { at, bytes: sample.bytes }),
            }
            table.samples.push(Sample {
                dts: sample.dts.checked_sub(info.start).ok_or(beyond)?,
                pts: sample.pts.checked_sub(info.start).ok_or(beyond)?,
                duration: sample.duration,
                bytes: sample.bytes,
                is_sync: sample.is_sync,
            });
        }
        Ok(table)
    }
}

impl Sample {
    /// Whether decoding can start with it, so that what its sample entry says may stand before it.
    pub(super) const fn has_entry(&self) -> bool {
        self.is_sync && self.bytes > 0
    }
}

impl Run {
    /// Where it ends.
    pub(super) fn end(self) -> u64 {
        u64::from(self.at) + u64::from(self.bytes)
    }
}

impl Description {
    /// The sample entry written anew from what was read of it (8.5.2).
    fn of(info: &TrackInfo) -> Self {
        let entry = &info.entry;
        let mut out = BytesMut::new();
        write_box(&mut out, &entry.kind.0, |out| {
            out.put_bytes(0, 6);
            out.put_u16(DATA_REFERENCE);
            if info.handler == FourCc(*b"vide") {
                let (width, height) = entry.size;
                fmp4::put_visual(width, height, out);
            } else {
                let (channels, bits, rate) = entry.sound;
                fmp4::put_audio(channels, bits, rate, out);
            }
            for (kind, body) in &entry.boxes {
                write_box(out, &kind.0, |out| out.put_slice(body));
            }
        });
        let (width, height) = entry.size;
        let (across, down) = aspect(entry.get(b"pasp")).unwrap_or((1, 1));
        let shown = (u64::from(width) << 16) * u64::from(across) / u64::from(down);
        let width = u32::try_from(shown).unwrap_or(u32::MAX);
        let shown_size = [width, u32::from(height) << 16];
        Self { entry: out.freeze(), shown_size, sets: sets(entry).unwrap_or_default() }
    }

    /// As the muxer of fragmented MP4 writes it, and the ticks a second of samples like that.
    fn of_codec(kind: TrackKind, codec: CodecConfig) -> Option<(Timescale, Self)> {
        let track = Track::new(TrackId { kind, number: 0 }, codec);
        let section = fmp4::Muxer::new(&[track]).ok()?.init_section();
        let reader = Reader::open(&section).ok()?;
        let info = reader.tracks().first()?;
        Some((Timescale::new(info.timescale)?, Self::of(info)))
    }
}

/// The parameter sets of a sample entry, each behind its length.
fn sets(entry: &SampleEntry) -> Option<Bytes> {
    let config = CodecConfig::parse(entry.codec()?, entry.config()?).ok()?;
    let (size, lists) = match &config {
        CodecConfig::Avc(avc) => (avc.length_size(), [&[], avc.sps_list(), avc.pps_list()]),
        CodecConfig::Hevc(hevc) => {
            (hevc.length_size(), [hevc.vps_list(), hevc.sps_list(), hevc.pps_list()])
        }
        CodecConfig::Av1(_)
        | CodecConfig::Vp9(_)
        | CodecConfig::Aac(_)
        | CodecConfig::Opus(_)
        | CodecConfig::Flac(_)
        | CodecConfig::Ac3(_)
        | CodecConfig::Mp3(_) => return None,
    };
    let mut out = BytesMut::new();
    for set in lists.into_iter().flatten() {
        // The last bytes of a length of four: lengths of one byte may not hold it.
        let length = u32::try_from(set.len()).ok()?.to_be_bytes();
        let (zeros, length) = length.split_at_checked(length.len() - size.bytes())?;
        if zeros.iter().any(|byte| *byte != 0) {
            return None;
        }
        out.put_slice(length);
        out.put_slice(set);
    }
    Some(out.freeze())
}

/// How wide and how high a sample of a picture is (12.1.4).
fn aspect(pixel_aspect: Option<&Bytes>) -> Option<(u32, u32)> {
    let (across, rest) = pixel_aspect?.split_first_chunk()?;
    let down = u32::from_be_bytes(*rest.first_chunk()?);
    (down > 0).then_some((u32::from_be_bytes(*across), down))
}

/// A time in another timescale, to the nearest tick.
pub(super) fn rescale(time: i64, from: Timescale, to: Timescale) -> Option<i64> {
    Timestamp::new(time, from).rescale(to, Rounding::Nearest).map(Timestamp::ticks)
}

/// How long a time of 33 bits is after another, or before it: less than half a round.
fn since33(time: u64, other: u64) -> i64 {
    const ROUND: i64 = 1 << 33;
    let forward = wrap33(time.wrapping_sub(other).cast_signed()).cast_signed();
    if forward < ROUND / 2 { forward } else { forward - ROUND }
}
