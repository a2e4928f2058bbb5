//! What Weir itself makes of a push breaks no rule of `weir check`: while it is steady, and while
//! its encoder goes away and comes back.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use testkit::examined::{self, Examined};
use testkit::{Encoder, Server, Source, wait_until};

const SOON: Duration = Duration::from_secs(30);

/// Watches a stream from its first segment on: until so many are listed, over an encoder that is
/// killed and another that takes its place after so many, if any.
#[track_caller]
fn check(packaging: &str, restart_after: Option<usize>, until: usize) {
    let set = format!("stream.packaging={packaging}");
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &["--set", &set]).unwrap();
    let push = || Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap();
    let mut encoder = push();
    let http = server.http();
    let listed = || {
        let playlist = http.get(&format!("/live/cam/{packaging}/index.m3u8")).unwrap().text();
        let mut numbers =
            playlist.lines().filter_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
        let removed = numbers.next().map_or(0, |number| number.parse::<usize>().unwrap());
        removed + playlist.matches("#EXTINF").count()
    };
    wait_until("a segment", SOON, || listed() > 0).unwrap();
    let exam = Examined::start(http.address(), "/live/cam/index.m3u8").unwrap();
    if let Some(count) = restart_after {
        wait_until("the first encoder's segments", SOON, || listed() >= count).unwrap();
        encoder.kill().unwrap();
        let waits = || server.log_lines("waits for its publisher").len() == 1;
        wait_until("the end of the first push", SOON, waits).unwrap();
        encoder = push();
    }
    wait_until("all segments", SOON * 2, || listed() >= until).unwrap();
    let report = exam.stop().unwrap();
    examined::check(&report, &[]).unwrap();
    let state = &report.summary.state;
    assert!(state.segments + 2 >= u64::try_from(until).unwrap(), "{report}");
    drop(encoder);
}

#[test]
fn a_steady_stream_of_mpeg_ts_breaks_no_rule() {
    check("ts", None, 10);
}

#[test]
fn a_steady_stream_of_fmp4_breaks_no_rule() {
    check("fmp4", None, 10);
}

#[test]
fn a_stream_of_mpeg_ts_whose_encoder_comes_back_breaks_no_rule() {
    check("ts", Some(4), 10);
}

#[test]
fn a_stream_of_fmp4_whose_encoder_comes_back_breaks_no_rule() {
    check("fmp4", Some(4), 10);
}
