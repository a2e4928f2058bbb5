//! Devices and tokens over HTTP, with two organisations.

use accounts::{Access, OrganisationId, Role, StreamPolicy};
use axum::http::Request as Asked;
use axum::http::request::Builder;
use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::testing::{Bench, PASSWORD, from};
use crate::{Actor, Api, NewStream};

/// The interface, and who asks it.
struct Web {
    bench: Bench,
    api: Api,
}

impl Web {
    async fn new() -> Self {
        let bench = Bench::new().await;
        bench.service.prepare_signing_keys().await.unwrap();
        let api = Api::new(bench.service.clone());
        Self { bench, api }
    }

    async fn ask(&self, request: Builder, body: &str) -> (u16, Value) {
        let request = request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        let answer = self.api.call(request, [192, 0, 2, 9].into()).await;
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let body = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
        (answer.status().as_u16(), body)
    }

    async fn post(&self, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let request = Asked::post(format!("/api/auth/v1{path}"));
        let request = request.header("authorization", format!("Bearer {token}"));
        self.ask(request.header(CONTENT_TYPE, "application/json"), &body.to_string()).await
    }

    /// As clients of OAuth ask.
    async fn form(&self, path: &str, body: &str) -> (u16, Value) {
        let request = Asked::post(format!("/api/auth/v1{path}"));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(request, body).await
    }

    /// Somebody of an organisation who signed in.
    async fn signed_in(&self, of: &OrganisationId, name: &str, role: Role) -> String {
        let user = self.bench.user(of, name, role).await;
        let (password, caller) = (Secret::new(PASSWORD), from("192.0.2.9"));
        let signed_in = self.bench.service.sign_in(&user.email, &password, &caller).await;
        signed_in.unwrap().access.reveal().to_owned()
    }

    async fn stream(&self, name: &str, of: &OrganisationId, password: Option<&str>) {
        let access = if password.is_some() { Access::Password } else { Access::Public };
        let new = NewStream {
            policy: Some(StreamPolicy { access, ..StreamPolicy::default() }),
            password: password.map(Secret::new),
            ..NewStream::named(StreamName::parse(name).unwrap(), of.clone())
        };
        self.bench.service.create_stream(&Actor::Local, new).await.unwrap();
    }

    async fn poll(&self, code: &str) -> (u16, Value) {
        self.bench.clock.advance(std::time::Duration::from_secs(5));
        let grant = DEVICE_CODE.replace(':', "%3A");
        self.form("/token", &format!("grant_type={grant}&device_code={code}")).await
    }
}

#[tokio::test]
async fn an_encoder_is_paired_as_the_standard_says() {
    let web = Web::new().await;
    let (a, b) = (web.bench.a.clone(), web.bench.b.clone());
    web.stream("live/cam", &a, None).await;
    let asked = "client_id=x&kind=encoder&name=Roof&model=Box";
    let (status, begun) = web.form("/device_authorization", asked).await;
    assert_eq!((status, &begun["interval"], &begun["expires_in"]), (200, &json!(5), &json!(900)));
    let (code, user_code) = (begun["device_code"].as_str().unwrap(), &begun["user_code"]);
    let user_code = user_code.as_str().unwrap();
    assert_eq!(begun["verification_uri"], "http://127.0.0.1:8080/pair");
    let complete = format!("http://127.0.0.1:8080/pair#{user_code}");
    assert_eq!(begun["verification_uri_complete"], complete);
    let pending = (400, json!({"error": "authorization_pending"}));
    assert_eq!(web.poll(code).await, pending);
    let operator = web.signed_in(&a, "operator", Role::Operator).await;
    let other = web.signed_in(&b, "operator", Role::Operator).await;
    let typed = json!({"user_code": user_code});
    assert_eq!(web.post("/pairing/look", "", &typed).await.0, 401);
    let (status, seen) = web.post("/pairing/look", &operator, &typed).await;
    assert_eq!((status, seen), (200, json!({"kind": "encoder", "name": "Roof", "model": "Box"})));
    let approve = "/pairing/approve";
    let choice = json!({"user_code": user_code, "stream": "live/cam"});
    assert_eq!(web.post(approve, &other, &choice).await.0, 404);
    assert_eq!(web.post(approve, &operator, &typed).await.0, 422);
    let odd = json!({"user_code": user_code, "stream": "a b"});
    assert_eq!(web.post(approve, &operator, &odd).await.0, 422);
    let (status, paired) = web.post(approve, &operator, &choice).await;
    assert_eq!((status, &paired["name"]), (200, &json!("Roof")));
    let (status, given) = web.poll(code).await;
    assert_eq!(status, 200);
    assert_eq!(given["server"], "rtmp://127.0.0.1:1935/live");
    assert_eq!(given["stream"], "live/cam");
    assert!(given["stream_key"].as_str().unwrap().starts_with("weir_"));
    assert_eq!(web.poll(code).await, (400, json!({"error": "invalid_grant"})));
}

#[tokio::test]
async fn a_player_gets_tokens_and_refreshes_them() {
    let web = Web::new().await;
    let a = web.bench.a.clone();
    let asked = json!({"kind": "player", "name": "TV"});
    let (_, begun) = web.post("/device_authorization", "", &asked).await;
    let user_code = begun["user_code"].as_str().unwrap();
    let viewer = web.signed_in(&a, "viewer", Role::Viewer).await;
    let typed = json!({"user_code": user_code});
    let (status, _) = web.post("/pairing/approve", &viewer, &typed).await;
    assert_eq!(status, 200);
    let (status, given) = web.poll(begun["device_code"].as_str().unwrap()).await;
    assert_eq!((status, &given["token_type"]), (200, &json!("Bearer")));
    let refresh = given["refresh_token"].as_str().unwrap();
    let sent = json!({"grant_type": "refresh_token", "refresh_token": refresh});
    let (status, again) = web.post("/token", "", &sent).await;
    assert_eq!((status, &again["expires_in"]), (200, &json!(86_400)));
    let unknown = (400, json!({"error": "unsupported_grant_type"}));
    assert_eq!(web.form("/token", "grant_type=password").await, unknown);
    assert_eq!(web.form("/token", "device_code=x").await.0, 400);
}

#[tokio::test]
async fn a_device_that_is_denied_is_told_so() {
    let web = Web::new().await;
    let a = web.bench.a.clone();
    let (_, begun) = web.form("/device_authorization", "kind=player").await;
    let user_code = begun["user_code"].as_str().unwrap();
    let viewer = web.signed_in(&a, "viewer", Role::Viewer).await;
    let typed = json!({"user_code": user_code});
    assert_eq!(web.post("/pairing/deny", &viewer, &typed).await.0, 204);
    assert_eq!(web.post("/pairing/deny", &viewer, &typed).await.0, 404);
    let denied = web.poll(begun["device_code"].as_str().unwrap()).await;
    assert_eq!(denied, (400, json!({"error": "access_denied"})));
}

#[tokio::test]
async fn a_password_is_exchanged_for_a_token() {
    let web = Web::new().await;
    let a = web.bench.a.clone();
    web.stream("live/cam", &a, Some("open sesame")).await;
    let unlock = |path: &str, password: &str| {
        let (path, sent) = (format!("/streams/{path}/unlock"), json!({"password": password}));
        let web = &web;
        async move { web.post(&path, "", &sent).await }
    };
    let (status, given) = unlock("live/cam", "open sesame").await;
    assert_eq!((status, &given["expires_in"]), (200, &json!(86_400)));
    assert!(given["token"].as_str().unwrap().starts_with("w1."));
    let (status, refused) = unlock("live/cam", "open sesamf").await;
    assert_eq!((status, &refused["code"]), (401, &json!("unauthorized")));
    assert!(!refused.to_string().contains("sesamf"));
    assert_eq!(unlock("live/nowhere", "open sesame").await.0, 401);
    assert_eq!(unlock("live/..", "open sesame").await.0, 404);
}

#[tokio::test]
async fn tokens_are_signed_for_the_organisation_of_who_asks() {
    let web = Web::new().await;
    let (a, b) = (web.bench.a.clone(), web.bench.b.clone());
    web.stream("live/cam", &a, None).await;
    let operator = web.signed_in(&a, "operator", Role::Operator).await;
    let other = web.signed_in(&b, "operator", Role::Operator).await;
    let viewer = web.signed_in(&a, "viewer", Role::Viewer).await;
    let wanted = json!({"streams": ["live/cam"], "form": "path", "lifetime_s": 60});
    let (status, signed) = web.post("/play-tokens", &operator, &wanted).await;
    assert_eq!((status, &signed["expires_in"]), (200, &json!(60)));
    assert_eq!(web.post("/play-tokens", &other, &wanted).await.0, 422);
    assert_eq!(web.post("/play-tokens", &viewer, &wanted).await.0, 404);
    assert_eq!(web.post("/play-tokens", "nonsense", &wanted).await.0, 401);
    for (pattern, expected) in [("../x", 422), ("live/x y", 400), ("live", 400)] {
        let bad = json!({"streams": [pattern]});
        assert_eq!(web.post("/play-tokens", &operator, &bad).await.0, expected, "{pattern}");
    }
    assert_eq!(web.post("/play-tokens/own", &viewer, &json!({})).await.0, 200);
}
