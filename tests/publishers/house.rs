//! A server with two organisations: `default`, whose stream `main` is live and stays so, and
//! `north`, to which things happen.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use md5::{Digest as _, Md5};
use rtmp::codes;
use serde_json::Value;
use testkit::encoder::{Encoder, Source};
use testkit::evidence::STREAM_KEY;
use testkit::{Answer, Peer, Server, Viewer, media, wait_until};

pub(crate) const SOON: Duration = Duration::from_secs(20);
/// How long an encoder may still be live with what was revoked.
const AT_ONCE: Duration = Duration::from_secs(2);

/// The organisation to which things happen.
pub(crate) const NORTH: &str = "north";
/// Its streamer.
pub(crate) const ANA: &str = "ana@north.example";

/// A server with two organisations.
pub(crate) struct House {
    pub(crate) server: Server,
}

/// A stream's key, or a device with one.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) key: String,
}

/// A key that signs addresses (Alibaba's type A).
pub(crate) struct Trusted {
    pub(crate) id: String,
    secret: String,
}

/// An encoder that is live, and who watches it.
pub(crate) struct Live {
    viewer: Viewer,
    encoder: Encoder,
}

impl House {
    pub(crate) fn open() -> Self {
        let server = Server::start(env!("CARGO_BIN_EXE_weir"), &[]).unwrap();
        let house = Self { server };
        house.run(&["org", "create", NORTH]);
        let invited = house.run(&["user", "invite", ANA, "--org", NORTH]);
        let (_, secret) = text(&invited, "link").rsplit_once('#').unwrap();
        testkit::secret("invitation", secret);
        house
    }

    /// Runs a command beside the server, and returns its JSON.
    #[track_caller]
    pub(crate) fn run(&self, command: &[&str]) -> Value {
        let finished = self.server.command(&[command, &["--json"]].concat()).unwrap();
        assert!(finished.status.success(), "{command:?}: {}", finished.err);
        serde_json::from_slice(&finished.out).unwrap()
    }

    /// The same, in words.
    #[track_caller]
    pub(crate) fn say(&self, command: &[&str]) -> String {
        let finished = self.server.command(command).unwrap();
        assert!(finished.status.success(), "{command:?}: {}", finished.err);
        String::from_utf8(finished.out).unwrap()
    }

    /// Runs a command that is refused.
    #[track_caller]
    pub(crate) fn fail(&self, command: &[&str]) {
        let finished = self.server.command(command).unwrap();
        assert!(!finished.status.success(), "{command:?} is done");
        assert!(finished.err.starts_with("weir: "), "{}", finished.err);
    }

    /// Makes a stream of `north`.
    #[track_caller]
    pub(crate) fn stream(&self, name: &str) {
        let made = self.run(&["stream", "create", name, "--org", NORTH]);
        testkit::secret(STREAM_KEY, text(&made, "key"));
    }

    /// Makes another key of a stream.
    #[track_caller]
    pub(crate) fn key(&self, stream: &str, more: &[&str]) -> Key {
        Key::of(&self.run(&[&["key", "create", stream], more].concat()))
    }

    /// Registers an encoder of Ana's.
    #[track_caller]
    pub(crate) fn device(&self, stream: &str) -> Key {
        let add = ["device", "add", "encoder", "camera", "--user", ANA, "--stream", stream];
        Key::of(&self.run(&add))
    }

    /// Has `north` trust a key for addresses that are signed.
    #[track_caller]
    pub(crate) fn trust(&self, secret: &str, validity_s: i64) -> Trusted {
        testkit::secret("signing key", secret);
        let file = self.server.folder().join("signing-key");
        fs::write(&file, secret).unwrap();
        let (file, validity) = (file.display().to_string(), format!("{validity_s}s"));
        let add = ["trust", "add", "alibaba-a", "cdn", "--file", &file, "--validity", &validity];
        let made = self.run(&[&add[..], &["--org", NORTH]].concat());
        Trusted { id: text(&made, "id").to_owned(), secret: secret.to_owned() }
    }

    /// What a push is told that is not let in.
    #[track_caller]
    pub(crate) fn refusal(&self, name: &str) -> Answer {
        let mut peer = Peer::shake_hands(self.server.ports().rtmp).unwrap();
        peer.ask_for_app("live").unwrap();
        peer.wait_for_answer(codes::CONNECT_SUCCESS).unwrap();
        // The server may hang up while the rest is still sent.
        let _ = peer.ask_to_publish(name);
        let answers = peer.wait_for_close(SOON).unwrap();
        answers.last().filter(|answer| answer.is_refusal()).cloned().unwrap()
    }

    /// A push is refused with a sentence, and ffmpeg shows it as OBS does.
    #[track_caller]
    pub(crate) fn check(&self, name: &str, sentence: &str) {
        let answer = self.refusal(name);
        assert_eq!(
            (answer.code.as_str(), answer.description.as_str()),
            (codes::PUBLISH_DENIED, sentence)
        );
        let source = Source::usual().lasting(10);
        let mut encoder = Encoder::start(&source, &self.server.push_url(name)).unwrap();
        assert!(!encoder.wait(SOON).unwrap().success(), "it may push");
        assert!(encoder.said().contains(sentence), "{}", encoder.said());
    }

    /// A push is let in.
    #[track_caller]
    pub(crate) fn admit(&self, name: &str) {
        let mut peer = Peer::publish(self.server.ports().rtmp, "live", name).unwrap();
        peer.unpublish(name).unwrap();
    }

    /// Pushes to a stream until it is live.
    #[track_caller]
    pub(crate) fn push(&self, stream: &str, name: &str) -> Live {
        let what = format!("`live/{stream}` is live from ");
        let times = || self.server.log_lines(&what).len();
        let (before, viewer) = (times(), self.server.watch(stream));
        let encoder = Encoder::start(&Source::usual(), &self.server.push_url(name)).unwrap();
        wait_until(&what, SOON, || times() > before).unwrap();
        viewer.wait_for_segments(1, SOON).unwrap();
        Live { viewer, encoder }
    }

    /// The stream of the other organisation.
    #[track_caller]
    pub(crate) fn neighbour(&self) -> Live {
        self.push("main", &self.server.stream_key("main").unwrap())
    }

    /// A command closes a push that is live, with a sentence.
    #[track_caller]
    pub(crate) fn check_closed(&self, live: &mut Live, command: &[&str], sentence: &str) {
        assert!(live.encoder.is_running(), "{}", live.encoder.said());
        self.run(command);
        let is_told = || live.encoder.said().contains(sentence);
        wait_until("the sentence", AT_ONCE, is_told).unwrap();
        assert!(!live.encoder.wait(SOON).unwrap().success());
    }

    /// Starts the server again, after it ended in some way.
    #[track_caller]
    pub(crate) fn again(&mut self, end: impl FnOnce(&mut Self) -> anyhow::Result<()>) {
        end(self).unwrap();
        self.server.restart().unwrap();
    }
}

impl Key {
    fn of(made: &Value) -> Self {
        let [id, key] = ["id", "key"].map(|name| text(made, name).to_owned());
        testkit::secret(STREAM_KEY, &key);
        Self { id, key }
    }
}

impl Trusted {
    /// What is pushed to a stream, signed with a time stamp.
    pub(crate) fn sign(&self, stream: &str, stamp_s: i64) -> String {
        let signed = format!("/live/{stream}-{stamp_s}-0-0-{}", self.secret);
        let signature = Md5::digest(signed).into_iter().map(|byte| format!("{byte:02x}"));
        let signature = signature.collect::<String>();
        testkit::secret("signature", &signature);
        format!("{stream}?auth_key={stamp_s}-0-0-{signature}")
    }
}

impl Live {
    /// Two more segments come.
    #[track_caller]
    pub(crate) fn goes_on(&mut self) {
        let listed = self.viewer.seen().listed;
        self.viewer.wait_for_segments(listed + 2, SOON).unwrap();
        assert!(self.encoder.is_running(), "{}", self.encoder.said());
    }

    /// Ends the push: all of it was seen, without a break.
    #[track_caller]
    pub(crate) fn lost_nothing(mut self, house: &House) {
        self.encoder.finish().unwrap();
        let what = "`live/main` waits for its publisher: the encoder ended it";
        let is_over = || !house.server.log_lines(what).is_empty();
        wait_until("the end of the push", SOON, is_over).unwrap();
        let pushed = self.encoder.pushed().unwrap();
        let watched = self.viewer.stop().unwrap();
        let runs = watched.runs();
        assert_eq!(runs.len(), 1, "{}", watched.summary());
        let run = media::check(&Source::usual(), &runs[0]).unwrap();
        run.check_whole(&pushed).unwrap();
    }
}

/// Seconds since 1970.
pub(crate) fn now_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// A text of an answer.
#[track_caller]
fn text<'v>(json: &'v Value, name: &str) -> &'v str {
    json[name].as_str().unwrap_or_else(|| panic!("no {name}"))
}
