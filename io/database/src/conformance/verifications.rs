//! Verifications of users.

use accounts::{Evidence, User, Verification, VerificationId, Verified};

use super::records::{id, user, verification};
use super::{NOW_MS, Users, one_of, refused};
use crate::Database;

const CHANGED: &str = "a verification was changed or deleted by somebody else";

pub(super) async fn all(database: &dyn Database) {
    a_verification_is_kept_as_it_is(database).await;
    of_two_decisions_at_the_same_time_one_is_kept(database).await;
    the_newest_one_says_whether_the_user_is_verified(database).await;
}

async fn status(database: &dyn Database, user: &User) -> Verified {
    let read = database.user(&user.id).await.expect("read a user").expect("the user is there");
    assert_eq!(read.version, user.version, "it is no change of the user");
    read.verified
}

fn rejected(reason: &str) -> Verified {
    Verified::Rejected { reason: reason.to_owned() }
}

async fn a_verification_is_kept_as_it_is(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let colleague = user(&ours.organisation);
    database.create_user(&colleague).await.expect("make a user");
    let full = Verification {
        verified: rejected("The \"photo\" is\ndark 照片"),
        evidence: vec![Evidence {
            name: "pass \"port\".jpg".to_owned(),
            content_type: "image/jpeg".to_owned(),
            bytes: u64::MAX,
            sha256: "ab".repeat(32),
        }],
        submitted_at_ms: NOW_MS - 5,
        decided_at_ms: Some(NOW_MS),
        decided_by: Some("local".to_owned()),
        ..verification(&ours)
    };
    let plain = verification(&ours);
    let of_colleague = Verification { submitted_at_ms: NOW_MS - 2, ..verification(&colleague) };
    let other = verification(&theirs);
    for new in [&full, &plain, &of_colleague, &other] {
        database.create_verification(new).await.expect("make a verification");
        let read = database.verification(&new.id).await.expect("read it");
        assert_eq!(read.as_ref(), Some(new));
    }
    assert_eq!(database.verification(&id(VerificationId::new)).await.expect("read none"), None);
    for (of, user, pending, expected) in [
        (&ours, None, false, vec![&plain, &of_colleague, &full]),
        (&ours, None, true, vec![&plain, &of_colleague]),
        (&ours, Some(&ours), false, vec![&plain, &full]),
        (&ours, Some(&ours), true, vec![&plain]),
        (&ours, Some(&theirs), false, vec![]),
        (&theirs, None, true, vec![&other]),
    ] {
        let user = user.map(|user: &User| &user.id);
        let listed = database.verifications(&of.organisation, user, pending).await;
        let listed = listed.expect("list verifications");
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{user:?} {pending}");
    }
    let mixed = Verification { organisation: theirs.organisation, ..verification(&ours) };
    for wrong in [mixed, verification(&user(&ours.organisation))] {
        refused(database.create_verification(&wrong).await, "there is no such user");
    }
}

async fn of_two_decisions_at_the_same_time_one_is_kept(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let (new, other) = (verification(&ours), verification(&theirs));
    for new in [&new, &other] {
        database.create_verification(new).await.expect("make a verification");
    }
    let decided = |verified| Verification {
        verified,
        decided_at_ms: Some(NOW_MS + 5),
        decided_by: Some(theirs.id.to_string()),
        ..new.clone()
    };
    let (yes, no) = (decided(Verified::Verified), decided(rejected("no")));
    let answers =
        tokio::join!(database.update_verification(&yes), database.update_verification(&no));
    let (made, not) = one_of(answers);
    refused(not, CHANGED);
    assert_eq!(made.version, 2);
    assert_eq!(status(database, &ours).await, made.verified);
    assert_eq!(status(database, &theirs).await, Verified::Pending);
    let read = database.verification(&new.id).await.expect("read it");
    assert_eq!(read, Some(made.clone()));
    for wrong in [
        Verification { organisation: theirs.organisation.clone(), ..made.clone() },
        Verification { user: theirs.id.clone(), ..made },
        verification(&ours),
    ] {
        refused(database.update_verification(&wrong).await, CHANGED);
    }
    assert_eq!(status(database, &theirs).await, Verified::Pending);
    assert_eq!(database.verification(&other.id).await.expect("read theirs"), Some(other));
}

async fn the_newest_one_says_whether_the_user_is_verified(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    assert_eq!(status(database, &ours).await, Verified::Unverified);
    let old = verification(&ours);
    database.create_verification(&old).await.expect("make a verification");
    assert_eq!(status(database, &ours).await, Verified::Pending);
    let no = Verification { verified: rejected("dark"), ..old };
    let old = database.update_verification(&no).await.expect("reject it");
    assert_eq!(status(database, &ours).await, rejected("dark"));
    let new = Verification { submitted_at_ms: NOW_MS + 1, ..verification(&ours) };
    database.create_verification(&new).await.expect("make another one");
    assert_eq!(status(database, &ours).await, Verified::Pending);
    let late = Verification { verified: Verified::Verified, ..old };
    database.update_verification(&late).await.expect("verify the old one");
    assert_eq!(status(database, &ours).await, Verified::Pending, "there is a newer one");
    let yes = Verification { verified: Verified::Verified, ..new };
    database.update_verification(&yes).await.expect("verify the new one");
    assert_eq!(status(database, &ours).await, Verified::Verified);
    assert_eq!(status(database, &theirs).await, Verified::Unverified);
}
