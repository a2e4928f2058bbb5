//! What Weir itself makes of a push breaks no rule of `weir check`: while it is steady, while its
//! encoder goes away and comes back, and where segments were lost.
//!
//! With `WEIR_WATCHED_S=300` in the environment what is steady is watched for five minutes.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::time::Duration;
use std::{env, fs};

use serde_json::Value;
use testkit::examined::{self, Examined, examine};
use testkit::{Encoder, Server, Source, wait_for, wait_until};

const SOON: Duration = Duration::from_secs(30);

/// A server with a stream in one container, with parts or without.
fn server(packaging: &str, low_latency: &str, arguments: &[&str]) -> Server {
    let packaging = format!("stream.packaging={packaging}");
    let parts = format!("stream.low_latency={low_latency}");
    let arguments = [&["--set", &packaging, "--set", &parts], arguments].concat();
    Server::open(env!("CARGO_BIN_EXE_weir"), &arguments).unwrap()
}

fn push(server: &Server) -> Encoder {
    Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap()
}

/// How many segments have been listed.
fn listed(server: &Server, packaging: &str) -> usize {
    let reply = server.http().get(&format!("/live/cam/{packaging}/index.m3u8")).unwrap();
    let playlist = reply.text();
    let mut numbers = playlist.lines().filter_map(|it| it.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
    let removed = numbers.next().map_or(0, |number| number.parse::<usize>().unwrap());
    removed + playlist.matches("#EXTINF").count()
}

/// How many segments of two seconds are watched.
fn watched() -> usize {
    let seconds = env::var("WEIR_WATCHED_S").map_or(20, |seconds| seconds.parse().unwrap());
    seconds / 2
}

/// Watches a stream from its first segment on: until so many are listed, over an encoder that is
/// killed and another that takes its place after so many, if any.
#[track_caller]
fn check(packaging: &str, low_latency: &str, restart_after: Option<usize>, until: usize) {
    let server = server(packaging, low_latency, &[]);
    let mut encoder = push(&server);
    wait_until("a segment", SOON, || listed(&server, packaging) > 0).unwrap();
    let path = "/live/cam/index.m3u8";
    let exam = match low_latency {
        "on" => Examined::start_low_latency(server.ports().http, path),
        _ => Examined::start(server.ports().http, path),
    };
    let exam = exam.unwrap();
    if let Some(count) = restart_after {
        wait_until("the first encoder's", SOON, || listed(&server, packaging) >= count).unwrap();
        encoder.kill().unwrap();
        let waits = || server.log_lines("waits for its publisher").len() == 1;
        wait_until("the end of the first push", SOON, waits).unwrap();
        encoder = push(&server);
    }
    let within = SOON + Duration::from_secs(3) * u32::try_from(until).unwrap();
    wait_until("all segments", within, || listed(&server, packaging) >= until).unwrap();
    let report = exam.stop().unwrap();
    examined::check(&report, &[]).unwrap();
    let state = &report.summary.state;
    assert!(state.segments + 2 >= u64::try_from(until).unwrap(), "{report}");
    drop(encoder);
}

#[test]
fn a_steady_stream_of_mpeg_ts_breaks_no_rule() {
    check("ts", "off", None, watched());
}

#[test]
fn a_steady_stream_of_fmp4_breaks_no_rule() {
    check("fmp4", "off", None, watched());
}

#[test]
fn a_steady_stream_of_mpeg_ts_in_low_latency_breaks_no_rule() {
    check("ts", "on", None, watched());
}

#[test]
fn a_steady_stream_of_fmp4_in_low_latency_breaks_no_rule() {
    check("fmp4", "on", None, watched());
}

#[test]
fn a_stream_of_mpeg_ts_whose_encoder_comes_back_breaks_no_rule() {
    check("ts", "off", Some(4), 10);
}

#[test]
fn a_stream_of_fmp4_whose_encoder_comes_back_breaks_no_rule() {
    check("fmp4", "off", Some(4), 10);
}

/// Deletes a segment from wherever it is.
fn lose(server: &Server, file: &str) {
    let places = ["objects", "spool"].map(|place| server.data().join(place).join(file));
    let lost = places.iter().filter(|place| fs::remove_file(place).is_ok()).count();
    assert!(lost > 0, "{file} is nowhere");
}

fn ask(server: &Server, arguments: &[&str]) -> Value {
    let finished = server.command(&[arguments, &["--json"]].concat()).unwrap();
    assert!(finished.status.success(), "{arguments:?}: {}", finished.err);
    serde_json::from_slice(&finished.out).unwrap()
}

/// The server dies, and of what it had listed an older segment and the newest are lost.
#[track_caller]
fn check_over_gaps(packaging: &str, low_latency: &str) {
    let keeps = ["--set", "stream.dvr_window=1h", "--set", "stream.record=true"];
    let ends = ["--set", "stream.finish_window=1s"];
    let mut server = server(packaging, low_latency, &[&keeps[..], &ends].concat());
    let encoder = push(&server);
    wait_until("five segments", SOON, || listed(&server, packaging) >= 5).unwrap();
    server.kill_9().unwrap();
    drop(encoder);
    let ending = if packaging == "ts" { "ts" } else { "m4s" };
    for sequence in [1, 4] {
        lose(&server, &format!("live/cam/{packaging}/1/{sequence}.{ending}"));
    }
    server.restart().unwrap();
    let mut encoder = push(&server);
    let http = server.http();
    let media = format!("/live/cam/{packaging}/index.m3u8");
    let text = || http.get(&media).unwrap().text();
    wait_until("the second push", SOON, || text().contains("\n2/")).unwrap();
    let exam = Examined::start(http.address(), "/live/cam/index.m3u8").unwrap();
    wait_until("more of it", SOON, || listed(&server, packaging) >= 10).unwrap();
    examined::check(&exam.stop().unwrap(), &[]).unwrap();
    assert_eq!(text().matches("#EXT-X-GAP\n").count(), 2, "{}", text());
    encoder.finish().unwrap();
    wait_until("the end", SOON, || text().ends_with("#EXT-X-ENDLIST\n")).unwrap();

    let recording = wait_for("a recording", SOON, || {
        ask(&server, &["recording", "list", "live/cam"]).as_array()?.first().cloned()
    });
    let recording = recording.unwrap();
    let id = recording["id"].as_str().unwrap();
    let ended = text();
    let dates: Vec<_> =
        ended.lines().filter_map(|it| it.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:")).collect();
    let (from, to) = (format!("--from={}", dates[1]), format!("--to={}", dates[7]));
    let clip = ask(&server, &["clip", "make", id, "--name", "holes", &from, &to]);
    for path in [
        "/live/cam/index.m3u8".to_owned(),
        format!("/live/cam/index.m3u8?start={}&end={}", dates[0], dates[7]),
        format!("/live/cam/index.m3u8?start={}", dates[3]),
        format!("/vod/{id}/index.m3u8"),
        clip["playlist"].as_str().unwrap().to_owned(),
    ] {
        let report = examine(http.address(), &path).unwrap();
        examined::check(&report, &[]).unwrap_or_else(|error| panic!("{path}: {error:#}"));
    }
}

#[test]
fn a_stream_of_mpeg_ts_that_lost_segments_breaks_no_rule() {
    check_over_gaps("ts", "off");
}

#[test]
fn a_stream_of_fmp4_in_parts_that_lost_segments_breaks_no_rule() {
    check_over_gaps("fmp4", "on");
}
