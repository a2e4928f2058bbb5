//! One track on its way out.

use bytes::{Bytes, BytesMut};
use media::{AccessUnit, AudioFormat, Rounding, Timescale, Timestamp, Track, TrackId, VideoFormat};

use super::timing::Timing;
use super::{MuxError, UnsupportedTracks, payload};

#[derive(Debug)]
pub(super) struct Output {
    pub(super) id: TrackId,
    /// `track_ID`: its place among the tracks, from 1 on.
    pub(super) number: u32,
    pub(super) track: Track,
    pub(super) format: Format,
    pub(super) timescale: Timescale,
    timing: Timing,
    /// The samples of the fragment.
    samples: Vec<Sample>,
    /// When the last of them ends; known once the fragment is closed.
    end: i64,
}

/// What pictures or sound look like.
#[derive(Clone, Copy, Debug)]
pub(super) enum Format {
    /// Pictures; width and height are as a sample entry says them.
    Video { format: VideoFormat, width: u16, height: u16 },
    /// Sound.
    Audio(AudioFormat),
}

/// A unit with its place in the fragment.
#[derive(Debug)]
pub(super) struct Sample {
    /// When it is decoded; not negative.
    pub(super) dts: i64,
    /// From then to when it is shown.
    pub(super) composition_offset: i32,
    /// Bytes that are written of the payload.
    pub(super) bytes: u32,
    pub(super) is_sync: bool,
    payload: Bytes,
}

/// A picture in 25 a second: what is assumed of an encoder that says nothing.
const STEP_TICKS: i64 = 3_600;

/// The latest decode time: a fragment from there on ends before 64 bits do.
const TICKS_MAX: i64 = i64::MAX >> 1;

impl Output {
    pub(super) fn new(track: &Track, number: u32) -> Result<Self, UnsupportedTracks> {
        let id = track.id;
        if track.codec.codec().kind() != id.kind {
            return Err(UnsupportedTracks::Kind(id));
        }
        let (format, timescale, timing) = match (track.codec.video(), track.codec.audio()) {
            (Some(format), _) => {
                let VideoFormat { width, height, .. } = format;
                let too_large = UnsupportedTracks::Size { track: id, width, height };
                let (Ok(width), Ok(height)) = (u16::try_from(width), u16::try_from(height)) else {
                    return Err(too_large);
                };
                let timing = Timing::video(step_ticks(&format));
                (Format::Video { format, width, height }, Timescale::MPEG, timing)
            }
            (None, Some(format)) => {
                let timescale = Timescale::new(format.sample_rate);
                let timescale = timescale.ok_or(UnsupportedTracks::Kind(id))?;
                (Format::Audio(format), timescale, Timing::audio(format.sample_rate))
            }
            (None, None) => return Err(UnsupportedTracks::Kind(id)),
        };
        let (track, samples, end) = (track.clone(), Vec::new(), 0);
        Ok(Self { id, number, track, format, timescale, timing, samples, end })
    }

    /// Takes a unit into the fragment; how many bytes of it will be written.
    pub(super) fn take(&mut self, unit: &AccessUnit) -> Result<usize, MuxError> {
        let (pts, dts) = (self.ticks(unit.pts)?, self.ticks(unit.dts)?);
        if !(0..=TICKS_MAX).contains(&dts) {
            return Err(MuxError::Time(unit.dts));
        }
        let far = MuxError::Far(unit.dts);
        let placed = self.timing.place(dts).ok_or(far)?;
        let composition_offset = match self.format {
            Format::Video { .. } => {
                pts.checked_sub(placed).and_then(|offset| i32::try_from(offset).ok()).ok_or(far)?
            }
            // Sound is heard when it is decoded.
            Format::Audio(_) => 0,
        };
        let length = payload::length(&self.track.codec, &unit.payload)?;
        let bytes = u32::try_from(length).unwrap_or(u32::MAX);
        if length == 0 {
            return Err(MuxError::Empty(self.id));
        }
        self.timing.advance(placed, unit.samples);
        let payload = unit.payload.clone();
        let is_sync = unit.random_access;
        self.samples.push(Sample { dts: placed, composition_offset, bytes, is_sync, payload });
        Ok(length)
    }

    /// Ends the fragment; the unit behind it is decoded at `next`.
    pub(super) fn close(&mut self, next: Option<Timestamp>) {
        let next = next.and_then(|next| self.ticks(next).ok());
        self.end = self.timing.close(next);
    }

    /// The same where no hole may follow.
    pub(super) fn close_part(&mut self, next: Option<Timestamp>) {
        self.close(next);
        self.timing.bridge();
    }

    pub(super) const fn break_timeline(&mut self) {
        self.timing.restart();
    }

    /// The samples of the fragment.
    pub(super) fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// How long each of [`Self::samples`] lasts. The fragment is closed.
    pub(super) fn durations(&self) -> impl Iterator<Item = u32> {
        let ends = self.samples.iter().skip(1).map(|sample| sample.dts).chain([self.end]);
        let lengths = self.samples.iter().zip(ends).map(|(sample, end)| end - sample.dts);
        lengths.map(|length| u32::try_from(length).unwrap_or(u32::MAX))
    }

    /// Writes the payloads of the fragment and forgets them.
    pub(super) fn write_payloads(&mut self, out: &mut BytesMut) {
        for sample in self.samples.drain(..) {
            payload::write(&self.track.codec, &sample.payload, sample.bytes, out);
        }
    }

    fn ticks(&self, time: Timestamp) -> Result<i64, MuxError> {
        let rescaled = time.rescale(self.timescale, Rounding::Nearest);
        rescaled.map(Timestamp::ticks).ok_or(MuxError::Time(time))
    }
}

/// How long a picture lasts, if the encoder keeps to what it says.
fn step_ticks(format: &VideoFormat) -> i64 {
    let Some((frames, seconds)) = format.frame_rate else { return STEP_TICKS };
    let ticks = seconds.saturating_mul(90_000) / u64::from(frames.max(1));
    i64::try_from(ticks).ok().filter(|ticks| (1..=90_000).contains(ticks)).unwrap_or(STEP_TICKS)
}
