//! What viewers ask for and cannot have: a status that says whose mistake it is, one plain sentence
//! that pages on other sites may read, and nothing in the log.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::{Encoder, Http, Server, Source, wait_for, wait_until};

const SOON: Duration = Duration::from_secs(30);
/// Three target durations are waited for at most, and no more than that.
const ANSWERED_WITHIN: Duration = Duration::from_secs(9);

const SETTINGS: [&str; 10] = [
    "--set",
    "stream.packaging=both",
    "--set",
    "stream.low_latency=on",
    "--set",
    "stream.dvr_window=1h",
    "--set",
    "stream.record=true",
    "--set",
    "stream.finish_window=1s",
];

/// A request, its status, and how its answer begins.
type Row<'a> = (&'a str, u16, &'a str);

/// An answer, as it came.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// Sends the target as it stands there: no client makes it proper.
fn get(http: &Http, target: &str) -> Answer {
    let request = format!("GET {target} HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n");
    let answer = http.raw(&request).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

/// Every row is answered as it says, and no answer is a fault of the server's.
#[track_caller]
fn check(server: &Server, folder: &str, rows: &[Row<'_>]) {
    let http = server.http();
    let mut faults = Vec::new();
    for (target, status, begins) in rows {
        let asked = Instant::now();
        let answer = get(&http, &format!("{folder}{target}"));
        let took = asked.elapsed();
        let is_right = match status {
            200 => answer.body.starts_with("#EXTM3U\n"),
            // One sentence, or none where there is nothing to say.
            _ => answer.body.starts_with(begins) && answer.body.trim_end().lines().count() <= 1,
        };
        let has_cors = answer.head.contains("\r\naccess-control-allow-origin: *");
        if answer.status != *status || !is_right || !has_cors || took > ANSWERED_WITHIN {
            let first: String = answer.body.chars().take(120).collect();
            let target: String = target.chars().take(60).collect();
            faults.push(format!("{target}: {} after {took:?}: {first:?}", answer.status));
        }
    }
    assert!(faults.is_empty(), "of {folder}:\n{}", faults.join("\n"));
    assert!(server.log_lines("ERROR").is_empty(), "{}", server.log());
}

/// Pushes a stream until so many segments are listed.
fn push(server: &Server, name: &str, segments: usize) -> Encoder {
    let encoder = Encoder::start(&Source::usual(), &server.push_url(name)).unwrap();
    let playlist = format!("/live/{name}/ts/index.m3u8");
    let listed = || server.http().get(&playlist).unwrap().text().matches("#EXTINF").count();
    wait_until("segments", SOON, || listed() >= segments).unwrap();
    encoder
}

fn ask(server: &Server, arguments: &[&str]) -> Value {
    let finished = server.command(&[arguments, &["--json"]].concat()).unwrap();
    assert!(finished.status.success(), "{arguments:?}: {}", finished.err);
    serde_json::from_slice(&finished.out).unwrap()
}

/// The recording of a broadcast that is over.
fn recording(server: &Server, stream: &str) -> String {
    let found = wait_for("a recording", SOON, || {
        let listed = ask(server, &["recording", "list", stream]);
        listed.as_array()?.first().cloned()
    });
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

const MOMENT: &str = "start is a date as 2026-01-31T20:15:00Z, seconds since 1970, or seconds \
                      before now as -3600\n";
const MSN: &str = "_HLS_msn is a whole number\n";
const DVR: &str = "dvr is a number of seconds, at most 90 days\n";
const NOTHING: &str = "there is nothing of live/cam in this stretch of time\n";

/// What makes no sense, whichever playlist it is asked of.
const SENSELESS: [Row<'static>; 30] = [
    ("?_HLS_msn=-1", 400, MSN),
    ("?_HLS_msn=+1", 400, MSN),
    ("?_HLS_msn=1e3", 400, MSN),
    ("?_HLS_msn=%20", 400, MSN),
    ("?_HLS_msn=%00", 400, MSN),
    ("?_HLS_msn=%ff%fe", 400, MSN),
    ("?_HLS_msn=%zz", 400, MSN),
    ("?_HLS_msn=%", 400, MSN),
    ("?_HLS_msn", 400, MSN),
    ("?_HLS_msn=18446744073709551616", 400, MSN),
    ("?_HLS_msn=1&_HLS_part=-1", 400, "_HLS_part is a whole number\n"),
    ("?_HLS_msn=1&_HLS_part=one", 400, "_HLS_part is a whole number\n"),
    ("?_HLS_part=1", 400, "_HLS_part needs _HLS_msn\n"),
    ("?_HLS_msn=1&_HLS_msn=2", 400, "_HLS_msn stands there twice\n"),
    ("?_HLS_skip=YES&_HLS_skip=YES", 400, "_HLS_skip stands there twice\n"),
    ("?_HLS_skip=yes", 400, "_HLS_skip is YES or v2\n"),
    ("?_HLS_skip=", 400, "_HLS_skip is YES or v2\n"),
    ("?dvr=-1", 400, DVR),
    ("?dvr=1h", 400, DVR),
    ("?dvr=7776001", 400, DVR),
    ("?dvr=99999999999999999999", 400, DVR),
    ("?dvr=60&dvr=60", 400, "dvr stands there twice\n"),
    ("?dvr=60&start=-60", 400, "dvr and start contradict each other\n"),
    ("?end=-60", 400, "end needs start\n"),
    ("?start=-60&end=-60", 400, "end is not after start\n"),
    ("?start=-60&end=-120", 400, "end is not after start\n"),
    ("?start=yesterday", 400, MOMENT),
    ("?start=2026-02-30T00:00:00Z", 400, MOMENT),
    ("?start=99999999999999999999", 400, MOMENT),
    ("?start=2026-01-31T20:15:00Z&end=2026-01-31T20:14:00Z", 400, "end is not after start\n"),
];

/// What makes sense, and there is nothing then; or what is odd and means what it says.
const ODD: [Row<'static>; 15] = [
    ("?start=2001-01-01T00:00:00Z&end=2001-01-01T01:00:00Z", 404, NOTHING),
    ("?start=0&end=1", 404, NOTHING),
    ("?start=4102444800", 404, NOTHING),
    ("?start=4102444800&end=4102444860", 404, NOTHING),
    ("?start=2099-12-31T00:00:00Z", 404, NOTHING),
    ("?start=-3000&end=-2900", 404, NOTHING),
    ("?start=-7776000&end=-7775000", 404, NOTHING),
    ("?dvr=0", 200, ""),
    ("?dvr=7776000", 200, ""),
    ("?dvr=%36%30", 200, ""),
    ("?start=-60", 200, ""),
    ("?start=-60&end=4102444800", 200, ""),
    ("?", 200, ""),
    ("?&&=&a&a=%&%zz=1&%00", 200, ""),
    ("?utm_source=%F0%9F%8E%A5&CMCD=br%3D300%2Csid%3D%22x%22", 200, ""),
];

#[test]
fn who_asks_for_what_cannot_be_is_told_so_in_a_sentence() {
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &SETTINGS).unwrap();
    let encoder = push(&server, "cam", 3);
    for playlist in ["index.m3u8", "ts/index.m3u8", "fmp4/index.m3u8"] {
        let folder = format!("/live/cam/{playlist}");
        check(&server, &folder, &SENSELESS);
        check(&server, &folder, &ODD);
        let (long, longer) = ("a".repeat(4_096), "a".repeat(4_097));
        let said = "a query has at most 4096 bytes, not 4097\n";
        let rows: [Row<'_>; 2] =
            [(&format!("?{long}"), 200, ""), (&format!("?{longer}"), 400, said)];
        check(&server, &folder, &rows);
    }
    // Only a media playlist has segments to wait for.
    let ahead = "segment 18446744073709551615 is too far ahead: the newest one is ";
    let rows: [Row<'_>; 6] = [
        ("?_HLS_msn=18446744073709551615", 400, ahead),
        ("?_HLS_msn=18446744073709551615&_HLS_part=4294967295&_HLS_skip=v2", 400, ahead),
        ("?_HLS_msn=1000000", 400, "segment 1000000 is too far ahead: the newest one is "),
        // A part behind the last one of a segment is the first of the next (6.2.5.2).
        ("?_HLS_msn=0&_HLS_part=18446744073709551615", 200, ""),
        ("?_HLS_msn=0", 200, ""),
        ("?_HLS_skip=v2&_HLS_part=0&_HLS_msn=0", 200, ""),
    ];
    for container in ["ts", "fmp4"] {
        check(&server, &format!("/live/cam/{container}/index.m3u8"), &rows);
    }
    drop(encoder);
}

#[test]
fn recordings_that_are_not_there_are_told_from_those_that_were() {
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &SETTINGS).unwrap();
    push(&server, "gone", 2).finish().unwrap();
    push(&server, "kept", 2).finish().unwrap();
    let (gone, kept) = (recording(&server, "live/gone"), recording(&server, "live/kept"));
    assert_eq!(ask(&server, &["recording", "delete", &gone])["deleted"], true);

    let deleted = format!("the recording {gone} has been deleted\n");
    let never = "there is no recording live~kept~never\n";
    for document in ["index.m3u8", "index.ts.m3u8", "ts/index.m3u8", "fmp4/index.m3u8"] {
        check(
            &server,
            "/vod/",
            &[
                (&format!("{gone}/{document}"), 410, &deleted),
                (&format!("{gone}/{document}?start=-60"), 410, &deleted),
                (&format!("live~kept~never/{document}"), 404, never),
                (&format!("{kept}/{document}"), 200, ""),
                (&format!("{kept}/{document}?dvr=x&_HLS_msn=99"), 200, ""),
            ],
        );
    }
    check(
        &server,
        "/vod/",
        &[
            (&format!("{gone}/export.mp4"), 410, &deleted),
            ("live~kept~never/export.mp4", 404, never),
            (&format!("{kept}/hevc/index.m3u8"), 404, "live/kept has no rendition hevc\n"),
            (&format!("{kept}/export.mkv"), 404, ""),
            (&format!("{kept}/"), 404, ""),
            (&format!("{kept}/../index.m3u8"), 404, ""),
            ("export.mp4", 404, ""),
            ("", 404, ""),
            ("~~/index.m3u8", 404, ""),
            ("live~kept/index.m3u8", 404, ""),
            ("live~kept~a~b/export.mp4", 404, ""),
            ("live~kept~../index.m3u8", 404, ""),
            ("live~kept~%2e%2e/index.m3u8", 404, ""),
            ("live~kept~%00/index.m3u8", 404, ""),
            ("live~kept~a%2fb/export.mp4", 404, ""),
            (
                &format!("{}/index.m3u8", "x".repeat(4_000)),
                400,
                "a path has at most 1024 bytes, not ",
            ),
            (&format!("live~kept~{}/export.mp4", "x".repeat(900)), 404, ""),
        ],
    );
    for (name, from, to) in [
        ("nothing", "2001-01-01T00:00:00Z", "2001-01-01T01:00:00Z"),
        ("later", "2099-01-01T00:00:00Z", "2099-01-01T01:00:00Z"),
        ("back", "-10", "-20"),
        ("../up", "-20", "-10"),
        ("2026-01-31.0", "-20", "-10"),
    ] {
        let make = ["clip", "make", &kept, "--name", name];
        let times = [format!("--from={from}"), format!("--to={to}")];
        let words: Vec<_> = make.into_iter().chain(times.iter().map(String::as_str)).collect();
        let refused = server.command(&words).unwrap();
        assert!(!refused.status.success(), "{name}");
        assert_eq!(refused.err.trim_end().lines().count(), 1, "{name}: {}", refused.err);
    }
    assert!(server.log_lines("ERROR").is_empty(), "{}", server.log());
}
