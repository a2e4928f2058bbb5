use super::*;

#[track_caller]
fn check(refusal: &PublishRefusal, code: &str, sentence: &str) {
    assert_eq!((refusal.code(), refusal.sentence().as_str()), (code, sentence));
}

#[track_caller]
fn denied(refusal: &PublishRefusal, sentence: &str) {
    check(refusal, "NetStream.Publish.Denied", sentence);
    assert!(!refusal.is_temporary());
}

#[test]
fn every_refusal_says_what_to_do() {
    let unknown = |app: &str| PublishRefusal::UnknownApp {
        app: app.to_owned(),
        apps: vec!["tv".to_owned(), "live".to_owned()],
    };
    check(
        &unknown("Live"),
        "NetConnection.Connect.InvalidApp",
        "There is no application Live on this server. Let the server address end in /tv.",
    );
    check(
        &unknown(""),
        "NetConnection.Connect.InvalidApp",
        "There is no application without a name on this server. \
         Let the server address end in /tv.",
    );
    check(
        &PublishRefusal::BadName(NameError::FirstCharacter('.')),
        "NetStream.Publish.BadName",
        "This stream name cannot be used: a name starts with a letter or a digit, not '.'. \
         Choose another one.",
    );
    denied(
        &PublishRefusal::WrongKey,
        "This stream key is not valid here. Copy the key that the server showed for this \
         stream into the encoder's settings.",
    );
    let unavailable = PublishRefusal::Unavailable { source: "db at 10.1.2.3".into() };
    check(
        &unavailable,
        "NetStream.Failed",
        "The server cannot check stream keys at the moment. Try again in a few seconds.",
    );
    assert!(unavailable.is_temporary());
}

#[test]
fn a_key_that_was_good_is_refused_with_what_became_of_it() {
    denied(
        &PublishRefusal::Revoked,
        "This stream key was revoked. Get a new one, and copy it into the encoder's settings.",
    );
    denied(
        &PublishRefusal::DeviceRevoked,
        "This encoder was removed from your devices. Register it again, and use the stream key \
         that it gets.",
    );
    denied(
        &PublishRefusal::Address,
        "This stream key may not be used from your address. Push from the network that it is \
         meant for, or get a key for this one.",
    );
    let ended = |ago_s, expected: &str| {
        denied(
            &PublishRefusal::Expired { ago_s },
            &format!(
                "This stream key ended {expected} ago. Get a new one, and copy it into the \
                 encoder's settings."
            ),
        );
    };
    ended(-1, "0 seconds");
    ended(1, "1 second");
    ended(119, "119 seconds");
    ended(120, "2 minutes");
    ended(7_199, "119 minutes");
    ended(7_200, "2 hours");
    ended(172_800, "2 days");
    ended(i64::MAX, "106751991167300 days");
}

#[test]
fn a_push_address_says_why_it_is_not_good() {
    denied(
        &PublishRefusal::Signed(token::Refusal::Expired { ago_s: 180 }),
        "This push address ended 3 minutes ago. Get a new one.",
    );
    denied(
        &PublishRefusal::Signed(token::Refusal::Signature),
        "This push address cannot be used: the token's signature does not fit what it says. \
         Copy it again, or get a new one.",
    );
}

#[test]
fn a_publisher_is_told_what_it_may_not() {
    denied(
        &PublishRefusal::TooManyStreams { limit: 1 },
        "You have 1 stream live already, which is all that you may have. Stop one, then try \
         again.",
    );
    denied(
        &PublishRefusal::TooManyStreams { limit: 3 },
        "You have 3 streams live already, which is all that you may have. Stop one, then try \
         again.",
    );
    denied(
        &PublishRefusal::NotVerified,
        "Only verified publishers may use this stream. Have yourself verified in your account \
         first.",
    );
    denied(
        &PublishRefusal::UserDisabled,
        "The account of this stream key is disabled. Ask whoever runs your organisation.",
    );
    denied(
        &PublishRefusal::DeniedByPolicy,
        "The settings of this stream do not let you publish it. Ask whoever runs it.",
    );
    let wait = PublishRefusal::TooManyAttempts { retry_after_s: 30 };
    check(
        &wait,
        "NetStream.Publish.Denied",
        "Too many wrong stream keys came from your address. Try again in 30 seconds, with the \
         right one.",
    );
    assert!(wait.is_temporary());
}

#[test]
fn the_customers_reason_is_passed_on() {
    let reason = Reason::clean("Your plan ended.\n<b>Pay</b>");
    let forbidden = PublishRefusal::Forbidden { reason };
    denied(&forbidden, "You may not publish this stream: Your plan ended. bPay/b");
    let log = "the customer's endpoint refused: Your plan ended. bPay/b";
    assert_eq!(forbidden.to_string(), log);
    let silent = PublishRefusal::Forbidden { reason: None };
    denied(&silent, "You may not publish this stream. Ask whoever gave you the stream key.");
    assert_eq!(silent.to_string(), "the customer's endpoint refused: it gave no reason");
}
