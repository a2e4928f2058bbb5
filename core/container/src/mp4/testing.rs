//! Segments of what was published, the file made of them, and an independent reader of it.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use media::{AccessUnit, Track, TrackId, TrackKind};
use mp4_atom::{Any, Decode as _, Moov, StszSamples, Trak};

use super::{Index, Layout, Options, Segment, Span};
use crate::fmp4::{Muxer, Outline, Reader};
use crate::ts;

/// A segment as it is in a store.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The initialization section of fragments.
    pub(super) init: Option<Bytes>,
    pub(super) bytes: Bytes,
    pub(super) span: Span,
}

/// A sample as the file has it, and how it is coded: the number of its sample entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Read {
    pub(super) dts: i64,
    pub(super) pts: i64,
    pub(super) duration: u32,
    pub(super) is_sync: bool,
    pub(super) entry: u32,
    pub(super) data: Bytes,
}

impl Source {
    pub(super) fn open(&self) -> Segment {
        match &self.init {
            Some(init) => {
                let outline = Outline::of(&self.bytes).unwrap();
                Segment::fragments(&Reader::open(init).unwrap(), &outline).unwrap()
            }
            None => Segment::transport(&self.bytes).unwrap(),
        }
    }

    /// With the times that it says itself.
    pub(super) fn new(init: Option<Bytes>, bytes: Bytes) -> Self {
        let source = Self { init, bytes, span: Span { start: 0, end: 0 } };
        let span = source.open().span().unwrap();
        Self { span, ..source }
    }
}

/// The units cut before each picture that decoding can start with; of sound alone, not at all.
pub(super) fn cut(units: &[AccessUnit]) -> Vec<Vec<AccessUnit>> {
    let mut segments: Vec<Vec<AccessUnit>> = vec![Vec::new()];
    let mut pictures = 0;
    for unit in units {
        if unit.track == TrackId::VIDEO {
            if unit.random_access && pictures > 0 {
                segments.push(Vec::new());
            }
            pictures += 1;
        }
        segments.last_mut().unwrap().push(unit.clone());
    }
    segments
}

/// Transport streams, one for each list of units.
pub(super) fn transport(tracks: &[Track], segments: &[Vec<AccessUnit>]) -> Vec<Source> {
    let mut muxer = ts::Muxer::new(tracks).unwrap();
    let segments = segments.iter().map(|units| {
        let mut out = BytesMut::new();
        muxer.begin(&mut out);
        units.iter().for_each(|unit| muxer.write(unit, &mut out).unwrap());
        muxer.finish_segment(&mut out);
        Source::new(None, out.freeze())
    });
    segments.collect()
}

/// Segments of fragments, of which each has so many units.
pub(super) fn fragments(
    tracks: &[Track],
    segments: &[Vec<AccessUnit>],
    units: usize,
) -> Vec<Source> {
    let mut muxer = Muxer::new(tracks).unwrap();
    let init = muxer.init_section();
    let mut sources = Vec::new();
    for (number, segment) in segments.iter().enumerate() {
        let mut out = BytesMut::new();
        muxer.begin_segment(&mut out);
        for (at, unit) in segment.iter().enumerate() {
            if at > 0 && at.is_multiple_of(units) {
                let behind = || segment[at..].iter().chain(segments[number + 1..].iter().flatten());
                let next = |track| behind().find(|unit| unit.track == track);
                muxer.finish_fragment(|track| next(track).map(|unit| unit.dts), &mut out);
            }
            muxer.write(unit).unwrap();
        }
        let behind = || segments[number + 1..].iter().flatten();
        let next = |track| behind().find(|unit| unit.track == track);
        muxer.finish_fragment(|track| next(track).map(|unit| unit.dts), &mut out);
        sources.push(Source::new(Some(init.clone()), out.freeze()));
    }
    sources
}

/// Spans that follow each other, as records have them.
pub(super) fn adjoin(sources: &mut [Source]) {
    for at in 1..sources.len() {
        sources[at - 1].span.end = sources[at].span.start;
    }
}

/// The layout of a file of segments.
pub(super) fn lay_out(options: Options, sources: &[Source]) -> Layout {
    let mut index = Index::new(options);
    sources.iter().for_each(|source| index.add(source.span, &[source.open()]).unwrap());
    index.finish().unwrap()
}

/// A range of the file.
pub(super) fn read(layout: &Layout, sources: &[Source], range: Range<u64>) -> Bytes {
    let segment = |place: super::Place| {
        assert_eq!(place.lane, 0);
        sources[usize::try_from(place.segment).unwrap()].bytes.clone()
    };
    crate::fuzz::pieces(layout, range, segment).into()
}

/// The whole file.
pub(super) fn export(options: Options, sources: &[Source]) -> Bytes {
    let layout = lay_out(options, sources);
    read(&layout, sources, 0..u64::MAX)
}

/// The header of a file: its boxes are where they should be.
pub(super) fn header(file: &[u8]) -> Moov {
    let mut rest = file;
    let Any::Ftyp(brands) = Any::decode(&mut rest).unwrap() else { panic!("no `ftyp`") };
    assert_eq!(brands.major_brand, (*b"isom").into());
    let Any::Moov(moov) = Any::decode(&mut rest).unwrap() else { panic!("no `moov`") };
    assert_eq!(rest[4..8], *b"mdat");
    moov
}

/// The samples of a track of a file.
pub(super) fn samples(file: &Bytes, track: &Trak) -> Vec<Read> {
    let tables = &track.mdia.minf.stbl;
    let StszSamples::Different { sizes } = &tables.stsz.samples else { panic!("no sizes") };
    let repeat = |count: u32| std::iter::repeat_n((), usize::try_from(count).unwrap());
    let durations = tables.stts.entries.iter();
    let durations: Vec<u32> =
        durations.flat_map(|run| repeat(run.sample_count).map(|()| run.sample_delta)).collect();
    let offsets = tables.ctts.iter().flat_map(|ctts| &ctts.entries);
    let offsets: Vec<i64> =
        offsets.flat_map(|run| repeat(run.sample_count).map(|()| run.sample_offset)).collect();
    let small = tables.stco.iter().flat_map(|table| &table.entries).map(|at| u64::from(*at));
    let large = tables.co64.iter().flat_map(|table| &table.entries).copied();
    let (mut samples, mut dts) = (Vec::new(), 0);
    for (at, chunk) in small.chain(large).zip(1..) {
        let runs = tables.stsc.entries.iter();
        let run = runs.rev().find(|run| run.first_chunk <= chunk).unwrap();
        let mut at = usize::try_from(at).unwrap();
        for () in repeat(run.samples_per_chunk) {
            let number = samples.len();
            let bytes = usize::try_from(sizes[number]).unwrap();
            let is_listed =
                |stss: &mp4_atom::Stss| stss.entries.contains(&u32::try_from(number + 1).unwrap());
            samples.push(Read {
                dts,
                pts: dts + offsets.get(number).copied().unwrap_or(0),
                duration: durations[number],
                is_sync: tables.stss.as_ref().is_none_or(is_listed),
                entry: run.sample_description_index,
                data: file.slice(at..at + bytes),
            });
            dts += i64::from(durations[number]);
            at += bytes;
        }
    }
    assert_eq!((samples.len(), durations.len()), (sizes.len(), sizes.len()));
    assert_eq!(i64::try_from(track.mdia.mdhd.duration).unwrap(), dts);
    samples
}

/// The samples of the tracks of one kind.
pub(super) fn samples_of(file: &Bytes, kind: TrackKind) -> Vec<Vec<Read>> {
    let wanted = match kind {
        TrackKind::Video => *b"vide",
        TrackKind::Audio => *b"soun",
    };
    let tracks = header(file).trak;
    let tracks = tracks.iter().filter(|track| track.mdia.hdlr.handler == wanted.into());
    tracks.map(|track| samples(file, track)).collect()
}

/// What is shown of each track: in 90 kHz for how long nothing, from where in its media on, and in
/// 90 kHz for how long.
pub(super) fn shown(file: &Bytes) -> Vec<(u64, u64, u64)> {
    let edits = |track: &Trak| {
        let list = track.edts.as_ref().unwrap().elst.as_ref().unwrap();
        let total: u64 = list.entries.iter().map(|edit| edit.segment_duration).sum();
        assert_eq!(track.tkhd.duration, total);
        match list.entries.as_slice() {
            [edit] => (0, edit.media_time.unwrap(), edit.segment_duration),
            [empty, edit] => {
                assert_eq!(empty.media_time, None);
                (empty.segment_duration, edit.media_time.unwrap(), edit.segment_duration)
            }
            other => panic!("{} edits", other.len()),
        }
    };
    let moov = header(file);
    assert_eq!(moov.mvhd.timescale, 90_000);
    moov.trak.iter().map(edits).collect()
}
