use super::super::super::playlist::tests::found;
use super::*;

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(found(RULES, text, 0), expected, "{text}");
}

const HEAD: &str = "#EXTM3U\n#EXT-X-VERSION:10\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n";

#[track_caller]
fn agree(text: &str) {
    let read = hls::read::read(text.as_bytes());
    assert_eq!(read.faults, [], "{text}");
    check(text, &[]);
    check(&text.replace('\n', "\r\n"), &[]);
    check(text.trim_end(), &[]);
}

#[test]
fn all_readers_agree_on_right_playlists() {
    let live = format!(
        "{HEAD}#EXT-X-DISCONTINUITY-SEQUENCE:3\n#EXT-X-INDEPENDENT-SEGMENTS\n\
         #EXT-X-MAP:URI=\"i.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.040Z\n\
         #EXTINF:2.002,\na.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-GAP\n#EXTINF:1.9998,title\nb.m4s\n"
    );
    agree(&live);
    agree(&format!("{live}#EXT-X-ENDLIST\n"));
    // As ffmpeg writes them: a date without a colon in its zone, and microseconds.
    agree(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n\
         #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000+0000\n#EXTINF:2.000000,\nout0.ts\n",
    );
    agree(&format!(
        "{HEAD}#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXT-X-DATERANGE:ID=\"a\",\
         START-DATE=\"2023-11-14T22:13:20Z\",X-N=1.5\n#EXTINF:2,\n#EXT-X-BYTERANGE:5@7\na.ts\n\
         #EXT-X-KEY:METHOD=NONE\n#EXTINF:2,\n#EXT-X-BYTERANGE:5\na.ts\n"
    ));
    agree(&format!(
        "{HEAD}#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5\n\
         #EXT-X-PART-INF:PART-TARGET=0.5\n#EXT-X-PART:DURATION=0.5,URI=\"a.0\",INDEPENDENT=YES\n\
         #EXTINF:0.5,\na\n#EXT-X-PART:DURATION=0.5,URI=\"b.0\"\n\
         #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"b.1\"\n\
         #EXT-X-RENDITION-REPORT:URI=\"../x\",LAST-MSN=8,LAST-PART=0\n"
    ));
    agree(&format!("{HEAD}#EXT-X-I-FRAMES-ONLY\n#EXTINF:1.5,\n#EXT-X-BYTERANGE:5@7\na.ts\n"));
    agree(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n\
         #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"A 1\",DEFAULT=YES,AUTOSELECT=YES,\
         CHANNELS=\"2\",URI=\"s.m3u8\"\n\
         #EXT-X-STREAM-INF:BANDWIDTH=9,AVERAGE-BANDWIDTH=8,CODECS=\"avc1.64001f,mp4a.40.2\",\
         RESOLUTION=1280x720,FRAME-RATE=29.970,CLOSED-CAPTIONS=NONE,AUDIO=\"a\"\nv.m3u8\n\
         #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i.m3u8\"\n",
    );
}

#[test]
fn a_difference_is_said_with_what_each_has_read() {
    let text = format!("{HEAD}#EXTINF:2,\na.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:1.5,\nb.ts\n");
    let ours = Said::of(&hls::read::read(text.as_bytes()).playlist);
    let check = |theirs: &str, expected: Option<&str>| {
        for read in [m3u8_rs, quick_m3u8] {
            let theirs = read(theirs).unwrap();
            assert_eq!(ours.difference(&theirs).as_deref(), expected);
        }
    };
    check(&text, None);
    check(&text.replace("1.5", "1.5004"), None);
    check(&text.replace("1.5", "1.502"), Some("EXTINF of entry 8 is 1.502 s, not 1.500 s"));
    check(&text.replace("b.ts", "c.ts"), Some("URI of entry 8 is \"c.ts\", not \"b.ts\""));
    check(&text.replace("ON:2", "ON:3"), Some("EXT-X-TARGETDURATION is Some(3), not Some(2)"));
    check(&text.replace("ENCE:7", "ENCE:8"), Some("EXT-X-MEDIA-SEQUENCE is 8, not 7"));
    let plain = text.replace("#EXT-X-DISCONTINUITY\n", "");
    check(&plain, Some("EXT-X-DISCONTINUITY of entry 8 is false, not true"));
    check(
        &text.replace("#EXT-X-DISC", "#EXT-X-GAP\n#EXT-X-DISC"),
        Some("EXT-X-GAP of entry 8 is true, not false"),
    );
    check(&text.replace("#EXTINF:1.5,\nb.ts\n", ""), Some("count of segments is 1, not 2"));
}

#[test]
fn what_others_cannot_be_asked_is_left_out() {
    // Faults are said by other rules, and none of the others knows variables.
    check(&format!("{HEAD}#EXTINF:2\na.ts\n"), &[]);
    check(&format!("{HEAD}#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"\n#EXTINF:2,\n{{$a}}\n"), &[]);
    check("<html>", &[]);
    let comment = format!("#{}\n", "x".repeat(TEXT_BYTES_MAX));
    check(&format!("{HEAD}{comment}#EXTINF:2,\na.ts\n"), &[]);
}
