//! Streams whose publishers the customer's endpoint is asked about.

use authz::{HookSecret, HookSettings, OnFailure};

use super::*;

async fn asked(hook: Option<Hook>) -> (Live, String) {
    let live = Live::with(hook).await;
    live.world.stream("live/a", None).await;
    let (_, key) = live.key(NewStreamKey::of(stream("live/a"))).await;
    let policy = StreamPolicy { ask_publish: true, ..StreamPolicy::default() };
    let change = StreamChange { policy: Some(policy), ..StreamChange::default() };
    live.world.service.change_stream(&Actor::Local, &stream("live/a"), change).await.unwrap();
    (live, key)
}

/// An endpoint that nobody listens at.
async fn away(on_failure: OnFailure) -> Hook {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let secret = HookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    Hook::new(HookSettings { url, secret, time_max: Duration::from_secs(2), on_failure }).unwrap()
}

#[tokio::test]
async fn nobody_publishes_if_there_is_nobody_to_ask() {
    let (live, key) = asked(None).await;
    live.check(&key, "the stream's policy does not allow it").await;
    live.check("weir_wrong", WRONG).await;
}

#[tokio::test]
async fn an_endpoint_that_is_away_keeps_out_or_lets_in_as_was_chosen() {
    let (live, key) = asked(Some(away(OnFailure::Allow).await)).await;
    live.check(&key, "live/a").await;
    let (live, key) = asked(Some(away(OnFailure::Deny).await)).await;
    let refusal = live.decide("live", &key, "192.0.2.7").await.unwrap_err();
    assert!(matches!(refusal, PublishRefusal::Unavailable { .. }), "{refusal}");
}
