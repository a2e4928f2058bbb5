use url::Url;

use super::*;
use crate::evidence::{Course, RenditionEvidence, Traffic};
use crate::options::Options;

/// What the rules of a family say of a playlist: `ID: sentence`.
pub(in crate::rules) fn found(rules: &[Rule], text: &str, at_unix_ms: i64) -> Vec<String> {
    let (url, options) = (Url::parse("http://a/live/index.m3u8").unwrap(), Options::default());
    let document = hls::read::read(text.as_bytes());
    let evidence = PlaylistEvidence {
        url: &url,
        text: text.as_bytes(),
        document: &document,
        is_entry: true,
        at_unix_ms,
        options: &options,
    };
    let mut found = Vec::new();
    for rule in rules {
        let mut sentences = Vec::new();
        if let Test::Playlist(test) = rule.test {
            test(&evidence, &mut Faults::new(&mut sentences));
        }
        found.extend(sentences.iter().map(|sentence| format!("{}: {sentence}", rule.id)));
    }
    found
}

/// The same of all renditions together. Each is named by its URL's path.
pub(in crate::rules) fn found_together(
    rules: &[Rule],
    multivariant: Option<&str>,
    renditions: &[(&str, &str)],
) -> Vec<String> {
    let listed = multivariant.map(|text| match hls::read::read(text.as_bytes()).playlist {
        Playlist::Multivariant(listed) => listed,
        Playlist::Media(_) | Playlist::None => panic!("{text}"),
    });
    let read: Vec<_> = renditions
        .iter()
        .map(|(path, text)| match hls::read::read(text.as_bytes()).playlist {
            Playlist::Media(media) => (Url::parse(&format!("http://a{path}")).unwrap(), media),
            Playlist::Multivariant(_) | Playlist::None => panic!("{text}"),
        })
        .collect();
    let (course, options, traffic) = (Course::default(), Options::default(), Traffic::default());
    let renditions: Vec<_> = read
        .iter()
        .map(|(url, playlist)| RenditionEvidence {
            alternative: None,
            url,
            playlist,
            variant: listed.as_ref().and_then(|listed| {
                listed.variants.iter().find(|it| url.path().ends_with(it.uri.as_str()))
            }),
            course: &course,
            options: &options,
        })
        .collect();
    let evidence = PresentationEvidence {
        multivariant: listed.as_ref(),
        renditions: &renditions,
        traffic: &traffic,
    };
    let mut found = Vec::new();
    for rule in rules {
        let mut sentences = Vec::new();
        if let Test::Presentation(test) = rule.test {
            test(&evidence, &mut Faults::new(&mut sentences));
        }
        found.extend(sentences.iter().map(|sentence| format!("{}: {sentence}", rule.id)));
    }
    found
}

const HEAD: &str = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n";

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(found(RULES, text, 0), expected, "{text}");
}

#[track_caller]
fn body(text: &str, expected: &[&str]) {
    check(&format!("{HEAD}{text}"), expected);
}

#[test]
fn a_right_playlist_breaks_nothing() {
    body("#EXTINF:2.0,\na.ts\n#EXTINF:2.499,\nb.ts\n#EXTINF:1.5,\n/c.ts\n", &[]);
    check("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na/index.m3u8\n", &[]);
}

#[test]
fn what_the_reader_notes_is_told_apart() {
    check("<html>\n", &["PL-EXTM3U: line 1: the first line is \"<html>\", not #EXTM3U"]);
    let segment = "#EXTINF:2,\na.ts\n";
    check(
        &format!("\u{feff}{HEAD}{segment}"),
        &["PL-UTF8: line 1: the text begins with a byte order mark"],
    );
    body(
        &format!("{segment}#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"b\"\n"),
        &["PL-MIX: line 6: a tag of multivariant playlists is in a media playlist"],
    );
    body(
        &format!("#EXT-X-MAP:BYTERANGE=\"1@0\"\n{segment}"),
        &["PL-SYNTAX: line 4: EXT-X-MAP has no URI"],
    );
    body(
        &format!("#EXT-X-MAP:URI=a\n{segment}"),
        &["PL-ATTR: line 4: URI of EXT-X-MAP must be quoted, not a"],
    );
    body(
        &format!("#EXT-X-VERSION:6\n{segment}"),
        &["PL-VERSION: line 4: EXT-X-VERSION is there more than once"],
    );
    check(&format!("#EXTM3U\n{segment}"), &["PL-TD: line 4: EXT-X-TARGETDURATION is missing"]);
    body(
        &format!("{segment}#EXT-X-MEDIA-SEQUENCE:4\n"),
        &["PL-ORDER: line 6: EXT-X-MEDIA-SEQUENCE comes behind the first segment"],
    );
    body(
        &format!("#EXT-X-CUE-IN\n#EXT-X-CUE-IN\n{segment}"),
        &["PL-UNKNOWN: EXT-X-CUE-IN is not known"],
    );
}

#[test]
fn the_target_duration_fits_the_segments() {
    body("#EXTINF:2.5,\na.ts\n", &["PL-TDRULE: segment 0 is 2.5 s long, with a target of 2 s"]);
    let three = "#EXTINF:0.6,\na.ts\n#EXTINF:0.6,\nb.ts\n";
    body(three, &[]);
    body(
        &format!("{three}#EXTINF:0.6,\nc.ts\n"),
        &["PL-TDTIGHT: the target is 2 s, and the longest segment 0.6 s"],
    );
    body(&format!("#EXT-X-I-FRAMES-ONLY\n{three}#EXTINF:0.6,\nc.ts\n"), &[]);
}

#[test]
fn something_is_listed_and_once() {
    body("", &["PL-EMPTY: it lists no segment"]);
    body("#EXT-X-PART:DURATION=1,URI=\"a\"\n", &[]);
    let dup = "PL-DUPURI: segment 1 is a.ts, which is listed before";
    body("#EXTINF:2,\na.ts\n#EXTINF:2,\na.ts\n", &[dup]);
    body("#EXTINF:2,\n#EXT-X-BYTERANGE:1@0\na.ts\n#EXTINF:2,\n#EXT-X-BYTERANGE:1\na.ts\n", &[]);
    let again = "#EXTINF:2,\na.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:2,\na.ts\n";
    body(again, &[dup]);
    body(&format!("{again}#EXT-X-ENDLIST\n"), &[]);
    body("#EXT-X-GAP\n#EXTINF:2,\na.ts\n#EXT-X-GAP\n#EXTINF:2,\na.ts\n", &[]);
}

#[test]
fn uris_that_name_a_host_are_counted() {
    body(
        "#EXTINF:2,\nhttp://b/a.ts\n#EXTINF:2,\nb.ts?a=http://c\n#EXTINF:2,\n//c/d.ts\n",
        &["PL-RELURI: 2 of 3 URIs name their host, the first is http://b/a.ts"],
    );
}

#[test]
fn independence_is_said_of_all_or_of_each() {
    let plain = format!("{HEAD}#EXTINF:2,\na.ts\n");
    let said = format!("{HEAD}#EXT-X-INDEPENDENT-SEGMENTS\n#EXTINF:2,\na.ts\n");
    let listed = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n";
    let check = |multivariant: Option<&str>, text: &str, expected: &[&str]| {
        let renditions = [("/v.m3u8", text), ("/sound.m3u8", plain.as_str())];
        let count = if multivariant.is_some() { 2 } else { 1 };
        assert_eq!(found_together(RULES, multivariant, &renditions[..count]), expected);
    };
    check(None, &said, &[]);
    check(None, &plain, &["IND-HAVE: /v.m3u8 does not have it"]);
    check(Some(listed), &said, &[]);
    check(Some(listed), &plain, &["IND-HAVE: /v.m3u8 does not have it"]);
    let all = listed.replace("#EXT-X-ST", "#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-ST");
    check(Some(&all), &plain, &[]);
}
