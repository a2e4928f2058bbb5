use super::*;
use crate::vectors::RS256_PUBLIC;
use crate::{Facts, Keyring, Presented};

#[path = "vectors.rs"]
mod vectors;

use vectors::{ABSENT, EMPTY, ENDLESS, EVERYTHING, OTHER, POLICY, SHA256, TWICE, TWO};

const NOW_S: i64 = 1_790_000_001;
const PATH: &str = "/live/main/index.m3u8";
const HERE: &str = "203.0.113.7";

fn verify(query: &str, path: &str, now_s: i64, address: &str) -> Result<Verified, Refusal> {
    let kind = KeyKind::cloud_front("K2JCJMDEHXQW5F", RS256_PUBLIC.as_bytes()).unwrap();
    let (id, organisation) = ("own".into(), Some("one".into()));
    let keyring = Keyring::new([Key { id, kid: None, organisation, kind, not_after_s: None }]);
    let presented = Presented::find(path, query, None, None, &keyring.schemes());
    let address = address.parse().ok();
    let facts = Facts { now_s, address, country: None, referer: None };
    let verified = keyring.verify(&presented, Some("one"), &facts)?;
    verified.admits("live/main", presented.path, &facts)?;
    Ok(verified)
}

#[track_caller]
fn check(query: &str, path: &str, expected: Option<Refusal>) {
    assert_eq!(verify(query, path, NOW_S, HERE).err(), expected, "{query} for {path}");
}

#[test]
fn a_policy_opens_what_its_resource_names() {
    for query in [POLICY, SHA256] {
        check(query, PATH, None);
        check(query, "/live/main/ts/1/0.ts", None);
        check(query, "/live/other/index.m3u8", Some(Refusal::OtherStream));
        check(query, "/live/main/../other/0.ts", Some(Refusal::OtherStream));
    }
    check(EVERYTHING, "/live/other/index.m3u8", None);
}

#[test]
fn its_conditions_say_when_and_from_where() {
    let refusal = |now_s, address| verify(POLICY, PATH, now_s, address).err();
    assert_eq!(refusal(1_790_000_000, HERE), Some(Refusal::TooEarly { in_s: 1 }));
    assert_eq!(refusal(1_790_000_001, HERE), None);
    assert_eq!(refusal(1_790_003_599, HERE), None);
    assert_eq!(refusal(1_790_003_600, HERE), Some(Refusal::Expired { ago_s: 0 }));
    assert_eq!(refusal(NOW_S, "203.0.114.7"), Some(Refusal::Address));
    assert_eq!(verify(EVERYTHING, PATH, NOW_S, "2001:db8::1").err(), None);
}

#[test]
fn a_policy_without_an_end_or_a_resource_is_refused_although_it_is_signed() {
    check(EMPTY, PATH, Some(Refusal::Malformed("its policy names no resource")));
    check(ABSENT, PATH, Some(Refusal::Malformed("its policy names no resource")));
    check(ENDLESS, PATH, Some(Refusal::Malformed("it never ends")));
    let odd = Refusal::Malformed("its policy is not as CloudFront's are, or says a thing twice");
    check(TWO, PATH, Some(odd.clone()));
    check(TWICE, PATH, Some(odd));
    check(OTHER, PATH, Some(Refusal::Critical("another condition of a policy")));
}

#[test]
fn a_signature_is_of_its_policy_hash_and_key() {
    check(&POLICY.replace("K2JC", "K3JC"), PATH, Some(Refusal::UnknownKey));
    check(&format!("{POLICY}&Hash-Algorithm=SHA256"), PATH, Some(Refusal::Signature));
    check(&SHA256.replace("=SHA256", "=SHA1"), PATH, Some(Refusal::Signature));
    let (policy, _) = POLICY.split_once("&Signature=").unwrap();
    let (_, signature) = EVERYTHING.split_once("&Signature=").unwrap();
    check(&format!("{policy}&Signature={signature}"), PATH, Some(Refusal::Signature));
    let spelled = Refusal::Malformed("its policy or signature is not spelled as it must be");
    check(&POLICY.replace("&Signature=", "&Signature=%2F"), PATH, Some(spelled));
    let long = format!("Policy={}&Signature=x&Key-Pair-Id=K", "x".repeat(4_096));
    check(&long, PATH, Some(Refusal::Malformed("it is too long")));
}

#[test]
fn every_byte_of_a_policy_counts() {
    for at in 0..POLICY.len() {
        let mut bytes = POLICY.as_bytes().to_vec();
        bytes[at] ^= 1;
        let changed = String::from_utf8(bytes).unwrap();
        assert!(verify(&changed, PATH, NOW_S, HERE).is_err(), "byte {at}: {changed}");
    }
}

#[test]
fn a_policy_has_one_statement_and_a_condition_one_comparison() {
    #[track_caller]
    fn check(policy: &str, is_good: bool) {
        assert_eq!(read(policy.as_bytes()).is_ok(), is_good, "{policy}");
    }
    let of = |condition: &str| {
        format!(r#"{{"Statement":[{{"Resource":"*","Condition":{{{condition}}}}}]}}"#)
    };
    let end = r#""DateLessThan":{"AWS:EpochTime":1790003600}"#;
    check(&of(end), true);
    check(&of(end).replace('{', "{ ").replace("\":", "\" :\r\n"), true);
    for condition in [
        "",
        r#""DateLessThan":{"AWS:EpochTime":1790003600,"other":1}"#,
        r#""DateLessThan":{"other":1790003600}"#,
        r#""DateLessThan":{"AWS:EpochTime":"1790003600"}"#,
        r#""DateLessThan":1790003600"#,
        r#""DateLessThan":{}"#,
    ] {
        check(&of(condition), false);
    }
    for more in [
        r#""DateGreaterThan":{}"#,
        r#""IpAddress":{"AWS:SourceIp":"here"}"#,
        r#""IpAddress":{"AWS:SourceIp":["203.0.113.7"]}"#,
        end,
    ] {
        check(&of(&format!("{end},{more}")), false);
    }
    check(&of(end).replace("\"Statement\"", "\"Id\":1,\"Statement\""), false);
    check(&of(end).replace("\"Resource\"", "\"NotResource\":1,\"Resource\""), false);
    for policy in ["", "{}", r#"{"Statement":[]}"#, r#"{"Statement":{}}"#, r#"{"Statement":[1]}"#] {
        check(policy, false);
    }
}

#[test]
fn of_a_resource_the_path_is_compared() {
    for (resource, expected) in [
        ("https://cdn.example.org/live/*", Some("/live/*")),
        ("http*://*.example.org/live/a.m3u8?x=*", Some("/live/a.m3u8?x=*")),
        ("https://*", Some("*")),
        ("https://*/live/*", Some("/live/*")),
        ("/live/*", Some("/live/*")),
        ("*", Some("*")),
        ("https://cdn.example.org", None),
        ("live/main", None),
        ("", None),
    ] {
        assert_eq!(path_of(resource), expected, "{resource}");
    }
}
