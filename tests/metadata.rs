//! What encoders say besides media, as players read it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use rtmp::{MessageKind, Value, amf};
use testkit::encoder::{Source, Video, encode};
use testkit::flv::Tag;
use testkit::recording::{ARGUMENTS, Recording};
use testkit::{Peer, Server, playlist, wait_until};

/// splice_insert, event 7, out for 30 s, at once; and its way back.
const OUT: &str = "/DAgAAAAAAAAAP/wDwUAAAAHf//+ACky4AABAAAAAN+ecDU=";
const BACK: &str = "fc301b00000000000000fff00a05000000077f5f000100000000b42648a4";
const OUT_HEX: &str = "0xFC302000000000000000FFF00F05000000077FFFFE002932E0000100000000DF9E7035";
const BACK_HEX: &str = "0xFC301B00000000000000FFF00A05000000077F5F000100000000B42648A4";

/// Twelve seconds with a key frame every second.
fn tags() -> Vec<Tag> {
    let video = Some(Video { size: (160, 90), rate: (30, 1), gop: Some(30) });
    encode(&Source { video, ..Source::usual() }.lasting(12)).unwrap().0
}

fn object(pairs: &[(&str, &str)]) -> Value {
    Value::Object(pairs.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect())
}

/// Pushes tags with data messages among them, each at its time.
fn push(server: &Server, tags: &[Tag], said: &[(u32, &str, Value)]) -> Recording {
    let mut peer = Peer::publish(server.ports().rtmp, "live", "cam").unwrap();
    let mut said = said.iter().peekable();
    for tag in tags {
        while let Some((at, name, value)) = said.next_if(|(at, ..)| *at <= tag.timestamp_ms) {
            let mut payload = Vec::new();
            amf::encode(&(*name).into(), &mut payload);
            amf::encode(value, &mut payload);
            peer.message(5, MessageKind::DataAmf0, 1, *at, &payload).unwrap();
        }
        peer.tag(tag).unwrap();
    }
    peer.unpublish("cam").unwrap();
    Recording::of_ended(server, "cam", &[]).unwrap()
}

#[test]
fn a_splice_begins_a_segment_and_is_told_with_its_way_back() {
    // Parts end where the next picture is expected, a millisecond beside where it may be.
    let exact = ["--set", "stream.packaging=both", "--set", "stream.low_latency=off"];
    let arguments = [&ARGUMENTS[..], &exact].concat();
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &arguments).unwrap();
    let said = [
        (2_900, "onCuePoint", object(&[("type", "scte-35"), ("payload", OUT)])),
        (6_900, "onSCTE35", Value::from(BACK)),
    ];
    let recording = push(&server, &tags(), &said);
    for rendition in recording.renditions.values() {
        // At 3 s and at 7 s: the key frames after the splices.
        assert_eq!(rendition.shape(), "2.000 1.000 2.000 2.000 2.000 2.000 1.000");
        let lines = rendition.text.lines().filter(|line| line.starts_with("#EXT-X-DATERANGE"));
        let lines: Vec<_> = lines.collect();
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let has = |part: &str| assert!(line.contains(part), "{part} in {line}");
        has("ID=\"splice-7-");
        // The server's clock is followed by a millisecond a segment.
        let (_, length) = line.split_once(",DURATION=").unwrap();
        let length: f64 = length.split(',').next().unwrap().parse().unwrap();
        assert!((length - 4.0).abs() < 0.01, "{line}");
        has("PLANNED-DURATION=30.000");
        has(&format!("SCTE35-OUT={OUT_HEX}"));
        has(&format!("SCTE35-IN={BACK_HEX}"));
        rendition.decode().unwrap();
    }
}

#[test]
fn cue_points_and_texts_are_told_where_they_happen() {
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &ARGUMENTS).unwrap();
    let said = [
        (4_500, "onCuePoint", object(&[("name", "half \"time\"")])),
        (8_500, "onTextData", object(&[("text", "goal")])),
        (9_000, "onUnheardOf", object(&[("text", "nothing")])),
    ];
    let recording = push(&server, &tags(), &said);
    let rendition = recording.rendition("ts").unwrap();
    assert_eq!(rendition.shape(), "2.000 2.000 2.000 2.000 2.000 2.000");
    let lines: Vec<_> = rendition.text.lines().collect();
    let listed = playlist::media(&rendition.text).unwrap().segments;
    // Each begins in the segment in which it happens.
    for (part, number) in [("X-NAME=\"half time\"", 2), ("X-TEXT=\"goal\"", 4)] {
        let line = lines.iter().find(|line| line.contains(part)).unwrap();
        let (_, date) = line.split_once("START-DATE=\"").unwrap();
        let (date, _) = date.split_once('"').unwrap();
        let date_ms = date.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let segment: &playlist::Listed = &listed[number];
        let length_ms = i64::try_from(segment.length_ms).unwrap();
        let happens = segment.date_ms..segment.date_ms + length_ms;
        assert!(happens.contains(&date_ms), "{}", rendition.text);
    }
    let count = lines.iter().filter(|line| line.starts_with("#EXT-X-DATERANGE")).count();
    assert_eq!(count, 2, "{}", rendition.text);
}

/// An encoder that says that it understands it is asked to connect anew when the server stops, and
/// may send until it does; one that says nothing is closed at once.
#[test]
fn an_encoder_that_understands_it_is_asked_to_connect_anew() {
    let mut server = Server::open(env!("CARGO_BIN_EXE_weir"), &[]).unwrap();
    let rtmp = server.ports().rtmp;
    let mut peer = Peer::shake_hands(rtmp).unwrap();
    let properties = Value::Object(vec![
        ("app".into(), "live".into()),
        ("tcUrl".into(), format!("rtmp://{rtmp}/live").as_str().into()),
        ("capsEx".into(), Value::Number(1.0)),
    ]);
    peer.command(0, "connect", &[properties]).unwrap();
    peer.wait_for_answer("NetConnection.Connect.Success").unwrap();
    peer.ask_to_publish("cam").unwrap();
    peer.wait_for_answer("NetStream.Publish.Start").unwrap();
    let mut other = Peer::publish(rtmp, "live", "other").unwrap();
    let tags = tags();
    let (first, rest) = tags.split_at(tags.len() / 2);
    peer.tags(first).unwrap();
    server.begin_to_stop().unwrap();
    peer.wait_for_answer("NetConnection.Connect.ReconnectRequest").unwrap();
    other.wait_for_close(Duration::from_secs(10)).unwrap();
    // It goes on until it leaves; nothing of it is lost.
    peer.tags(rest).unwrap();
    peer.unpublish("cam").unwrap();
    drop(peer);
    wait_until("the server to stop", Duration::from_secs(20), || server.has_stopped()).unwrap();
    server.restart().unwrap();
    let text = server.http().get("/live/cam/ts/index.m3u8").unwrap().text();
    assert_eq!(text.matches("#EXTINF:2.000").count(), 6, "{text}");
}
