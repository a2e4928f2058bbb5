use accounts::{OrganisationId, UserId};

use super::*;

fn stream(name: &str) -> StreamName {
    StreamName::parse(name).unwrap()
}

/// A publication of an organisation's user, who may have so many.
fn grant(name: &str, organisation: u8, user: Option<u8>, streams_max: Option<u32>) -> PublishGrant {
    let subject = Subject {
        organisation: Some(OrganisationId::new(0, [organisation; 10])),
        user: user.map(|user| UserId::new(0, [user; 10])),
        ..Subject::default()
    };
    PublishGrant { subject, streams_max, ..PublishGrant::of(stream(name)) }
}

fn candidate(grant: &PublishGrant, policy: NameTaken) -> Candidate<'_> {
    Candidate { grant, granted_ms: 0, policy, publishers_max: 4 }
}

fn take(
    registry: &Arc<Registry>,
    grant: &PublishGrant,
    policy: NameTaken,
) -> Result<(Place, Option<Predecessor>), Refusal> {
    registry.take(candidate(grant, policy))
}

fn len(registry: &Registry) -> usize {
    registry.lock().slots.len()
}

#[tokio::test]
async fn a_newcomer_waits_until_its_predecessor_is_gone() {
    let registry = Arc::new(Registry::default());
    let wanted = PublishGrant::of(stream("live/a"));
    let (first, none) = take(&registry, &wanted, NameTaken::Takeover).unwrap();
    assert!(none.is_none() && first.leave().borrow().is_none());
    let (second, predecessor) = take(&registry, &wanted, NameTaken::Takeover).unwrap();
    assert_eq!(*first.leave().borrow(), Some(Leave::Replaced));
    assert_eq!(*second.leave().borrow(), None);
    let waiting = tokio::spawn(predecessor.unwrap().gone());
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    drop(first);
    waiting.await.unwrap();
    assert_eq!(len(&registry), 1, "the successor keeps the place");
    drop(second);
    assert_eq!(len(&registry), 0);
}

#[test]
fn the_first_keeps_its_place_where_the_policy_says_so() {
    let registry = Arc::new(Registry::default());
    let wanted = PublishGrant::of(stream("live/a"));
    let (first, _) = take(&registry, &wanted, NameTaken::Reject).unwrap();
    let refused = take(&registry, &wanted, NameTaken::Reject).unwrap_err();
    assert!(matches!(refused, Refusal::NameTaken), "{refused}");
    assert_eq!(*first.leave().borrow(), None);
    drop(first);
    assert!(take(&registry, &wanted, NameTaken::Reject).is_ok());
}

#[test]
fn who_is_let_in_is_counted_by_organisation_and_user() {
    let check = |wanted: PublishGrant, expected: Option<&str>| {
        let registry = Arc::new(Registry::default());
        let live = [
            grant("live/a", 1, Some(1), Some(2)),
            grant("live/b", 1, Some(1), Some(2)),
            grant("live/c", 2, Some(2), Some(2)),
        ];
        let places: Vec<_> =
            live.iter().map(|it| take(&registry, it, NameTaken::Takeover).unwrap().0).collect();
        let taken = take(&registry, &wanted, NameTaken::Takeover);
        let refusal = taken.as_ref().err().map(ToString::to_string);
        assert_eq!(refusal.as_deref(), expected, "{wanted:?}");
        let told = places.iter().filter(|place| place.leave().borrow().is_some()).count();
        assert!(expected.is_none() || told == 0, "whoever is refused pushes nobody out");
    };
    let two = "the publisher has 2 streams live, which is all that it may";
    check(grant("live/d", 1, Some(1), Some(2)), Some(two));
    check(grant("live/d", 1, Some(1), Some(3)), None);
    check(grant("live/d", 1, Some(1), None), None);
    // Coming back to one's own stream adds none; taking another's over does.
    check(grant("live/b", 1, Some(1), Some(2)), None);
    check(grant("live/c", 1, Some(1), Some(2)), Some(two));
    // Others are others, also where they have the same user.
    check(grant("live/d", 2, Some(2), Some(2)), None);
    check(grant("live/d", 2, Some(1), Some(2)), None);
    check(grant("live/d", 1, Some(2), Some(2)), None);
    check(grant("live/d", 1, None, Some(2)), None);
    let none = "the publisher has 0 streams live, which is all that it may";
    check(grant("live/d", 2, Some(3), Some(0)), Some(none));
}

#[test]
fn the_first_reason_to_leave_is_the_one_that_is_told() {
    let registry = Arc::new(Registry::default());
    let (ours, theirs) = (grant("live/a", 1, None, None), grant("live/b", 2, None, None));
    let (first, _) = take(&registry, &ours, NameTaken::Takeover).unwrap();
    let (other, _) = take(&registry, &theirs, NameTaken::Takeover).unwrap();
    let before = registry.evictions();
    let revoke = |reason| {
        registry.evict(|_, subject, _| {
            (subject.organisation == ours.subject.organisation).then_some(reason)
        })
    };
    assert_eq!(revoke(Revoked::Key), 1);
    assert_eq!(revoke(Revoked::User), 0, "it is leaving");
    assert_ne!(registry.evictions(), before);
    let (_second, _) = take(&registry, &ours, NameTaken::Takeover).unwrap();
    assert_eq!(*first.leave().borrow(), Some(Leave::Revoked(Revoked::Key)));
    assert_eq!(*other.leave().borrow(), None);
}
