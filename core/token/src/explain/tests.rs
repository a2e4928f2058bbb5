use super::*;
use crate::vectors::*;
use crate::{
    Algorithm, Key, KeyKind, PathSigner, Pattern, Revocation, Revoked, Secret, signed_path,
};

const NOW_S: i64 = 1_790_000_060;
const SECRET: &[u8] = b"a secret of more than 32 bytes, for tests";

fn keyring() -> Keyring {
    let key = |id: &str, kind, organisation: Option<&str>| {
        let organisation = organisation.map(Into::into);
        Key { id: id.into(), kid: None, organisation, kind, not_after_s: None }
    };
    let audience = Some("weir".to_owned());
    let jwt = KeyKind::jwt(Algorithm::EdDSA, EDDSA_PUBLIC.as_bytes(), None, audience).unwrap();
    let alibaba = KeyKind::alibaba(crate::Alibaba::A, b"aliyuncdnexp1234", 1_800).unwrap();
    Keyring::new([
        key("k-EdDSA", jwt, Some("one")),
        key("path", KeyKind::path(SECRET).unwrap(), None),
        key("alibaba", alibaba, Some("one")),
    ])
}

fn facts(now_s: i64) -> Facts<'static> {
    let address = Some("203.0.113.7".parse().unwrap());
    Facts { now_s, address, country: Some("DE"), referer: Some("https://www.example.org/") }
}

fn explained(url: &str, revocations: &Revocations, facts: Facts<'_>, stream: &str) -> Explanation {
    let (keyring, (path, query)) = (keyring(), url.split_once('?').unwrap_or((url, "")));
    let presented = Presented::find(path, query, None, None, &keyring.schemes());
    let question = Question { stream: Some(stream), organisation: Some("one"), facts };
    explain(&presented, &keyring, revocations, &question)
}

#[track_caller]
fn check(url: &str, facts: Facts<'_>, stream: &str, refusal: Option<Refusal>, expected: &[&str]) {
    let explanation = explained(url, &Revocations::default(), facts, stream);
    assert_eq!(explanation.refusal, refusal, "{explanation}");
    let text = explanation.to_string();
    for line in expected {
        assert!(text.lines().any(|it| it == *line), "{line:?} is not in\n{text}");
    }
    let last = explanation.lines.last().unwrap();
    assert_eq!(last.holds, Some(refusal.is_none()), "the last line is the answer");
}

fn with(token: &str) -> String {
    format!("/t/{token}/live/main/index.m3u8")
}

#[test]
fn a_good_token_is_explained_line_by_line() {
    let expected = "\
+ JSON web token, EdDSA, by the key `k-EdDSA`
+ signed with the trusted key `k-EdDSA`, for streams of `one`
+ it opens live/main, live/cam-*
  made by `https://issuer.example`
  of the organisation `one`
  its id is `t-1`
  for the viewer `viewer-1`
  for the device `dev-1`
  for the audience `weir`
  for the audience `other`
  for a member of the organisation, who may see private streams
+ made 2026-09-21T14:13:20Z (60 s ago)
+ good from 2026-09-21T14:13:20Z (60 s ago)
+ good until 2026-09-21T15:13:20Z (in 59 min)
+ only from 203.0.113.0/24, 2001:db8::1/128; this address is 203.0.113.7
+ only in DE outside FR; this country is DE
+ only on pages of *.example.org; this page is https://www.example.org/
  at most 2 players at one time
  at most 720 pixels high
  at most 3000000 bits per second
+ so it opens live/main
";
    let none = Revocations::default();
    let explanation = explained(&with(EDDSA_TOKEN), &none, facts(NOW_S), "live/main");
    assert_eq!(explanation.to_string(), expected);
}

#[test]
fn each_reason_is_said_in_its_line() {
    let url = with(EDDSA_TOKEN);
    let here = facts(NOW_S);
    let other = "- so it does not open live/x: the token does not open this stream";
    let opens = "- it opens live/main, live/cam-*";
    check(&url, here, "live/x", Some(Refusal::OtherStream), &[opens, other]);
    let late = "- good until 2026-09-21T15:13:20Z (2 h ago)";
    let expired = Some(Refusal::Expired { ago_s: 7_200 });
    check(&url, facts(1_790_010_800), "live/main", expired, &[late]);
    let early = "- made 2026-09-21T14:13:20Z (in 100 s)";
    check(&url, facts(1_789_999_900), "live/main", Some(Refusal::TooEarly { in_s: 100 }), &[early]);
    let elsewhere = Facts { address: None, country: None, referer: None, ..here };
    let lines = [
        "- only from 203.0.113.0/24, 2001:db8::1/128; this address is not known",
        "- only in DE outside FR; this country is not known",
        "- only on pages of *.example.org; this page is not known",
    ];
    check(&url, elsewhere, "live/main", Some(Refusal::Address), &lines);
}

#[test]
fn what_nobody_vouches_for_is_said_to_be_so() {
    let nobody = "  nobody vouches for what it says:";
    let changed = format!("{}AAA", &EDDSA_TOKEN[..EDDSA_TOKEN.len() - 3]);
    let lines = ["- the token's signature does not fit what it says", nobody, "  its id is `t-1`"];
    check(&with(&changed), facts(NOW_S), "live/main", Some(Refusal::Signature), &lines);
    let unknown = "- the token is signed with a key that is not trusted here";
    let lines = [unknown, nobody, "+ JSON web token, ES256, by the key `k-ES256`"];
    check(&with(ES256_TOKEN), facts(NOW_S), "live/main", Some(Refusal::UnknownKey), &lines);
    let malformed = Refusal::Malformed("a token has three parts with dots between them");
    let line = "- this is no token: a token has three parts with dots between them";
    check(&with("abc"), facts(NOW_S), "live/main", Some(malformed), &[line]);
    let nothing = "- nothing is shown: no token in the path, query, header or cookie";
    let refusal = Refusal::Malformed("nothing was shown");
    check("/live/main/index.m3u8", facts(NOW_S), "live/main", Some(refusal), &[nothing]);
}

#[test]
fn a_revoked_token_says_so() {
    let mut revocations = Revocations::default();
    let revoked = Revoked::Token { id: "t-1".into() };
    revocations.insert(&Revocation { organisation: None, revoked, at_ms: 0, until_ms: 1 });
    let explanation = explained(&with(EDDSA_TOKEN), &revocations, facts(NOW_S), "live/main");
    assert_eq!(explanation.refusal, Some(Refusal::Revoked));
    let text = explanation.to_string();
    assert!(text.ends_with("- so it does not open live/main: the token was revoked\n"), "{text}");
}

#[test]
fn other_schemes_are_explained_too() {
    let claims = Claims {
        organisation: Some("two".into()),
        streams: vec![Pattern::parse("live/main").unwrap()],
        expires_at_s: NOW_S + 60,
        ..Claims::default()
    };
    let token = PathSigner::new("path", SECRET).unwrap().mint(&claims).unwrap();
    let lines = [
        "+ path token, by the key `path`",
        "+ signed with the trusted key `path`, for streams of `two`",
    ];
    let refusal = Some(Refusal::Audience("another organisation"));
    check(&with(&token), facts(NOW_S), "live/main", refusal, &lines);
    let path = "/live/main/index.m3u8";
    let signed = |secret| {
        let secret = Secret::new(secret);
        signed_path(crate::Alibaba::A, path, &secret, 1_790_000_000).unwrap()
    };
    let lines = [
        "+ signed URL of type A",
        "  it opens /live/main/index.m3u8",
        "+ good until 2026-09-21T14:43:21Z (in 29 min)",
    ];
    check(&signed(b"aliyuncdnexp1234"), facts(NOW_S), "live/main", None, &lines);
    let stamp = "  its time stamp is 2026-09-21T14:13:20Z (60 s ago)";
    let wrong = signed(b"another-secret-1");
    check(&wrong, facts(NOW_S), "live/main", Some(Refusal::Signature), &[stamp]);
}

#[test]
fn no_line_has_a_signature_in_it() {
    for token in [EDDSA_TOKEN, ES256_TOKEN, RS256_TOKEN, HS256_TOKEN] {
        let none = Revocations::default();
        let text = explained(&with(token), &none, facts(NOW_S), "live/main").to_string();
        let (_, signature) = token.rsplit_once('.').unwrap();
        assert!(!text.contains(signature) && !text.contains(&signature[..8]), "{text}");
    }
    let none = Revocations::default();
    let escaped = "/x?hdnts=exp=1~id=%1B[31m~acl=/*~hmac=s3cret";
    let text = explained(escaped, &none, facts(NOW_S), "live/main").to_string();
    assert!(!text.contains("s3cret") && !text.contains('\u{1b}'), "{text}");
}
