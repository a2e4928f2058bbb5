//! The watch page in a real browser, before, during and after a live push.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use testkit::encoder::{Encoder, Source, Video};
use testkit::examined::{self, Examined};
use testkit::{Browser, Server, playlist, wait_until};

/// A browser starts slowly where others run at once.
const SOON: Duration = Duration::from_secs(60);

fn number(sample: &Value, name: &str) -> f64 {
    sample[name].as_f64().unwrap_or_default()
}

/// How long the first of two pushes is, in seconds: it ends by itself, sound and pictures at the
/// same time. One that is told to end leaves out pictures that are not encoded yet, and so a hole
/// where the second push begins. It is no whole number of segments: sound that comes behind the
/// last picture would be a part of a segment behind which the next one was hinted.
const FIRST_PUSH_S: u32 = 19;

/// The video runs: it has a picture that is not black, and no error was seen.
fn plays(sample: &Value) -> bool {
    sample["state"] == "live"
        && sample["paused"] == false
        && number(sample, "readyState") >= 3.0
        && number(sample, "meanLuma") > 20.0
        && number(sample, "lumaVariance") > 100.0
}

#[track_caller]
fn check_without_fault(sample: &Value) {
    assert_eq!(sample["foreign"], Value::Array(Vec::new()), "foreign: {sample}");
    // On a machine that is busy with other things a browser may show nothing for longer than the
    // page is patient. Then the page exchanges its player, once, and goes on: that is no fault.
    let is_fault = |error: &&Value| **error != "player: stuck: stuck";
    let faults: Vec<_> = sample["errors"].as_array().unwrap().iter().filter(is_fault).collect();
    assert!(faults.is_empty() && number(sample, "fatalRecoveries") <= 1.0, "{faults:?}: {sample}");
    // Before the stream is live there is no playlist; nothing else is missing ever.
    for failure in sample["failures"].as_array().unwrap() {
        let is_early = failure["status"] == 404
            && failure["url"].as_str().is_some_and(|url| url.ends_with("/live/cam/index.m3u8"));
        // And on a machine that is busy an encoder may be silent for so long that one who waits for
        // the next segment is told so.
        let has_stalled = failure["status"] == 503
            && failure["url"].as_str().is_some_and(|url| url.contains("_HLS_msn="));
        assert!(is_early || has_stalled, "{failure}");
    }
    assert_eq!(sample["navigations"], 1, "the page was loaded again: {sample}");
}

#[test]
fn a_page_that_was_opened_before_the_stream_plays_it_and_goes_on_after_a_restart() {
    check("ts");
}

#[test]
fn a_page_plays_fmp4_and_goes_on_after_a_restart() {
    check("fmp4");
}

#[track_caller]
fn check(packaging: &str) {
    let packaging = format!("stream.packaging={packaging}");
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &["--set", &packaging]).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let url = server.http().url("/watch/live/cam");
    let mut browser = Browser::open(root, server.folder(), &url).unwrap();
    let waiting =
        browser.wait_for("a page that waits", SOON, |sample| sample["state"] == "waiting").unwrap();
    let sentence = waiting["sentence"].as_str().unwrap();
    assert!(sentence.to_lowercase().contains("not live yet"), "{sentence}");

    let video = Some(Video { size: (640, 360), rate: (30, 1), gop: Some(60) });
    let source = Source { video, ..Source::usual() };
    let encoder = Encoder::start(&source.clone().lasting(FIRST_PUSH_S), &server.push_url("cam"));
    let mut encoder = encoder.unwrap();
    let begun = browser.wait_for("a page that plays", SOON, plays).unwrap();
    assert_eq!((&begun["width"], &begun["height"]), (&640.into(), &360.into()));
    let exam = Examined::start(server.http().address(), "/live/cam/index.m3u8").unwrap();
    let went_on = |since: &Value, seconds: f64| {
        let (time, frames) = (number(since, "currentTime"), number(since, "decodedFrames"));
        move |sample: &Value| {
            plays(sample)
                && number(sample, "currentTime") >= time + seconds
                && number(sample, "decodedFrames") >= frames + seconds * 15.0
        }
    };
    let later = browser.wait_for("five seconds more", SOON, went_on(&begun, 5.0)).unwrap();
    check_without_fault(&later);
    let latency = number(&later, "latencySeconds");
    assert!((0.5..15.0).contains(&latency), "{later}");

    // The encoder is restarted, and the page goes on.
    assert!(encoder.wait(SOON).unwrap().success(), "{}", encoder.said());
    drop(encoder);
    let encoder = Encoder::start(&source, &server.push_url("cam")).unwrap();
    let listed = || {
        let variants = server.http().get("/live/cam/index.m3u8").unwrap().text();
        let variant = &playlist::multivariant(&variants).unwrap().variants[0].uri;
        server.http().get(&format!("/live/cam/{variant}")).unwrap().text()
    };
    wait_until("the second push", SOON, || {
        let text = listed();
        text.split_once("#EXT-X-DISCONTINUITY\n").is_some_and(|(_, after)| after.contains("\n2/"))
            && text.matches("\n2/").count() >= 2
    })
    .unwrap();
    let mut back = browser.wait_for("a page that plays again", SOON, plays).unwrap();
    // Ten seconds on are past the break, wherever in the window it was.
    back = browser.wait_for("ten seconds more", SOON, went_on(&back, 10.0)).unwrap();
    check_without_fault(&back);
    let latency = number(&back, "latencySeconds");
    assert!((0.5..15.0).contains(&latency), "{back}");
    let picture = server.folder().join("page.png");
    browser.screenshot(&picture).unwrap();
    assert!(std::fs::metadata(picture).unwrap().len() > 10_000);
    assert!(browser.quit().unwrap().success());
    examined::check(&exam.stop().unwrap(), &[]).unwrap();
    drop(encoder);
}
