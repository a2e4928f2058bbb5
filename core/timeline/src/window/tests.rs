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
    check("s s i e o s", "|2");
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
        attributes: BTreeMap::new(),
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
    let gone = |oldest_ms| window.gone_date_ranges(oldest_ms).map(|range| range.id.as_str());
    assert_eq!((gone(2_000).collect(), gone(500).count()), (vec!["cue"], 0));
    let said = |at_ms| window.date_ranges_since(at_ms).count();
    assert_eq!((said(0), said(1)), (1, 0), "all was said at the start");
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
