//! Segments between two breaks.

use std::sync::Arc;

use hls::read::Segment;
use media::{CodecConfig, TrackKind};

use crate::evidence::{SegmentEvidence, Times};

/// The segments since a break: their times go on from one to the next.
#[derive(Clone, Debug)]
pub struct Run {
    /// The configurations of all tracks that were seen, at most 16.
    pub configs: Vec<Arc<CodecConfig>>,
    /// How far pictures are apart.
    pub frame_rate: FrameRate,
    /// The first segment's.
    first: Times,
    newest: Option<(Segment, Times)>,
    /// All `EXTINF` before the newest segment.
    listed_ns: i64,
    listed_drift: Option<Drift>,
    sound: Option<Sound>,
    last_key_ns: Option<i64>,
    longest_gop_ns: Option<i64>,
}

/// Two times that should go on alike, and do not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Drift {
    /// The number of the segment at the beginning of which they were compared.
    pub sequence: u64,
    /// How far they are apart: by how much the times of the pictures, or of the media, are ahead.
    pub drift_ns: i64,
    /// How long they had to drift.
    pub span_ns: i64,
    /// How far they may be apart.
    pub limit_ns: i64,
}

/// How far pictures are apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FrameRate {
    /// Distances between neighbours within segments.
    distances: usize,
    /// Those that are as they usually are, and their sum.
    regular: (usize, i64),
}

/// How pictures and sound go on beside one another.
#[derive(Clone, Copy, Debug)]
struct Sound {
    /// When pictures and sound begin.
    first_ns: (i64, i64),
    /// How long all sound lasts that came before the newest segment.
    content_ns: i64,
    /// By how much pictures are ahead of the sound that there is, and of its times.
    leads: [Lead; 2],
    drift: Option<Drift>,
}

/// By how much pictures are ahead of something at the beginning of segments.
#[derive(Clone, Copy, Debug, Default)]
struct Lead {
    /// At the second segment: before that an encoder starts one sooner than the other, and the
    /// first cut puts them in line.
    at_second_ns: Option<i64>,
    newest_ns: i64,
    /// The most that changed from one segment to the next. Where sound is cut in whole packets it
    /// is unsteady by as much, which is no drift.
    largest_step_ns: i64,
}

/// How many configurations of a run are kept: more than tracks in it can have.
const CONFIGS_MAX: usize = 16;

/// `EXTINF` may be rounded badly for a while: 50 ms and a thousandth of what passed.
const LISTED_DRIFT_NS: i64 = 50_000_000;

/// Sound that is more than 60 ms late is seen on lips.
const SOUND_DRIFT_NS: i64 = 60_000_000;

/// Times that are this far apart are of different runs.
const BREAK_NS: i64 = 1_000_000_000;

impl Run {
    pub(super) const fn new(times: &Times) -> Self {
        Self {
            configs: Vec::new(),
            frame_rate: FrameRate { distances: 0, regular: (0, 0) },
            first: *times,
            newest: None,
            listed_ns: 0,
            listed_drift: None,
            sound: None,
            last_key_ns: None,
            longest_gop_ns: None,
        }
    }

    /// Whether a segment follows without a break: one that is listed, or one of its times that
    /// goes without saying so, which is a fault of its own.
    pub(super) fn goes_on_with(&self, listed: &Segment, times: &Times) -> bool {
        let Some((newest, before)) = &self.newest else { return true };
        let distance = times.first_ns.saturating_sub(before.end_ns).saturating_abs();
        newest.sequence.checked_add(1) == Some(listed.sequence)
            && newest.discontinuity_sequence == listed.discontinuity_sequence
            && !listed.has_discontinuity
            && before.kind == times.kind
            && times.first_ns > before.first_ns
            && distance <= before.frame_ns().unwrap_or(i64::MAX).max(BREAK_NS)
    }

    pub(super) fn take(&mut self, segment: &SegmentEvidence, main: &Times) {
        let sequence = segment.listed.sequence;
        let video = segment.media.times_of(TrackKind::Video).next();
        let audio = segment.media.times_of(TrackKind::Audio).next();
        self.listed_drift = self.drift_of_listed(sequence, main);
        self.listed_ns = self.listed_ns.saturating_add(segment.listed_ns());
        self.sound = match (video, audio) {
            (Some(video), Some(audio)) => Some(Sound::after(self.sound, sequence, &video, &audio)),
            (Some(_), None) | (None, Some(_) | None) => None,
        };
        if let Some(video) = video {
            self.frame_rate.take(&video);
        }
        for track in &segment.media.tracks {
            let changes = track.changes.iter().map(|(_, config)| config);
            track.config.iter().chain(changes).for_each(|config| self.note_config(config));
        }
        self.note_keys(segment);
        self.newest = Some((segment.listed.clone(), *main));
    }

    pub(super) const fn listed_drift(&self) -> Option<Drift> {
        self.listed_drift
    }

    pub(super) fn sound_drift(&self) -> Option<Drift> {
        self.sound.and_then(|sound| sound.drift)
    }

    pub(super) const fn longest_gop_ns(&self) -> Option<i64> {
        self.longest_gop_ns
    }

    /// Some count from the first picture that is shown, some from the first that is decoded: the
    /// kinder one counts.
    fn drift_of_listed(&self, sequence: u64, newest: &Times) -> Option<Drift> {
        let shown = newest.first_ns.saturating_sub(self.first.first_ns);
        let decoded = newest.opens_ns.saturating_sub(self.first.opens_ns);
        let drifts = [shown, decoded].map(|span_ns| {
            let drift_ns = span_ns.saturating_sub(self.listed_ns);
            let limit_ns = LISTED_DRIFT_NS.saturating_add(span_ns.saturating_abs() / 1_000);
            Drift { sequence, drift_ns, span_ns, limit_ns }
        });
        drifts.into_iter().min_by_key(Drift::excess_ns).and_then(Drift::if_too_far)
    }

    fn note_config(&mut self, config: &Arc<CodecConfig>) {
        if self.configs.len() < CONFIGS_MAX && !self.configs.contains(config) {
            self.configs.push(Arc::clone(config));
        }
    }

    fn note_keys(&mut self, segment: &SegmentEvidence) {
        let mut tracks = segment.media.tracks.iter();
        let Some(track) = tracks.find(|track| track.kind == TrackKind::Video) else { return };
        for unit in track.units.iter().filter(|unit| unit.is_key) {
            let since = self.last_key_ns.map(|last| unit.pts_ns.saturating_sub(last));
            self.longest_gop_ns = self.longest_gop_ns.max(since);
            self.last_key_ns = Some(unit.pts_ns);
        }
    }
}

impl Sound {
    fn after(before: Option<Self>, sequence: u64, video: &Times, audio: &Times) -> Self {
        let Some(mut sound) = before else {
            return Self {
                first_ns: (video.first_ns, audio.first_ns),
                content_ns: audio.content_ns,
                leads: [Lead::default(); 2],
                drift: None,
            };
        };
        let span_ns = video.first_ns.saturating_sub(sound.first_ns.0);
        let sound_span_ns = audio.first_ns.saturating_sub(sound.first_ns.1);
        let behind = [sound.content_ns, sound_span_ns];
        sound.drift = None;
        for (lead, behind) in sound.leads.iter_mut().zip(behind) {
            let drift = lead.move_to(span_ns.saturating_sub(behind), sequence, span_ns);
            sound.drift = Drift::worse(sound.drift, drift);
        }
        sound.content_ns = sound.content_ns.saturating_add(audio.content_ns);
        sound
    }
}

impl Lead {
    fn move_to(&mut self, lead_ns: i64, sequence: u64, span_ns: i64) -> Option<Drift> {
        let last_ns = std::mem::replace(&mut self.newest_ns, lead_ns);
        let Some(at_second_ns) = self.at_second_ns else {
            self.at_second_ns = Some(lead_ns);
            return None;
        };
        let step_ns = lead_ns.saturating_sub(last_ns).saturating_abs();
        self.largest_step_ns = self.largest_step_ns.max(step_ns);
        let drift_ns = lead_ns.saturating_sub(at_second_ns);
        let limit_ns = self.largest_step_ns.saturating_mul(2).max(SOUND_DRIFT_NS);
        Drift { sequence, drift_ns, span_ns, limit_ns }.if_too_far()
    }
}

impl Drift {
    /// The one that is further beyond its limit.
    pub(super) fn worse(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        [one, other].into_iter().flatten().max_by_key(Self::excess_ns)
    }

    fn if_too_far(self) -> Option<Self> {
        (self.excess_ns() > 0).then_some(self)
    }

    fn excess_ns(&self) -> i64 {
        self.drift_ns.saturating_abs().saturating_sub(self.limit_ns)
    }
}

impl FrameRate {
    fn take(&mut self, times: &Times) {
        let (count, sum) = times.regular;
        self.distances = self.distances.saturating_add(times.count.saturating_sub(1));
        self.regular.0 = self.regular.0.saturating_add(count);
        self.regular.1 = self.regular.1.saturating_add(sum);
    }

    /// Pictures in a thousand seconds, if they come steadily: no more than a tenth of the distances
    /// are unusual.
    #[must_use]
    pub fn milli(&self) -> Option<u64> {
        let (count, sum) = self.regular;
        let is_variable = (self.distances - count).saturating_mul(10) > self.distances;
        let pictures = i128::try_from(count).ok().filter(|_| !is_variable)?;
        let milli = (pictures * 1_000_000_000_000).checked_div(i128::from(sum))?;
        u64::try_from(milli).ok()
    }
}
