//! Writes the units of a segment in the format that players fetch.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use container::ts;
use media::{AccessUnit, Track, TrackId, TrackKind};
use sha2::Digest;
use timeline::{Container, Medium, RenditionId, SegmentRecord, Sha256, TrackRecord};

/// The transport stream rendition: the first video and the first audio track, multiplexed.
#[derive(Debug)]
pub(crate) struct TsPackage {
    rendition: RenditionId,
    muxer: ts::Muxer,
    tracks: BTreeMap<TrackId, Track>,
    body: BytesMut,
    /// The measured pictures in 1,000 seconds, kept from the first segment on that shows it.
    frame_rate_milli: u32,
}

/// Frame rates that encoders mean when they come within half a percent, in pictures in 1,000
/// seconds.
const COMMON_FRAME_RATES_MILLI: [u32; 15] = [
    10_000, 12_000, 12_500, 14_985, 15_000, 20_000, 23_976, 24_000, 25_000, 29_970, 30_000, 48_000,
    50_000, 59_940, 60_000,
];

impl TsPackage {
    /// A package of `tracks`; `None` when a transport stream cannot carry one of them.
    pub(crate) fn new(rendition: RenditionId, tracks: &BTreeMap<TrackId, Track>) -> Option<Self> {
        let tracks = tracks.clone();
        let muxer = ts::Muxer::new(&tracks.values().cloned().collect::<Vec<_>>()).ok()?;
        Some(Self { rendition, muxer, tracks, body: BytesMut::new(), frame_rate_milli: 0 })
    }

    /// Changes the tracks, between two segments. Continuity counters go on.
    pub(crate) fn set_tracks(&mut self, tracks: &BTreeMap<TrackId, Track>) {
        let list: Vec<_> = tracks.values().cloned().collect();
        if self.muxer.set_tracks(&list).is_ok() {
            self.tracks = tracks.clone();
            self.frame_rate_milli = 0;
        }
    }

    /// Begins a segment, behind a break of the timeline or not.
    pub(crate) fn begin(&mut self, discontinuity: bool) {
        if discontinuity {
            self.muxer.mark_discontinuity();
        }
        self.muxer.begin(&mut self.body);
    }

    /// Writes a unit; `false` when it cannot be said in this format and is left out.
    pub(crate) fn write(&mut self, unit: &AccessUnit) -> bool {
        self.muxer.write(unit, &mut self.body).is_ok()
    }

    /// Ends the segment: `pictures` were written over `ticks` of 90 kHz.
    pub(crate) fn finish(&mut self, pictures: u32, ticks: i64) -> (SegmentRecord, Bytes) {
        self.muxer.finish_segment(&mut self.body);
        // The next segment will be about as long, so its buffer never has to grow.
        let capacity = self.body.len();
        let body =
            std::mem::replace(&mut self.body, BytesMut::with_capacity(capacity + capacity / 8));
        let body = body.freeze();
        if self.frame_rate_milli == 0 {
            self.frame_rate_milli = frame_rate_milli(pictures, ticks);
        }
        let record = SegmentRecord {
            rendition: self.rendition.clone(),
            container: Container::Ts,
            bytes: u64::try_from(body.len()).unwrap_or(u64::MAX),
            sha256: Sha256(sha2::Sha256::digest(&body).into()),
            tracks: self.tracks.values().map(|track| self.describe(track)).collect(),
            init: None,
            is_alternative: false,
            captions: Vec::new(),
        };
        (record, body)
    }

    fn describe(&self, track: &Track) -> TrackRecord {
        let (video, audio) = (track.codec.video(), track.codec.audio());
        let medium = Medium::Video {
            width: video.map_or(0, |video| video.width),
            height: video.map_or(0, |video| video.height),
            frame_rate_milli: self.frame_rate_milli,
            range: timeline::VideoRange::Sdr,
        };
        let medium = audio.map_or(medium, |audio| Medium::Audio {
            sample_rate: audio.output_sample_rate,
            channels: audio.channels.into(),
        });
        TrackRecord { codec: track.codec.rfc6381(), medium }
    }
}

/// The first track of each kind: what a rendition with one picture and one sound consists of.
pub(crate) fn first_of_each_kind(tracks: &BTreeMap<TrackId, Track>) -> BTreeMap<TrackId, Track> {
    let first = |kind| tracks.iter().find(move |(id, _)| id.kind == kind);
    [first(TrackKind::Video), first(TrackKind::Audio)]
        .into_iter()
        .flatten()
        .map(|(id, track)| (*id, track.clone()))
        .collect()
}

/// Pictures in 1,000 seconds, rounded to what encoders mean.
fn frame_rate_milli(pictures: u32, ticks: i64) -> u32 {
    let Ok(ticks @ 1..) = u64::try_from(ticks) else { return 0 };
    let measured = u64::from(pictures).saturating_mul(90_000_000) / ticks;
    let Ok(measured) = u32::try_from(measured) else { return 0 };
    let nearest = COMMON_FRAME_RATES_MILLI.into_iter().min_by_key(|rate| rate.abs_diff(measured));
    nearest.filter(|rate| rate.abs_diff(measured) <= rate / 200).unwrap_or(measured)
}

#[cfg(test)]
mod tests {
    use super::frame_rate_milli;

    #[test]
    fn a_frame_rate_is_what_the_encoder_means() {
        assert_eq!(frame_rate_milli(60, 180_180), 29_970);
        assert_eq!(frame_rate_milli(60, 180_090), 29_970);
        assert_eq!(frame_rate_milli(50, 180_000), 25_000);
        assert_eq!(frame_rate_milli(250, 749_970), 30_000);
        assert_eq!(frame_rate_milli(7, 90_000), 7_000);
        assert_eq!(frame_rate_milli(0, 180_000), 0);
        assert_eq!(frame_rate_milli(10, 0), 0);
    }
}
