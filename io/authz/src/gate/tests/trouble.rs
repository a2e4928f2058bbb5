use accounts::StreamPolicy;

use super::*;
use crate::testing::{Reply, Server};
use crate::{HookSecret, HookSettings, OnFailure};

#[tokio::test]
async fn what_cannot_be_read_lets_nobody_in() {
    let world = world().await;
    world.shelf.is_away(true);
    let token = sign(&claims("live/*"), &world.key_a).unwrap();
    let away = "unavailable: the shelf is away";
    world.check("/live/a-public/index.m3u8", away).await;
    world.check(&format!("/t/{token}/live/a-token/index.m3u8"), away).await;
    world.shelf.is_away(false);
    world.check("/live/a-public/index.m3u8", "allowed").await;
    // What was read before goes on.
    let url = format!("/t/{token}/live/a-token/index.m3u8");
    world.check(&url, "allowed anna").await;
    world.shelf.is_away(true);
    assert!(world.gate.reload().await.is_err());
    world.check("/live/a-public/index.m3u8", "allowed").await;
    world.check(&url, "allowed anna").await;
    world.gate.missed();
    world.check(&url, "allowed anna").await;
    // What may have been missed is read as soon as it can be.
    world.shelf.open("live/a-public", &world.a, Access::Private);
    world.check("/live/a-public/index.m3u8", "allowed").await;
    world.shelf.is_away(false);
    world.gate.missed();
    world.check("/live/a-public/index.m3u8", "this stream needs a token").await;
    world.shelf.is_away(true);
    let stream = StreamName::parse("live/a-token").unwrap();
    world.gate.notice(&Notice::StreamChanged { stream });
    world.check(&url, away).await;
}

#[tokio::test]
async fn before_keys_and_revocations_were_read_no_token_is_good() {
    let world = world().await;
    let fresh = Gate::new(Arc::clone(&world.shelf) as Arc<dyn Directory>, None);
    let token = sign(&claims("live/*"), &world.key_a).unwrap();
    let url = format!("/t/{token}/live/a-token/index.m3u8");
    let unread = "unavailable: trusted keys and revocations were not read yet";
    assert_eq!(decide(&fresh, &request(&url, facts(NOW_S))).await, unread);
    fresh.reload_keys().await.unwrap();
    assert_eq!(decide(&fresh, &request(&url, facts(NOW_S))).await, unread);
    let public = format!("/t/{token}/live/a-public/index.m3u8");
    assert_eq!(decide(&fresh, &request(&public, facts(NOW_S))).await, "allowed");
    fresh.reload_revocations().await.unwrap();
    assert_eq!(decide(&fresh, &request(&url, facts(NOW_S))).await, "allowed anna");
}

#[tokio::test]
async fn a_key_that_is_none_does_not_keep_the_others_from_being_used() {
    let world = world().await;
    world.trust(&trusted(30, Some(&world.a), jwt(Algorithm::ES256, false), b"no key"));
    world.trust(&trusted(31, Some(&world.a), TrustedKind::Akamai, b"zz"));
    world.trust(&trusted(32, None, TrustedKind::Path, b"short"));
    world.reload().await;
    let token = sign(&claims("live/*"), &world.key_a).unwrap();
    world.check(&format!("/t/{token}/live/a-token/index.m3u8"), "allowed anna").await;
    let (_, bad) = crate::keyring(&world.shelf.keys.lock().unwrap());
    let ids: Vec<_> = bad.iter().map(|(id, _)| id.clone()).collect();
    let id = |number: u8| TrustedKeyId::new(i64::from(number), [number; 10]);
    assert_eq!(ids, [id(30), id(31), id(32)]);
}

#[tokio::test(start_paused = true)]
async fn the_gate_keeps_itself_up_to_date_until_it_is_stopped() {
    let world = world().await;
    let shelf = Arc::clone(&world.shelf);
    let gate = Arc::new(Gate::new(Arc::clone(&shelf) as Arc<dyn Directory>, None));
    shelf.is_away(true);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn({
        let gate = Arc::clone(&gate);
        async move { gate.run(async { drop(stopped.await) }).await }
    });
    sleep(Duration::from_millis(100)).await;
    shelf.is_away(false);
    let token = sign(&claims("live/*"), &world.key_a).unwrap();
    let url = format!("/t/{token}/live/a-token/index.m3u8");
    let asked = request(&url, facts(NOW_S));
    assert!(decide(&gate, &asked).await.starts_with("unavailable"));
    // It tries again after a second, reads anew when it is told, and else every half minute.
    sleep(Duration::from_secs(1)).await;
    assert_eq!(decide(&gate, &asked).await, "allowed anna");
    let keys = std::mem::take(&mut *shelf.keys.lock().unwrap());
    gate.notice(&Notice::KeysChanged);
    sleep(Duration::from_millis(100)).await;
    assert_eq!(decide(&gate, &asked).await, UNKNOWN);
    *shelf.keys.lock().unwrap() = keys;
    sleep(Duration::from_secs(29)).await;
    assert_eq!(decide(&gate, &asked).await, UNKNOWN);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(decide(&gate, &asked).await, "allowed anna");
    shelf.keys.lock().unwrap().clear();
    gate.missed();
    sleep(Duration::from_millis(100)).await;
    assert_eq!(decide(&gate, &asked).await, UNKNOWN);
    stop.send(()).unwrap();
    running.await.unwrap();
}

async fn world_that_asks(reply: Reply) -> (World, Server) {
    let server = Server::start(reply).await;
    let secret = HookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let (time_max, on_failure) = (Duration::from_secs(2), OnFailure::Deny);
    let hook = HookSettings { url: server.url(), secret, time_max, on_failure };
    let world = world_with(Some(Hook::new(hook).unwrap())).await;
    for access in [Access::Public, Access::Token] {
        let policy = StreamPolicy { access, ask_play: true, ..Default::default() };
        world.shelf.put(&format!("live/asks-{}", access.name()), &world.a, policy);
    }
    (world, server)
}

#[tokio::test]
async fn the_customers_endpoint_is_asked_where_the_policy_says_so() {
    let no = r#"{"allow":false,"reason":"Your plan ended."}"#;
    let (world, server) = world_that_asks(Reply::ok(no)).await;
    let token = sign(&claims("live/*"), &world.key_a).unwrap();
    world.check(&format!("/t/{token}/live/a-token/x.ts"), "allowed anna").await;
    // Who has no token is not even asked about.
    world.check("/live/asks-token/x.ts", "this stream needs a token").await;
    let query = format!("/live/asks-token/x.ts?token={token}");
    world.check(&query, &format!("moved /t/{token}/live/asks-token/x.ts")).await;
    assert_eq!(server.count(), 0);
    world.check(&format!("/t/{token}/live/asks-token/x.ts"), "Your plan ended.").await;
    world.check(&format!("/t/{token}/live/asks-token/y.ts"), "Your plan ended.").await;
    assert_eq!(server.count(), 1);
    world.check("/live/asks-public/x.ts", "Your plan ended.").await;
    assert_eq!(server.count(), 2);
    assert!(server.asked()[0].body.contains(r#""viewer":"anna""#), "{:?}", server.asked()[0]);
}

#[tokio::test]
async fn an_endpoint_that_gives_no_verdict_or_is_not_there_lets_nobody_in() {
    let (world, _server) = world_that_asks(Reply::ok("rubbish")).await;
    let rubbish = "unavailable: the customer's endpoint: its answer is no JSON object with \
                   `allow` in it";
    world.check("/live/asks-public/x.ts", rubbish).await;
    let none = super::world().await;
    let policy = StreamPolicy { ask_play: true, ..Default::default() };
    none.shelf.put("live/asks", &none.a, policy);
    let text = "unavailable: the stream's policy asks an endpoint, and none is configured";
    none.check("/live/asks/x.ts", text).await;
}

#[tokio::test]
async fn nothing_that_is_printed_of_a_gate_is_a_secret() {
    let (world, _server) = world_that_asks(Reply::ok("")).await;
    let printed = format!("{:?}", world.gate);
    assert_eq!(printed, "Gate(Policies(0 streams) Revoked(0) Some(Hook(127.0.0.1)))");
}
