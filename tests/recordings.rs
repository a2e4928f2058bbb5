//! A broadcast becomes a recording, a stretch of it a clip, and both are playlists and files.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use testkit::process::run;
use testkit::{Encoder, Server, Source, examined, tools, wait_for, wait_until};

const SOON: Duration = Duration::from_secs(30);

fn server(packaging: &str) -> Server {
    let packaging = format!("stream.packaging={packaging}");
    let record = ["--set", "stream.record=true", "--set", "stream.reconnect_window=10s"];
    let ends = ["--set", "stream.finish_window=1s", "--set", &packaging];
    Server::open(env!("CARGO_BIN_EXE_weir"), &[record, ends].concat()).unwrap()
}

/// What a command says, as JSON.
fn ask(server: &Server, arguments: &[&str]) -> Value {
    let finished = server.command(&[arguments, &["--json"]].concat()).unwrap();
    assert!(finished.status.success(), "{arguments:?}: {}", finished.err);
    serde_json::from_slice(&finished.out).unwrap()
}

/// What a command says for people when it cannot do what it is asked.
fn refused(server: &Server, arguments: &[&str]) -> String {
    let finished = server.command(arguments).unwrap();
    assert!(!finished.status.success(), "{arguments:?}");
    finished.err
}

/// Packets of pictures in a file or a playlist, and how long they last together in seconds.
fn pictures(input: &str) -> (usize, f64) {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "json", "-select_streams", "v", "-show_packets"]);
    let finished = run(command.arg(input), SOON).unwrap();
    assert!(finished.status.success(), "{}", finished.err);
    let answer: Value = serde_json::from_slice(&finished.out).unwrap();
    let packets = answer["packets"].as_array().unwrap();
    let time = |packet: &Value| packet["pts_time"].as_str().unwrap().parse::<f64>().unwrap();
    let first = packets.iter().map(time).fold(f64::MAX, f64::min);
    let last = packets.iter().map(time).fold(0.0, f64::max);
    (packets.len(), last - first)
}

/// How many segments have been listed, and whether the broadcast is over.
fn listed(server: &Server, packaging: &str) -> (usize, bool) {
    let text = server.http().get(&format!("/live/cam/{packaging}/index.m3u8")).unwrap().text();
    let mut numbers = text.lines().filter_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
    let removed = numbers.next().map_or(0, |number| number.parse::<usize>().unwrap());
    (removed + text.matches("#EXTINF").count(), text.contains("#EXT-X-ENDLIST"))
}

/// Pushes so many segments, has the encoder die, and pushes as many again with another one.
fn push_over_a_restart(
    server: &Server,
    packaging: &str,
    segments: usize,
    meanwhile: impl FnOnce(),
) {
    let mut first = Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap();
    wait_until("segments", SOON, || listed(server, packaging).0 >= segments).unwrap();
    first.kill().unwrap();
    let waits = || server.log_lines("waits for its publisher").len() == 1;
    wait_until("the end of a push", SOON, waits).unwrap();
    let before = listed(server, packaging).0;
    let mut second = Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap();
    wait_until("more", SOON, || listed(server, packaging).0 >= before + segments).unwrap();
    meanwhile();
    second.finish().unwrap();
    wait_until("an end", SOON, || listed(server, packaging).1).unwrap();
}

fn recording(server: &Server) -> Value {
    wait_for("a recording", SOON, || {
        let listed = ask(server, &["recording", "list", "live/cam"]);
        let mut listed = listed.as_array().unwrap().iter();
        listed.find(|it| it["kind"] == "broadcast").cloned()
    })
    .unwrap()
}

/// The file is whole, plays without a warning, and any range of it is a part of it.
fn check_export(server: &Server, id: &str) -> (usize, f64) {
    let file = server.folder().join(format!("{id}.mp4"));
    let path = file.display().to_string();
    let finished = server.command(&["recording", "export", id, &path]).unwrap();
    assert!(finished.status.success(), "{}", finished.err);
    let whole = std::fs::read(&file).unwrap();
    // ffmpeg 5.1 warns where one of the last pictures is shown a rounding before it is decoded.
    tools::decode_from(&path, &["-v", "error"]).unwrap();
    let streams = tools::streams(&path).unwrap();
    let codecs: Vec<_> = streams.iter().map(|it| it.codec_name.as_str()).collect();
    assert_eq!(codecs, ["h264", "aac"]);
    let (http, url) = (server.http(), format!("/vod/{id}/export.mp4"));
    let head = http.request("HEAD", &url, &[]).unwrap();
    assert_eq!(head.header("content-length"), whole.len().to_string());
    assert_eq!(head.header("content-type"), "video/mp4");
    let name = format!("attachment; filename=\"{id}.mp4\"");
    assert_eq!(head.header("content-disposition"), name);
    let length = whole.len();
    for range in [0..1, 0..length, length / 2..length / 2 + 100_000, length - 1..length, 5..5_000] {
        let range = range.start..range.end.min(length);
        let header = format!("bytes={}-{}", range.start, range.end - 1);
        let part = http.request("GET", &url, &[("range", &header)]).unwrap();
        assert_eq!(part.status, 206, "{header}");
        assert!(part.body == whole[range], "{header}");
        assert_eq!(part.header("etag"), head.header("etag"));
    }
    let not_changed = http.request("GET", &url, &[("if-none-match", head.header("etag"))]);
    assert_eq!(not_changed.unwrap().status, 304);
    pictures(&path)
}

fn check(packaging: &str) {
    let server = server(packaging);
    let mut clip = Value::Null;
    push_over_a_restart(&server, packaging, 4, || {
        let make = ["clip", "make", "live/cam", "--from=-7", "--to=-3", "--name", "goal"];
        clip = ask(&server, &make);
    });
    let recording = recording(&server);
    let id = recording["id"].as_str().unwrap();
    assert_eq!(recording["first"], 0, "{recording}");

    let at = format!("/vod/{id}/index.m3u8");
    let http = server.http();
    let list = http.get(&at).unwrap();
    assert_eq!((list.status, list.header("cache-control")), (200, "public, max-age=300"));
    let media = format!("/vod/{id}/{packaging}/index.m3u8");
    let text = http.get(&media).unwrap().text();
    let last = recording["last"].as_u64().unwrap();
    assert_eq!(text.matches("#EXTINF").count() as u64, last + 1, "{text}");
    assert!(text.contains("#EXT-X-PLAYLIST-TYPE:VOD") && text.ends_with("#EXT-X-ENDLIST\n"));
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "one recording: {text}");
    examined::check(&examined::examine(http.address(), &at).unwrap(), &[]).unwrap();
    // ffmpeg complains of what stands at a break: an EXT-X-MAP, and times that begin anew.
    tools::decode_from(&http.url(&at), &["-v", "fatal"]).unwrap();

    let (in_file, _) = check_export(&server, id);
    let (in_playlist, _) = pictures(&http.url(&at));
    assert_eq!(in_file, in_playlist, "pictures");
    check_clip(&server, &clip);
    check_deletion(&server, id);
}

fn check_clip(server: &Server, clip: &Value) {
    let ms = |key: &str| clip[key].as_i64().unwrap();
    assert_eq!(ms("end_ms") - ms("start_ms"), 4_000, "{clip}");
    assert_eq!(ms("start_ms") - ms("first_start_ms"), ms("before_start_ms"), "{clip}");
    assert_eq!(ms("last_end_ms") - ms("end_ms"), ms("behind_end_ms"), "{clip}");
    assert!(ms("before_start_ms") < 2_100 && ms("behind_end_ms") < 2_100, "{clip}");
    let id = clip["id"].as_str().unwrap();
    let at = clip["playlist"].as_str().unwrap();
    examined::check(&examined::examine(server.ports().http, at).unwrap(), &[]).unwrap();
    tools::decode_from(&server.http().url(at), &[]).unwrap();
    check_export(server, id);
    // An edit list has exactly what was asked for: all players show that, ffprobe says so.
    let path = server.folder().join(format!("{id}.mp4")).display().to_string();
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "csv=p=0", "-show_entries", "format=duration", &path]);
    let shown = String::from_utf8(run(&mut command, SOON).unwrap().out).unwrap();
    let seconds: f64 = shown.trim().parse().unwrap();
    assert!((seconds - 4.0).abs() < 0.05, "{seconds} s");

    let (from, to) = (clip["first_start"].as_str().unwrap(), clip["end"].as_str().unwrap());
    let make = ["clip", "make", "live/cam", "--from", from, "--to", to, "--name", "goal"];
    let taken = refused(server, &make);
    assert!(taken.contains("the name of live~cam~goal is taken"), "{taken}");
    let make = ["clip", "make", "live/nobody", "--from=-9", "--to=-3", "--name", "goal"];
    assert!(refused(server, &make).contains("nothing is known of live/nobody"));
    let make = ["clip", "make", "live/cam", "--from=noon", "--to=-3", "--name", "noon"];
    assert!(refused(server, &make).contains("start is a date as"));
}

fn check_deletion(server: &Server, id: &str) {
    let answer = ask(server, &["recording", "delete", id]);
    assert_eq!(answer["deleted"], true, "{answer}");
    let http = server.http();
    for path in ["index.m3u8", "export.mp4"] {
        let gone = http.get(&format!("/vod/{id}/{path}")).unwrap();
        assert_eq!(gone.status, 410, "{path}");
        assert_eq!(gone.header("access-control-allow-origin"), "*");
        assert!(gone.text().contains("has been deleted"), "{}", gone.text());
    }
    let never = http.get("/vod/live~cam~never/index.m3u8").unwrap();
    assert_eq!((never.status, never.header("access-control-allow-origin")), (404, "*"));
    assert_eq!(http.get("/vod/live~cam~goal/index.m3u8").unwrap().status, 200, "the clip stays");
    let unknown = refused(server, &["recording", "delete", "live~cam~never"]);
    assert!(unknown.contains("there is no recording live~cam~never"), "{unknown}");
    let plan = ask(server, &["janitor", "--dry-run"]);
    assert_eq!(plan[0]["stream"], "live/cam", "{plan}");
}

#[test]
fn a_broadcast_of_mpeg_ts_becomes_a_recording_and_a_file() {
    check("ts");
}

#[test]
fn a_broadcast_of_fmp4_becomes_a_recording_and_a_file() {
    check("fmp4");
}

#[test]
fn a_server_that_is_killed_at_the_end_of_a_broadcast_records_it_when_it_is_back() {
    let mut server = server("ts");
    let mut encoder = Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap();
    wait_until("segments", SOON, || listed(&server, "ts").0 >= 2).unwrap();
    encoder.finish().unwrap();
    wait_until("an end", SOON, || !server.log_lines("has ended").is_empty()).unwrap();
    server.kill_9().unwrap();
    server.restart().unwrap();
    let recording = recording(&server);
    let at = recording["playlist"].as_str().unwrap();
    tools::decode_from(&server.http().url(at), &[]).unwrap();
    assert_eq!(server.log_lines("recorded live~cam~").len(), 1, "once");
}

#[test]
fn commands_say_when_no_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    for arguments in [&["recording", "list"][..], &["janitor", "--dry-run"]] {
        let arguments = [arguments, &["--data", &data]].concat();
        let finished = testkit::server::weir(env!("CARGO_BIN_EXE_weir"), &arguments).unwrap();
        assert!(
            !finished.status.success() && finished.err.contains("no weir runs in"),
            "{}",
            finished.err
        );
    }
}

/// What a page in an operator's browser could send.
#[test]
fn the_operators_port_takes_nothing_from_web_pages() {
    let server = server("ts");
    let admin = server.admin();
    let json = ("content-type", "application/json");
    let status = |method: &str, path: &str, headers: &[(&str, &str)]| {
        admin.request(method, path, headers).unwrap().status
    };
    assert_eq!(status("GET", "/v1/recordings", &[]), 200);
    assert_eq!(status("POST", "/v1/janitor?dry_run=true", &[json]), 200);
    assert_eq!(status("POST", "/v1/janitor?dry_run=true", &[]), 415);
    assert_eq!(status("POST", "/v1/janitor", &[json]), 400);
    assert_eq!(status("DELETE", "/v1/recordings/live~a~b", &[]), 415);
    assert_eq!(status("DELETE", "/v1/streams/live/b?recordings=false", &[]), 415);
    assert_eq!(status("DELETE", "/v1/streams/live/b?recordings=false", &[json]), 200);
    assert_eq!(status("DELETE", "/v1/streams/live/b", &[json]), 400);
    assert_eq!(status("DELETE", "/v1/streams/b?recordings=true", &[json]), 400);
    assert_eq!(status("POST", "/v1/clips", &[json, ("origin", "https://a.example")]), 403);
    assert_eq!(status("GET", "/v1/recordings", &[("host", "a.example")]), 403);
    assert_eq!(status("PUT", "/v1/clips", &[json]), 405);
    assert_eq!(status("GET", "/v1/nothing", &[]), 404);
    assert_eq!(status("GET", "/v1/recordings?stream=a", &[]), 400);
    let long = format!(
        "POST /v1/clips HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
         content-length: 20000\r\nconnection: close\r\n\r\n{}",
        " ".repeat(20_000)
    );
    assert!(admin.raw(&long).unwrap().starts_with("HTTP/1.1 413"));
}
