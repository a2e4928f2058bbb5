mod hostile;

use bytes::Bytes;
use media::CodecConfig;
use samples::fmp4_faults as faults;

use super::testing::{FILES, Pieces, pieces};
use super::{InitEvidence, nanoseconds, read};
use crate::evidence::{SegmentKind, SegmentMedia, TrackMedia};

/// What each segment of a file is read as: of each track its codec, its units, where they start
/// and end in milliseconds, and which are key frames.
const TABLE: &str = "
5.1_h264-bframes_aac:
    1 avc1.64000A 15 from 0/80 to 600 keys 0 changes 0 \
    | 2 mp4a.40.2 26 from 58/58 to 612 keys all changes 0
    1 avc1.64000A 15 from 600/680 to 1200 keys 0 changes 0 \
    | 2 mp4a.40.2 32 from 612/612 to 1279 keys all changes 0
5.1_h264-no-dbim_aac:
    1 avc1.64000A 30 from 0/80 to 1200 keys 0,15 changes 0 \
    | 2 mp4a.40.2 58 from 0/0 to 1280 keys all changes 0
5.1_h264-opengop:
    1 avc1.64000A 14 from 0/80 to 560 keys 0 changes 0
    1 avc1.64000A 16 from 560/640 to 1200 keys  changes 0
9.0_aac:
    1 mp4a.40.2 29 from 0/0 to 618 keys all changes 0
    1 mp4a.40.2 28 from 618/618 to 1216 keys all changes 0
9.0_av1_opus:
    1 av01.0.00M.08 15 from 6/6 to 606 keys 0 changes 0 \
    | 2 opus 31 from 0/0 to 620 keys all changes 0
    1 av01.0.00M.08 15 from 606/606 to 1206 keys 0 changes 0 \
    | 2 opus 30 from 620/620 to 1206 keys all changes 0
9.0_h264-bframes_aac:
    1 avc1.64000A 15 from 0/80 to 600 keys 0 changes 0 \
    | 2 mp4a.40.2 26 from 58/58 to 613 keys all changes 0
    1 avc1.64000A 15 from 600/680 to 1200 keys 0 changes 0 \
    | 2 mp4a.40.2 32 from 613/613 to 1280 keys all changes 0
9.0_h264-each-frame_aac:
    1 avc1.64000A 30 from 0/80 to 1200 keys 0,15 changes 0 \
    | 2 mp4a.40.2 58 from 0/0 to 1280 keys all changes 0
9.0_h264-frags_aac:
    1 avc1.64000A 30 from 0/80 to 1200 keys 0,15 changes 0 \
    | 2 mp4a.40.2 58 from 0/0 to 1280 keys all changes 0
9.0_h264_eac3:
    1 avc1.64000A 15 from 5/5 to 605 keys 0 changes 0 \
    | 2 ec-3 19 from 0/0 to 608 keys all changes 0
    1 avc1.64000A 15 from 605/605 to 1205 keys 0 changes 0 \
    | 2 ec-3 19 from 608/608 to 1205 keys all changes 0
9.0_h264_mp3:
    1 avc1.64000A 15 from 22/22 to 622 keys 0 changes 0 \
    | 2 mp4a.40.34 26 from 0/0 to 624 keys all changes 0
    1 avc1.64000A 15 from 622/622 to 1222 keys 0 changes 0 \
    | 2 mp4a.40.34 25 from 624/624 to 1223 keys all changes 0
9.0_hev1_ac3:
    1 hvc1.1.6.L30.90 11 from 0/80 to 440 keys 0 changes 0 \
    | 2 ac-3 12 from 74/74 to 458 keys all changes 0
    1 hvc1.1.6.L30.90 19 from 440/520 to 1200 keys 0 changes 0 \
    | 2 ac-3 26 from 458/458 to 1280 keys all changes 0
9.0_hvc1_aac:
    1 hvc1.1.6.L30.90 11 from 0/80 to 440 keys 0 changes 0 \
    | 2 mp4a.40.2 18 from 58/58 to 442 keys all changes 0
    1 hvc1.1.6.L30.90 19 from 440/520 to 1200 keys 0 changes 0 \
    | 2 mp4a.40.2 40 from 442/442 to 1280 keys all changes 0
9.0_vp9_flac:
    1 vp09.00.10.08 15 from 0/0 to 600 keys 0 changes 0 \
    | 2 fLaC 29 from 0/0 to 618 keys all changes 0
    1 vp09.00.10.08 15 from 600/600 to 1200 keys 0 changes 0 \
    | 2 fLaC 28 from 618/618 to 1200 keys all changes 0
";

fn show(track: &TrackMedia) -> String {
    let codec = track.config.as_deref().map_or_else(|| "?".to_owned(), CodecConfig::rfc6381);
    let (first, last) = (&track.units[0], track.units.last().unwrap());
    let ms = |ns: i64| ns.div_euclid(1_000_000);
    let end = last.dts_ns + last.length_ns.unwrap();
    let keys: Vec<_> = track.units.iter().enumerate().filter(|(_, unit)| unit.is_key).collect();
    let keys = match keys.len() {
        count if count == track.units.len() => "all".to_owned(),
        _ => keys.iter().map(|(index, _)| index.to_string()).collect::<Vec<_>>().join(","),
    };
    let (count, changes) = (track.units.len(), track.changes.len());
    let (dts, pts, end) = (ms(first.dts_ns), ms(first.pts_ns), ms(end));
    format!("{} {codec} {count} from {dts}/{pts} to {end} keys {keys} changes {changes}", track.id)
}

#[test]
fn units_are_what_ffmpeg_wrote() {
    let mut shown = Vec::new();
    for (name, _) in FILES {
        shown.push(format!("{name}:"));
        let (_, segments) = pieces(name).evidence();
        for segment in segments {
            let tracks: Vec<_> = segment.media.tracks.iter().map(show).collect();
            shown.push(format!("    {}", tracks.join(" | ")));
        }
    }
    assert_eq!(shown.join("\n"), TABLE.trim());
}

const AVC: &str = "5.1_h264-bframes_aac";

fn media_of(pieces: &Pieces) -> Vec<SegmentMedia> {
    pieces.evidence().1.into_iter().map(|segment| segment.media).collect()
}

#[test]
fn samples_without_a_time_follow_those_before() {
    let whole = media_of(&pieces(AVC));
    let mut without = pieces(AVC);
    without.segments[1] = faults::without_tfdt(&without.segments[1]).into();
    let without = media_of(&without);
    for (whole, without) in whole[1].tracks.iter().zip(&without[1].tracks) {
        assert_eq!(whole.units, without.units);
    }
}

#[test]
fn samples_keep_their_times_when_their_bytes_are_lost() {
    let whole = media_of(&pieces(AVC));
    for fault in [faults::cut_in_mdat, faults::without_mdat, faults::data_outside_mdat] {
        let mut pieces = pieces(AVC);
        pieces.segments[1] = fault(&pieces.segments[1]).into();
        for (whole, cut) in whole[1].tracks.iter().zip(&media_of(&pieces)[1].tracks) {
            assert_eq!(whole.units, cut.units);
        }
    }
}

#[test]
fn key_frames_are_what_their_bytes_say() {
    let whole = media_of(&pieces(AVC));
    let mut flipped = pieces(AVC);
    flipped.segments[1] = faults::flipped_sync_flags(&flipped.segments[1]).into();
    assert_eq!(media_of(&flipped)[1].tracks[0].units, whole[1].tracks[0].units);
    // Where they say nothing, flags are believed.
    let mut encrypted = pieces(AVC);
    encrypted.init = faults::encrypted(&encrypted.init).into();
    encrypted.segments[1] = faults::flipped_sync_flags(&encrypted.segments[1]).into();
    let keys = media_of(&encrypted)[1].tracks[0].units.iter().filter(|unit| unit.is_key).count();
    assert_eq!(keys, 14);
}

#[test]
fn parameter_sets_in_samples_change_the_configuration() {
    let pieces = pieces(AVC);
    let own = InitEvidence::read(pieces.init.clone());
    // The level is another.
    let mut changed = pieces.init.to_vec();
    let at = changed.windows(4).position(|four| four == b"avcC").unwrap() + 4;
    assert_eq!(changed[at + 3], changed[at + 11], "the level stands twice");
    changed[at + 11] += 1;
    let other = InitEvidence::read(changed.clone().into());
    let level = |config: &CodecConfig| config.rfc6381();

    // The same as in the section: nothing changes.
    let same = Bytes::from(faults::with_parameter_sets_of(&pieces.init, &pieces.segments[1]));
    let media = read(&same, Some(&own), None);
    assert_eq!(media.tracks[0].changes, []);
    assert_eq!(media.tracks[0].config, own.tracks[0].config);

    // With the first sample: that is what holds all along.
    let first = Bytes::from(faults::with_parameter_sets_of(&changed, &pieces.segments[1]));
    let media = read(&first, Some(&own), None);
    assert_eq!(media.tracks[0].changes, []);
    let config = media.tracks[0].config.as_deref().unwrap();
    assert_eq!(level(config), level(other.tracks[0].config.as_deref().unwrap()));

    // With a later one: from there on.
    let joined = [&pieces.segments[0][..], &first].concat().into();
    let media = read(&joined, Some(&own), None);
    assert_eq!(media.tracks[0].config, own.tracks[0].config);
    let [(15, config)] = media.tracks[0].changes.as_slice() else {
        panic!("{:?}", media.tracks[0].changes)
    };
    assert_eq!(level(config), level(other.tracks[0].config.as_deref().unwrap()));
}

#[test]
fn parameter_sets_may_stand_in_samples_alone() {
    for name in [AVC, "9.0_hvc1_aac"] {
        let mut pieces = pieces(name);
        let expected = media_of(&pieces)[1].tracks[0].config.clone().unwrap();
        let with = faults::with_parameter_sets_of(&pieces.init, &pieces.segments[1]);
        pieces.init = faults::without_parameter_sets(&pieces.init).into();
        assert_eq!(media_of(&pieces)[1].tracks[0].config, None, "{name}");
        pieces.segments[1] = with.into();
        let media = media_of(&pieces);
        let config = media[1].tracks[0].config.as_deref().unwrap();
        assert_eq!(config.rfc6381(), expected.rfc6381(), "{name}");
        assert_eq!(config.video(), expected.video(), "{name}");
    }
}

#[test]
fn times_are_kept_within_what_can_be_subtracted() {
    assert_eq!(nanoseconds(1, 3), 333_333_333);
    assert_eq!(nanoseconds(2, 3), 666_666_667);
    assert_eq!(nanoseconds(-1, 3), -333_333_333);
    let (low, high) = (nanoseconds(i128::from(i64::MIN), 1), nanoseconds(i128::from(i64::MAX), 1));
    assert_eq!(high.checked_sub(low), Some(i64::MAX - 1));
    assert_eq!(nanoseconds(5, 0), 0);
}

#[test]
fn a_segment_of_something_else_has_nothing() {
    let init = InitEvidence::read(pieces(AVC).init);
    for bytes in [&b""[..], b"G", b"#EXTM3U", &[1; 8], &[0xff; 100]] {
        let media = read(&Bytes::copy_from_slice(bytes), Some(&init), None);
        assert!(media.tracks.is_empty());
        let SegmentKind::Fmp4(facts) = media.kind else { panic!("not fMP4") };
        assert_eq!((facts.samples, facts.error.is_some()), (0, !bytes.is_empty()));
    }
}
