//! Initialization sections.

use std::sync::Arc;

use bytes::Bytes;
use container::fmp4::{FourCc, ReadError, Reader, TrackInfo};
use media::aac::AacConfigError;
use media::av1::Av1ConfigError;
use media::avc::AvcConfigError;
use media::flac::FlacConfigError;
use media::hevc::HevcConfigError;
use media::opus::OpusConfigError;
use media::vp9::Vp9ConfigError;
use media::{Codec, CodecConfig, ConfigError, TrackKind};

use super::second::{self, Second, SecondTrack};

/// One initialization section.
#[derive(Clone, Debug)]
pub struct InitEvidence {
    /// Its bytes.
    pub bytes: Bytes,
    /// What reads the segments that go with it, or why there is none.
    pub reader: Result<Reader, ReadError>,
    /// Its tracks, in their order.
    pub tracks: Vec<InitTrack>,
    /// What the second reader makes of it.
    pub second: Second<Vec<SecondTrack>>,
}

/// What an initialization section says of a track, worked out.
#[derive(Clone, Debug)]
pub struct InitTrack {
    /// `track_ID`.
    pub id: u32,
    /// Ticks a second of its times; not 0.
    pub timescale: u32,
    /// The name of its sample entry.
    pub entry: FourCc,
    /// Pictures or sound, or neither: text, metadata.
    pub kind: Option<TrackKind>,
    /// Its codec, if it is one that is known.
    pub codec: Option<Codec>,
    /// Whether its samples are encrypted, so that nothing can be said of them.
    pub is_encrypted: bool,
    /// The configuration record of its codec.
    pub record: Option<Bytes>,
    /// What its decoder must know, if the section says so: some codecs say it in their samples.
    pub config: Option<Arc<CodecConfig>>,
    /// Why the configuration cannot be read, if it is wrong.
    pub error: Option<String>,
    /// Parameter sets that the configuration does not have, in words.
    pub missing_sets: Vec<&'static str>,
    /// Where its presentation starts on its timeline, in its ticks.
    pub start: i64,
    /// What `trex` says of samples that say nothing themselves: duration, bytes and flags.
    pub defaults: Option<[u32; 3]>,
}

impl InitEvidence {
    /// Takes an initialization section apart.
    #[must_use]
    pub fn read(bytes: Bytes) -> Self {
        let reader = Reader::open(&bytes);
        let tracks = reader.as_ref().map_or(&[][..], Reader::tracks);
        let tracks = tracks.iter().map(InitTrack::read).collect();
        let second = second::read_init(&bytes);
        Self { bytes, reader, tracks, second }
    }
}

impl InitTrack {
    fn read(info: &TrackInfo) -> Self {
        let codec = info.entry.codec();
        let kind = match &info.handler.0 {
            b"vide" => Some(TrackKind::Video),
            b"soun" => Some(TrackKind::Audio),
            _ => None,
        };
        let mut track = Self {
            id: info.id,
            timescale: info.timescale,
            entry: info.entry.kind,
            kind,
            codec,
            is_encrypted: info.entry.is_encrypted(),
            record: None,
            config: None,
            error: None,
            missing_sets: Vec::new(),
            start: info.start,
            defaults: info.defaults,
        };
        if let Some(codec) = codec {
            track.configure(codec, info.entry.config());
        }
        track
    }

    fn configure(&mut self, codec: Codec, record: Option<Bytes>) {
        let Some(record) = record else {
            // What MP3 is stands in its frames alone, and so does AC-3 as MPEG-4 has it.
            let needs_none = codec == Codec::Mp3 || self.entry.0 == *b"mp4a" && codec != Codec::Aac;
            self.error = (!needs_none).then(|| "there is no configuration of its codec".to_owned());
            return;
        };
        let record = if codec == Codec::Opus { opus_head(&record) } else { record };
        self.record = Some(record.clone());
        match CodecConfig::parse(codec, record) {
            Ok(config) => {
                self.missing_sets = missing_sets(&config);
                self.config = Some(Arc::new(config));
            }
            Err(ConfigError::Avc(AvcConfigError::NoSps)) => {
                self.missing_sets = vec!["sequence", "picture"];
            }
            Err(ConfigError::Hevc(HevcConfigError::NoSps)) => {
                self.missing_sets = vec!["video", "sequence", "picture"];
            }
            Err(error) if is_wrong(error) => self.error = Some(error.to_string()),
            Err(_) => {}
        }
    }
}

/// The parameter sets that a configuration lacks.
fn missing_sets(config: &CodecConfig) -> Vec<&'static str> {
    let of_hevc = match config {
        CodecConfig::Avc(avc) => return kinds([("picture", avc.pps_list())].as_slice()),
        CodecConfig::Hevc(hevc) => [("video", hevc.vps_list()), ("picture", hevc.pps_list())],
        CodecConfig::Av1(_)
        | CodecConfig::Vp9(_)
        | CodecConfig::Aac(_)
        | CodecConfig::Opus(_)
        | CodecConfig::Flac(_)
        | CodecConfig::Ac3(_)
        | CodecConfig::Mp3(_) => return Vec::new(),
    };
    kinds(&of_hevc)
}

/// The names of the lists that are empty.
fn kinds(lists: &[(&'static str, &[Bytes])]) -> Vec<&'static str> {
    lists.iter().filter(|(_, list)| list.is_empty()).map(|(name, _)| *name).collect()
}

/// Whether a configuration breaks its specification. What is only longer than what is taken, or of
/// a kind that is not known here, may well be right.
const fn is_wrong(error: ConfigError) -> bool {
    match error {
        ConfigError::Avc(AvcConfigError::TooLong { .. } | AvcConfigError::Sets(_))
        | ConfigError::Hevc(HevcConfigError::TooLong { .. } | HevcConfigError::Sets(_))
        | ConfigError::Av1(Av1ConfigError::TooLong { .. })
        | ConfigError::Vp9(Vp9ConfigError::TooLong { .. })
        | ConfigError::Aac(
            AacConfigError::TooLong { .. }
            | AacConfigError::ObjectType(_)
            | AacConfigError::SampleRate { .. }
            | AacConfigError::Channels(_),
        )
        | ConfigError::Opus(OpusConfigError::TooLong { .. })
        | ConfigError::Flac(FlacConfigError::TooLong { .. })
        | ConfigError::NeedsKeyUnit
        | ConfigError::InUnits(_)
        | ConfigError::Ac3(_)
        | ConfigError::Mp3(_) => false,
        ConfigError::Avc(_)
        | ConfigError::Hevc(_)
        | ConfigError::Av1(_)
        | ConfigError::Vp9(_)
        | ConfigError::Aac(_)
        | ConfigError::Opus(_)
        | ConfigError::Flac(_) => true,
    }
}

/// The header that RFC 7845, 5.1 has, of what `dOps` says: the same fields with the bytes of
/// numbers in the other order.
fn opus_head(dops: &Bytes) -> Bytes {
    let Some((&[_, channels, s0, s1, r0, r1, r2, r3, g0, g1, family], table)) =
        dops.split_first_chunk()
    else {
        return dops.clone();
    };
    let fields = [1, channels, s1, s0, r3, r2, r1, r0, g1, g0, family];
    [b"OpusHead".as_slice(), &fields, table].concat().into()
}
