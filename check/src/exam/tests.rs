//! The driver against servers that are odd.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::Exam;
use super::progress::Silent;
use crate::options::Options;
use crate::report::Report;
use crate::rule::Severity;
use crate::transport::{Reply, Request, Transport, TransportError};

/// What a server has: a path with its query, and the text there. One that begins with `->` leads
/// on, and `...` never comes.
struct Pages(&'static [(&'static str, &'static str)]);

#[async_trait]
impl Transport for Pages {
    async fn send(&self, request: &Request) -> Result<Reply, TransportError> {
        let never = sleep(Duration::from_secs(1 << 30));
        let mut url = request.url.clone();
        let mut text = self.text(&url);
        if let Some(to) = text.and_then(|text| text.strip_prefix("->")) {
            url = url.join(to).unwrap();
            text = self.text(&url);
        }
        if text == Some("...") {
            let _ = timeout(request.within, never).await;
            return Err(TransportError::TimedOut(request.within));
        }
        Ok(Reply {
            status: if text.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND },
            version: Version::HTTP_11,
            headers: HeaderMap::new(),
            body: Bytes::from(text.unwrap_or_default()),
            url,
            first_byte: Duration::ZERO,
            took: Duration::ZERO,
            is_reused: Some(true),
        })
    }

    fn is_http(&self) -> bool {
        false
    }
}

impl Pages {
    fn text(&self, url: &Url) -> Option<&'static str> {
        let asked = &url[url::Position::BeforePath..];
        let page = self.0.iter().find(|(path, _)| {
            path.strip_suffix('*').map_or(*path == asked, |start| asked.starts_with(start))
        });
        page.map(|(_, text)| *text)
    }
}

/// The report, and how long it took.
fn examine(
    pages: &'static [(&'static str, &'static str)],
    options: Options,
    stop_after: Option<Duration>,
) -> (Report, Duration) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let began = Instant::now();
        let exam = Exam::new(Arc::new(Pages(pages)), options, Arc::new(Silent));
        let stop = exam.stop();
        tokio::spawn(async move {
            sleep(stop_after.unwrap_or(Duration::from_secs(1 << 30))).await;
            stop.stop();
        });
        let report = exam.run(Url::parse("http://w/live/index.m3u8").unwrap()).await;
        (report, began.elapsed())
    })
}

/// Every finding of a rule, in words.
fn said(report: &Report, id: &str) -> Vec<String> {
    let found = report.findings().iter().filter(|finding| finding.rule.id == id);
    let examples = found.flat_map(|finding| &finding.examples);
    examples.map(|example| format!("{}: {}", example.place, example.what)).collect()
}

#[track_caller]
fn check(pages: &'static [(&'static str, &'static str)], id: &str, expected: &[&str]) {
    let (report, _) = examine(pages, Options::default(), None);
    assert_eq!(said(&report, id), expected, "{report}");
}

const MEDIA: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.vtt\n#EXT-X-ENDLIST\n";

const MASTER: &str = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n";

#[test]
fn a_media_playlist_imports_variables() {
    const DEFINES: &str = "#EXTM3U\n#EXT-X-VERSION:11\n#EXT-X-DEFINE:NAME=\"at\",VALUE=\"cdn\"\n\
                           #EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8?user=me\n";
    const IMPORTS: &str = "#EXTM3U\n#EXT-X-VERSION:11\n#EXT-X-TARGETDURATION:2\n\
                           #EXT-X-DEFINE:IMPORT=\"at\"\n#EXT-X-DEFINE:QUERYPARAM=\"user\"\n\
                           #EXTINF:2,\n{$at}/{$user}.vtt\n#EXT-X-ENDLIST\n";
    let pages = &[
        ("/live/index.m3u8", DEFINES),
        ("/live/low.m3u8?user=me", IMPORTS),
        ("/live/cdn/me.vtt", "WEBVTT\n"),
    ];
    check(pages, "LIV-AVAIL", &[]);
    let (report, _) = examine(pages, Options::default(), None);
    assert_eq!(report.summary.state.segments, 1);
}

#[test]
fn a_stream_that_redirects_is_measured_against_its_variants() {
    let pages = &[
        ("/live/index.m3u8", "->/session/1/index.m3u8"),
        ("/session/1/index.m3u8", MASTER),
        ("/session/1/low.m3u8", MEDIA),
        ("/session/1/a.vtt", "WEBVTT\n"),
    ];
    check(pages, "IND-HAVE", &["/session/1/index.m3u8: /session/1/low.m3u8 does not have it"]);
}

#[test]
fn what_is_listed_must_list_segments() {
    let pages = &[("/live/index.m3u8", MASTER), ("/live/low.m3u8", MASTER)];
    check(pages, "MV-REACH", &["/live/low.m3u8: it lists other playlists, not segments"]);
    let (report, _) = examine(pages, Options::default(), None);
    assert_eq!(report.score(), 0);
}

#[test]
fn durations_that_cannot_be_added_up_are_none() {
    const LONG: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:18446744073709551615\n\
                        #EXT-X-MEDIA-SEQUENCE:18446744073709551615\n\
                        #EXTINF:18446744073709551615,\na.vtt\n\
                        #EXTINF:18446744073709551615,\nb.vtt\n#EXTINF:4294967295,\nc.vtt\n";
    let pages = &[("/live/index.m3u8", LONG), ("/live/*", "WEBVTT\n")];
    let (report, took) = examine(pages, Options::default(), None);
    assert_eq!(said(&report, "PL-TD").len(), 1, "{report}");
    assert!(took < Duration::from_secs(90), "{took:?}");
}

#[test]
fn a_server_that_answers_nothing_is_not_asked_for_ever() {
    const MANY: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n1.ts\n#EXTINF:2,\n2.ts\n\
                        #EXTINF:2,\n3.ts\n#EXTINF:2,\n4.ts\n#EXTINF:2,\n5.ts\n#EXTINF:2,\n6.ts\n\
                        #EXTINF:2,\n7.ts\n#EXTINF:2,\n8.ts\n#EXT-X-ENDLIST\n";
    let pages = &[("/live/index.m3u8", MANY), ("/live/*", "...")];
    let (report, took) = examine(pages, Options::default(), None);
    assert_eq!(said(&report, "LIV-AVAIL").len(), 5, "{report}");
    assert_eq!(report.score(), 0);
    assert!(took <= Duration::from_secs(5 * 30 + 1), "{took:?}");
}

#[test]
fn who_stops_an_exam_does_not_wait_for_a_server() {
    for pages in [
        &[("/live/index.m3u8", "...")] as &'static [(&str, &str)],
        &[("/live/index.m3u8", MASTER), ("/live/low.m3u8", "...")],
        &[("/live/index.m3u8", MEDIA), ("/live/a.vtt", "...")],
    ] {
        let (_, took) = examine(pages, Options::default(), Some(Duration::from_secs(3)));
        assert_eq!(took, Duration::from_secs(8));
    }
}

#[test]
fn an_exam_of_no_time_looks_once() {
    const LIVE: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.vtt\n";
    let pages = &[("/live/index.m3u8", LIVE), ("/live/a.vtt", "WEBVTT\n")];
    let options = Options { duration: Duration::ZERO, ..Options::default() };
    let (report, took) = examine(pages, options, None);
    assert_eq!((report.summary.state.segments, took), (1, Duration::ZERO), "{report}");
}

#[test]
fn a_report_has_no_secret() {
    const LEAKS: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n\
                         #EXTINF:2,\nhttp://u:sesame@w/t/sesame/a.vtt?k=sesame\n\
                         #EXTINF:2,\nhttp://u:sesame@w/t/sesame/a.vtt?k=sesame\n\
                         #EXTINF:2,\nb/sesame/c.ts\n\
                         #EXTINF:2,\n:// sesame?k=sesame\n#EXTINF:2,\nhttp://[sesame/x?k=sesame\n\
                         #EXT-X-KEY:METHOD=AES-128,URI=sesame?k=sesame\n#EXTINF:sesame\nd.ts\n";
    let pages = &[
        ("/live/index.m3u8?token=sesame", "->/t/sesame/index.m3u8"),
        ("/t/sesame/index.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/t/sesame/low.m3u8\n"),
        ("/t/sesame/low.m3u8", LEAKS),
        ("/t/sesame/a.vtt?k=sesame", "WEBVTT\n"),
    ];
    let options = Options { token: Some("sesame".to_owned()), ..Options::default() };
    let (report, _) = examine(pages, options, None);
    let text = report.to_string();
    assert!(text.contains("http://…@w/t/…/a.vtt?…, which is listed before"), "{text}");
    let all = [text, report.json().unwrap(), report.junit(Severity::Must).unwrap()];
    assert!(all.iter().all(|text| !text.contains("sesame")), "{all:?}");
}

#[test]
fn a_segment_alone_is_examined_as_one() {
    let pages = &[("/live/index.m3u8", "->/a.ts"), ("/a.ts", "")];
    check(pages, "SEG-EMPTY", &["a.ts: the segment has no bytes"]);
    let page = &[("/live/index.m3u8", "->/a.html"), ("/a.html", "<html>")];
    check(page, "PL-EXTM3U", &["/a.html: line 1: the first line is \"<html>\", not #EXTM3U"]);
    check(page, "SEG-EMPTY", &[]);
}

#[test]
fn text_is_not_for_a_decoder() {
    let pages = &[("/live/index.m3u8", MEDIA), ("/live/a.vtt", "WEBVTT\n")];
    // It does not start, which is said of whatever it is asked to decode.
    let decoder = Some("/no/such/decoder".into());
    let (report, _) = examine(pages, Options { decoder, ..Options::default() }, None);
    assert_eq!(said(&report, "DEC-CLEAN"), [""; 0]);
    assert_eq!(report.summary.state.segments, 1, "{report}");
}

#[test]
fn an_initialization_section_alone_is_examined() {
    let pages = &[("/live/index.m3u8", "->/init.mp4"), ("/init.mp4", "\0\0\0\u{8}moov")];
    let (report, _) = examine(pages, Options::default(), None);
    assert!(!said(&report, "MP4-INIT").is_empty(), "{report}");
    assert_eq!(said(&report, "MP4-MOOF"), [""; 0]);
}
