//! Faults for transport streams: each function breaks one thing in a sound segment, and leaves the
//! rest as it is. What is broken is named by the identifier of the rule of `weir check` that finds
//! it.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "only tests call it: a segment that cannot be broken as told is a wrong test"
)]

mod clock;
mod layout;
mod media;
mod packets;
mod pes;

pub use clock::{
    clock_ahead, clock_back, clock_behind, decoded_twice, few_clock_references, shown_early,
    without_clock,
};
pub use media::{
    bad_adts_header, later_key_unmarked, later_key_without_sets, pictures_joined, sound_cut,
    sound_gap, sound_late, sound_misaligned, unmarked_keys, without_delimiters,
    without_parameter_sets,
};
pub use packets::{
    bad_checksum, counters_changed, cut_in_packet, long_program_info, lost_packet, marked_damaged,
    marked_scrambled, media_first, pids_changed, stray_packets, swapped_packets, two_programs,
    without_association, without_map, wrong_sync_byte,
};
pub use pes::{
    bad_start_code, starts_inside_pes, unsaid_length, without_time, wrong_length, wrong_marker,
};

/// A fault: what breaks a segment, the rule that finds it, and whether that holds the segment
/// against the one before it.
#[derive(Clone, Copy, Debug)]
pub struct TsFault {
    /// The name of the function.
    pub name: &'static str,
    /// The rule that finds it.
    pub rule: &'static str,
    /// Whether it needs the segment before, which is whole.
    pub needs_before: bool,
    /// What breaks a segment.
    pub plant: fn(&[u8]) -> Vec<u8>,
}

macro_rules! faults {
    ($($rule:literal $name:ident $($before:ident)?;)*) => {
        /// All faults for segments with H.264 and AAC. Some need B frames, and all a few key
        /// frames.
        pub const TS_FAULTS: &[TsFault] = &[$(TsFault {
            name: stringify!($name),
            rule: $rule,
            needs_before: faults!(@before $($before)?),
            plant: $name,
        }),*];
    };
    (@before) => { false };
    (@before across) => { true };
}

faults! {
    "TS-SYNC" wrong_sync_byte;
    "TS-SYNC" cut_in_packet;
    "TS-FLAGS" marked_damaged;
    "TS-FLAGS" marked_scrambled;
    "TS-PATPMT" without_association;
    "TS-PATPMT" without_map;
    "TS-PATFIRST" media_first;
    "TS-CRC" bad_checksum;
    "TS-CRC" long_program_info;
    "TS-ONEPROG" two_programs;
    "TS-PMTSAME" pids_changed across;
    "TS-CC" lost_packet;
    "TS-CC" swapped_packets;
    "TS-CCX" counters_changed across;
    "TS-PIDS" stray_packets;
    "TS-PES" bad_start_code;
    "TS-PES" starts_inside_pes;
    "TS-PESLEN" wrong_length;
    "TS-PESLEN" unsaid_length;
    "TS-MARK" wrong_marker;
    "TS-NOPTS" without_time;
    "TS-PCR" without_clock;
    "TS-PCRMONO" clock_back;
    "TS-PCR100" few_clock_references;
    "TS-PCRDTS" clock_ahead;
    "TS-PCRFAR" clock_behind;
    "TS-DTSMONO" decoded_twice;
    "TS-PTSDTS" shown_early;
    "TS-AUD" without_delimiters;
    "TS-AUPES" pictures_joined;
    "TS-PSIDR" without_parameter_sets;
    "TS-PSALL" later_key_without_sets;
    "TS-RAI" unmarked_keys;
    "TS-RAIALL" later_key_unmarked;
    "TS-ADTS" bad_adts_header;
    "TS-ADTSALIGN" sound_misaligned;
    "TS-ADTSTRUNC" sound_cut;
    "TS-AUDPTS" sound_late;
    "TS-AUDPTS" sound_gap;
}
