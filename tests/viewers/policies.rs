//! Every policy, on every kind of object, with every kind of token.

use testkit::wait_until;

use crate::stage::{AT_ONCE, LIST, MEDIA, SOON, Stage, ask, with};

/// What a policy answers without a token, with one of the stream, a member's, one of another
/// stream, one of another organisation, and one that is none.
struct Policy {
    access: &'static str,
    answers: [Answer; 6],
}

type Answer = (u16, &'static str);

const OK: Answer = (200, "");
const NO_TOKEN: Answer = (401, "token");
const NO_PASSWORD: Answer = (401, "password");
const OTHER: Answer = (403, "other-stream");
const BAD: Answer = (403, "bad-token");
const FORBIDDEN: Answer = (403, "forbidden");

const POLICIES: [Policy; 5] = [
    Policy { access: "public", answers: [OK; 6] },
    Policy { access: "unlisted", answers: [OK; 6] },
    Policy { access: "token", answers: [NO_TOKEN, OK, OK, OTHER, OTHER, BAD] },
    Policy { access: "password", answers: [NO_PASSWORD, OK, OK, OTHER, OTHER, BAD] },
    Policy { access: "private", answers: [NO_TOKEN, FORBIDDEN, OK, OTHER, OTHER, BAD] },
];

/// One of everything that there is of the stream, by what its playlists name.
fn objects(stage: &Stage, recording: &str) -> Vec<String> {
    let text = stage.text(MEDIA);
    let quoted = |tag: &str| {
        let line = text.lines().rfind(|line| line.starts_with(tag)).unwrap();
        let uri = line.split_once("URI=\"").unwrap().1.split('"').next().unwrap();
        format!("/live/cam/fmp4/{uri}")
    };
    let vod = format!("/vod/{recording}");
    let list = stage.text(&format!("{vod}/fmp4/index.m3u8"));
    let old = list.lines().find(|line| !line.is_empty() && !line.starts_with('#')).unwrap();
    let old = old.rsplit_once("fmp4/").map_or(old, |(_, name)| name);
    vec![
        LIST.to_owned(),
        "/live/cam/index.fmp4.m3u8".to_owned(),
        MEDIA.to_owned(),
        stage.segment(""),
        quoted("#EXT-X-PART:"),
        quoted("#EXT-X-MAP:"),
        format!("{vod}/index.m3u8"),
        format!("{vod}/fmp4/index.m3u8"),
        format!("{vod}/export.mp4"),
        format!("/live/cam/fmp4/{old}"),
    ]
}

#[test]
fn every_object_of_a_stream_is_refused_or_served_alike() {
    let (stage, recording) = Stage::recorded();
    let has_segment = || stage.text(MEDIA).contains("#EXTINF");
    wait_until("a segment", SOON, has_segment).unwrap();
    let objects = objects(&stage, &recording);
    let tokens = [
        String::new(),
        stage.sign(&["live/cam", "--org", "default"]),
        stage.sign(&["live/cam", "--org", "default", "--member", "--form", "path"]),
        stage.sign(&["live/main", "--org", "default", "--member"]),
        stage.sign(&["live/*", "--org", "other", "--member"]),
        "w1.nobody.made.this".to_owned(),
    ];
    for Policy { access, answers } in POLICIES {
        if access == "password" {
            stage.set_password("correct horse battery");
        } else {
            stage.set_access(access);
        }
        let robots = if access == "unlisted" { "noindex" } else { "" };
        let decided = || {
            let member = stage.server.http().get(&with(&tokens[2], LIST)).unwrap();
            let answered = tokens.iter().map(|it| stage.answer(it, LIST));
            answered.zip(answers).all(|(is, (status, code))| is == (status, code.to_owned()))
                && member.header("x-robots-tag") == robots
        };
        wait_until(access, AT_ONCE, decided).unwrap();
        for path in &objects {
            for (number, (token, (status, code))) in tokens.iter().zip(answers).enumerate() {
                let (is, said) = stage.answer(token, path);
                assert_eq!((is, said.as_str()), (status, code), "{access} {path} token {number}");
                let head = stage.server.http().request("HEAD", &with(token, path), &[]).unwrap();
                assert_eq!(head.status, status, "HEAD {access} {path} token {number}");
                if status == 200 {
                    assert_eq!(head.header("x-robots-tag"), robots, "{access} {path}");
                } else {
                    assert_eq!(head.header("cache-control"), "no-store", "{access} {path}");
                }
            }
        }
    }
}

#[test]
fn a_password_is_changed_into_a_token_that_plays() {
    let stage = Stage::live("public");
    stage.set_password("correct horse battery");
    wait_until("a password", AT_ONCE, || stage.status("", LIST) == 401).unwrap();
    let unlock = |stream: &str, password: &str| {
        let body = format!("{{\"password\":\"{password}\"}}");
        let host = stage.server.http().address();
        let length = body.len();
        let request = format!(
            "POST /api/auth/v1/streams/{stream}/unlock HTTP/1.1\r\nhost: {host}\r\n\
             connection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stage.server.http().raw(&request).unwrap()
    };
    for (stream, password) in [
        ("live/cam", "correct horse batterx"),
        ("live/cam", ""),
        ("live/theirs", "correct horse battery"),
        ("live/nowhere", "correct horse battery"),
    ] {
        let answer = unlock(stream, password);
        assert!(answer.starts_with("HTTP/1.1 401 "), "{stream}: {answer}");
    }
    let answer = unlock("live/cam", "correct horse battery");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("no-store"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let token = body["token"].as_str().unwrap();
    testkit::secret("play token", token);
    let segment = stage.segment(token);
    for path in [LIST, MEDIA, &segment] {
        assert_eq!((stage.status(token, path), stage.status("", path)), (200, 401), "{path}");
    }
    assert_eq!(stage.status(token, "/live/theirs/index.m3u8"), 404, "nobody publishes there");
    ask(&stage.server, &["stream", "set", "live/theirs", "--access", "token"]);
    let refused = || stage.status(token, "/live/theirs/index.m3u8") == 403;
    wait_until("another organisation's stream is closed", AT_ONCE, refused).unwrap();
}
