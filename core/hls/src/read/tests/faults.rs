use std::fmt::Write;

use super::*;

/// Reads a playlist behind a right head of three lines, and holds the faults against
/// `line kind words`.
#[track_caller]
fn check(body: &str, expected: &[&str]) {
    check_all(&format!("#EXTM3U\n#EXT-X-VERSION:12\n#EXT-X-TARGETDURATION:9\n{body}"), expected);
}

#[track_caller]
fn check_all(text: &str, expected: &[&str]) {
    let faults = read(text.as_bytes()).faults;
    let said: Vec<_> =
        faults.iter().map(|it| format!("{} {:?} {}", it.line, it.kind, it.what)).collect();
    let is_right = said.len() == expected.len()
        && said.iter().zip(expected).all(|(said, expected)| said.starts_with(expected));
    assert!(is_right, "{text}\n{said:#?}");
}

#[test]
fn a_playlist_begins_with_its_header() {
    let document = read(b"<html>");
    assert_eq!(document.playlist, Playlist::None);
    check_all("<html>", &["1 Header the first line is \"<html>\""]);
    check_all("", &["1 Header"]);
    check_all("\n#EXTM3U\n", &["1 Header"]);
    check("#EXTM3U\n", &["4 Syntax EXTM3U is there twice"]);
}

#[test]
fn the_text_is_utf_8_without_controls() {
    check_all(
        "\u{feff}#EXTM3U\n#EXT-X-TARGETDURATION:9\n",
        &["1 Encoding the text begins with a byte order mark"],
    );
    check("# a\tb\n", &["4 Encoding the line has the control character U+0009"]);
    let document = read(b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#\xff\n");
    assert_eq!((document.faults[0].line, document.faults[0].kind), (3, FaultKind::Encoding));
}

#[test]
fn tags_of_two_kinds_are_not_mixed() {
    check(
        "#EXTINF:1,\na\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"b\"\n",
        &["6 Mixed a tag of multivariant playlists is in a media playlist"],
    );
    check_all(
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n",
        &["2 Mixed a tag of media playlists is in a multivariant playlist"],
    );
}

#[test]
fn versions_are_high_enough() {
    #[track_caller]
    fn needs(version: u64, body: &str) {
        for said in [version - 1, version] {
            let text = format!("#EXTM3U\n#EXT-X-VERSION:{said}\n#EXT-X-TARGETDURATION:9\n{body}");
            let faults = read(text.as_bytes()).faults;
            let kinds: Vec<_> = faults.iter().map(|fault| fault.kind).collect();
            assert_eq!(kinds, vec![FaultKind::Version; usize::from(said < version)], "{text}");
        }
    }
    needs(2, "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x1\n");
    needs(3, "#EXTINF:2.0,\na\n");
    needs(4, "#EXTINF:2,\n#EXT-X-BYTERANGE:1@0\na\n");
    needs(4, "#EXT-X-I-FRAMES-ONLY\n");
    needs(5, "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k\",KEYFORMAT=\"a\"\n");
    needs(5, "#EXT-X-MAP:URI=\"a\"\n#EXT-X-I-FRAMES-ONLY\n");
    needs(6, "#EXT-X-MAP:URI=\"a\"\n");
    needs(8, "#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"\n");
    needs(9, "#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n");
    needs(10, "#EXT-X-SKIP:SKIPPED-SEGMENTS=1,RECENTLY-REMOVED-DATERANGES=\"\"\n");
    needs(11, "#EXT-X-DEFINE:QUERYPARAM=\"a\"\n");
    let body = "#EXT-X-TARGETDURATION:9\n#EXTINF:2.5,\na\n";
    check_all(
        &format!("#EXTM3U\n{body}"),
        &["1 Version a decimal EXTINF needs version 3, not 1 (no EXT-X-VERSION)"],
    );
    check("#EXT-X-VERSION:12\n", &["4 Version EXT-X-VERSION is there more than once"]);
    check_all(&format!("#EXTM3U\n#EXT-X-VERSION:x\n{body}"), &["2 Version EXT-X-VERSION is \"x\""]);
}

#[test]
fn there_is_one_target_duration() {
    check_all("#EXTM3U\n", &["2 TargetDuration EXT-X-TARGETDURATION is missing"]);
    check_all(
        "#EXTM3U\n#EXT-X-TARGETDURATION:2.5\n",
        &["2 TargetDuration EXT-X-TARGETDURATION is \"2.5\", not a whole number"],
    );
    check_all(
        "#EXTM3U\n#EXT-X-TARGETDURATION:4294967296\n",
        &["2 TargetDuration EXT-X-TARGETDURATION is \"4294967296\", not a whole number"],
    );
    check("#EXT-X-TARGETDURATION:9\n", &["4 TargetDuration EXT-X-TARGETDURATION is there more"]);
}

#[test]
fn numbers_come_before_the_first_segment() {
    check(
        "#EXTINF:1,\na\n#EXT-X-MEDIA-SEQUENCE:7\n",
        &["6 Order EXT-X-MEDIA-SEQUENCE comes behind the first segment"],
    );
    check(
        "#EXT-X-DISCONTINUITY\n#EXT-X-DISCONTINUITY-SEQUENCE:7\n",
        &["5 Order EXT-X-DISCONTINUITY-SEQUENCE comes behind EXT-X-DISCONTINUITY"],
    );
    check("#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-MEDIA-SEQUENCE:1\n", &["5 Syntax EXT-X-MEDIA-SEQ"]);
    check("#EXT-X-MEDIA-SEQUENCE:-1\n", &["4 Syntax EXT-X-MEDIA-SEQUENCE is \"-1\""]);
}

#[test]
fn tags_are_well_formed() {
    check("#EXTINF:2\na\n", &["4 Syntax EXTINF \"2\" has no comma"]);
    check("#EXTINF:x,\na\n", &["4 Syntax EXTINF is \"x\", not a decimal number"]);
    check("#EXTINF:-2,\na\n", &["4 Syntax EXTINF is \"-2\""]);
    check("#EXTINF:2,\n#EXTINF:2,\na\n", &["5 Syntax EXTINF is there twice"]);
    check("#EXTINF:2,\n", &["5 Syntax no URI follows the last EXTINF"]);
    check("a\n", &["4 Syntax no EXTINF is before the URI \"a\""]);
    check("#EXTINF:2,\na b\n", &["5 Syntax there is a blank in or beside the URI"]);
    check("#EXT-X-GAP \n", &["4 Syntax there is a blank beside EXT-X-GAP"]);
    check("  \n", &["4 Syntax the line has nothing but blanks"]);
    check("#EXTINF:2,\n#EXT-X-BYTERANGE:7\na\n", &["6 Syntax EXT-X-BYTERANGE has no start"]);
    check("#EXT-X-BYTERANGE:a@7\n#EXTINF:2,\na\n", &["4 Syntax EXT-X-BYTERANGE is \"a@7\""]);
    check("#EXT-X-PLAYLIST-TYPE:LIVE\n", &["4 Syntax EXT-X-PLAYLIST-TYPE is \"LIVE\""]);
    check("#EXT-X-MAP:BYTERANGE=\"7@0\"\n", &["4 Syntax EXT-X-MAP has no URI"]);
    check("#EXT-X-KEY:URI=\"k\"\n", &["4 Syntax EXT-X-KEY has no METHOD"]);
    check("#EXT-X-KEY:METHOD=NONE,URI=\"k\"\n", &["4 Syntax a key with METHOD=NONE has further"]);
    check("#EXT-X-DEFINE:NAME=\"a\"\n", &["4 Syntax EXT-X-DEFINE has no VALUE"]);
    check("#EXT-X-DEFINE:VALUE=\"a\"\n", &["4 Syntax EXT-X-DEFINE must have one"]);
    check("#EXTINF:2,\n{$a}\n", &["5 Syntax the variable a is used but not defined"]);
    check("#EXTINF:2,\n{$a\n", &[]);
    check("#EXT-X-DATERANGE:ID=\"a\"\n", &["4 Syntax EXT-X-DATERANGE has no START-DATE"]);
    check(
        "#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2023-11-14T22:13:20Z\",X-A=\"1\"\n\
         #EXT-X-DATERANGE:ID=\"a\",X-A=\"2\"\n",
        &["5 Syntax the date range a has two values of X-A"],
    );
    let text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n#EXT-X-STREAM-INF:BANDWIDTH=2\na\nb\n";
    check_all(
        text,
        &["3 Syntax no URI follows EXT-X-STREAM-INF", "5 Syntax no EXT-X-STREAM-INF is before"],
    );
}

#[test]
fn attribute_lists_are_well_formed() {
    #[track_caller]
    fn list(list: &str, expected: &[&str]) {
        let text = format!("#EXTM3U\n#EXT-X-STREAM-INF:{list}\na\n");
        let expected: Vec<_> = expected.iter().map(|it| format!("2 Attribute {it}")).collect();
        check_all(&text, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let tag = "EXT-X-STREAM-INF";
    list("BANDWIDTH=1,X-NEW=any,UNKNOWN=\"a, b=c\"", &[]);
    list("BANDWIDTH=1, AUDIO=\"a\"", &["EXT-X-STREAM-INF has a blank beside the name \"AUDIO\""]);
    list("BANDWIDTH=1,BANDWIDTH=2", &[&format!("{tag} has BANDWIDTH more than once")]);
    list("bandwidth=1", &[&format!("{tag} has an attribute with the illegal name")]);
    list("BANDWIDTH=1,CODECS=avc1", &["CODECS of EXT-X-STREAM-INF must be quoted, not avc1"]);
    list("BANDWIDTH=\"1\"", &["BANDWIDTH of EXT-X-STREAM-INF must not be quoted"]);
    list("BANDWIDTH=1,RESOLUTION=1280", &["RESOLUTION of EXT-X-STREAM-INF is \"1280\""]);
    list("BANDWIDTH=1,CODECS=\"a", &["EXT-X-STREAM-INF has an unclosed quote"]);
    list("BANDWIDTH=1,CODECS=\"a\"b,AUDIO=\"c\"", &["EXT-X-STREAM-INF has \"b\" behind a quoted"]);
    list("BANDWIDTH=1,", &["EXT-X-STREAM-INF ends with a comma"]);
    list("BANDWIDTH=1,AUDIO=\"a\",", &["EXT-X-STREAM-INF ends with a comma"]);
    list("BANDWIDTH", &["EXT-X-STREAM-INF has \"BANDWIDTH\" where NAME=VALUE belongs"]);
    list("BANDWIDTH=", &["EXT-X-STREAM-INF has an empty value"]);
}

#[test]
fn unknown_tags_are_named() {
    let document = read(b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-CUE-OUT:30\n#comment\n");
    assert_eq!(document.unknown_tags, [(3, "EXT-X-CUE-OUT".to_owned())]);
}

#[test]
fn what_is_beyond_a_limit_is_not_read() {
    #[track_caller]
    fn limit(text: &str, what: &str) {
        let faults = read(text.as_bytes()).faults;
        let said: Vec<_> = faults.iter().filter(|it| it.kind == FaultKind::Limit).collect();
        let is_right = said.len() == 1 && said[0].what.ends_with("what follows is not read");
        assert!(is_right && said[0].what.contains(what), "{said:?}");
    }
    let head = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n";
    limit(&format!("{head}{}", "\n".repeat(4_000_001)), "lines");
    limit(&format!("{head}{}", "#EXTINF:2,\na\n".repeat(500_001)), "segments");
    limit(&format!("{head}{}", "#EXT-X-PART:\n".repeat(500_001)), "parts");
    limit(&format!("{head}#{}", " ".repeat(64 << 20)), "bytes");
    let mut list = String::new();
    for number in 0..129 {
        write!(list, "A{number}=1,").unwrap();
    }
    limit(&format!("#EXTM3U\n#EXT-X-STREAM-INF:{list}\na\n"), "attributes");
    limit(&format!("#EXTM3U\n{}", "#EXT-X-STREAM-INF:\na\n".repeat(10_001)), "variants");
    let value = "v".repeat(1 << 20);
    let uses = "{$a}\n".repeat(65);
    let text = format!("{head}#EXT-X-DEFINE:NAME=\"a\",VALUE=\"{value}\"\n{uses}");
    limit(&text, "bytes of substituted variables");
    let many = read(format!("{head}{}", "a\n".repeat(2_000)).as_bytes());
    assert_eq!(many.faults.len(), 1_000);
}
