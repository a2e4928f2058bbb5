//! What the header says, and numbers that need more room than usual.

use media::{Timescale, TrackKind};
use mp4_atom::Moov;

use super::*;
use crate::mp4::segment::{Description, Format, Run, Sample, TrackTable};

const HOUR: i64 = 3_600 * 90_000;

/// A segment of which nobody has the bytes: pictures of so many bytes, each an hour long.
fn hours(count: i64, bytes: u32) -> Segment {
    let sample = |number: i64| Sample {
        dts: number * HOUR,
        pts: number * HOUR,
        duration: 3_600 * 90_000,
        bytes,
        is_sync: true,
    };
    let entry = Bytes::from_static(b"\0\0\0\x10abcd\0\0\0\0\0\0\0\x01");
    let table = TrackTable {
        kind: TrackKind::Video,
        timescale: Timescale::MPEG,
        description: Some(Description { entry, shown_size: [0; 2], sets: Bytes::new() }),
        samples: (0..count).map(sample).collect(),
        runs: (0..count).map(|_| Run { at: 8, bytes }).collect(),
    };
    Segment { tracks: vec![table], format: Format::Fragments }
}

fn lay_out_hours(options: Options, count: i64, bytes: u32) -> Layout {
    let mut index = Index::new(options);
    index.add(Span { start: 0, end: count * HOUR }, &[hours(count, bytes)]).unwrap();
    index.finish().unwrap()
}

fn head(layout: &Layout) -> (Bytes, Moov) {
    let ahead = u64::try_from(layout.header_length()).unwrap();
    let Some(Piece::Bytes(bytes)) = layout.pieces(0..ahead).next() else { panic!("no header") };
    let moov = header(&bytes);
    (bytes, moov)
}

#[test]
fn a_file_of_more_than_4_gib_has_offsets_of_64_bits() {
    for (count, bytes, is_large) in [(3, 1 << 30, false), (4, 1 << 30, true), (9, u32::MAX, true)] {
        let layout = lay_out_hours(ALL, count, bytes);
        let (head, moov) = head(&layout);
        let tables = &moov.trak[0].mdia.minf.stbl;
        assert_eq!((tables.co64.is_some(), tables.stco.is_some()), (is_large, !is_large));
        let ahead = u64::try_from(layout.header_length()).unwrap();
        let small = tables.stco.iter().flat_map(|it| &it.entries).map(|at| u64::from(*at));
        let large = tables.co64.iter().flat_map(|it| &it.entries).copied();
        assert_eq!(small.chain(large).collect::<Vec<_>>(), [ahead]);
        let payload = u64::try_from(count).unwrap() * u64::from(bytes);
        assert_eq!(layout.length(), ahead + payload);
        // `mdat` says its length in 32 bits if that is possible, otherwise in 64.
        let start = match u32::try_from(payload + 8) {
            Ok(length) => [&length.to_be_bytes()[..], b"mdat"].concat(),
            Err(_) => [&b"\0\0\0\x01mdat"[..], &(payload + 16).to_be_bytes()].concat(),
        };
        assert!(head.ends_with(&start));
        // Every piece is where it should be, though nobody has so many bytes.
        let end: u64 = layout
            .pieces(ahead..u64::MAX)
            .map(|piece| match piece {
                Piece::Copy { range, .. } => range.end - range.start,
                Piece::Bytes(_) | Piece::Payload { .. } => panic!("{piece:?}"),
            })
            .sum();
        assert_eq!(end, payload);
    }
}

#[test]
fn long_files_have_times_of_64_bits() {
    for hours in [13, 14, 24 * 90] {
        let layout = lay_out_hours(ALL, hours, 7);
        let (head, moov) = head(&layout);
        let duration = u64::try_from(hours * HOUR).unwrap();
        let version = u8::from(duration > u64::from(u32::MAX));
        for name in [b"mvhd", b"tkhd", b"mdhd", b"elst"] {
            let at = head.windows(4).position(|four| four == name).unwrap();
            assert_eq!(head[at + 4], version, "{hours} {}", name.escape_ascii());
        }
        let track = &moov.trak[0];
        let durations = [moov.mvhd.duration, track.tkhd.duration, track.mdia.mdhd.duration];
        assert_eq!(durations, [duration; 3]);
        assert_eq!(shown(&head), [(0, 0, duration)]);
    }
}

#[test]
fn a_late_start_has_64_bits_where_31_do_not_hold_it() {
    for (hours_in, version) in [(6, 0), (7, 1)] {
        let mut segment = hours(10, 7);
        let samples = segment.tracks[0].samples.iter_mut();
        samples.skip(1).for_each(|sample| sample.is_sync = false);
        let mut index = Index::new(Options { start: Some(hours_in * HOUR), ..ALL });
        index.add(Span { start: 0, end: 10 * HOUR }, &[segment]).unwrap();
        let (head, moov) = head(&index.finish().unwrap());
        let at = head.windows(4).position(|four| four == b"elst").unwrap();
        assert_eq!(head[at + 4], version);
        let ticks = |hours: i64| u64::try_from(hours * HOUR).unwrap();
        assert_eq!(shown(&head), [(0, ticks(hours_in), ticks(10 - hours_in))]);
        assert_eq!(moov.trak[0].mdia.minf.stbl.stss.as_ref().unwrap().entries, [1]);
    }
    // Where decoding can start with each, nothing is said.
    let (_, moov) = head(&lay_out_hours(ALL, 3, 7));
    assert_eq!(moov.trak[0].mdia.minf.stbl.stss, None);
}

#[test]
fn the_time_of_making_is_counted_from_1904() {
    // The last second that 32 bits can say is in 2040.
    for (created, expected) in [
        (None, 0),
        (Some(0), 2_082_844_800),
        (Some(2_212_122_495), u64::from(u32::MAX)),
        (Some(2_212_122_496), u64::from(u32::MAX) + 1),
    ] {
        let (_, moov) = head(&lay_out_hours(Options { created, ..ALL }, 1, 7));
        assert_eq!(moov.mvhd.creation_time, expected);
        let track = &moov.trak[0];
        assert_eq!([track.tkhd.creation_time, track.mdia.mdhd.creation_time], [expected; 2]);
    }
}

#[test]
fn pictures_are_as_large_as_they_are_shown() {
    let (_, sources) = real_sources();
    for sources in sources {
        let moov = header(&export(ALL, &sources));
        let [video, audio] = &moov.trak[..] else { panic!("{} tracks", moov.trak.len()) };
        let size = |track: &mp4_atom::Trak| {
            (track.tkhd.width.integer(), track.tkhd.height.integer(), track.tkhd.track_id)
        };
        assert_eq!((size(video), size(audio)), ((160, 90, 1), (0, 0, 2)));
        assert_eq!(video.mdia.minf.stbl.stss.as_ref().unwrap().entries[0], 1);
        assert!(audio.mdia.minf.stbl.stss.is_none() && audio.mdia.minf.stbl.ctts.is_none());
        assert_eq!(video.mdia.minf.stbl.stts.entries.len(), 1);
        assert_eq!(moov.mvhd.next_track_id, 3);
    }
}

#[test]
fn offsets_may_be_negative() {
    let units = [picture(80, 80, &[IDR]), picture(120, 80, &[SLICE])];
    let sources = fragments(&[video()], &[units.to_vec()], 9);
    let samples = &samples_of(&export(ALL, &sources), TrackKind::Video)[0];
    let times: Vec<_> = samples.iter().map(|sample| (sample.dts, sample.pts)).collect();
    assert_eq!(times, [(0, 0), (3_600, 0)]);
}
