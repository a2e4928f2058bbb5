//! What no encoder would send: each gets its named refusal and one line in the log, and a stream
//! that is live beside it loses nothing.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::time::{Duration, Instant};

use rtmp::amf::Value;
use rtmp::{MessageKind, codes};
use testkit::encoder::{Encoder, Source, encode};
use testkit::process::open_many;
use testkit::{Answer, Peer, Server, Viewer, media, wait_for, wait_until};

const SOON: Duration = Duration::from_secs(20);
const WRONG_KEY: &str = "hunter2";

/// A stream that is live beside bad input.
struct Beside {
    server: Server,
    key: String,
    viewer: Viewer,
    encoder: Encoder,
}

impl Beside {
    /// A server that asks for keys, with a live stream.
    #[track_caller]
    fn live() -> Self {
        let server = Server::start(env!("CARGO_BIN_EXE_weir"), &[]).unwrap();
        let key = server.stream_key("main").unwrap();
        // A key that is wrong here may be right elsewhere.
        testkit::secret("wrong key", WRONG_KEY);
        let viewer = server.watch("main");
        let encoder = Encoder::start(&Source::usual(), &server.push_url(&key)).unwrap();
        viewer.wait_for_segments(1, SOON).unwrap();
        Self { server, key, viewer, encoder }
    }

    /// Ends the stream, and checks that nothing of it was lost and no key is in the log.
    #[track_caller]
    fn has_lost_nothing(mut self) {
        let listed = self.viewer.seen().listed;
        self.viewer.wait_for_segments(listed + 2, SOON).unwrap();
        assert!(self.encoder.is_running(), "{}", self.encoder.said());
        self.encoder.finish().unwrap();
        let what = "`live/main` waits for its publisher: the encoder ended it";
        let ended = || !self.server.log_lines(what).is_empty();
        wait_until("the end of the push", SOON, ended).unwrap();
        let watched = self.viewer.stop().unwrap();
        let runs = watched.runs();
        assert_eq!(runs.len(), 1, "{}", watched.summary());
        let run = media::check(&Source::usual(), &runs[0]).unwrap();
        run.check_whole(&self.encoder.pushed().unwrap()).unwrap();
        let log = self.server.log();
        assert!(!log.contains(&self.key) && !log.contains(WRONG_KEY), "a key is in the log: {log}");
        watched.fetch_again(&self.server.http()).unwrap();
    }
}

/// The log says exactly once why the connection was closed, with its address, the reason and how
/// far its bytes were read.
#[track_caller]
fn check_log(server: &Server, peer: &Peer, expected: &str) {
    let address = peer.address().unwrap();
    let what = format!("closed the connection of {address}:");
    let look = || Some(server.log_lines(&what)).filter(|lines| !lines.is_empty());
    let lines = wait_for("a line in the log", SOON, look).unwrap();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(line.contains(expected), "{expected:?} is not in {line}");
    assert!(line.contains(&format!("peer.addr={address}")) && line.contains(" reason="), "{line}");
    let offset = line.split_once("offset_bytes=").unwrap().1;
    let offset: u64 = offset.split_whitespace().next().unwrap().parse().unwrap();
    assert!((1..=peer.sent()).contains(&offset), "{line}");
}

/// The last thing that the server said, after which it closed the connection.
#[track_caller]
fn refusal(peer: &mut Peer) -> Answer {
    let answers = peer.wait_for_close(SOON).unwrap();
    answers.last().filter(|answer| answer.is_refusal()).cloned().unwrap_or_default()
}

/// Publishes `name` to `app`, and is refused.
#[track_caller]
fn check(server: &Server, app: &str, name: &str, code: &str, sentence: &str, log: &str) {
    let mut peer = Peer::shake_hands(server.ports().rtmp).unwrap();
    peer.ask_for_app(app).unwrap();
    peer.wait_for_answer(codes::CONNECT_SUCCESS).unwrap();
    // The server may hang up while the rest is still sent.
    let _ = peer.ask_to_publish(name);
    let answer = refusal(&mut peer);
    assert_eq!((answer.code.as_str(), answer.description.as_str()), (code, sentence));
    check_log(server, &peer, log);
}

#[test]
fn a_name_that_is_none_a_wrong_key_and_an_unknown_app_are_refused() {
    let beside = Beside::live();
    let check = |name: &str, code, sentence: &str, log: &str| {
        check(&beside.server, "live", name, code, sentence, log);
    };
    let bad_name = |name: &str, character: &str| {
        let why = format!("a name may have letters, digits, '-', '_' and '.', not {character}");
        let sentence = format!("This stream name cannot be used: {why}. Choose another one.");
        check(
            name,
            codes::PUBLISH_BAD_NAME,
            &sentence,
            &format!("the stream's name is not one: {why}"),
        );
    };
    bad_name("../x", "'/'");
    bad_name("a/b/c", "'/'");
    bad_name(&format!("a/b/c?key={}", beside.key), "'/'");
    bad_name("a\0b", r"'\0'");
    bad_name("kämera", "'ä'");
    check(
        "..",
        codes::PUBLISH_BAD_NAME,
        "This stream name cannot be used: a name starts with a letter or a digit, not '.'. \
         Choose another one.",
        "the stream's name is not one",
    );
    check(
        &"x".repeat(64_000),
        codes::PUBLISH_BAD_NAME,
        "stream name of 64000 bytes is over the limit of 4096",
        "stream name of 64000 bytes is over the limit of 4096",
    );
    check(
        &"x".repeat(65_536),
        codes::CONNECT_CLOSED,
        "This connection was closed: chunks: message of 65568 bytes on chunk stream 4 is over the limit of 65536.",
        "message of 65568 bytes on chunk stream 4 is over the limit of 65536",
    );
    let wrong = "This stream key is not valid here. Copy the key that the server showed for this \
                 stream into the encoder's settings.";
    check(WRONG_KEY, codes::PUBLISH_DENIED, wrong, "the stream key is wrong");
    check(
        &format!("main?key={WRONG_KEY}"),
        codes::PUBLISH_DENIED,
        wrong,
        "the stream key is wrong",
    );
    self::check(
        &beside.server,
        "nowhere",
        "",
        codes::CONNECT_INVALID_APP,
        "There is no application nowhere on this server. Let the server address end in /live.",
        "there is no application `nowhere`",
    );
    beside.has_lost_nothing();
}

#[test]
fn commands_that_come_too_early_or_cannot_be_read_are_refused() {
    let beside = Beside::live();
    let server = &beside.server;

    let mut peer = Peer::shake_hands(server.ports().rtmp).unwrap();
    peer.command(1, "publish", &[Value::Null, WRONG_KEY.into(), "live".into()]).unwrap();
    let answer = refusal(&mut peer);
    assert_eq!(answer.code, codes::PUBLISH_REJECTED);
    assert_eq!(answer.description, "`publish` before connect");
    check_log(server, &peer, "`publish` before connect");

    // 80 KB of arrays within arrays are longer than a message may be here; 60 KB are not, and meet
    // the limit of the depth.
    for (kb, expected) in [(80, "is over the limit of 65536"), (60, "nested deeper than 16")] {
        let mut peer = Peer::shake_hands(server.ports().rtmp).unwrap();
        // Nobody waits for an answer: the server may hang up while the rest is still sent.
        let _ = peer.message(3, MessageKind::CommandAmf0, 0, 0, &nested(kb * 1_000));
        peer.wait_for_close(SOON).unwrap();
        check_log(server, &peer, expected);
    }

    // A publisher who has proved a key loses the message, and nothing else.
    let mut peer = Peer::publish(server.ports().rtmp, "live", &other_key(server)).unwrap();
    peer.message(4, MessageKind::DataAmf0, 1, 0, &nested(80_000)).unwrap();
    let (tags, _) = encode(&Source::usual().lasting(3)).unwrap();
    let viewer = server.watch("other");
    peer.tags(&tags).unwrap();
    peer.unpublish("other").unwrap();
    viewer.wait_for_segments(1, SOON).unwrap();
    viewer.stop().unwrap();
    beside.has_lost_nothing();
}

#[test]
fn connections_that_send_nothing_or_trickle_are_closed_in_time() {
    let beside = Beside::live();
    let server = &beside.server;
    open_many().unwrap();
    let before = server.memory_kib().unwrap();
    let begun = Instant::now();
    let silent: Vec<_> = (0..1_000).map(|_| Peer::connect(server.ports().rtmp).unwrap()).collect();
    let mut trickling = Peer::connect(server.ports().rtmp).unwrap();
    let trickles = Instant::now();

    // While a thousand others hold their connections, an encoder gets in.
    let mut peer = Peer::publish(server.ports().rtmp, "live", &other_key(server)).unwrap();
    peer.unpublish("other").unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());

    // A handshake at one byte a second, the first of which is right.
    let mut due = Duration::ZERO;
    wait_until("the end of the trickle", SOON, || {
        if trickles.elapsed() >= due {
            due += Duration::from_secs(1);
            // It may be closed already.
            let _ = trickling.send(&[3]);
        }
        trickling.is_closed().unwrap()
    })
    .unwrap();
    let lasted = trickles.elapsed();
    assert!((4_900..8_000).contains(&lasted.as_millis()), "{lasted:?}");
    check_log(server, &trickling, "no handshake within 5s");
    for mut peer in silent {
        peer.wait_for_close(Duration::from_secs(3)).unwrap();
    }
    let lines = || server.log_lines("no handshake within 5s, only 0 bytes").len();
    wait_until("a line in the log for each", SOON, || lines() == 1_000).unwrap();
    // Who has said nothing is worth some kilobytes.
    let peak = server.memory_peak_kib().unwrap();
    assert!(peak < before + 40_000, "from {before} to {peak} KiB");
    beside.has_lost_nothing();
}

#[test]
fn messages_of_16_mib_on_64_chunk_streams_meet_the_limits() {
    let beside = Beside::live();
    let server = &beside.server;
    let before = server.memory_kib().unwrap();

    // A peer that has proved nothing: the first header is one too many.
    let mut peer = Peer::shake_hands(server.ports().rtmp).unwrap();
    let _ = (3..67).try_for_each(|chunk_stream| peer.send(&giant(chunk_stream)));
    peer.wait_for_close(SOON).unwrap();
    check_log(
        server,
        &peer,
        "message of 16777215 bytes on chunk stream 3 is over the limit of 65536",
    );

    // A publisher: two such messages fit, what they hold together is limited.
    let mut peer = Peer::publish(server.ports().rtmp, "live", &other_key(server)).unwrap();
    peer.set_chunk_bytes(4 * 1_024 * 1_024).unwrap();
    let mut piece = vec![0; 4 * 1_024 * 1_024];
    piece[0] = 0x17;
    let mut send_all = || {
        for round in 0..4 {
            for chunk_stream in 3..67_u8 {
                let header = if round == 0 { giant(chunk_stream) } else { goes_on(chunk_stream) };
                peer.send(&header)?;
                peer.send(&piece)?;
            }
        }
        anyhow::Ok(())
    };
    assert!(send_all().is_err(), "the server took it all");
    peer.wait_for_close(SOON).unwrap();
    check_log(server, &peer, "over the limit of 33554432");
    let peak = server.memory_peak_kib().unwrap();
    // 32 MiB are allowed; a vector that grows may be twice that for a moment.
    assert!(peak < before + 70_000, "from {before} to {peak} KiB");
    beside.has_lost_nothing();
}

/// A second stream on the server, made by the program's command.
#[track_caller]
fn other_key(server: &Server) -> String {
    if let Ok(key) = server.stream_key("other") {
        return key;
    }
    let made = server.command(&["stream", "create", "other"]).unwrap();
    assert!(made.status.success(), "{}", made.err);
    server.stream_key("other").unwrap()
}

/// So many bytes of arrays of AMF 0 that hold one array each, as a command or data would begin.
fn nested(bytes: usize) -> Vec<u8> {
    let mut payload = vec![2, 0, 1, b'x', 0, 0, 0, 0, 0, 0, 0, 0, 0];
    payload.extend([10, 0, 0, 0, 1].repeat(bytes / 5));
    payload
}

/// The full header of a video message of the largest length on a chunk stream.
fn giant(chunk_stream: u8) -> Vec<u8> {
    let mut header = basic(0, chunk_stream);
    header.extend([0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0]);
    header
}

/// The header of a later chunk of a message.
fn goes_on(chunk_stream: u8) -> Vec<u8> {
    basic(3, chunk_stream)
}

/// A basic header (RTMP 1.0, 5.3.1.1): one byte up to 63, two above.
fn basic(format: u8, chunk_stream: u8) -> Vec<u8> {
    match chunk_stream {
        0..=63 => vec![format << 6 | chunk_stream],
        _ => vec![format << 6, chunk_stream - 64],
    }
}
