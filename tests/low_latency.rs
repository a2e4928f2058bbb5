//! Low latency from the encoder to the viewer: parts, requests that wait, updates.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use testkit::encoder::{Encoder, Source, Video};
use testkit::examined::{self, Examined};
use testkit::{Browser, Server, wait_until};

const SOON: Duration = Duration::from_secs(60);

fn text(server: &Server, path: &str) -> String {
    server.http().get(path).unwrap().text()
}

/// The value of an attribute, without its quotes.
fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = line.split_once(&format!("{name}="))?;
    match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => value.split(',').next(),
    }
}

/// Pushes, stops, pushes again, and lets the stream be examined all the while.
#[track_caller]
fn check(settings: &[&str], rendition: &str) {
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), settings).unwrap();
    let playlist = format!("/live/cam/{rendition}/index.m3u8");
    let mut encoder = Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap();
    let is_listed = || text(&server, &playlist).contains("#EXT-X-PART:");
    wait_until("a stream in parts", SOON, is_listed).unwrap();
    let exam =
        Examined::start_low_latency(server.http().address(), "/live/cam/index.m3u8").unwrap();
    let goes_on = |epoch: u32, segments: usize| {
        let begin = format!("\n{epoch}/");
        wait_until("more segments", SOON, || {
            text(&server, &playlist).matches(&begin).count() > segments
        })
        .unwrap();
    };
    goes_on(1, 7);
    check_parts(&server, rendition);
    // The encoder is restarted: parts of the next push follow those of the one before.
    encoder.finish().unwrap();
    drop(encoder);
    let encoder = Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap();
    goes_on(2, 4);
    check_parts(&server, rendition);
    let report = exam.stop().unwrap();
    examined::check(&report, &[]).unwrap();
    assert!(text(&server, &playlist).contains("#EXT-X-DISCONTINUITY\n"));
    drop(encoder);
}

/// The parts of every segment that is listed with them are, one after the other, the segment.
#[track_caller]
fn check_parts(server: &Server, rendition: &str) {
    let folder = format!("/live/cam/{rendition}/");
    let listed = text(server, &format!("{folder}index.m3u8"));
    let get = |uri: &str| {
        let reply = server.http().get(&format!("{folder}{uri}")).unwrap();
        assert_eq!(reply.status, 200, "{uri}");
        assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable", "{uri}");
        assert_eq!(reply.header("content-length"), reply.body.len().to_string(), "{uri}");
        reply.body
    };
    let (mut parts, mut compared) = (Vec::new(), 0);
    for line in listed.lines() {
        if line.starts_with("#EXT-X-PART:") {
            parts.extend(get(attribute(line, "URI").unwrap()));
        } else if !line.starts_with('#') {
            if !parts.is_empty() {
                assert!(parts == get(line), "{line} is not what its parts are");
                compared += 1;
            }
            parts.clear();
        }
    }
    assert!(compared >= 3, "{compared} segments in parts: {listed}");
}

#[test]
fn a_stream_in_fmp4_has_low_latency_unless_told_otherwise() {
    check(&["--set", "stream.packaging=fmp4"], "fmp4");
}

#[test]
fn a_stream_in_ts_has_low_latency_where_that_is_wanted() {
    check(&["--set", "stream.packaging=ts", "--set", "stream.low_latency=on"], "ts");
}

#[test]
fn odd_directives_are_told_so() {
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &["--set", "stream.packaging=fmp4"]);
    let server = server.unwrap();
    let mut encoder = Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap();
    let playlist = "/live/cam/fmp4/index.m3u8";
    wait_until("a stream in parts", SOON, || text(&server, playlist).contains("#EXT-X-PART:"))
        .unwrap();
    let number = |name| format!("{name} is a whole number\n");
    for (query, status, sentence) in [
        ("_HLS_msn=-1", 400, number("_HLS_msn")),
        ("_HLS_msn=", 400, number("_HLS_msn")),
        ("_HLS_msn=1.0", 400, number("_HLS_msn")),
        ("_HLS_msn=0x1", 400, number("_HLS_msn")),
        ("_HLS_msn=99999999999999999999999", 400, number("_HLS_msn")),
        ("_HLS_msn=0&_HLS_part=a", 400, number("_HLS_part")),
        ("_HLS_part=0", 400, "_HLS_part needs _HLS_msn\n".to_owned()),
        ("_HLS_msn=0&_HLS_msn=0", 400, "_HLS_msn stands there twice\n".to_owned()),
        ("_HLS_skip=no", 400, "_HLS_skip is YES or v2\n".to_owned()),
        (
            "_HLS_msn=18446744073709551615",
            400,
            "segment 18446744073709551615 is too far ahead".into(),
        ),
        ("_HLS_msn=0", 200, String::new()),
        ("_HLS_msn=0&_HLS_part=0&_HLS_skip=v2", 200, String::new()),
        ("_HLS_skip=YES", 200, String::new()),
        ("_HLS_push=1&_hls_msn=x&a=b&&&=", 200, String::new()),
    ] {
        let asked = Instant::now();
        let reply = server.http().get(&format!("{playlist}?{query}")).unwrap();
        let took = asked.elapsed();
        assert_eq!(reply.status, status, "{query}: {}", reply.text());
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{query}");
        assert!(took < Duration::from_secs(4), "{query} took {took:?}");
        // What is too far ahead may not be so in a second.
        let kept = reply.header("cache-control");
        let is_ahead = sentence.contains("too far ahead");
        assert!(!is_ahead || kept == "public, max-age=1", "{query}: {kept}");
        match status {
            200 => assert!(reply.text().starts_with("#EXTM3U\n"), "{query}"),
            _ => assert!(reply.text().starts_with(&sentence), "{query}: {}", reply.text()),
        }
    }
    // What will not come is not waited for in vain: the stream ends.
    let last = |text: &str| text.matches("#EXTINF").count();
    let listed = text(&server, playlist);
    let first = listed.lines().find_map(|it| it.strip_prefix("#EXT-X-MEDIA-SEQUENCE:")).unwrap();
    let next = first.parse::<usize>().unwrap() + last(&listed);
    let http = server.http();
    let query = format!("{playlist}?_HLS_msn={}", next + 1);
    let waiting = thread::spawn(move || http.get(&query).unwrap());
    encoder.finish().unwrap();
    let reply = waiting.join().unwrap();
    assert!(matches!(reply.status, 200 | 503), "{}", reply.status);
    assert_eq!(reply.header("access-control-allow-origin"), "*");
}

fn unix_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

/// Samples of a page that has settled, one a second.
const SAMPLES: usize = 20;

#[test]
fn a_browser_is_about_a_second_behind() {
    let server =
        Server::open(env!("CARGO_BIN_EXE_weir"), &["--set", "stream.packaging=fmp4"]).unwrap();
    let from_ms = unix_ms();
    let video = Some(Video { size: (640, 360), rate: (30, 1), gop: Some(60) });
    // Beside sound ffmpeg keeps pictures back until it has both.
    let source = Source { video, audio: None, clock_from_ms: Some(from_ms), ..Source::usual() };
    let encoder = Encoder::start(&source, &server.push_url("cam")).unwrap();
    let playlist = "/live/cam/fmp4/index.m3u8";
    wait_until("a stream in parts", SOON, || text(&server, playlist).contains("#EXT-X-PART:"))
        .unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let url = server.http().url("/watch/live/cam");
    let mut browser = Browser::open(root, server.folder(), &url).unwrap();
    let time = |sample: &Value| sample["currentTime"].as_f64().unwrap_or_default();
    let begun = browser.wait_for("a page that plays", SOON, |it| it["state"] == "live").unwrap();
    let settled = time(&begun) + 12.0;
    browser.wait_for("a page that has settled", SOON, |it| time(it) > settled).unwrap();
    let before = browser.samples().len();
    wait_until("samples", SOON, || browser.samples().len() >= before + SAMPLES).unwrap();
    let samples = browser.samples().split_off(before);
    assert!(browser.quit().unwrap().success());
    drop(encoder);

    // How far behind the page says that it is, by the dates in the playlist; and how old the
    // picture is, from before it was encoded.
    let median = |seconds: &dyn Fn(&Value) -> Option<f64>| {
        let mut all: Vec<_> = samples.iter().filter_map(seconds).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let told = median(&|sample| sample["latencySeconds"].as_f64());
    let seen = median(&|sample| {
        let shown_ms = sample["clockMs"].as_i64()? + from_ms;
        let age_ms = i32::try_from(sample["nowMs"].as_i64()? - shown_ms).ok()?;
        Some(f64::from(age_ms) / 1_000.0)
    });
    eprintln!("behind live by {told:.2} s as the page says, by {seen:.2} s as the picture shows");
    for sample in &samples {
        assert_eq!(sample["fatalRecoveries"], 0, "{sample}");
    }
    // Where nothing else runs it is 1.5 s at most; a player without low latency keeps six seconds
    // away from the end of the list, however fast the machine is.
    assert!((0.3..5.0).contains(&told) && seen < 6.0, "{told} {seen}: {:?}", samples.last());
}
