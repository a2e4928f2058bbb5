use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;

const SOON: Duration = Duration::from_secs(10);

/// A server of one stream, whose media playlist and segment 1 are as the test wants them.
#[derive(Clone)]
struct Stream(Arc<Mutex<(String, String)>>);

impl Stream {
    fn serve() -> (SocketAddr, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stream = Self(Arc::default());
        let serving = stream.clone();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                let mut bytes = [0; 1_024];
                let read = socket.read(&mut bytes).unwrap_or(0);
                let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                let answer = serving.answer(&path);
                // A viewer may be gone.
                let _ = socket.write_all(answer.as_bytes());
            }
        });
        (address, stream)
    }

    /// Lists segments of two seconds by their numbers; segment 1 is answered with `status`.
    fn list(&self, numbers: std::ops::RangeInclusive<u64>, status: &str) {
        let first = numbers.start();
        let mut text = format!(
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:{first}\n"
        );
        for number in numbers {
            let second = number * 2;
            text += &format!("#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:{second:02}.000Z\n");
            text += &format!("#EXTINF:2.000,\n1/{number}.ts\n");
        }
        *self.0.lock().unwrap() = (text, status.to_owned());
    }

    fn answer(&self, path: &str) -> String {
        let (playlist, status) = self.0.lock().unwrap().clone();
        let (status, kind, body) = match path {
            _ if playlist.is_empty() => ("404 Not Found", "text/plain", String::new()),
            "/live/cam/index.m3u8" => {
                let text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nts/index.m3u8\n";
                ("200 OK", "x", text.to_owned())
            }
            "/live/cam/ts/index.m3u8" => ("200 OK", "x", playlist),
            "/live/cam/ts/1/1.ts" => (status.as_str(), "video/mp2t", "b".repeat(188)),
            _ => ("200 OK", "video/mp2t", "a".repeat(376)),
        };
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        )
    }
}

#[test]
fn a_viewer_waits_for_a_stream_and_fetches_all_that_is_listed() {
    let (address, stream) = Stream::serve();
    let viewer = Viewer::unexamined(address, "live/cam");
    assert!(viewer.wait_for_segments(1, Duration::from_millis(300)).is_err());
    stream.list(0..=1, "200 OK");
    viewer.wait_for_segments(2, SOON).unwrap();
    stream.list(1..=3, "200 OK");
    viewer.wait_for_segments(4, SOON).unwrap();
    let watched = viewer.stop().unwrap();
    assert_eq!(watched.summary(), "0(2000 ms) 1(2000 ms) 2(2000 ms) 3(2000 ms)");
    assert_eq!((watched.versions, watched.listed, watched.runs().len()), (2, 4, 1));
    let http = Http::new(address);
    watched.fetch_again(&http).unwrap();
    stream.list(1..=3, "404 Not Found");
    assert!(watched.fetch_again(&http).is_err());
}

#[test]
fn a_viewer_tells_what_is_listed_and_not_there() {
    let (address, stream) = Stream::serve();
    stream.list(0..=2, "404 Not Found");
    let viewer = Viewer::unexamined(address, "live/cam");
    viewer.wait_until("a fault", SOON, |seen| !seen.faults.is_empty()).unwrap();
    let error = viewer.stop().unwrap_err().to_string();
    assert!(error.contains("/live/cam/ts/1/1.ts is listed and 404"), "{error}");
}

#[test]
fn a_viewer_tells_what_goes_back() {
    let (address, stream) = Stream::serve();
    stream.list(2..=4, "200 OK");
    let viewer = Viewer::unexamined(address, "live/cam");
    viewer.wait_for_segments(3, SOON).unwrap();
    stream.list(1..=4, "200 OK");
    viewer.wait_until("a fault", SOON, |seen| !seen.faults.is_empty()).unwrap();
    let error = viewer.stop().unwrap_err().to_string();
    assert!(error.contains("the media sequence went from 2 to 1"), "{error}");
}

#[test]
fn an_outage_is_a_fault_only_where_none_is_expected() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let viewer = Viewer::through_outages(nobody, "live/cam");
    viewer.wait_until("an outage", SOON, |seen| seen.outages > 0).unwrap();
    viewer.stop().unwrap();
    let viewer = Viewer::start(nobody, "live/cam");
    viewer.wait_until("a fault", SOON, |seen| !seen.faults.is_empty()).unwrap();
    assert!(viewer.stop().is_err());
}
