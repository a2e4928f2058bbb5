use accounts::Notice;

use super::*;
use crate::testing::{Bench, PASSWORD, as_actor, from};

fn disabled() -> UserChange {
    UserChange { is_disabled: Some(true), ..UserChange::default() }
}

fn demoted() -> UserChange {
    UserChange { role: Some(Role::Viewer), ..UserChange::default() }
}

#[tokio::test]
async fn the_last_owner_who_can_sign_in_stays() {
    let bench = Bench::new().await;
    let service = &bench.service;
    let ann = bench.user(&bench.a, "ann", Role::Owner).await;
    // Neither another organisation's owner, nor a disabled one, nor one who has not come counts.
    bench.user(&bench.b, "ben", Role::Owner).await;
    let out = bench.user(&bench.a, "out", Role::Owner).await;
    service.update_user(&as_actor(&ann), &out.id, &disabled()).await.unwrap();
    let new = NewUser { email: "new@a.example".into(), name: "new".into(), role: Role::Owner };
    service.invite(&as_actor(&ann), &bench.a, &new).await.unwrap();
    for change in [disabled(), demoted()] {
        for actor in [Actor::Local, as_actor(&ann)] {
            let refused = service.update_user(&actor, &ann.id, &change).await;
            assert!(matches!(refused, Err(ServiceError::Conflict(_))), "{change:?}");
        }
    }
    let refused = service.delete_user(&Actor::Local, &ann.id).await;
    assert!(matches!(refused, Err(ServiceError::Conflict(_))));

    let amy = bench.user(&bench.a, "amy", Role::Owner).await;
    service.update_user(&as_actor(&amy), &ann.id, &demoted()).await.unwrap();
    assert!(service.delete_user(&as_actor(&amy), &amy.id).await.is_err());
}

#[tokio::test]
async fn two_owners_who_demote_one_another_at_one_time_leave_one() {
    let bench = Bench::new().await;
    let ann = bench.user(&bench.a, "ann", Role::Owner).await;
    let amy = bench.user(&bench.a, "amy", Role::Owner).await;
    let (by_ann, by_amy) = (as_actor(&ann), as_actor(&amy));
    let change = demoted();
    let (first, second) = tokio::join!(
        bench.service.update_user(&by_ann, &amy.id, &change),
        bench.service.update_user(&by_amy, &ann.id, &change),
    );
    assert_eq!([first.is_ok(), second.is_ok()].iter().filter(|done| **done).count(), 1);
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_and_others_are_not() {
    let bench = Bench::new().await;
    let service = &bench.service;
    bench.user(&bench.a, "owner", Role::Owner).await;
    let ann = bench.user(&bench.a, "ann", Role::Streamer).await;
    let ben = bench.user(&bench.b, "ben", Role::Streamer).await;
    let (password, caller) = (Secret::new(PASSWORD), from("192.0.2.1"));
    let of_ann = service.sign_in(&ann.email, &password, &caller).await.unwrap();
    let of_ben = service.sign_in(&ben.email, &password, &caller).await.unwrap();
    bench.told.since();
    service.update_user(&Actor::Local, &ann.id, &disabled()).await.unwrap();
    let told = bench.told.since();
    let [Notice::Revoked { revocation: tokens }, Notice::Revoked { revocation: published }] =
        &told[..]
    else {
        panic!("nobody was told: {told:?}");
    };
    let version = service.user(&Actor::Local, &ann.id).await.unwrap().version.unsigned_abs();
    assert_eq!(tokens.revoked, Revoked::Viewer { viewer: ann.id.to_string(), version });
    assert_eq!(published.revoked, Revoked::User { id: ann.id.to_string() });
    assert_eq!(published.until_ms - published.at_ms, 300_000);
    for revocation in [tokens, published] {
        assert_eq!(revocation.organisation.as_deref(), Some(bench.a.as_str()));
    }
    assert!(service.refresh(&of_ann.refresh, &caller).await.is_err());
    assert!(service.sign_in(&ann.email, &password, &caller).await.is_err());
    service.refresh(&of_ben.refresh, &caller).await.unwrap();

    let enabled = UserChange { is_disabled: Some(false), ..UserChange::default() };
    let back = service.update_user(&Actor::Local, &ann.id, &enabled).await.unwrap();
    assert_eq!(back.status, Status::Active);
    service.sign_in(&ann.email, &password, &caller).await.unwrap();
    assert!(service.refresh(&of_ann.refresh, &caller).await.is_err(), "it stays ended");
}

#[tokio::test]
async fn tokens_of_before_stay_void_and_those_of_who_came_back_are_good() {
    let bench = Bench::new().await;
    let service = &bench.service;
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    let ben = bench.user(&bench.b, "ben", Role::Viewer).await;
    let token = async |user: &User| {
        let signed = service.sign_own_token(&as_actor(user)).await.unwrap().token;
        let keys = service.database.trusted_keys(None).await.unwrap();
        let path = keys.iter().find(|key| key.kind == accounts::TrustedKind::Path).unwrap();
        let (id, secret) = (path.id.as_str().into(), path.material.as_slice());
        let kind = token::KeyKind::path(secret).unwrap();
        let key = token::Key { id, kid: None, organisation: None, kind, not_after_s: None };
        let now_s = bench.clock.now_ms() / 1_000;
        let facts = token::Facts { now_s, address: None, country: None, referer: None };
        let shown = token::Presented::token(signed.reveal());
        token::Keyring::new([key]).verify(&shown, None, &facts).unwrap()
    };
    let (before, of_ben) = (token(&ann).await, token(&ben).await);
    service.update_user(&Actor::Local, &ann.id, &disabled()).await.unwrap();
    let enabled = UserChange { is_disabled: Some(false), ..UserChange::default() };
    service.update_user(&Actor::Local, &ann.id, &enabled).await.unwrap();
    // Clocks of nodes may differ by so much.
    bench.clock.advance(Duration::from_secs(token::LEEWAY_S.unsigned_abs() + 1));
    let after = token(&ann).await;
    let mut revocations = token::Revocations::default();
    for revocation in service.database.revocations(bench.clock.now_ms()).await.unwrap() {
        revocations.insert(&revocation);
    }
    for (verified, expected) in [(before, true), (after, false), (of_ben, false)] {
        assert_eq!(revocations.covers(&verified), expected, "{verified:?}");
    }
}

#[tokio::test]
async fn an_actor_of_another_organisation_finds_nobody_even_by_the_own_id() {
    let bench = Bench::new().await;
    let ann = bench.user(&bench.a, "ann", Role::Owner).await;
    let organisation = bench.b.clone();
    let strange = Actor::User { organisation, user: ann.id.clone(), role: Role::Owner };
    let found = bench.service.user(&strange, &ann.id).await;
    assert!(matches!(found, Err(ServiceError::NotFound)));
    let renamed = bench.service.rename_self(&strange, "x").await;
    assert!(matches!(renamed, Err(ServiceError::NotFound)));
}

#[tokio::test]
async fn a_deleted_user_is_out_and_nobody_else_is() {
    let bench = Bench::new().await;
    let service = &bench.service;
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    let ben = bench.user(&bench.b, "ben", Role::Viewer).await;
    let (password, caller) = (Secret::new(PASSWORD), from("192.0.2.1"));
    let signed_in = service.sign_in(&ann.email, &password, &caller).await.unwrap();
    bench.told.since();
    service.delete_user(&Actor::Local, &ann.id).await.unwrap();
    assert_eq!(bench.told.since().len(), 1);
    assert!(service.refresh(&signed_in.refresh, &caller).await.is_err());
    assert!(service.sign_in(&ann.email, &password, &caller).await.is_err());
    assert!(matches!(
        service.delete_user(&Actor::Local, &ann.id).await,
        Err(ServiceError::NotFound)
    ));
    service.sign_in(&ben.email, &password, &caller).await.unwrap();
}

#[tokio::test]
async fn an_address_is_one_users_and_proved_anew_when_it_changes() {
    let bench = Bench::new().await;
    let service = &bench.service;
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    let ben = bench.user(&bench.b, "ben", Role::Viewer).await;
    let to = |email: &str| UserChange { email: Some(email.to_owned()), ..UserChange::default() };
    let taken = service.update_user(&Actor::Local, &ann.id, &to(&ben.email)).await;
    assert!(matches!(taken, Err(ServiceError::Conflict(_))));
    let refused = service.update_user(&Actor::Local, &ann.id, &to("nothing")).await;
    assert!(matches!(refused, Err(ServiceError::Invalid(_))));

    // Links that went to the former address are void.
    let caller = from("192.0.2.1");
    service.send_verification(&as_actor(&ann)).await.unwrap();
    service.finish().await;
    let proof = bench.letters.secret();
    service.forgot_password(&ann.email, &caller).unwrap();
    service.finish().await;
    let reset = bench.letters.secret();
    let changed = service.update_user(&Actor::Local, &ann.id, &to(" Ann2@A.Example")).await;
    assert_eq!(changed.unwrap().email, "ann2@a.example");
    assert!(service.verify_email(&proof, &caller).await.is_err());
    let password = Secret::new("another good one");
    assert!(service.reset_password(&reset, &password, &caller).await.is_err());
    assert!(service.user(&Actor::Local, &ann.id).await.unwrap().email_verified_at_ms.is_none());
}

#[tokio::test]
async fn a_change_is_about_the_version_that_it_names() {
    let bench = Bench::new().await;
    let service = &bench.service;
    let ann = bench.user(&bench.a, "ann", Role::Viewer).await;
    let change = UserChange {
        name: Some("Ann".to_owned()),
        devices_max: Some(Some(2)),
        streams_max: Some(Some(3)),
        version: Some(ann.version),
        ..UserChange::default()
    };
    let changed = service.update_user(&Actor::Local, &ann.id, &change).await.unwrap();
    assert_eq!((changed.devices_max, changed.streams_max), (Some(2), Some(3)));
    let late = service.update_user(&Actor::Local, &ann.id, &change).await;
    assert!(matches!(late, Err(ServiceError::Conflict(_))));
    let back = UserChange { devices_max: Some(None), ..UserChange::default() };
    let changed = service.update_user(&Actor::Local, &ann.id, &back).await.unwrap();
    assert_eq!((changed.devices_max, changed.streams_max), (None, Some(3)));
}

#[tokio::test]
async fn a_list_has_one_organisations_users_page_by_page() {
    let bench = Bench::new().await;
    let service = &bench.service;
    let mut expected = Vec::new();
    for name in ["ann", "amy", "abe"] {
        expected.push(bench.user(&bench.a, name, Role::Viewer).await.id);
        bench.clock.advance(Duration::from_millis(1));
    }
    bench.user(&bench.b, "ben", Role::Viewer).await;
    let mut seen = Vec::new();
    let mut page = Page { after: None, limit: 2 };
    loop {
        let users = service.users(&Actor::Local, &bench.a, &page).await.unwrap();
        let Some(last) = users.last() else { break };
        page.after = Some(last.id.to_string());
        seen.extend(users.into_iter().map(|user| user.id));
    }
    assert_eq!(seen, expected);
}
