//! Segments: what is at their top, and the samples of their fragments.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::boxes::{Body, Boxes};
use super::{
    Fault, Fragment, ReadError, SEGMENT_BOXES_MAX, SEGMENT_SAMPLES_MAX, Sample, Segment, TrackInfo,
    message, note,
};

/// A segment that is being read.
struct Reading<'a> {
    tracks: &'a [TrackInfo],
    file: &'a Bytes,
    segment: Segment,
    /// Samples so far.
    samples: usize,
    /// Where the samples of each track end.
    ends: BTreeMap<u32, i64>,
    /// Of the fragment: where its `moof` starts and where the contents of its `mdat` are.
    base: usize,
    data: (usize, usize),
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

pub(super) fn read(tracks: &[TrackInfo], file: &Bytes) -> Result<Segment, ReadError> {
    let mut boxes = Vec::new();
    for body in Boxes::new(file.clone()) {
        if boxes.len() == SEGMENT_BOXES_MAX {
            return Err(ReadError::TooMany { what: "boxes", limit: SEGMENT_BOXES_MAX });
        }
        boxes.push(body?);
    }
    let mut reading = Reading {
        tracks,
        file,
        segment: Segment::default(),
        samples: 0,
        ends: BTreeMap::new(),
        base: 0,
        data: (0, 0),
        at: 0,
    };
    let mut boxes = boxes.into_iter().peekable();
    if boxes.peek().is_none_or(|body| body.kind.0 != *b"styp") {
        reading.note(Fault::NoSegmentType);
    }
    while let Some(body) = boxes.next() {
        match &body.kind.0 {
            b"styp" => reading.segment.brands = body.brands()?,
            b"emsg" => reading.segment.messages.push(message::read(body)?),
            b"moof" => {
                let data = boxes.next_if(|next| next.kind.0 == *b"mdat");
                reading.read_fragment(body, data.as_ref())?;
            }
            b"moov" | b"mdat" | b"ftyp" => reading.note(Fault::Misplaced(body.kind)),
            _ => {}
        }
    }
    Ok(reading.segment)
}

impl Reading<'_> {
    fn read_fragment(&mut self, header: Body, data: Option<&Body>) -> Result<(), ReadError> {
        if data.is_none() {
            self.note(Fault::Misplaced(header.kind));
        }
        self.base = header.start;
        self.data = data.map_or((0, 0), |data| (data.body_start, data.rest().len()));
        self.at = self.data.0;
        let mut number = header.child(b"mfhd")?;
        number.version()?;
        let sequence_number = number.u32()?;
        if let Some(last) = self.segment.fragments.last().map(|fragment| fragment.sequence_number)
            && sequence_number <= last
        {
            self.note(Fault::Sequence { last, actual: sequence_number });
        }
        let mut samples = Vec::new();
        for body in header.boxes() {
            let body = body?;
            if body.kind.0 == *b"traf" {
                self.read_track(body, &mut samples)?;
            }
        }
        self.segment.fragments.push(Fragment { sequence_number, samples });
        Ok(())
    }

    fn read_track(&mut self, body: Body, samples: &mut Vec<Sample>) -> Result<(), ReadError> {
        let Some(defaults) = self.read_header(body.child(b"tfhd")?)? else { return Ok(()) };
        let track = defaults.track;
        let mut time = match body.child(b"tfdt") {
            Ok(mut time) => {
                let (version, _) = time.version()?;
                let ticks = time.versioned(version)?;
                i64::try_from(ticks).map_err(|_| ReadError::Invalid(time.kind))?
            }
            Err(ReadError::Missing(_)) => {
                self.note(Fault::NoDecodeTime(track));
                self.ends.get(&track).copied().unwrap_or(0)
            }
            Err(error) => return Err(error),
        };
        if let Some(expected) = self.ends.get(&track).copied().filter(|end| *end != time) {
            self.note(Fault::Gap { track, expected, actual: time });
        }
        for run in body.boxes() {
            let run = run?;
            if run.kind.0 == *b"trun" {
                time = self.read_run(run, &defaults, time, samples)?;
            }
        }
        self.ends.insert(track, time);
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
        if flags & 0x01 != 0 {
            body.u64()?;
        }
        if flags & 0x02_0001 != 0x02_0000 {
            self.note(Fault::Base(id));
        }
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
            self.at = self.base.checked_add_signed(offset).ok_or(invalid)?;
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
            match self.take(usize::try_from(bytes).unwrap_or(usize::MAX)) {
                Some(data) => {
                    samples.push(Sample { track, dts: time, pts, duration, is_sync, data });
                }
                None => self.note(Fault::OutsideData(track)),
            }
            time = time.checked_add(i64::from(duration)).ok_or(invalid)?;
        }
        Ok(time)
    }

    /// The next bytes of the data, if they are in the `mdat`.
    fn take(&mut self, bytes: usize) -> Option<Bytes> {
        let start = self.at;
        let end = start.checked_add(bytes)?;
        self.at = end;
        let (data_start, data_bytes) = self.data;
        let is_inside = start >= data_start && end <= data_start.saturating_add(data_bytes);
        let data = if is_inside { self.file.get(start..end) } else { None };
        data.map(|data| self.file.slice_ref(data))
    }

    fn note(&mut self, fault: Fault) {
        note(&mut self.segment.faults, fault);
    }
}
