//! Trusted keys and revocations.

use accounts::{OrganisationId, Slot, TrustedKey, TrustedKeyId, TrustedKind};
use token::{Algorithm, Alibaba, Revocation, Revoked};

use super::records::{id, trusted_key};
use super::{NOW_MS, Two, refused};
use crate::Database;

pub(super) async fn all(database: &dyn Database) {
    keys_are_kept_as_they_are(database).await;
    a_key_is_of_one_organisation(database).await;
    a_key_ends_once_and_never_later(database).await;
    a_revocation_is_kept_until_nothing_is_left_for_it(database).await;
}

async fn keys_are_kept_as_they_are(database: &dyn Database) {
    let two = Two::new(database).await;
    let key = trusted_key(Some(&two.ours));
    let kinds = [
        TrustedKind::Jwt {
            algorithm: Algorithm::EdDSA,
            signs: true,
            kid: Some("a/b".to_owned()),
            issuer: Some("https://id.example.org".to_owned()),
            audience: None,
        },
        TrustedKind::Jwks {
            url: "https://id.example.org/jwks".to_owned(),
            issuer: None,
            audience: Some("weir".to_owned()),
        },
        TrustedKind::Path,
        TrustedKind::Alibaba { variant: Alibaba::C, slot: Slot::Secondary, validity_s: 1_800 },
        TrustedKind::Akamai,
        TrustedKind::CloudFront { key_pair: "K2JCJMDEHXQW5F".to_owned() },
    ];
    let material = [Vec::new(), vec![0; 5_000], (0..=255).collect()];
    let materials = material.iter().cycle();
    let mut kept = Vec::new();
    for (kind, material) in kinds.into_iter().zip(materials) {
        let new = TrustedKey {
            id: id(TrustedKeyId::new),
            kind,
            material: material.clone(),
            created_at_ms: NOW_MS + i64::try_from(kept.len()).expect("few"),
            expires_at_ms: Some(NOW_MS + 100),
            ..key.clone()
        };
        database.create_trusted_key(&new).await.expect("keep a key");
        kept.push(new);
    }
    assert!(database.trusted_keys(Some(&two.ours)).await.expect("read keys") == kept);
}

async fn a_key_is_of_one_organisation(database: &dyn Database) {
    let two = Two::new(database).await;
    let keys =
        [Some(&two.ours), Some(&two.theirs), None].map(|organisation| trusted_key(organisation));
    for key in &keys {
        database.create_trusted_key(key).await.expect("keep a key");
    }
    let [ours, theirs, own] = &keys;
    for (organisation, expected) in [(&two.ours, ours), (&two.theirs, theirs)] {
        let read = database.trusted_keys(Some(organisation)).await.expect("read keys");
        assert!(read == [expected.clone()], "{read:?}");
    }
    let all = database.trusted_keys(None).await.expect("read all keys");
    assert!([ours, theirs, own].iter().all(|key| all.contains(key)), "{all:?}");
    assert!(all.is_sorted_by_key(|key| key.created_at_ms), "{all:?}");
    let nobody = trusted_key(Some(&id(OrganisationId::new)));
    refused(database.create_trusted_key(&nobody).await, "there is no such organisation");
    let again = database.create_trusted_key(ours).await;
    refused(again, "a trusted key of this name is there already");
}

async fn a_key_ends_once_and_never_later(database: &dyn Database) {
    let two = Two::new(database).await;
    let (ours, theirs) = (trusted_key(Some(&two.ours)), trusted_key(Some(&two.theirs)));
    for key in [&ours, &theirs] {
        database.create_trusted_key(key).await.expect("keep a key");
    }
    let nobody = id(TrustedKeyId::new);
    let (sooner, later) = (Some(NOW_MS + 10), Some(NOW_MS + 20));
    for (id, expires, revoked, ends, expected) in [
        (&nobody, sooner, None, false, (None, None)),
        (&ours.id, None, None, false, (None, None)),
        (&ours.id, later, None, true, (later, None)),
        (&ours.id, sooner, None, true, (sooner, None)),
        (&ours.id, later, None, false, (sooner, None)),
        (&ours.id, later, Some(NOW_MS), true, (sooner, Some(NOW_MS))),
        (&ours.id, None, later, false, (sooner, Some(NOW_MS))),
        (&ours.id, Some(NOW_MS), None, false, (sooner, Some(NOW_MS))),
    ] {
        let ended = database.end_trusted_key(id, expires, revoked).await.expect("end a key");
        assert_eq!(ended, ends, "{expires:?} {revoked:?}");
        let (expires_at_ms, revoked_at_ms) = expected;
        let read = database.trusted_keys(Some(&two.ours)).await.expect("read keys");
        assert!(read == [TrustedKey { expires_at_ms, revoked_at_ms, ..ours.clone() }], "{read:?}");
    }
    assert!(database.trusted_keys(Some(&two.theirs)).await.expect("read keys") == [theirs]);
}

async fn a_revocation_is_kept_until_nothing_is_left_for_it(database: &dyn Database) {
    let two = Two::new(database).await;
    let text = |text: &str| text.to_owned();
    let revoked = [
        Revoked::Token { id: text("t\"1") },
        Revoked::Viewer { viewer: text("anna"), version: 3 },
        Revoked::Device { id: text("dev_1") },
        Revoked::Key { id: text("key_1") },
        Revoked::User { id: text("usr_1") },
        Revoked::Before { issued_s: NOW_MS / 1_000 },
    ];
    let mut kept = Vec::new();
    for (revoked, at) in revoked.into_iter().zip(0..) {
        let organisation = [Some(&two.ours), Some(&two.theirs), None].into_iter().cycle().nth(at);
        let at = i64::try_from(at).expect("few");
        let new = Revocation {
            organisation: organisation.flatten().map(|organisation| organisation.to_string()),
            revoked,
            at_ms: NOW_MS + at,
            until_ms: NOW_MS + 1_000 - at,
        };
        database.add_revocation(&new).await.expect("keep a revocation");
        kept.push(new);
    }
    assert_eq!(database.revocations(NOW_MS).await.expect("read revocations"), kept);
    let left = database.revocations(NOW_MS + 998).await.expect("read revocations");
    assert_eq!(left, kept.get(..2).expect("six"));
    assert_eq!(database.forget_revocations(NOW_MS + 998).await.expect("forget some"), 4);
    assert_eq!(database.revocations(NOW_MS).await.expect("read revocations"), left);
    assert!(database.delete_organisation(&two.ours).await.expect("delete ours"));
    assert_eq!(database.revocations(NOW_MS).await.expect("read revocations"), left);
    assert_eq!(database.forget_revocations(NOW_MS + 1_000).await.expect("forget all"), 2);
    assert_eq!(database.revocations(NOW_MS).await.expect("read revocations"), []);
}
