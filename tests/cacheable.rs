//! Low latency through a cache: nginx as Debian packages it, with the configuration that we give.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::time::Duration;

use testkit::audience::{self, Seen};
use testkit::encoder::{Encoder, Source};
use testkit::{Http, Nginx, Server, wait_until};

const SOON: Duration = Duration::from_secs(60);
const PLAYLIST: &str = "/live/cam/fmp4/index.m3u8";

/// A stream in parts, and nginx in front of its server.
fn start() -> (Server, Encoder, Nginx) {
    let set = ["--set", "stream.packaging=fmp4"];
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &set).unwrap();
    let encoder = Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap();
    let listed = || server.http().get(PLAYLIST).unwrap().text().contains("#EXT-X-PART:");
    wait_until("a stream in parts", SOON, listed).unwrap();
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("loadbalancer-config/nginx-cache.conf");
    let nginx = Nginx::caching(&recipe, server.http().address()).unwrap();
    (server, encoder, nginx)
}

/// Requests that the server has answered well, of playlists or of objects.
fn answered(server: &Server, kind: &str) -> u64 {
    let metrics = server.admin().get("/metrics").unwrap().text();
    let name = format!("weir_edge_requests_total{{kind=\"{kind}\",status=\"2xx\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
    line.map_or(0, |count| count.parse().unwrap())
}

/// How many different things were asked for.
fn distinct(seen: &Seen, wanted: impl Fn(&str) -> bool) -> u64 {
    u64::try_from(seen.asked.keys().filter(|url| wanted(url)).count()).unwrap()
}

#[test]
fn a_hundred_viewers_cost_the_server_as_much_as_one() {
    let (server, encoder, nginx) = start();
    let before = (answered(&server, "playlist"), answered(&server, "segment"));
    let time = Duration::from_secs(12);
    let seen = audience::watch(nginx.address(), PLAYLIST, 100, time).unwrap();
    let playlists = answered(&server, "playlist") - before.0;
    let objects = answered(&server, "segment") - before.1;
    drop(encoder);

    assert_eq!(seen.faults.iter().collect::<Vec<_>>(), Vec::<&String>::new());
    let total: u64 = seen.asked.values().sum();
    assert!(seen.parts > 100 * 10 && total > 100 * 20, "{total} requests, {} parts", seen.parts);
    let reloads = distinct(&seen, |url| url.contains("_HLS_msn="));
    let parts = distinct(&seen, |url| !url.contains("m3u8"));
    // Plain requests are answered from the cache for a second.
    let plain = time.as_secs() + 2;
    assert!(
        (reloads..=reloads + plain).contains(&playlists),
        "{playlists} requests for {reloads} versions of playlists"
    );
    // One that was hinted and never made is no answer.
    assert!(objects <= parts && objects + 10 >= parts, "{objects} requests for {parts} parts");
}

#[test]
fn requests_that_mean_the_same_are_one_to_the_cache() {
    let (server, encoder, nginx) = start();
    let http = Http::new(nginx.address());
    let listed = server.http().get(PLAYLIST).unwrap().text();
    let first = listed.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
    let first = first.unwrap();
    let mut texts = Vec::new();
    for query in [
        format!("_HLS_msn={first}&_HLS_part=0&_HLS_skip=YES"),
        format!("_HLS_skip=YES&_HLS_part=0&_HLS_msn={first}"),
        format!("CMCD=sid%3D%22a%22&_HLS_msn={first}&x&_HLS_part=0&_HLS_skip=YES"),
    ] {
        let reply = http.get(&format!("{PLAYLIST}?{query}")).unwrap();
        assert_eq!((reply.status, reply.header("cache-control")), (200, "public, max-age=12"));
        texts.push(reply.text());
        // Meanwhile the stream goes on.
        let now = server.http().get(PLAYLIST).unwrap().text();
        wait_until("another version", SOON, || server.http().get(PLAYLIST).unwrap().text() != now)
            .unwrap();
    }
    drop(encoder);
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
}
