//! What a media playlist says at a time.

use std::time::Duration;

use super::{Course, Origin};
use crate::presentation::{Rendition, Segment};

/// What a media playlist says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct View {
    /// `EXT-X-VERSION`.
    pub version: u64,
    /// `EXT-X-TARGETDURATION`.
    pub target_duration: u64,
    /// `EXT-X-MEDIA-SEQUENCE`.
    pub media_sequence: u64,
    /// `EXT-X-DISCONTINUITY-SEQUENCE`.
    pub discontinuity_sequence: u64,
    /// `EXT-X-PLAYLIST-TYPE`.
    pub playlist_type: Option<&'static str>,
    /// More lines before the first segment.
    pub header: Vec<String>,
    /// What is listed, oldest first.
    pub segments: Vec<Shown>,
    /// Lines behind the last segment.
    pub trailer: Vec<String>,
    /// `EXT-X-ENDLIST`.
    pub has_ended: bool,
}

/// A segment as it is listed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Shown {
    /// Its place in its rendition, which is its media sequence number.
    pub place: usize,
    /// Its URI.
    pub uri: String,
    /// `EXTINF`.
    pub duration: Duration,
    /// `EXT-X-PROGRAM-DATE-TIME`: nanoseconds since the Unix epoch.
    pub date_unix_ns: Option<i128>,
    /// `EXT-X-DISCONTINUITY`.
    pub has_discontinuity: bool,
    /// `EXT-X-GAP`.
    pub is_gap: bool,
    /// The URI of `EXT-X-MAP`.
    pub map: Option<String>,
    /// More lines before its `EXTINF`.
    pub tags: Vec<String>,
}

/// `#EXT-X-INDEPENDENT-SEGMENTS`, which is in each header.
pub(super) const INDEPENDENT: &str = "#EXT-X-INDEPENDENT-SEGMENTS";

impl Origin {
    /// What the media playlist of a rendition says at a time, before a twist.
    pub(super) fn view(&self, rendition: usize, at: Duration) -> View {
        let Some(rendition) = self.presentation.renditions.get(rendition) else {
            return View::default();
        };
        let (first, end) = self.window(rendition, at);
        let all = &rendition.segments;
        let removed = all.iter().take(first).filter(|segment| segment.has_discontinuity).count();
        let shown = all.iter().enumerate().take(end).skip(first);
        View {
            version: rendition.version,
            target_duration: rendition.target_duration,
            media_sequence: u64::try_from(first).unwrap_or(u64::MAX),
            discontinuity_sequence: u64::try_from(removed).unwrap_or(u64::MAX),
            playlist_type: matches!(self.settings.course, Course::Vod).then_some("VOD"),
            header: vec![INDEPENDENT.to_owned()],
            segments: shown.map(|(place, segment)| self.shown(place, segment)).collect(),
            trailer: Vec::new(),
            has_ended: self.has_ended(rendition, at),
        }
    }

    fn shown(&self, place: usize, segment: &Segment) -> Shown {
        Shown {
            place,
            uri: segment.uri.clone(),
            duration: segment.duration,
            date_unix_ns: Some(self.date_unix_ns(segment.begins)),
            has_discontinuity: segment.has_discontinuity,
            is_gap: false,
            map: segment.map.clone(),
            tags: Vec::new(),
        }
    }

    /// When something of the presentation happened: what is listed last ends now.
    pub(super) fn date_unix_ns(&self, media: Duration) -> i128 {
        let nanoseconds = |duration: Duration| i128::try_from(duration.as_nanos()).unwrap_or(0);
        i128::from(self.settings.began_unix_ms) * 1_000_000 + nanoseconds(media)
            - nanoseconds(self.lead())
    }

    /// How much was made before the origin began.
    pub(super) fn lead(&self) -> Duration {
        match self.settings.course {
            Course::Vod => Duration::from_secs(3_600),
            Course::Live { made, .. } => {
                let first = self.presentation.renditions.first();
                let last = first.and_then(|first| first.segments.get(made.saturating_sub(1)));
                last.map_or(Duration::ZERO, |last| last.begins + last.duration)
            }
        }
    }

    /// Which segments are listed at a time: the first, and the one behind the last.
    pub(super) fn window(&self, rendition: &Rendition, at: Duration) -> (usize, usize) {
        match self.settings.course {
            Course::Vod => (0, rendition.segments.len()),
            Course::Live { window, ends_at, .. } => {
                let at = ends_at.map_or(at, |ends_at| at.min(ends_at));
                let now = self.lead() + at;
                // A rendition's borders are those of the others, but for a frame of its sound.
                let is_made = |segment: &&Segment| segment.begins + segment.duration <= now + FRAME;
                let end = rendition.segments.iter().take_while(is_made).count();
                (end.saturating_sub(window), end)
            }
        }
    }

    pub(super) fn has_ended(&self, rendition: &Rendition, at: Duration) -> bool {
        match self.settings.course {
            Course::Vod => true,
            Course::Live { ends_at, .. } => {
                let (_, end) = self.window(rendition, at);
                ends_at.is_some_and(|ends_at| at >= ends_at) || end == rendition.segments.len()
            }
        }
    }

    /// Whether a segment can be fetched: from when it is listed until it has been removed for as
    /// long as it plays and its playlist was (RFC 8216, 6.2.2).
    pub(super) fn is_there(&self, rendition: usize, place: usize, at: Duration) -> bool {
        let Some(rendition) = self.presentation.renditions.get(rendition) else { return false };
        if place >= self.window(rendition, at).1 {
            return false;
        }
        let (Some(kept), Course::Live { window, .. }) = (self.settings.kept, self.settings.course)
        else {
            return true;
        };
        let listed = rendition.segments.iter().skip(place).take(window);
        let playlist: Duration = listed.map(|segment| segment.duration).sum();
        let own = rendition.segments.get(place).map_or(Duration::ZERO, |one| one.duration);
        let Some(before) = at.checked_sub(own + playlist + kept) else { return true };
        place >= self.window(rendition, before).0
    }
}

/// A frame of AAC at 48 kHz, rounded up.
pub(super) const FRAME: Duration = Duration::from_millis(22);
