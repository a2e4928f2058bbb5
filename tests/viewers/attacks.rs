//! What attackers make of tokens.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Map, Value, json};
use tokio::net::TcpSocket;

use crate::stage::{KID, LIST, SHOP, SOON, Stage, base64, claims, decoded, header, hs256, now_s};

/// A good token but for what its header says besides, or otherwise.
fn head(more: Value) -> String {
    hs256(SHOP, &merged(&header(), more), &claims())
}

/// The same of its claims.
fn body(more: Value) -> String {
    hs256(SHOP, &header(), &merged(&claims(), more))
}

fn merged(text: &str, more: Value) -> String {
    let mut all: Map<String, Value> = serde_json::from_str(text).unwrap();
    let Value::Object(more) = more else { panic!("{more} is no object") };
    all.extend(more);
    Value::Object(all).to_string()
}

/// What is wrong with each, and the token. `jwks` is what the server shows everybody.
fn forgeries(jwks: &Value) -> Vec<(&'static str, String)> {
    let (kid, public) = (&jwks["keys"][0]["kid"], jwks["keys"][0]["x"].as_str().unwrap());
    let none = |alg: &str| {
        let text = json!({ "alg": alg, "kid": KID }).to_string();
        format!("{}.{}.", base64(text), base64(claims()))
    };
    let confused = json!({ "alg": "HS256", "kid": kid }).to_string();
    let now = now_s();
    let raw = decoded(public);
    let twice = format!("{{\"streams\":[\"live/x\"],\"streams\":[\"*\"],\"exp\":{}}}", now + 60);
    let late = format!("{{\"exp\":1,\"exp\":{},\"streams\":\"*\"}}", now + 60);
    let deep = "[".repeat(3_000) + &"]".repeat(3_000);
    let many: Vec<_> = (0..200).map(|number| format!("live/{number}")).collect();
    vec![
        ("no algorithm", none("none")),
        ("no algorithm, otherwise", none("nOnE")),
        ("a public key as a secret", hs256(public.as_bytes(), &confused, &claims())),
        ("its bytes as a secret", hs256(&raw, &confused, &claims())),
        ("the set of keys as a secret", hs256(jwks.to_string().as_bytes(), &confused, &claims())),
        ("an empty secret", hs256(b"", &header(), &claims())),
        ("a file as a key", head(json!({ "kid": "../../../../dev/null" }))),
        ("SQL as a key", head(json!({ "kid": "x' OR '1'='1" }))),
        ("a key's name as a list", head(json!({ "kid": [KID] }))),
        ("another algorithm", head(json!({ "alg": "EdDSA" }))),
        ("nothing that must be known", head(json!({ "crit": [] }))),
        ("something that must be known", head(json!({ "crit": ["exp"], "exp": 1 }))),
        ("text that is not coded", head(json!({ "b64": false }))),
        ("packed claims", head(json!({ "zip": "DEF" }))),
        ("one that ended", body(json!({ "exp": now - 40 }))),
        ("one that ended long ago", body(json!({ "exp": 0 }))),
        ("one that ended before time began", body(json!({ "exp": i64::MIN }))),
        ("one without an end", hs256(SHOP, &header(), "{\"streams\":\"live/cam\"}")),
        ("an end in words", body(json!({ "exp": "never" }))),
        ("one that begins later", body(json!({ "nbf": now + 90 }))),
        ("one for somebody else", body(json!({ "aud": "another.example.org" }))),
        ("one of another organisation", body(json!({ "streams": "live/theirs" }))),
        ("one of no stream", body(json!({ "streams": [] }))),
        ("streams twice", hs256(SHOP, &header(), &twice)),
        ("an end twice", hs256(SHOP, &header(), &late)),
        ("claims that are too long", body(json!({ "note": "x".repeat(4_000) }))),
        ("claims that are too deep", hs256(SHOP, &header(), &deep)),
        ("too many streams", body(json!({ "streams": many }))),
        ("claims that are none", hs256(SHOP, &header(), "[]")),
        ("claims that are not JSON", hs256(SHOP, &header(), "{\"exp\":")),
        ("padding", hs256(SHOP, &header(), &claims()) + "%3D"),
        ("nothing but dots", "..".to_owned() + "."),
    ]
}

#[test]
fn no_forged_token_opens_anything() {
    let stage = Stage::live("token");
    stage.trust_hs256();
    let jwks: Value = serde_json::from_str(&stage.text("/.well-known/jwks.json")).unwrap();
    let segment = stage.segment(&body(json!({})));
    for (what, token) in &forgeries(&jwks) {
        for path in [LIST, &segment] {
            for form in [format!("/t/{token}{path}"), format!("{path}?token={token}")] {
                let status = stage.server.http().get(&form).unwrap().status;
                // An address that is longer than any good one is not even looked at.
                let unread = status == 400 && token.len() > 4_096;
                assert!(unread || status == 403, "{what}: {status}");
            }
        }
        let status = stage.status(token, "/live/theirs/index.m3u8");
        assert!(matches!(status, 400 | 403), "{what}: {status}");
    }
    // Keys that a token brings along are not looked at, so the trusted one decides.
    for name in ["jku", "x5u"] {
        let head = merged(&header(), json!({ name: "https://127.0.0.1/keys.json" }));
        let mine = hs256(b"a secret that nobody here has heard of", &head, &claims());
        assert_eq!(stage.status(&mine, LIST), 403, "{name}");
    }
    assert_eq!(stage.status(&body(json!({})), LIST), 200, "and a good one is good");
    assert_eq!(stage.server.log_lines("panicked"), Vec::<String>::new());
}

#[test]
fn a_token_with_a_changed_byte_is_refused_wherever_it_is() {
    let stage = Stage::live("token");
    for form in ["path", "jwt"] {
        let token = stage.sign(&["live/cam", "--org", "default", "--form", form]);
        assert_eq!(stage.status(&token, LIST), 200);
        for at in 0..token.len() {
            for other in *b"A0." {
                let mut bytes = token.clone().into_bytes();
                bytes[at] = if bytes[at] == other { b'B' } else { other };
                let changed = String::from_utf8(bytes).unwrap();
                let (status, code) = stage.answer(&changed, LIST);
                assert_eq!((status, code.as_str()), (403, "bad-token"), "{form} {at}");
            }
        }
        for short in [&token[1..], &token[..token.len() - 1]] {
            assert_eq!(stage.status(short, LIST), 403, "{form}");
        }
        assert_eq!(stage.status(&format!("{token}A"), LIST), 403, "{form}");
    }
}

/// The status that a client with this address is answered with.
fn status_from(client: &str, server: SocketAddr, path: &str) -> u16 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let socket = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{client}:0").parse().unwrap()).unwrap();
        socket.connect(server).await.unwrap().into_std().unwrap()
    });
    ask_on(socket, server, path)
}

fn ask_on(mut socket: TcpStream, server: SocketAddr, path: &str) -> u16 {
    socket.set_nonblocking(false).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {server}\r\nx-forwarded-for: 127.0.0.1\r\n\
         connection: close\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_token_that_is_bound_to_an_address_is_good_from_there_only() {
    let stage = Stage::live("token");
    let server = stage.server.http().address();
    for form in ["jwt", "path"] {
        let bound = ["live/cam", "--org", "default", "--form", form, "--address", "127.0.0.1"];
        let token = stage.sign(&bound);
        for path in [LIST.to_owned(), stage.segment(&token)] {
            let path = format!("/t/{token}{path}");
            for _ in 0..2 {
                assert_eq!(status_from("127.0.0.1", server, &path), 200, "{form}");
                assert_eq!(status_from("127.0.0.2", server, &path), 403, "{form}");
            }
        }
        let subnet = ["live/cam", "--org", "default", "--form", form, "--address", "127.0.0.2/31"];
        let path = format!("/t/{}{LIST}", stage.sign(&subnet));
        let statuses = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"]
            .map(|client| status_from(client, server, &path));
        assert_eq!(statuses, [403, 200, 200, 403], "{form}");
    }
}
