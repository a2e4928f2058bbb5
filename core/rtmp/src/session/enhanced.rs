//! What each side says of Enhanced RTMP in `connect` and its answer (Enhanced RTMP version 2,
//! "Enhancing NetConnection connect Command").

use std::fmt;

use crate::amf::Value;

/// What one side of a connection can do beyond RTMP 1.0.
///
/// Nobody has to agree on anything: OBS says none of this and sends HEVC all the same. It tells a
/// client what is worth sending, and a server what the client understands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Enhanced {
    /// `fourCcList`: the codecs it takes, `*` for all of them.
    pub four_cc_list: Vec<String>,
    /// `videoFourCcInfoMap`: what it can do with a codec of pictures, by FourCC or `*`.
    pub video: Vec<(String, CodecAbilities)>,
    /// `audioFourCcInfoMap`: what it can do with a codec of sound, by FourCC or `*`.
    pub audio: Vec<(String, CodecAbilities)>,
    /// `capsEx`: what else it can do.
    pub capabilities: Capabilities,
}

/// What a side can do with a codec: a set of flags.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct CodecAbilities(u32);

/// What a side can do besides codecs: a set of flags.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities(u32);

/// Codecs that are kept of each list. The specification knows eleven.
pub const CODECS_MAX: usize = 32;

const FOUR_CC_LIST: &str = "fourCcList";
const VIDEO_MAP: &str = "videoFourCcInfoMap";
const AUDIO_MAP: &str = "audioFourCcInfoMap";
const CAPS_EX: &str = "capsEx";

impl Enhanced {
    /// What a server says that forwards these codecs, each given by its FourCC, and understands
    /// all that version 2 defines.
    #[must_use]
    pub fn forwarding(video: &[&str], audio: &[&str]) -> Self {
        let map = |codecs: &[&str]| {
            codecs.iter().map(|codec| ((*codec).to_owned(), CodecAbilities::FORWARD)).collect()
        };
        Self {
            four_cc_list: video.iter().chain(audio).map(|codec| (*codec).to_owned()).collect(),
            video: map(video),
            audio: map(audio),
            capabilities: Capabilities::ALL,
        }
    }

    /// Reads the properties of a command object; `None` if there is nothing of this among them.
    /// What has a wrong type or is no FourCC is passed over.
    #[must_use]
    pub fn of(properties: &[(String, Value)]) -> Option<Self> {
        let value = |name| properties.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let list = value(FOUR_CC_LIST);
        let (video, audio, caps) = (value(VIDEO_MAP), value(AUDIO_MAP), value(CAPS_EX));
        if [list, video, audio, caps].iter().all(Option::is_none) {
            return None;
        }
        Some(Self {
            four_cc_list: list.map(four_ccs).unwrap_or_default(),
            video: video.map(abilities).unwrap_or_default(),
            audio: audio.map(abilities).unwrap_or_default(),
            capabilities: Capabilities(caps.and_then(Value::as_u32).unwrap_or_default()),
        })
    }

    /// The properties of a command object that say this.
    #[must_use]
    pub fn properties(&self) -> Vec<(String, Value)> {
        let list = self.four_cc_list.iter().map(|codec| codec.as_str().into()).collect();
        let map = |codecs: &[(String, CodecAbilities)]| {
            let property = |(codec, abilities): &(String, CodecAbilities)| {
                (codec.clone(), Value::from(abilities.0))
            };
            Value::Object(codecs.iter().map(property).collect())
        };
        vec![
            (FOUR_CC_LIST.to_owned(), Value::StrictArray(list)),
            (VIDEO_MAP.to_owned(), map(&self.video)),
            (AUDIO_MAP.to_owned(), map(&self.audio)),
            (CAPS_EX.to_owned(), self.capabilities.0.into()),
        ]
    }
}

impl CodecAbilities {
    /// It decodes the codec.
    pub const DECODE: Self = Self(1);
    /// It encodes the codec.
    pub const ENCODE: Self = Self(2);
    /// It passes the codec on as it is.
    pub const FORWARD: Self = Self(4);

    /// Whether all of `other` is among these.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl Capabilities {
    /// It reconnects when it is asked to.
    pub const RECONNECT: Self = Self(1);
    /// It knows several tracks in one stream.
    pub const MULTITRACK: Self = Self(2);
    /// It can read past modifiers of packets.
    pub const MOD_EX: Self = Self(4);
    /// It knows times finer than a millisecond.
    pub const TIMESTAMP_NANO_OFFSET: Self = Self(8);
    /// All that is defined.
    pub const ALL: Self = Self(0x0f);

    /// Whether all of `other` is among these.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Debug for CodecAbilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// A strict array by the specification; an object with indices for keys is read as well.
fn four_ccs(value: &Value) -> Vec<String> {
    let four_cc = |value: &Value| value.as_str().filter(|text| is_four_cc(text)).map(str::to_owned);
    if let Value::StrictArray(values) = value {
        return values.iter().filter_map(four_cc).take(CODECS_MAX).collect();
    }
    let values = value.properties().unwrap_or_default().iter().map(|(_, value)| value);
    values.filter_map(four_cc).take(CODECS_MAX).collect()
}

fn abilities(value: &Value) -> Vec<(String, CodecAbilities)> {
    let properties = value.properties().unwrap_or_default().iter();
    let abilities = properties.filter_map(|(codec, flags)| {
        let flags = CodecAbilities(flags.as_u32()?);
        is_four_cc(codec).then(|| (codec.clone(), flags))
    });
    abilities.take(CODECS_MAX).collect()
}

fn is_four_cc(text: &str) -> bool {
    text == "*" || text.len() == 4 && text.is_ascii()
}
