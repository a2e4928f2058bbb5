use accounts::{Notice, Role};

use super::*;
use crate::testing::Bench;

#[tokio::test]
async fn a_name_is_one_organisations_alone_and_changes_by_the_newest_version() {
    let Bench { service, a, b, .. } = &Bench::new().await;
    let conflict = |result: Result<Organisation, ServiceError>| {
        assert!(matches!(result, Err(ServiceError::Conflict(_))), "{result:?}");
    };
    conflict(service.create_organisation(&Actor::Local, "a").await);
    conflict(service.rename_organisation(&Actor::Local, a, "b", None).await);
    let renamed = service.rename_organisation(&Actor::Local, a, "a2", Some(1)).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.version), ("a2", 2));
    conflict(service.rename_organisation(&Actor::Local, a, "a3", Some(1)).await);
    assert_eq!(service.organisation(&Actor::Local, b).await.unwrap().name, "b");
    for name in ["", " ", &"x".repeat(65)] {
        let refused = service.create_organisation(&Actor::Local, name).await;
        assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn only_the_command_line_makes_organisations() {
    let bench = Bench::new().await;
    for role in Role::ALL {
        let actor = bench.actor(&bench.a, role.name(), role).await;
        let refused = bench.service.create_organisation(&actor, "c").await;
        assert!(matches!(refused, Err(ServiceError::Forbidden { .. })), "{role:?}");
    }
}

#[tokio::test]
async fn a_deleted_organisation_takes_its_users_and_tokens_along_and_no_others() {
    let bench = Bench::new().await;
    let ann = bench.user(&bench.a, "ann", Role::Owner).await;
    let ben = bench.user(&bench.b, "ben", Role::Owner).await;
    bench.told.since();
    bench.service.delete_organisation(&crate::testing::as_actor(&ann), &bench.a).await.unwrap();
    let gone = bench.service.user(&Actor::Local, &ann.id).await;
    assert!(matches!(gone, Err(ServiceError::NotFound)));
    assert_eq!(bench.service.user(&Actor::Local, &ben.id).await.unwrap(), ben);
    let [Notice::Revoked { revocation }] = &bench.told.since()[..] else {
        panic!("nobody was told");
    };
    assert_eq!(revocation.organisation.as_deref(), Some(bench.a.as_str()));
    assert_eq!(revocation.revoked, Revoked::Before { issued_s: 1_700_000_001 });
    let kept = bench.service.database.revocations(bench.clock.now_ms()).await.unwrap();
    assert_eq!(kept, std::slice::from_ref(revocation));
    let again = bench.service.delete_organisation(&Actor::Local, &bench.a).await;
    assert!(matches!(again, Err(ServiceError::NotFound)));
}
