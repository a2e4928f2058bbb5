//! Revocations of two organisations.

use accounts::Role;

use super::*;
use crate::world::{START_MS, World, outcome};

#[tokio::test]
async fn tokens_are_revoked_by_those_who_manage_keys_in_their_organisation() {
    let world = World::new().await;
    let revoke = |actor: Actor, organisation: Option<OrganisationId>| {
        let service = &world.service;
        async move {
            let token = RevokedTokens::Token("a".to_owned());
            outcome(service.revoke_tokens(&actor, organisation.as_ref(), token).await)
        }
    };
    let (a, b) = (&world.a, &world.b);
    for (role, own) in [
        (Role::Owner, "done"),
        (Role::Operator, "done"),
        (Role::Streamer, "forbidden"),
        (Role::Viewer, "forbidden"),
        (Role::ReadOnly, "forbidden"),
    ] {
        assert_eq!(revoke(a.actor(role), Some(a.id.clone())).await, own, "{role:?}");
        assert_eq!(revoke(a.actor(role), Some(b.id.clone())).await, "not found", "{role:?}");
        assert_eq!(revoke(a.actor(role), None).await, "forbidden", "{role:?}");
    }
    assert_eq!(revoke(Actor::Local, None).await, "done");
    let kept = world.database.revocations(START_MS).await.unwrap();
    let organisations: Vec<_> = kept.iter().map(|it| it.organisation.as_deref()).collect();
    assert!(!organisations.contains(&Some(b.id.as_str())), "{organisations:?}");
    assert!(organisations.contains(&None));
}

#[tokio::test]
async fn what_is_revoked_is_kept_first_and_then_told() {
    let world = World::new().await;
    let (actor, id) = (world.a.actor(Role::Owner), world.a.id.clone());
    let revoke = |tokens| world.service.revoke_tokens(&actor, Some(&id), tokens);
    revoke(RevokedTokens::Token("jti-1".to_owned())).await.unwrap();
    revoke(RevokedTokens::Viewer("ann".to_owned(), 3)).await.unwrap();
    revoke(RevokedTokens::Before(START_MS / 1_000 - 60)).await.unwrap();
    // Tokens that will be made are not meant, whatever is said.
    revoke(RevokedTokens::Before(i64::MAX)).await.unwrap();
    let expected = [
        r#"revoked Token { id: "jti-1" }"#.to_owned(),
        r#"revoked Viewer { viewer: "ann", version: 3 }"#.to_owned(),
        format!("revoked Before {{ issued_s: {} }}", START_MS / 1_000 - 60),
        format!("revoked Before {{ issued_s: {} }}", START_MS / 1_000 + 1),
    ];
    assert_eq!(world.heard().await, expected);
    let kept = world.database.revocations(START_MS).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|it| format!("revoked {:?}", it.revoked)).collect();
    for revoked in expected {
        assert!(kept.contains(&revoked), "{revoked} {kept:?}");
    }
    assert_eq!(outcome(revoke(RevokedTokens::Token(String::new())).await), "which token?");
    let long = revoke(RevokedTokens::Viewer("x".repeat(257), 1)).await;
    assert_eq!(outcome(long), "the viewer has 257 characters; at most 256 fit");
}
