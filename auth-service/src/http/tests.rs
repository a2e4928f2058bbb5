use std::net::SocketAddr;
use std::sync::Arc;

use accounts::Role;
use runtime::{
    Acceptor, ConnectionLimits, Connections, DrainHandle, HttpLimits, drain, serve_http,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::testing::{Bench, PASSWORD, secret_of};

const JSON: &str = "Content-Type: application/json\r\n";

/// A service that is asked over HTTP.
struct Web {
    bench: Bench,
    address: SocketAddr,
    _running: DrainHandle,
}

/// An answer as it came.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Web {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let connections = Connections::new(ConnectionLimits {
            total_max: 100,
            per_address_max: 100,
            limit_loopback: false,
        });
        let any = "127.0.0.1:0".parse().unwrap();
        let acceptor = Acceptor::bind("auth", any, connections).unwrap();
        let address = acceptor.local_addr();
        let (running, drain) = drain();
        let api = Arc::new(Api::new(bench.service.clone()));
        tokio::spawn(serve_http(acceptor, None, api, HttpLimits::default(), drain));
        Self { bench, address, _running: running }
    }

    /// Sends what may be no request at all, and reads to the end.
    async fn raw(&self, request: &[u8]) -> Answer {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    async fn ask(&self, line: &str, headers: &str, body: &str) -> Answer {
        let (host, bytes) = (self.address, body.len());
        let head = format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}");
        let request = format!("{head}Content-Length: {bytes}\r\n\r\n{body}");
        self.raw(request.as_bytes()).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(&format!("POST /api/auth/v1{path}"), JSON, &body.to_string()).await
    }

    async fn as_user(&self, line: &str, token: &str, body: &Value) -> Answer {
        let headers = format!("{JSON}Authorization: Bearer {token}\r\n");
        self.ask(line, &headers, &body.to_string()).await
    }
}

impl Answer {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// That it is a problem of this code, with all that problems have.
    #[track_caller]
    fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.head.contains("content-type: application/problem+json"), "{self:?}");
        assert!(self.head.contains("cache-control: no-store"), "{self:?}");
        let json = self.json();
        assert_eq!((&json["status"], &json["code"]), (&json!(status), &json!(code)), "{self:?}");
        assert!(json["detail"].is_string() && json["title"].is_string(), "{self:?}");
    }
}

#[tokio::test]
async fn somebody_signs_in_goes_on_and_signs_out() {
    let web = Web::new().await;
    let ann = web.bench.user(&web.bench.a, "ann", Role::Streamer).await;
    web.bench.user(&web.bench.b, "ben", Role::Owner).await;
    let sign_in = json!({ "email": ann.email, "password": PASSWORD });
    let answer = web.post("/sessions", &sign_in).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for header in ["cache-control: no-store", "x-content-type-options: nosniff"] {
        assert!(answer.head.contains(header), "{answer:?}");
    }
    assert!(!answer.head.contains("set-cookie"), "{answer:?}");
    let first = answer.json();
    assert_eq!((&first["token_type"], &first["expires_in"]), (&json!("Bearer"), &json!(600)));
    assert_eq!(first["user"]["organisation"], json!(web.bench.a));
    assert_eq!(first["user"].get("password"), None);

    let refresh = json!({ "refresh_token": first["refresh_token"] });
    let second = web.post("/sessions/refresh", &refresh).await.json();
    let token = second["access_token"].as_str().unwrap();
    let me = web.as_user("GET /api/auth/v1/me", token, &Value::Null).await.json();
    let expected = json!({
        "id": ann.id, "organisation": web.bench.a, "email": "ann@a.example", "name": "ann",
        "role": "streamer", "status": "active", "is_email_verified": false,
        "verified": { "status": "unverified" },
    });
    assert_eq!(me, expected);
    let rename = json!({ "name": "Ann" });
    let me = web.as_user("POST /api/auth/v1/me/name", token, &rename).await.json();
    assert_eq!(me["name"], "Ann");
    let sessions = web.as_user("GET /api/auth/v1/me/sessions", token, &Value::Null).await.json();
    assert_eq!(sessions.as_array().unwrap().len(), 1, "{sessions}");
    assert_eq!(sessions[0]["address"], "127.0.0.1");
    let end = json!({ "refresh_token": second["refresh_token"] });
    assert_eq!(web.post("/sessions/end", &end).await.status, 204);
    web.post("/sessions/refresh", &end).await.is_problem(401, "unauthorized");
    web.as_user("GET /api/auth/v1/me", token, &Value::Null).await.is_problem(401, "unauthorized");
}

#[tokio::test]
async fn sessions_are_ended_one_by_one_and_passwords_changed() {
    let web = Web::new().await;
    let mut tokens = Vec::new();
    for email in ["ann@a.example", "ann@a.example", "ben@b.example"] {
        if tokens.is_empty() {
            web.bench.user(&web.bench.a, "ann", Role::Viewer).await;
            web.bench.user(&web.bench.b, "ben", Role::Owner).await;
        }
        let sign_in = json!({ "email": email, "password": PASSWORD });
        let signed_in = web.post("/sessions", &sign_in).await.json();
        tokens.push(signed_in["access_token"].as_str().unwrap().to_owned());
        web.bench.clock.advance(std::time::Duration::from_secs(1));
    }
    let sessions = "GET /api/auth/v1/me/sessions";
    let seen = web.as_user(sessions, &tokens[0], &Value::Null).await.json();
    let oldest = seen[1]["id"].as_str().unwrap();
    let end = format!("DELETE /api/auth/v1/me/sessions/{oldest}");
    web.as_user(&end, &tokens[2], &Value::Null).await.is_problem(404, "not-found");
    assert_eq!(web.as_user(&end, &tokens[1], &Value::Null).await.status, 204);
    web.as_user(sessions, &tokens[0], &Value::Null).await.is_problem(401, "unauthorized");
    let junk = "DELETE /api/auth/v1/me/sessions/%ff";
    web.as_user(junk, &tokens[1], &Value::Null).await.is_problem(404, "not-found");

    let line = "POST /api/auth/v1/me/password";
    let change = json!({ "old": PASSWORD, "new": "another good one" });
    let changed = web.as_user(line, &tokens[1], &change).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    web.as_user(sessions, &tokens[1], &Value::Null).await.is_problem(401, "unauthorized");
    let everywhere = "DELETE /api/auth/v1/me/sessions";
    let token = changed.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(web.as_user(everywhere, &token, &Value::Null).await.status, 204);
    web.as_user(sessions, &token, &Value::Null).await.is_problem(401, "unauthorized");
    assert_eq!(web.as_user(sessions, &tokens[2], &Value::Null).await.status, 200);
}

#[tokio::test]
async fn a_server_is_set_up_and_somebody_invited_by_links() {
    let web = Web::new().await;
    let service = &web.bench.service;
    let link = service.first_start().await.unwrap().unwrap();
    let token = secret_of(link.reveal());
    let look = json!({ "kind": "setup", "token": token.reveal() });
    let seen = web.post("/link", &look).await.json();
    assert_eq!(seen, json!({ "email": null, "name": "owner", "organisation": "a" }));
    let set_up = json!({
        "token": token.reveal(), "email": "ann@a.example", "name": "Ann", "password": PASSWORD,
    });
    let answer = web.post("/setup", &set_up).await;
    assert_eq!(answer.json()["user"]["role"], "owner", "{answer:?}");
    web.post("/setup", &set_up).await.is_problem(401, "unauthorized");

    let new =
        crate::NewUser { email: "abe@a.example".into(), name: "x".into(), role: Role::Viewer };
    let invited = service.invite(&crate::Actor::Local, &web.bench.a, &new).await.unwrap();
    let token = secret_of(invited.link.reveal());
    let accept = json!({ "token": token.reveal(), "password": "short" });
    web.post("/invitation", &accept).await.is_problem(422, "invalid");
    let accept = json!({ "token": token.reveal(), "name": "Abe", "password": PASSWORD });
    let answer = web.post("/invitation", &accept).await;
    assert_eq!(answer.json()["user"]["name"], "Abe", "{answer:?}");
}

#[tokio::test]
async fn an_address_is_proved_and_a_password_chosen_anew_by_links() {
    let web = Web::new().await;
    let service = &web.bench.service;
    let ann = web.bench.user(&web.bench.a, "ann", Role::Viewer).await;
    let sign_in = json!({ "email": ann.email, "password": PASSWORD });
    let signed_in = web.post("/sessions", &sign_in).await.json();
    let token = signed_in["access_token"].as_str().unwrap();
    let line = "POST /api/auth/v1/me/verify-email";
    assert_eq!(web.as_user(line, token, &Value::Null).await.status, 202);
    service.finish().await;
    let proof = web.bench.letters.secret();
    assert_eq!(web.post("/verify-email", &json!({ "token": proof.reveal() })).await.status, 204);
    let me = web.as_user("GET /api/auth/v1/me", token, &Value::Null).await.json();
    assert_eq!(me["is_email_verified"], true);

    let nobody = web.post("/forgot-password", &json!({ "email": "nobody@a.example" })).await;
    let somebody = web.post("/forgot-password", &json!({ "email": ann.email })).await;
    let said = |answer: &Answer| (answer.status, answer.body.clone());
    assert_eq!((said(&nobody), nobody.status), (said(&somebody), 202));
    service.finish().await;
    let token = web.bench.letters.secret();
    let reset = json!({ "token": token.reveal(), "password": "another good one" });
    assert_eq!(web.post("/reset-password", &reset).await.status, 204);
    web.post("/sessions", &sign_in).await.is_problem(401, "unauthorized");
    let sign_in = json!({ "email": ann.email, "password": "another good one" });
    assert_eq!(web.post("/sessions", &sign_in).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_understood_is_a_problem_that_repeats_nothing() {
    let web = Web::new().await;
    let line = "POST /api/auth/v1/sessions";
    let good = r#"{"email":"a@a.example","password":"hunter2hunter2"}"#;
    for body in [
        "",
        "null",
        "[]",
        "{",
        r#"{"email":"a@a.example"}"#,
        r#"{"email":"a@a.example","password":"hunter2hunter2","more":1}"#,
        r#"{"email":"a@a.example","password":{"hunter2hunter2":1}}"#,
        r#"{"email":"a@a.example","email":"hunter2hunter2","password":""}"#,
        r#"{"email":"hunter2hunter2","password":"hunter2hunter2"} hunter2hunter2"#,
        r#"{"hunter2hunter2":1}"#,
        r#""hunter2hunter2""#,
        "{\"email\":\"\u{0}\",\"password\":\"hunter2hunter2\"}",
        &"[".repeat(60_000),
    ] {
        let answer = web.ask(line, JSON, body).await;
        answer.is_problem(400, "malformed");
        assert!(!answer.body.contains("hunter2"), "{answer:?}");
    }
    let missing = web.ask(line, JSON, r#"{"email":"a@a.example"}"#).await.json();
    assert_eq!(missing["detail"], "line 1, column 23: missing field `password`");
    for kind in
        ["", "Content-Type: text/plain\r\n", "Content-Type: application/x-www-form-urlencoded\r\n"]
    {
        web.ask(line, kind, good).await.is_problem(415, "not-json");
    }
    let with_charset = "Content-Type: Application/JSON; charset=utf-8\r\n";
    web.ask(line, with_charset, good).await.is_problem(401, "unauthorized");
    let large = format!(r#"{{"email":"a@a.example","password":"{}"}}"#, "x".repeat(65_536));
    web.ask(line, JSON, &large).await.is_problem(413, "too-large");
    let bytes = [
        line,
        " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n",
        JSON,
        "Content-Length: 4\r\n\r\n\u{e4}",
    ];
    let mut bytes = bytes.concat().into_bytes();
    bytes.extend([0xFF, 0xFE]);
    web.raw(&bytes).await.is_problem(400, "malformed");
    web.ask("GET /api/auth/v1/nothing", "", "").await.is_problem(404, "not-found");
    web.ask("GET /api/auth/v1/sessions", "", "").await.is_problem(405, "method-not-allowed");
    web.ask("GET /", "", "").await.is_problem(404, "not-found");
}

#[tokio::test]
async fn who_shows_nothing_good_is_nobody() {
    let web = Web::new().await;
    let line = "GET /api/auth/v1/me";
    let answer = web.ask(line, "", "").await;
    answer.is_problem(401, "unauthorized");
    assert!(answer.head.contains("www-authenticate: bearer"), "{answer:?}");
    for shown in ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Bearer \u{e4}"] {
        let header = format!("Authorization: {shown}\r\n");
        web.ask(line, &header, "").await.is_problem(401, "unauthorized");
    }
    // A program has no account, whoever made its key.
    let ann = web.bench.actor(&web.bench.a, "ann", Role::Owner).await;
    let (name, role) = ("robot".to_owned(), Role::Owner);
    let new = crate::NewApiKey { name, role, scopes: Vec::new(), expires_at_ms: None };
    let (_, key) = web.bench.service.create_api_key(&ann, &web.bench.a, &new).await.unwrap();
    web.as_user(line, key.reveal(), &Value::Null).await.is_problem(404, "not-found");
    let change = json!({ "old": PASSWORD, "new": "another good one" });
    let line = "POST /api/auth/v1/me/password";
    web.as_user(line, key.reveal(), &change).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn a_page_of_another_site_cannot_ask() {
    let web = Web::new().await;
    let port = web.address.port();
    let (line, body) = ("POST /api/auth/v1/forgot-password", r#"{"email":"a@a.example"}"#);
    for (headers, allowed) in [
        (String::new(), true),
        ("Origin: http://127.0.0.1:8080\r\n".to_owned(), true),
        (format!("Origin: http://127.0.0.1:{port}\r\n"), true),
        ("Sec-Fetch-Site: same-origin\r\n".to_owned(), true),
        ("Origin: http://attacker.example\r\n".to_owned(), false),
        (format!("Origin: http://127.0.0.1.attacker.example:{port}\r\n"), false),
        ("Origin: http://127.0.0.1:8081\r\n".to_owned(), false),
        ("Origin: null\r\n".to_owned(), false),
        ("Origin: \r\n".to_owned(), false),
        ("Sec-Fetch-Site: cross-site\r\n".to_owned(), false),
    ] {
        let answer = web.ask(line, &format!("{JSON}{headers}"), body).await;
        match allowed {
            // The fourth letter to one address waits.
            true => assert!([202, 429].contains(&answer.status), "{headers} {answer:?}"),
            false => answer.is_problem(403, "forbidden"),
        }
        assert!(!answer.head.contains("access-control"), "{answer:?}");
    }
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let web = Web::new().await;
    web.bench.user(&web.bench.a, "ann", Role::Viewer).await;
    let wrong = json!({ "email": "ann@a.example", "password": "wrong password" });
    for _ in 0..5 {
        web.post("/sessions", &wrong).await.is_problem(401, "unauthorized");
    }
    let answer = web.post("/sessions", &wrong).await;
    answer.is_problem(429, "too-many");
    assert!(answer.head.contains("retry-after: 60"), "{answer:?}");
    assert_eq!(answer.json()["retry_after_s"], 60);
}

#[tokio::test]
async fn our_public_keys_may_be_kept_for_a_while_and_have_no_private_half() {
    let web = Web::new().await;
    let answer = web.ask("GET /.well-known/jwks.json", "", "").await;
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("cache-control: public, max-age=300"), "{answer:?}");
    let json = answer.json();
    let [key] = &json["keys"].as_array().unwrap()[..] else { panic!("{json}") };
    for (name, value) in [("kty", "OKP"), ("crv", "Ed25519"), ("alg", "EdDSA"), ("use", "sig")] {
        assert_eq!(key[name], value);
    }
    assert_eq!(key["x"].as_str().unwrap().len(), 43);
    assert!(key["kid"].as_str().unwrap().starts_with("tru_"));
    assert_eq!(key.as_object().unwrap().len(), 6, "{key}");
}
