//! Pictures of H.265.

use samples::Capture;

use super::*;
use crate::testing::captured;

const IDR: &str = "2601af";
const CRA: &str = "2a01af";
const BLA: &str = "2001af";
const TRAILING: &str = "0201d0";
const SEI: &str = "4e0105ff80";

fn track() -> Track {
    let capture = Capture::named("ffmpeg-9.0_hevc-bframes_aac").unwrap();
    let (tracks, _) = captured(&capture);
    tracks.into_iter().find(|track| track.id == TrackId::VIDEO).unwrap()
}

/// What becomes of a picture's NAL units; `v`, `s` and `p` are the configuration's parameter sets.
#[track_caller]
fn check(nal_units: &[&str], expected: &[&str], is_random_access: bool) {
    let track = track();
    let media::CodecConfig::Hevc(config) = &track.codec else { panic!("{track:?}") };
    let expected = expected.iter().flat_map(|nal| {
        let nal = match *nal {
            "v" => config.vps_list()[0].to_vec(),
            "s" => config.sps_list()[0].to_vec(),
            "p" => config.pps_list()[0].to_vec(),
            other => hex(other),
        };
        [hex("00000001"), nal].concat()
    });
    let mut muxer = Muxer::new(std::slice::from_ref(&track)).unwrap();
    let pes = pes_packets(&segment(&mut muxer, &[picture(0, 0, nal_units)])).remove(0);
    assert_eq!(pes.data, expected.collect::<Vec<_>>(), "{nal_units:?}");
    assert_eq!(pes.is_random_access, is_random_access, "{nal_units:?}");
}

#[test]
fn a_picture_that_decoding_can_start_with_gets_all_parameter_sets() {
    for entry in [IDR, CRA, BLA] {
        check(&[entry], &["460150", "v", "s", "p", entry], true);
        check(&["460150", SEI, entry], &["460150", "v", "s", "p", SEI, entry], true);
    }
    check(&[TRAILING], &["460150", TRAILING], false);
    // One of another layer does not make the picture an entry.
    check(&[TRAILING, "2609af"], &["460150", TRAILING, "2609af"], false);
}

#[test]
fn parameter_sets_that_a_picture_brings_stay_where_they_are() {
    let (vps, sps, pps) = ("40010a", "4201bb", "4401cc");
    check(&[vps, sps, pps, SEI, CRA], &["460150", vps, sps, pps, SEI, CRA], true);
    check(&[sps, CRA], &["460150", "v", sps, "p", CRA], true);
    check(&[vps, pps, CRA], &["460150", vps, "s", pps, CRA], true);
    check(&[SEI, sps, sps, CRA], &["460150", "v", SEI, sps, sps, "p", CRA], true);
    check(&[pps, CRA], &["460150", "v", "s", pps, CRA], true);
    // Of other numbers.
    check(&["40011a", CRA], &["460150", "v", "40011a", "s", "p", CRA], true);
    check(&["440140", CRA], &["460150", "v", "s", "p", "440140", CRA], true);
    // Too late, and for another layer.
    check(&[CRA, sps], &["460150", "v", "s", "p", CRA, sps], true);
    for other in ["4009aa", "4209bb", "4409cc"] {
        check(&[other, CRA], &["460150", "v", "s", "p", other, CRA], true);
    }
    check(&[sps, TRAILING], &["460150", sps, TRAILING], false);
}

#[test]
fn the_program_map_names_the_codec() {
    let mut muxer = Muxer::new(&[track()]).unwrap();
    let events = read(&segment(&mut muxer, &[]));
    let is_map = |event: &&Event| matches!(event, Event::Program(_));
    let Some(Event::Program(map)) = events.iter().find(is_map) else { panic!("no map") };
    let stream = &map.streams[0];
    assert_eq!((stream.kind, stream.registration()), (StreamType::HEVC, Some(*b"HEVC")));
    // As many as there may be, all with the descriptor.
    let tracks: Vec<_> = (0..11)
        .map(|number| Track { id: TrackId { number, ..TrackId::VIDEO }, ..track() })
        .collect();
    let mut muxer = Muxer::new(&tracks).unwrap().with_timed_id3();
    assert_eq!(segment(&mut muxer, &[]).len(), 2 * PACKET_BYTES);
}
