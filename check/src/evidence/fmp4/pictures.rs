//! Samples of pictures, by their own bytes.

use bytes::{BufMut, Bytes, BytesMut};
use media::avc::{self, NalLengthSize, nal_units};
use media::{Codec, CodecConfig, av1, hevc, vp9};

/// What the bytes of a sample say.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Whether decoding can start with it; `None` if that cannot be told.
    pub(super) is_key: Option<bool>,
    /// Whether it is one of those that may be marked as such or not.
    pub(super) may_be_key: bool,
    /// Why its NAL units are not whole.
    pub(super) error: Option<avc::NalError>,
    /// Parameter sets in it.
    pub(super) sets: Vec<Bytes>,
}

/// Parameter sets of a sample that are kept: a sample of nothing else could have a million.
const SETS_MAX: usize = 32;

/// Looks at a sample. `record` is the configuration record of its track, `config` what holds.
pub(super) fn look(
    codec: Codec,
    record: Option<&Bytes>,
    config: Option<&CodecConfig>,
    data: &Bytes,
) -> Look {
    match codec {
        Codec::Avc => look_at_nal_units(length_size(record, 4), data, avc_nal),
        Codec::Hevc => look_at_nal_units(length_size(record, 21), data, hevc_nal),
        Codec::Av1 => {
            let Some(CodecConfig::Av1(config)) = config else { return Look::default() };
            let is_key = config.is_key(data).ok();
            // Without a sequence header a key frame is no sync sample (AV1-ISOBMFF, 2.4).
            let mut units = av1::obus(data).map_while(Result::ok);
            let has_sequence = units.any(|unit| unit.kind == av1::ObuType::SEQUENCE_HEADER);
            Look { is_key, may_be_key: !has_sequence, ..Look::default() }
        }
        Codec::Vp9 => Look { is_key: vp9::is_key(data).ok(), ..Look::default() },
        Codec::Aac | Codec::Opus | Codec::Flac | Codec::Ac3 | Codec::Eac3 | Codec::Mp3 => {
            Look { is_key: Some(true), may_be_key: true, ..Look::default() }
        }
    }
}

/// How long the lengths are, which stands at a place of the record.
fn length_size(record: Option<&Bytes>, at: usize) -> Option<NalLengthSize> {
    NalLengthSize::from_minus_one(record?.get(at)? & 0b11)
}

/// What a NAL unit is.
struct Nal {
    is_slice: bool,
    is_key: bool,
    may_be_key: bool,
    is_set: bool,
}

fn avc_nal(nal: &[u8]) -> Nal {
    let kind = avc::NalType::of(nal);
    let is_set = matches!(kind, avc::NalType::SPS | avc::NalType::PPS);
    Nal { is_slice: kind.is_slice(), is_key: kind.is_idr(), may_be_key: false, is_set }
}

fn hevc_nal(nal: &[u8]) -> Nal {
    let kind = hevc::NalType::of(nal);
    let is_set = matches!(kind, hevc::NalType::VPS | hevc::NalType::SPS | hevc::NalType::PPS);
    // Pictures that follow a CRA picture and are shown before it may need what came earlier: who
    // does not mark it as a place to start is careful, not wrong.
    let may_be_key = kind == hevc::NalType::CRA;
    Nal { is_slice: kind.is_slice(), is_key: hevc::starts_decoding(nal), may_be_key, is_set }
}

fn look_at_nal_units(
    length_size: Option<NalLengthSize>,
    data: &Bytes,
    what: fn(&[u8]) -> Nal,
) -> Look {
    let (mut look, mut has_picture, mut is_key) = (Look::default(), false, false);
    let Some(length_size) = length_size else { return look };
    for nal in nal_units(data, length_size) {
        let nal = match nal {
            Ok(nal) => nal,
            Err(error) => {
                look.error = Some(error);
                return look;
            }
        };
        let Nal { is_slice, is_key: starts, may_be_key, is_set } = what(nal);
        has_picture |= is_slice;
        is_key |= starts;
        look.may_be_key |= may_be_key;
        if is_set {
            look.keep(data, nal);
        }
    }
    look.is_key = has_picture.then_some(is_key);
    look
}

impl Look {
    fn keep(&mut self, data: &Bytes, nal: &[u8]) {
        if self.sets.len() < SETS_MAX {
            self.sets.push(data.slice_ref(nal));
        }
    }
}

/// What holds from a sample on that brings parameter sets, if its sequence parameter set is not
/// among those that hold already. Picture parameter sets alone change nothing that anybody must
/// know: encoders with several send them as they use them.
pub(super) fn changed_by_sets(
    codec: Codec,
    record: &Bytes,
    config: Option<&CodecConfig>,
    sets: &[Bytes],
) -> Option<CodecConfig> {
    let of = |kind: u8, known: &[Bytes]| {
        let in_band: Vec<_> = sets.iter().filter(|set| kind_of(codec, set) == kind).collect();
        let is_new = in_band.iter().any(|set| !known.contains(set));
        let list: Vec<Bytes> = if in_band.is_empty() {
            known.to_vec()
        } else {
            in_band.into_iter().cloned().collect()
        };
        (kind, list, is_new)
    };
    let (lists, head) = match codec {
        Codec::Avc => {
            let avc = if let Some(CodecConfig::Avc(avc)) = config { Some(avc) } else { None };
            let sps = of(7, avc.map_or(&[], |avc| avc.sps_list()));
            let pps = of(8, avc.map_or(&[], |avc| avc.pps_list()));
            (vec![sps, pps], record.get(..5)?)
        }
        Codec::Hevc => {
            let hevc = if let Some(CodecConfig::Hevc(hevc)) = config { Some(hevc) } else { None };
            let vps = of(32, hevc.map_or(&[], |hevc| hevc.vps_list()));
            let sps = of(33, hevc.map_or(&[], |hevc| hevc.sps_list()));
            let pps = of(34, hevc.map_or(&[], |hevc| hevc.pps_list()));
            (vec![vps, sps, pps], record.get(..22)?)
        }
        Codec::Av1
        | Codec::Vp9
        | Codec::Aac
        | Codec::Opus
        | Codec::Flac
        | Codec::Ac3
        | Codec::Eac3
        | Codec::Mp3 => return None,
    };
    let is_changed = lists.iter().any(|(kind, _, is_new)| matches!(kind, 7 | 33) && *is_new);
    let record = is_changed.then(|| rebuilt(codec, head, &lists))??;
    CodecConfig::parse(codec, record).ok()
}

/// The type of a parameter set.
fn kind_of(codec: Codec, set: &[u8]) -> u8 {
    let is_hevc = codec == Codec::Hevc;
    if is_hevc { hevc::NalType::of(set).number() } else { avc::NalType::of(set).number() }
}

/// A configuration record with other parameter sets.
fn rebuilt(codec: Codec, head: &[u8], lists: &[(u8, Vec<Bytes>, bool)]) -> Option<Bytes> {
    let mut out = BytesMut::from(head);
    let is_hevc = codec == Codec::Hevc;
    if is_hevc {
        out.put_u8(u8::try_from(lists.len()).ok()?);
    }
    for (kind, list, _) in lists {
        let count = u8::try_from(list.len()).ok().filter(|count| *count < 32)?;
        match kind {
            _ if is_hevc => {
                out.put_u8(0x80 | kind);
                out.put_u16(u16::from(count));
            }
            7 => out.put_u8(0xe0 | count),
            _ => out.put_u8(count),
        }
        for set in list {
            out.put_u16(u16::try_from(set.len()).ok()?);
            out.put_slice(set);
        }
    }
    Some(out.freeze())
}
