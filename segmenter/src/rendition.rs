//! One rendition on its way out: writes the units of its segments in the format that players
//! fetch.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use container::{fmp4, ts};
use media::captions::{self, Captions};
use media::{AccessUnit, CodecConfig, Timescale, Timestamp, Track, TrackId, TrackKind};
use sha2::Digest;
use timeline::{
    Container, InitRecord, Medium, RenditionId, SegmentRecord, Sha256, TrackRecord, VideoRange,
};

use crate::frame_rate::FrameRate;
use crate::plan::{LowLatency, Plan};
use crate::segmenter::Announced;
use crate::{PartBody, PartBytes};

/// A rendition, between its first segment and its last.
#[derive(Debug)]
pub(crate) struct Rendition {
    plan: Plan,
    tracks: Vec<Announced>,
    mux: Mux,
    body: BytesMut,
    /// With what the segments are read, in fMP4.
    init: Option<InitRecord>,
    /// Initialisations made so far.
    inits: u32,
    is_init_due: bool,
    frame_rate: FrameRate,
    /// In the segment.
    units: u32,
    /// Whether its segments can have parts.
    has_parts: bool,
    part: OpenPart,
    /// The lengths of the segment's parts.
    part_bytes: Vec<u64>,
    /// Events written so far: one with the number of another is the same again.
    events: u32,
    /// Closed captions seen in the pictures so far.
    captions: Captions,
    /// Whether decoding can start with the segment's first picture.
    first_is_key: Option<bool>,
    /// The pictures of a track that came or changed in the middle cannot be decoded before its
    /// first key frame.
    awaits_key_frame: bool,
}

/// What a player must read before the segments that name it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Init {
    /// The rendition.
    pub rendition: RenditionId,
    /// Its number in the rendition and epoch.
    pub number: u32,
    /// Its bytes.
    pub body: Bytes,
}

/// A segment of one rendition.
pub(crate) struct Finished {
    pub(crate) record: SegmentRecord,
    pub(crate) body: Bytes,
    /// Whether decoding can start with it.
    pub(crate) independent: bool,
}

/// The part that is being written.
#[derive(Clone, Copy, Debug, Default)]
struct OpenPart {
    /// Where it begins in the segment's bytes.
    start: usize,
    /// Up to where it has come out.
    told: usize,
    has_units: bool,
    /// Whether decoding can start with its first picture.
    first_is_key: Option<bool>,
}

#[derive(Debug)]
enum Mux {
    Ts(Box<ts::Muxer>),
    Fmp4(Box<fmp4::Muxer>),
}

impl Rendition {
    /// A rendition as planned; `None` when its container cannot carry one of its tracks.
    /// With `timed_id3` a transport stream says that it may have tags.
    pub(crate) fn new(
        plan: Plan,
        tracks: &BTreeMap<TrackId, Announced>,
        timed_id3: bool,
        low_latency: LowLatency,
    ) -> Option<Self> {
        let tracks = tracks_of(&plan, tracks);
        let list = list(&tracks);
        let mux = match plan.container {
            Container::Ts => {
                let muxer = ts::Muxer::new(&list).ok()?;
                let muxer = if timed_id3 { muxer.with_timed_id3() } else { muxer };
                Mux::Ts(Box::new(muxer))
            }
            Container::Fmp4 => Mux::Fmp4(Box::new(fmp4::Muxer::new(&list).ok()?)),
        };
        let has_parts = low_latency.includes(plan.container);
        Some(Self {
            plan,
            tracks,
            mux,
            body: BytesMut::new(),
            init: None,
            inits: 0,
            is_init_due: true,
            frame_rate: FrameRate::default(),
            units: 0,
            has_parts,
            part: OpenPart::default(),
            part_bytes: Vec::new(),
            events: 0,
            captions: Captions::EMPTY,
            first_is_key: None,
            awaits_key_frame: false,
        })
    }

    pub(crate) const fn id(&self) -> &RenditionId {
        &self.plan.id
    }

    pub(crate) const fn container(&self) -> Container {
        self.plan.container
    }

    /// Goes on as planned anew, between two segments. What counts on goes on.
    pub(crate) fn change(&mut self, plan: Plan, tracks: &BTreeMap<TrackId, Announced>) {
        let tracks = tracks_of(&plan, tracks);
        let new = list(&tracks);
        if new == list(&self.tracks) {
            // They may have changed and changed back: then they have other numbers.
            (self.plan, self.tracks) = (plan, tracks);
            return;
        }
        let changed = match &mut self.mux {
            Mux::Ts(muxer) => muxer.set_tracks(&new).is_ok(),
            Mux::Fmp4(muxer) => muxer.set_tracks(&new).is_ok(),
        };
        if changed {
            let has_new_pictures = tracks.iter().any(|it| {
                it.track.id.kind == TrackKind::Video && !self.knows(it.track.id, it.config)
            });
            self.awaits_key_frame |= has_new_pictures;
            (self.plan, self.tracks) = (plan, tracks);
            (self.frame_rate, self.is_init_due) = (FrameRate::default(), true);
        }
    }

    /// The first pictures wait for a key frame, unless they are of the track `except`.
    pub(crate) fn await_key_frame(&mut self, except: Option<TrackId>) {
        let is_other = |id: TrackId| id.kind == TrackKind::Video && Some(id) != except;
        self.awaits_key_frame = self.tracks.iter().any(|it| is_other(it.track.id));
    }

    /// Whether the track is in the rendition under this configuration.
    fn knows(&self, track: TrackId, config: u32) -> bool {
        self.tracks.iter().any(|it| it.track.id == track && it.config == config)
    }

    /// Whether the track is in the rendition under another configuration.
    pub(crate) fn knows_otherwise(&self, track: TrackId, config: u32) -> bool {
        self.plan.tracks.contains(&track) && !self.knows(track, config)
    }

    /// Begins a segment, behind a break of the timeline or not. Gives what must be read before it,
    /// where that is new.
    pub(crate) fn begin(&mut self, discontinuity: bool) -> Option<Init> {
        (self.units, self.first_is_key) = (0, None);
        self.part = OpenPart::default();
        self.frame_rate.begin();
        match &mut self.mux {
            Mux::Ts(muxer) => {
                if discontinuity {
                    muxer.mark_discontinuity();
                }
                muxer.begin(&mut self.body);
                None
            }
            Mux::Fmp4(muxer) => {
                if discontinuity {
                    muxer.mark_discontinuity();
                }
                muxer.begin_segment(&mut self.body);
                if !std::mem::take(&mut self.is_init_due) {
                    return None;
                }
                let (number, body) = (self.inits, muxer.init_section());
                self.inits = self.inits.saturating_add(1);
                let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
                self.init = Some(InitRecord { number, bytes, sha256: digest(&body) });
                Some(Init { rendition: self.plan.id.clone(), number, body })
            }
        }
    }

    /// Writes a unit that is coded by its track's configuration number `config`; says how many
    /// bytes that made. `None` when it is one of this rendition and is left out: it cannot be said
    /// in this format, or belongs to what the track was, or becomes with the next segment.
    pub(crate) fn write(&mut self, unit: &AccessUnit, config: u32) -> Option<usize> {
        if !self.plan.tracks.contains(&unit.track) {
            return Some(0);
        }
        let is_known = |it: &&Announced| it.track.id == unit.track && it.config == config;
        let known = self.tracks.iter().find(is_known)?;
        let is_picture = unit.track.kind == TrackKind::Video;
        if is_picture && self.awaits_key_frame && !unit.random_access {
            return None;
        }
        let before = self.body.len();
        match &mut self.mux {
            Mux::Ts(muxer) => muxer.write(unit, &mut self.body).ok()?,
            Mux::Fmp4(muxer) => muxer.write(unit).ok()?,
        }
        self.units = self.units.saturating_add(1);
        self.part.has_units = true;
        if is_picture {
            self.part.first_is_key.get_or_insert(unit.random_access);
            self.awaits_key_frame = false;
            self.frame_rate.add(unit);
            self.first_is_key.get_or_insert(unit.random_access);
            self.captions |= captions::in_unit(&known.track.codec, &unit.payload);
        }
        // What waits for the end of its fragment counts as well.
        Some(self.body.len().saturating_sub(before).max(unit.payload.len()))
    }

    /// Ends a part of the segment, if the rendition has parts; `next` is as for [`Self::finish`].
    /// Says whether decoding can start with it.
    pub(crate) fn finish_part(
        &mut self,
        next: impl Fn(TrackId) -> Option<Timestamp>,
    ) -> Option<(PartBody, bool)> {
        if !self.has_parts {
            return None;
        }
        match &mut self.mux {
            Mux::Ts(muxer) => muxer.finish_part(self.part.start, &mut self.body),
            Mux::Fmp4(muxer) => muxer.finish_part(next, &mut self.body),
        }
        let body = Bytes::copy_from_slice(self.body.get(self.part.start..).unwrap_or_default());
        self.part_bytes.push(u64::try_from(body.len()).unwrap_or(u64::MAX));
        let is_sound = self.plan.tracks.iter().all(|id| id.kind == TrackKind::Audio);
        let independent = self.part.first_is_key.unwrap_or(is_sound);
        let start = self.body.len();
        self.part = OpenPart { start, told: start, ..OpenPart::default() };
        let part = PartBody {
            rendition: self.plan.id.clone(),
            container: self.plan.container,
            init: self.init.map(|init| init.number),
            is_sound,
            body,
        };
        Some((part, independent))
    }

    /// What has been written of the part since this was asked last; it is the part number `number`.
    pub(crate) fn grown(&mut self, number: u32) -> Option<PartBytes> {
        let told = std::mem::replace(&mut self.part.told, self.body.len());
        let bytes = self.body.get(told..).filter(|bytes| self.has_parts && !bytes.is_empty())?;
        Some(PartBytes {
            number,
            rendition: self.plan.id.clone(),
            container: self.plan.container,
            bytes: Bytes::copy_from_slice(bytes),
        })
    }

    /// Whether there is something that is in no part yet.
    pub(crate) fn has_rest(&self) -> bool {
        self.has_parts && (self.part.has_units || self.body.len() > self.part.start)
    }

    /// Whether its segments can have parts.
    pub(crate) const fn has_parts(&self) -> bool {
        self.has_parts
    }

    /// Whether there is anything in the segment.
    pub(crate) const fn has_units(&self) -> bool {
        self.units > 0
    }

    /// Ends the segment; `next` says when the first unit of a track behind it
    /// is decoded, where that is known. `None` when there is nothing in the segment.
    pub(crate) fn finish(
        &mut self,
        next: impl Fn(TrackId) -> Option<Timestamp>,
    ) -> Option<Finished> {
        match &mut self.mux {
            Mux::Ts(muxer) => muxer.finish_segment(&mut self.body),
            Mux::Fmp4(muxer) => muxer.finish_fragment(next, &mut self.body),
        }
        // The next segment will be about as long, so its buffer never has to grow.
        let capacity = self.body.len();
        let body =
            std::mem::replace(&mut self.body, BytesMut::with_capacity(capacity + capacity / 8));
        let part_bytes = std::mem::take(&mut self.part_bytes);
        if self.units == 0 {
            return None;
        }
        let body = body.freeze();
        let record = SegmentRecord {
            rendition: self.plan.id.clone(),
            container: self.plan.container,
            bytes: u64::try_from(body.len()).unwrap_or(u64::MAX),
            sha256: digest(&body),
            part_bytes,
            tracks: self.tracks.iter().map(|it| self.describe(&it.track)).collect(),
            init: self.init,
            is_alternative: self.plan.is_alternative,
            captions: self.captions.names().collect(),
        };
        Some(Finished { record, body, independent: self.first_is_key.unwrap_or(true) })
    }

    fn describe(&self, track: &Track) -> TrackRecord {
        let (video, audio) = (track.codec.video(), track.codec.audio());
        let light = track.light.and_then(|light| light.colour);
        let colour = video.and_then(|video| video.colour).or(light);
        let medium = Medium::Video {
            width: video.map_or(0, |video| video.width),
            height: video.map_or(0, |video| video.height),
            frame_rate_milli: self.frame_rate.milli(video.and_then(|video| video.frame_rate)),
            range: colour.map_or(VideoRange::Sdr, |colour| range(colour.transfer)),
        };
        let medium = audio.map_or(medium, |audio| Medium::Audio {
            sample_rate: audio.output_sample_rate,
            channels: audio.channels.into(),
        });
        // The string is that of the sample entry (RFC 6381, 3.3): MP3 has its own in fMP4.
        let codec = match (&track.codec, self.plan.container) {
            (CodecConfig::Mp3(mp3), Container::Fmp4) => {
                format!("mp4a.{:02X}", mp3.object_type_indication())
            }
            (codec, Container::Ts | Container::Fmp4) => codec.rfc6381(),
        };
        TrackRecord { codec, medium }
    }

    /// Says something at `ticks` of 90 kHz in the segment.
    pub(crate) fn write_id3(&mut self, ticks: i64, tag: &Bytes) {
        match &mut self.mux {
            Mux::Ts(muxer) => {
                let time = Timestamp::new(ticks, Timescale::MPEG);
                // Where nobody said that there would be any, there is none.
                let _ = muxer.write_id3(time, tag, &mut self.body);
            }
            Mux::Fmp4(muxer) => {
                let time = Timestamp::new(ticks, Timescale::MPEG);
                let scheme = fmp4::EventScheme::Id3;
                let event = fmp4::Event {
                    scheme,
                    id: self.events,
                    time,
                    duration: None,
                    message: tag.clone(),
                };
                self.events = self.events.wrapping_add(1);
                // One that is too long costs itself.
                let _ = muxer.write_event(event);
            }
        }
    }
}

/// The planned tracks, as they are announced.
fn tracks_of(plan: &Plan, tracks: &BTreeMap<TrackId, Announced>) -> Vec<Announced> {
    plan.tracks.iter().filter_map(|id| tracks.get(id)).cloned().collect()
}

fn list(tracks: &[Announced]) -> Vec<Track> {
    tracks.iter().map(|it| it.track.clone()).collect()
}

fn digest(body: &[u8]) -> Sha256 {
    Sha256(sha2::Sha256::digest(body).into())
}

/// What `transfer_characteristics` mean for brightness (ITU-T H.273, table 3).
const fn range(transfer: u8) -> VideoRange {
    match transfer {
        16 => VideoRange::Pq,
        18 => VideoRange::Hlg,
        _ => VideoRange::Sdr,
    }
}
