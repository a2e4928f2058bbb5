use bytes::Bytes;
use samples::fmp4_faults as faults;

use super::RULES;
use crate::evidence::fmp4::testing::{FILES, pieces, said};
use crate::evidence::{Second, SegmentEvidence, SegmentKind};

#[test]
fn both_readers_agree_on_what_ffmpeg_writes() {
    for (name, _) in FILES {
        let pieces = pieces(name);
        assert_eq!(pieces.broken(RULES), [], "{name}");
        let (_, segments) = pieces.evidence();
        let is_read = |segment: &SegmentEvidence| {
            let SegmentKind::Fmp4(facts) = &segment.media.kind else { return false };
            matches!(&facts.second, Some(Second::Read(fragments)) if !fragments.is_empty())
        };
        assert!(segments.iter().all(is_read), "{name}");
    }
}

#[test]
fn both_readers_agree_on_what_is_wrong_otherwise() {
    let whole = pieces("5.1_h264-bframes_aac");
    let check = |segment: Vec<u8>| {
        let mut pieces = whole.clone();
        pieces.segments[1] = segment.into();
        assert_eq!(pieces.broken(RULES), []);
    };
    let segment = &whole.segments[1];
    check(faults::with_base_data_offsets(segment));
    check(faults::with_gap_inside(segment));
    check(faults::with_unknown_track(segment));
    check(faults::without_tfdt(segment));
    check(faults::with_zero_duration(segment));
    check(faults::cut_in_mdat(segment));
}

/// What is said when the second reader had found something else in the second segment.
#[track_caller]
fn check(change: impl Fn(&mut Second<Vec<crate::evidence::Fmp4Fragment>>), expected: &str) {
    let (init, mut segments) = pieces("5.1_h264-bframes_aac").evidence();
    let SegmentKind::Fmp4(facts) = &mut segments[1].media.kind else { panic!("not fMP4") };
    change(facts.second.as_mut().unwrap());
    assert_eq!(said(&RULES[1], &init, &segments).unwrap_or_default(), expected);
}

#[test]
fn where_they_disagree_it_is_said() {
    let change = |change: fn(&mut Vec<crate::evidence::Fmp4Fragment>)| {
        move |second: &mut Second<_>| {
            let Second::Read(fragments) = second else { panic!("not read") };
            change(fragments);
        }
    };
    check(|_| {}, "");
    check(change(|all| all.clear()), "1 fragments here, 0 by mp4-atom");
    check(change(|all| all[0].number = 9), "the fragment 2 here is 9 by mp4-atom");
    check(change(|all| all[0].pieces.truncate(1)), "fragment 2: 2 `traf` here, 1 by mp4-atom");
    check(
        change(|all| all[0].pieces[0].time = None),
        "fragment 2, track 1: its time: 7680 here, -1 by mp4-atom",
    );
    check(
        change(|all| all[0].pieces[1].samples = 1),
        "fragment 2, track 2: its samples: 32 here, 1 by mp4-atom",
    );
    check(|second| *second = Second::Refused("no".to_owned()), "mp4-atom refuses it: no");
    check(|second| *second = Second::TooMuch, "");
}

#[test]
fn tracks_that_differ_are_said() {
    let (mut init, segments) = pieces("9.0_aac").evidence();
    init.tracks[0].timescale = 1;
    assert_eq!(
        said(&RULES[0], &init, &segments).unwrap(),
        "the tracks are [SecondTrack { id: 1, timescale: 1, defaults: Some([0, 0, 0]) }] here, \
         [SecondTrack { id: 1, timescale: 48000, defaults: Some([0, 0, 0]) }] by mp4-atom"
    );
    init.second = Second::Refused("no".to_owned());
    assert_eq!(said(&RULES[0], &init, &segments).unwrap(), "mp4-atom refuses it: no");
    // What neither can read is said elsewhere.
    init.reader = container::fmp4::Reader::open(&Bytes::new());
    assert_eq!(said(&RULES[0], &init, &segments), None);
}
