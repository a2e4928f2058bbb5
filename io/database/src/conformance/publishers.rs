//! Whom a stream key belongs to.

use accounts::{Device, StreamKeyRecord, StreamObject, User};

use super::records::{device, stream, stream_key, user};
use super::{NOW_MS, Users, refused};
use crate::{Database, PublishKey};

pub(super) async fn all(database: &dyn Database) {
    a_key_brings_its_user_or_the_streams_owner_and_its_device(database).await;
    a_key_is_of_no_other_organisations_user_or_device(database).await;
    a_stream_is_owned_by_nobody_of_another_organisation(database).await;
}

async fn a_key_brings_its_user_or_the_streams_owner_and_its_device(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let owner = User { devices_max: Some(3), ..user(&ours.organisation) };
    database.create_user(&owner).await.expect("make a user");
    let device = Device { address: Some("192.0.2.7".to_owned()), ..device(&ours) };
    database.create_device(&device, 1).await.expect("make a device");
    let owned = StreamObject {
        owner: Some(owner.id.clone()),
        ..stream(&ours.organisation, "publish/owned")
    };
    let plain = stream(&ours.organisation, "publish/plain");
    let other = StreamObject {
        owner: Some(theirs.id.clone()),
        ..stream(&theirs.organisation, "publish/theirs")
    };
    for stream in [&owned, &plain, &other] {
        database.create_stream(stream).await.expect("make a stream");
    }
    let by_user = |stream| StreamKeyRecord { user: Some(ours.id.clone()), ..stream_key(stream) };
    let by_device =
        |key: StreamKeyRecord| StreamKeyRecord { device: Some(device.id.clone()), ..key };
    for (key, stream, user, device) in [
        (stream_key(&plain), &plain, None, None),
        (stream_key(&owned), &owned, Some(&owner), None),
        (by_user(&owned), &owned, Some(&ours), None),
        (by_user(&plain), &plain, Some(&ours), None),
        (by_device(stream_key(&owned)), &owned, Some(&owner), Some(&device)),
        (by_device(stream_key(&plain)), &plain, None, Some(&device)),
        (by_device(by_user(&plain)), &plain, Some(&ours), Some(&device)),
        (stream_key(&other), &other, Some(&theirs), None),
    ] {
        let secret = database.create_stream_key(&key).await.expect("make a key");
        let found = database.publish_key(secret.reveal()).await.expect("look a key up");
        let (user, device) = (user.cloned(), device.cloned());
        assert_eq!(found, Some(PublishKey { key, stream: stream.clone(), user, device }));
    }
    // What it brings is what is there now.
    let revoked = Device { revoked_at_ms: Some(NOW_MS + 1), ..device };
    let revoked = database.update_device(&revoked).await.expect("revoke the device");
    for key in database.stream_keys(&plain.name).await.expect("list keys") {
        let secret = database.reveal_stream_key(&key.id);
        let found = database.publish_key(secret.reveal()).await.expect("look a key up");
        let found = found.expect("it is a key");
        let expected = key.device.as_ref().map(|_| &revoked);
        assert_eq!(found.device.as_ref(), expected);
        assert_eq!(found.key.revoked_at_ms, expected.and(Some(NOW_MS + 1)));
    }
}

async fn a_key_is_of_no_other_organisations_user_or_device(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let device = device(&theirs);
    database.create_device(&device, 1).await.expect("make a device");
    let stream = stream(&ours.organisation, "publish/kept-apart");
    database.create_stream(&stream).await.expect("make a stream");
    for (user, device) in [(Some(theirs.id), None), (None, Some(device.id))] {
        let key = StreamKeyRecord { user, device, ..stream_key(&stream) };
        let missing = "there is no such stream, user or device";
        refused(database.create_stream_key(&key).await, missing);
    }
    assert_eq!(database.stream_keys(&stream.name).await.expect("list keys"), []);
}

async fn a_stream_is_owned_by_nobody_of_another_organisation(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let missing = "there is no such organisation, owner or template";
    let stream = stream(&ours.organisation, "publish/owners");
    let wrong = StreamObject { owner: Some(theirs.id), ..stream.clone() };
    refused(database.create_stream(&wrong).await, missing);
    database.create_stream(&stream).await.expect("make a stream");
    refused(database.update_stream(&wrong).await, missing);
    let owned = StreamObject { owner: Some(ours.id), ..stream };
    let owned = database.update_stream(&owned).await.expect("give it to ours");
    assert_eq!(database.stream(&owned.name).await.expect("read it"), Some(owned));
}
