//! A server with two organisations, and a stream of the first that is live.

use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use testkit::process::run;
use testkit::{Encoder, Server, Source, secret, wait_until};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_weir");
pub(crate) const SOON: Duration = Duration::from_secs(40);
/// Within this much, whatever is changed beside a running server is so everywhere.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(2);
pub(crate) const LIST: &str = "/live/cam/index.m3u8";
pub(crate) const MEDIA: &str = "/live/cam/fmp4/index.m3u8";
/// What the trusted key of [`Stage::trust_hs256`] is called.
pub(crate) const KID: &str = "shop-1";
pub(crate) const SHOP: &[u8] = b"the shop's secret has 32 bytes, or more";

/// The server, its organisations `default` and `other`, and `live/cam` of the first.
pub(crate) struct Stage {
    pub(crate) server: Server,
    _encoder: Encoder,
}

impl Stage {
    /// `live/cam` with an access, live, with a segment that is whole.
    pub(crate) fn live(access: &str) -> Self {
        let (server, key) = Self::server(access);
        let encoder = Encoder::start(&Source::usual(), &server.push_url(&key)).unwrap();
        let stage = Self { server, _encoder: encoder };
        let token = stage.sign(&["live/cam", "--org", "default", "--member"]);
        let listed = || stage.text(&format!("/t/{token}{MEDIA}")).contains("#EXTINF");
        wait_until("a segment", SOON, listed).unwrap();
        stage
    }

    /// The same after a first broadcast, which was recorded.
    pub(crate) fn recorded() -> (Self, String) {
        let (server, key) = Self::server("public");
        let first = Source::usual().lasting(5);
        let mut encoder = Encoder::start(&first, &server.push_url(&key)).unwrap();
        encoder.wait(SOON).unwrap();
        let mut id = String::new();
        let recorded = || {
            let listed = ask(&server, &["recording", "list", "live/cam"]);
            let mut listed = listed.as_array().unwrap().iter();
            let broadcast = listed.find(|it| it["kind"] == "broadcast");
            broadcast.inspect(|it| it["id"].as_str().unwrap().clone_into(&mut id)).is_some()
        };
        wait_until("a recording", SOON, recorded).unwrap();
        let encoder = Encoder::start(&Source::usual(), &server.push_url(&key)).unwrap();
        let stage = Self { server, _encoder: encoder };
        let listed = || {
            let text = stage.text(MEDIA);
            text.contains("#EXT-X-PART:") && !text.contains("#EXT-X-ENDLIST")
        };
        wait_until("a part", SOON, listed).unwrap();
        (stage, id)
    }

    fn server(access: &str) -> (Server, String) {
        let set = [
            ["--set", "stream.packaging=fmp4"],
            ["--set", "stream.window=2m"],
            ["--set", "stream.record=true"],
            ["--set", "stream.finish_window=1s"],
        ];
        let server = Server::start(PROGRAM, &set.concat()).unwrap();
        ask(&server, &["org", "create", "other"]);
        for (name, org) in [("live/cam", "default"), ("live/theirs", "other")] {
            let made = ask(&server, &["stream", "create", name, "--org", org, "--access", access]);
            secret("stream key", made["key"].as_str().unwrap());
        }
        let key = server.stream_key("live/cam").unwrap();
        (server, key)
    }

    /// A token by `weir token sign`.
    pub(crate) fn sign(&self, arguments: &[&str]) -> String {
        self.signed(arguments)["token"].as_str().unwrap().to_owned()
    }

    /// The same with all that is said of it.
    pub(crate) fn signed(&self, arguments: &[&str]) -> Value {
        let signed = ask(&self.server, &[&["token", "sign"], arguments].concat());
        secret("play token", signed["token"].as_str().unwrap());
        signed
    }

    pub(crate) fn text(&self, path: &str) -> String {
        self.server.http().get(path).unwrap().text()
    }

    /// The status with a token in the path; without one where it is empty.
    pub(crate) fn status(&self, token: &str, path: &str) -> u16 {
        self.server.http().get(&with(token, path)).unwrap().status
    }

    /// The status, and the code of a refusal.
    pub(crate) fn answer(&self, token: &str, path: &str) -> (u16, String) {
        let accept = [("accept", "application/json")];
        let reply = self.server.http().request("GET", &with(token, path), &accept).unwrap();
        let code = serde_json::from_slice::<Value>(&reply.body).ok();
        let code = code.and_then(|it| it["code"].as_str().map(str::to_owned));
        (reply.status, code.unwrap_or_default())
    }

    /// What the last line of the media playlist that is an address names.
    pub(crate) fn segment(&self, token: &str) -> String {
        let text = self.text(&with(token, MEDIA));
        let last = text.lines().rfind(|line| !line.starts_with('#')).unwrap();
        format!("/live/cam/fmp4/{last}")
    }

    /// Trusts a secret for tokens of an organisation.
    pub(crate) fn trust(&self, kind: &str, secret: &[u8], more: &[&str]) -> String {
        testkit::secret("trusted secret", &String::from_utf8_lossy(secret));
        let file = self.server.folder().join(format!("{kind}.secret"));
        fs::write(&file, secret).unwrap();
        let file = file.display().to_string();
        let add = ["trust", "add", kind, kind, "--file", &file];
        let id = ask(&self.server, &[&add[..], more].concat())["id"].as_str().unwrap().to_owned();
        fs::remove_file(&file).unwrap();
        id
    }

    /// Trusts [`SHOP`] as [`KID`], and waits until the server does.
    pub(crate) fn trust_hs256(&self) {
        self.trust("HS256", SHOP, &["--org", "default", "--kid", KID]);
        let token = hs256(SHOP, &header(), &claims());
        wait_until("a trusted key", AT_ONCE, || self.status(&token, LIST) == 200).unwrap();
    }

    pub(crate) fn set_access(&self, access: &str) {
        ask(&self.server, &["stream", "set", "live/cam", "--access", access]);
    }

    /// Gives `live/cam` a password, as a person would.
    pub(crate) fn set_password(&self, password: &str) {
        secret("password", password);
        let mut command = Command::new("sh");
        command.args(["-c", "printf '%s\\n' \"$0\" | \"$@\"", password, PROGRAM]);
        command.args(["stream", "set", "live/cam", "--access", "password", "--password-stdin"]);
        command.arg("--data").arg(self.server.data());
        let finished = run(&mut command, SOON).unwrap();
        assert!(finished.status.success(), "{}", finished.err);
    }
}

/// What a command says, as JSON.
pub(crate) fn ask(server: &Server, arguments: &[&str]) -> Value {
    let finished = server.command(&[arguments, &["--json"]].concat()).unwrap();
    assert!(finished.status.success(), "{:?}: {}", arguments.first(), finished.err);
    serde_json::from_slice(&finished.out).unwrap()
}

pub(crate) fn with(token: &str, path: &str) -> String {
    if token.is_empty() { path.to_owned() } else { format!("/t/{token}{path}") }
}

pub(crate) fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// What a good token of the shop says.
pub(crate) fn header() -> String {
    json!({ "alg": "HS256", "kid": KID, "typ": "JWT" }).to_string()
}

/// The same of its claims.
pub(crate) fn claims() -> String {
    json!({ "streams": ["live/cam"], "exp": now_s() + 600 }).to_string()
}

/// A token with these bytes, signed with a secret.
pub(crate) fn hs256(key: &[u8], header: &str, claims: &str) -> String {
    let text = format!("{}.{}", base64(header), base64(claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes());
    let token = format!("{text}.{}", base64(tag));
    secret("play token", &token);
    token
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}
