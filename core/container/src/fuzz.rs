//! Entry points for fuzzing. Each takes any bytes; the only thing that can go wrong is a panic.

use std::ops::Range;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use media::{AccessUnit, Track, TrackKind};
use rtmp::{MediaKind, SEED_BYTES, ServerConfig, ServerSession};

use crate::flv::{self, FileReader, TagKind};
use crate::fmp4::Fault;
use crate::{fmp4, mp4, ts};

/// An FLV file, through the demuxer and, once there are tracks, the muxers; what comes out must be
/// sound.
pub fn flv(data: &[u8]) {
    let mut reader = FileReader::new();
    let mut pipe = Pipe::default();
    reader.push(data);
    while let Ok(Some(tag)) = reader.pull() {
        pipe.take(tag.kind, tag.timestamp_ms, tag.payload);
    }
    pipe.check();
}

/// Payloads of messages without a file around them, as [`each_payload`] reads them.
pub fn flv_payloads(data: &[u8]) {
    let mut pipe = Pipe::default();
    each_payload(data, |kind, timestamp_ms, payload| pipe.take(kind, timestamp_ms, payload));
    pipe.check();
}

/// Reads payloads, each behind its kind, four bytes of time in milliseconds, and two bytes of
/// length.
pub fn each_payload(data: &[u8], mut take: impl FnMut(TagKind, u32, Bytes)) {
    let mut rest = Bytes::copy_from_slice(data);
    while rest.len() >= 7 {
        let kind = if rest.get_u8().is_multiple_of(2) { TagKind::Video } else { TagKind::Audio };
        let timestamp_ms = rest.get_u32();
        let length = usize::from(rest.get_u16()).min(rest.len());
        take(kind, timestamp_ms, rest.split_to(length));
    }
}

/// The tracks of a recorded push, and its units in the order in which they came.
#[must_use]
pub fn recorded(push: &[u8]) -> (Vec<Track>, Vec<AccessUnit>) {
    demuxed(|take| each_payload(&payloads_of(push), take))
}

/// The tracks of an FLV file, and its units in the order in which they stand in it, as far as it
/// can be read.
#[must_use]
pub fn in_file(file: &[u8]) -> (Vec<Track>, Vec<AccessUnit>) {
    demuxed(|take| {
        let mut reader = FileReader::new();
        reader.push(file);
        while let Ok(Some(tag)) = reader.pull() {
            take(tag.kind, tag.timestamp_ms, tag.payload);
        }
    })
}

fn demuxed(
    each: impl FnOnce(&mut dyn FnMut(TagKind, u32, Bytes)),
) -> (Vec<Track>, Vec<AccessUnit>) {
    let (mut demuxer, mut tracks, mut units) = (flv::Demuxer::new(), Vec::new(), Vec::new());
    each(&mut |kind, timestamp_ms, payload| {
        demuxer.push(kind, timestamp_ms, payload);
        while let Some(event) = demuxer.pull() {
            match event {
                flv::Event::Track(track) => tracks.push(track),
                flv::Event::Unit(unit) => units.push(unit),
                flv::Event::Repeated(_)
                | flv::Event::EndOfSequence(_)
                | flv::Event::Unsupported { .. }
                | flv::Event::BadConfig { .. } => {}
            }
        }
    });
    (tracks, units)
}

/// The payloads of a recorded push, as [`each_payload`] reads them; those that are too long for it
/// are left out.
pub fn payloads_of(push: &[u8]) -> Vec<u8> {
    let mut session = ServerSession::new(ServerConfig::default(), &[7; SEED_BYTES], Duration::ZERO);
    let mut payloads = Vec::new();
    session.push(push);
    while let Ok(Some(event)) = session.pull(Duration::ZERO) {
        let rtmp::Event::Media(media) = event else {
            session.accept(Duration::ZERO);
            continue;
        };
        let Ok(length) = u16::try_from(media.payload.len()) else { continue };
        payloads.push(u8::from(media.kind == MediaKind::Audio));
        payloads.extend_from_slice(&media.timestamp_ms.to_be_bytes());
        payloads.extend_from_slice(&length.to_be_bytes());
        payloads.extend_from_slice(&media.payload);
    }
    payloads
}

/// A transport stream.
pub fn ts(data: &[u8]) {
    read(data, |_| {});
}

/// A header and a segment of fragmented MP4, one behind the other: the segment starts with the
/// first `styp`, `moof` or `emsg` that can be found. And a segment under a header that is known.
pub fn fmp4(data: &[u8]) {
    let data = Bytes::copy_from_slice(data);
    let is_start = |four: &[u8]| matches!(four, b"styp" | b"moof" | b"emsg");
    let start = data.windows(4).position(is_start).unwrap_or(data.len());
    let (init, segment) = data.split_at(start.saturating_sub(4));
    let (init, segment) = (data.slice_ref(init), data.slice_ref(segment));
    if let Ok(reader) = fmp4::Reader::open(&init) {
        for track in reader.tracks() {
            let _ = track.entry.config();
        }
        let _ = reader.read_segment(&segment);
    }
    let _ = fmp4::Reader::default().read_segment(&data);
}

/// Segments of all kinds, put into a progressive file: one with what is in `data` twice, between
/// edges that its first bytes say. Any range of it must be what is there in the whole.
pub fn mp4(data: &[u8]) {
    let Some((&[start, end], data)) = data.split_first_chunk() else { return };
    let data = Bytes::copy_from_slice(data);
    let is_start = |four: &[u8]| matches!(four, b"styp" | b"moof" | b"emsg");
    let found = data.windows(4).position(is_start);
    let found = found.unwrap_or(data.len()).saturating_sub(4);
    let (init, segment) = (data.slice(..found), data.slice(found..));
    let fragments = || {
        let outline = fmp4::Outline::of(&segment).ok()?;
        mp4::Segment::fragments(&fmp4::Reader::open(&init).ok()?, &outline).ok()
    };
    let (bytes, segment) = match fragments() {
        Some(fragments) => (&segment, fragments),
        None => match mp4::Segment::transport(&data) {
            Ok(transport) => (&data, transport),
            Err(_) => return,
        },
    };
    let Some(span) = segment.span() else { return };
    let edge = |edge: u8| (edge > 0).then_some(i64::from(edge) * 3_000);
    let (start, end) = (edge(start), edge(end));
    let mut index = mp4::Index::new(mp4::Options { created: None, start, end });
    let both = [segment.clone(), segment];
    for lanes in [both.get(..1).unwrap_or_default(), &both] {
        if index.add(span, lanes).is_err() {
            return;
        }
    }
    let Ok(layout) = index.finish() else { return };
    let read = |range| pieces(&layout, range, |_| bytes.clone());
    let whole = read(0..layout.length());
    assert_eq!(u64::try_from(whole.len()), Ok(layout.length()));
    for cut in [1, whole.len() / 3, layout.header_length(), whole.len() - 1] {
        let at = u64::try_from(cut).expect("a length");
        let halves = [read(0..at), read(at..u64::MAX)].concat();
        assert_eq!(halves, whole, "cut after {cut}");
    }
}

/// A range of a progressive file as its pieces are.
pub(crate) fn pieces(
    layout: &mp4::Layout,
    range: Range<u64>,
    segment: impl Fn(mp4::Place) -> Bytes,
) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in layout.pieces(range) {
        let before = out.len();
        match piece {
            mp4::Piece::Bytes(bytes) => out.extend_from_slice(&bytes),
            mp4::Piece::Copy { place, range } => {
                let range = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
                let (start, end) = range.expect("lengths");
                out.extend_from_slice(&segment(place).slice(start..end));
            }
            mp4::Piece::Payload { place, range } => {
                let payload = layout.payload(place, &segment(place)).expect("the same segment");
                out.extend_from_slice(&payload.slice(range));
            }
        }
        assert!(out.len() > before, "an empty piece");
    }
    out
}

/// Most events of one payload. It has 64 packets, each a unit with a change of its track.
const EVENTS_MAX: usize = 2 * 64;

/// Everything from payloads to packets and boxes.
#[derive(Default)]
struct Pipe {
    demuxer: flv::Demuxer,
    tracks: Vec<Track>,
    muxer: Option<ts::Muxer>,
    out: BytesMut,
    fragments: Option<Fragments>,
}

/// The fragmented MP4 of a [`Pipe`], from one change of tracks to the next.
struct Fragments {
    muxer: fmp4::Muxer,
    out: BytesMut,
    units: usize,
}

impl Pipe {
    fn take(&mut self, kind: TagKind, timestamp_ms: u32, payload: Bytes) {
        let bytes = payload.len();
        self.demuxer.push(kind, timestamp_ms, payload);
        let mut events = 0;
        while let Some(event) = self.demuxer.pull() {
            events += 1;
            assert!(events <= EVENTS_MAX, "{events} events of {bytes} bytes");
            match event {
                flv::Event::Track(track) => self.set_track(track),
                flv::Event::Unit(unit) => {
                    assert!(unit.payload.len() <= bytes && !unit.payload.is_empty());
                    assert_eq!(unit.dts.timescale(), unit.pts.timescale());
                    let track = self.tracks.iter().find(|track| track.id == unit.track);
                    assert!(track.is_some(), "{:?} was not announced", unit.track);
                    if let Some(muxer) = &mut self.muxer {
                        let _ = muxer.write(&unit, &mut self.out);
                    }
                    if let Some(fragments) = &mut self.fragments {
                        fragments.write(&unit);
                    }
                }
                flv::Event::Unsupported { what, .. } => assert!(what.to_string().len() < 100),
                flv::Event::Repeated(_)
                | flv::Event::EndOfSequence(_)
                | flv::Event::BadConfig { .. } => {}
            }
        }
    }

    fn set_track(&mut self, track: Track) {
        let video = track.codec.video().map(|_| TrackKind::Video);
        assert_eq!(video.unwrap_or(TrackKind::Audio), track.id.kind);
        self.tracks.retain(|old| old.id != track.id);
        self.tracks.push(track);
        assert!(self.tracks.len() <= 2 * flv::TRACKS_MAX);
        if let Some(muxer) = &mut self.muxer {
            muxer.finish_segment(&mut self.out);
            let _ = muxer.set_tracks(&self.tracks);
        } else {
            self.muxer = ts::Muxer::new(&self.tracks).ok();
        }
        if let Some(muxer) = &mut self.muxer {
            muxer.begin(&mut self.out);
        }
        let fragments = self.fragments.take();
        self.fragments = Fragments::new(&self.tracks);
        if let Some(fragments) = fragments {
            fragments.check();
        }
    }

    /// Whatever came in, what came out is a sound transport stream, and sound fragments.
    fn check(mut self) {
        if let Some(fragments) = self.fragments {
            fragments.check();
        }
        if let Some(muxer) = &mut self.muxer {
            muxer.finish_segment(&mut self.out);
        }
        assert!(self.out.len().is_multiple_of(ts::PACKET_BYTES));
        read(&self.out, |event| assert!(!matches!(event, ts::Event::Fault(_)), "{event:?}"));
    }
}

impl Fragments {
    fn new(tracks: &[Track]) -> Option<Self> {
        let muxer = fmp4::Muxer::new(tracks).ok()?;
        let mut out = BytesMut::new();
        muxer.begin_segment(&mut out);
        Some(Self { muxer, out, units: 0 })
    }

    fn write(&mut self, unit: &AccessUnit) {
        let is_written = self.muxer.write(unit).is_ok();
        self.units += usize::from(is_written);
        // Now and then a fragment ends, behind which nothing is known or this unit comes again.
        if self.units.is_multiple_of(5) {
            let next = |track| (track == unit.track).then_some(unit.dts);
            self.muxer.finish_fragment(next, &mut self.out);
        }
    }

    fn check(mut self) {
        self.muxer.finish_fragment(|_| None, &mut self.out);
        let reader = fmp4::Reader::open(&self.muxer.init_section()).expect("a header");
        assert!(reader.faults().is_empty(), "{:?}", reader.faults());
        let segment = reader.read_segment(&self.out.freeze()).expect("a segment");
        assert!(segment.faults.iter().all(is_hole), "{:?}", segment.faults);
        let samples: usize = segment.fragments.iter().map(|fragment| fragment.samples.len()).sum();
        assert_eq!(samples, self.units);
    }
}

/// Whether samples are missing, rather than at times that go back.
fn is_hole(fault: &Fault) -> bool {
    let Fault::Gap { expected, actual, .. } = fault else { return false };
    actual > expected
}

fn read(data: &[u8], check: impl Fn(&ts::Event)) {
    let mut demuxer = ts::Demuxer::new();
    demuxer.push(data);
    while let Ok(Some(event)) = demuxer.pull() {
        check(&event);
    }
    demuxer.finish();
    while let Ok(Some(event)) = demuxer.pull() {
        check(&event);
    }
}
