//! What must not be, and limits.

use super::*;
use crate::fmp4::{Outline, Reader};
use crate::mp4::segment::TrackTable;
use crate::testing::{hex, mutations};

#[test]
fn a_segment_that_changed_is_told() {
    let (_, [sources, _]) = real_sources();
    let layout = lay_out(ALL, &sources);
    let place = |segment| Place { segment, lane: 0 };
    let check = |place, bytes: &[u8], expected: &str| {
        assert_eq!(layout.payload(place, bytes).unwrap_err().to_string(), expected);
    };
    let is_not = "segment 0 of rendition 0 is not what it was";
    assert!(layout.payload(place(0), &sources[0].bytes).is_ok());
    check(place(0), &sources[1].bytes, is_not);
    check(place(0), &sources[0].bytes[..188 * 40], is_not);
    check(place(0), &[], is_not);
    check(place(0), &[7; 188], "packet 0 starts with 0x07, not 0x47");
    check(place(99), &sources[0].bytes, "no segment 99 of rendition 0");
}

#[test]
fn nothing_shifts_whatever_is_wrong_with_a_segment() {
    let [source, _] = small();
    let layout = lay_out(ALL, std::slice::from_ref(&source));
    let place = Place { segment: 0, lane: 0 };
    let payload = layout.payload(place, &source.bytes).unwrap();
    let mut changed = 0;
    for at in 0..source.bytes.len() {
        let mut bytes = source.bytes.to_vec();
        bytes[at] ^= 0x11;
        match layout.payload(place, &bytes) {
            Ok(other) => assert_eq!(other.len(), payload.len(), "byte {at}"),
            Err(_) => changed += 1,
        }
    }
    assert!(changed > 100, "{changed}");
}

#[test]
fn fragments_that_are_cut_off_are_told() {
    let (_, [_, sources]) = real_sources();
    let layout = lay_out(ALL, &sources);
    let place = Place { segment: 1, lane: 0 };
    let bytes = &sources[1].bytes;
    let payload = layout.payload(place, bytes).unwrap();
    let copied: Vec<u8> = layout
        .pieces(0..u64::MAX)
        .filter_map(|piece| match piece {
            Piece::Copy { place: of, range } if of == place => Some(range),
            Piece::Copy { .. } | Piece::Bytes(_) | Piece::Payload { .. } => None,
        })
        .flat_map(|it| {
            bytes.slice(usize::try_from(it.start).unwrap()..usize::try_from(it.end).unwrap())
        })
        .collect();
    assert_eq!(payload, copied);
    let error = layout.payload(place, &bytes[..bytes.len() - 1]).unwrap_err();
    assert_eq!(error, PayloadError::Changed(place));
}

#[test]
fn segments_that_cannot_be_used_are_errors() {
    let (_, [_, sources]) = real_sources();
    let source = &sources[0];
    let reader = Reader::open(source.init.as_ref().unwrap()).unwrap();
    let open = |bytes: Vec<u8>| {
        let outline = Outline::of(&bytes.into())?;
        Segment::fragments(&reader, &outline).map(|_| ())
    };
    let check = |bytes: Vec<u8>, expected: &str| {
        let error: SegmentError = open(bytes).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    let bytes = source.bytes.to_vec();
    assert_eq!(open(bytes.clone()), Ok(()));
    check(hex("00000009 6d646174"), "a box of 9 bytes where 8 are left");
    let find = |name: &[u8]| bytes.windows(4).position(|four| four == name).unwrap();
    let mut without_time = bytes.clone();
    without_time[find(b"tfdt")] = b'x';
    check(without_time, "samples of track 1 without a decode time");
    let mut outside = bytes.clone();
    let trun = find(b"trun");
    outside[trun + 12] = 0x40;
    check(outside, "a sample of track 1 outside of the data");

    let mut init = source.init.as_ref().unwrap().to_vec();
    let sample_entry = init.windows(4).position(|four| four == b"avcC").unwrap();
    init[sample_entry..sample_entry + 4].copy_from_slice(b"sinf");
    let reader = Reader::open(&init.into()).unwrap();
    let error = Segment::fragments(&reader, &Outline::of(&source.bytes).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "track 1 is encrypted");
}

#[test]
fn samples_lie_within_4_gib() {
    let units = vec![picture(0, 0, &[IDR])];
    let source = fragments(&[video()], &[units], 9).remove(0);
    let reader = Reader::open(source.init.as_ref().unwrap()).unwrap();
    // The same behind a box of so many bytes, which nobody reads.
    let open = |ahead: usize| {
        let mut outline = Outline::new(ahead + source.bytes.len());
        let length = u64::try_from(ahead).unwrap().to_be_bytes();
        outline.push(&[&b"\0\0\0\x01free"[..], &length].concat().into()).unwrap();
        assert_eq!(outline.wanted().unwrap().start, ahead);
        outline.push(&source.bytes).unwrap();
        Segment::fragments(&reader, &outline).map(|_| ())
    };
    let limit = usize::try_from(u32::MAX).unwrap();
    assert_eq!(open(limit - source.bytes.len() - 1), Ok(()));
    let error = open(limit - source.bytes.len()).unwrap_err();
    assert_eq!(error.to_string(), "a sample at byte 4294967287, beyond 4294967295");
}

#[test]
fn limits_hold() {
    let (_, [sources, _]) = real_sources();
    let (span, segment) = (sources[0].span, sources[0].open());
    let samples: usize = segment.tracks.iter().map(|track| track.samples.len()).sum();
    let add = |change: &dyn Fn(&mut Index), lanes: &[Segment]| {
        let mut index = Index::new(ALL);
        change(&mut index);
        index.add(span, lanes).map_err(|error| error.to_string())
    };
    let one = std::slice::from_ref(&segment);
    assert_eq!(add(&|index| index.samples = SAMPLES_MAX - samples, one), Ok(()));
    let error = add(&|index| index.samples = SAMPLES_MAX - samples + 1, one);
    assert_eq!(error, Err("more than 16777216 samples".into()));
    assert_eq!(add(&|index| index.segments = SEGMENTS_MAX - 1, one), Ok(()));
    let error = add(&|index| index.segments = SEGMENTS_MAX, one);
    assert_eq!(error, Err("more than 262144 segments".into()));

    let lanes = |count| vec![segment.clone(); count];
    assert_eq!(add(&|_| {}, &lanes(15)), Ok(()));
    assert_eq!(add(&|_| {}, &lanes(16)), Err("more than 16 tracks".into()));
    assert_eq!(add(&|_| {}, &lanes(17)), Err("more than 16 renditions".into()));
}

#[test]
fn entries_and_times_have_limits() {
    let (_, [sources, _]) = real_sources();
    let segment = sources[0].open();
    let mut index = Index::new(ALL);
    let changed = |number: usize| {
        let mut segment = segment.clone();
        let track: &mut TrackTable = &mut segment.tracks[0];
        track.samples.truncate(1);
        let entry = [b"....", &number.to_be_bytes()[..]].concat();
        track.description.as_mut().unwrap().entry = entry.into();
        segment
    };
    for number in (0..ENTRIES_MAX).chain(0..ENTRIES_MAX) {
        index.add(sources[0].span, &[changed(number)]).unwrap();
    }
    let error = index.add(sources[0].span, &[changed(ENTRIES_MAX)]).unwrap_err();
    assert_eq!(error.to_string(), "more than 256 sample entries");

    for (start, end) in [(1, 0), (i64::MIN, i64::MAX), (i64::MIN, i64::MIN)] {
        let mut index = Index::new(ALL);
        let added = index.add(Span { start, end }, &[sources_of_fragments()]);
        assert_eq!(added, Err(ExportError::Time), "{start} to {end}");
    }
    // Half a day from one picture to the next cannot be said.
    let mut index = Index::new(ALL);
    let day =
        Span { start: sources[0].span.start, end: sources[0].span.start + 24 * 3_600 * 90_000 };
    index.add(day, std::slice::from_ref(&segment)).unwrap();
    assert_eq!(index.add(day, &[segment]), Err(ExportError::Time));
}

fn sources_of_fragments() -> Segment {
    let (_, [_, sources]) = real_sources();
    sources[0].open()
}

#[test]
fn records_stay_small() {
    // What the documentation of `Layout` says.
    assert!(size_of::<index::File>() <= 40);
    assert!(size_of::<index::Chunk>() <= 20);
    assert!(size_of::<segment::Run>() <= 8);
}

#[test]
fn a_segment_that_grew_is_told() {
    let units = [picture(0, 0, &[IDR]), picture(40, 40, &[SLICE]), picture(80, 80, &[SLICE])];
    let make = |count: usize| transport(&[video()], &[units[..count].to_vec()]).remove(0);
    let layout = lay_out(ALL, &[make(2)]);
    let place = Place { segment: 0, lane: 0 };
    assert!(layout.payload(place, &make(2).bytes).is_ok());
    for count in [1, 3] {
        let error = layout.payload(place, &make(count).bytes).unwrap_err();
        assert_eq!(error, PayloadError::Changed(place));
    }
}

/// A segment of both kinds, of few packets and of two fragments.
fn small() -> [Source; 2] {
    let units = vec![
        picture(0, 80, &[IDR]),
        frame(0, &[1; 5]),
        frame(1_024, &[2; 6]),
        picture(40, 40, &[SLICE]),
        picture(80, 120, &[IDR]),
        picture(120, 120, &[SLICE]),
    ];
    let tracks = [video(), audio()];
    let transport = transport(&tracks, std::slice::from_ref(&units)).remove(0);
    [transport, fragments(&tracks, &[units], 3).remove(0)]
}

#[test]
fn damaged_segments_are_not_trusted() {
    let [transport, fragments] = small();
    let whole = [&fragments.init.unwrap()[..], &fragments.bytes].concat();
    let of_fragments = [&[0, 0], &whole[..]].concat();
    let clip = [&[1, 4], &whole[..]].concat();
    let of_transport = [&[1, 4], &transport.bytes[..]].concat();
    mutations(&[&of_fragments, &clip, &of_transport], crate::fuzz::mp4);
}
