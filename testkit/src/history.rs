//! What a strict viewer remembers: playlists may grow and slide, and nothing else.

use std::collections::BTreeMap;

use crate::playlist::{Listed, MediaPlaylist};

/// All versions of a media playlist that a viewer saw, held against one another.
#[derive(Debug, Default)]
pub struct History {
    latest: Option<MediaPlaylist>,
    listed: BTreeMap<u64, Listed>,
    faults: Vec<String>,
}

impl History {
    /// Takes in the next version, and returns the segments that were not listed before.
    pub fn take(&mut self, playlist: &MediaPlaylist) -> Vec<Listed> {
        self.check_headers(playlist);
        let mut new = Vec::new();
        for segment in &playlist.segments {
            let sequence = segment.sequence;
            if segment.length_ms.saturating_add(500) / 1_000 > playlist.target_duration_s {
                let Listed { length_ms, .. } = segment;
                let target = playlist.target_duration_s;
                self.fault(format!(
                    "{sequence} lasts {length_ms} ms, over the target of {target} s"
                ));
            }
            match self.listed.get(&sequence) {
                Some(known) => self.check_same(&known.clone(), segment),
                None => {
                    self.check_new(segment);
                    self.listed.insert(sequence, segment.clone());
                    new.push(segment.clone());
                }
            }
        }
        self.latest = Some(playlist.clone());
        new
    }

    /// The newest version.
    #[must_use]
    pub const fn latest(&self) -> Option<&MediaPlaylist> {
        self.latest.as_ref()
    }

    /// Every segment that was ever listed, by its number.
    #[must_use]
    pub const fn listed(&self) -> &BTreeMap<u64, Listed> {
        &self.listed
    }

    /// What should not have been, in sentences.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    fn fault(&mut self, sentence: String) {
        self.faults.push(sentence);
    }

    fn check_headers(&mut self, playlist: &MediaPlaylist) {
        let mut faults = Vec::new();
        if let Some(before) = &self.latest {
            let mut check = |what: &str, is_right: bool, before: u64, now: u64| {
                if !is_right {
                    faults.push(format!("the {what} went from {before} to {now}"));
                }
            };
            let (old, new) = (before.target_duration_s, playlist.target_duration_s);
            check("target duration", old == new, old, new);
            let (old, new) = (before.media_sequence, playlist.media_sequence);
            check("media sequence", new >= old, old, new);
            let (old, new) = (before.discontinuity_sequence, playlist.discontinuity_sequence);
            check("discontinuity sequence", new >= old, old, new);
            let last =
                |playlist: &MediaPlaylist| playlist.segments.last().map_or(0, |s| s.sequence);
            check("last segment", last(playlist) >= last(before), last(before), last(playlist));
            // What has ended stays as it is until a new broadcast takes its place.
            let is_next = playlist.media_sequence > last(before);
            if before.has_ended && playlist != before && !is_next {
                faults.push(format!("the playlist changed after its end: {playlist:?}"));
            }
        }
        self.faults.append(&mut faults);
    }

    fn check_same(&mut self, known: &Listed, segment: &Listed) {
        // That bytes are lost may be found out later.
        let known = Listed { is_gap: known.is_gap || segment.is_gap, ..known.clone() };
        if known != *segment {
            self.fault(format!("a listed segment changed from {known:?} to {segment:?}"));
        }
        if segment.is_gap {
            self.listed.insert(segment.sequence, segment.clone());
        }
    }

    fn check_new(&mut self, segment: &Listed) {
        let Listed { sequence, ref uri, .. } = *segment;
        if let Some(other) = self.listed.values().find(|other| other.uri == *uri) {
            let other = other.sequence;
            self.fault(format!("{uri} is segment {other} and segment {sequence}"));
        }
        let Some((last, before)) = self.listed.last_key_value() else {
            if segment.sequence == 0 && segment.discontinuity {
                self.fault("a stream's first segment breaks nothing".to_owned());
            }
            return;
        };
        let expected = last + 1;
        let breaks = segment.discontinuity_sequence
            - before.discontinuity_sequence.min(segment.discontinuity_sequence);
        let mut faults = Vec::new();
        if sequence != expected {
            faults.push(format!("segment {sequence} came after segment {last}"));
        }
        if segment.discontinuity && breaks != 1 {
            faults.push(format!("segment {sequence} counts {breaks} discontinuities"));
        }
        let end_ms = before.date_ms.saturating_add_unsigned(before.length_ms);
        let apart_ms = segment.date_ms.saturating_sub(end_ms);
        // The server's clock is followed by a millisecond a segment.
        if breaks == 0 && apart_ms.abs() > 1 || apart_ms < -1 {
            faults
                .push(format!("segment {sequence} is dated {apart_ms} ms after the end of {last}"));
        }
        self.faults.append(&mut faults);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A playlist from a few words: `2:1` is what the headers say (target duration and breaks
    /// before), each other word a segment's number, `|` a break before it, `end` the end. Each
    /// segment lasts two seconds, and is dated by its number.
    fn playlist(text: &str) -> MediaPlaylist {
        let mut words = text.split_whitespace().peekable();
        let (target, breaks) = words.next().unwrap().split_once(':').unwrap();
        let mut playlist = MediaPlaylist {
            version: 3,
            target_duration_s: target.parse().unwrap(),
            discontinuity_sequence: breaks.parse().unwrap(),
            is_independent: true,
            has_ended: false,
            media_sequence: words.peek().unwrap().trim_start_matches('|').parse().unwrap(),
            segments: Vec::new(),
        };
        let mut breaks = playlist.discontinuity_sequence;
        for word in words {
            if word == "end" {
                playlist.has_ended = true;
                continue;
            }
            let (discontinuity, number) = (word.starts_with('|'), word.trim_start_matches('|'));
            breaks += u64::from(discontinuity);
            let sequence: u64 = number.parse().unwrap();
            playlist.segments.push(Listed {
                sequence,
                discontinuity_sequence: breaks,
                discontinuity,
                uri: format!("1/{sequence}.ts"),
                length_ms: 2_000,
                date_ms: i64::try_from(sequence).unwrap() * 2_000,
                is_gap: false,
                init: None,
            });
        }
        playlist
    }

    #[track_caller]
    fn check(versions: &[&str], expected: &str) {
        let mut history = History::default();
        for version in versions {
            history.take(&playlist(version));
        }
        let faults = history.faults().join("; ");
        let right = if expected.is_empty() { faults.is_empty() } else { faults.contains(expected) };
        assert!(right, "{versions:?}: {faults:?}");
    }

    #[test]
    fn a_playlist_grows_and_slides_and_breaks_and_ends() {
        check(&["2:0 0 1", "2:0 0 1 2", "2:0 1 2 |3", "2:0 |3 4", "2:1 4 5 end"], "");
        check(&["2:0 0 1 end", "2:0 0 1 end", "2:1 2 3"], "");
    }

    #[test]
    fn nothing_goes_back() {
        check(&["2:0 3 4", "2:0 2 3 4"], "the media sequence went from 3 to 2");
        check(&["2:0 3 4", "2:0 3"], "the last segment went from 4 to 3");
        check(&["2:1 3 4", "2:0 |3 4"], "the discontinuity sequence went from 1 to 0");
        check(&["2:0 3 4", "3:0 3 4"], "the target duration went from 2 to 3");
    }

    #[test]
    fn nothing_listed_changes() {
        check(&["2:0 3 4", "2:0 3 |4"], "a listed segment changed");
        check(&["2:0 |3 4", "2:0 4 5"], "a listed segment changed");
        check(&["2:0 3 4", "2:0 5 6 7", "2:0 6 7 9"], "segment 9 came after segment 7");
        check(&["2:0 3 4 end", "2:0 3 4 5 end"], "changed after its end");
        check(&["2:0 3 4 end", "2:0 3 4"], "changed after its end");
    }

    #[test]
    fn a_gap_may_be_found_later_but_not_mended() {
        let mut history = History::default();
        let mut lost = playlist("2:0 3 4");
        history.take(&lost);
        lost.segments[0].is_gap = true;
        history.take(&lost);
        assert!(history.faults().is_empty() && history.listed()[&3].is_gap);
        history.take(&playlist("2:0 3 4"));
        assert_eq!(history.faults().len(), 1);
    }

    #[test]
    fn lengths_and_dates_are_held_to() {
        let mut history = History::default();
        let mut late = playlist("2:0 3 4");
        late.segments[1].date_ms += 2;
        late.segments[1].length_ms = 2_500;
        history.take(&late);
        assert!(history.faults()[1].contains("dated 2 ms"), "{:?}", history.faults());
        let mut history = History::default();
        let mut reused = playlist("2:0 3 4");
        reused.segments[1].uri = "1/3.ts".into();
        history.take(&reused);
        assert_eq!(history.faults(), ["1/3.ts is segment 3 and segment 4"]);
        check(&["1:0 3"], "3 lasts 2000 ms, over the target of 1 s");
        check(&["2:0 |0 1"], "breaks nothing");
    }
}
