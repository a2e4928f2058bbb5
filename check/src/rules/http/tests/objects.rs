use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{check, check_probe, exchange, reply};
use crate::evidence::{Probe, ProbeEvidence};
use crate::transport::samples::probed;
use crate::transport::{Purpose, Reply};

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn playlist(probe: Probe, is_live: bool, plain: Reply, answer: Reply) -> ProbeEvidence {
    let mut reference = exchange(Purpose::Media, "http://w/a.m3u8", plain);
    reference.is_live = is_live;
    probed(probe, reference, "", answer)
}

const NOW: &str = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\n";
const LATER: &str = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:8\n";
const BEFORE: &str = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:6\n";
const GZIP: &str = "content-encoding: gzip\nvary: accept-encoding";

#[test]
fn a_playlist_is_packed_and_the_same() {
    let other = "packed it is a text of 32 bytes, which is no later version of the 32 bytes before";
    let cut = packed(NOW).split_last_chunk::<6>().unwrap().0.to_vec();
    let damaged = format!("{} bytes came as gzip, and are no gzip", cut.len());
    let brotli = format!("{} bytes came as br, and are no gzip", packed(NOW).len());
    for (is_live, headers, body, expected) in [
        (true, GZIP, packed(NOW), ""),
        (true, "content-encoding: x-gzip", packed(LATER), ""),
        (false, GZIP, packed(NOW), ""),
        (false, GZIP, packed(LATER), other),
        (true, GZIP, packed(BEFORE), other),
        (true, GZIP, cut, damaged.as_str()),
        (true, "content-encoding: br", packed(NOW), brotli.as_str()),
        // Packed it would be longer.
        (true, "", NOW.into(), ""),
    ] {
        for plain in [reply(200, "", NOW), reply(200, GZIP, packed(NOW))] {
            let answer = reply(200, headers, &body);
            let evidence = playlist(Probe::Packed, is_live, plain, answer);
            check_probe("HTT-GZIP", &evidence, expected);
        }
    }
    let long = format!("{NOW}{}", "#EXTINF:2,\na.ts\n".repeat(10));
    let unpacked = playlist(Probe::Packed, true, reply(200, "", &long), reply(200, "", &long));
    check_probe("HTT-GZIP", &unpacked, "the playlist of 192 bytes comes unpacked");
    let gone = playlist(Probe::Packed, true, reply(200, "", NOW), reply(404, "", "gone"));
    check_probe("HTT-GZIP", &gone, "");
}

#[test]
fn who_accepts_no_gzip_gets_none() {
    let other =
        "unpacked it is a text of 32 bytes, which is no later version of the 32 bytes before";
    let coded = "nothing but the plain text was accepted, and gzip came";
    for (headers, body, expected) in [
        ("", NOW.as_bytes().to_vec(), ""),
        ("content-encoding: identity", LATER.into(), ""),
        ("", BEFORE.into(), other),
        (GZIP, packed(NOW), coded),
    ] {
        let plain = reply(200, GZIP, packed(NOW));
        let evidence = playlist(Probe::Unpacked, true, plain, reply(200, headers, body));
        check_probe("HTT-GZIP", &evidence, expected);
    }
}

#[test]
fn what_is_packed_by_choice_says_so() {
    let said = "it comes as gzip, and Vary does not name Accept-Encoding";
    for (headers, expected) in [
        (GZIP, ""),
        ("content-encoding: gzip\nvary: Origin, Accept-Encoding", ""),
        ("content-encoding: gzip\nvary: *", ""),
        ("vary: origin", ""),
        ("content-encoding: gzip", said),
        ("content-encoding: gzip\nvary: origin", said),
    ] {
        check("HTT-VARY", Purpose::Media, headers, b"", expected);
    }
}

#[test]
fn a_segment_is_not_packed() {
    for (headers, expected) in [
        ("content-type: video/mp2t", ""),
        ("content-encoding: identity", ""),
        ("content-type: text/vtt\ncontent-encoding: gzip", ""),
        ("content-encoding: gzip", "it comes packed with gzip"),
    ] {
        check("HTT-SEGENC", Purpose::Segment, headers, b"", expected);
        check("HTT-SEGENC", Purpose::Media, headers, b"", "");
    }
}

/// What came of a probe about a segment of ten bytes with an entity tag.
fn segment(probe: Probe, asked: &str, answer: Reply) -> ProbeEvidence {
    let plain = reply(200, "etag: \"a\"\ncontent-length: 10", "0123456789");
    probed(probe, exchange(Purpose::Segment, "http://w/0.ts", plain), asked, answer)
}

#[test]
fn who_has_a_segment_is_not_sent_it_again() {
    let again = |condition| format!("{condition} with what the server gave is answered with 200");
    for (probe, condition) in
        [(Probe::IfNoneMatch, "If-None-Match"), (Probe::IfModifiedSince, "If-Modified-Since")]
    {
        check_probe("HTT-ETAG", &segment(probe, "", reply(304, "", "")), "");
        check_probe("HTT-ETAG", &segment(probe, "", reply(404, "", "")), "");
        check_probe("HTT-ETAG", &segment(probe, "", reply(200, "", "")), &again(condition));
    }
    let plain = exchange(Purpose::Segment, "http://w/0.ts", reply(200, "", "x"));
    let without = probed(Probe::IfNoneMatch, plain, "", reply(200, "", "x"));
    check_probe("HTT-ETAG", &without, "the segment has no ETag and no Last-Modified");
}

#[test]
fn a_range_is_those_bytes() {
    for (asked, status, headers, body, expected) in [
        ("bytes=0-3", 206, "content-range: bytes 0-3/10", "0123", ""),
        ("bytes=0-3", 206, "content-range: bytes 0-3/*", "0123", ""),
        ("bytes=5-6", 206, "content-range: bytes 5-6/10", "56", ""),
        ("bytes=-4", 206, "content-range: bytes 6-9/10", "6789", ""),
        ("bytes=0-3", 404, "", "", ""),
        ("bytes=0-3", 503, "", "", ""),
        ("bytes=0-3", 200, "", "0123456789", "bytes=0-3 is answered with 200"),
        ("bytes=0-3", 206, "content-range: bytes 0-3/10", "123", OTHER_BYTES),
        ("bytes=0-3", 206, "content-range: bytes 0-3/11", "0123", OTHER_RANGE),
        ("bytes=0-3", 206, "", "0123", NO_RANGE),
    ] {
        let answer = reply(status, headers, body);
        let asked = format!("range: {asked}");
        check_probe("HTT-RANGE", &segment(Probe::FirstBytes, &asked, answer.clone()), expected);
        check_probe("HTT-416", &segment(Probe::FirstBytes, &asked, answer), "");
    }
}

const OTHER_BYTES: &str = "bytes=0-3 is answered with 3 other bytes";
const OTHER_RANGE: &str = "bytes=0-3 is answered with Content-Range bytes 0-3/11, not bytes 0-3/10";
const NO_RANGE: &str = "bytes=0-3 is answered with Content-Range nothing, not bytes 0-3/10";

#[test]
fn a_range_behind_the_end_cannot_be_met() {
    let asked = "range: bytes=20-";
    let beyond = |status| segment(Probe::BytesBeyond, asked, reply(status, "", ""));
    check_probe("HTT-416", &beyond(416), "");
    check_probe("HTT-416", &beyond(404), "");
    check_probe("HTT-416", &beyond(200), "bytes=20- of 10 bytes is answered with 200");
    check_probe("HTT-RANGE", &beyond(200), "");
}

#[test]
fn head_is_get_without_the_body() {
    let head = |status, headers| segment(Probe::Head, "", reply(status, headers, ""));
    check_probe("HTT-HEAD", &head(200, "content-length: 10"), "");
    check_probe("HTT-HEAD", &head(200, ""), "");
    check_probe("HTT-HEAD", &head(405, ""), "HEAD is answered with 405, and GET with 200");
    check_probe("HTT-HEAD", &head(200, "content-length: 0"), "HEAD says 0 bytes, and GET 10");
    let plain = reply(200, "content-length: 10", "0123456789");
    let mut reference = exchange(Purpose::Media, "http://w/a.m3u8", plain);
    let longer = || reply(200, "content-length: 12", "");
    check_probe("HTT-HEAD", &probed(Probe::Head, reference.clone(), "", longer()), "");
    reference.is_live = false;
    let said = "HEAD says 12 bytes, and GET 10";
    check_probe("HTT-HEAD", &probed(Probe::Head, reference, "", longer()), said);
}
