use std::sync::Arc;

use hls::read::{Document, Playlist};

use super::*;
use crate::evidence::Watch;

/// A playlist from a few words: `2:1` is what the headers say (target duration, breaks before),
/// each other word a segment's number, `|` a break before it, `=uri`, `~ms` what it is called and
/// how long it is otherwise, `!` another map, `?` a later date. Each lasts two seconds, and is
/// dated by its number.
fn playlist(words: &str) -> Arc<hls::read::MediaPlaylist> {
    let mut words = words.split_whitespace();
    let (target, breaks) = words.next().unwrap().split_once(':').unwrap();
    let number = |word: &str| -> u64 {
        let digits = word.trim_start_matches('|');
        digits.split(['=', '~', '!', '?']).next().unwrap().parse().unwrap()
    };
    let mut numbers = words.clone().filter(|word| word.contains(|c: char| c.is_ascii_digit()));
    let first = numbers.next().map_or(0, number);
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:{first}\n\
         #EXT-X-DISCONTINUITY-SEQUENCE:{breaks}\n"
    );
    for word in words {
        match word {
            "end" => text.push_str("#EXT-X-ENDLIST\n"),
            "event" => text.push_str("#EXT-X-PLAYLIST-TYPE:EVENT\n"),
            "vod" => text.push_str("#EXT-X-PLAYLIST-TYPE:VOD\n"),
            _ => {
                let number = number(word);
                let uri = word
                    .split_once('=')
                    .map_or_else(|| format!("{number}.ts"), |(_, it)| it.into());
                let ms = word.split_once('~').map_or(2_000, |(_, ms)| ms.parse().unwrap());
                let date_s = 10 + number * 2 + u64::from(word.contains('?'));
                let (minutes, seconds) = (date_s / 60, date_s % 60);
                text.push_str(if word.starts_with('|') { "#EXT-X-DISCONTINUITY\n" } else { "" });
                text.push_str(if word.contains('!') { "#EXT-X-MAP:URI=\"i\"\n" } else { "" });
                text.push_str(&format!(
                    "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:{minutes:02}:{seconds:02}Z\n\
                     #EXTINF:{}.{:03},\n{uri}\n",
                    ms / 1_000,
                    ms % 1_000
                ));
            }
        }
    }
    let Document { playlist, faults, .. } = hls::read::read(text.as_bytes());
    assert_eq!(faults, [], "{text}");
    let Playlist::Media(playlist) = playlist else { panic!("{text}") };
    Arc::new(playlist)
}

/// What is found when versions come at these times in milliseconds: `ID: sentence`.
fn found(versions: &[(u64, &str)]) -> Vec<String> {
    let (mut watch, mut found) = (Watch::new(), Vec::new());
    for (at_ms, words) in versions {
        let at = Duration::from_millis(*at_ms);
        let update =
            watch.take(playlist(words), at, i64::try_from(*at_ms).unwrap(), Duration::ZERO);
        for rule in RULES {
            let mut sentences = Vec::new();
            if let Test::Update(test) = rule.test {
                test(&update, &mut Faults::new(&mut sentences));
            }
            found.extend(sentences.iter().map(|it| format!("{}: {it}", rule.id)));
        }
    }
    found
}

#[track_caller]
fn check(versions: &[(u64, &str)], expected: &[&str]) {
    assert_eq!(found(versions), expected, "{versions:?}");
}

/// Versions at times at which nothing is wrong: one after the other, two seconds apart.
#[track_caller]
fn steps(versions: &[&str], expected: &[&str]) {
    let times = (0..).map(|number| 20_000 + number * 2_000);
    check(&times.zip(versions.iter().copied()).collect::<Vec<_>>(), expected);
}

#[test]
fn a_playlist_may_grow_slide_break_and_end() {
    steps(&["2:0 0 1 2", "2:0 0 1 2 3", "2:0 1 2 3 |4", "2:0 2 3 |4 5", "2:0 3 |4 5 6 end"], &[]);
    steps(&["2:0 3 |4 5 6", "2:0 |4 5 6 7", "2:1 5 6 7 8", "2:1 5 6 7 8 end"], &[]);
    // The tag of the first one may leave before it, if it is counted.
    steps(&["2:0 3 |4 5 6", "2:1 4 5 6 7"], &[]);
    // Numbers go on after the end of a broadcast: everything is new.
    steps(&["2:0 0 1 2 end", "2:0 0 1 2 end", "2:1 3", "2:1 3 4"], &[]);
    steps(&["4:0 0 1 2 end", "2:0 7 8 9"], &[]);
}

#[test]
fn numbers_do_not_go_back() {
    let sentence = "LIV-MSN: the media sequence number went from 7 to 0";
    steps(&["2:0 7 8 9", "2:0 0=7.ts 1=8.ts 2=9.ts", "2:0 0=7.ts 1=8.ts 2=9.ts"], &[sentence]);
    steps(&["2:0 3 4 5", "2:0 2 3 4 5"], &["LIV-MSN: the media sequence number went from 3 to 2"]);
}

#[test]
fn an_older_version_is_said_once_until_a_newer_one_comes() {
    let back = "LIV-BACK: the playlist ended with segment 6, and then with 5";
    let (old, new) = ("2:0 3 4 5", "2:0 4 5 6");
    steps(&[old, new, old], &[back]);
    let times = [20_000, 22_000, 22_500, 23_000, 23_500, 24_000];
    let versions = [old, new, old, old, new, old];
    check(&times.into_iter().zip(versions).collect::<Vec<_>>(), &[back, back]);
    // From which a segment has left long ago, or that was shortened at its end.
    steps(
        &["2:0 2 3 4", "2:0 3 4 5", "2:0 4 5 6", "2:0 2 3 4"],
        &["LIV-BACK: the playlist ended with segment 6, and then with 4"],
    );
    steps(&["2:0 3 4 5 6", "2:0 3 4 5"], &[back]);
}

#[test]
fn a_listed_segment_stays_as_it_is() {
    steps(&["2:0 3 4 5", "2:0 3 4=x.ts 5 6"], &["LIV-URI: segment 4 was 4.ts and is x.ts"]);
    steps(&["2:0 3 4=4.ts?a 5", "2:0 3 4=4.ts?b 5 6"], &[]);
    steps(
        &["2:0 3 4 5", "2:0 3 4~1999 5 6"],
        &["LIV-DUR: EXTINF of segment 4 was 2 s and is 1.999 s"],
    );
    let tag = |name: &str| format!("LIV-TAGS: {name} of segment 4 is not what it was");
    steps(&["2:0 3 4 5", "2:0 3 4? 5 6"], &[&tag("EXT-X-PROGRAM-DATE-TIME")]);
    steps(&["2:0 3 4 5", "2:0 3 |4 5 6"], &[&tag("EXT-X-DISCONTINUITY")]);
    steps(&["2:0 3 |4 5 6", "2:0 4 5 6 7"], &[&tag("EXT-X-DISCONTINUITY")]);
    // A map holds until the next one.
    steps(&["2:0 3 4 5!", "2:0 3 4 5 6"], &["LIV-TAGS: EXT-X-MAP of segment 5 is not what it was"]);
    steps(&["2:0 3 4! 5", "2:0 4! 5 6"], &[]);
    steps(&["2:0 3 4 5", "3:0 3 4 5 6"], &["LIV-TD: the target duration was 2 s and is 3 s"]);
}

#[test]
fn segments_leave_at_the_front_and_are_counted() {
    let shifted =
        |was: u64, is: u64| format!("LIV-REMOVE: {was}.ts was segment {was} and is segment {is}");
    // One has left without being counted, one out of the middle, and one was counted twice.
    steps(&["2:0 3 4 5", "2:0 3=4.ts 4=5.ts 5=6.ts"], &[&shifted(4, 3)]);
    steps(&["2:0 3 4 5 6", "2:0 3 4=5.ts 5=6.ts 6=7.ts"], &[&shifted(5, 4)]);
    steps(&["2:0 3 4 5 6", "2:0 5=4.ts 6=5.ts 7=6.ts 8=7.ts"], &[&shifted(4, 5)]);
    let skipped = "LIV-REMOVE: 2 segments before segment 8 were never listed";
    steps(&["2:0 3 4 5", "2:0 8 9 10"], &[skipped]);
    // Nobody asked meanwhile.
    check(&[(20_000, "2:0 3 4 5"), (40_000, "2:0 8 9 10")], &[]);
}

#[test]
fn breaks_that_leave_are_counted() {
    let sentence = "LIV-DSEQ: segment 5 had the discontinuity sequence number 1 and has 0";
    steps(&["2:0 |4 5 6", "2:0 5 6 7"], &[sentence]);
    let sentence = "LIV-DSEQ: segment 4 had the discontinuity sequence number 0 and has 1";
    steps(&["2:0 3 4 5", "2:1 4 5 6"], &[sentence]);
    let sentence = "LIV-DSEQ: the discontinuity sequence number went from 2 to 1";
    check(&[(20_000, "2:2 3 4 5"), (40_000, "2:1 8 9 10")], &[sentence]);
}

#[test]
fn a_window_is_three_target_durations_long() {
    let sentence =
        "LIV-WINDOW: after segments were removed it is 4.000 s long, with a target of 2 s";
    steps(&["2:0 3 4", "2:0 4 5"], &[sentence]);
    steps(&["2:0 0", "2:0 0 1"], &[]);
}

#[test]
fn segments_come_in_time() {
    // It came somewhere between 23.2 and 24 s: after the first one was there, at most 20 s.
    let late = "LIV-UPDATE: nothing new came for at least 3.3 s, with a target of 2 s";
    let (old, new) = ("2:0 3 4 5", "2:0 4 5 6");
    check(&[(20_000, old), (23_300, old), (24_000, new)], &[late]);
    check(&[(20_000, old), (23_200, old), (24_000, new)], &[]);
    check(&[(20_000, old), (24_000, new)], &[]);
    // The encoder was away.
    check(&[(20_000, old), (24_000, old), (24_500, "2:0 4 5 |6")], &[]);
    check(&[(20_000, "2:0 3 4 5 end"), (60_000, "2:0 3 4 5 end")], &[]);
}

#[test]
fn a_stall_is_said_once() {
    let stall = "LIV-STALL: nothing new came for 8.1 s; 8 s is the limit";
    let late = "LIV-UPDATE: nothing new came for at least 9.0 s, with a target of 2 s";
    let (old, new) = ("2:0 3 4 5", "2:0 4 5 6");
    check(
        &[(20_000, old), (28_000, old), (28_100, old), (29_000, old), (30_000, new)],
        &[stall, late],
    );
    check(
        &[(20_000, old), (28_000, old), (28_100, new), (36_200, new)],
        &["LIV-UPDATE: nothing new came for at least 8.0 s, with a target of 2 s", stall],
    );
    // Three target durations may be longer.
    let long = "4:0 3~4000 4~4000 5~4000";
    check(&[(20_000, long), (32_000, long)], &[]);
    check(
        &[(20_000, long), (32_001, long)],
        &["LIV-STALL: nothing new came for 12.0 s; 12 s is the limit"],
    );
    check(&[(20_000, "2:0 3 4 5 end"), (60_000, "2:0 3 4 5 end")], &[]);
    check(&[(20_000, "2:0 vod 3 4 5"), (60_000, "2:0 vod 3 4 5")], &[]);
}

#[test]
fn segments_come_one_by_one() {
    let burst = "LIV-BURST: 3 segments were added within 1.0 s";
    let (old, new) = ("2:0 0 1 2 3", "2:0 1 2 3 4 5 6");
    check(&[(20_000, old), (21_000, new)], &[burst]);
    check(&[(20_000, old), (22_000, new)], &[]);
    steps(&["2:0 0 1 2", "2:0 0 1 2 3 4"], &[]);
}

#[test]
fn nothing_follows_the_end() {
    let added = "LIV-ENDL: segment 6 was added behind EXT-X-ENDLIST";
    steps(&["2:0 3 4 5 end", "2:0 3 4 5 6"], &[added]);
    steps(&["2:0 3 4 5 end", "2:0 3 4 5 6 end"], &[added]);
    steps(&["2:0 3 4 5 end", "2:0 3 4 5"], &["LIV-ENDL: EXT-X-ENDLIST was there, and is gone"]);
}

#[test]
fn a_playlist_keeps_what_its_type_says() {
    let left = "LIV-TYPE: 1 segments left a playlist of type EVENT";
    steps(&["2:0 event 3 4 5", "2:0 event 3 4 5 6"], &[]);
    steps(&["2:0 event 3 4 5", "2:0 event 4 5 6"], &[left]);
    let came = "LIV-TYPE: 0 segments left a playlist of type VOD, 1 came";
    steps(&["2:0 vod 3 4 5", "2:0 vod 3 4 5 6"], &[came]);
}

#[test]
fn an_edge_that_lags_is_said_once() {
    // Segment 5 ends at 22 s.
    let (first, second, third) = ("2:0 3 4 5", "2:0 4 5 6", "2:0 5 6 7");
    check(&[(31_000, first)], &[]);
    check(
        &[(31_001, first), (32_900, second), (34_900, third)],
        &["LIV-EDGE: the last segment ends 9001 ms before now"],
    );
    check(
        &[(22_000, first), (31_500, first), (33_001, second)],
        &[
            "LIV-STALL: nothing new came for 9.5 s; 8 s is the limit",
            "LIV-UPDATE: nothing new came for at least 9.5 s, with a target of 2 s",
            "LIV-EDGE: the last segment ends 9001 ms before now",
        ],
    );
    check(&[(10_000, first)], &[]);
}

#[test]
fn an_answer_that_was_long_on_its_way_says_little_of_when() {
    let late_by = |age_ms: u64| {
        let (mut watch, mut waited) = (Watch::new(), Vec::new());
        for (at_ms, words) in [(0, "2:0 1 2 3"), (3_600, "2:0 1 2 3"), (3_700, "2:0 1 2 3 4")] {
            let age = Duration::from_millis(if at_ms == 3_600 { age_ms } else { 0 });
            let at = Duration::from_millis(at_ms);
            let update = watch.take(playlist(words), at, 0, age);
            super::segments_come_in_time(&update, &mut Faults::new(&mut waited));
        }
        waited
    };
    let said = "nothing new came for at least 3.6 s, with a target of 2 s";
    assert_eq!(late_by(0), [said]);
    assert_eq!(late_by(1_000), [""; 0]);
}
