//! The reader's side of a journal: what a playlist lists now.

use std::collections::VecDeque;

use crate::{Body, DateRange, Entry, Head, SegmentRecord, State, boundary_ms};

/// A stream's newest segments, folded from its journal. Folding may start at any entry: from then
/// on, two windows with one policy that saw the same entries list the same, but for segments that
/// the later starter has not read.
#[derive(Clone, Debug)]
pub struct Window {
    policy: WindowPolicy,
    segments: VecDeque<ListedSegment>,
    /// In the order of their first entries.
    date_ranges: VecDeque<DateRange>,
    head: Option<Head>,
    /// What is listed belongs to a broadcast that is over.
    has_ended: bool,
    length_ms: i64,
    epoch: u64,
    latest_at_ms: i64,
}

/// How much a window lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WindowPolicy {
    /// How long the listed segments are together, in milliseconds, at least. A segment leaves when
    /// the others are that long without it.
    pub length_ms: i64,
}

/// A segment as a playlist lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedSegment {
    /// The media sequence number.
    pub sequence: u64,
    /// The ownership that it was made in.
    pub epoch: u64,
    /// `EXTINF`, in milliseconds.
    pub length_ms: i64,
    /// `EXT-X-PROGRAM-DATE-TIME`, in milliseconds since the Unix epoch.
    pub calendar_ms: i64,
    /// Whether `EXT-X-DISCONTINUITY` stands before it.
    pub discontinuity: bool,
    /// Breaks of the timeline up to and with this segment.
    pub discontinuity_sequence: u64,
    /// Whether decoding can start with it.
    pub independent: bool,
    /// Whether its bytes are lost (`EXT-X-GAP`).
    pub gap: bool,
    /// The segment in each rendition.
    pub renditions: Vec<SegmentRecord>,
}

/// Date ranges that a window lists at most: an hour of cues a minute apart. The oldest goes first.
const DATE_RANGES_MAX: usize = 64;

/// Target durations that a live playlist is never shorter than (RFC 8216, 6.2.2).
const TARGET_DURATIONS_MIN: i64 = 3;

impl Window {
    /// An empty window.
    #[must_use]
    pub const fn new(policy: WindowPolicy) -> Self {
        Self {
            policy,
            segments: VecDeque::new(),
            date_ranges: VecDeque::new(),
            head: None,
            has_ended: false,
            length_ms: 0,
            epoch: 0,
            latest_at_ms: i64::MIN,
        }
    }

    /// Takes in the journal's next entry.
    pub fn apply(&mut self, entry: &Entry) {
        match &entry.body {
            Body::Segment(segment) => {
                if self.has_ended {
                    self.segments.clear();
                    self.date_ranges.clear();
                    self.length_ms = 0;
                    self.has_ended = false;
                }
                let length_ms =
                    boundary_ms(segment.end).saturating_sub(boundary_ms(segment.start)).max(0);
                self.length_ms = self.length_ms.saturating_add(length_ms);
                self.segments.push_back(ListedSegment {
                    sequence: segment.sequence,
                    epoch: entry.epoch,
                    length_ms,
                    calendar_ms: segment.calendar_ms,
                    discontinuity: segment.discontinuity,
                    discontinuity_sequence: entry.head.discontinuity_sequence,
                    independent: segment.independent,
                    gap: false,
                    renditions: segment.renditions.clone(),
                });
            }
            Body::Gap { first, last } => {
                let lost = *first..=*last;
                let listed = self.segments.iter_mut();
                listed.filter(|s| lost.contains(&s.sequence)).for_each(|s| s.gap = true);
            }
            Body::Ended { .. } => self.has_ended = true,
            Body::DateRange(range) => self.take_date_range(range),
            Body::Opened { .. }
            | Body::Interrupted { .. }
            | Body::Paged { .. }
            | Body::Expired { .. }
            | Body::Unknown => {}
        }
        // A new owner of an ended stream has nothing to show yet; until it has, what is listed is
        // still the broadcast that is over.
        self.head = Some(entry.head);
        self.epoch = entry.epoch;
        self.latest_at_ms = entry.at_ms;
        self.slide();
    }

    /// The listed segments, oldest first.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &ListedSegment> + ExactSizeIterator {
        self.segments.iter()
    }

    /// The stream's state after the newest entry, or `None` before the first.
    #[must_use]
    pub const fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Whether the listed broadcast is over (`EXT-X-ENDLIST`).
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Whether somebody publishes at the moment.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.head.is_some_and(|head| head.state == State::Live)
    }

    /// The ownership that the newest entry was made in.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// When the newest entry was made, in milliseconds since the Unix epoch.
    #[must_use]
    pub const fn latest_at_ms(&self) -> i64 {
        self.latest_at_ms
    }

    /// Whether the window lists as much as its policy says, so that older entries cannot add to it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.length_ms >= self.kept_ms()
    }

    /// `EXT-X-TARGETDURATION`, in seconds; `None` before the first segment.
    #[must_use]
    pub fn target_duration_s(&self) -> Option<u32> {
        self.head.and_then(|head| head.target_duration_s)
    }

    /// What is said of stretches of time that have not ended before the first listed segment.
    pub fn date_ranges(&self) -> impl Iterator<Item = &DateRange> {
        let oldest_ms = self.segments.front().map_or(i64::MIN, |segment| segment.calendar_ms);
        self.date_ranges.iter().filter(move |range| !is_before(range, oldest_ms))
    }

    fn take_date_range(&mut self, range: &DateRange) {
        if let Some(known) = self.date_ranges.iter_mut().find(|known| known.id == range.id) {
            known.add(range);
            return;
        }
        if self.date_ranges.len() >= DATE_RANGES_MAX {
            self.date_ranges.pop_front();
        }
        self.date_ranges.push_back(range.clone());
    }

    /// Lets go of what is older than the policy's length, and of no more.
    fn slide(&mut self) {
        let kept_ms = self.kept_ms();
        while let Some(oldest) = self.segments.front() {
            let rest_ms = self.length_ms.saturating_sub(oldest.length_ms);
            if rest_ms < kept_ms {
                break;
            }
            self.length_ms = rest_ms;
            self.segments.pop_front();
        }
        let oldest_ms = self.segments.front().map_or(i64::MIN, |segment| segment.calendar_ms);
        self.date_ranges.retain(|range| !is_before(range, oldest_ms));
    }

    fn kept_ms(&self) -> i64 {
        let target_ms = i64::from(self.target_duration_s().unwrap_or(0)).saturating_mul(1_000);
        self.policy.length_ms.max(TARGET_DURATIONS_MIN.saturating_mul(target_ms))
    }
}

/// Whether the range is over before `oldest_ms`. One whose end nobody knows is not.
fn is_before(range: &DateRange, oldest_ms: i64) -> bool {
    let planned = || Some(range.start_ms.saturating_add_unsigned(range.planned_duration_ms?));
    range.end_ms().or_else(planned).is_some_and(|end_ms| end_ms < oldest_ms)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Claimant, Ledger, NewSegment};

    fn claimant() -> Claimant {
        Claimant { node: "a".into(), origin_url: None }
    }

    /// Plays a script: `s2` a segment of two seconds, `d` one of two seconds after a break, `i`
    /// interrupted, `o` opened again, `e` ended, `g3` segment 3 is lost.
    fn play(script: &str) -> Vec<Entry> {
        let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
        let mut entries = vec![opened];
        let mut now = 0;
        for word in script.split_whitespace() {
            let (kind, number) = word.split_at(1);
            let number: u32 = number.parse().unwrap_or(2);
            let entry = match kind {
                "s" | "d" => {
                    let new = NewSegment {
                        start: now,
                        end: now + i64::from(number) * 90_000,
                        calendar_ms: now / 90,
                        discontinuity: kind == "d",
                        independent: true,
                        target_duration_s: 2,
                        part_target_ms: None,
                        parts: Vec::new(),
                        renditions: Vec::new(),
                    };
                    now = new.end;
                    ledger.segment(new, now)
                }
                "i" => ledger.interrupted("gone", 60_000, now),
                "e" => ledger.ended("over", now),
                "g" => ledger.gap(number.into(), number.into(), now),
                "o" => {
                    let (next, opened) = Ledger::claim(entries.last(), claimant(), now);
                    ledger = next;
                    opened
                }
                other => panic!("{other}"),
            };
            entries.push(entry);
        }
        entries
    }

    fn show(window: &Window) -> String {
        let mut text = String::new();
        for segment in window.segments() {
            let tag = if segment.discontinuity { "|" } else { "" };
            let gap = if segment.gap { "?" } else { "" };
            text += &format!("{tag}{}{gap} ", segment.sequence);
        }
        if window.has_ended() { text + "end" } else { text.trim_end().to_owned() }
    }

    #[track_caller]
    fn check(script: &str, expected: &str) {
        let mut window = Window::new(WindowPolicy { length_ms: 6_000 });
        play(script).iter().for_each(|entry| window.apply(entry));
        assert_eq!(show(&window), expected, "{script}");
    }

    #[test]
    fn a_segment_leaves_when_the_rest_is_long_enough() {
        check("s s s", "0 1 2");
        check("s s s s", "1 2 3");
        check("s1 s s s", "1 2 3");
        check("s s s s1", "0 1 2 3");
        check("s s s s1 s1", "1 2 3 4");
    }

    #[test]
    fn a_restart_goes_on_in_the_same_window() {
        check("s s i o s", "0 1 |2");
        check("s s i o i o s s", "1 |2 3");
        check("s s o s d", "1 |2 |3");
    }

    #[test]
    fn an_ended_broadcast_stays_until_the_next_one_has_a_segment() {
        check("s s i e", "0 1 end");
        check("s s i e o", "0 1 end");
        check("s s i e o s", "2");
        check("s e o e", "0 end");
    }

    #[test]
    fn a_stretch_of_time_is_told_of_while_it_lasts() {
        let range = |id: &str, start_ms, duration_ms| DateRange {
            id: id.into(),
            class: None,
            start_ms,
            duration_ms,
            planned_duration_ms: None,
            attributes: std::collections::BTreeMap::new(),
        };
        let mut window = Window::new(WindowPolicy { length_ms: 6_000 });
        let entries = play("s s s s");
        let told = |window: &Window| {
            let ids: Vec<_> = window.date_ranges().map(|r| (r.id.clone(), r.duration_ms)).collect();
            format!("{ids:?}")
        };
        let Entry { version, epoch, at_ms, head, .. } = entries[0].clone();
        let tell = |range| Entry { version, epoch, at_ms, head, body: Body::DateRange(range) };
        window.apply(&entries[0]);
        window.apply(&tell(range("cue", 500, Some(0))));
        window.apply(&tell(range("break", 1_000, None)));
        entries[1..4].iter().for_each(|entry| window.apply(entry));
        assert_eq!(told(&window), "[(\"cue\", Some(0)), (\"break\", None)]");
        // What was said stays said, whatever is said later.
        window.apply(&tell(range("break", 9_000, Some(0))));
        window.apply(&tell(range("break", 1_000, Some(9_000))));
        assert_eq!(told(&window), "[(\"cue\", Some(0)), (\"break\", Some(8000))]");
        window.apply(&entries[4]);
        assert_eq!(told(&window), "[(\"break\", Some(8000))]");
    }

    #[test]
    fn lost_segments_stay_in_the_numbers() {
        check("s s s g1", "0 1? 2");
        check("s s s g1 s", "1? 2 3");
    }

    #[test]
    fn a_window_is_never_shorter_than_three_target_durations() {
        let mut window = Window::new(WindowPolicy { length_ms: 0 });
        play("s s s s s").iter().for_each(|entry| window.apply(entry));
        assert_eq!(show(&window), "2 3 4");
    }

    proptest! {
        /// Media and discontinuity sequence never go back, no number is missing or listed twice,
        /// and a reader that starts in the middle lists the same in the end.
        #[test]
        fn every_history_is_continuous(
            words in prop::collection::vec(
                prop::sample::select(vec!["s", "s1", "s", "d", "i", "e", "o"]), 0..60),
            skip in 0..60_usize,
        ) {
            let entries = play(&words.join(" "));
            let policy = WindowPolicy { length_ms: 6_000 };
            let (mut all, mut late) = (Window::new(policy), Window::new(policy));
            let mut before: Option<(u64, u64, u64)> = None;
            for (at, entry) in entries.iter().enumerate() {
                all.apply(entry);
                if at >= skip {
                    late.apply(entry);
                }
                let Some((first, last)) = all.segments().next().zip(all.segments().last()) else {
                    continue;
                };
                prop_assert_eq!(last.sequence - first.sequence + 1, all.segments().len() as u64);
                let header = first.discontinuity_sequence - u64::from(first.discontinuity);
                let now = (first.sequence, last.sequence, header);
                if let Some((first, last, header)) = before {
                    prop_assert!(now.0 >= first && now.1 >= last && now.2 >= header);
                }
                before = Some(now);
            }
            let late: Vec<_> = late.segments().collect();
            let all: Vec<_> = all.segments().collect();
            prop_assert!(all.ends_with(&late));
        }
    }
}
