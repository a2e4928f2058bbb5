use super::*;
use crate::{Facts, Keyring, Presented};

const SECRET: &str = "52a152a152a152a152a152a152a152a1";
const NOW_S: i64 = 1_790_000_000;

// Made with Python's hmac.
const ACL: &str = "st=1790000000~exp=1790003600~acl=/live/main/*!/live/cam-*~hmac=\
                   db9e9b7fdfed078b8940d2b531b6e842650e7586682444fe732f8eb2a518fa4c";
const ESCAPED: &str = "ip=203.0.113.7~st=1790000000~exp=1790003600~acl=%2flive%2fmain%2f*~id=s-1~\
                       data=viewer-1~hmac=\
                       61e63ff7ac680a6574ed21737deeb0ea39a301d35587c5be9f03b26df6dedf72";
const URL: &str =
    "exp=1790003600~hmac=6bb0860e450051fc6100d91ef9c2b8eade4077628bfbd990b55a37881a0e8ae6";
const URL_ESCAPED: &str =
    "exp=1790003600~hmac=9bbef41bebf61799b1500edac10b128a8017508c581d9ab972bb428fbf127845";
const ENDLESS: &str =
    "acl=/live/main/*~hmac=489a874ed3d2cb425ce36225d46a81bcf8974eb6e0b222782dc5174d9d6ca595";
const NOTHING: &str =
    "exp=1790003600~acl=~hmac=7571e96af689129eeda1e2de44f5cee34dafbc0f35c58c2dbc3a8b9de0ae10d3";
const TWICE: &str = "exp=1790003600~acl=/x~acl=/*~hmac=\
                     bad1db11e921ef48f551e4b8129ae63f397396648a631ebd187ebdcd784b0cbf";
const SALT: &str = "exp=1790003600~acl=/*~salt=x~hmac=\
                    a7e2e5296f0f72766a045f3759f2989667a615ed7221bdd9e313b772c36eaa69";
const NEGATIVE: &str =
    "exp=-5~acl=/*~hmac=41c10c469cdb56b49ec2aece3730e394703c51202df74c72d8c00e972357da75";

fn key(id: &str, secret: &str, organisation: &str) -> Key {
    let kind = KeyKind::akamai(secret.as_bytes()).unwrap();
    let organisation = Some(organisation.into());
    Key { id: id.into(), kid: None, organisation, kind, not_after_s: None }
}

fn verify(token: &str, path: &str, now_s: i64, address: &str) -> Result<Verified, Refusal> {
    let other = key("other", "000102030405060708090a0b0c0d0e0f", "two");
    let keyring = Keyring::new([other, key("own", SECRET, "one")]);
    let query = format!("hdnts={token}");
    let presented = Presented::find(path, &query, None, None, &keyring.schemes());
    let address = address.parse().ok();
    let facts = Facts { now_s, address, country: None, referer: None };
    let verified = keyring.verify(&presented, Some("one"), &facts)?;
    verified.admits("live/main", presented.path, &facts)?;
    Ok(verified)
}

const PATH: &str = "/live/main/index.m3u8";
const HERE: &str = "203.0.113.7";

#[track_caller]
fn check(token: &str, path: &str, expected: Option<Refusal>) {
    assert_eq!(verify(token, path, NOW_S, HERE).err(), expected, "{token} for {path}");
}

#[test]
fn a_list_of_paths_opens_what_is_as_one_of_them_says() {
    check(ACL, PATH, None);
    check(ACL, "/live/main/ts/1/0.ts", None);
    check(ACL, "/live/cam-7/index.m3u8", None);
    check(ACL, "/live/mai", Some(Refusal::OtherStream));
    check(ACL, "/live/other/index.m3u8", Some(Refusal::OtherStream));
    check(ACL, "/live/main/../other/index.m3u8", Some(Refusal::OtherStream));
    check(ACL, "/live/main/%2e%2E/other/index.m3u8", Some(Refusal::OtherStream));
    let whole = ACL.replace('~', "%7E").replace('=', "%3D").replace('/', "%2F");
    check(&whole, PATH, None);
}

#[test]
fn fields_say_who_where_and_when() {
    let verified = verify(ESCAPED, PATH, NOW_S, HERE).unwrap();
    assert_eq!(verified.claims.id.as_deref(), Some("s-1"));
    assert_eq!(verified.claims.viewer.as_deref(), Some("viewer-1"));
    assert_eq!((&*verified.key, &*verified.organisation), ("own", "one"));
    let refusal = |now_s, address| verify(ESCAPED, PATH, now_s, address).err();
    assert_eq!(refusal(NOW_S, "203.0.113.8"), Some(Refusal::Address), "replayed elsewhere");
    assert_eq!(refusal(NOW_S, ""), Some(Refusal::Address));
    assert_eq!(refusal(NOW_S, "::ffff:203.0.113.7"), None);
    assert_eq!(refusal(NOW_S - 1, HERE), Some(Refusal::TooEarly { in_s: 1 }));
    assert_eq!(refusal(NOW_S + 3_599, HERE), None);
    assert_eq!(refusal(NOW_S + 3_600, HERE), Some(Refusal::Expired { ago_s: 0 }));
}

#[test]
fn without_a_list_the_path_is_signed() {
    check(URL, PATH, None);
    check(URL_ESCAPED, PATH, None);
    check(URL, "/live/main/index.m3u9", Some(Refusal::Signature));
    let kept = verify(URL, PATH, NOW_S, HERE).unwrap();
    let facts = Facts { now_s: NOW_S, address: None, country: None, referer: None };
    let other = kept.admits("live/main", "/live/main/0.ts", &facts);
    assert_eq!(other, Err(Refusal::OtherStream));
}

#[test]
fn what_is_not_as_it_must_be_is_refused_although_it_is_signed() {
    check(ENDLESS, PATH, Some(Refusal::Malformed("it never ends")));
    let empty = Refusal::Malformed("one of its paths is empty, or they are too many");
    check(NOTHING, PATH, Some(empty));
    let twice = Refusal::Malformed("its fields are not as they must be, or there twice");
    check(TWICE, PATH, Some(twice));
    check(SALT, PATH, Some(Refusal::Critical("a field of another kind")));
    let negative = Refusal::Malformed("a time of it is not in seconds since 1970");
    check(NEGATIVE, PATH, Some(negative));
    for text in ["", "~", "exp=1790003600~acl=/*", "~hmac=", "exp~hmac=", "=~hmac=x"] {
        let refusal = verify(text, PATH, NOW_S, HERE).err();
        assert!(matches!(refusal, Some(Refusal::Malformed(_) | Refusal::Critical(_))), "{text}");
    }
    let long = format!("exp=1790003600~acl=/{}~hmac=00", "x".repeat(4_096));
    check(&long, PATH, Some(Refusal::Malformed("it is too long")));
}

#[test]
fn every_bit_of_a_token_counts() {
    for token in [ACL, ESCAPED, URL] {
        for at in 0..token.len() {
            for bit in 0..7 {
                let mut bytes = token.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let changed = String::from_utf8(bytes).unwrap();
                // A `&` or a `#` would end the token, which is refused, too.
                assert!(verify(&changed, PATH, NOW_S, HERE).is_err(), "byte {at}: {changed}");
            }
        }
        assert!(verify(&format!("{token}0"), PATH, NOW_S, HERE).is_err());
        assert!(verify(&token.to_uppercase(), PATH, NOW_S, HERE).is_err());
    }
}

#[test]
fn a_token_that_is_made_here_is_good() {
    let acl = "/live/main/*!/live/cam-*";
    let made = akamai_token(SECRET.as_bytes(), acl, Some(NOW_S), NOW_S + 3_600, None).unwrap();
    assert_eq!(made, ACL);
    let address = Some(HERE.parse().unwrap());
    let bound = akamai_token(SECRET.as_bytes(), acl, None, NOW_S + 1, address).unwrap();
    check(&bound, PATH, None);
    assert_eq!(verify(&bound, PATH, NOW_S, "203.0.113.8").err(), Some(Refusal::Address));
}

#[test]
fn a_key_is_hex_and_long_enough() {
    for (secret, expected) in [
        (SECRET, None),
        (" 52A152a152a152a152a152a152a152a1\n", None),
        ("52a152a152a152a152a152a152a152", Some(KeyError::TooShort { bytes: 15, limit: 16 })),
        ("52a152a152a152a152a152a152a152a", Some(KeyError::Form)),
        ("+2a152a152a152a152a152a152a152a1", Some(KeyError::Form)),
        ("xx", Some(KeyError::Form)),
    ] {
        assert_eq!(KeyKind::akamai(secret.as_bytes()).err(), expected, "{secret}");
    }
}
