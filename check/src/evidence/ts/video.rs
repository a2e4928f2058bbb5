//! Pictures of H.264 and H.265 in byte streams (ITU-T H.264 and H.265, annex B).

use std::sync::Arc;

use media::{Codec, CodecConfig, avc, hevc};

use super::Few;
use super::sets::{SETS_MAX, Sets, UnitSets};

/// What was seen of the pictures of a stream. PES packets are counted from 0.
#[derive(Clone, Debug, Default)]
pub struct VideoFacts {
    /// PES packets that do not begin with an access unit delimiter.
    pub without_delimiter: Few<u64>,
    /// PES packets with several access units, and how many.
    pub crowded: Few<(u64, usize)>,
    /// PES packets with a picture that decoding can start with.
    pub keys: u64,
    /// The first of them comes before the parameter sets that it needs.
    pub first_key_without_sets: Option<u64>,
    /// Those that do not bring the parameter sets themselves.
    pub keys_without_sets: Few<u64>,
    /// The first of them has no random access indicator.
    pub first_key_unmarked: Option<u64>,
    /// Those without a random access indicator.
    pub keys_unmarked: Few<u64>,
    /// PES packets that say that decoding can start with them after some pictures
    /// (recovery point SEI).
    pub recovery_points: u64,
}

/// Looks at the pictures of a stream.
#[derive(Debug)]
pub(super) struct Video {
    pub(super) facts: VideoFacts,
    codec: Codec,
    sets: Sets,
    /// Which kinds of parameter sets came so far.
    seen: Kinds,
}

/// What is needed of a PES packet to look at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) number: u64,
    pub(super) is_random_access: bool,
    pub(super) is_damaged: bool,
}

/// What a PES packet holds.
#[derive(Debug)]
pub(super) struct Looked {
    /// Access units that start in it.
    pub(super) units: usize,
    pub(super) is_key: bool,
    /// What a decoder must know from its first picture on, if that is new.
    pub(super) config: Option<Arc<CodecConfig>>,
}

/// Kinds of parameter sets.
#[derive(Clone, Copy, Default, Debug)]
struct Kinds {
    vps: bool,
    sps: bool,
    pps: bool,
}

/// What a NAL unit is to this reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Nal {
    Delimiter,
    Vps,
    Sps,
    Pps,
    Sei,
    /// A slice; whether it is the first of its picture, and whether decoding can start with that.
    Slice {
        is_first: bool,
        is_key: bool,
    },
    Other,
}

impl Video {
    pub(super) fn new(codec: Codec) -> Self {
        Self { facts: VideoFacts::default(), codec, sets: Sets::default(), seen: Kinds::default() }
    }

    pub(super) fn look(&mut self, data: &[u8], look: Look) -> Looked {
        let (mut pictures, mut is_key, mut is_recovery) = (0, false, false);
        let (mut own, mut sets) = (Kinds::default(), UnitSets::default());
        let mut first = None;
        for nal in nal_units(data) {
            let kind = self.kind(nal);
            first.get_or_insert(kind);
            match kind {
                // Behind a picture it starts another access unit, which has sets of its own.
                Nal::Delimiter if pictures > 0 => own = Kinds::default(),
                Nal::Vps => put(&mut own.vps, &mut sets.vps, nal),
                Nal::Sps => put(&mut own.sps, &mut sets.sps, nal),
                Nal::Pps => put(&mut own.pps, &mut sets.pps, nal),
                Nal::Sei => is_recovery |= pictures == 0 && is_recovery_point(self.codec, nal),
                Nal::Slice { is_first: true, is_key: starts } => {
                    pictures += 1;
                    is_key |= starts;
                    self.seen.add(own);
                    if starts && !look.is_damaged {
                        self.take_key(own, look);
                    }
                }
                Nal::Delimiter | Nal::Slice { .. } | Nal::Other => {}
            }
        }
        // With packets missing, sets may be cut: nothing is believed then.
        let config = if look.is_damaged { None } else { self.sets.take(self.codec, &sets) };
        let units = self.count_units(pictures);
        if !look.is_damaged {
            if pictures > 0 && first != Some(Nal::Delimiter) {
                self.facts.without_delimiter.add(look.number);
            }
            if units > 1 {
                self.facts.crowded.add((look.number, units));
            }
        }
        self.facts.keys += u64::from(is_key);
        self.facts.recovery_points += u64::from(is_recovery);
        Looked { units, is_key, config }
    }

    /// Two fields may share a PES packet: they are one frame, with one time. They cannot be told
    /// from two frames without reading far into the slices, so where fields may be, two pictures
    /// count as one unit.
    fn count_units(&self, pictures: usize) -> usize {
        if self.sets.may_be_fields() { pictures.div_ceil(2) } else { pictures }
    }

    fn take_key(&mut self, own: Kinds, look: Look) {
        let is_first_key = self.facts.keys == 0;
        if !own.is_complete(self.codec) {
            self.facts.keys_without_sets.add(look.number);
        }
        if is_first_key && !self.seen.is_complete(self.codec) {
            self.facts.first_key_without_sets.get_or_insert(look.number);
        }
        if !look.is_random_access {
            self.facts.keys_unmarked.add(look.number);
            if is_first_key {
                self.facts.first_key_unmarked.get_or_insert(look.number);
            }
        }
    }

    fn kind(&self, nal: &[u8]) -> Nal {
        if self.codec == Codec::Hevc { hevc_kind(nal) } else { avc_kind(nal) }
    }
}

impl Kinds {
    const fn add(&mut self, other: Self) {
        self.vps |= other.vps;
        self.sps |= other.sps;
        self.pps |= other.pps;
    }

    fn is_complete(self, codec: Codec) -> bool {
        self.sps && self.pps && (self.vps || codec != Codec::Hevc)
    }
}

fn put<'a>(seen: &mut bool, sets: &mut Vec<&'a [u8]>, nal: &'a [u8]) {
    *seen = true;
    if sets.len() < SETS_MAX {
        sets.push(nal);
    }
}

fn avc_kind(nal: &[u8]) -> Nal {
    use avc::NalType;
    match NalType::of(nal) {
        NalType::AUD => Nal::Delimiter,
        NalType::SPS => Nal::Sps,
        NalType::PPS => Nal::Pps,
        NalType::SEI => Nal::Sei,
        // Data partitions B and C belong to the slice that A starts.
        kind if matches!(kind.number(), 1 | 2 | 5) => {
            Nal::Slice { is_first: starts_with_one(nal.get(1)), is_key: kind.is_idr() }
        }
        _ => Nal::Other,
    }
}

fn hevc_kind(nal: &[u8]) -> Nal {
    use hevc::NalType;
    if !hevc::is_base_layer(nal) {
        return Nal::Other;
    }
    match NalType::of(nal) {
        NalType::AUD => Nal::Delimiter,
        NalType::VPS => Nal::Vps,
        NalType::SPS => Nal::Sps,
        NalType::PPS => Nal::Pps,
        NalType::PREFIX_SEI => Nal::Sei,
        kind if kind.is_slice() => {
            Nal::Slice { is_first: starts_with_one(nal.get(2)), is_key: kind.is_irap() }
        }
        _ => Nal::Other,
    }
}

/// `first_mb_in_slice` is 0 (H.264, 7.4.3), or `first_slice_segment_in_pic_flag` is set (H.265,
/// 7.4.7.1): the same bit in both.
fn starts_with_one(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte & 0x80 != 0)
}

/// Whether SEI says that there is a recovery point: `payloadType` 6 in both standards. Its first
/// message is looked at, which is where encoders put it.
fn is_recovery_point(codec: Codec, nal: &[u8]) -> bool {
    let header = if codec == Codec::Hevc { hevc::NAL_HEADER_BYTES } else { 1 };
    nal.get(header) == Some(&6)
}

/// The NAL units of a byte stream, without the zeros behind them.
fn nal_units(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let finder = memchr::memmem::Finder::new(START_CODE);
    let mut rest = finder.find(data).and_then(|at| data.get(at + START_CODE.len()..));
    std::iter::from_fn(move || {
        let nal = rest?;
        let Some(end) = finder.find(nal) else {
            rest = None;
            return Some(nal);
        };
        rest = nal.get(end + START_CODE.len()..);
        let nal = nal.get(..end)?;
        let zeros = nal.iter().rev().take_while(|&&byte| byte == 0).count();
        nal.get(..nal.len() - zeros)
    })
}

const START_CODE: &[u8] = &[0, 0, 1];
