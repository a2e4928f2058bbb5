use std::path::Path;

use check::transport::Request;
use http::{HeaderMap, Method};

use super::*;
use crate::presentation::Base;

const HALF: Duration = Duration::from_millis(500);

fn origin(base: Base) -> Origin {
    let mut presentation = base.presentation(Path::new("")).unwrap();
    let low_latency = Some(LowLatency::cut(&mut presentation, HALF).unwrap());
    Origin::new(presentation, Settings { low_latency, ..Settings::live_for_updates() })
}

fn ask(origin: &mut Origin, path: &str, at_ms: u64) -> Answer {
    let request = Request {
        method: Method::GET,
        url: format!("http://edge-a.test/live/cam/v0/{path}").parse().unwrap(),
        headers: HeaderMap::new(),
        within: Duration::from_secs(10),
    };
    origin.answer(&request, Duration::from_millis(at_ms))
}

/// The newest part that an answer lists, what it hints, and after how many milliseconds it comes.
fn told(answer: &Answer) -> String {
    if answer.status != 200 {
        return answer.status.as_u16().to_string();
    }
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let uri = |line: Option<&str>| {
        let uri = line.and_then(|line| line.split("URI=\"").nth(1)).unwrap_or_default();
        uri.split('"').next().unwrap_or_default().to_owned()
    };
    let part = uri(text.lines().rfind(|line| line.starts_with("#EXT-X-PART:")));
    let hint = uri(text.lines().find(|line| line.starts_with("#EXT-X-PRELOAD-HINT:")));
    let skip = text.lines().find_map(|line| line.strip_prefix("#EXT-X-SKIP:SKIPPED-SEGMENTS="));
    let skip = skip.map_or_else(String::new, |skip| format!(" -{skip}"));
    format!("{part} {hint} +{}{skip}", answer.after.as_millis())
}

#[test]
fn what_is_asked_for_is_waited_for() {
    let mut origin = origin(Base::FfmpegTs);
    let mut check = |query: &str, at_ms: u64, expected: &str| {
        let answer = ask(&mut origin, &format!("index.m3u8{query}"), at_ms);
        assert_eq!(told(&answer), expected, "{query} at {at_ms} ms");
    };
    // Fourteen segments are there at the start, and a part more each half second; a part is there
    // up to 22 ms before its last frame was sent.
    check("", 0, "13.3.ts 14.0.ts +5");
    check("", 500, "14.0.ts 14.1.ts +5");
    check("?_HLS_msn=14&_HLS_part=0", 100, "14.0.ts 14.1.ts +383");
    check("?_HLS_msn=14&_HLS_part=0", 700, "14.0.ts 14.1.ts +5");
    check("?_HLS_msn=14&_HLS_part=9", 1_900, "15.0.ts 15.1.ts +583");
    check("?_HLS_msn=14", 100, "14.3.ts 15.0.ts +1883");
    check("?_HLS_msn=3", 100, "13.3.ts 14.0.ts +5");
    check("?_HLS_msn=15", 100, "15.3.ts 16.0.ts +3883");
    check("?_HLS_msn=16", 100, "400");
    check("?_HLS_part=0", 100, "400");
    check("?_HLS_msn=x", 100, "400");
    check("?_HLS_skip=YES", 100, "13.3.ts 14.0.ts +5 -6");
}

#[test]
fn parts_are_there_when_they_are_listed_and_the_hinted_one_is_waited_for() {
    let mut origin = origin(Base::FfmpegFmp4);
    let mut check = |path: &str, at_ms: u64, status: u16, after_ms: u128| {
        let answer = ask(&mut origin, path, at_ms);
        assert_eq!(answer.status, status, "{path} at {at_ms} ms");
        assert_eq!(answer.after.as_millis(), after_ms, "{path} at {at_ms} ms");
    };
    check("13.3.m4s", 0, 200, 5);
    check("14.0.m4s", 100, 200, 383);
    check("14.1.m4s", 100, 404, 5);
    check("14.1.m4s", 500, 200, 483);
    check("14.4.m4s", 500, 404, 5);
    check("3.0.m4s", 100_000, 404, 5);
}

#[test]
fn parts_together_are_their_segment() {
    for base in [Base::FfmpegTs, Base::FfmpegFmp4, Base::FfmpegFmp4Ladder] {
        let mut presentation = base.presentation(Path::new("")).unwrap();
        let before = presentation.clone();
        let cut = LowLatency::cut(&mut presentation, HALF).unwrap();
        for (rendition, parts) in presentation.renditions.iter().zip(&cut.parts) {
            for (segment, parts) in rendition.segments.iter().zip(parts) {
                let bytes: Vec<u8> = parts.iter().flat_map(|part| part.bytes.clone()).collect();
                assert_eq!(bytes, segment.bytes, "{}", segment.uri);
                let lasts: Duration = parts.iter().map(|part| part.duration).sum();
                assert_eq!(lasts, segment.duration, "{}", segment.uri);
                let most = HALF + Duration::from_millis(1);
                assert!(parts.iter().all(|part| part.duration <= most), "{}", segment.uri);
                assert!(parts[0].is_independent && parts.len() >= 4, "{}", segment.uri);
            }
        }
        if base == Base::FfmpegTs {
            let bytes = |one: &Presentation| one.renditions[0].segments[3].bytes.clone();
            assert_eq!(bytes(&before), bytes(&presentation));
        }
    }
}
