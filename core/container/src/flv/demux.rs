//! Payloads in, access units out.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use bytes::Bytes;
use media::{
    AccessUnit, Codec, CodecConfig, ConfigError, Timestamp, Track, TrackId, TrackKind, UnitError,
};

use super::header::{Header, Packet};
use super::{TagKind, Unsupported};

/// Makes access units of FLV payloads. [`Self::push`] one, then [`Self::pull`] until `None`.
///
/// Nothing that is pushed can end the stream: what cannot be used is skipped and counted in
/// [`Self::skipped`]. The payloads of access units are slices of what was pushed.
#[derive(Debug, Default)]
pub struct Demuxer {
    video: Input,
    audio: Input,
    events: VecDeque<Event>,
    skipped: Skipped,
}

/// What a payload held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A track begins, or goes on with other parameters than before.
    Track(Track),
    /// A sequence header with the bytes of the one before: nothing changes.
    Repeated(TrackId),
    /// A unit of a track that was announced. Times are the publisher's, in milliseconds:
    /// `dts` is the payload's 32-bit timestamp as it came (it wraps; the segmenter's clock knows),
    /// `pts` lies a signed composition time from it.
    Unit(AccessUnit),
    /// The publisher says that the track is over.
    EndOfSequence(TrackId),
    /// The publisher sends something that is not handled, for the first time for this kind of
    /// track. All of it is skipped.
    Unsupported {
        /// Video or audio.
        kind: TrackKind,
        /// What it is.
        what: Unsupported,
    },
    /// A sequence header that cannot be used. What came before stays in force.
    BadConfig {
        /// The track that it is for.
        track: TrackId,
        /// What is wrong with it.
        error: ConfigError,
    },
}

/// How many payloads were skipped, by reason.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Skipped {
    /// A unit before its track's sequence header.
    pub before_config: u64,
    /// No bytes, or a header with nothing behind it.
    pub empty: u64,
    /// A header that is cut off or says what does not exist.
    pub bad_header: u64,
    /// A sequence header that cannot be used.
    pub bad_config: u64,
    /// NAL unit lengths that go beyond the unit's end.
    pub bad_nal_length: u64,
    /// Something that is not handled.
    pub unsupported: u64,
}

impl Skipped {
    /// Payloads skipped for any reason.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.before_config
            + self.empty
            + self.bad_header
            + self.bad_config
            + self.bad_nal_length
            + self.unsupported
    }

    const fn count(&mut self, reason: Skip) {
        let counter = match reason {
            Skip::BeforeConfig => &mut self.before_config,
            Skip::Empty => &mut self.empty,
            Skip::BadHeader => &mut self.bad_header,
            Skip::BadConfig => &mut self.bad_config,
            Skip::BadNalLength => &mut self.bad_nal_length,
            Skip::Unsupported => &mut self.unsupported,
        };
        *counter += 1;
    }
}

/// Why a payload is skipped: one for each field of [`Skipped`].
#[derive(Clone, Copy, Debug)]
enum Skip {
    BeforeConfig,
    Empty,
    BadHeader,
    BadConfig,
    BadNalLength,
    Unsupported,
}

/// What is known about the payloads of one kind.
#[derive(Debug, Default)]
struct Input {
    config: Option<CodecConfig>,
    has_told_unsupported: bool,
}

impl Demuxer {
    /// A demuxer that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in one payload: the content of an RTMP audio or video message, or an FLV tag's data.
    /// Script data is none of a demuxer's business and leaves no trace.
    pub fn push(&mut self, kind: TagKind, timestamp_ms: u32, payload: Bytes) {
        let (track, header) = match kind {
            TagKind::Video => (TrackId::VIDEO, Header::video(&payload)),
            TagKind::Audio => (TrackId::AUDIO, Header::audio(&payload)),
            TagKind::Script => return,
        };
        if payload.is_empty() {
            self.skipped.count(Skip::Empty);
            return;
        }
        let Some(Header { packet, body_at }) = header else {
            self.skipped.count(Skip::BadHeader);
            return;
        };
        let body = payload.slice(body_at.min(payload.len())..);
        match packet {
            Packet::SequenceStart(codec) => self.configure(track, codec, &body),
            Packet::Coded { codec, composition_ms } => {
                self.take_unit(track, codec, timestamp_ms, composition_ms, body);
            }
            Packet::SequenceEnd => self.events.push_back(Event::EndOfSequence(track)),
            Packet::Other => {}
            Packet::Unsupported(what) => {
                self.skipped.count(Skip::Unsupported);
                let input = self.input(track.kind);
                if !std::mem::replace(&mut input.has_told_unsupported, true) {
                    self.events.push_back(Event::Unsupported { kind: track.kind, what });
                }
            }
        }
    }

    /// What the pushed payloads held, in order; `None` until the next is pushed.
    pub fn pull(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// What was skipped so far.
    #[must_use]
    pub const fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    fn configure(&mut self, track: TrackId, codec: Codec, body: &Bytes) {
        if body.is_empty() {
            self.skipped.count(Skip::Empty);
            return;
        }
        if self.input(track.kind).config.as_ref().is_some_and(|old| is_same(old, codec, body)) {
            self.events.push_back(Event::Repeated(track));
            return;
        }
        // A configuration outlives its message by hours, so it gets memory of its own.
        match CodecConfig::parse(codec, Bytes::copy_from_slice(body)) {
            Ok(config) => {
                self.input(track.kind).config = Some(config.clone());
                self.events.push_back(Event::Track(Track::new(track, config)));
            }
            Err(error) => {
                self.skipped.count(Skip::BadConfig);
                self.events.push_back(Event::BadConfig { track, error });
            }
        }
    }

    fn take_unit(
        &mut self,
        track: TrackId,
        codec: Codec,
        timestamp_ms: u32,
        composition_ms: i32,
        payload: Bytes,
    ) {
        let config = self.input(track.kind).config.as_ref();
        let Some(config) = config.filter(|config| config.codec() == codec) else {
            return self.skipped.count(Skip::BeforeConfig);
        };
        let inspected = match config.inspect(&payload) {
            Ok(inspected) => inspected,
            Err(error) => return self.skipped.count(error.into()),
        };
        let dts_ms = i64::from(timestamp_ms);
        self.events.push_back(Event::Unit(AccessUnit {
            track,
            dts: Timestamp::from_millis(dts_ms),
            pts: Timestamp::from_millis(dts_ms + i64::from(composition_ms)),
            random_access: inspected.random_access,
            samples: inspected.samples,
            payload,
        }));
    }

    const fn input(&mut self, kind: TrackKind) -> &mut Input {
        match kind {
            TrackKind::Video => &mut self.video,
            TrackKind::Audio => &mut self.audio,
        }
    }
}

fn is_same(old: &CodecConfig, codec: Codec, record: &Bytes) -> bool {
    old.codec() == codec && old.record() == Some(record)
}

impl From<UnitError> for Skip {
    fn from(error: UnitError) -> Self {
        match error {
            UnitError::Empty => Self::Empty,
            UnitError::Nal(_) => Self::BadNalLength,
            UnitError::Header => Self::BadHeader,
        }
    }
}
