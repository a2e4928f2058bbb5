//! Length-prefixed NAL units to Annex B, as ISO/IEC 13818-1, 2.14.1 (H.264) and 2.17.1 (H.265)
//! want it in a transport stream.

use bytes::Bytes;
use media::avc::{self, AvcConfig, NalError, NalLengthSize, nal_units};
use media::hevc::{self, HevcConfig};
use media::parameter_sets::{PPS_MAX, SPS_MAX, VPS_MAX};

use crate::set_ids::{self, SETS_LOOKED_AT_MAX};
use crate::ts::packet::Packets;

/// How the NAL units of a track's pictures are to be understood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Syntax<'a> {
    length_size: NalLengthSize,
    /// An access unit delimiter that allows every type of slice, with its start code.
    delimiter: &'static [u8],
    /// The parameter sets that a decoder must have, in an order in which none refers to one behind
    /// it.
    sets: [&'a [Bytes]; SETS],
    role: fn(&[u8]) -> Role,
    /// What tells sets of a kind apart.
    ids: [SetId; SETS],
}

/// Reads the number of a parameter set.
type SetId = fn(&[u8]) -> Option<u32>;

/// Kinds of parameter sets: H.265 has three, H.264 two.
const SETS: usize = 3;

/// What a NAL unit is to a transport stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Delimiter,
    /// A parameter set of a kind, by its place in [`Syntax::sets`].
    Set(usize),
    /// A slice of a picture that decoding can start with.
    Entry,
    Other,
}

/// Parameter sets of a kind that stand in the picture.
#[derive(Clone, Copy, Default)]
struct Brought {
    count: usize,
    /// Those of [`Syntax::sets`] whose place they take, a bit for each.
    replaced: u64,
}

// A bit for each set.
const _: () = assert!(VPS_MAX <= 64 && SPS_MAX <= 64 && PPS_MAX <= 64);

/// A picture that was looked at and can be written.
pub(super) struct Picture<'a> {
    syntax: Syntax<'a>,
    payload: &'a [u8],
    bytes: usize,
    is_entry: bool,
    /// What the picture brings ahead of its slices, of each kind.
    brought: [Brought; SETS],
}

/// Four bytes are a must before the first NAL unit and before parameter sets (B.1.2), and before
/// the others they keep the length of the picture: the length prefix usually has four, too.
const START_CODE: [u8; 4] = [0, 0, 0, 1];

impl<'a> Syntax<'a> {
    pub(super) fn avc(config: &'a AvcConfig) -> Self {
        Self {
            length_size: config.length_size(),
            delimiter: &[0, 0, 0, 1, 0x09, 0xf0],
            sets: [config.sps_list(), config.pps_list(), &[]],
            role: |nal| match avc::NalType::of(nal) {
                avc::NalType::AUD => Role::Delimiter,
                avc::NalType::SPS => Role::Set(0),
                avc::NalType::PPS => Role::Set(1),
                avc::NalType::IDR => Role::Entry,
                _ => Role::Other,
            },
            ids: [set_ids::avc_sps, set_ids::avc_pps, |_| None],
        }
    }

    pub(super) fn hevc(config: &'a HevcConfig) -> Self {
        Self {
            length_size: config.length_size(),
            delimiter: &[0, 0, 0, 1, 0x46, 0x01, 0x50],
            sets: [config.vps_list(), config.sps_list(), config.pps_list()],
            role: |nal| match hevc::NalType::of(nal) {
                hevc::NalType::AUD => Role::Delimiter,
                // Those of other layers do not take the place of the base layer's.
                hevc::NalType::VPS if hevc::is_base_layer(nal) => Role::Set(0),
                hevc::NalType::SPS if hevc::is_base_layer(nal) => Role::Set(1),
                hevc::NalType::PPS if hevc::is_base_layer(nal) => Role::Set(2),
                _ if hevc::starts_decoding(nal) => Role::Entry,
                _ => Role::Other,
            },
            ids: [set_ids::hevc_vps, set_ids::hevc_sps, set_ids::hevc_pps],
        }
    }

    /// Those sets of the configuration whose place `nal` takes, a bit for each: the one with its
    /// number. One without a number is broken, and nobody knows what it stands for: then all.
    fn replaced(&self, kind: usize, nal: &[u8]) -> u64 {
        let (Some(sets), Some(id)) = (self.sets.get(kind), self.ids.get(kind)) else { return 0 };
        let Some(number) = id(nal) else { return u64::MAX };
        let bits = sets.iter().zip(0..u64::BITS);
        bits.filter(|(set, _)| id(set) == Some(number)).fold(0, |all, (_, bit)| all | 1 << bit)
    }
}

impl<'a> Picture<'a> {
    /// Looks at every NAL unit; `None` if there is none.
    pub(super) fn inspect(syntax: Syntax<'a>, payload: &'a [u8]) -> Result<Option<Self>, NalError> {
        let bytes = syntax.delimiter.len();
        let mut picture =
            Self { syntax, payload, bytes, is_entry: false, brought: Default::default() };
        for nal in nal_units(payload, syntax.length_size) {
            let nal = nal?;
            match (syntax.role)(nal) {
                Role::Delimiter => continue,
                Role::Entry => picture.is_entry = true,
                Role::Set(kind) => {
                    // A set behind the first slice of the picture comes too late for it.
                    if let Some(brought) = picture.brought.get_mut(kind)
                        && !picture.is_entry
                    {
                        brought.count += 1;
                        // Of a flood nobody knows what it stands for.
                        brought.replaced |= if brought.count > SETS_LOOKED_AT_MAX {
                            u64::MAX
                        } else {
                            syntax.replaced(kind, nal)
                        };
                    }
                }
                Role::Other => {}
            }
            picture.bytes += START_CODE.len() + nal.len();
        }
        if picture.bytes == syntax.delimiter.len() {
            return Ok(None);
        }
        if picture.is_entry {
            let missing = (0..SETS).flat_map(|kind| picture.missing(kind));
            picture.bytes += missing.map(|set| START_CODE.len() + set.len()).sum::<usize>();
        }
        Ok(Some(picture))
    }

    /// Bytes in Annex B form.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether decoding can start with it: an IDR picture, and for H.265 also CRA and BLA.
    pub(super) const fn is_entry(&self) -> bool {
        self.is_entry
    }

    /// Writes [`Self::bytes`] bytes.
    pub(super) fn write(&self, packets: &mut Packets<'_>) {
        packets.write(self.syntax.delimiter);
        let mut to_come = self.brought.map(|brought| brought.count);
        // The kinds `0..written` are written, as far as they were missing.
        let mut written = if self.is_entry { 0 } else { SETS };
        // Their lengths were looked at.
        for nal in nal_units(self.payload, self.syntax.length_size).map_while(Result::ok) {
            let role = (self.syntax.role)(nal);
            if role == Role::Delimiter {
                continue;
            }
            // Missing sets come as early as they may: at the front, but behind those sets that
            // the picture brings and they refer to.
            while written < SETS && to_come.iter().take(written).all(|&left| left == 0) {
                for set in self.missing(written) {
                    packets.write(&START_CODE);
                    packets.write(set);
                }
                written += 1;
            }
            if let Role::Set(kind) = role
                && let Some(left) = to_come.get_mut(kind)
            {
                *left = left.saturating_sub(1);
            }
            packets.write(&START_CODE);
            packets.write(nal);
        }
    }

    /// The parameter sets of a kind that the picture does not bring itself.
    fn missing(&self, kind: usize) -> impl Iterator<Item = &'a Bytes> {
        let sets: &[Bytes] = self.syntax.sets.get(kind).copied().unwrap_or_default();
        let replaced = self.brought.get(kind).map_or(0, |brought| brought.replaced);
        let bits = sets.iter().zip(0..u64::BITS);
        bits.filter(move |(_, bit)| replaced >> bit & 1 == 0).map(|(set, _)| set)
    }
}
