//! Pictures of H.264 and H.265: from NAL units behind start codes (annex B of either) to NAL units
//! behind lengths (ISO/IEC 14496-15, 5.3.3 and 8.3.3).
//!
//! Delimiters go, and so do parameter sets that stand in the sample entry: of each number the first
//! that the segment has. Another set of the same number stays with its picture, wrong as it is
//! there: without it the pictures could not be decoded.

use bytes::{BufMut, Bytes};
use media::avc::{self, AvcConfig, NalLengthSize};
use media::hevc::{self, HevcConfig};
use media::parameter_sets::{PPS_MAX, SETS_BYTES_MAX, SPS_MAX, VPS_MAX};
use media::{Codec, CodecConfig};

use super::Sample;
use super::transport::{Output, Times};
use crate::set_ids::{avc_pps, avc_sps, hevc_pps, hevc_sps, hevc_vps};

/// The pictures of one stream of one segment.
pub(super) struct Pictures {
    is_hevc: bool,
    /// Video, sequence and picture parameter sets, each with its number.
    sets: [Vec<(u32, Bytes)>; 3],
    /// Bytes of all of them.
    bytes: usize,
}

/// What a NAL unit is.
enum Role {
    /// A delimiter, which MP4 has no use for.
    Delimiter,
    /// A parameter set: which of the three kinds, and its number.
    Set(usize, Option<u32>),
    /// Whether decoding can start with it.
    Picture(bool),
}

/// Kinds of sets, as places in [`Pictures::sets`].
const VPS: usize = 0;
const SPS: usize = 1;
const PPS: usize = 2;

/// How long a picture lasts of which nothing is known: a thirtieth of a second.
const DURATION: u32 = 3_000;

/// Parameter sets of each kind that a sample entry may have.
const SETS_MAX: [usize; 3] = [VPS_MAX, SPS_MAX, PPS_MAX];

impl Pictures {
    /// Of H.264 or H.265.
    pub(super) fn new(codec: Codec) -> Self {
        Self { is_hevc: codec == Codec::Hevc, sets: Default::default(), bytes: 0 }
    }

    /// Takes a PES packet: a picture, or more of the one before if it has no time.
    pub(super) fn add(&mut self, times: Option<Times>, data: &[u8], output: &mut Output) {
        let before = output.bytes.len();
        let mut is_sync = false;
        for nal in nal_units(data) {
            match self.role(nal) {
                Role::Delimiter => continue,
                Role::Set(kind, number) if self.keeps(kind, number, nal) => continue,
                Role::Set(..) => {}
                Role::Picture(is_entry) => is_sync |= is_entry,
            }
            // PES packets that are put together are far below 4 GiB.
            output.bytes.put_u32(u32::try_from(nal.len()).unwrap_or(u32::MAX));
            output.bytes.put_slice(nal);
        }
        let bytes = u32::try_from(output.bytes.len().saturating_sub(before)).unwrap_or(u32::MAX);
        let last = output.samples.last_mut();
        match (times, last) {
            _ if bytes == 0 => {}
            (Some(Times { pts, dts }), last) => {
                if let Some(last) = last {
                    let lasts = dts.saturating_sub(last.dts).max(1);
                    last.duration = u32::try_from(lasts).unwrap_or(u32::MAX);
                }
                output.samples.push(Sample { dts, pts, duration: DURATION, bytes, is_sync });
            }
            (None, Some(last)) => {
                last.bytes = last.bytes.saturating_add(bytes);
                last.is_sync |= is_sync;
            }
            (None, None) => output.bytes.truncate(before),
        }
    }

    /// What the sample entry says; `None` if there are no sets for one.
    pub(super) fn config(&self) -> Option<CodecConfig> {
        let lists = self.sets.each_ref();
        let [vps, sps, pps] =
            lists.map(|sets| sets.iter().map(|(_, set)| &set[..]).collect::<Vec<_>>());
        if self.is_hevc {
            let record = hevc::record(&vps, &sps, &pps)?;
            return HevcConfig::parse(record).ok().map(CodecConfig::Hevc);
        }
        let record = avc::record(&sps, &pps, NalLengthSize::Four)?;
        AvcConfig::parse(record).ok().map(CodecConfig::Avc)
    }

    /// Whether it has parameter sets that should be in the sample entry.
    pub(super) fn has_sets(&self) -> bool {
        self.bytes > 0
    }

    fn role(&self, nal: &[u8]) -> Role {
        if self.is_hevc {
            return match hevc::NalType::of(nal) {
                hevc::NalType::AUD => Role::Delimiter,
                hevc::NalType::VPS => Role::Set(VPS, hevc_vps(nal)),
                hevc::NalType::SPS => Role::Set(SPS, hevc_sps(nal)),
                hevc::NalType::PPS => Role::Set(PPS, hevc_pps(nal)),
                _ => Role::Picture(hevc::starts_decoding(nal)),
            };
        }
        match avc::NalType::of(nal) {
            avc::NalType::AUD => Role::Delimiter,
            avc::NalType::SPS => Role::Set(SPS, avc_sps(nal)),
            avc::NalType::PPS => Role::Set(PPS, avc_pps(nal)),
            kind => Role::Picture(kind.is_idr()),
        }
    }

    /// Whether a set is in the sample entry, or has a place there from now on.
    fn keeps(&mut self, kind: usize, number: Option<u32>, set: &[u8]) -> bool {
        // A segment that goes on where another was cut off has no entry of its own to put it in.
        let [_, sps, _] = &self.sets;
        if kind == PPS && sps.is_empty() {
            return false;
        }
        let (Some(number), Some(sets)) = (number, self.sets.get_mut(kind)) else { return false };
        if let Some((_, known)) = sets.iter().find(|(known, _)| *known == number) {
            return known == set;
        }
        let limit = SETS_MAX.get(kind).copied().unwrap_or(0);
        let has_room = sets.len() < limit && self.bytes + set.len() <= SETS_BYTES_MAX;
        if has_room {
            self.bytes += set.len();
            sets.push((number, Bytes::copy_from_slice(set)));
        }
        has_room
    }
}

/// The NAL units between start codes, without the zeros behind them; none is empty.
pub(super) fn nal_units(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = find_start_code(bytes).map(|(_, behind)| behind);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let found = find_start_code(bytes);
        rest = found.map(|(_, behind)| behind);
        Some(found.map_or(bytes, |(before, _)| before))
    })
    .map(|nal| {
        let end = nal.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        nal.get(..end).unwrap_or_default()
    })
    .filter(|nal| !nal.is_empty())
}

/// What is before the next start code, and what behind it.
fn find_start_code(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    while let Some(&[first, second, third]) = bytes.get(at..)?.first_chunk() {
        match (first, second, third) {
            (0, 0, 1) => {
                let (before, code) = bytes.split_at_checked(at)?;
                return Some((before, code.get(3..)?));
            }
            // Start codes begin with two zeros, so none begins with the last two of these.
            (_, _, 1..) => at += 3,
            _ => at += 1,
        }
    }
    None
}
