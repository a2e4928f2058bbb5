//! One elementary stream: its PES packets, and the access units in them.

use std::sync::Arc;

use container::ts::{Pid, StreamType};
use media::{Codec, CodecConfig, TrackKind};

use super::clock::nanoseconds;
use super::pes::{Assembly, Complete, UNITS_MAX};
use super::sound::Sound;
use super::video::{Look, Looked, Video};
use super::{At, Few, TsStream};
use crate::evidence::{TrackMedia, Unit};

/// An elementary stream that is being read.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) pid: Pid,
    pub(super) assembly: Assembly,
    kind: StreamType,
    codec: Option<Codec>,
    track: Option<TrackMedia>,
    video: Option<Video>,
    sound: Option<Sound>,
    /// Units at the end of the track that have no time of their own yet.
    untimed: usize,
    /// How often the clock broke before the newest PES packet.
    breaks: u64,
}

/// Changes of the configuration that are kept: there should be none.
const CHANGES_MAX: usize = 16;

impl Stream {
    pub(super) fn new(
        pid: Pid,
        kind: StreamType,
        codec: Option<Codec>,
        track: Option<TrackKind>,
    ) -> Self {
        let looked_into = |kind| codec.filter(|codec| codec.kind() == kind);
        let track = track.map(|kind| TrackMedia {
            id: u32::from(pid.number()),
            kind,
            config: None,
            changes: Vec::new(),
            units: Vec::new(),
        });
        Self {
            pid,
            assembly: Assembly::default(),
            kind,
            codec,
            track,
            video: looked_into(TrackKind::Video).map(Video::new),
            sound: looked_into(TrackKind::Audio).map(Sound::new),
            untimed: 0,
            breaks: 0,
        }
    }

    /// Packets are missing, or cannot be read.
    pub(super) fn damage(&mut self) {
        self.assembly.damage();
        if let Some(sound) = &mut self.sound {
            sound.damage();
        }
    }

    /// The PES packet that is being put together is complete, or will never be.
    pub(super) fn end(
        &mut self,
        is_last: bool,
        near: &mut Option<i64>,
        scrambled: &mut Few<At>,
        at: At,
    ) {
        let kind = self.track.as_ref().map(|track| track.kind);
        let is_video = kind == Some(TrackKind::Video);
        let Some(complete) = self.assembly.end(is_video, is_last, *near) else { return };
        if let Some((_, dts)) = complete.times {
            *near = Some(near.map_or(dts, |near| near.max(dts)));
        }
        if complete.is_scrambled {
            scrambled.add(at);
            self.damage();
        } else if self.video.is_some() {
            self.take_pictures(&complete);
        } else if self.sound.is_some() {
            self.take_sound(&complete);
        } else {
            let bytes = self.assembly.data(&complete).len();
            self.push(complete.times, bytes, true, None);
        }
    }

    pub(super) fn finish(mut self, is_cut: bool) -> (TsStream, Option<TrackMedia>) {
        if let Some(sound) = &mut self.sound {
            sound.finish(is_cut);
        }
        self.spread(None);
        let stream = TsStream {
            pid: self.pid,
            kind: self.kind,
            codec: self.codec,
            pes: self.assembly.facts,
            video: self.video.map(|video| video.facts),
            sound: self.sound.map(|sound| sound.facts),
        };
        (stream, self.track)
    }

    fn take_pictures(&mut self, complete: &Complete) {
        let Some(video) = &mut self.video else { return };
        let data = self.assembly.data(complete);
        let look = Look {
            number: complete.number,
            is_random_access: complete.is_random_access,
            is_damaged: complete.is_damaged || complete.is_unfinished,
        };
        let Looked { units, is_key, config } = video.look(data, look);
        let bytes = data.len();
        if let Some(config) = config {
            self.set_config(config);
        }
        if units == 0 || complete.times.is_none() {
            self.extend_last(bytes);
            return;
        }
        self.push(complete.times, bytes, is_key, None);
        // The others have no time: they are spread over that up to the next.
        for _ in 1..units.min(UNITS_MAX) {
            self.push(complete.times, 0, false, None);
            self.untimed += 1;
        }
    }

    fn take_sound(&mut self, complete: &Complete) {
        let Some(sound) = &mut self.sound else { return };
        if std::mem::replace(&mut self.breaks, complete.breaks) != complete.breaks {
            sound.break_clock();
        }
        let pts_ns = complete.times.map(|(pts, _)| nanoseconds(pts));
        let data = self.assembly.data(complete);
        for frame in sound.take(complete.number, data, pts_ns, complete.is_damaged) {
            if let Some(config) = frame.config {
                set_config(self.track.as_mut(), config);
            }
            if let Some(track) = self.track.as_mut().filter(|track| track.units.len() < UNITS_MAX) {
                track.units.push(Unit {
                    dts_ns: frame.pts_ns,
                    pts_ns: frame.pts_ns,
                    length_ns: Some(frame.length_ns),
                    is_key: true,
                    bytes: u32::try_from(frame.bytes).unwrap_or(u32::MAX),
                });
            }
        }
    }

    fn push(
        &mut self,
        times: Option<(i64, i64)>,
        bytes: usize,
        is_key: bool,
        length_ns: Option<i64>,
    ) {
        let Some((pts, dts)) = times else { return };
        let unit = Unit {
            dts_ns: nanoseconds(dts),
            pts_ns: nanoseconds(pts),
            length_ns,
            is_key,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        };
        if self.untimed > 0 && bytes > 0 {
            self.spread(Some(unit.dts_ns));
        }
        if let Some(track) = self.track.as_mut().filter(|track| track.units.len() < UNITS_MAX) {
            track.units.push(unit);
        }
    }

    /// More of the newest access unit.
    fn extend_last(&mut self, bytes: usize) {
        if let Some(last) = self.track.as_mut().and_then(|track| track.units.last_mut()) {
            last.bytes = last.bytes.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        }
    }

    /// Gives times to the units that have none: evenly between the last that has one and `next`,
    /// or as far apart as those before.
    fn spread(&mut self, next: Option<i64>) {
        let untimed = std::mem::take(&mut self.untimed);
        let Some(track) = &mut self.track else { return };
        let Some(timed) = track.units.len().checked_sub(untimed + 1) else { return };
        let (before, units) = track.units.split_at_mut(timed);
        let Some((&mut first, others)) = units.split_first_mut() else { return };
        let Ok(count) = i64::try_from(others.len()) else { return };
        let step = match (next, before.last()) {
            (Some(next), _) => (next - first.dts_ns) / (count + 1),
            (None, Some(last)) => first.dts_ns - last.dts_ns,
            (None, None) => 0,
        };
        for (unit, number) in others.iter_mut().zip(1..) {
            unit.dts_ns = first.dts_ns + step * number;
            unit.pts_ns = first.pts_ns + step * number;
        }
    }

    fn set_config(&mut self, config: Arc<CodecConfig>) {
        set_config(self.track.as_mut(), config);
    }
}

/// What holds from the next unit of a track on.
fn set_config(track: Option<&mut TrackMedia>, config: Arc<CodecConfig>) {
    let Some(track) = track else { return };
    if track.config.is_none() {
        track.config = Some(config);
    } else if track.changes.len() < CHANGES_MAX {
        track.changes.push((track.units.len(), config));
    }
}
