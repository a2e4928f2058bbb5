//! What is measured of a publication, for the rules to look at.

use std::collections::BTreeMap;

use media::{AccessUnit, Codec, Track, TrackId, TrackKind};

use super::delays::Delays;
use super::mending::{Counts, Mending};
use super::pauses::{Pauses, Stalls, is_pause};
use super::pictures::Pictures;
use super::sound::Sound;
use crate::Repairs;
use crate::latest::ticks;

/// How long nothing is made of how units arrive and of what is mended, in milliseconds: encoders
/// and players that are relayed send what they have kept at once, and find their pace.
const EARLY_MS: i64 = 10_000;
/// Tracks whose codecs are remembered: as many as a demuxer makes.
const TRACKS_MAX: usize = 32;
/// How much the server's clock may go back without a word, in milliseconds.
const BACK_MS_MAX: i64 = 100;

/// Everything that is measured.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) pictures: Option<Pictures>,
    pub(super) sound: Option<Sound>,
    codecs: BTreeMap<TrackId, Codec>,
    /// When the first unit arrived, and the newest.
    began_ms: Option<i64>,
    arrived_ms: i64,
    /// From when on something is made of how units arrive.
    settles_ms: i64,
    /// Where on the timeline the newest is, in milliseconds.
    latest_ms: i64,
    /// Whether it settles because the server did not read: what an encoder drops then is not its
    /// fault.
    is_excused: bool,
    /// Whether the timeline has jumped: where tracks begin after that says nothing of them.
    has_jumped: bool,
    /// The delay of the first unit since the timeline jumped, if arrival was steady since.
    first_delay_ms: Option<i64>,
    /// The delay of the newest.
    delay_ms: i64,
    pauses: Pauses,
    mending: Mending,
    /// When it was looked at last.
    pub(super) now_ms: i64,
}

impl Seen {
    pub(super) fn track(&mut self, track: &Track) {
        if self.codecs.len() < TRACKS_MAX || self.codecs.contains_key(&track.id) {
            self.codecs.insert(track.id, track.codec.codec());
        }
        let latest_ms = self.latest_ms;
        match track.id.kind {
            TrackKind::Video => match &mut self.pictures {
                Some(known) if known.id < track.id => {}
                Some(known) if known.id == track.id => known.change(track),
                other => *other = Pictures::of(track, latest_ms),
            },
            TrackKind::Audio => match &mut self.sound {
                Some(known) if known.id < track.id => {}
                Some(known) if known.id == track.id => known.change(track),
                other => *other = Sound::of(track, latest_ms),
            },
        }
    }

    pub(super) fn unit(&mut self, unit: &AccessUnit, jumped: bool, now_ms: i64) {
        let at_ms = ticks(unit.dts) / 90;
        let delay_ms = now_ms.saturating_sub(at_ms);
        if self.began_ms.is_none() {
            self.begin(at_ms, now_ms);
            self.first_delay_ms = Some(delay_ms);
        }
        let pause_ms = now_ms.saturating_sub(self.arrived_ms);
        let media_ms = at_ms.saturating_sub(self.latest_ms);
        if jumped {
            self.pictures.iter_mut().for_each(Pictures::jump);
            self.sound.iter_mut().for_each(Sound::jump);
            self.has_jumped = true;
            self.first_delay_ms = Some(delay_ms);
        } else if pause_ms < -BACK_MS_MAX {
            self.each_delays(Delays::reset);
            self.first_delay_ms = None;
        }
        self.arrived_ms = now_ms;
        let is_settled = self.is_settled(now_ms);
        self.is_excused &= !is_settled;
        if is_pause(pause_ms, media_ms) {
            self.each_delays(Delays::pause);
            if is_settled {
                self.pauses.add(now_ms, pause_ms);
            }
        }
        (self.latest_ms, self.delay_ms) = (at_ms, delay_ms);
        match (&mut self.pictures, &mut self.sound) {
            (Some(pictures), _) if pictures.id == unit.track => {
                pictures.add(unit, now_ms, is_settled, self.is_excused);
            }
            (_, Some(sound)) if sound.id == unit.track => sound.add(unit, is_settled, now_ms),
            _ => {}
        }
    }

    /// Nothing was read until `now_ms`: how units arrived meanwhile, nobody knows. An encoder that
    /// cannot send drops pictures and sound, and catches up when it can.
    pub(super) fn waited(&mut self, now_ms: i64) {
        self.arrived_ms = self.arrived_ms.max(now_ms);
        self.forget_arrival(now_ms);
        self.pictures.iter_mut().for_each(Pictures::restart);
        self.is_excused = true;
    }

    /// The server's clock was set, by `by_ms`, and is `now_ms` now.
    pub(super) fn clock_set(&mut self, by_ms: i64, now_ms: i64) {
        self.began_ms = self.began_ms.map(|began| began.saturating_add(by_ms));
        self.arrived_ms = self.arrived_ms.saturating_add(by_ms);
        self.forget_arrival(now_ms);
    }

    fn forget_arrival(&mut self, now_ms: i64) {
        self.each_delays(Delays::reset);
        self.first_delay_ms = None;
        self.pauses = Pauses::default();
        self.mending = Mending::default();
        self.settles_ms = now_ms.saturating_add(EARLY_MS);
    }

    pub(super) fn examine(&mut self, repairs: Repairs, broken: u64, now_ms: i64) {
        self.now_ms = now_ms;
        if self.is_settled(now_ms) {
            self.mending.add(repairs, broken, now_ms);
        }
    }

    /// Whether no unit has come yet.
    pub(super) const fn is_empty(&self) -> bool {
        self.began_ms.is_none()
    }

    /// Whether a codec is among those of the tracks.
    pub(super) fn has_codec(&self, codec: Codec) -> bool {
        self.codecs.values().any(|known| *known == codec)
    }

    /// How long it has been watched, in milliseconds.
    pub(super) fn watched_ms(&self) -> i64 {
        self.began_ms.map_or(0, |began| self.arrived_ms.saturating_sub(began))
    }

    /// How long pauses have been looked for.
    fn settled_ms(&self) -> i64 {
        self.arrived_ms.max(self.now_ms).saturating_sub(self.settles_ms)
    }

    /// What was mended in the last minute.
    pub(super) fn lately(&self) -> Counts {
        self.mending.lately()
    }

    /// The delays that arrival is judged by: the pictures', or the sound's where there are none.
    pub(super) fn delays(&self) -> Option<&Delays> {
        let pictures = self.pictures.as_ref().map(|pictures| &pictures.delays);
        pictures.or_else(|| self.sound.as_ref().map(|sound| &sound.delays))
    }

    pub(super) fn stalls(&self, least_ms: i64) -> Option<Stalls> {
        // Before, a stall cannot be told from the first of many bursts.
        let is_known = self.settled_ms() >= 15_000;
        let open_ms = self.now_ms.saturating_sub(self.arrived_ms);
        self.pauses.stalls(self.now_ms, open_ms, least_ms).filter(|_| is_known)
    }

    pub(super) fn bursts_ms(&self) -> Option<i64> {
        self.pauses.bursts_ms(self.now_ms, self.settled_ms())
    }

    /// How far the media has run ahead of the time, in milliseconds.
    pub(super) fn ahead_ms(&self) -> Option<i64> {
        let at_first = self.first_delay_ms.filter(|_| self.watched_ms() < 60_000);
        let ahead = at_first.map(|first| first.saturating_sub(self.delay_ms));
        ahead.or_else(|| self.delays()?.ahead_ms())
    }

    /// How much later than the pictures of the same moment sound arrives, in milliseconds.
    pub(super) fn sound_arrives_late_ms(&self) -> Option<i64> {
        let (pictures, sound) = (self.pictures.as_ref()?, self.sound.as_ref()?);
        Some(sound.delays.present_ms()?.saturating_sub(pictures.delays.present_ms()?))
    }

    /// How much later than the pictures the sound begins on the timeline, in milliseconds.
    pub(super) fn sound_begins_late_ms(&self) -> Option<i64> {
        let (pictures, sound) = (self.pictures.as_ref()?, self.sound.as_ref()?);
        let late_ms = sound.first_ms?.saturating_sub(pictures.first_ms?);
        Some(late_ms).filter(|_| !self.has_jumped)
    }

    /// How long no picture has come although sound has.
    pub(super) fn without_pictures_ms(&self) -> Option<i64> {
        let (pictures, sound) = (self.pictures.as_ref()?, self.sound.as_ref()?);
        Some(sound.latest_ms.saturating_sub(pictures.latest_ms))
    }

    /// How long no sound has come although pictures have.
    pub(super) fn without_sound_ms(&self) -> Option<i64> {
        Some(self.without_pictures_ms()?.saturating_neg())
    }

    fn begin(&mut self, media_ms: i64, now_ms: i64) {
        self.began_ms = Some(now_ms);
        self.arrived_ms = now_ms;
        self.latest_ms = media_ms;
        self.settles_ms = now_ms.saturating_add(EARLY_MS);
        // Tracks were announced before the timeline began.
        self.pictures.iter_mut().for_each(|pictures| pictures.latest_ms = media_ms);
        self.sound.iter_mut().for_each(|sound| sound.latest_ms = media_ms);
    }

    const fn is_settled(&self, now_ms: i64) -> bool {
        self.began_ms.is_some() && now_ms >= self.settles_ms
    }

    fn each_delays(&mut self, change: fn(&mut Delays)) {
        self.pictures.iter_mut().for_each(|pictures| change(&mut pictures.delays));
        self.sound.iter_mut().for_each(|sound| change(&mut sound.delays));
    }
}
