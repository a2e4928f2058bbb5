use super::super::playlist::tests::found;
use super::*;

/// Segments of two seconds from a few words: the second in which each begins, `-` for none, `|` for
/// a break before it. Read at ten seconds.
#[track_caller]
fn check(words: &str, expected: &[&str]) {
    let mut text = String::from("#EXTM3U\n#EXT-X-TARGETDURATION:2\n");
    for (number, word) in words.split_whitespace().enumerate() {
        if word == "end" {
            text.push_str("#EXT-X-ENDLIST\n");
            continue;
        }
        let second = word.trim_start_matches('|');
        text.push_str(if word.starts_with('|') { "#EXT-X-DISCONTINUITY\n" } else { "" });
        if second != "-" {
            let date = format!("1970-01-01T00:00:{second}Z");
            text.push_str(&format!("#EXT-X-PROGRAM-DATE-TIME:{date}\n"));
        }
        text.push_str(&format!("#EXTINF:2,\n{number}.ts\n"));
    }
    assert_eq!(found(RULES, &text, 10_000), expected, "{text}");
}

#[test]
fn live_playlists_have_dates() {
    check("- -", &["PDT-HAVE: none of 2 segments has a date"]);
    check("- - end", &[]);
    check("02 -", &[]);
    check("", &[]);
}

#[test]
fn dates_are_written_as_others_read_them() {
    let date = |date: &str| {
        format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PROGRAM-DATE-TIME:{date}\n#EXTINF:2,\na.ts\n"
        )
    };
    for right in ["1970-01-01T00:00:02.000Z", "1970-01-01T01:00:02.5+01:00"] {
        assert_eq!(found(RULES, &date(right), 10_000), [""; 0], "{right}");
    }
    for wrong in ["1970-01-01T00:00:02.000", "1970-01-01 00:00:02Z", "now", ""] {
        let expected = format!("PDT-FMT: the date of segment 0 is {wrong:?}");
        assert_eq!(found(RULES, &date(wrong), 10_000), [expected]);
    }
}

#[test]
fn dates_advance_by_the_durations() {
    check("02 04 06.1 08.2", &[]);
    check("02 - - 08", &[]);
    let off = |number: u64, ms: i64| {
        format!("PDT-MONO: segment {number} is dated {ms} ms after the end of the one before")
    };
    check("02 04.101", &[&off(1, 101)]);
    check("02 03.5 05.5", &[&off(1, -500)]);
    check("02 - 07", &[&off(2, 1_000)]);
    check("02 |09", &[]);
    check("02 |- 09", &[]);
    check("02 |03.5", &[]);
    check("02 |03.4", &[&off(1, -600)]);
    check("02 |09 - 04", &[&off(3, -9_000)]);
}

#[test]
fn dates_are_not_to_come() {
    check("07 09 11", &[]);
    check("09.1 11.1", &["PDT-NOW: segment 1 is dated 1100 ms after now"]);
    check("20 22 end", &[]);
}
