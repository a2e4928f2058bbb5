mod objects;
mod requests;

use std::time::Duration;

use http::Version;

use crate::evidence::{PresentationEvidence, ProbeEvidence, Traffic};
use crate::finding::Faults;
use crate::rule::Test;
use crate::transport::samples::{exchange, headers, reply};
use crate::transport::{Exchange, Purpose};

#[track_caller]
fn test_of(id: &str) -> Test {
    crate::rules().find(|rule| rule.id == id).unwrap().test
}

/// What is said of some evidence.
fn say(judge: impl FnOnce(&mut Faults<'_>)) -> String {
    let mut sentences = Vec::new();
    judge(&mut Faults::new(&mut sentences));
    sentences.join("; ")
}

#[track_caller]
fn check_probe(id: &str, evidence: &ProbeEvidence, expected: &str) {
    let Test::Probe(test) = test_of(id) else { panic!("{id}") };
    let said = say(|faults| test(evidence, faults));
    assert_eq!(said, expected, "{id} {evidence:?}");
}

#[track_caller]
fn check_exchange(id: &str, exchange: &Exchange, expected: &str) {
    let Test::Exchange(test) = test_of(id) else { panic!("{id}") };
    let said = say(|faults| test(exchange, faults));
    assert_eq!(said, expected, "{id} {exchange:?}");
}

/// One with these headers and this body.
#[track_caller]
fn check(id: &str, purpose: Purpose, lines: &str, body: &[u8], expected: &str) {
    let url = "http://weir/live/cam/x.m3u8";
    check_exchange(id, &exchange(purpose, url, reply(200, lines, body)), expected);
}

#[test]
fn a_playlist_comes_as_a_playlist() {
    for (kind, expected) in [
        ("application/vnd.apple.mpegurl", ""),
        ("Application/VND.apple.mpegURL; charset=utf-8", ""),
        ("audio/mpegurl", ""),
        ("application/x-mpegurl", ""),
        ("text/plain; charset=utf-8", "the playlist comes as text/plain"),
    ] {
        let line = format!("content-type: {kind}");
        check("HTT-PLCT", Purpose::Media, &line, b"", expected);
        check("HTT-PLCT", Purpose::Multivariant, &line, b"", expected);
        check("HTT-PLCT", Purpose::Segment, &line, b"", "");
    }
    check("HTT-PLCT", Purpose::Media, "", b"", "the playlist comes without a content type");
    let refused = reply(403, "content-type: text/html", "no");
    check_exchange("HTT-PLCT", &exchange(Purpose::Media, "http://w/a.m3u8", refused), "");
    let unnamed = reply(200, "content-type: application/x-mpegurl", "");
    let unnamed = exchange(Purpose::Media, "http://w/play?id=1", unnamed);
    check_exchange("HTT-PLCT", &unnamed, "the playlist comes as application/x-mpegurl");
}

#[test]
fn a_segment_comes_as_what_it_is() {
    let ts = [&[0x47; 1][..], &[0; 187], &[0x47]].concat();
    for (kind, body, expected) in [
        ("video/mp2t", &ts[..], ""),
        ("video/MP2T", &ts, ""),
        ("text/html", &ts, "MPEG-TS comes as text/html"),
        ("video/mp4", b"\0\0\0\x18stypmsdh", ""),
        ("audio/mp4", b"\0\0\0\x18ftypiso6", ""),
        (
            "application/octet-stream",
            b"\0\0\0\x18moof",
            "fragmented MP4 comes as application/octet-stream",
        ),
        ("text/vtt", b"WEBVTT\n", ""),
        ("text/plain", b"\xef\xbb\xbfWEBVTT\n", "WebVTT comes as text/plain"),
        ("audio/aac", b"ID3\x04", ""),
        ("video/mp2t", b"ID3\x04", "packed audio comes as video/mp2t"),
        ("text/html", b"<html>", ""),
        ("text/html", b"", ""),
    ] {
        let line = format!("content-type: {kind}");
        check("HTT-SEGCT", Purpose::Segment, &line, body, expected);
        check("HTT-SEGCT", Purpose::Media, &line, body, "");
    }
    check("HTT-SEGCT", Purpose::Init, "", &ts, "MPEG-TS comes without a content type");
}

#[test]
fn a_live_playlist_is_not_kept_for_long() {
    let long = |seconds| {
        format!("the live playlist may be kept for {seconds} s, and the target duration is 6 s")
    };
    let unsaid = "the live playlist does not say how long it may be kept";
    for (lines, expected) in [
        ("cache-control: public, max-age=3", ""),
        ("cache-control: max-age=6", ""),
        ("cache-control: no-cache, max-age=100", ""),
        ("cache-control: no-store", ""),
        ("Cache-Control: public\nCache-Control: max-age=0", ""),
        ("cache-control: private, max-age=2, s-maxage=60", ""),
        ("expires: -1", ""),
        ("expires: Thu, 01 Jan 1970 00:00:01 GMT", ""),
        ("cache-control: max-age=7", &long(7)),
        ("cache-control: max-age=1, s-maxage=60", &long(60)),
        ("cache-control: public, MAX-AGE=\"31536000\", immutable", &long(31_536_000)),
        ("", unsaid),
        ("cache-control: public", unsaid),
        ("expires: Thu, 01 Jan 2099 00:00:01 GMT", unsaid),
    ] {
        check("HTT-PLCC", Purpose::Media, lines, b"", expected);
        check("HTT-PLCC", Purpose::Segment, lines, b"", "");
    }
    let kept = reply(200, "cache-control: max-age=36", "");
    let held = exchange(Purpose::Media, "http://w/a.m3u8?_HLS_msn=7", kept.clone());
    check_exchange("HTT-PLCC", &held, "");
    let mut ended = exchange(Purpose::Media, "http://w/a.m3u8", kept);
    ended.is_live = false;
    check_exchange("HTT-PLCC", &ended, "");
}

#[test]
fn segments_may_be_kept() {
    for (id, purpose, what) in [
        ("HTT-SEGCC", Purpose::Segment, "the segment"),
        ("HTT-INITCC", Purpose::Init, "the initialization section"),
    ] {
        let only = |seconds| format!("caches may keep {what} for only {seconds} s");
        let unsaid = format!("{what} does not say how long it may be kept");
        for (lines, expected) in [
            ("cache-control: public, max-age=31536000, immutable", ""),
            ("cache-control: max-age=18", ""),
            ("cache-control: max-age=0, s-maxage=60", ""),
            ("cache-control: max-age=17", &only(17)),
            ("cache-control: max-age=600, s-maxage=5", &only(5)),
            ("cache-control: private, max-age=600", &only(0)),
            ("cache-control: no-store", &only(0)),
            ("", &unsaid),
        ] {
            check(id, purpose, lines, b"", expected);
        }
        check(id, Purpose::Media, "", b"", "");
    }
}

#[test]
fn a_segment_comes_with_its_length_and_in_time() {
    check("HTT-LEN", Purpose::Segment, "content-length: 3", b"abc", "");
    let without = "a segment of 3 bytes came without a Content-Length";
    check("HTT-LEN", Purpose::Segment, "transfer-encoding: chunked", b"abc", without);
    check("HTT-LEN", Purpose::Media, "transfer-encoding: chunked", b"abc", "");

    let mut slow = exchange(Purpose::Segment, "http://w/0.ts", reply(200, "", "abc"));
    slow.reply.took = Duration::from_millis(1_999);
    check_exchange("HTT-SPEED", &slow, "");
    slow.reply.took = Duration::from_millis(2_000);
    let said = "3 bytes that play for 4.000 s took 2.000 s to fetch";
    check_exchange("HTT-SPEED", &slow, said);
    slow.plays = None;
    check_exchange("HTT-SPEED", &slow, "");
}

/// So many answers, of which the first ones are late by so much.
fn traffic(count: usize, late: usize, change: fn(&mut Exchange)) -> Traffic {
    let mut traffic = Traffic::default();
    for number in 0..count {
        let mut exchange = exchange(Purpose::Segment, "http://w/0.ts", reply(200, "", ""));
        exchange.reply.first_byte = Duration::from_millis(if number < late { 250 } else { 150 });
        change(&mut exchange);
        traffic.take(&exchange);
    }
    traffic
}

#[track_caller]
fn check_traffic(id: &str, traffic: &Traffic, expected: &str) {
    let evidence = PresentationEvidence { multivariant: None, renditions: &[], traffic };
    let Test::Presentation(test) = test_of(id) else { panic!("{id}") };
    let said = say(|faults| test(&evidence, faults));
    assert_eq!(said, expected, "{id} {traffic:?}");
}

#[test]
fn answers_begin_soon() {
    let said = |late, timed| {
        format!("{late} of {timed} answers began later than 200 ms, the slowest after 250 ms")
    };
    check_traffic("HTT-TTFB", &traffic(3, 1, |_| ()), "");
    check_traffic("HTT-TTFB", &traffic(40, 2, |_| ()), "");
    check_traffic("HTT-TTFB", &traffic(39, 2, |_| ()), &said(2, 39));
    check_traffic("HTT-TTFB", &traffic(2, 2, |_| ()), &said(2, 2));
    let is_not_timed: [fn(&mut Exchange); 3] = [
        |exchange| exchange.reply.is_reused = Some(false),
        |exchange| exchange.purpose = Purpose::Part,
        |exchange| exchange.request.url.set_query(Some("_HLS_msn=1")),
    ];
    for change in is_not_timed {
        check_traffic("HTT-TTFB", &traffic(9, 9, change), "");
    }
}

#[test]
fn connections_stay_open() {
    let close = |exchange: &mut Exchange| exchange.reply.headers = headers("Connection: Close");
    let old = |exchange: &mut Exchange| exchange.reply.version = Version::HTTP_10;
    check_traffic("HTT-KEEP", &traffic(9, 0, |_| ()), "");
    check_traffic("HTT-KEEP", &traffic(9, 0, close), "9 of 9 answers ended their connection");
    check_traffic("HTT-KEEP", &traffic(9, 0, old), "9 of 9 answers ended their connection");
    check_traffic("HTT-KEEP", &traffic(3, 0, close), "");
    let kept = |exchange: &mut Exchange| {
        exchange.reply.version = Version::HTTP_10;
        exchange.reply.headers = headers("connection: keep-alive");
    };
    check_traffic("HTT-KEEP", &traffic(9, 0, kept), "");
    let new = |exchange: &mut Exchange| exchange.reply.is_reused = Some(false);
    let said = "each of 9 answers needed a new connection";
    check_traffic("HTT-KEEP", &traffic(9, 0, new), said);
}
