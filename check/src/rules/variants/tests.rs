use super::super::playlist::tests::{found, found_together};
use super::*;

const RIGHT: &str = "BANDWIDTH=9,AVERAGE-BANDWIDTH=8,CODECS=\"avc1.64001f,mp4a.40.2\",\
     RESOLUTION=1280x720,FRAME-RATE=30.000";

#[track_caller]
fn check(body: &str, expected: &[&str]) {
    assert_eq!(found(RULES, &format!("#EXTM3U\n{body}"), 0), expected, "{body}");
}

#[track_caller]
fn variant(attributes: &str, expected: &[&str]) {
    check(&format!("#EXT-X-STREAM-INF:{attributes}\na.m3u8\n"), expected);
}

#[test]
fn variants_say_what_players_choose_by() {
    variant(RIGHT, &[]);
    let without = |name: &str| {
        let list = RIGHT.replace("4001f,m", "4001f;m");
        let kept = list.split(',').filter(|it| !it.starts_with(name));
        kept.collect::<Vec<_>>().join(",").replace("4001f;m", "4001f,m")
    };
    let number = "MV-BW: line 2: a.m3u8 has no BANDWIDTH that is a positive number";
    variant(&without("BANDWIDTH"), &[number]);
    variant(&RIGHT.replacen("BANDWIDTH=9", "BANDWIDTH=0", 1), &[number]);
    variant(&RIGHT.replacen("BANDWIDTH=9", "BANDWIDTH=9.5", 1), &[number]);
    variant(&without("AVERAGE"), &["MV-AVGBW: line 2: a.m3u8 has no AVERAGE-BANDWIDTH"]);
    variant(&without("CODECS"), &["MV-CODECS: line 2: a.m3u8 has no CODECS"]);
    variant(&without("RESOLUTION"), &["MV-RES: line 2: a.m3u8 has no RESOLUTION"]);
    variant(&without("FRAME-RATE"), &["MV-FPS: line 2: a.m3u8 has no FRAME-RATE"]);
    // Sound alone has neither.
    variant("BANDWIDTH=9,AVERAGE-BANDWIDTH=8,CODECS=\"mp4a.40.2\"", &[]);
    check(
        "#EXT-X-I-FRAME-STREAM-INF:URI=\"i\"\n",
        &["MV-BW: line 2: i has no BANDWIDTH that is a positive number"],
    );
}

#[test]
fn the_entry_lists_variants() {
    let media = "#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n";
    check(media, &["MV-NONE: the entry is a media playlist"]);
}

#[test]
fn groups_are_there_and_legal() {
    let group = |line: &str, variant: &str, expected: &[&str]| {
        let text = format!("#EXT-X-MEDIA:{line}\n#EXT-X-STREAM-INF:{RIGHT}{variant}\na.m3u8\n");
        let expected: Vec<_> = expected.iter().map(|it| format!("MV-GROUP: line {it}")).collect();
        check(&text, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    };
    let sound = "TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"b\"";
    group(sound, ",AUDIO=\"a\"", &[]);
    group(sound, ",AUDIO=\"b\"", &["3: AUDIO is \"b\", and there is no such group"]);
    group(sound, ",VIDEO=\"a\"", &["3: VIDEO is \"a\", and there is no such group"]);
    group(sound, ",CLOSED-CAPTIONS=NONE", &[]);
    group("TYPE=SOUND,GROUP-ID=\"a\",NAME=\"b\"", "", &["2: TYPE is none of those that there are"]);
    group("TYPE=AUDIO,NAME=\"b\"", "", &["2: there is no GROUP-ID"]);
    group("TYPE=AUDIO,GROUP-ID=\"a\"", "", &["2: there is no NAME"]);
    let forced = format!("{sound},FORCED=YES");
    group(&forced, "", &["2: FORCED is for subtitles only"]);
    for (both, expected) in [
        ("DEFAULT=YES,AUTOSELECT=NO", &["2: DEFAULT is YES, and AUTOSELECT is NO"][..]),
        ("DEFAULT=YES,AUTOSELECT=YES", &[]),
        ("DEFAULT=NO,AUTOSELECT=NO", &[]),
        ("DEFAULT=YES", &[]),
    ] {
        group(&format!("{sound},{both}"), "", expected);
    }
    let text = "TYPE=SUBTITLES,GROUP-ID=\"a\",NAME=\"b\"";
    group(text, "", &["2: subtitles have no URI"]);
    let captions = "TYPE=CLOSED-CAPTIONS,GROUP-ID=\"c\",NAME=\"d\"";
    let id = "2: INSTREAM-ID is not CC1 to CC4 or SERVICE1 to 63";
    group(&format!("{captions},INSTREAM-ID=\"CC1\""), ",CLOSED-CAPTIONS=\"c\"", &[]);
    group(&format!("{captions},INSTREAM-ID=\"SERVICE64\""), "", &[id]);
    group(captions, "", &[id]);
    let uri = format!("{captions},INSTREAM-ID=\"CC4\",URI=\"e\"");
    group(&uri, "", &["2: closed captions have a URI"]);
    let defaults = format!("{sound},DEFAULT=YES\n#EXT-X-MEDIA:{sound}c,DEFAULT=YES")
        .replace("\"b\"c", "\"c\"");
    group(&defaults, "", &["3: the group has a default on line 2"]);
    check(
        &format!(
            "#EXT-X-STREAM-INF:{RIGHT},CLOSED-CAPTIONS=NONE\na\n#EXT-X-STREAM-INF:{RIGHT}\nb\n"
        ),
        &["MV-GROUP: line 4: CLOSED-CAPTIONS is not NONE, as it is on line 2"],
    );
}

#[test]
fn nothing_is_listed_twice() {
    let sound = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"b\"\n";
    let line = format!("#EXT-X-STREAM-INF:{RIGHT}\na.m3u8\n");
    check(&line.repeat(2), &["MV-DUP: line 4: a.m3u8 is a variant on line 2 already"]);
    let other = line.replace("\na.m3u8", ",AUDIO=\"a\"\na.m3u8");
    check(&format!("{sound}{line}{other}"), &[]);
    let twice = "MV-DUP: line 3: \"b\" is in the group on line 2 already";
    check(&sound.repeat(2), &[twice]);
}

/// A playlist of segments from a few words: `2@7` is its target duration and first number, each
/// other word when a segment begins in tenths of a second, the last when the last one ends; `|` is
/// a break before it. `-` at the end leaves dates out.
fn media(words: &str) -> String {
    let mut words = words.split_whitespace().collect::<Vec<_>>();
    let has_dates = words.last() != Some(&"-");
    words.retain(|word| *word != "-");
    let (head, words) = words.split_first().unwrap();
    let (target, first) = head.split_once('@').unwrap();
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:{target}\n\
         #EXT-X-MEDIA-SEQUENCE:{first}\n"
    );
    let tenths = |word: &str| word.trim_start_matches('|').parse::<u32>().unwrap();
    for pair in words.windows(2) {
        let (begin, length) = (tenths(pair[0]), tenths(pair[1]) - tenths(pair[0]));
        text.push_str(if pair[0].starts_with('|') { "#EXT-X-DISCONTINUITY\n" } else { "" });
        if has_dates {
            let (minutes, seconds, part) = (begin / 600, begin / 10 % 60, begin % 10);
            text.push_str(&format!(
                "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:{minutes:02}:{seconds:02}.{part}Z\n"
            ));
        }
        text.push_str(&format!("#EXTINF:{}.{},\n{begin}.ts\n", length / 10, length % 10));
    }
    text
}

/// Two variants with pictures, `/a` and `/b`, and sound, `/s`.
#[track_caller]
fn together(a: &str, b: &str, s: &str, expected: &[&str]) {
    let listed = format!(
        "#EXTM3U\n#EXT-X-STREAM-INF:{RIGHT}\na\n#EXT-X-STREAM-INF:{RIGHT}\nb\n\
         #EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"mp4a.40.2\"\ns\n"
    );
    let [a, b, s] = [a, b, s].map(media);
    let renditions = [("/a", a.as_str()), ("/b", b.as_str()), ("/s", s.as_str())];
    assert_eq!(found_together(RULES, Some(&listed), &renditions), expected, "{renditions:?}");
}

const A: &str = "2@7 100 120 140 160";

#[test]
fn variants_that_are_alike_break_nothing() {
    together(A, A, "2@7 101 119 142 161", &[]);
    together(A, "2@8 120 140 160 180", A, &[]);
    // Its numbers began otherwise.
    together(A, "2@3 120 140 160", A, &[]);
    together("2@7 100 120 140 155 175 -", "2@8 100 120 140 155 175 -", A, &[]);
    together("2@7 100 120 -", "2@70 100 120 -", A, &[]);
}

#[test]
fn target_durations_are_the_same() {
    together(A, A, "3@7 100 120 140 160", &["MV-TDSAME: /s has a target of 3 s, and /a of 2 s"]);
    let subtitles = media("3@7 100 120").replace(".ts", ".vtt?x");
    let listed = format!("#EXTM3U\n#EXT-X-STREAM-INF:{RIGHT}\na\n");
    let renditions = [("/a", &*media(A)), ("/t", &*subtitles)];
    assert_eq!(found_together(RULES, Some(&listed), &renditions), [""; 0]);
}

#[test]
fn segments_are_cut_at_the_same_times() {
    let wrong = "MV-ALIGN: segment 8 of /b is cut otherwise than in /a";
    together(A, "2@7 100 115 135 160", A, &[wrong]);
    let wrong = "MV-ALIGN: segment 7 of /b is cut otherwise than in /a";
    together("2@7 100 120 140 160 -", "2@7 100 115 135 160 -", A, &[wrong]);
}

#[test]
fn breaks_have_the_same_numbers() {
    together(
        "2@7 100 |120 140 160",
        "2@7 100 120 140 160",
        A,
        &["MV-DSEQ: segment 8 has the discontinuity sequence number 0 in /b, and 1 in /a"],
    );
    together("2@7 100 |120 140 160", "2@3 100 |120 140", A, &[]);
}

#[test]
fn the_same_content_has_the_same_date() {
    let off = |ms: i64| format!("MV-PDT: segment 7 is dated {ms} ms later in /b than in /a");
    together(A, "2@7 102 122 142 162", A, &[&off(200)]);
    together(A, "2@7 090 110 130 150", A, &[&off(-1_000)]);
    together(A, "2@7 513 533 553 573", A, &[&off(41_300)]);
}

#[test]
fn edges_are_near_each_other() {
    let long = "2@7 100 120 140 160 180 200 220";
    together(A, "2@7 100 120 140 160 180 200", A, &[]);
    together(A, long, A, &["MV-LIVE: /b and /a end 3 segments apart"]);
}
