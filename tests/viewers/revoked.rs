//! Tokens that are taken back, what a thousand of them cost, and what is said of them.

use std::thread;

use serde_json::{Value, json};
use testkit::{Server, wait_until};

use crate::stage::{AT_ONCE, LIST, MEDIA, SHOP, SOON, Stage, ask, claims, header, hs256, now_s};

/// How often objects were read at the origin.
fn reads(server: &Server) -> u64 {
    let metrics = server.admin().get("/metrics").unwrap().text();
    let line = metrics.lines().find_map(|it| it.strip_prefix("weir_edge_object_reads_total "));
    line.unwrap().parse().unwrap()
}

#[test]
fn a_segment_with_a_thousand_tokens_is_one_read() {
    let stage = Stage::live("token");
    stage.trust_hs256();
    let segment = stage.segment(&hs256(SHOP, &header(), &claims()));
    let token = |number: u32| {
        let claims = json!({
            "streams": ["live/cam"],
            "exp": now_s() + 600,
            "jti": format!("token-{number}"),
            "sub": format!("viewer-{number}"),
        });
        hs256(SHOP, &header(), &claims.to_string())
    };
    let tokens: Vec<_> = (0..1_000).map(token).collect();
    let before = reads(&stage.server);
    let first = &stage.server.http().get(&format!("/t/{}{segment}", tokens[0])).unwrap().body;
    thread::scope(|scope| {
        for tokens in tokens.chunks(250) {
            let (http, segment) = (stage.server.http(), &segment);
            scope.spawn(move || {
                for token in tokens {
                    let reply = http.get(&format!("/t/{token}{segment}")).unwrap();
                    assert_eq!(reply.status, 200);
                    assert!(&reply.body == first, "other bytes");
                }
            });
        }
    });
    assert_eq!(reads(&stage.server) - before, 1);
}

/// Revokes by a command, and sees that it is so within two seconds of its end.
fn revoke(stage: &Stage, what: &[&str], tokens: &[&str]) {
    ask(&stage.server, &[&["token", "revoke", "--org", "default"], what].concat());
    let revoked = || tokens.iter().all(|it| stage.answer(it, LIST) == (403, "revoked".to_owned()));
    wait_until("a revocation", AT_ONCE, revoked).unwrap();
    let segment = |token: &str| stage.answer(token, MEDIA).0;
    assert!(tokens.iter().all(|token| segment(token) == 403));
}

#[test]
fn what_is_revoked_is_so_within_two_seconds_and_after_a_restart() {
    let mut stage = Stage::live("token");
    let sign = |stage: &Stage, more: &[&str]| {
        stage.signed(&[&["live/cam", "--org", "default"], more].concat())
    };
    let token = |signed: &Value| signed["token"].as_str().unwrap().to_owned();
    let one = sign(&stage, &["--viewer", "ben"]);
    let (one_id, one) = (one["id"].as_str().unwrap().to_owned(), token(&one));
    let path = sign(&stage, &["--form", "path"]);
    let (path_id, path) = (path["id"].as_str().unwrap().to_owned(), token(&path));
    let ana = token(&sign(&stage, &["--viewer", "ana"]));
    let ana_path = token(&sign(&stage, &["--viewer", "ana", "--form", "path"]));
    let ben = token(&sign(&stage, &["--viewer", "ben"]));
    let status = |stage: &Stage, token: &str| stage.status(token, LIST);
    for good in [&one, &path, &ana, &ana_path, &ben] {
        assert_eq!(status(&stage, good), 200);
    }
    // Another organisation's revocations are about its own tokens.
    for what in [&["--id", one_id.as_str()][..], &["--viewer", "ana"], &["--all"]] {
        ask(&stage.server, &[&["token", "revoke", "--org", "other"], what].concat());
    }
    revoke(&stage, &["--id", &one_id], &[&one]);
    revoke(&stage, &["--id", &path_id], &[&path]);
    assert_eq!(status(&stage, &ben), 200, "ben's other token");
    revoke(&stage, &["--viewer", "ana"], &[&ana, &ana_path]);
    assert_eq!(status(&stage, &ben), 200);
    let mut again = String::new();
    wait_until("a token that is made later", SOON, || {
        again = token(&sign(&stage, &["--viewer", "ana"]));
        status(&stage, &again) == 200
    })
    .unwrap();
    for (bad, text) in [(&one, "revoked"), (&ana, "revoked")] {
        let said = ask(&stage.server, &["token", "explain", bad, "--stream", "live/cam"]);
        assert_eq!(said["good"], false);
        assert!(said["refusal"].as_str().unwrap().contains(text), "{said}");
    }

    stage.server.kill_9().unwrap();
    stage.server.restart().unwrap();
    for bad in [&one, &path, &ana, &ana_path] {
        assert_eq!(stage.answer(bad, LIST), (403, "revoked".to_owned()));
    }
    for good in [&ben, &again] {
        assert!(matches!(status(&stage, good), 200 | 404), "it may still be read again");
    }
    revoke(&stage, &["--all"], &[&ben, &again]);
    wait_until("a token that is made after all", SOON, || {
        let later = token(&sign(&stage, &[]));
        status(&stage, &later) != 403
    })
    .unwrap();
}

#[test]
fn commands_say_why_a_token_is_good_or_not() {
    let stage = Stage::live("token");
    stage.trust_hs256();
    let token = stage.sign(&["live/cam", "--org", "default", "--address", "127.0.0.1"]);
    let body = |more: (&str, Value)| {
        let mut body: Value = serde_json::from_str(&claims()).unwrap();
        body[more.0] = more.1;
        hs256(SHOP, &header(), &body.to_string())
    };
    let (ended, early) = (body(("exp", json!(now_s() - 90))), body(("nbf", json!(now_s() + 90))));
    let stranger = hs256(b"a secret that nobody here has heard of", &header(), &claims());
    let here = ["--stream", "live/cam", "--address", "127.0.0.1"];
    let url = stage.server.http().url(&format!("/t/{token}{LIST}"));
    let mut refused = token.clone();
    refused.pop();
    for (text, more, reason) in [
        (&token, &here[..], None),
        (&url, &here[2..], None),
        (&token, &["--stream", "live/cam", "--address", "127.0.0.2"], Some("this address")),
        (&token, &["--stream", "live/main", "--address", "127.0.0.1"], Some("this stream")),
        (&token, &["--stream", "live/theirs", "--address", "127.0.0.1"], Some("organisation")),
        (&ended, &here, Some("ended 9")),
        (&early, &here, Some("is good in")),
        (&stranger, &here, Some("signature does not fit")),
        (&refused, &here, Some("oken")),
        (&"nonsense".to_owned(), &here, Some("no token")),
    ] {
        let verify = [&["token", "verify", text], more].concat();
        let finished = stage.server.command(&verify).unwrap();
        assert_eq!(finished.status.success(), reason.is_none(), "{}", finished.err);
        let said = ask(&stage.server, &[&["token", "explain", text], more].concat());
        assert_eq!(said["good"], reason.is_none(), "{said}");
        let refusal = said["refusal"].as_str().unwrap_or_default();
        if let Some(reason) = reason {
            assert!(finished.err.contains(reason), "{}", finished.err);
            assert!(refusal.contains(reason), "{refusal}");
        }
        let signature = text.rsplit(['.', '/']).next().unwrap();
        let shown = said.to_string() + &finished.err;
        assert!(signature.len() < 20 || !shown.contains(signature), "a signature is shown");
    }
    let later = (now_s() + 100_000).to_string();
    let at = ["token", "verify", &token, "--stream", "live/cam", "--at", &later];
    assert!(!stage.server.command(&at).unwrap().status.success());
}
