//! Segments.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use container::fmp4::{Fault, FourCc, ReadError, Reader, Sample, TrackFragment};
use media::{CodecConfig, TrackKind};

use super::second::{self, Second};
use super::{InitEvidence, InitTrack, nanoseconds, pictures};
use crate::evidence::{SegmentKind, SegmentMedia, TrackMedia, Unit};

/// What only segments of fragmented MP4 have.
#[derive(Clone, Debug, Default)]
pub struct Fmp4Segment {
    /// Why reading ended before the segment did.
    pub error: Option<ReadError>,
    /// Whether there was an initialization section to read it with; its own `moov`, if nothing
    /// else.
    pub has_init: bool,
    /// What is at its top, in its order.
    pub boxes: Vec<FourCc>,
    /// What of its structure is wrong.
    pub faults: Vec<Fault>,
    /// Its fragments, in their order.
    pub fragments: Vec<Fmp4Fragment>,
    /// How many samples it has, of tracks of any kind.
    pub samples: usize,
    /// What can be said of each track of the initialization section.
    pub tracks: Vec<Fmp4Track>,
    /// What the second reader makes of it, if it could read the initialization section.
    pub second: Option<Second<Vec<Fmp4Fragment>>>,
}

/// A `moof`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fmp4Fragment {
    /// `sequence_number` of its `mfhd`.
    pub number: u32,
    /// Its pieces of tracks, in their order.
    pub pieces: Vec<TrackPiece>,
}

/// A `traf`, summed up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrackPiece {
    /// `track_ID`.
    pub track: u32,
    /// `tfdt`, in ticks of the track.
    pub time: Option<i64>,
    /// How many samples it has.
    pub samples: usize,
    /// How many bytes they have together.
    pub bytes: u64,
    /// How long they last together, in ticks.
    pub ticks: u64,
}

/// What can be said of a track of a segment.
#[derive(Clone, Debug)]
pub struct Fmp4Track {
    /// What the initialization section says of it.
    pub id: u32,
    /// Ticks a second of its times.
    pub timescale: u32,
    /// The name of its sample entry.
    pub entry: FourCc,
    /// Whether its samples are encrypted: nothing is then said of what is in them.
    pub is_encrypted: bool,
    /// What `trex` says of samples that say nothing themselves.
    pub defaults: Option<[u32; 3]>,
    /// How many samples it has.
    pub samples: usize,
    /// When its first sample is decoded, in ticks, if the segment says so.
    pub start: Option<i64>,
    /// When its last sample ends, in ticks.
    pub end: Option<i64>,
    /// Samples that do not last.
    pub zero_durations: Sightings,
    /// Samples that are in no `mdat`.
    pub outside: Sightings,
    /// Samples whose NAL units are not where their lengths say.
    pub broken: Sightings,
    /// Samples with parameter sets.
    pub in_band: Sightings,
    /// Samples whose flags say something else of where decoding can start than their bytes.
    pub wrong_flags: Sightings,
}

/// How often something was seen, and where first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sightings {
    /// How often.
    pub count: usize,
    /// The first in words.
    pub first: String,
}

/// Changes of a track's configuration that are kept of a segment.
const CHANGES_MAX: usize = 16;

/// Takes a segment apart. `init` is its initialization section, `before` the segment before it.
#[must_use]
pub fn read(
    bytes: &Bytes,
    init: Option<&InitEvidence>,
    before: Option<&SegmentMedia>,
) -> SegmentMedia {
    let given = init.filter(|init| init.reader.is_ok());
    // One that stands in the segment itself is better than none.
    let own = given.is_none().then(|| InitEvidence::read(bytes.clone()));
    let init = given.or_else(|| own.as_ref().filter(|own| own.reader.is_ok()));
    let nothing = Reader::default();
    let reader = init.and_then(|init| init.reader.as_ref().ok()).unwrap_or(&nothing);
    let (segment, error) = reader.examine(bytes);
    let tracks = init.map_or(&[][..], |init| &init.tracks);
    let mut readings: Vec<_> = tracks.iter().map(|track| Reading::new(track, before)).collect();
    let mut facts = Fmp4Segment {
        error,
        has_init: init.is_some(),
        boxes: segment.boxes,
        faults: segment.faults,
        second: init.and_then(|init| match &init.second {
            Second::Read(tracks) => Some(second::read_segment(tracks, bytes)),
            Second::Refused(_) | Second::TooMuch => None,
        }),
        ..Fmp4Segment::default()
    };
    let places: BTreeMap<u32, usize> = tracks.iter().map(|track| track.id).zip(0..).collect();
    for fragment in segment.fragments {
        let mut samples = fragment.samples.into_iter();
        let mut pieces = Vec::new();
        for piece in fragment.tracks {
            let samples: Vec<_> = samples.by_ref().take(piece.samples).collect();
            facts.samples += samples.len();
            pieces.push(TrackPiece::of(piece, &samples));
            if let Some(reading) = places.get(&piece.track).and_then(|at| readings.get_mut(*at)) {
                reading.begin(piece.time);
                samples.into_iter().for_each(|sample| reading.take(sample));
            }
        }
        facts.fragments.push(Fmp4Fragment { number: fragment.sequence_number, pieces });
    }
    let mut all = Vec::new();
    for reading in readings {
        facts.tracks.push(reading.facts);
        all.extend(reading.media.filter(|media| !media.units.is_empty()));
    }
    SegmentMedia { kind: SegmentKind::Fmp4(Box::new(facts)), tracks: all }
}

impl TrackPiece {
    fn of(piece: TrackFragment, samples: &[Sample]) -> Self {
        Self {
            track: piece.track,
            time: piece.time,
            samples: samples.len(),
            bytes: samples.iter().map(|sample| u64::from(sample.bytes)).sum(),
            ticks: samples.iter().map(|sample| u64::from(sample.duration)).sum(),
        }
    }
}

/// A track that is being read.
struct Reading<'a> {
    track: &'a InitTrack,
    facts: Fmp4Track,
    /// `None` for what is neither pictures nor sound.
    media: Option<TrackMedia>,
    /// What holds at the sample that comes next.
    config: Option<Arc<CodecConfig>>,
    /// Where the segment before ended, in ticks, for samples that do not say when they are.
    before: i64,
    /// What samples are moved by because of that.
    shift: i64,
}

impl<'a> Reading<'a> {
    fn new(track: &'a InitTrack, before: Option<&SegmentMedia>) -> Self {
        let before = before.and_then(|before| end_of(before, track)).unwrap_or(0);
        let facts = Fmp4Track {
            id: track.id,
            timescale: track.timescale,
            entry: track.entry,
            is_encrypted: track.is_encrypted,
            defaults: track.defaults,
            samples: 0,
            start: None,
            end: None,
            zero_durations: Sightings::default(),
            outside: Sightings::default(),
            broken: Sightings::default(),
            in_band: Sightings::default(),
            wrong_flags: Sightings::default(),
        };
        let config = track.config.clone();
        let media = track.kind.map(|kind| TrackMedia {
            id: track.id,
            kind,
            config: config.clone(),
            changes: Vec::new(),
            units: Vec::new(),
        });
        Self { track, facts, media, config, before, shift: 0 }
    }

    /// A piece begins.
    fn begin(&mut self, time: Option<i64>) {
        let is_first = self.facts.samples == 0;
        if time.is_some() {
            self.shift = 0;
        } else if is_first {
            self.shift = self.before;
        }
        if is_first {
            self.facts.start = time;
        }
    }

    fn take(&mut self, sample: Sample) {
        let index = self.facts.samples;
        self.facts.samples += 1;
        let dts = sample.dts.saturating_add(self.shift);
        self.facts.end = Some(dts.saturating_add(i64::from(sample.duration)));
        if sample.duration == 0 {
            self.facts.zero_durations.note(|| format!("sample {index}"));
        }
        let is_outside = sample.data.len() != usize::try_from(sample.bytes).unwrap_or(usize::MAX);
        if is_outside {
            self.facts.outside.note(|| format!("sample {index} of {} bytes", sample.bytes));
        }
        let is_key =
            if is_outside || self.track.is_encrypted { None } else { self.look(index, &sample) };
        let Some(media) = &mut self.media else { return };
        let start = i128::from(self.track.start);
        let nanoseconds = |ticks| nanoseconds(ticks, self.track.timescale);
        media.units.push(Unit {
            dts_ns: nanoseconds(i128::from(dts) - start),
            pts_ns: nanoseconds(i128::from(sample.pts) + i128::from(self.shift) - start),
            length_ns: Some(nanoseconds(i128::from(sample.duration))),
            is_key: is_key.unwrap_or(sample.is_sync),
            bytes: sample.bytes,
        });
    }

    /// Looks at the bytes of a sample; whether decoding can start with it, if that can be told.
    fn look(&mut self, index: usize, sample: &Sample) -> Option<bool> {
        let codec = self.track.codec?;
        self.configure(index, sample);
        let record = self.track.record.as_ref();
        let look = pictures::look(codec, record, self.config.as_deref(), &sample.data);
        if let Some(error) = look.error {
            self.facts.broken.note(|| format!("sample {index}: {error}"));
        }
        if !look.sets.is_empty() {
            self.facts.in_band.note(|| format!("sample {index}"));
            let known = self.config.as_deref();
            let changed =
                record.and_then(|it| pictures::changed_by_sets(codec, it, known, &look.sets));
            self.change(index, changed);
        }
        let is_wrong = match look.is_key {
            Some(true) => !sample.is_sync && !look.may_be_key,
            Some(false) => sample.is_sync,
            None => false,
        };
        if is_wrong && codec.kind() == TrackKind::Video {
            self.facts.wrong_flags.note(|| match sample.is_sync {
                true => format!("sample {index} is marked as a key frame and is none"),
                false => format!("sample {index} is a key frame and is not marked as one"),
            });
        }
        look.is_key
    }

    /// Codecs whose samples say what they are.
    fn configure(&mut self, index: usize, sample: &Sample) {
        let Some(codec) = self.track.codec else { return };
        let config = match (&self.config, &self.track.record) {
            (Some(config), _) => config.changed_by(&sample.data),
            (None, record) => CodecConfig::of_unit(codec, &sample.data)
                .and_then(Result::ok)
                .or_else(|| CodecConfig::with_unit(codec, record.as_ref()?, &sample.data)),
        };
        self.change(index, config);
    }

    /// Another configuration holds from a sample on. One that was not known, or comes with the
    /// first sample, is what held all along.
    fn change(&mut self, index: usize, config: Option<CodecConfig>) {
        let (Some(config), Some(media)) = (config.map(Arc::new), &mut self.media) else { return };
        let was_known = self.config.replace(config.clone()).is_some();
        if index == 0 || !was_known {
            media.config = Some(config);
        } else if media.changes.len() < CHANGES_MAX {
            media.changes.push((index, config));
        }
    }
}

/// Where a track ends in a segment, in its ticks.
fn end_of(segment: &SegmentMedia, track: &InitTrack) -> Option<i64> {
    let SegmentKind::Fmp4(facts) = &segment.kind else { return None };
    let is_same = |it: &&Fmp4Track| (it.id, it.timescale) == (track.id, track.timescale);
    facts.tracks.iter().find(is_same)?.end
}

impl Sightings {
    fn note(&mut self, what: impl FnOnce() -> String) {
        if self.count == 0 {
            self.first = what();
        }
        self.count += 1;
    }
}
