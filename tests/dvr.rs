//! Viewers go back in time: windows of hours, catch-up and start-over, over pages of the playlist.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use testkit::encoder::{Audio, Source, Video, encode};
use testkit::examined::{check, examine};
use testkit::playlist::{MediaPlaylist, media};
use testkit::{Http, Peer, Server, wait_until};

const SOON: Duration = Duration::from_secs(60);

/// Segments of half a second: two pages are four minutes.
const SETTINGS: [&str; 10] = [
    "--set",
    "stream.segment_duration=500ms",
    "--set",
    "stream.window=10s",
    "--set",
    "stream.dvr_window=1h",
    "--set",
    "stream.finish_window=0s",
    "--set",
    "stream.retention=24h",
];
const SECONDS: u32 = 290;
const SEGMENTS: usize = 580;

/// Small pictures with a key frame every half a second.
fn source() -> Source {
    let video = Video { size: (64, 64), rate: (10, 1), gop: Some(5) };
    let audio = Audio { sample_rate: 48_000, channels: 1 };
    Source { video: Some(video), audio: Some(audio), ..Source::usual() }.lasting(SECONDS)
}

fn text(http: &Http, path: &str) -> String {
    let reply = http.get(path).unwrap();
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.text()
}

fn listed(http: &Http, query: &str) -> (String, MediaPlaylist) {
    let text = text(http, &format!("/live/cam/ts/index.m3u8{query}"));
    let playlist = media(&text).unwrap();
    (text, playlist)
}

/// The dates of the segments, as they are written.
fn dates(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:")).collect()
}

#[test]
fn viewers_go_back_over_pages_and_over_a_restart() {
    let mut server = Server::open(env!("CARGO_BIN_EXE_weir"), &SETTINGS).unwrap();
    let http = server.http();
    let (tags, _) = encode(&source()).unwrap();
    let mut peer = Peer::publish(server.ports().rtmp, "live", "cam").unwrap();
    peer.tags(&tags).unwrap();
    let is_there = || http.get("/live/cam/ts/page-1.m3u8").is_ok_and(|reply| reply.status == 200);
    wait_until("two pages", SOON, is_there).unwrap();
    let is_listed = || listed(&http, "").1.segments.len() >= SEGMENTS - 2;
    wait_until("all segments", SOON, is_listed).unwrap();

    // A live window, a shorter one, and what is left out of an update.
    let (live, all) = listed(&http, "");
    assert!(all.segments[0].sequence == 0 && !live.contains("#EXT-X-ENDLIST"), "{live}");
    let (_, minute) = listed(&http, "?dvr=60");
    assert!((120..=140).contains(&minute.segments.len()), "{}", minute.segments.len());
    let delta = text(&http, "/live/cam/ts/index.m3u8?_HLS_skip=YES");
    assert!(delta.contains("#EXT-X-SKIP:SKIPPED-SEGMENTS=") && delta.len() < 4_096, "{delta}");
    let multivariant = text(&http, "/live/cam/index.m3u8?dvr=50");
    assert!(multivariant.contains("\nts/index.m3u8?dvr=60\n"), "{multivariant}");

    // It dies, and goes on with what it said.
    server.kill_9().unwrap();
    server.restart().unwrap();
    assert_eq!(listed(&http, "").0, live);
    peer = Peer::publish(server.ports().rtmp, "live", "cam").unwrap();
    peer.tags(&tags[..tags.len() / 20]).unwrap();
    peer.unpublish("cam").unwrap();
    let has_ended = || listed(&http, "").0.contains("#EXT-X-ENDLIST");
    wait_until("the end", SOON, has_ended).unwrap();
    let (ended, _) = listed(&http, "");
    let same = live.lines().filter(|line| line.contains(".ts")).count();
    assert!(ended.lines().filter(|line| line.contains(".ts")).count() > same);

    // What was, from one moment to another; and from one moment on.
    let of_all = dates(&live);
    let (start, end) = (of_all[100], of_all[400]);
    let (catch_up, then) = listed(&http, &format!("?start={start}&end={end}"));
    assert!(catch_up.contains("#EXT-X-PLAYLIST-TYPE:VOD\n") && catch_up.ends_with("ENDLIST\n"));
    assert_eq!((then.segments[0].sequence, then.segments.len()), (100, 300));
    assert_eq!(dates(&catch_up), of_all[100..400]);
    let (over, _) = listed(&http, &format!("?start={start}"));
    assert!(over.contains("#EXT-X-PLAYLIST-TYPE:EVENT\n") && dates(&over)[0] == start);
    let nothing = http.get("/live/cam/ts/index.m3u8?start=1000000000&end=1000000060").unwrap();
    assert_eq!(nothing.status, 404, "{}", nothing.text());

    for path in [
        "/live/cam/index.m3u8".to_owned(),
        format!("/live/cam/index.m3u8?start={start}&end={end}"),
        format!("/live/cam/index.m3u8?start={start}"),
        "/live/cam/index.m3u8?dvr=60".to_owned(),
    ] {
        check(&examine(http.address(), &path).unwrap(), &[]).unwrap();
    }
    server.terminate(SOON).unwrap();
    server.restart().unwrap();
    assert_eq!(listed(&http, "").0, ended);
}
