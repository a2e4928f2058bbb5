use proptest::prelude::*;

use super::*;
use crate::{Countries, Facts, Keyring, Pattern, Presented, Rules};

const SECRET: &[u8] = b"a secret of more than 32 bytes, for tests";
const KID: &str = "key_0123456789abcdefghjkmnpqrs";
const NOW_S: i64 = 1_790_000_000;

fn claims() -> Claims {
    Claims {
        organisation: Some("org_0123456789abcdefghjkmnpqrs".into()),
        viewer: Some("viewer-1".into()),
        id: Some("tok_0123456789abcdefghjkmnpqrs".into()),
        streams: vec![Pattern::parse("live/main").unwrap()],
        issued_at_s: Some(NOW_S),
        expires_at_s: NOW_S + 3_600,
        ..Claims::default()
    }
}

/// Everything that a path token can say.
fn all_claims() -> Claims {
    Claims {
        version: 300,
        device: Some("dev_1".into()),
        is_member: true,
        streams: ["live/main", "live/cam-*", "*"].map(|it| Pattern::parse(it).unwrap()).into(),
        not_before_s: Some(NOW_S - 1),
        rules: Rules {
            addresses: ["203.0.113.0/24", "2001:db8::/32"].map(|it| it.parse().unwrap()).into(),
            countries: Countries { allow: vec!["DE".into()], deny: vec!["FR".into()] },
            referers: vec!["*.example.org".into(), "example.com".into()],
        },
        sessions_max: Some(2),
        height_max: Some(1_080),
        bitrate_max: Some(u64::MAX),
        via: Some("tru_1".into()),
        ..claims()
    }
}

fn keyring() -> Keyring {
    let kind = KeyKind::path(SECRET).unwrap();
    Keyring::new([Key { id: KID.into(), kid: None, organisation: None, kind, not_after_s: None }])
}

fn verify_with(keyring: &Keyring, token: &str, now_s: i64) -> Result<Verified, Refusal> {
    let facts = Facts { now_s, address: None, country: None, referer: None };
    keyring.verify(&Presented::token(token), None, &facts)
}

fn verify(token: &str, now_s: i64) -> Result<Verified, Refusal> {
    verify_with(&keyring(), token, now_s)
}

fn minted(claims: &Claims) -> String {
    PathSigner::new(KID, SECRET).unwrap().mint(claims).unwrap()
}

#[test]
fn a_usual_token_is_short_and_reads_back() {
    let token = minted(&claims());
    assert!(token.len() < 250, "{} bytes: {token}", token.len());
    assert!(token.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it)), "{token}");
    let verified = verify(&token, NOW_S).unwrap();
    assert_eq!(verified.claims, claims());
    assert_eq!(&*verified.organisation, "org_0123456789abcdefghjkmnpqrs");
    assert_eq!(minted(&claims()), token, "it is made alike each time");
}

#[test]
fn all_that_it_can_say_reads_back() {
    let verified = verify(&minted(&all_claims()), NOW_S).unwrap();
    assert_eq!(verified.claims, all_claims());
}

/// What a token means does not change from version to version: this one was
/// made as the first one made them, by Python.
#[test]
fn a_token_of_the_first_version_is_good() {
    const FIRST: &str = "w1.key_0123456789abcdefghjkmnpqrs.AQRqsT3RAgNvbmUDCWxpdmUvbWFpbg.\
                         O7LSen2F3KnYtx_qFIeoPqtP";
    let claims = Claims {
        organisation: Some("one".into()),
        streams: vec![Pattern::parse("live/main").unwrap()],
        expires_at_s: 1_790_000_593,
        ..Claims::default()
    };
    assert_eq!(minted(&claims), FIRST);
    assert_eq!(verify(FIRST, NOW_S).unwrap().claims, claims);
}

#[test]
fn every_bit_of_every_byte_counts() {
    let keyring = keyring();
    for token in [minted(&claims()), minted(&all_claims())] {
        for at in 0..token.len() {
            for bit in 0..8 {
                let mut bytes = token.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                // A byte above 127 is no text, and cannot come this far.
                let Ok(changed) = String::from_utf8(bytes) else { continue };
                let refusal = verify_with(&keyring, &changed, NOW_S);
                assert!(refusal.is_err(), "byte {at}, bit {bit}: {changed}");
            }
        }
    }
}

#[test]
fn every_other_letter_at_every_position_is_refused() {
    let (keyring, token) = (keyring(), minted(&claims()));
    let letters = || (0x20u8..0x7f).map(char::from);
    for at in 0..token.len() {
        for letter in letters().filter(|it| !token[at..].starts_with(*it)) {
            let changed = format!("{}{letter}{}", &token[..at], &token[at + 1..]);
            assert!(verify_with(&keyring, &changed, NOW_S).is_err(), "{changed}");
        }
        let shorter = format!("{}{}", &token[..at], &token[at + 1..]);
        assert!(verify_with(&keyring, &shorter, NOW_S).is_err(), "{shorter}");
        let longer = format!("{}A{}", &token[..at], &token[at..]);
        assert!(verify_with(&keyring, &longer, NOW_S).is_err(), "{longer}");
    }
}

#[test]
fn other_spellings_of_the_same_bytes_are_refused() {
    let token = minted(&claims());
    let (signed, mac) = token.rsplit_once('.').unwrap();
    let (head, fields) = signed.rsplit_once('.').unwrap();
    assert_eq!(mac.len(), 24, "no bits are left over");
    let mut spellings = vec![
        format!("{token}="),
        format!("{head}.{fields}=.{mac}"),
        format!("{head}.{fields}==.{mac}"),
        format!("{signed}.{}", &mac[..23]),
        format!("{signed}.{mac}AAAA"),
        format!("{signed}."),
        token.replace('.', "%2E"),
        token.replacen("w1", "%771", 1),
        token.to_uppercase(),
        token.to_lowercase(),
        format!("{token} "),
        format!(" {token}"),
        format!("{token}\0"),
    ];
    // The last letter of the claims has bits that mean nothing: all its spellings.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let cut = fields.len() - 1;
    let others = alphabet.chars().filter(|it| !fields[cut..].starts_with(*it));
    spellings.extend(others.map(|it| format!("{head}.{}{it}.{mac}", &fields[..cut])));
    for spelling in spellings.iter().filter(|it| **it != token) {
        assert!(verify(spelling, NOW_S).is_err(), "{spelling}");
    }
}

#[test]
fn another_key_or_no_key_is_refused() {
    let claims = claims();
    let of = |kid, secret| PathSigner::new(kid, secret).unwrap().mint(&claims).unwrap();
    let other: &[u8] = b"another secret of more than 32 bytes";
    assert_eq!(verify(&of(KID, other), NOW_S).err(), Some(Refusal::Signature));
    assert_eq!(verify(&of("unknown", SECRET), NOW_S).err(), Some(Refusal::UnknownKey));
    assert!(PathSigner::new("a.b", SECRET).is_err());
    assert!(PathSigner::new("", SECRET).is_err());
    assert!(PathSigner::new(&"k".repeat(65), SECRET).is_err());
    assert!(PathSigner::new(KID, &[1; 31]).is_err());
    assert!(!format!("{:?}", PathSigner::new(KID, SECRET).unwrap()).contains("secret of"));
}

#[test]
fn it_ends_half_a_minute_after_its_end() {
    let at = |now_s| verify(&minted(&claims()), now_s).err();
    assert_eq!(at(NOW_S + 3_629), None);
    assert_eq!(at(NOW_S + 3_630), Some(Refusal::Expired { ago_s: 30 }));
    assert_eq!(at(NOW_S - 30), None);
    assert_eq!(at(NOW_S - 31), Some(Refusal::TooEarly { in_s: 31 }));
}

/// Whoever has the key makes no such tokens; a version that is newer may.
#[test]
fn fields_have_one_form() {
    #[track_caller]
    fn check(fields: &[u8], is_good: bool) {
        let verified = verify(&signed_fields(KID, SECRET, fields), NOW_S);
        assert_eq!(verified.is_ok(), is_good, "{fields:?}: {verified:?}");
    }
    let end = [1, 4, 0x7f, 0xff, 0xff, 0xff];
    let org = [2, 3, b'o', b'n', b'e'];
    let with = |rest: &[u8]| [&end[..], &org, rest].concat();
    check(&with(&[]), true);
    check(&with(&[3, 1, b'*']), true);
    check(&with(&[3, 1, b'*', 3, 1, b'*']), true);
    check(&[], false);
    check(&org, false);
    check(&[&org[..], &end].concat(), false);
    check(&with(&org), false);
    check(&with(&[4]), false);
    check(&with(&[4, 2, b'a']), false);
    check(&with(&[4, 2, 0xff, 0xff]), false);
    check(&with(&[4, 1, b'a', 9, 1, 1]), true);
    check(&with(&[9, 1, 1, 4, 1, b'a']), false);
    check(&with(&[6, 1, 1]), true);
    check(&with(&[6, 0]), false);
    check(&with(&[8, 1, 1]), true);
    check(&with(&[8, 1, 2]), false);
    check(&with(&[15, 1, 2]), true);
    check(&with(&[15, 2, 0, 2]), false);
    check(&with(&[15, 5, 1, 0, 0, 0, 0]), false);
    check(&with(&[17, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0]), false);
    check(&with(&[11, 5, 24, 203, 0, 113, 0]), true);
    check(&with(&[11, 5, 33, 203, 0, 113, 0]), false);
    check(&with(&[11, 4, 24, 203, 0, 113]), false);
    let newer = verify(&signed_fields(KID, SECRET, &with(&[255, 0])), NOW_S).err();
    assert_eq!(newer, Some(Refusal::Critical("a newer path token")));
}

#[test]
fn what_does_not_fit_is_not_minted() {
    let mint = |claims: &Claims| PathSigner::new(KID, SECRET).unwrap().mint(claims);
    let long = Claims { viewer: Some("x".repeat(256)), ..claims() };
    assert_eq!(mint(&long), Err(PathError::TooLong { bytes: 256, limit: 255 }));
    let early = Claims { expires_at_s: -1, ..claims() };
    assert_eq!(mint(&early), Err(PathError::Time));
    let mut many = claims();
    many.rules.referers = vec!["x".repeat(255); 12];
    assert!(matches!(mint(&many), Err(PathError::Token { limit: TOKEN_BYTES_MAX, .. })));
    many.rules.referers.truncate(10);
    assert_eq!(verify(&mint(&many).unwrap(), NOW_S).unwrap().claims, many);
}

proptest! {
    #[test]
    fn any_claims_read_back(
        viewer in proptest::option::of("[^\0]{0,40}"),
        version: u64,
        expires_at_s in NOW_S + 1..i64::MAX,
        bitrate_max: Option<u64>,
        height_max: Option<u32>,
        is_member: bool,
    ) {
        let claims =
            Claims { viewer, version, expires_at_s, bitrate_max, ..claims() };
        let claims = Claims { height_max, is_member, ..claims };
        prop_assert_eq!(verify(&minted(&claims), NOW_S).unwrap().claims, claims);
    }
}

#[test]
fn a_token_that_was_made_from_a_signed_url_ends_with_the_key_of_that() {
    let made = Claims { via: Some("tru_1".into()), ..claims() };
    let verified = verify(&minted(&made), NOW_S).unwrap();
    assert_eq!(verified.claims, made);
    let revoked = |id: &str| {
        let revoked = crate::Revoked::Key { id: id.to_owned() };
        let (at_ms, until_ms) = (NOW_S * 1_000, i64::MAX);
        let mut revocations = crate::Revocations::default();
        revocations.insert(&crate::Revocation { organisation: None, revoked, at_ms, until_ms });
        revocations.covers(&verified)
    };
    assert!(revoked("tru_1"));
    assert!(!revoked("tru_2"));
}
