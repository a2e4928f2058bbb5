//! Pairings. One belongs to nobody until a user answers it.

use accounts::{DeviceKind, Pairing, PairingState};

use super::records::{device, pairing};
use super::{NOW_MS, Users, one_of, refused};
use crate::Database;

const TAKEN: &str = "a pairing of this name is there already";
const CHANGED: &str = "a pairing was changed or deleted by somebody else";
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

pub(super) async fn all(database: &dyn Database) {
    a_pairing_is_found_by_its_device_and_by_its_user(database).await;
    a_user_code_is_one_devices_until_its_end(database).await;
    no_more_devices_wait_than_allowed(database).await;
    of_two_answers_at_the_same_time_one_is_kept(database).await;
}

async fn a_pairing_is_found_by_its_device_and_by_its_user(database: &dyn Database) {
    let new = Pairing {
        kind: DeviceKind::Encoder,
        polled_at_ms: Some(NOW_MS + 1),
        ..pairing("BCDFGHJK", NOW_MS)
    };
    database.create_pairing(&new, 9).await.expect("make a pairing");
    let read = database.pairing_of_device(&new.device_code_hash).await.expect("read it");
    assert_eq!(read.as_ref(), Some(&new));
    assert_eq!(database.pairing_of_device("BCDFGHJK").await.expect("read none"), None);
    let end_ms = new.expires_at_ms;
    for (code, now_ms, is_there) in [
        ("BCDFGHJK", NOW_MS, true),
        ("BCDFGHJK", end_ms - 1, true),
        ("BCDFGHJK", end_ms, false),
        ("bcdfghjk", NOW_MS, false),
        ("BCDFGHJL", NOW_MS, false),
    ] {
        let read = database.pairing_of_user(code, now_ms).await.expect("read it");
        assert_eq!(read, is_there.then(|| new.clone()), "{code} {now_ms}");
    }
    // Its device learns that it ended, for a day.
    let (day, later) = (end_ms + DAY_MS, end_ms + DAY_MS + 1);
    for (at_ms, code, is_there) in [(day, "FIRST", true), (later, "SECOND", false)] {
        database.create_pairing(&pairing(code, at_ms), 9).await.expect("make a pairing");
        let read = database.pairing_of_device(&new.device_code_hash).await.expect("read it");
        assert_eq!(read.is_some(), is_there, "{code}");
    }
}

async fn a_user_code_is_one_devices_until_its_end(database: &dyn Database) {
    let at_ms = NOW_MS + 2 * DAY_MS;
    let code = "CODECODE";
    let (one, two) = (pairing(code, at_ms), pairing(code, at_ms));
    let answers = tokio::join!(database.create_pairing(&one, 9), database.create_pairing(&two, 9));
    refused(one_of(answers).1, TAKEN);
    let early = pairing(code, one.expires_at_ms - 1);
    refused(database.create_pairing(&early, 9).await, TAKEN);
    let late = pairing(code, one.expires_at_ms);
    database.create_pairing(&late, 9).await.expect("the code is free again");
    let read = database.pairing_of_user(code, late.created_at_ms).await.expect("read it");
    assert_eq!(read.as_ref(), Some(&late));
    let same =
        Pairing { device_code_hash: late.device_code_hash, ..pairing("OTHER", late.created_at_ms) };
    refused(database.create_pairing(&same, 9).await, TAKEN);
}

async fn no_more_devices_wait_than_allowed(database: &dyn Database) {
    let at_ms = NOW_MS + 4 * DAY_MS;
    let all = ["LIMITA", "LIMITB", "LIMITC"].map(|code| pairing(code, at_ms));
    let [first, second, third] = &all;
    database.create_pairing(first, 2).await.expect("make a pairing");
    let answers =
        tokio::join!(database.create_pairing(second, 2), database.create_pairing(third, 2));
    let full = "there are 2 devices that wait already, which is all that are allowed";
    refused(one_of(answers).1, full);
    let denied = Pairing { state: PairingState::Denied, ..first.clone() };
    database.update_pairing(&denied).await.expect("say no");
    database.create_pairing(&pairing("LIMITD", at_ms), 2).await.expect("it waits no more");
    refused(database.create_pairing(&pairing("LIMITE", at_ms), 2).await, full);
    let later = pairing("LIMITE", first.expires_at_ms);
    database.create_pairing(&later, 1).await.expect("those that ended wait no more");
}

async fn of_two_answers_at_the_same_time_one_is_kept(database: &dyn Database) {
    let Users { ours, theirs } = Users::new(database).await;
    let at_ms = NOW_MS + 6 * DAY_MS;
    let (new, other) = (pairing("ANSWERA", at_ms), pairing("ANSWERB", at_ms));
    for new in [&new, &other] {
        database.create_pairing(new, 9).await.expect("make a pairing");
    }
    let approved = |user| Pairing {
        state: PairingState::Approved {
            device: device(user).id,
            stream: Some("live/main".to_owned()),
        },
        polled_at_ms: Some(at_ms + 5),
        interval_s: 10,
        expires_at_ms: at_ms + 7,
        ..new.clone()
    };
    let (one, two) = (approved(&ours), approved(&theirs));
    let answers = tokio::join!(database.update_pairing(&one), database.update_pairing(&two));
    let (made, not) = one_of(answers);
    refused(not, CHANGED);
    assert_eq!(made.version, 2);
    let read = database.pairing_of_device(&new.device_code_hash).await.expect("read it");
    assert_eq!(read.as_ref(), Some(&made));
    let done = Pairing { state: PairingState::Done, ..made };
    let done = database.update_pairing(&done).await.expect("tell the device");
    let read = database.pairing_of_user("ANSWERA", at_ms).await.expect("read it");
    assert_eq!(read, Some(done));
    let read = database.pairing_of_user("ANSWERB", at_ms).await.expect("read the other");
    assert_eq!(read, Some(other));
    refused(database.update_pairing(&pairing("NOBODY", at_ms)).await, CHANGED);
}
