mod weir;

use bytes::Bytes;
use samples::fmp4_faults as faults;

use super::RULES;
use crate::evidence::SegmentEvidence;
use crate::evidence::fmp4::testing::{FILES, Pieces, pieces, said};
use crate::rule::Severity;

/// Which rules each file breaks. What it says of fragments of a picture each is true: when the next
/// picture is not known, ffmpeg writes that the last one lasts no time, and leaves a hole behind
/// the sound. Pictures that an open GOP starts with are no IDR pictures.
const TABLE: &str = "
5.1_h264-bframes_aac:
5.1_h264-no-dbim_aac:
    MP4-STYP: it starts with `moof`
    MP4-DBIM: in 13 `traf`: samples of track 1 that are not counted from their `moof`
5.1_h264-opengop:
    MP4-SYNCFLAG: 1 of 16 samples of track 1 have flags that their bytes contradict (first: sample \
    0 is marked as a key frame and is none)
9.0_aac:
9.0_av1_opus:
9.0_h264-bframes_aac:
9.0_h264-each-frame_aac:
    MP4-STYP: it starts with `moof`
    MP4-FRAGCONT: a fragment of track 2 starts at 0.101333 s, what is before it ends at 0.080000 \
    s: 0.021333 s are missing
    MP4-ZERODUR: 6 of 30 samples of track 1 have no duration (first: sample 3)
9.0_h264-frags_aac:
    MP4-STYP: it starts with `moof`
9.0_h264_eac3:
9.0_h264_mp3:
9.0_hev1_ac3:
    MP4-HVC1: track 1 is `hev1` and not `hvc1`
9.0_hvc1_aac:
9.0_vp9_flac:
";

#[test]
fn what_ffmpeg_writes_breaks_no_rule_that_it_keeps() {
    let shown: Vec<_> = FILES
        .iter()
        .map(|(name, _)| {
            let broken = pieces(name).broken(RULES);
            let broken: Vec<_> =
                broken.into_iter().map(|(id, what)| format!("\n    {id}: {what}")).collect();
            format!("{name}:{}", broken.concat())
        })
        .collect();
    assert_eq!(shown.join("\n"), TABLE.trim());
}

/// What is wrong with the initialization section of a file when `fault` is done to it.
#[track_caller]
fn check_init(name: &str, fault: fn(&[u8]) -> Vec<u8>, expected: &str) {
    let mut pieces = pieces(name);
    let broken = Bytes::from(fault(&pieces.init));
    assert_ne!(broken, pieces.init, "the fault changes nothing");
    pieces.init = broken;
    check(&pieces, expected);
}

/// The same of its second segment.
#[track_caller]
fn check_segment(name: &str, fault: impl Fn(&[u8]) -> Vec<u8>, expected: &str) {
    let mut pieces = pieces(name);
    let segment = pieces.segments.last_mut().unwrap();
    let broken = Bytes::from(fault(segment));
    assert_ne!(broken, *segment, "the fault changes nothing");
    *segment = broken;
    check(&pieces, expected);
}

#[track_caller]
fn check(pieces: &Pieces, expected: &str) {
    let broken = pieces.broken(RULES);
    let broken: Vec<_> = broken.iter().map(|(id, what)| format!("{id}: {what}")).collect();
    assert_eq!(broken.join("\n"), expected);
}

/// Of which nothing is wrong.
const AVC: &str = "5.1_h264-bframes_aac";
const HEVC: &str = "9.0_hvc1_aac";

#[test]
fn each_fault_of_an_initialization_section_is_found() {
    check_init(AVC, faults::ftyp_behind_moov, "MP4-INIT: `ftyp` is where it does not belong");
    check_init(AVC, faults::old_brands, "MP4-BRAND: the brands are isom, isom, mp41");
    check_init(
        AVC,
        faults::without_codec_configuration,
        "MP4-INIT: track 1 (`avc1`): there is no configuration of its codec",
    );
    check_init(AVC, faults::with_media_behind, "MP4-INITMEDIA: there is `mdat` in it");
    check_init(AVC, faults::with_samples_in_moov, "MP4-INITEMPTY: track 1 has samples in `moov`");
    check_init(AVC, faults::without_mvex, "MP4-MVEX: `moov` has no `mvex`");
    check_init(AVC, faults::without_trex, "MP4-TREX: track 1 has no `trex`");
    check_init(HEVC, faults::as_hev1, "MP4-HVC1: track 1 is `hev1` and not `hvc1`");
    check_init(
        AVC,
        faults::without_parameter_sets,
        "MP4-PS: the configuration of track 1 (`avc1`) has no sequence and no picture parameter \
         sets",
    );
    check_init(
        HEVC,
        faults::without_parameter_sets,
        "MP4-PS: the configuration of track 1 (`hvc1`) has no video and no sequence and no \
         picture parameter sets",
    );
    check_init(
        AVC,
        |init| init[..init.len() - 1].to_vec(),
        "MP4-INIT: it cannot be read: a box of 1344 bytes where 1343 are left",
    );
    check_init(AVC, |init| init[..28].to_vec(), "MP4-INIT: it cannot be read: no `moov`");
    check_init(AVC, |init| init[28..].to_vec(), "MP4-INIT: there is no `ftyp`");
}

#[test]
fn each_fault_of_a_segment_is_found() {
    check_segment(
        AVC,
        faults::cut_in_mdat,
        "MP4-BOX: reading its 2806 bytes ends with: a box of 4236 bytes where 2122 are left",
    );
    check_segment(
        AVC,
        faults::unlike_boxes,
        "MP4-BOX: reading its 4928 bytes ends with: a box of 256 bytes where 8 are left",
    );
    check_segment(AVC, faults::without_styp, "MP4-STYP: it starts with `sidx`");
    check_segment(AVC, faults::without_mdat, "MP4-MOOF: there are 1 `moof` and 0 `mdat`");
    check_segment(AVC, faults::with_moov, "MP4-NOMOOV: there is a `moov` in it");
    check_segment(AVC, faults::mdat_before_moof, "MP4-MDAT: `mdat` where it does not belong");
    check_segment(
        AVC,
        faults::with_unknown_track,
        "MP4-TRACK: there is a `traf` of track 99; the tracks are 1, 2",
    );
    check_segment(
        AVC,
        faults::with_base_data_offsets,
        "MP4-DBIM: in 2 `traf`: samples of track 1 that are not counted from their `moof`",
    );
    check_segment(
        AVC,
        faults::without_tfdt,
        "MP4-TFDT: 2 `traf` without `tfdt`: samples of track 1 without a decode time",
    );
    check_segment(
        AVC,
        faults::with_gap_inside,
        "MP4-FRAGCONT: a fragment of track 1 starts at 0.600000 s, what is before it ends at \
         1.200000 s: 0.600000 s are there twice",
    );
    check_segment(
        AVC,
        |segment| faults::shifted(segment, 200),
        "MP4-TFDTX: the segment of track 1 starts at 0.615625 s, what is before it ends at \
         0.600000 s: 0.015625 s are missing",
    );
    check_segment(
        AVC,
        faults::with_repeated_number,
        "MP4-SEQ: the fragment 2 follows the fragment 2",
    );
    check_segment(
        AVC,
        faults::numbered_from_1,
        "MP4-SEQX: it starts with the fragment 1, behind the fragment 1",
    );
    check_segment(
        AVC,
        faults::data_outside_mdat,
        "MP4-DATA: 32 of 32 samples of track 2 are in no `mdat` (first: sample 0 of 66 bytes)",
    );
    check_segment(
        AVC,
        faults::broken_nal_length,
        "MP4-NAL: 1 of 15 samples of track 1 have NAL units that are not whole (first: sample 0: \
         a NAL unit of 16777215 bytes where 785 are left)",
    );
    check_segment(
        AVC,
        faults::flipped_sync_flags,
        "MP4-SYNCFLAG: 15 of 15 samples of track 1 have flags that their bytes contradict (first: \
         sample 0 is a key frame and is not marked as one)",
    );
    check_segment(
        AVC,
        faults::with_zero_duration,
        "MP4-ZERODUR: 1 of 15 samples of track 1 have no duration (first: sample 2)",
    );
    for (name, entry, samples) in [(AVC, "avc1", 15), (HEVC, "hvc1", 19)] {
        let init = pieces(name).init;
        let expected = format!(
            "MP4-INBAND: 1 of {samples} samples of track 1 have parameter sets under `{entry}` \
             (first: sample 0)"
        );
        check_segment(name, |segment| faults::with_parameter_sets_of(&init, segment), &expected);
    }
}

/// What rules say of the second segment when something else is changed.
#[track_caller]
fn check_listed(pieces: &Pieces, change: impl Fn(&mut SegmentEvidence), expected: &str) {
    let (init, mut segments) = pieces.evidence();
    change(&mut segments[1]);
    let said = RULES.iter().filter_map(|rule| said(rule, &init, &segments).map(|_| rule.id));
    assert_eq!(said.collect::<Vec<_>>().join(" "), expected);
}

#[test]
fn a_segment_needs_a_map() {
    check_listed(&pieces(AVC), |_| {}, "");
    check_listed(&pieces(AVC), |segment| segment.listed.map = None, "MP4-MAP");
}

#[test]
fn times_and_numbers_may_jump_at_a_discontinuity() {
    let mut pieces = pieces(AVC);
    let moved = faults::numbered_from_1(&faults::shifted(&pieces.segments[1], 10_000));
    pieces.segments[1] = moved.into();
    check_listed(&pieces, |_| {}, "MP4-TFDTX MP4-SEQX");
    check_listed(&pieces, |segment| segment.listed.has_discontinuity = true, "");
}

#[test]
fn times_may_be_off_by_a_millisecond() {
    // 12,800 ticks a second of pictures, 48,000 of sound.
    for (ticks, expected) in [(12, ""), (13, "MP4-TFDTX")] {
        let mut pieces = pieces(AVC);
        pieces.segments[1] = faults::shifted(&pieces.segments[1], ticks).into();
        assert_eq!(pieces.ids(RULES), expected, "{ticks} ticks");
    }
}

#[test]
fn without_an_initialization_section_nothing_is_said_of_tracks() {
    let good = pieces(AVC);
    let mut pieces = good.clone();
    pieces.init = Bytes::new();
    assert_eq!(pieces.ids(RULES), "MP4-INIT");
    // One that stands in the segment is better than none.
    let own = |init: &[u8], segment: &[u8]| [init, segment].concat().into();
    pieces.segments = vec![own(&good.init, &faults::broken_nal_length(&good.segments[0]))];
    assert_eq!(pieces.ids(RULES), "MP4-INIT MP4-STYP MP4-NOMOOV MP4-NAL");
}

#[test]
fn what_is_encrypted_is_said_not_to_be_examined() {
    let mut pieces = pieces(AVC);
    pieces.init = faults::encrypted(&pieces.init).into();
    let broken = faults::flipped_sync_flags(&faults::broken_nal_length(&pieces.segments[1]));
    pieces.segments[1] = broken.into();
    check(
        &pieces,
        "MP4-CRYPT: track 1 (`encv`) is encrypted: what is in its samples was not examined",
    );
}

#[test]
fn rules_have_names_of_their_own_and_say_something() {
    for rule in RULES {
        assert_eq!(RULES.iter().filter(|other| other.id == rule.id).count(), 1, "{}", rule.id);
        assert!(rule.id.starts_with("MP4-") && rule.severity <= Severity::Info);
        for sentence in [rule.requirement, rule.remedy] {
            assert!(sentence.ends_with('.') && !sentence.contains("  "), "{sentence}");
        }
    }
}
