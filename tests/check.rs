//! `weir check` as it is run: the program against an origin on another port, over real HTTP.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "check/examined.rs"]
mod examined;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use examined::{Examined, check, command, now_unix_ms, serve, vod};
use quick_junit::{Report, TestCaseStatus};
use rustix::process::Signal;
use serde_json::Value;
use testkit::origin::{Course, LowLatency, Served, Settings, Target, Token, Twist};
use testkit::planted::{Exam, Planted, families};
use testkit::presentation::Base;
use testkit::process::Process;
use testkit::wait_for;

/// A secret that is nowhere else.
const TOKEN: &str = "open-sesame-0123456789";

/// Serves what is planted under a name.
fn planted(name: &str) -> Served {
    let families = families();
    let mut all = families.iter().flat_map(|family| &family.faults);
    let planted = all.find(|one| one.name == name).unwrap();
    serve(planted.origin(examined::weir()).unwrap())
}

#[test]
fn a_clean_vod_scores_100() {
    let examined = check(&vod().url(), &[]);
    examined.is_clean();
    assert_eq!(examined.json["is_live"], false);
    assert_eq!(examined.json["segments"], 12);
}

#[test]
fn a_clean_live_stream_scores_100_and_progress_goes_to_standard_error_only() {
    let served =
        serve(Planted::clean(Base::FfmpegFmp4, Exam::Live).origin(examined::weir()).unwrap());
    // A line for logs comes every ten seconds.
    let examined = check(&served.url(), &["--duration", "12s"]);
    examined.is_clean();
    assert_eq!(examined.json["is_live"], true);
    assert!(examined.err.contains(" segments, "), "{}", examined.err);
    assert!(!examined.out.contains("0 FATAL"), "{}", examined.out);
}

#[test]
fn the_exit_code_says_how_bad_the_worst_is() {
    for (name, rule, severity, code) in [
        ("there is a tag of somebody's own", "PL-UNKNOWN", "INFO", 0),
        ("segments may not be cached", "HTT-SEGCC", "QUAL", 3),
        ("AVERAGE-BANDWIDTH is missing", "MV-AVGBW", "SHOULD", 3),
        ("playlists are plain text", "HTT-PLCT", "MUST", 4),
        ("a variant is not found", "MV-REACH", "FATAL", 5),
        ("the entry is not found", "REACH", "FATAL", 5),
    ] {
        let examined = check(&planted(name).url(), &[]);
        examined.finds(rule, severity);
        examined.exits_with(code);
    }
}

#[test]
fn an_exam_that_cannot_be_made_and_a_wrong_command_line_have_codes_of_their_own() {
    for (arguments, code) in [
        (&["no/such/folder"][..], 1),
        (&["http://127.0.0.1:1/x", "--header", "no colon"], 1),
        (&[], 2),
        (&["http://127.0.0.1:1/x", "--duration", "soon"], 2),
        (&["--rules"], 0),
    ] {
        let finished = testkit::process::run(&mut command(arguments), examined::SOON).unwrap();
        assert_eq!(finished.status.code(), Some(code), "{arguments:?}: {}", finished.err);
    }
}

#[test]
fn junit_names_each_rule_and_fails_what_must_be_kept() {
    let examined = check(&planted("playlists are plain text").url(), &[]);
    let report = Report::deserialize_from_str(&examined.junit).unwrap();
    let cases = || report.test_suites.iter().flat_map(|suite| &suite.test_cases);
    assert_eq!(cases().count(), ::check::rules().count());
    let failed: Vec<_> = cases()
        .filter(|case| !matches!(case.status, TestCaseStatus::Success { .. }))
        .map(|case| case.name.as_str())
        .collect();
    assert_eq!(failed, ["HTT-PLCT"]);
}

#[test]
fn json_may_go_to_standard_output() {
    let mut command = command(&[&vod().url(), "--quiet", "--json"]);
    // The server is gone by now.
    let finished = testkit::process::run(&mut command, examined::SOON).unwrap();
    let json: Value = serde_json::from_slice(&finished.out).unwrap();
    assert_eq!(json["findings"][0]["rule"], "REACH");
    assert_eq!((finished.status.code(), finished.err.as_str()), (Some(5), ""));
}

#[test]
fn another_edge_must_agree() {
    let began = now_unix_ms();
    let edge = |twist| {
        let presentation = Base::FfmpegTs.presentation(examined::weir()).unwrap();
        let origin = testkit::origin::Origin::new(presentation, Settings::live().twisted(twist));
        Served::start(origin.beginning(began)).unwrap()
    };
    let (first, same) = (edge(Twist::NONE), edge(Twist::NONE));
    let other = edge(Twist {
        view: |view, _| {
            view.segments.iter_mut().for_each(|shown| shown.duration += Duration::from_millis(9));
        },
        ..Twist::NONE
    });
    let examined = check(&first.url(), &["--duration", "5s", "--also", &same.url()]);
    examined.is_clean();
    let examined = check(&first.url(), &["--duration", "5s", "--also", &other.url()]);
    examined.finds("EDGE-SAME", "MUST");
    examined.exits_with(4);
}

#[test]
fn a_token_is_used_and_never_shown() {
    for (token, suffix) in [
        (Token::Path(TOKEN.to_owned()), String::new()),
        (Token::Query(TOKEN.to_owned()), format!("?token={TOKEN}")),
    ] {
        let settings = Settings { token: Some(token.clone()), suffix, ..Settings::vod() };
        let served = examined::with_settings(settings.clone());
        // As it is given to somebody, without the secret.
        let url = match token {
            Token::Path(_) => served.url().replace(TOKEN, "{token}"),
            Token::Query(_) => served.url().replace(&format!("?token={TOKEN}"), ""),
        };
        let examined = check(&url, &["--token", TOKEN]);
        examined.is_clean();
        examined.hides(TOKEN);
        // Whoever has another one is told so, and without it.
        let examined = check(&url, &["--token", "close-sesame-9876543210"]);
        examined.finds("REACH", "FATAL");
        examined.hides("close-sesame");
        // What is let in without the token is a fault, in whose sentence it is not either.
        let lets_in =
            |target: &Target, is_wrong: bool| *target == Target::Multivariant && !is_wrong;
        let open = Settings { lets_in, ..settings };
        let open = examined::with_settings(open);
        let port = |url: &str| url.split('/').nth(2).unwrap().to_owned();
        let examined = check(&url.replace(&port(&url), &port(&open.url())), &["--token", TOKEN]);
        examined.finds("AUTH-NONE", "MUST");
        examined.hides(TOKEN);
    }
}

#[test]
fn a_window_must_go_back_as_far_as_is_asked_for() {
    let window = |window| {
        examined::with_settings(Settings::of(Course::Live { window, made: 40, ends_at: None }))
    };
    let arguments = ["--duration", "4s", "--dvr", "60s"];
    check(&window(32).url(), &arguments).is_clean();
    let examined = check(&window(20).url(), &arguments);
    examined.finds("DVR-WIN", "MUST");
    examined.exits_with(4);
}

#[test]
fn low_latency_is_examined_where_it_is_there_and_may_be_asked_for() {
    let mut presentation = Base::FfmpegTs.presentation(examined::weir()).unwrap();
    let cut = LowLatency::cut(&mut presentation, Duration::from_millis(500)).unwrap();
    let settings = Settings { low_latency: Some(cut), ..Settings::live_for_updates() };
    let served = serve(testkit::origin::Origin::new(presentation, settings));
    check(&served.url(), &["--duration", "8s", "--ll"]).is_clean();
    let plain = examined::with_settings(Settings::live());
    let examined = check(&plain.url(), &["--duration", "4s", "--ll"]);
    examined.finds("LL-NONE", "FATAL");
    examined.exits_with(5);
}

/// How many segments the test below has been sent.
static SENT: AtomicUsize = AtomicUsize::new(0);

#[test]
fn an_interrupted_exam_reports_what_it_has_found() {
    let served = examined::with_settings(Settings::live().twisted(Twist {
        answer: |_, moment| {
            SENT.fetch_add(usize::from(moment.is_segment()), Ordering::Relaxed);
        },
        // Something to find before it is interrupted.
        text: |text, _| text.insert(0, '\u{feff}'),
        ..Twist::NONE
    }));
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(&[&served.url(), "--duration", "600s"]);
    let files = examined::reports(&mut command, folder.path());
    let mut process = Process::start(&mut command, "check", folder.path()).unwrap();
    let sent = || (SENT.load(Ordering::Relaxed) >= 3).then_some(());
    wait_for("three segments", examined::SOON, sent).unwrap();
    process.signal(Signal::INT).unwrap();
    let status = process.wait(examined::SOON).unwrap();
    let (out, err) = (process.out(), process.err());
    let examined = Examined::read(status, out, err, &files);
    examined.finds("PL-UTF8", "MUST");
    examined.exits_with(4);
    assert!(examined.json["took_s"].as_f64().unwrap() < 500.0);
}

/// What only these flags switch on: without them nothing is found.
#[test]
fn an_end_and_a_decoder_are_asked_for_by_flags() {
    let live = Planted::clean(Base::FfmpegTs, Exam::Live).origin(examined::weir()).unwrap();
    let live = serve(live);
    check(&live.url(), &["--duration", "3s", "--expect-end"]).finds("LIV-END", "MUST");
    check(&vod().url(), &["--expect-end"]).is_clean();
    let damaged = planted("a picture is damaged");
    check(&damaged.url(), &["--decode", "ffmpeg"]).finds("DEC-CLEAN", "MUST");
    check(&vod().url(), &["--decode", "ffmpeg"]).is_clean();
}

#[test]
fn a_header_goes_with_a_request() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/a.m3u8", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut bytes = [0; 4_096];
        let read = socket.read(&mut bytes).unwrap();
        socket.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").unwrap();
        String::from_utf8_lossy(&bytes[..read]).to_ascii_lowercase()
    });
    let mut weir = command(&["--quiet", "--header", "X-Studio: seven", &url]);
    assert_eq!(weir.output().unwrap().status.code(), Some(5));
    let asked = asked.join().unwrap();
    assert!(asked.contains("\r\nx-studio: seven\r\n"), "{asked}");
}
