//! Fragmented MP4 (ISO/IEC 14496-12; section numbers are those of the 2015 edition) as HLS wants it
//! (RFC 8216, 3.3).

mod init;
mod segment;
#[cfg(test)]
mod tests;

use container::fmp4::FourCc;

use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "MP4-MAP",
        severity: Severity::Fatal,
        reference: "RFC 8216, 3.3 and 4.3.2.5",
        requirement: "Segments of fragmented MP4 have an EXT-X-MAP, and it can be fetched.",
        remedy: "List the initialization section in EXT-X-MAP before the first segment that needs \
                 it, and keep it as long as those segments.",
        test: Test::Segment(segment::map),
    },
    Rule {
        id: "MP4-BOX",
        severity: Severity::Must,
        reference: "ISO/IEC 14496-12, 4.2",
        requirement: "The boxes of a segment are whole.",
        remedy: "Publish a segment only when all of it is written, and look for what cuts it off \
                 on its way.",
        test: Test::Segment(segment::boxes),
    },
    Rule {
        id: "MP4-INIT",
        severity: Severity::Must,
        reference: "RFC 8216, 3.3",
        requirement: "An initialization section has ftyp first, then moov, and says of each track \
                      how it is coded.",
        remedy: "Write the initialization section when the configuration of every track is known.",
        test: Test::Init(init::whole),
    },
    Rule {
        id: "MP4-BRAND",
        severity: Severity::Should,
        reference: "RFC 8216, 3.3",
        requirement: "ftyp has a brand that is compatible with iso6 or later.",
        remedy: "Add iso6 to the compatible brands.",
        test: Test::Init(init::brands),
    },
    Rule {
        id: "MP4-INITMEDIA",
        severity: Severity::Must,
        reference: "RFC 8216, 3.3",
        requirement: "An initialization section has no media.",
        remedy: "End the initialization section behind moov.",
        test: Test::Init(init::media),
    },
    Rule {
        id: "MP4-INITEMPTY",
        severity: Severity::Should,
        reference: "RFC 8216, 3.3",
        requirement: "The tables of moov have no samples.",
        remedy: "Make the packager write an empty moov: all samples belong into fragments.",
        test: Test::Init(init::empty),
    },
    Rule {
        id: "MP4-MVEX",
        severity: Severity::Must,
        reference: "RFC 8216, 3.3; ISO/IEC 14496-12, 8.8.1",
        requirement: "moov has an mvex, which says that fragments follow.",
        remedy: "Make the packager write fragmented MP4, not a plain file cut in pieces.",
        test: Test::Init(init::extends),
    },
    Rule {
        id: "MP4-TREX",
        severity: Severity::Must,
        reference: "ISO/IEC 14496-12, 8.8.3",
        requirement: "mvex has a trex for each track.",
        remedy: "Make the packager write a trex for each track.",
        test: Test::Init(init::defaults),
    },
    Rule {
        id: "MP4-HVC1",
        severity: Severity::Should,
        reference: "Apple's HLS authoring specification, video",
        requirement: "HEVC has the sample entry hvc1, which Apple's players need, and not hev1.",
        remedy: "Tag HEVC as hvc1: ffmpeg does with -tag:v hvc1.",
        test: Test::Init(init::hvc1),
    },
    Rule {
        id: "MP4-PS",
        severity: Severity::Must,
        reference: "ISO/IEC 14496-15, 5.3.3 and 8.3.3",
        requirement: "avc1 and hvc1 have all parameter sets in their configuration.",
        remedy: "Wait for the parameter sets before the initialization section is written.",
        test: Test::Init(init::parameter_sets),
    },
    Rule {
        id: "MP4-CRYPT",
        severity: Severity::Info,
        reference: "ISO/IEC 23001-7",
        requirement: "Samples are in the clear, so that they can be examined.",
        remedy: "Examine the same stream without encryption, too.",
        test: Test::Init(init::clear),
    },
    Rule {
        id: "MP4-STYP",
        severity: Severity::Quality,
        reference: "ISO/IEC 23000-19, 7.3.3; ISO/IEC 14496-12, 8.16.2",
        requirement: "A segment starts with styp.",
        remedy: "Make the packager write styp at the start of each segment.",
        test: Test::Segment(segment::styp),
    },
    Rule {
        id: "MP4-MOOF",
        severity: Severity::Must,
        reference: "RFC 8216, 3.3; ISO/IEC 14496-12, 8.8.4",
        requirement: "A segment has fragments: each a moof and an mdat.",
        remedy: "Make the packager write each fragment as a moof and the mdat that goes with it.",
        test: Test::Segment(segment::moof),
    },
    Rule {
        id: "MP4-NOMOOV",
        severity: Severity::Must,
        reference: "RFC 8216, 3.3",
        requirement: "A segment has no moov.",
        remedy: "Write ftyp and moov into the initialization section alone.",
        test: Test::Segment(segment::moov),
    },
    Rule {
        id: "MP4-MDAT",
        severity: Severity::Should,
        reference: "ISO/IEC 23000-19, 7.3.2",
        requirement: "Each moof has its mdat behind it.",
        remedy: "Write each mdat directly behind its moof, so that players can begin with it.",
        test: Test::Segment(segment::mdat),
    },
    Rule {
        id: "MP4-TRACK",
        severity: Severity::Must,
        reference: "RFC 8216, 3.3; ISO/IEC 14496-12, 8.8.7",
        requirement: "Each traf is of a track that the initialization section has.",
        remedy: "Write a new EXT-X-MAP where the tracks change.",
        test: Test::Segment(segment::tracks),
    },
    Rule {
        id: "MP4-DBIM",
        severity: Severity::Should,
        reference: "RFC 8216, 3.3; ISO/IEC 14496-12, 8.8.7",
        requirement: "Data are counted from their moof: default-base-is-moof is set, and there is \
                      no base-data-offset.",
        remedy: "Make the packager set default-base-is-moof: ffmpeg does with \
                 -movflags default_base_moof.",
        test: Test::Segment(segment::base),
    },
    Rule {
        id: "MP4-TFDT",
        severity: Severity::Must,
        reference: "RFC 8216, 3.3; ISO/IEC 14496-12, 8.8.12",
        requirement: "Each traf has a tfdt.",
        remedy: "Make the packager write a tfdt into each traf.",
        test: Test::Segment(segment::decode_times),
    },
    Rule {
        id: "MP4-FRAGCONT",
        severity: Severity::Must,
        reference: "ISO/IEC 14496-12, 8.8.12",
        requirement: "Each fragment of a segment starts where the one before ends (1 ms).",
        remedy: "Let the last sample of a fragment last until the first of the next.",
        test: Test::Segment(segment::continues),
    },
    Rule {
        id: "MP4-TFDTX",
        severity: Severity::Must,
        reference: "RFC 8216, 3.3 and 4.3.2.3; ISO/IEC 14496-12, 8.8.12",
        requirement: "Each segment starts where the one before ends (1 ms), unless there is an \
                      EXT-X-DISCONTINUITY between them.",
        remedy: "Let the last sample of a segment last until the first of the next, and write \
                 EXT-X-DISCONTINUITY where times jump.",
        test: Test::Border(segment::continues_across),
    },
    Rule {
        id: "MP4-SEQ",
        severity: Severity::Should,
        reference: "ISO/IEC 14496-12, 8.8.5",
        requirement: "The sequence numbers of mfhd grow within a segment.",
        remedy: "Count fragments on.",
        test: Test::Segment(segment::numbers),
    },
    Rule {
        id: "MP4-SEQX",
        severity: Severity::Quality,
        reference: "ISO/IEC 14496-12, 8.8.5",
        requirement: "The sequence numbers of mfhd grow from segment to segment.",
        remedy: "Count fragments on across segments.",
        test: Test::Border(segment::numbers_across),
    },
    Rule {
        id: "MP4-DATA",
        severity: Severity::Must,
        reference: "ISO/IEC 14496-12, 8.8.8",
        requirement: "The bytes of each sample are in an mdat.",
        remedy: "Look for what changes the length of moof or mdat after offsets were written.",
        test: Test::Segment(segment::data),
    },
    Rule {
        id: "MP4-NAL",
        severity: Severity::Must,
        reference: "ISO/IEC 14496-15, 4.3.3",
        requirement: "The NAL units of a sample fill it, each as long as its length says.",
        remedy: "Make the packager write lengths before NAL units, and not start codes.",
        test: Test::Segment(segment::nal_units),
    },
    Rule {
        id: "MP4-INBAND",
        severity: Severity::Should,
        reference: "ISO/IEC 14496-15, 5.3.3 and 8.3.3",
        requirement: "Samples of avc1 and hvc1 have no parameter sets.",
        remedy: "Take parameter sets out of the samples, or name the sample entry avc3 or hev1.",
        test: Test::Segment(segment::in_band),
    },
    Rule {
        id: "MP4-SYNCFLAG",
        severity: Severity::Must,
        reference: "ISO/IEC 14496-12, 8.8.3.1; ISO/IEC 14496-15, 5.4.2 and 8.4.3",
        requirement: "The samples that are marked as sync samples are those that decoding can \
                      start with.",
        remedy: "Make the encoder close its GOPs (x264: no open-gop), and the packager mark IDR \
                 pictures alone.",
        test: Test::Segment(segment::sync_flags),
    },
    Rule {
        id: "MP4-ZERODUR",
        severity: Severity::Should,
        reference: "ISO/IEC 14496-12, 8.8.8",
        requirement: "Every sample lasts.",
        remedy: "Look for timestamps that come twice in what is packaged.",
        test: Test::Segment(segment::durations),
    },
];

/// Whether a sample entry says that all parameter sets are in its configuration.
fn has_sets_ahead(entry: FourCc) -> bool {
    matches!(&entry.0, b"avc1" | b"hvc1" | b"dva1" | b"dvh1")
}
