//! Segments: what is at their top, and the samples of their fragments.

use std::collections::BTreeMap;
use std::mem;

use bytes::Bytes;

use super::boxes::{Body, Boxes};
use super::{
    Fault, Fragment, ReadError, SEGMENT_BOXES_MAX, SEGMENT_SAMPLES_MAX, Sample, Segment,
    TrackFragment, TrackInfo, message, note,
};

/// A segment that is being read.
struct Reading<'a> {
    tracks: &'a [TrackInfo],
    /// The whole segment, if more of it is there than its headers.
    file: Option<&'a Bytes>,
    segment: Segment,
    /// Samples so far.
    samples: usize,
    /// Where the samples of each track end.
    ends: BTreeMap<u32, i64>,
    /// From where to where there are data: the contents of every `mdat`.
    data: Vec<(usize, usize)>,
    /// Whether a `moof` waits for its `mdat`.
    is_waiting: bool,
    /// Of the fragment: where its `moof` starts.
    moof: usize,
    /// Of the fragment: where the data of the track before end.
    track_end: usize,
    /// Of the track: what its data offsets are counted from, and what they may be counted from.
    bases: [usize; 2],
    /// Where the data of its next run are, if the run does not say.
    at: usize,
}

/// What is said of all samples of a track in a fragment.
struct Defaults {
    track: u32,
    duration: u32,
    bytes: u32,
    flags: u32,
}

/// The bit of a sample's flags that decoding cannot start with it (8.8.3.1).
const NON_SYNC: u32 = 0x0001_0000;

/// Bits of the flags of `tfhd` (8.8.7.1).
const BASE_DATA_OFFSET: u32 = 0x00_0001;
const BASE_IS_MOOF: u32 = 0x02_0000;

pub(super) fn read(tracks: &[TrackInfo], file: &Bytes) -> (Segment, Option<ReadError>) {
    let (mut boxes, mut error) = (Vec::new(), None);
    for body in Boxes::new(file.clone()) {
        let is_too_many = boxes.len() == SEGMENT_BOXES_MAX;
        match body {
            Ok(body) if !is_too_many => boxes.push(body),
            Ok(_) => error = Some(ReadError::TooMany { what: "boxes", limit: SEGMENT_BOXES_MAX }),
            Err(length) => error = Some(length),
        }
        if error.is_some() {
            break;
        }
    }
    let of_data = boxes.iter().filter(|body| body.kind.0 == *b"mdat");
    let of_data = of_data.map(|body| (body.body_start, body.body_start + body.rest().len()));
    let data = of_data.collect();
    let (segment, stop) = read_boxes(tracks, boxes, data, Some(file));
    (segment, stop.or(error))
}

/// Reads the boxes of a segment whose `mdat`s have their contents at `data`, which are only in
/// `file`.
pub(super) fn read_boxes(
    tracks: &[TrackInfo],
    boxes: Vec<Body>,
    data: Vec<(usize, usize)>,
    file: Option<&Bytes>,
) -> (Segment, Option<ReadError>) {
    let mut reading = Reading {
        tracks,
        file,
        segment: Segment::default(),
        samples: 0,
        ends: BTreeMap::new(),
        data,
        is_waiting: false,
        moof: 0,
        track_end: 0,
        bases: [0; 2],
        at: 0,
    };
    reading.segment.boxes = boxes.iter().map(|body| body.kind).collect();
    if boxes.first().is_none_or(|body| body.kind.0 != *b"styp") {
        reading.note(Fault::NoSegmentType);
    }
    for body in boxes {
        if let Err(stop) = reading.read_box(body) {
            return (reading.segment, Some(stop));
        }
    }
    reading.end_fragment();
    (reading.segment, None)
}

impl Reading<'_> {
    fn read_box(&mut self, body: Body) -> Result<(), ReadError> {
        match &body.kind.0 {
            b"mdat" if self.is_waiting => self.is_waiting = false,
            b"moof" => {
                self.end_fragment();
                self.is_waiting = true;
                self.read_fragment(body)?;
            }
            b"styp" | b"emsg" => {
                self.end_fragment();
                if body.kind.0 == *b"emsg" {
                    self.segment.messages.push(message::read(body)?);
                } else {
                    let brands = body.brands()?;
                    if self.segment.brands.is_empty() {
                        self.segment.brands = brands;
                    }
                }
            }
            b"moov" | b"mdat" | b"ftyp" => self.note(Fault::Misplaced(body.kind)),
            _ => {}
        }
        Ok(())
    }

    /// A `moof` without its `mdat` is not where it belongs.
    fn end_fragment(&mut self) {
        if mem::take(&mut self.is_waiting) {
            self.note(Fault::Misplaced(super::FourCc(*b"moof")));
        }
    }

    fn read_fragment(&mut self, header: Body) -> Result<(), ReadError> {
        self.moof = header.start;
        // Its own data: the first behind it.
        let behind = self.data.partition_point(|(start, _)| *start < header.start);
        self.at = self.data.get(behind).map_or(0, |(start, _)| *start);
        self.track_end = self.moof;
        let mut number = header.child(b"mfhd")?;
        number.version()?;
        let sequence_number = number.u32()?;
        if let Some(last) = self.segment.fragments.last().map(|fragment| fragment.sequence_number)
            && sequence_number <= last
        {
            self.note(Fault::Sequence { last, actual: sequence_number });
        }
        let mut fragment = Fragment { sequence_number, tracks: Vec::new(), samples: Vec::new() };
        let mut result = Ok(());
        for body in header.boxes() {
            result = match body {
                Ok(body) if body.kind.0 == *b"traf" => self.read_track(body, &mut fragment),
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
            if result.is_err() {
                break;
            }
        }
        self.segment.fragments.push(fragment);
        result
    }

    fn read_track(&mut self, body: Body, fragment: &mut Fragment) -> Result<(), ReadError> {
        let Some(defaults) = self.read_header(body.child(b"tfhd")?)? else { return Ok(()) };
        let track = defaults.track;
        let start = match body.child(b"tfdt") {
            Ok(mut time) => {
                let (version, _) = time.version()?;
                let ticks = time.versioned(version)?;
                Some(i64::try_from(ticks).map_err(|_| ReadError::Invalid(time.kind))?)
            }
            Err(ReadError::Missing(_)) => {
                self.note(Fault::NoDecodeTime(track));
                None
            }
            Err(error) => return Err(error),
        };
        let end = self.ends.get(&track).copied();
        let mut time = start.or(end).unwrap_or(0);
        if let Some(expected) = end.filter(|end| *end != time) {
            self.note(Fault::Gap { track, expected, actual: time });
        }
        let samples = fragment.samples.len();
        for run in body.boxes() {
            let run = run?;
            if run.kind.0 == *b"trun" {
                time = self.read_run(run, &defaults, time, &mut fragment.samples)?;
            }
        }
        self.ends.insert(track, time);
        self.track_end = self.at;
        let samples = fragment.samples.len() - samples;
        fragment.tracks.push(TrackFragment { track, time: start, samples });
        Ok(())
    }

    /// Reads `tfhd` (8.8.7); `None` if its track is not there.
    fn read_header(&mut self, mut body: Body) -> Result<Option<Defaults>, ReadError> {
        let (_, flags) = body.version()?;
        let id = body.u32()?;
        let Some(track) = self.tracks.iter().find(|track| track.id == id) else {
            self.note(Fault::UnknownTrack(id));
            return Ok(None);
        };
        let offset = if flags & BASE_DATA_OFFSET != 0 { Some(body.u64()?) } else { None };
        if flags & (BASE_IS_MOOF | BASE_DATA_OFFSET) != BASE_IS_MOOF {
            self.note(Fault::Base(id));
        }
        self.bases = match offset {
            // Counted from the start of a file that this may be a piece of: what writers say there
            // is where the `moof` is in the whole.
            Some(offset) => [self.moof, usize::try_from(offset).unwrap_or(usize::MAX)],
            None if flags & BASE_IS_MOOF != 0 => [self.moof; 2],
            // The specification says the one, and some writers mean the other.
            None => [self.track_end, self.moof],
        };
        if flags & 0x02 != 0 {
            body.u32()?;
        }
        let mut defaults = track.defaults.unwrap_or_default();
        for (value, flag) in defaults.iter_mut().zip([0x08, 0x10, 0x20]) {
            if flags & flag != 0 {
                *value = body.u32()?;
            }
        }
        let [duration, bytes, flags] = defaults;
        Ok(Some(Defaults { track: id, duration, bytes, flags }))
    }

    /// Where data are that an offset stands for: the first of two readings that leads to data.
    fn place(&self, offset: isize) -> Option<usize> {
        let [first, second] = self.bases.map(|base| base.checked_add_signed(offset));
        let is_data = |at: &usize| self.data_at(*at).is_some();
        second.filter(is_data).filter(|_| !first.as_ref().is_some_and(is_data)).or(first)
    }

    /// The contents of the `mdat` that a place is in.
    fn data_at(&self, at: usize) -> Option<(usize, usize)> {
        let behind = self.data.partition_point(|(from, _)| *from <= at);
        self.data.get(behind.checked_sub(1)?).copied().filter(|(_, to)| at <= *to)
    }

    /// Reads `trun` (8.8.8), whose first sample is decoded at `time`; where the last one ends.
    fn read_run(
        &mut self,
        mut run: Body,
        defaults: &Defaults,
        mut time: i64,
        samples: &mut Vec<Sample>,
    ) -> Result<i64, ReadError> {
        let invalid = ReadError::Invalid(run.kind);
        let (version, flags) = run.version()?;
        let count = usize::try_from(run.u32()?).unwrap_or(usize::MAX);
        self.samples = self.samples.saturating_add(count);
        if self.samples > SEGMENT_SAMPLES_MAX {
            return Err(ReadError::TooMany { what: "samples", limit: SEGMENT_SAMPLES_MAX });
        }
        if flags & 0x001 != 0 {
            let offset = isize::try_from(run.u32()?.cast_signed()).map_err(|_| invalid)?;
            self.at = self.place(offset).ok_or(invalid)?;
        }
        let mut first_flags = if flags & 0x004 != 0 { Some(run.u32()?) } else { None };
        let track = defaults.track;
        for _ in 0..count {
            let mut field = |flag, default| if flags & flag != 0 { run.u32() } else { Ok(default) };
            let duration = field(0x100, defaults.duration)?;
            let bytes = field(0x200, defaults.bytes)?;
            let sample_flags = field(0x400, first_flags.take().unwrap_or(defaults.flags))?;
            let offset = field(0x800, 0)?;
            let offset = match version {
                0 => i64::from(offset),
                _ => i64::from(offset.cast_signed()),
            };
            if duration == 0 {
                self.note(Fault::NoDuration(track));
            }
            let pts = time.checked_add(offset).ok_or(invalid)?;
            let is_sync = sample_flags & NON_SYNC == 0;
            let at = self.at;
            let data = self.take(usize::try_from(bytes).unwrap_or(usize::MAX));
            if data.is_none() {
                self.note(Fault::OutsideData(track));
            }
            let data = data.unwrap_or_default();
            samples.push(Sample { track, dts: time, pts, duration, is_sync, bytes, at, data });
            time = time.checked_add(i64::from(duration)).ok_or(invalid)?;
        }
        Ok(time)
    }

    /// The next bytes of the data, if they are in the `mdat`.
    fn take(&mut self, bytes: usize) -> Option<Bytes> {
        let start = self.at;
        let end = start.checked_add(bytes)?;
        self.at = end;
        let (_, to) = self.data_at(start)?;
        if end > to {
            return None;
        }
        let Some(file) = self.file else { return Some(Bytes::new()) };
        file.get(start..end).map(|data| file.slice_ref(data))
    }

    fn note(&mut self, fault: Fault) {
        note(&mut self.segment.faults, fault);
    }
}
