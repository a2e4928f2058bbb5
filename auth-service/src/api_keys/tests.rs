use std::time::Duration;

use super::*;
use crate::testing::{Bench, as_actor, from};
use crate::{Caller, UserChange};

fn new(role: Role, scopes: &[Scope]) -> NewApiKey {
    NewApiKey { name: "robot".to_owned(), role, scopes: scopes.to_vec(), expires_at_ms: None }
}

async fn shown(service: &Service, secret: &Secret) -> Result<Actor, ServiceError> {
    let authorization = Secret::new(format!("Bearer {}", secret.reveal()));
    service.actor(&authorization, &Caller::default()).await
}

#[tokio::test]
async fn a_key_is_shown_once_and_opens_what_it_may() {
    let bench = Bench::new().await;
    let service = &bench.service;
    let ann = bench.user(&bench.a, "ann", Role::Operator).await;
    let ben = bench.actor(&bench.b, "ben", Role::Owner).await;
    let scopes = [Scope::StreamsWrite, Scope::StreamsRead, Scope::StreamsWrite];
    let asked = new(Role::Streamer, &scopes);
    let made = service.create_api_key(&as_actor(&ann), &bench.a, &asked).await;
    let (key, secret) = made.unwrap();
    assert_eq!(secret.reveal().len(), 9 + 26);
    assert!(secret.reveal().starts_with("weir_api_") && secret.reveal().starts_with(&key.prefix));
    assert_eq!(key.prefix.len(), 12);
    assert!(!key.hash.contains(secret.reveal()));
    let expected = Actor::Program {
        organisation: bench.a.clone(),
        user: Some(ann.id.clone()),
        role: Role::Streamer,
        scopes: vec![Scope::StreamsRead, Scope::StreamsWrite],
    };
    assert_eq!(shown(service, &secret).await.unwrap(), expected);

    // Nobody of another organisation sees or revokes it.
    assert!(service.api_keys(&ben, &bench.a).await.is_err());
    assert!(service.revoke_api_key(&ben, &bench.a, &key.id).await.is_err());
    assert!(service.revoke_api_key(&ben, &bench.b, &key.id).await.is_err());
    assert_eq!(shown(service, &secret).await.unwrap(), expected);
    service.revoke_api_key(&as_actor(&ann), &bench.a, &key.id).await.unwrap();
    assert!(shown(service, &secret).await.is_err());
    assert!(service.revoke_api_key(&as_actor(&ann), &bench.a, &key.id).await.is_err());
}

#[tokio::test]
async fn what_is_no_key_opens_nothing() {
    let bench = Bench::new().await;
    let asked = new(Role::Owner, &[]);
    let made = bench.service.create_api_key(&Actor::Local, &bench.a, &asked).await;
    let (key, secret) = made.unwrap();
    let good = secret.reveal().to_owned();
    for text in [
        String::new(),
        key.prefix,
        key.hash,
        good.to_uppercase(),
        format!("{good}a"),
        good.replace("weir_api_", "weir_"),
        format!("weir_api_{}", "a".repeat(26)),
    ] {
        assert!(shown(&bench.service, &Secret::new(text.as_str())).await.is_err(), "{text}");
    }
    shown(&bench.service, &secret).await.unwrap();
    for scheme in ["Basic", "", "bearer:"] {
        let text = Secret::new(format!("{scheme} {good}"));
        assert!(bench.service.actor(&text, &Caller::default()).await.is_err(), "{scheme}");
    }
}

#[tokio::test]
async fn a_key_ends_with_its_time_or_with_its_maker() {
    let bench = Bench::new().await;
    let service = &bench.service;
    bench.user(&bench.a, "owner", Role::Owner).await;
    let ann = bench.user(&bench.a, "ann", Role::Operator).await;
    let soon = bench.clock.now_ms() + 1_000;
    let ending = NewApiKey { expires_at_ms: Some(soon), ..new(Role::Viewer, &[]) };
    let (_, ends) = service.create_api_key(&as_actor(&ann), &bench.a, &ending).await.unwrap();
    let lasting = new(Role::Operator, &[]);
    let (_, lasts) = service.create_api_key(&as_actor(&ann), &bench.a, &lasting).await.unwrap();
    bench.clock.advance(Duration::from_millis(999));
    shown(service, &ends).await.unwrap();
    bench.clock.advance(Duration::from_millis(1));
    assert!(shown(service, &ends).await.is_err());
    let over = service.create_api_key(&as_actor(&ann), &bench.a, &ending).await;
    assert!(matches!(over, Err(ServiceError::Invalid(_))));

    // It is no more than its maker is now.
    let change = |role, is_disabled| UserChange { role, is_disabled, ..UserChange::default() };
    let role = |actor: Actor| match actor {
        Actor::Program { role, .. } => role,
        Actor::Local | Actor::User { .. } => panic!("{actor:?}"),
    };
    for (now, expected) in [(Role::Streamer, Role::Streamer), (Role::Owner, Role::Operator)] {
        service.update_user(&Actor::Local, &ann.id, &change(Some(now), None)).await.unwrap();
        assert_eq!(role(shown(service, &lasts).await.unwrap()), expected);
    }
    service.update_user(&Actor::Local, &ann.id, &change(None, Some(true))).await.unwrap();
    assert!(shown(service, &lasts).await.is_err());
    service.update_user(&Actor::Local, &ann.id, &change(None, Some(false))).await.unwrap();
    shown(service, &lasts).await.unwrap();
    service.delete_user(&Actor::Local, &ann.id).await.unwrap();
    assert!(shown(service, &lasts).await.is_err());
}

#[tokio::test]
async fn a_streamer_does_not_see_more_by_a_key() {
    let bench = Bench::new().await;
    let streamer = bench.actor(&bench.a, "ann", Role::Streamer).await;
    for role in Role::ALL {
        let made = bench.service.create_api_key(&streamer, &bench.a, &new(role, &[])).await;
        assert_eq!(made.is_ok(), [Role::Streamer, Role::Viewer].contains(&role), "{role:?}");
        let elsewhere = bench.service.create_api_key(&streamer, &bench.b, &new(role, &[])).await;
        assert!(matches!(elsewhere, Err(ServiceError::NotFound)), "{role:?}");
    }
    assert_eq!(common(Role::ReadOnly, Role::Streamer), None);
}

#[tokio::test]
async fn programs_make_no_keys() {
    let bench = Bench::new().await;
    let (_, secret) = bench
        .service
        .create_api_key(&Actor::Local, &bench.a, &new(Role::Owner, &[]))
        .await
        .unwrap();
    let program = shown(&bench.service, &secret).await.unwrap();
    let made = bench.service.create_api_key(&program, &bench.a, &new(Role::Viewer, &[])).await;
    assert!(matches!(made, Err(ServiceError::Forbidden { .. })));
    // It sees and revokes them, if it may.
    assert_eq!(bench.service.api_keys(&program, &bench.a).await.unwrap().len(), 1);
    assert!(bench.service.api_keys(&program, &bench.b).await.is_err());
}

#[tokio::test]
async fn those_who_do_not_manage_keys_see_their_own() {
    let bench = Bench::new().await;
    let service = &bench.service;
    let operator = bench.actor(&bench.a, "ann", Role::Operator).await;
    let viewer = bench.actor(&bench.a, "abe", Role::Viewer).await;
    service.create_api_key(&operator, &bench.a, &new(Role::Viewer, &[])).await.unwrap();
    let (own, _) =
        service.create_api_key(&viewer, &bench.a, &new(Role::Viewer, &[])).await.unwrap();
    service.create_api_key(&Actor::Local, &bench.a, &new(Role::Viewer, &[])).await.unwrap();
    service.create_api_key(&Actor::Local, &bench.b, &new(Role::Viewer, &[])).await.unwrap();
    assert_eq!(service.api_keys(&operator, &bench.a).await.unwrap().len(), 3);
    assert_eq!(service.api_keys(&viewer, &bench.a).await.unwrap(), std::slice::from_ref(&own));
    service.revoke_api_key(&viewer, &bench.a, &own.id).await.unwrap();
}

#[tokio::test]
async fn when_a_key_was_used_is_kept_once_a_minute() {
    let bench = Bench::new().await;
    let service = &bench.service;
    let (_, secret) =
        service.create_api_key(&Actor::Local, &bench.a, &new(Role::Viewer, &[])).await.unwrap();
    let (mut seen, begin_ms) = (Vec::new(), bench.clock.now_ms());
    for _ in 0..5 {
        shown(service, &secret).await.unwrap();
        let keys = service.api_keys(&Actor::Local, &bench.a).await.unwrap();
        seen.push(keys[0].last_used_ms.unwrap() - begin_ms);
        bench.clock.advance(Duration::from_secs(30));
    }
    assert_eq!(seen, [0, 0, 60_000, 60_000, 120_000]);
}

#[tokio::test]
async fn keys_are_tried_so_often_from_one_address() {
    let bench = Bench::new().await;
    let guess = Secret::new(format!("Bearer weir_api_{}", "a".repeat(26)));
    let caller = from("192.0.2.1");
    for _ in 0..120 {
        let refused = bench.service.actor(&guess, &caller).await;
        assert!(matches!(refused, Err(ServiceError::Unauthorized(_))));
    }
    let refused = bench.service.actor(&guess, &caller).await;
    assert!(matches!(refused, Err(ServiceError::TooMany { .. })));
    assert!(!matches!(
        bench.service.actor(&guess, &from("192.0.2.2")).await,
        Err(ServiceError::TooMany { .. })
    ));
}
