use super::*;
use crate::verified::{Opens, Signed};
use crate::{Key, KeyKind, Scheme};

const DAY_MS: i64 = 86_400_000;
/// When what is revoked here is revoked, half a second after the token was issued.
const AT_MS: i64 = 1_000_500;

fn claims() -> Claims {
    Claims {
        id: Some("t-1".into()),
        viewer: Some("viewer-1".into()),
        version: 3,
        device: Some("dev-1".into()),
        issued_at_s: Some(1_000),
        ..Claims::default()
    }
}

fn verified(claims: Claims, organisation: &str) -> Verified {
    let key = Key {
        id: "key-1".into(),
        kid: None,
        organisation: Some(organisation.into()),
        kind: KeyKind::path(&[1; 32]).unwrap(),
        not_after_s: None,
    };
    Verified::new(Scheme::Path, Signed { claims, opens: Opens::Streams }, &key).unwrap()
}

fn revoked(revoked: Revoked, organisation: Option<&str>) -> Revocation {
    let organisation = organisation.map(str::to_owned);
    Revocation { organisation, revoked, at_ms: AT_MS, until_ms: DAY_MS }
}

fn token(id: &str) -> Revoked {
    Revoked::Token { id: id.into() }
}

#[track_caller]
fn check(what: Revoked, expected: bool) {
    for organisation in [Some("one"), None] {
        let mut revocations = Revocations::default();
        revocations.insert(&revoked(what.clone(), organisation));
        let covers = revocations.covers(&verified(claims(), "one"));
        assert_eq!(covers, expected, "{what:?} in {organisation:?}");
        // Nothing of one organisation is touched by another.
        let other = revocations.covers(&verified(claims(), "two"));
        assert_eq!(other, expected && organisation.is_none(), "{what:?} in {organisation:?}");
    }
}

#[test]
fn a_token_is_revoked_by_what_it_says() {
    check(token("t-1"), true);
    check(token("t-2"), false);
    check(Revoked::Device { id: "dev-1".into() }, true);
    check(Revoked::Device { id: "t-1".into() }, false);
    check(Revoked::Key { id: "key-1".into() }, true);
    check(Revoked::Key { id: "dev-1".into() }, false);
    check(Revoked::User { id: "viewer-1".into() }, true);
    check(Revoked::User { id: "viewer-2".into() }, false);
}

#[test]
fn a_viewers_tokens_are_revoked_below_a_version() {
    for (version, expected) in [(3, false), (4, true), (u64::MAX, true), (0, false)] {
        check(Revoked::Viewer { viewer: "viewer-1".into(), version }, expected);
        check(Revoked::Viewer { viewer: "viewer-2".into(), version }, false);
    }
}

#[test]
fn all_that_was_issued_before_a_time_is_revoked() {
    check(Revoked::Before { issued_s: 1_000 }, false);
    check(Revoked::Before { issued_s: 1_001 }, true);
    let mut revocations = Revocations::default();
    revocations.insert(&revoked(Revoked::Before { issued_s: 1 }, Some("one")));
    let silent = verified(Claims { issued_at_s: None, ..claims() }, "one");
    assert!(revocations.covers(&silent), "one that does not say when is meant");
}

#[test]
fn a_publication_ends_with_its_user_device_or_key() {
    let bearer = Bearer {
        organisation: Some("one"),
        user: Some("user-1"),
        device: Some("dev-1"),
        key: Some("key-1"),
    };
    let check = |what: Revoked, organisation: Option<&str>, expected: bool| {
        let mut revocations = Revocations::default();
        revocations.insert(&revoked(what.clone(), organisation));
        assert_eq!(revocations.covers_subject(&bearer, AT_MS), expected, "{what:?}");
        let none = Bearer { organisation: Some("one"), ..Bearer::default() };
        assert!(!revocations.covers_subject(&none, AT_MS));
    };
    check(Revoked::User { id: "user-1".into() }, Some("one"), true);
    check(Revoked::User { id: "user-1".into() }, None, true);
    check(Revoked::User { id: "user-1".into() }, Some("two"), false);
    check(Revoked::User { id: "dev-1".into() }, Some("one"), false);
    check(Revoked::Device { id: "dev-1".into() }, Some("one"), true);
    check(Revoked::Key { id: "key-1".into() }, Some("one"), true);
    check(token("user-1"), Some("one"), false);
    check(Revoked::Viewer { viewer: "user-1".into(), version: 9 }, Some("one"), false);
    check(Revoked::Before { issued_s: i64::MAX }, Some("one"), false);
}

#[test]
fn a_user_who_is_back_has_what_was_given_after_and_nothing_of_before() {
    let user = |organisation| Revocation {
        organisation: Some(organisation),
        revoked: Revoked::User { id: "viewer-1".into() },
        at_ms: AT_MS,
        until_ms: DAY_MS,
    };
    let mut revocations = Revocations::default();
    revocations.insert(&user("one".to_owned()));
    // An older one that is told late changes nothing.
    revocations.insert(&Revocation { at_ms: 0, ..user("one".to_owned()) });
    let issued =
        |issued_at_s, organisation| verified(Claims { issued_at_s, ..claims() }, organisation);
    let end_s = (AT_MS + SKEW_MS) / 1_000;
    for (issued_s, expected) in [
        (Some(0), true),
        (Some(1_001), true),
        (Some(end_s), true),
        (Some(end_s + 1), false),
        (Some(i64::MAX), false),
        (None, true),
    ] {
        assert_eq!(revocations.covers(&issued(issued_s, "one")), expected, "{issued_s:?}");
        assert!(!revocations.covers(&issued(issued_s, "two")), "{issued_s:?}");
    }
    let bearer = Bearer { organisation: Some("one"), user: Some("viewer-1"), ..Bearer::default() };
    for (granted_ms, expected) in [(AT_MS + SKEW_MS - 1, true), (AT_MS + SKEW_MS, false)] {
        assert_eq!(revocations.covers_subject(&bearer, granted_ms), expected, "{granted_ms}");
    }
    revocations.insert(&Revocation { at_ms: AT_MS + DAY_MS, ..user("one".to_owned()) });
    assert!(revocations.covers(&issued(Some(end_s + 1), "one")), "the later one counts");
}

#[test]
fn a_revocation_is_held_once_and_to_its_last_end() {
    let mut revocations = Revocations::default();
    let viewer = |version| Revoked::Viewer { viewer: "viewer-1".into(), version };
    revocations.insert(&revoked(viewer(9), Some("one")));
    revocations.insert(&Revocation { until_ms: 5, ..revoked(viewer(2), Some("one")) });
    revocations.insert(&revoked(viewer(2), None));
    revocations.insert(&revoked(Revoked::Before { issued_s: 9 }, None));
    revocations
        .insert(&Revocation { until_ms: 5, ..revoked(Revoked::Before { issued_s: 2 }, None) });
    assert_eq!(revocations.len(), 3);
    revocations.forget(DAY_MS - 1);
    assert_eq!(revocations.len(), 3);
    assert!(revocations.covers(&verified(claims(), "one")), "the higher version counts");
    assert!(!revocations.covers(&verified(claims(), "two")));
    revocations.forget(DAY_MS);
    assert!(revocations.is_empty());
    assert!(!revocations.covers(&verified(claims(), "one")));
}

/// The filter may send too many to the exact answer, and must send all that are there.
#[test]
fn the_filter_never_misses_and_seldom_asks() {
    let id = |n: u32| format!("tok_{n:026}");
    let mut revocations = Revocations::default();
    for count in 1..=20_000 {
        revocations.insert(&revoked(token(&id(count)), None));
        if count.is_power_of_two() || count % 5_000 == 0 {
            let misses =
                (1..=count).filter(|n| !revocations.filter.may_have(hash(Kind::Token, &id(*n))));
            assert_eq!(misses.count(), 0, "with {count} revocations");
        }
    }
    let others = 1_000_000..1_100_000;
    let asked = others.clone().filter(|n| revocations.filter.may_have(hash(Kind::Token, &id(*n))));
    let asked = asked.count();
    assert!(asked < 500, "{asked} of 100,000 that are not revoked are looked for");
    for n in (1..=20_000).step_by(7) {
        let claims = Claims { id: Some(id(n)), ..claims() };
        assert!(revocations.covers(&verified(claims, "one")), "{n}");
    }
    for n in others.step_by(7) {
        let claims = Claims { id: Some(id(n)), ..claims() };
        assert!(!revocations.covers(&verified(claims, "one")), "{n}");
    }
    revocations.forget(0);
    assert_eq!(revocations.len(), 20_000);
    assert!((1..=20_000).all(|n| revocations.filter.may_have(hash(Kind::Token, &id(n)))));
}
