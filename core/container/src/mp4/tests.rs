//! Files made of segments, read by an independent reader.

mod captures;
mod clips;
mod headers;
mod hostile;
mod joins;

use bytes::Bytes;
use media::avc::{NalLengthSize, nal_units};
use media::{AccessUnit, TrackKind};
use proptest::prelude::*;

use super::testing::*;
use super::*;
use crate::testing::{audio, frame, picture, real_units, video};

/// Everything, from the first sample to the last.
const ALL: Options = Options { created: None, start: None, end: None };

const IDR: &str = "65888400";
const SLICE: &str = "419a2100";

/// A unit as it must be in a sample, written the slow way.
fn stored(unit: &AccessUnit) -> Bytes {
    if unit.track.kind == TrackKind::Audio {
        return unit.payload.clone();
    }
    let nals = nal_units(&unit.payload, NalLengthSize::Four).map(Result::unwrap);
    let nals = nals.filter(|nal| !matches!(nal[0] & 0x1f, 7 | 8 | 9 | 13));
    let length = |nal: &[u8]| u32::try_from(nal.len()).unwrap().to_be_bytes();
    nals.flat_map(|nal| [&length(nal)[..], nal].concat()).collect()
}

/// Segments of a real stream, as transport streams and as fragments of some 7 units.
fn real_sources() -> (Vec<AccessUnit>, [Vec<Source>; 2]) {
    let (tracks, units) = real_units();
    let segments = cut(&units);
    let mut sources = [transport(&tracks, &segments), fragments(&tracks, &segments, 7)];
    sources.iter_mut().for_each(|sources| adjoin(sources));
    (units, sources)
}

#[test]
fn a_real_stream_comes_back_as_it_was() {
    let (units, sources) = real_sources();
    for sources in sources {
        assert!(sources.len() > 1);
        let file = export(ALL, &sources);
        for (kind, hz) in [(TrackKind::Video, 90_000), (TrackKind::Audio, 44_100)] {
            let [samples] = &samples_of(&file, kind)[..] else { panic!("{kind:?}") };
            let expected: Vec<_> = units.iter().filter(|unit| unit.track.kind == kind).collect();
            assert_eq!(samples.len(), expected.len());
            let first = expected[0].dts.ticks();
            for (sample, unit) in samples.iter().zip(expected) {
                assert_eq!(sample.data, stored(unit));
                assert_eq!((sample.is_sync, sample.entry), (unit.random_access, 1));
                // The units are in milliseconds, of which sound has to be within one.
                let time = |ticks: i64| (ticks - first) * hz / 1_000;
                let slack = if kind == TrackKind::Audio { hz / 1_000 + 1 } else { 0 };
                assert!(sample.pts.abs_diff(time(unit.pts.ticks())) <= slack.unsigned_abs());
            }
        }
    }
}

#[test]
fn sound_and_pictures_keep_their_distance() {
    let (units, sources) = real_sources();
    let first = |kind| {
        let of_kind = units.iter().filter(|unit| unit.track.kind == kind);
        of_kind.map(|unit| unit.pts.ticks()).min().unwrap()
    };
    let late = (first(TrackKind::Audio) - first(TrackKind::Video)) * 90;
    for sources in sources {
        let shown = shown(&export(ALL, &sources));
        let [(video, ..), (audio, ..)] = shown[..] else { panic!("{shown:?}") };
        let actual = i64::try_from(audio).unwrap() - i64::try_from(video).unwrap();
        assert!(actual.abs_diff(late) <= 90, "{actual} instead of {late}");
        assert!(video == 0 || audio == 0);
    }
}

#[test]
fn reordered_pictures_are_shown_from_the_start_on() {
    let (_, sources) = real_sources();
    for sources in sources {
        let file = export(ALL, &sources);
        let pictures = &samples_of(&file, TrackKind::Video)[0];
        let first = pictures.iter().map(|sample| sample.pts).min().unwrap();
        assert!(first > 0, "nothing is reordered");
        let (_, media_time, duration) = shown(&file)[0];
        assert_eq!(i64::try_from(media_time).unwrap(), first);
        let end = pictures.iter().map(|it| it.pts + i64::from(it.duration)).max().unwrap();
        assert_eq!(i64::try_from(duration).unwrap(), end - first);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_range_is_what_is_there_in_the_whole(
        ranges in prop::collection::vec((0..1_000_usize, 0..1_000_usize), 20),
        start in prop::option::of(0..90_000_i64),
        end in prop::option::of(90_000..180_000_i64),
    ) {
        let (_, sources) = real_sources();
        for sources in sources {
            let layout = lay_out(Options { created: None, start, end }, &sources);
            let whole = read(&layout, &sources, 0..u64::MAX);
            prop_assert_eq!(u64::try_from(whole.len()), Ok(layout.length()));
            for (from, part) in &ranges {
                let scaled = |part: usize, of: usize| part * of / 1_000;
                let from = scaled(*from, whole.len());
                let to = from + scaled(part * part / 1_000, whole.len() - from);
                let range = u64::try_from(from).unwrap()..u64::try_from(to).unwrap();
                prop_assert_eq!(read(&layout, &sources, range), whole.slice(from..to));
            }
        }
    }
}

#[test]
fn a_range_touches_only_segments_that_have_it() {
    let (_, sources) = real_sources();
    for sources in sources {
        let layout = lay_out(ALL, &sources);
        let ahead = u64::try_from(layout.header_length()).unwrap();
        let places = |range| {
            let places = layout.pieces(range).filter_map(|piece| match piece {
                Piece::Bytes(_) => None,
                Piece::Copy { place, .. } | Piece::Payload { place, .. } => Some(place.segment),
            });
            let mut places: Vec<u32> = places.collect();
            places.dedup();
            places
        };
        let all: Vec<u32> = (0..).take(sources.len()).collect();
        assert_eq!(places(0..layout.length()), all);
        assert_eq!(places(0..ahead), []);
        assert_eq!(places(ahead - 1..ahead + 1), [0]);
        assert_eq!(places(layout.length() - 1..u64::MAX), all[all.len() - 1..]);
        assert_eq!(places(layout.length()..u64::MAX), []);
        #[expect(clippy::reversed_empty_ranges, reason = "a caller may be wrong")]
        let backwards = places(9..3);
        assert_eq!(backwards, []);
    }
}

#[test]
fn a_segment_of_one_fragment_is_one_range() {
    let units = [
        picture(0, 0, &[IDR]),
        frame(0, &[1; 50]),
        frame(1_024, &[2; 6]),
        picture(40, 40, &[SLICE]),
    ];
    let sources = fragments(&[video(), audio()], &[units.to_vec()], 100);
    let layout = lay_out(ALL, &sources);
    let ahead = u64::try_from(layout.header_length()).unwrap();
    assert_eq!(layout.length() - ahead, 8 + 8 + 50 + 6);
    let pieces: Vec<_> = layout.pieces(ahead..layout.length()).collect();
    assert!(matches!(pieces[..], [Piece::Copy { .. }]), "{pieces:?}");
}

#[test]
fn tables_cost_few_bytes() {
    // Ten minutes of 30 pictures a second, counted in milliseconds and reordered, with AAC.
    let (mut pictures, mut sounds) = (Vec::new(), Vec::new());
    for number in 0..18_000_i64 {
        let dts = number * 1_000 / 30;
        let offset = [66, 133, 66, 0, 33][usize::try_from(number % 5).unwrap()];
        pictures.push(picture(dts, dts + offset, &[if number % 60 == 0 { IDR } else { SLICE }]));
    }
    for number in 0..28_125 {
        sounds.push(frame(number * 1_024, &[1; 3]));
    }
    let sources = fragments(&[video(), audio()], &[[pictures, sounds].concat()], usize::MAX);
    let layout = lay_out(ALL, &sources);
    let samples = 18_000 + 28_125;
    let tenths = layout.header_length() * 10 / samples;
    assert!((60..=100).contains(&tenths), "{tenths} tenths of a byte for each sample");
}
