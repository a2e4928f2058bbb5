//! What is remembered of a low-latency playlist, version after version.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use hls::read::{HintKind, MediaPlaylist, Part, Segment};
use url::Url;

use super::{Edge, LatencyEvidence, PartKey, VersionEvidence};

/// What is remembered of a low-latency playlist, version after version. It stays small: it knows
/// the parts that are listed, and has the bytes of those of the newest segments.
#[derive(Debug, Default)]
pub struct LowLatencyWatch {
    /// The parts of the last version, by the media sequence number of their segment.
    listed: BTreeMap<u64, Listed>,
    /// How far the last version went.
    edge: Option<Edge>,
    /// What the last version hinted.
    hint: Option<(String, u64)>,
    /// A first part of a segment that was not the hinted one. Whether that is a fault depends on
    /// `EXT-X-DISCONTINUITY`, which is known once the segment is whole.
    doubtful: Option<(PartKey, String, String)>,
    /// Bytes of parts.
    bodies: BTreeMap<PartKey, Bytes>,
    /// The segment up to which parents were compared.
    compared: Option<u64>,
}

/// The parts of a segment that are listed.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Listed {
    /// The index of the first one: parts before it were removed.
    first: u64,
    /// How each of them is listed.
    words: Vec<String>,
}

/// Parts that are remembered: those of four target durations of 10 s, at 50 ms each, are 800.
const LISTED_MAX: usize = 4096;

/// Bytes of parts that are held: four segments of ten seconds at 12 Mbit/s.
const BODIES_BYTES_MAX: usize = 64 << 20;

impl LowLatencyWatch {
    /// Takes in a version of the playlist, which came from `url`. `others` are the playlists of
    /// the other renditions, which it must report about.
    pub fn version(
        &mut self,
        playlist: &MediaPlaylist,
        url: &Url,
        others: &[Url],
    ) -> VersionEvidence {
        let mut evidence = VersionEvidence {
            target_duration: playlist.target_duration,
            unreported: unreported(playlist, url, others),
            ..VersionEvidence::default()
        };
        let edge = Edge::of(playlist);
        // A cache may answer with an older version; that is a rule of all live playlists.
        if self.edge.is_some_and(|before| edge < before) {
            return evidence;
        }
        let mut now = listed(playlist);
        for (sequence, before) in &self.listed {
            let from_end = from_end(playlist, *sequence);
            let gone = now.get_mut(sequence).map_or(before.words.len(), |after| {
                let gone = removed_first(before, after);
                after.first = before.first + u64::try_from(gone).unwrap_or(u64::MAX);
                let kept = before.words.iter().skip(gone).zip(&after.words);
                for (index, (was, is)) in (after.first..).zip(kept) {
                    if was != is {
                        let key = PartKey { sequence: *sequence, index };
                        evidence.changed.push((key, was.clone(), is.clone()));
                    }
                }
                gone
            });
            if let Some(from_end) = from_end {
                let keys = (before.first..).take(gone);
                let keys = keys.map(|index| PartKey { sequence: *sequence, index });
                evidence.removed.extend(keys.map(|key| (key, from_end)));
            }
        }
        if playlist.has_ended {
            // Nobody plays at the edge of what has ended.
            evidence.removed.clear();
        }
        self.hinted(playlist, &mut evidence);
        self.hint = part_hint(playlist);
        self.edge = Some(edge);
        self.listed = now;
        evidence
    }

    /// How far the last version went.
    #[must_use]
    pub const fn edge(&self) -> Option<Edge> {
        self.edge
    }

    /// Keeps the bytes of a part, until its segment is whole.
    pub fn body(&mut self, key: PartKey, bytes: Bytes) {
        self.bodies.insert(key, bytes);
        let mut held: usize = self.bodies.values().map(Bytes::len).sum();
        while held > BODIES_BYTES_MAX {
            let Some((_, oldest)) = self.bodies.pop_first() else { break };
            held -= oldest.len();
        }
    }

    /// The next segment that is whole and whose parts are all there: to be fetched, and
    /// compared with its [`LowLatencyWatch::bodies`].
    pub fn due(&mut self, playlist: &MediaPlaylist) -> Option<Segment> {
        let due = playlist.segments.iter().find(|segment| {
            self.compared.is_none_or(|compared| segment.sequence > compared)
                && !segment.parts.is_empty()
                && !segment.is_gap
                && segment.key.is_none()
                && self.held(segment.sequence) == segment.parts.len()
        })?;
        self.compared = Some(due.sequence);
        Some(due.clone())
    }

    /// The bytes of a segment's parts. They are forgotten, and those of older segments with them.
    pub fn bodies(&mut self, segment: &Segment) -> Vec<Bytes> {
        let newer = self.bodies.split_off(&PartKey { sequence: segment.sequence + 1, index: 0 });
        let held = std::mem::replace(&mut self.bodies, newer);
        let own = PartKey { sequence: segment.sequence, index: 0 };
        held.range(own..).map(|(_, bytes)| bytes.clone()).collect()
    }

    /// How many parts of a segment are held: all from its first to its last, or none.
    fn held(&self, sequence: u64) -> usize {
        let first = PartKey { sequence, index: 0 };
        let last = PartKey { sequence, index: u64::MAX };
        let keys = self.bodies.range(first..=last).map(|(key, _)| key.index);
        let count = keys.clone().count();
        if (0_u64..).zip(keys).all(|(index, key)| index == key) { count } else { 0 }
    }

    /// Whether what was hinted is what came.
    fn hinted(&mut self, playlist: &MediaPlaylist, evidence: &mut VersionEvidence) {
        if let Some(doubtful) = &self.doubtful {
            let whole = playlist.segments.iter().find(|one| one.sequence == doubtful.0.sequence);
            match whole {
                Some(segment) if segment.has_discontinuity => self.doubtful = None,
                Some(_) => evidence.unhinted.extend(self.doubtful.take()),
                None if doubtful.0.sequence < playlist.media_sequence => self.doubtful = None,
                None => {}
            }
        }
        let (Some((hinted, start)), Some(edge)) = (self.hint.take(), self.edge) else { return };
        let expected = PartKey::next(edge);
        let Some((key, part)) = parts(playlist).find(|(key, _)| *key >= expected) else { return };
        let came = (part.uri.as_str(), part.byte_range.map_or(0, |range| range.start));
        // A part that was to go on with the segment can turn out to begin the next one.
        if came == (hinted.as_str(), start) || part.is_gap {
            return;
        }
        let fault = (key, hinted, part.uri.clone());
        if key.index == 0 {
            self.doubtful = Some(fault);
        } else {
            evidence.unhinted.push(fault);
        }
    }
}

impl LatencyEvidence {
    /// How far the newest part of a playlist is behind the clock, if it has dates.
    #[must_use]
    pub fn of(playlist: &MediaPlaylist, now_unix_ms: i64) -> Option<Self> {
        let part_target = playlist.part_target.filter(|_| !playlist.has_ended)?;
        let (at, date_ns) =
            playlist.segments.iter().enumerate().rev().find_map(|(at, segment)| {
                segment.date.as_ref().and_then(|(_, date)| Some((at, (*date)?)))
            })?;
        let whole: Duration = playlist.segments.iter().skip(at).map(|one| one.duration).sum();
        let parts: Duration = playlist.parts.iter().map(|part| part.duration).sum();
        let end_ms = i64::try_from(date_ns / 1_000_000).ok()?
            + i64::try_from((whole + parts).as_millis()).ok()?;
        Some(Self { behind_ms: now_unix_ms - end_ms, part_target })
    }
}

/// Which renditions no report is about.
fn unreported(playlist: &MediaPlaylist, url: &Url, others: &[Url]) -> Vec<String> {
    let is_live = !playlist.has_ended && playlist.part_target.is_some();
    if !is_live || playlist.is_i_frames_only {
        return Vec::new();
    }
    let reported: Vec<_> =
        playlist.reports.iter().filter_map(|report| url.join(&report.uri).ok()).collect();
    let is_same = |one: &Url, other: &Url| {
        (one.host(), one.port_or_known_default(), one.path())
            == (other.host(), other.port_or_known_default(), other.path())
    };
    let missing = others.iter().filter(|other| !is_same(other, url));
    let missing = missing.filter(|other| !reported.iter().any(|one| is_same(one, other)));
    missing.map(|other| other.path().to_owned()).collect()
}

fn part_hint(playlist: &MediaPlaylist) -> Option<(String, u64)> {
    let hint = playlist.hints.iter().find(|hint| hint.kind == HintKind::Part)?;
    Some((hint.uri.clone(), hint.start))
}

/// Every part of a playlist with its place. Of a segment whose first parts were removed already,
/// the places are too low: only what remembers how it was knows better.
pub(crate) fn parts(playlist: &MediaPlaylist) -> impl Iterator<Item = (PartKey, &Part)> {
    let whole = playlist.segments.iter().map(|one| (one.sequence, one.parts.as_slice()));
    let making = (Edge::of(playlist).sequence, playlist.parts.as_slice());
    whole.chain([making]).flat_map(|(sequence, parts)| {
        (0_u64..).zip(parts).map(move |(index, part)| (PartKey { sequence, index }, part))
    })
}

/// How far the start of a segment is from the end of the playlist, unless it is listed no longer.
fn from_end(playlist: &MediaPlaylist, sequence: u64) -> Option<Duration> {
    if sequence < playlist.media_sequence {
        return None;
    }
    let making: Duration = playlist.parts.iter().map(|part| part.duration).sum();
    let whole = playlist.segments.iter().filter(|one| one.sequence >= sequence);
    Some(whole.map(|one| one.duration).sum::<Duration>() + making)
}

/// How many parts of a segment were removed at its front: what is left begins as it did.
fn removed_first(before: &Listed, after: &Listed) -> usize {
    let goes_on = |gone: &usize| {
        let kept = before.words.get(*gone..).unwrap_or_default();
        after.words.starts_with(kept)
    };
    // Where nothing is as it was, parts have changed, or all are gone.
    let otherwise = if after.words.is_empty() { before.words.len() } else { 0 };
    (0..before.words.len()).find(goes_on).unwrap_or(otherwise)
}

fn listed(playlist: &MediaPlaylist) -> BTreeMap<u64, Listed> {
    let skipped = parts(playlist).count().saturating_sub(LISTED_MAX);
    let mut listed: BTreeMap<u64, Listed> = BTreeMap::new();
    for (key, part) in parts(playlist).skip(skipped) {
        let range = part.byte_range.map_or_else(String::new, |range| {
            format!(" (bytes {} to {})", range.start, range.start.saturating_add(range.length))
        });
        let words = format!("{}{range}, {:.3} s", part.uri, part.duration.as_secs_f64());
        let first = || Listed { first: key.index, words: Vec::new() };
        listed.entry(key.sequence).or_insert_with(first).words.push(words);
    }
    listed
}
