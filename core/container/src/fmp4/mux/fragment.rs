//! `moof` and `mdat` (8.8.4 and 8.1.1).

use bytes::{BufMut, BytesMut};
use media::TrackKind;

use super::event::{Event, HEADER_BYTES_MAX};
use super::output::{Output, Sample};
use crate::fmp4::boxes::{patch_u32, write_box, write_full_box};

/// What all samples of a track in a fragment have in common, which then is said once.
struct Common {
    duration: Option<u32>,
    bytes: Option<u32>,
    /// Flags of all samples but the first, and whether the first has them, too.
    flags: Option<(u32, bool)>,
    has_offsets: bool,
}

/// Decoding can start with it: it depends on no other (8.8.3.1).
pub(super) const SYNC: u32 = 0x0200_0000;

/// Decoding cannot start with it, and it depends on others.
pub(super) const NON_SYNC: u32 = 0x0101_0000;

/// Flags of `tfhd` (8.8.7.1).
const DEFAULT_DURATION: u32 = 0x08;
const DEFAULT_SIZE: u32 = 0x10;
const DEFAULT_FLAGS: u32 = 0x20;
const DEFAULT_BASE_IS_MOOF: u32 = 0x02_0000;

/// Flags of `trun` (8.8.8.1).
const DATA_OFFSET: u32 = 0x001;
const FIRST_FLAGS: u32 = 0x004;
const DURATIONS: u32 = 0x100;
const SIZES: u32 = 0x200;
const FLAGS: u32 = 0x400;
const COMPOSITION_OFFSETS: u32 = 0x800;

/// Bytes that a sample can have in `trun`, and those of all that does not grow with samples: for
/// each of 16 tracks 100 bytes.
const SAMPLE_BYTES_MAX: usize = 16;
const FIXED_BYTES_MAX: usize = 40 + 16 * 100;

/// Room for a fragment with `samples` samples of together `bytes` bytes.
pub(super) fn bytes_max(events: &[Event], bytes: usize, samples: usize) -> usize {
    let of_event = |event: &Event| event.message.len() + HEADER_BYTES_MAX;
    let of_events: usize = events.iter().map(of_event).sum();
    of_events + FIXED_BYTES_MAX + samples * SAMPLE_BYTES_MAX + bytes
}

/// Writes the samples that wait in `outputs`, which are closed.
pub(super) fn write(outputs: &mut [Output], sequence_number: u32, out: &mut BytesMut) {
    let start = out.len();
    // Where the data offsets stand, and how far in the payloads they point.
    let mut offsets = [(0, 0); super::TRACKS_MAX];
    let mut bytes = 0;
    write_box(out, b"moof", |out| {
        write_full_box(out, b"mfhd", 0, 0, |out| out.put_u32(sequence_number));
        let used = outputs.iter().filter(|output| !output.samples().is_empty());
        for (output, offset) in used.zip(&mut offsets) {
            let at = write_traf(output, out);
            *offset = (at, bytes);
            bytes += output.samples().iter().map(|sample| sample.bytes).sum::<u32>();
        }
    });
    // Payloads start behind the length and the name of `mdat`.
    let data = u32::try_from(out.len().saturating_sub(start) + 8).unwrap_or(u32::MAX);
    for (at, offset) in offsets.into_iter().take_while(|(at, _)| *at > 0) {
        patch_u32(out, at, data.saturating_add(offset));
    }
    write_box(out, b"mdat", |out| {
        outputs.iter_mut().for_each(|output| output.write_payloads(out));
    });
}

/// Writes `traf` of a track that has samples; where its data offset stands.
fn write_traf(output: &Output, out: &mut BytesMut) -> usize {
    let samples = output.samples();
    let common = Common::of(output);
    let mut data_offset_at = 0;
    write_box(out, b"traf", |out| {
        common.write_tfhd(output.number, out);
        write_full_box(out, b"tfdt", 1, 0, |out| {
            let dts = samples.first().map_or(0, |sample| sample.dts);
            out.put_u64(u64::try_from(dts).unwrap_or(0));
        });
        write_full_box(out, b"trun", 1, common.trun_flags(), |out| {
            out.put_u32(u32::try_from(samples.len()).unwrap_or(u32::MAX));
            data_offset_at = out.len();
            out.put_u32(0);
            if matches!(common.flags, Some((_, false))) {
                out.put_u32(samples.first().map_or(0, flags));
            }
            for (sample, duration) in samples.iter().zip(output.durations()) {
                common.write_sample(sample, duration, out);
            }
        });
    });
    data_offset_at
}

impl Common {
    fn of(output: &Output) -> Self {
        let samples = output.samples();
        let first_flags = samples.first().map(flags);
        let other_flags = same(samples.iter().skip(1).map(flags));
        let flags = match samples.len() {
            1 => first_flags.map(|flags| (flags, true)),
            _ => other_flags.map(|flags| (flags, first_flags == Some(flags))),
        };
        Self {
            duration: same(output.durations()),
            bytes: same(samples.iter().map(|sample| sample.bytes)),
            flags,
            has_offsets: samples.iter().any(|sample| sample.composition_offset != 0),
        }
    }

    fn write_tfhd(&self, number: u32, out: &mut BytesMut) {
        let flags = DEFAULT_BASE_IS_MOOF
            | self.duration.map_or(0, |_| DEFAULT_DURATION)
            | self.bytes.map_or(0, |_| DEFAULT_SIZE)
            | self.flags.map_or(0, |_| DEFAULT_FLAGS);
        write_full_box(out, b"tfhd", 0, flags, |out| {
            out.put_u32(number);
            let flags = self.flags.map(|(flags, _)| flags);
            for default in [self.duration, self.bytes, flags].into_iter().flatten() {
                out.put_u32(default);
            }
        });
    }

    fn trun_flags(&self) -> u32 {
        let of_flags = match self.flags {
            None => FLAGS,
            Some((_, false)) => FIRST_FLAGS,
            Some((_, true)) => 0,
        };
        let offsets = if self.has_offsets { COMPOSITION_OFFSETS } else { 0 };
        DATA_OFFSET
            | of_flags
            | self.duration.map_or(DURATIONS, |_| 0)
            | self.bytes.map_or(SIZES, |_| 0)
            | offsets
    }

    fn write_sample(&self, sample: &Sample, duration: u32, out: &mut BytesMut) {
        if self.duration.is_none() {
            out.put_u32(duration);
        }
        if self.bytes.is_none() {
            out.put_u32(sample.bytes);
        }
        if self.flags.is_none() {
            out.put_u32(flags(sample));
        }
        if self.has_offsets {
            out.put_i32(sample.composition_offset);
        }
    }
}

/// What a sample's flags are, unless something else is said of it.
pub(super) const fn default_flags(kind: TrackKind) -> u32 {
    match kind {
        TrackKind::Video => NON_SYNC,
        TrackKind::Audio => SYNC,
    }
}

const fn flags(sample: &Sample) -> u32 {
    if sample.is_sync { SYNC } else { NON_SYNC }
}

/// The value that all have; `None` if they differ or there are none.
fn same(mut values: impl Iterator<Item = u32>) -> Option<u32> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}
