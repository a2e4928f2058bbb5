//! Who may push: whoever may not is told why, in the words that OBS shows, and whoever may not any
//! more is closed at once. Beside all of it an encoder of another organisation is live and loses
//! nothing.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "publishers/house.rs"]
mod house;

use std::fs;

use rtmp::codes;
use testkit::{Peer, wait_until};

use house::{ANA, House, Key, SOON};

const WRONG: &str = "This stream key is not valid here. Copy the key that the server showed for \
                     this stream into the encoder's settings.";
const REVOKED: &str =
    "This stream key was revoked. Get a new one, and copy it into the encoder's settings.";
const DEVICE: &str = "This encoder was removed from your devices. Register it again, and use the \
                      stream key that it gets.";
const ADDRESS: &str = "This stream key may not be used from your address. Push from the network \
                       that it is meant for, or get a key for this one.";
const DISABLED: &str =
    "The account of this stream key is disabled. Ask whoever runs your organisation.";
const UNVERIFIED: &str = "Only verified publishers may use this stream. Have yourself verified in \
                          your account first.";
const SIGNATURE: &str = "This push address cannot be used: the token's signature does not fit \
                         what it says. Copy it again, or get a new one.";

/// How long an address is good after its time stamp.
const VALIDITY_S: i64 = 60;

#[test]
fn a_key_that_is_wrong_over_revoked_or_for_another_place_is_refused_in_words() {
    let house = House::open();
    house.stream("cam");
    let (bound, near) = ("192.0.2.0/24", "127.0.0.0/8");
    let bound = house.key("cam", &["--address", bound]);
    let near = house.key("cam", &["--address", near]);
    let revoked = house.key("cam", &[]);
    let short = house.key("cam", &["--expires", "1s"]);
    house.admit(&near.key);
    house.admit(&format!("cam?key={}", near.key));

    house.check(&revoked.key[1..], WRONG);
    // A good key is a wrong one for whatever it is not of, of the same organisation or another.
    house.stream("cam2");
    house.check(&format!("cam2?key={}", near.key), WRONG);
    house.check(&bound.key, ADDRESS);
    house.admit(&revoked.key);
    house.run(&["key", "revoke", &revoked.id]);
    house.check(&revoked.key, REVOKED);
    house.check(&format!("cam?key={}", revoked.key), REVOKED);

    // What people are shown says when it is over.
    let is_over = || house.say(&["key", "list", "cam"]).contains("ended ");
    wait_until("the end of the key", SOON, is_over).unwrap();
    let answer = house.refusal(&short.key);
    assert_eq!(answer.code, codes::PUBLISH_DENIED);
    let (begin, end) = ("This stream key ended ", "Get a new one, and copy it into the encoder's");
    let said = &answer.description;
    assert!(said.starts_with(begin) && said.contains(" ago. ") && said.contains(end), "{said}");
    house.admit(&near.key);
}

#[test]
fn a_user_who_is_disabled_or_not_verified_is_told_so_until_that_changes() {
    let house = House::open();
    house.stream("cam");
    let Key { key, .. } = house.key("cam", &["--user", ANA]);
    house.admit(&key);
    house.run(&["user", "disable", ANA]);
    house.check(&key, DISABLED);
    house.run(&["user", "enable", ANA]);
    house.admit(&key);

    house.run(&["stream", "set", "cam", "--verified-publishers", "true"]);
    house.check(&key, UNVERIFIED);
    // A key of nobody is nobody's who was verified.
    house.check(&house.key("cam", &[]).key, UNVERIFIED);
    let paper = house.server.folder().join("passport.pdf");
    fs::write(&paper, "%PDF-1.4\n%%EOF\n").unwrap();
    house.run(&["user", "submit", ANA, paper.to_str().unwrap()]);
    house.check(&key, UNVERIFIED);
    house.run(&["user", "verify", ANA]);
    house.admit(&key);
}

#[test]
fn a_signed_address_is_good_for_its_stream_and_its_time() {
    let house = House::open();
    house.stream("cam");
    let trusted = house.trust("the-key-of-a-cdn", VALIDITY_S);
    let now_s = house::now_s();
    house.admit(&trusted.sign("cam", now_s + 600));
    // The stamp is not the end: that is so much later.
    house.admit(&trusted.sign("cam", now_s - VALIDITY_S / 2));
    let answer = house.refusal(&trusted.sign("cam", now_s - 2 * VALIDITY_S));
    let said = &answer.description;
    let (begin, end) = ("This push address ended ", " ago. Get a new one.");
    assert!(said.starts_with(begin) && said.ends_with(end), "{said}");
    assert_eq!(answer.code, codes::PUBLISH_DENIED);

    let good = trusted.sign("cam", now_s + 601);
    house.check(&good.replace("-0-0-", "-1-0-"), SIGNATURE);
    house.check(&good.replace("cam?", "cam2?"), SIGNATURE);
    // What one organisation trusts opens nothing of another.
    house.check(&trusted.sign("main", now_s + 600), SIGNATURE);

    let mut neighbour = house.neighbour();
    let mut live = house.push("cam", &good);
    let away = ["trust", "revoke", &trusted.id, "--org", house::NORTH];
    house.check_closed(&mut live, &away, REVOKED);
    house.check(&good, SIGNATURE);
    neighbour.goes_on();
    neighbour.lost_nothing(&house);
}

#[test]
fn a_key_and_a_device_that_are_revoked_are_closed_at_once_and_nobody_else_is() {
    let house = House::open();
    let mut neighbour = house.neighbour();
    for stream in ["cam", "cam2"] {
        house.stream(stream);
    }
    let key = house.key("cam", &[]);
    let device = house.device("cam2");
    // Whoever asks for a stream's key gets none that goes with a device.
    assert_ne!(house.server.stream_key("cam2").unwrap(), device.key);
    let mut by_key = house.push("cam", &key.key);
    let mut by_device = house.push("cam2", &device.key);

    house.check_closed(&mut by_key, &["key", "revoke", &key.id], REVOKED);
    house.check(&key.key, REVOKED);
    by_device.goes_on();
    house.check_closed(&mut by_device, &["device", "revoke", &device.id], DEVICE);
    house.check(&device.key, DEVICE);
    neighbour.goes_on();

    // A user of the same organisation is closed as well.
    let users = house.key("cam", &["--user", ANA]);
    let mut by_user = house.push("cam", &users.key);
    house.check_closed(&mut by_user, &["user", "disable", ANA], DISABLED);
    neighbour.goes_on();
    neighbour.lost_nothing(&house);
}

#[test]
fn nothing_of_one_organisation_is_changed_or_used_by_another() {
    let house = House::open();
    house.stream("cam");
    let key = house.key("cam", &[]);
    let trusted = house.trust("the-key-of-a-cdn", VALIDITY_S);
    let mut neighbour = house.neighbour();
    let before = house.run(&["stream", "show", "main"]);
    for command in [
        &["key", "create", "main", "--user", ANA][..],
        &["device", "add", "encoder", "camera", "--user", ANA, "--stream", "main"],
        &["stream", "set", "main", "--owner", ANA],
        &["stream", "create", "main", "--org", house::NORTH],
        &["trust", "revoke", &trusted.id, "--org", "default"],
    ] {
        house.fail(command);
    }
    house.check(&format!("main?key={}", key.key), WRONG);
    // All that one organisation has goes, and the other has what it had.
    house.run(&["user", "delete", ANA]);
    house.run(&["stream", "delete", "cam"]);
    house.check(&key.key, WRONG);
    assert_eq!(house.run(&["stream", "show", "main"]), before);
    neighbour.goes_on();
    neighbour.lost_nothing(&house);
}

#[test]
fn a_user_has_as_many_streams_live_as_it_may() {
    let house = House::open();
    house.run(&["user", "set", ANA, "--streams-max", "2"]);
    let keys = ["cam", "cam2", "cam3"].map(|stream| {
        house.stream(stream);
        house.key(stream, &["--user", ANA]).key
    });
    let publish = |key: &str| Peer::publish(house.server.ports().rtmp, "live", key);
    let first = publish(&keys[0]).unwrap();
    let _second = publish(&keys[1]).unwrap();
    let sentence = "You have 2 streams live already, which is all that you may have. Stop one, \
                    then try again.";
    house.check(&keys[2], sentence);
    // Another organisation's, and the same one's without a user, are not counted.
    let main = house.server.stream_key("main").unwrap();
    let _main = publish(&main).unwrap();
    let nobodys = publish(&house.key("cam3", &[]).key).unwrap();
    drop(nobodys);
    drop(first);
    wait_until("room for another stream", SOON, || publish(&keys[2]).is_ok()).unwrap();
}

#[test]
fn what_was_revoked_stays_so_over_a_restart() {
    let mut house = House::open();
    for stream in ["cam", "cam2"] {
        house.stream(stream);
    }
    let (key, other) = (house.key("cam", &[]), house.key("cam", &[]));
    let device = house.device("cam2");
    let main = house.server.stream_key("main").unwrap();
    let trusted = house.trust("the-key-of-a-cdn", VALIDITY_S);
    let signed = trusted.sign("cam", house::now_s() + 600);
    for good in [&key.key, &other.key, &device.key, &main, &signed] {
        house.admit(good);
    }
    house.run(&["key", "revoke", &key.id]);
    house.run(&["device", "revoke", &device.id]);
    let killed = |house: &mut House| house.server.kill_9();
    let stopped = |house: &mut House| house.server.terminate(SOON).map(drop);
    house.again(killed);
    house.check(&key.key, REVOKED);
    house.check(&device.key, DEVICE);
    // What is revoked while no server runs is as well.
    house.again(|house| {
        stopped(house)?;
        house.run(&["trust", "revoke", &trusted.id, "--org", house::NORTH]);
        Ok(())
    });
    house.check(&key.key, REVOKED);
    house.check(&device.key, DEVICE);
    house.check(&signed, SIGNATURE);
    house.admit(&other.key);
    house.admit(&main);
}
