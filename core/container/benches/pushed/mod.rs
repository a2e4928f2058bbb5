//! What an encoder pushes, for measurements of what is made of it.

use bytes::Bytes;
use media::aac::AacConfig;
use media::avc::AvcConfig;
use media::{AccessUnit, CodecConfig, Timescale, Timestamp, Track, TrackId};
use samples::{hex, noise};

/// Different segments of two seconds.
const SEGMENTS: i64 = 4;

const PICTURES: i64 = 120;
const KEY_FRAME_BYTES: usize = 60_000;
const PICTURE_BYTES: usize = 8_000;
const AUDIO_BYTES: usize = 400;

/// What an encoder sends for 1920x1080 at 60 pictures a second and 4 Mbit/s, with AAC at 150
/// kbit/s, in the order of the decode times.
pub(crate) fn segments() -> Vec<Vec<AccessUnit>> {
    let rate = Timescale::new(48_000).unwrap();
    let segment = |number: i64| {
        let begin = number * 2_000;
        let mut units: Vec<_> = (0..PICTURES)
            .map(|index| {
                let dts = Timestamp::from_millis(begin + index * 2_000 / PICTURES);
                AccessUnit {
                    track: TrackId::VIDEO,
                    dts,
                    pts: dts.checked_add(33).unwrap(),
                    random_access: index == 0,
                    samples: 0,
                    payload: picture(index == 0),
                }
            })
            .collect();
        let frames = (begin * 48).div_euclid(1_024)..((begin + 2_000) * 48).div_euclid(1_024);
        units.extend(frames.map(|index| {
            let dts = Timestamp::new(index * 1_024, rate);
            let payload = noise(AUDIO_BYTES).into();
            let track = TrackId::AUDIO;
            AccessUnit { track, dts, pts: dts, random_access: true, samples: 1_024, payload }
        }));
        units.sort_by_key(|unit| unit.dts);
        units
    };
    (0..SEGMENTS).map(segment).collect()
}

/// A picture of one slice; a key frame has what x264 puts before it.
fn picture(is_key_frame: bool) -> Bytes {
    let slice = |header, bytes| [&[header], noise(bytes).as_slice()].concat();
    let nal_units = match is_key_frame {
        true => vec![slice(6, 40), slice(0x65, KEY_FRAME_BYTES)],
        false => vec![slice(0x41, PICTURE_BYTES)],
    };
    let mut payload = Vec::new();
    for nal in nal_units {
        payload.extend_from_slice(&u32::try_from(nal.len()).unwrap().to_be_bytes());
        payload.extend_from_slice(&nal);
    }
    payload.into()
}

/// The tracks of these.
pub(crate) fn tracks() -> Vec<Track> {
    let avc = "01640028 ff e1 001b 67640028acd940780227e5c044000003000400000300f03c60c658
        01 0006 68ebe3cb22c0 fdf8f800";
    let avc = AvcConfig::parse(hex(avc).into()).unwrap();
    let aac = AacConfig::parse(hex("119056e500").into()).unwrap();
    vec![
        Track::new(TrackId::VIDEO, CodecConfig::Avc(avc)),
        Track::new(TrackId::AUDIO, CodecConfig::Aac(aac)),
    ]
}
