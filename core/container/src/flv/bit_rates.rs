//! What `onMetaData` says about the bit rates of tracks (Enhanced RTMP version 2, "Enhancing
//! onMetaData").

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use media::{TrackId, TrackKind};
use rtmp::Value;

/// What a publisher says its encoders are set to. Nothing checks it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct BitRates {
    /// Bits a second. A track has a number below 256, so there are 512 at most.
    tracks: BTreeMap<TrackId, u32>,
}

impl BitRates {
    /// Reads the argument of `onMetaData`: rates in kilobits a second for track 0 of each kind,
    /// and by number for those that differ.
    pub(super) fn parse(metadata: &Value) -> Self {
        let kinds = [
            (TrackKind::Video, "videodatarate", "videoTrackIdInfoMap"),
            (TrackKind::Audio, "audiodatarate", "audioTrackIdInfoMap"),
        ];
        let mut tracks = BTreeMap::new();
        for (kind, name, map) in kinds {
            let mut set = |number, rate: Option<u32>| {
                rate.and_then(|rate| tracks.insert(TrackId { kind, number }, rate))
            };
            set(0, bit_rate(metadata, name));
            let map = metadata.property(map).and_then(Value::properties).unwrap_or_default();
            for (number, track) in map {
                if let Ok(number) = number.parse() {
                    set(number, bit_rate(track, name));
                }
            }
        }
        Self { tracks }
    }

    pub(super) fn of(&self, track: TrackId) -> Option<u32> {
        self.tracks.get(&track).copied()
    }
}

/// Bits a second, if they are said: ffmpeg says 0 where it does not know.
fn bit_rate(object: &Value, name: &str) -> Option<u32> {
    let rate = Value::Number((object.property(name)?.as_f64()? * 1_000.0).round()).as_u32()?;
    (rate > 0).then_some(rate)
}
