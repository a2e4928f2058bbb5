use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::time::Instant;

use super::*;
use crate::presentation::{Attributes, Multivariant, Rendition, Segment};
use check::transport::Transport as _;

/// Twenty segments of two seconds.
fn presentation() -> Presentation {
    let two = Duration::from_secs(2);
    let segment = |number: u32| Segment {
        uri: format!("{number}.ts"),
        duration: two,
        begins: two * number,
        has_discontinuity: number == 7,
        map: None,
        bytes: format!("segment {number}").into(),
    };
    let rendition = Rendition {
        name: "v0".to_owned(),
        version: 6,
        target_duration: 2,
        segments: (0..20).map(segment).collect(),
        inits: BTreeMap::new(),
    };
    let attributes = Attributes(vec![("CODECS".to_owned(), "\"avc1.64000b\"".to_owned())]);
    let multivariant = Multivariant {
        header: vec!["#EXT-X-VERSION:6".to_owned()],
        alternatives: Vec::new(),
        variants: vec![(attributes, "v0/index.m3u8".to_owned())],
    };
    let mut presentation = Presentation { multivariant, renditions: vec![rendition] };
    presentation.say_bit_rates();
    presentation
}

fn request(path: &str, headers: &[(&'static str, &str)]) -> Request {
    let pair = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    };
    Request {
        method: Method::GET,
        url: format!("http://edge-a.test{path}").parse().unwrap(),
        headers: headers.iter().map(pair).collect::<HeaderMap>(),
        within: Duration::from_secs(10),
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What the media playlist says at a time: the numbers of the first and last segment, and marks.
fn shape(origin: &mut Origin, at: Duration) -> String {
    let answer = origin.answer(&request("/live/cam/v0/index.m3u8", &[]), at);
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let listed: Vec<_> = text.lines().filter_map(|line| line.strip_suffix(".ts")).collect();
    let dseq = text.split("DISCONTINUITY-SEQUENCE:").nth(1).and_then(|rest| rest.lines().next());
    let end = if text.contains("#EXT-X-ENDLIST") { " end" } else { "" };
    let (first, last) = (listed[0], listed[listed.len() - 1]);
    format!("{first}..{last} {}{end}", dseq.unwrap_or("0"))
}

#[test]
fn a_window_moves_on_with_time() {
    let mut origin = Origin::new(presentation(), Settings::live());
    for (at, expected) in
        [(0, "2..7 0"), (1, "2..7 0"), (2, "3..8 0"), (12, "8..13 1"), (60, "14..19 1 end")]
    {
        assert_eq!(shape(&mut origin, seconds(at)), expected, "at {at} s");
    }
    let course = Course::Live { window: 3, made: 4, ends_at: Some(seconds(3)) };
    let mut origin = Origin::new(presentation(), Settings::of(course));
    assert_eq!(shape(&mut origin, seconds(2)), "2..4 0");
    assert_eq!(shape(&mut origin, seconds(9)), "2..4 0 end");
    let mut origin = Origin::new(presentation(), Settings::vod());
    assert_eq!(shape(&mut origin, seconds(0)), "0..19 0 end");
}

#[test]
fn a_segment_is_there_from_when_it_is_listed_until_long_after_it_was() {
    let mut origin = Origin::new(presentation(), Settings::live());
    // Segment 8 is listed from 2 s on and removed at 14 s: it stays for 2 + 12 and 2 more.
    for (at, status) in [(1, 404), (2, 200), (29, 200), (31, 404)] {
        let answer = origin.answer(&request("/live/cam/v0/8.ts", &[]), seconds(at));
        assert_eq!(answer.status, status, "at {at} s");
    }
    let gone = origin.answer(&request("/live/cam/v0/99.ts", &[]), seconds(1));
    assert!(gone.status == 404 && gone.headers["cache-control"] == "public, max-age=1");
}

#[test]
fn a_playlist_says_all_that_it_should() {
    let mut origin = Origin::new(presentation(), Settings::live());
    let answer = origin.answer(&request("/live/cam/index.m3u8", &[]), seconds(0));
    assert_eq!(
        String::from_utf8(answer.body.to_vec()).unwrap(),
        "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-STREAM-INF:BANDWIDTH=40,AVERAGE-BANDWIDTH=38,\
         CODECS=\"avc1.64000b\"\nv0/index.m3u8\n"
    );
    let answer = origin.answer(&request("/live/cam/v0/index.m3u8", &[]), seconds(0));
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(
        text.starts_with(
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:2\n\
             #EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-PROGRAM-DATE-TIME:2026-02-02T02:39:48.000Z\n\
             #EXTINF:2.000000,\n2.ts\n"
        ),
        "{text}"
    );
    assert_eq!(render::date(951_782_400_000_000_000 - 1), "2000-02-28T23:59:59.999Z");
    assert_eq!(render::date(951_782_400_000_000_000), "2000-02-29T00:00:00.000Z");
}

#[test]
fn a_token_is_needed_where_one_is_set() {
    let path = Some(Token::Path("good".to_owned()));
    let mut origin = Origin::new(presentation(), Settings { token: path, ..Settings::live() });
    assert_eq!(origin.entry(), "/t/good/live/cam/index.m3u8");
    let query = Some(Token::Query("good".to_owned()));
    let suffix = "?token=good".to_owned();
    let settings = Settings { token: query, suffix, ..Settings::live() };
    let mut other = Origin::new(presentation(), settings);
    for (is_first, path, status) in [
        (true, "/t/good/live/cam/v0/5.ts", 200),
        (true, "/t/bad/live/cam/v0/5.ts", 403),
        (true, "/live/cam/v0/5.ts", 401),
        (false, "/live/cam/v0/5.ts?token=good&x=y", 200),
        (false, "/live/cam/v0/5.ts?token=goop", 403),
        (false, "/live/cam/index.m3u8", 401),
    ] {
        let asked = if is_first { &mut origin } else { &mut other };
        assert_eq!(asked.answer(&request(path, &[]), seconds(0)).status, status, "{path}");
    }
    let answer = other.answer(&request("/live/cam/v0/index.m3u8?token=good", &[]), seconds(0));
    assert!(String::from_utf8_lossy(&answer.body).ends_with("7.ts?token=good\n"));
}

#[test]
fn answers_are_as_http_wants_them() {
    let mut origin = Origin::new(presentation(), Settings::live());
    let mut ask = |request: &Request| origin.answer(request, seconds(0));
    let path = "/live/cam/v0/5.ts";
    let whole = ask(&request(path, &[]));
    let tag = whole.headers["etag"].to_str().unwrap().to_owned();
    for (headers, status, body) in [
        (&[("range", "bytes=0-2")][..], 206, "seg"),
        (&[("range", "bytes=-1")], 206, "5"),
        (&[("range", "bytes=8-99")], 206, "5"),
        (&[("range", "bytes=9-")], 416, ""),
        (&[("range", "bytes=0-2"), ("if-range", "\"x\"")], 200, "segment 5"),
        (&[("if-none-match", &tag)], 304, ""),
        (&[("if-none-match", "\"x\"")], 200, "segment 5"),
    ] {
        let answer = ask(&request(path, headers));
        assert_eq!(
            (answer.status.as_u16(), &*answer.body),
            (status, body.as_bytes()),
            "{headers:?}"
        );
    }
    for (method, status) in [(Method::OPTIONS, 204), (Method::PUT, 405), (Method::HEAD, 200)] {
        assert_eq!(ask(&Request { method, ..request(path, &[]) }).status, status);
    }
    let packed = ask(&request("/live/cam/index.m3u8", &[("accept-encoding", "br, gzip")]));
    assert!(packed.body.starts_with(&[31, 139]) && packed.headers["content-encoding"] == "gzip");
    let plain = ask(&request("/live/cam/index.m3u8", &[("accept-encoding", "gzip;q=0")]));
    assert!(plain.body.starts_with(b"#EXTM3U") && plain.headers["vary"] == "Accept-Encoding");
}

#[tokio::test(start_paused = true)]
async fn within_the_process_an_answer_takes_no_real_time() {
    let twist = Twist { answer: |answer, _| answer.after = seconds(8), ..Twist::NONE };
    let origin = InProcess::new(Origin::new(presentation(), Settings::live().twisted(twist)));
    let began = Instant::now();
    let reply = origin.send(&request("/live/cam/v0/5.ts", &[])).await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.took, began.elapsed()), (200, seconds(8), seconds(8)));
    let impatient = Request { within: seconds(2), ..request("/live/cam/v0/5.ts", &[]) };
    assert!(origin.send(&impatient).await.is_err() && began.elapsed() == seconds(10));
}

#[test]
fn behind_a_port_it_answers_the_same() {
    let served = Served::start(Origin::new(presentation(), Settings::vod())).unwrap();
    let url = served.url();
    let mut reply = ureq::get(&url).call().unwrap();
    assert!(reply.body_mut().read_to_string().unwrap().starts_with("#EXTM3U"));
    let segment = url.replace("index.m3u8", "v0/5.ts");
    let mut reply = ureq::get(&segment).header("range", "bytes=0-2").call().unwrap();
    assert_eq!(reply.status(), 206);
    assert_eq!(reply.body_mut().read_to_string().unwrap(), "seg");
    drop(served);
    assert!(ureq::get(&url).call().is_err());
}
