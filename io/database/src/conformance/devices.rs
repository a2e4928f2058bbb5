//! Devices.

use accounts::{Device, DeviceId, DeviceKind};

use super::records::{device, id, user};
use super::{NOW_MS, Users, one_of, refused};
use crate::{Database, Page};

const CHANGED: &str = "a device was changed or deleted by somebody else";

pub(super) async fn all(database: &dyn Database) {
    a_device_is_kept_as_it_is(database).await;
    a_user_has_no_more_devices_than_allowed(database).await;
    a_change_is_made_to_what_was_read(database).await;
    a_revoked_device_never_comes_back(database).await;
    a_device_is_seen_ever_later(database).await;
}

async fn a_device_is_kept_as_it_is(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let colleague = user(&ours.organisation);
    database.create_user(&colleague).await.expect("make a user");
    let full = Device {
        kind: DeviceKind::Player,
        name: "Wohnzimmer \"TV\" 电视".to_owned(),
        model: "Maker 55\t".to_owned(),
        address: Some("2001:db8::1".to_owned()),
        last_seen_ms: Some(NOW_MS + 1),
        revoked_at_ms: Some(NOW_MS + 2),
        ..device(&ours)
    };
    let mut own = [device(&ours), full];
    own.sort_by(|a, b| a.id.cmp(&b.id));
    let (of_colleague, other) = (device(&colleague), device(&theirs));
    for new in own.iter().chain([&of_colleague, &other]) {
        database.create_device(new, 9).await.expect("make a device");
        assert_eq!(database.device(&new.id).await.expect("read it").as_ref(), Some(new));
    }
    assert_eq!(database.device(&id(DeviceId::new)).await.expect("read none"), None);
    let list = |user| database.devices(&ours.organisation, user, &Page::ALL);
    assert_eq!(list(Some(&ours.id)).await.expect("list devices"), own);
    let of_colleague = std::slice::from_ref(&of_colleague);
    assert_eq!(list(Some(&colleague.id)).await.expect("list devices"), of_colleague);
    assert_eq!(list(Some(&theirs.id)).await.expect("list devices"), []);
    let all = list(None).await.expect("list devices");
    assert_eq!(all.len(), 3);
    assert!(all.is_sorted_by(|a, b| a.id < b.id), "{all:?}");
    let page = Page { after: all.first().map(|device| device.id.to_string()), limit: 1 };
    let some = database.devices(&ours.organisation, None, &page).await.expect("list some");
    assert_eq!(some, all.get(1..2).expect("three"));
    let listed = database.devices(&theirs.organisation, None, &Page::ALL).await;
    assert_eq!(listed.expect("list theirs"), [other]);
    let mixed = Device { organisation: theirs.organisation, ..device(&ours) };
    for wrong in [mixed, device(&user(&ours.organisation))] {
        refused(database.create_device(&wrong, 9).await, "there is no such user");
    }
}

async fn a_user_has_no_more_devices_than_allowed(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    for user in [&ours, &theirs] {
        let revoked = Device { revoked_at_ms: Some(NOW_MS), ..device(user) };
        database.create_device(&revoked, 1).await.expect("make a device");
    }
    let full = "there are 3 devices already, which is all that are allowed";
    let new = [(); 4].map(|()| device(&ours));
    let [first, second, third, fourth] = &new;
    database.create_device(first, 3).await.expect("make a device");
    let (a, b, c, d) = tokio::join!(
        database.create_device(second, 3),
        database.create_device(third, 3),
        database.create_device(fourth, 3),
        database.create_device(first, 3)
    );
    let made = [&a, &b, &c, &d].iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(made, 2, "{a:?} {b:?} {c:?} {d:?}");
    refused(database.create_device(&device(&ours), 3).await, full);
    let none = "there are 0 devices already, which is all that are allowed";
    refused(database.create_device(&device(&theirs), 0).await, none);
    database.create_device(&device(&theirs), 1).await.expect("theirs are not counted with ours");
    // A revoked one makes room.
    let revoked = Device { revoked_at_ms: Some(NOW_MS), ..first.clone() };
    database.update_device(&revoked).await.expect("revoke one");
    database.create_device(&device(&ours), 3).await.expect("make another one");
    refused(database.create_device(&device(&ours), 3).await, full);
}

async fn a_change_is_made_to_what_was_read(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let (new, other) = (device(&ours), device(&theirs));
    for new in [&new, &other] {
        database.create_device(new, 1).await.expect("make a device");
    }
    let one = Device { name: "B".into(), model: "M".into(), ..new.clone() };
    let two = Device { name: "C".into(), ..new.clone() };
    let answers = tokio::join!(database.update_device(&one), database.update_device(&two));
    let (made, not) = one_of(answers);
    refused(not, CHANGED);
    assert_eq!(made.version, 2);
    assert_eq!(database.device(&new.id).await.expect("read it"), Some(made.clone()));
    database.touch_device(&new.id, "192.0.2.7", NOW_MS + 1).await.expect("see it");
    let changed = Device { name: "D".into(), kind: DeviceKind::Player, ..made.clone() };
    let made = database.update_device(&changed).await.expect("being seen is no change");
    let expected = Device {
        kind: new.kind,
        address: Some("192.0.2.7".to_owned()),
        last_seen_ms: Some(NOW_MS + 1),
        version: 3,
        ..changed
    };
    assert_eq!(made, expected);
    assert_eq!(database.device(&new.id).await.expect("read it"), Some(made.clone()));
    for wrong in [
        Device { organisation: theirs.organisation.clone(), ..made.clone() },
        Device { user: theirs.id.clone(), ..made },
    ] {
        refused(database.update_device(&wrong).await, CHANGED);
    }
    assert_eq!(database.device(&other.id).await.expect("read theirs"), Some(other));
}

async fn a_revoked_device_never_comes_back(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    for user in [&ours, &theirs] {
        let new = device(user);
        database.create_device(&new, 1).await.expect("make a device");
        let mut read = new;
        for (asked, expected) in [
            (None, None),
            (Some(NOW_MS + 1), Some(NOW_MS + 1)),
            (Some(NOW_MS + 2), Some(NOW_MS + 1)),
            (None, Some(NOW_MS + 1)),
        ] {
            let changed = Device { revoked_at_ms: asked, ..read };
            read = database.update_device(&changed).await.expect("change it");
            assert_eq!(read.revoked_at_ms, expected, "{asked:?}");
            let kept = database.device(&read.id).await.expect("read it");
            assert_eq!(kept.as_ref(), Some(&read));
        }
    }
}

async fn a_device_is_seen_ever_later(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let (new, other) = (device(&ours), device(&theirs));
    for new in [&new, &other] {
        database.create_device(new, 1).await.expect("make a device");
    }
    for (address, at_ms, seen) in
        [("a", NOW_MS + 7, ("a", NOW_MS + 7)), ("b", NOW_MS + 3, ("a", NOW_MS + 7))]
    {
        database.touch_device(&new.id, address, at_ms).await.expect("see it");
        let (address, last_seen_ms) = (Some(seen.0.to_owned()), Some(seen.1));
        let read = database.device(&new.id).await.expect("read it");
        assert_eq!(read, Some(Device { address, last_seen_ms, ..new.clone() }));
    }
    assert_eq!(database.device(&other.id).await.expect("read theirs"), Some(other));
}
