//! The owner's side of a journal: which entry comes next.

use crate::{
    Body, DateRange, ENTRY_VERSION, Entry, Head, PAGE_SEGMENTS, PartRecord, SegmentEntry,
    SegmentRecord, State, boundary_ms,
};

/// Makes the entries of one ownership. Every entry must be appended right after the one made
/// before it; when that is refused, somebody else owns the stream and the ledger is void.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ledger {
    epoch: u64,
    head: Head,
    /// Whether this ownership has listed a segment: only the first one can begin with the break
    /// that a change of owners is.
    has_segments: bool,
}

/// Who takes a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claimant {
    /// The node's name.
    pub node: String,
    /// Where the node's memory can be read from, when other nodes can.
    pub origin_url: Option<String>,
}

/// A segment that has been cut and has no number yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewSegment {
    /// Where it begins on the epoch's timeline, in 90 kHz ticks.
    pub start: i64,
    /// Where it ends.
    pub end: i64,
    /// When it begins on the calendar, in milliseconds since the Unix epoch.
    pub calendar_ms: i64,
    /// Whether the timeline breaks before it.
    pub discontinuity: bool,
    /// Whether decoding can start with it.
    pub independent: bool,
    /// The target duration that the segmenter keeps, in seconds.
    pub target_duration_s: u32,
    /// The part target that the segmenter keeps, in milliseconds, where it makes parts.
    pub part_target_ms: Option<u32>,
    /// The parts that it was listed in.
    pub parts: Vec<PartRecord>,
    /// The segment in each rendition.
    pub renditions: Vec<SegmentRecord>,
}

/// Where a segment that is being made begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Beginning {
    /// The media sequence number that it will have.
    pub sequence: u64,
    /// When it begins on the calendar, in milliseconds since the Unix epoch.
    pub calendar_ms: i64,
    /// Whether `EXT-X-DISCONTINUITY` stands before it.
    pub discontinuity: bool,
}

impl Ledger {
    /// The claim on a stream whose newest entry is `newest`, to be appended right after it.
    #[must_use]
    pub fn claim(newest: Option<&Entry>, claimant: Claimant, at_ms: i64) -> (Self, Entry) {
        let head = newest.map_or(
            Head {
                state: State::Live,
                next_sequence: 0,
                discontinuity_sequence: 0,
                target_duration_s: None,
                begins_broadcast: true,
                calendar_end_ms: None,
                part_target_ms: None,
                timeline_end: 0,
                broadcast_first: 0,
                paged_before: 0,
                kept_from: 0,
            },
            |entry| Head { state: State::Live, ..entry.head },
        );
        let epoch = newest.map_or(1, |entry| entry.epoch.saturating_add(1));
        let ledger = Self { epoch, head, has_segments: false };
        let Claimant { node, origin_url } = claimant;
        let entry = ledger.entry(at_ms, Body::Opened { node, origin_url });
        (ledger, entry)
    }

    /// Goes on where `newest` left a stream that this node owned before it restarted: only to say
    /// that the publisher is gone.
    #[must_use]
    pub const fn resume(newest: &Entry) -> Self {
        Self { epoch: newest.epoch, head: newest.head, has_segments: true }
    }

    /// The ownership's number.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The stream's state after the newest entry.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// What [`Self::segment`] would say of the beginning of a segment that begins at `calendar_ms`,
    /// behind a break of the timeline or not.
    #[must_use]
    pub fn beginning(&self, calendar_ms: i64, breaks: bool) -> Beginning {
        let sequence = self.head.next_sequence;
        // A stream's very first segment breaks nothing. The first of a later ownership breaks the
        // timeline; if the broadcast before it was over, nothing that is listed with it came
        // before, so the break is counted without a tag.
        let first_of_owner = self.is_first_of_later_owner();
        let discontinuity =
            (self.has_segments && breaks) || (first_of_owner && !self.head.begins_broadcast);
        // The calendar never goes back, but for the millisecond by which it follows a clock.
        let slew_ms = i64::from(!discontinuity && !first_of_owner);
        let earliest_ms = self.head.calendar_end_ms.map_or(i64::MIN, |end| end - slew_ms);
        Beginning { sequence, calendar_ms: calendar_ms.max(earliest_ms), discontinuity }
    }

    const fn is_first_of_later_owner(&self) -> bool {
        !self.has_segments && self.head.next_sequence > 0
    }

    /// Numbers a segment, and says that it is there.
    #[must_use]
    pub fn segment(&mut self, new: NewSegment, at_ms: i64) -> Entry {
        let first_of_owner = self.is_first_of_later_owner();
        let Beginning { sequence, calendar_ms, discontinuity } =
            self.beginning(new.calendar_ms, new.discontinuity);
        let begins_later = self.head.begins_broadcast && sequence > 0;
        if discontinuity || first_of_owner || begins_later {
            self.head.discontinuity_sequence = self.head.discontinuity_sequence.saturating_add(1);
        }
        if self.head.begins_broadcast {
            self.head.target_duration_s = None;
            self.head.part_target_ms = None;
            self.head.broadcast_first = sequence;
        }
        self.has_segments = true;
        self.head.begins_broadcast = false;
        let length_ms = boundary_ms(new.end).saturating_sub(boundary_ms(new.start));
        self.head.calendar_end_ms = Some(calendar_ms.saturating_add(length_ms));
        self.head.next_sequence = sequence.saturating_add(1);
        self.head.timeline_end = new.end;
        self.head.target_duration_s.get_or_insert(new.target_duration_s);
        self.head.part_target_ms = self.head.part_target_ms.or(new.part_target_ms);
        let segment = SegmentEntry {
            sequence,
            start: new.start,
            end: new.end,
            calendar_ms,
            discontinuity,
            independent: new.independent,
            parts: new.parts,
            renditions: new.renditions,
        };
        self.entry(at_ms, Body::Segment(segment))
    }

    /// Says that the index pages of this number are in the store.
    #[must_use]
    pub fn paged(&mut self, number: u64, at_ms: i64) -> Entry {
        let before = number.saturating_add(1).saturating_mul(PAGE_SEGMENTS);
        self.head.paged_before = self.head.paged_before.max(before);
        self.entry(at_ms, Body::Paged { number })
    }

    /// What another node may append to a stream that it does not own, right after `newest`: that
    /// the time of the segments before `before` is over.
    #[must_use]
    pub fn expired(newest: &Entry, before: u64, at_ms: i64) -> Entry {
        let mut head = newest.head;
        head.kept_from = head.kept_from.max(before);
        let body = Body::Expired { before };
        Entry { version: ENTRY_VERSION, epoch: newest.epoch, at_ms, head, body }
    }

    /// Takes in an entry that somebody else appended after this owner's newest one. `false` when
    /// it deposes this owner: then the ledger is void.
    #[must_use]
    pub const fn follow(&mut self, entry: &Entry) -> bool {
        if entry.epoch != self.epoch {
            return false;
        }
        match entry.body {
            Body::Expired { .. } => {
                self.head.kept_from = entry.head.kept_from;
                true
            }
            Body::Opened { .. }
            | Body::Segment(_)
            | Body::Gap { .. }
            | Body::Interrupted { .. }
            | Body::Ended { .. }
            | Body::DateRange(_)
            | Body::Paged { .. }
            | Body::Unknown => false,
        }
    }

    /// Takes in an entry of this owner's own that the journal has, although it did not say so.
    pub const fn hear(&mut self, entry: &Entry) {
        self.head = Head { state: self.head.state, ..entry.head };
    }

    /// What was made since `before` has not been appended: it is as if it had never been made.
    pub const fn take_back(&mut self, before: Self) {
        let kept_from = self.head.kept_from;
        *self = before;
        self.head.kept_from = kept_from;
    }

    /// Tells viewers about a stretch of time.
    #[must_use]
    pub fn date_range(&self, range: DateRange, at_ms: i64) -> Entry {
        self.entry(at_ms, Body::DateRange(range))
    }

    /// Says that listed segments are lost.
    #[must_use]
    pub fn gap(&self, first: u64, last: u64, at_ms: i64) -> Entry {
        self.entry(at_ms, Body::Gap { first, last })
    }

    /// Says that the publisher is gone and may come back within `wait_ms`.
    #[must_use]
    pub fn interrupted(&mut self, reason: &str, wait_ms: u64, at_ms: i64) -> Entry {
        self.head.state = State::Interrupted;
        self.entry(at_ms, Body::Interrupted { reason: reason.to_owned(), wait_ms })
    }

    /// Says that the broadcast is over.
    #[must_use]
    pub fn ended(&mut self, reason: &str, at_ms: i64) -> Entry {
        self.head.state = State::Ended;
        self.head.begins_broadcast = true;
        self.entry(at_ms, Body::Ended { reason: reason.to_owned() })
    }

    fn entry(&self, at_ms: i64, body: Body) -> Entry {
        Entry { version: ENTRY_VERSION, epoch: self.epoch, at_ms, head: self.head, body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimant() -> Claimant {
        Claimant { node: "a".into(), origin_url: None }
    }

    fn cut(start: i64, end: i64, calendar_ms: i64, discontinuity: bool) -> NewSegment {
        NewSegment {
            start,
            end,
            calendar_ms,
            discontinuity,
            independent: true,
            target_duration_s: 2,
            part_target_ms: None,
            parts: Vec::new(),
            renditions: Vec::new(),
        }
    }

    #[track_caller]
    fn check(entry: &Entry, expected: (u64, u64, u64, bool)) {
        let Body::Segment(segment) = &entry.body else { panic!("{entry:?}") };
        let head = entry.head;
        let actual =
            (entry.epoch, segment.sequence, head.discontinuity_sequence, segment.discontinuity);
        assert_eq!(actual, expected, "(epoch, sequence, discontinuity sequence, tagged)");
    }

    #[test]
    fn the_first_segment_of_a_stream_breaks_nothing() {
        let (mut ledger, opened) = Ledger::claim(None, claimant(), 5);
        assert_eq!((opened.epoch, opened.head.next_sequence), (1, 0));
        check(&ledger.segment(cut(0, 180_000, 0, true), 6), (1, 0, 0, false));
        check(&ledger.segment(cut(180_000, 360_000, 2_000, false), 6), (1, 1, 0, false));
        check(&ledger.segment(cut(0, 180_000, 9_000, true), 6), (1, 2, 1, true));
    }

    #[test]
    fn a_publisher_who_comes_back_goes_on_with_the_numbers_after_a_discontinuity() {
        let (mut first, _) = Ledger::claim(None, claimant(), 0);
        let _ = first.segment(cut(0, 180_000, 10_000, false), 0);
        let gone = first.interrupted("connection lost", 60_000, 1);
        assert_eq!(gone.head.state, State::Interrupted);
        let (mut second, opened) = Ledger::claim(Some(&gone), claimant(), 2);
        assert_eq!((opened.epoch, opened.head.state), (2, State::Live));
        // The server's clock went back meanwhile; the calendar does not.
        let entry = second.segment(cut(0, 90_000, 3_000, false), 3);
        check(&entry, (2, 1, 1, true));
        let Body::Segment(segment) = &entry.body else { panic!("{entry:?}") };
        assert_eq!(segment.calendar_ms, 12_000);
        assert_eq!(entry.head.calendar_end_ms, Some(13_000));
        check(&second.segment(cut(90_000, 270_000, 4_000, false), 4), (2, 2, 1, false));
    }

    #[test]
    fn a_claim_without_a_segment_leaves_the_break_to_the_next_one() {
        let (mut first, _) = Ledger::claim(None, claimant(), 0);
        let listed = first.segment(cut(0, 180_000, 0, false), 0);
        let (_, opened) = Ledger::claim(Some(&listed), claimant(), 2);
        let (mut third, _) = Ledger::claim(Some(&opened), claimant(), 3);
        check(&third.segment(cut(0, 180_000, 9_000, false), 4), (3, 1, 1, true));
    }

    #[test]
    fn a_new_broadcast_counts_the_break_without_a_tag() {
        let (mut first, _) = Ledger::claim(None, claimant(), 0);
        let _ = first.segment(cut(0, 180_000, 0, false), 0);
        let over = first.ended("finished", 1);
        let (_, opened) = Ledger::claim(Some(&over), claimant(), 2);
        let (mut second, _) = Ledger::claim(Some(&opened), claimant(), 2);
        check(&second.segment(cut(0, 180_000, 9_000, false), 3), (3, 1, 1, false));
    }

    #[test]
    fn a_new_broadcast_may_have_another_target_duration() {
        let (mut first, _) = Ledger::claim(None, claimant(), 0);
        let _ = first.segment(cut(0, 180_000, 0, false), 0);
        let over = first.ended("finished", 1);
        let (mut second, opened) = Ledger::claim(Some(&over), claimant(), 2);
        assert_eq!(opened.head.target_duration_s, Some(2), "what is still listed keeps its own");
        let longer = NewSegment { target_duration_s: 9, ..cut(0, 180_000, 9_000, false) };
        assert_eq!(second.segment(longer, 3).head.target_duration_s, Some(9));
    }

    #[test]
    fn the_calendar_follows_a_clock_by_a_millisecond_a_segment_in_both_directions() {
        let (mut ledger, _) = Ledger::claim(None, claimant(), 0);
        let mut date = |start: i64, calendar_ms| {
            let entry = ledger.segment(cut(start, start + 180_000, calendar_ms, false), 0);
            let Body::Segment(segment) = entry.body else { panic!("{:?}", entry.body) };
            segment.calendar_ms
        };
        assert_eq!(
            [date(0, 1_000), date(180_000, 2_999), date(360_000, 4_998)],
            [1_000, 2_999, 4_998]
        );
        assert_eq!(date(540_000, 5_000), 6_997);
    }

    #[test]
    fn the_target_duration_never_changes() {
        let (mut ledger, _) = Ledger::claim(None, claimant(), 0);
        let _ = ledger.segment(cut(0, 180_000, 0, false), 0);
        let longer = NewSegment { target_duration_s: 9, ..cut(0, 180_000, 0, false) };
        assert_eq!(ledger.segment(longer, 0).head.target_duration_s, Some(2));
    }
}
