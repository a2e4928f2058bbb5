//! Payloads in, access units out.

mod skipped;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::mem::Discriminant;

use bytes::{Buf, Bytes};
use media::flac::FlacConfig;
use media::{
    AccessUnit, Codec, CodecConfig, ConfigError, Inspected, Light, Timescale, Timestamp, Track,
    TrackId, TrackKind, UnitError,
};
use rtmp::{Value, amf};

use super::bit_rates::BitRates;
use super::header::{Content, HeaderError, Packet, Packets};
use super::parameter_sets::changed_record;
use super::{TagKind, Unsupported, light};
use skipped::Skip;
pub use skipped::Skipped;

/// Makes access units of FLV payloads. [`Self::push`] one, then [`Self::pull`] until `None`.
///
/// Nothing that is pushed can end the stream: what cannot be used is skipped and counted in
/// [`Self::skipped`]. The payloads of access units are slices of what was pushed, unless they would
/// keep much more than they need.
#[derive(Debug, Default)]
pub struct Demuxer {
    /// At most [`TRACKS_MAX`] of each kind.
    inputs: BTreeMap<TrackId, Input>,
    bit_rates: BitRates,
    events: VecDeque<Event>,
    skipped: Skipped,
    /// What has been told not to be handled: each way once for each kind of track.
    told: Vec<(TrackKind, Discriminant<Unsupported>)>,
}

/// Tracks of each kind that are taken. OBS sends up to six of sound and as many of pictures, one
/// for each rung of a ladder; each is muxed, uploaded and listed on its own.
pub const TRACKS_MAX: usize = 16;

/// What a payload held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A track begins, or goes on with other parameters than before.
    Track(Track),
    /// A sequence header with the bytes of the one before: nothing changes.
    Repeated(TrackId),
    /// A unit of a track that was announced. Times are the publisher's: `dts` is the payload's
    /// 32-bit timestamp as it came (it wraps at 2^32 ms; the segmenter's clock knows), `pts` lies a
    /// signed composition time from it. They are in milliseconds, or in nanoseconds where the
    /// publisher says how much there is above a millisecond.
    Unit(AccessUnit),
    /// The publisher says that the track is over.
    EndOfSequence(TrackId),
    /// The publisher sends something that is not handled, for the first time in this way for this
    /// kind of track. All of it is skipped.
    Unsupported {
        /// Video or audio.
        kind: TrackKind,
        /// What it is.
        what: Unsupported,
    },
    /// A configuration that cannot be used, the first since the last that could. What came before
    /// stays in force.
    BadConfig {
        /// The track that it is for.
        track: TrackId,
        /// What is wrong with it.
        error: ConfigError,
    },
}

/// What is known about a track.
#[derive(Debug, Default)]
struct Input {
    /// What its units are coded by.
    config: Option<CodecConfig>,
    /// The last sequence header that could be used. The configuration differs from it once a unit
    /// brings its own parameter sets.
    header: Option<Bytes>,
    /// Its codec, while only a key frame can say the rest.
    awaits_key_unit: Option<Codec>,
    /// With the codec of the pictures that it is said of.
    light: Option<(Codec, Light)>,
    has_told_bad_config: bool,
}

impl Demuxer {
    /// A demuxer that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in one payload: the content of an RTMP audio, video or data message, or an FLV tag's
    /// data. Of script data only `onMetaData` counts, as for [`Self::metadata`].
    pub fn push(&mut self, kind: TagKind, timestamp_ms: u32, payload: Bytes) {
        let kind = match kind {
            TagKind::Video => TrackKind::Video,
            TagKind::Audio => TrackKind::Audio,
            TagKind::Script => return self.take_script(&payload),
        };
        if payload.is_empty() {
            return self.skipped.count(Skip::Empty);
        }
        let message_bytes = payload.len();
        let mut packets = Packets::new(kind, &payload);
        while let Some(packet) = packets.next() {
            match packet {
                Ok(packet) if packets.is_over() => {
                    // Moved: the first handle more to a message takes memory.
                    let mut body = payload;
                    body.truncate(packet.body.end);
                    body.advance(packet.body.start);
                    return self.take(kind, timestamp_ms, &packet, body, message_bytes);
                }
                Ok(packet) => {
                    let body = payload.slice(packet.body.clone());
                    self.take(kind, timestamp_ms, &packet, body, message_bytes);
                }
                Err(HeaderError) => self.skipped.count(Skip::BadHeader),
            }
        }
    }

    /// Takes in the argument of `onMetaData`: the bit rates that the publisher's encoders are set
    /// to. Everything else that it says is in the media itself, where it is right.
    pub fn metadata(&mut self, value: &Value) {
        let old = std::mem::replace(&mut self.bit_rates, BitRates::parse(value));
        for (id, input) in &self.inputs {
            if old.of(*id) != self.bit_rates.of(*id) {
                self.events.extend(input.track(*id, &self.bit_rates).map(Event::Track));
            }
        }
    }

    /// What the pushed payloads held, in order; `None` until the next is pushed.
    pub fn pull(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether a track of this kind has been announced.
    #[must_use]
    pub fn has_track(&self, kind: TrackKind) -> bool {
        self.inputs.iter().any(|(id, input)| id.kind == kind && input.config.is_some())
    }

    /// What was skipped so far.
    #[must_use]
    pub const fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    fn take_script(&mut self, payload: &[u8]) {
        if let Ok(values) = amf::decode(payload)
            && let [name, value, ..] = values.as_slice()
            && name.as_str() == Some("onMetaData")
        {
            self.metadata(value);
        }
    }

    fn take(
        &mut self,
        kind: TrackKind,
        timestamp_ms: u32,
        packet: &Packet,
        body: Bytes,
        message_bytes: usize,
    ) {
        let id = TrackId { kind, number: packet.track };
        match packet.content {
            Content::SequenceStart(codec) => self.configure(id, codec, &body),
            Content::Coded { codec, composition_ms } => {
                let times = Times { message_ms: timestamp_ms, composition_ms, packet };
                self.take_unit(id, codec, &times, keeping_little(body, message_bytes));
            }
            Content::SequenceEnd => self.events.push_back(Event::EndOfSequence(id)),
            Content::Metadata(codec) => self.take_light(id, codec, &body),
            Content::Nothing => {}
            Content::Unsupported(what) => self.pass_over(kind, what),
        }
    }

    fn configure(&mut self, id: TrackId, codec: Codec, body: &Bytes) {
        if body.is_empty() {
            return self.skipped.count(Skip::Empty);
        }
        let Some(input) = self.input(id) else { return };
        let known = input.config.as_ref().map(CodecConfig::codec);
        let current = input.awaits_key_unit.or(known);
        if current == Some(codec) && input.header.as_ref() == Some(body) {
            return self.events.push_back(Event::Repeated(id));
        }
        // A configuration outlives its message by hours, so it gets memory of its own.
        let header = Bytes::copy_from_slice(body);
        match CodecConfig::parse(codec, header.clone()) {
            Ok(config) => {
                input.header = Some(header);
                input.awaits_key_unit = None;
                if input.config.as_ref().is_some_and(|old| is_same_format(old, &config)) {
                    self.events.push_back(Event::Repeated(id));
                } else {
                    self.announce(id, config);
                }
            }
            Err(ConfigError::NeedsKeyUnit) => {
                input.header = Some(header);
                input.awaits_key_unit = Some(codec);
            }
            Err(error) => self.refuse(id, error),
        }
    }

    fn take_unit(&mut self, id: TrackId, codec: Codec, times: &Times<'_>, payload: Bytes) {
        if let Some(brought) = CodecConfig::of_unit(codec, &payload) {
            let known = self.config(id, codec);
            match brought {
                Ok(config) if known == Some(&config) => {}
                Ok(config) => self.announce(id, config),
                Err(_) if known.is_some() => return self.skipped.count(Skip::BadHeader),
                Err(error) => return self.refuse(id, error),
            }
        }
        self.complete(id, codec, &payload);
        let Some(config) = self.config(id, codec) else {
            return self.skipped.count(Skip::BeforeConfig);
        };
        let inspected = config.inspect(&payload);
        // Simple encoders send the parameter sets in a message of their own ahead of the picture.
        let may_change = match inspected {
            Ok(inspected) => inspected.random_access,
            Err(error) => error == UnitError::NoPicture,
        };
        if may_change {
            match changed(config, &payload) {
                Some(Ok(config)) => self.announce(id, config),
                Some(Err(error)) => self.refuse(id, error),
                None => {}
            }
        }
        let inspected = match inspected {
            Ok(inspected) => inspected,
            Err(error) => return self.skipped.count(error.into()),
        };
        let (dts, pts) = times.decode_and_presentation();
        let Inspected { random_access, samples } = inspected;
        let unit = AccessUnit { track: id, dts, pts, random_access, samples, payload };
        self.events.push_back(Event::Unit(unit));
    }

    /// Makes the configuration that a sequence header could not make without this unit.
    fn complete(&mut self, id: TrackId, codec: Codec, payload: &[u8]) {
        if let Some(input) = self.inputs.get_mut(&id)
            && input.awaits_key_unit == Some(codec)
            && let Some(header) = &input.header
            && let Some(config) = CodecConfig::with_unit(codec, header, payload)
        {
            input.awaits_key_unit = None;
            if input.config.as_ref() != Some(&config) {
                self.announce(id, config);
            }
        }
    }

    fn take_light(&mut self, id: TrackId, codec: Codec, body: &[u8]) {
        let light = match light::parse(body) {
            Ok(Some(light)) => light,
            Ok(None) => return,
            Err(_) => return self.skipped.count(Skip::BadHeader),
        };
        let Some(input) = self.input(id) else { return };
        // ffmpeg 9.0 sends what it has to say of any track as if it were of track 0.
        if input.config.as_ref().is_some_and(|config| config.codec() != codec) {
            return;
        }
        let light = light.map(|light| (codec, light));
        if std::mem::replace(&mut input.light, light) != light {
            self.tell_track(id);
        }
    }

    /// From here on the units of the track are coded by `config`.
    fn announce(&mut self, id: TrackId, config: CodecConfig) {
        let Some(input) = self.input(id) else { return };
        input.config = Some(config);
        input.has_told_bad_config = false;
        self.tell_track(id);
    }

    /// What came before stays in force. One that comes with every key frame is told once.
    fn refuse(&mut self, track: TrackId, error: ConfigError) {
        self.skipped.count(Skip::BadConfig);
        let Some(input) = self.input(track) else { return };
        if !std::mem::replace(&mut input.has_told_bad_config, true) {
            self.events.push_back(Event::BadConfig { track, error });
        }
    }

    fn pass_over(&mut self, kind: TrackKind, what: Unsupported) {
        self.skipped.count(Skip::Unsupported);
        let told = (kind, std::mem::discriminant(&what));
        if !self.told.contains(&told) {
            self.told.push(told);
            self.events.push_back(Event::Unsupported { kind, what });
        }
    }

    fn tell_track(&mut self, id: TrackId) {
        let track = self.inputs.get(&id).and_then(|input| input.track(id, &self.bit_rates));
        self.events.extend(track.map(Event::Track));
    }

    /// How the units of a track are coded, if that is known and the codec is this one.
    fn config(&self, id: TrackId, codec: Codec) -> Option<&CodecConfig> {
        self.inputs.get(&id)?.config.as_ref().filter(|config| config.codec() == codec)
    }

    /// What is known about a track; `None` if it is one too many.
    fn input(&mut self, id: TrackId) -> Option<&mut Input> {
        let others = self.inputs.keys().filter(|other| other.kind == id.kind && **other != id);
        if others.count() >= TRACKS_MAX {
            self.pass_over(id.kind, Unsupported::Track(id.number));
            return None;
        }
        Some(self.inputs.entry(id).or_default())
    }
}

impl Input {
    /// The track as it is announced; `None` while nothing is known of its units.
    fn track(&self, id: TrackId, bit_rates: &BitRates) -> Option<Track> {
        let codec = self.config.clone()?;
        let light = self.light.filter(|(of, _)| *of == codec.codec()).map(|(_, light)| light);
        Some(Track { id, codec, light, bit_rate: bit_rates.of(id) })
    }
}

/// Whether a decoder would see no difference. ffmpeg ends FLAC with another sequence header, which
/// holds the number of samples and a checksum of them.
fn is_same_format(old: &CodecConfig, new: &CodecConfig) -> bool {
    let (CodecConfig::Flac(old), CodecConfig::Flac(new)) = (old, new) else { return old == new };
    let format = |flac: &FlacConfig| {
        (flac.sample_rate(), flac.channels(), flac.bits_per_sample(), flac.block_size_max())
    };
    format(old) == format(new)
}

/// The configuration from this unit on, if it brings another: decoding can start with it.
fn changed(config: &CodecConfig, unit: &[u8]) -> Option<Result<CodecConfig, ConfigError>> {
    if let CodecConfig::Avc(avc) = config {
        return Some(CodecConfig::parse(Codec::Avc, changed_record(avc, unit)?));
    }
    config.changed_by(unit).map(Ok)
}

/// The body of a unit, which waits for its segment to end: as a slice it keeps its whole message,
/// and who counts the bytes that wait sees those of units only. Six bytes of a message of many
/// tracks would keep a megabyte. One that is half of its message or more keeps at most as much
/// again as it has, and is not copied.
fn keeping_little(body: Bytes, message_bytes: usize) -> Bytes {
    if body.len() < message_bytes / 2 { Bytes::copy_from_slice(&body) } else { body }
}

/// What a payload says of a unit's times.
struct Times<'a> {
    message_ms: u32,
    composition_ms: i32,
    packet: &'a Packet,
}

impl Times<'_> {
    /// Counted in milliseconds, unless a modifier made them finer.
    fn decode_and_presentation(&self) -> (Timestamp, Timestamp) {
        let decode_ms = i64::from(self.message_ms);
        let presentation_ms = decode_ms + i64::from(self.composition_ms);
        let at = |ms| match self.packet.offset_ns {
            0 => Timestamp::from_millis(ms),
            ns => Timestamp::new(ms * 1_000_000 + i64::from(ns), Timescale::NANOS),
        };
        (at(decode_ms), at(presentation_ms))
    }
}
