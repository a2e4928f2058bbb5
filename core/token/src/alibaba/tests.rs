use super::*;
use crate::{Facts, Keyring, Presented};

const SECRET: &[u8] = b"aliyuncdnexp1234";
const SECONDARY: &[u8] = b"another-secret-of-16";
const VALIDITY_S: u32 = 1_800;
const VARIANTS: [Alibaba; 3] = [Alibaba::A, Alibaba::B, Alibaba::C];

fn key(id: &str, variant: Alibaba, secret: &[u8], organisation: &str) -> Key {
    Key {
        id: id.into(),
        kid: None,
        organisation: Some(organisation.into()),
        kind: KeyKind::alibaba(variant, secret, VALIDITY_S).unwrap(),
        not_after_s: None,
    }
}

/// Two organisations; one of them is exchanging its keys.
fn keyring() -> Keyring {
    let primary = VARIANTS.map(|variant| key("primary", variant, SECRET, "one"));
    let secondary = VARIANTS.map(|variant| key("secondary", variant, SECONDARY, "one"));
    let other = VARIANTS.map(|variant| key("other", variant, b"of-another-organisation", "two"));
    Keyring::new(primary.into_iter().chain(secondary).chain(other))
}

/// Verifies for organisation `one`, and asks whether what is left of the path is opened.
fn verify(url: &str, now_s: i64) -> Result<Verified, Refusal> {
    let keyring = keyring();
    let schemes = keyring.schemes();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let presented = Presented::find(path, query, None, None, &schemes);
    let facts = Facts { now_s, address: None, country: None, referer: None };
    let verified = keyring.verify(&presented, Some("one"), &facts)?;
    verified.admits("video/standard", presented.path, &facts)?;
    Ok(verified)
}

#[track_caller]
fn check(url: &str, now_s: i64, expected: Option<Refusal>) {
    assert_eq!(verify(url, now_s).err(), expected, "{url} at {now_s}");
}

const A: &str = "/video/standard/1K.html?auth_key=1444435200-0-0-80cd3862d699b7118eed99103f2a3a4f";
const B: &str =
    "/201508150800/9044548ef1527deadafa49a890a377f0/4/44/44c0909bcfc20a01afaf256ca99a8b8b.mp3";
const C: &str = "/a37fa50a5fb8f71214b1e7c95ec7a1bd/55CE8100/test.flv";
const C_QUERY: &str = "/test.flv?KEY1=a37fa50a5fb8f71214b1e7c95ec7a1bd&KEY2=55CE8100";
/// 15 August 2015, 8 o'clock in China.
const B_AND_C_STAMP_S: i64 = 1_439_596_800;

#[test]
fn the_manuals_examples_are_good_to_the_last_second_of_stamp_and_validity() {
    for (url, stamp_s) in
        [(A, 1_444_435_200), (B, B_AND_C_STAMP_S), (C, B_AND_C_STAMP_S), (C_QUERY, B_AND_C_STAMP_S)]
    {
        check(url, stamp_s - 86_400, None);
        check(url, stamp_s, None);
        check(url, stamp_s + 1_799, None);
        check(url, stamp_s + 1_800, None);
        check(url, stamp_s + 1_801, Some(Refusal::Expired { ago_s: 0 }));
        check(url, stamp_s + 1_802, Some(Refusal::Expired { ago_s: 1 }));
    }
}

#[test]
fn signing_gives_the_manuals_examples() {
    let secret = Secret::new(SECRET);
    let signed = |variant, path, stamp_s| signed_path(variant, path, &secret, stamp_s).unwrap();
    assert_eq!(signed(Alibaba::A, "/video/standard/1K.html", 1_444_435_200), A);
    let mp3 = "/4/44/44c0909bcfc20a01afaf256ca99a8b8b.mp3";
    assert_eq!(signed(Alibaba::B, mp3, B_AND_C_STAMP_S), B);
    assert_eq!(signed(Alibaba::B, mp3, B_AND_C_STAMP_S + 59), B, "it counts minutes");
    assert_eq!(signed(Alibaba::C, "/test.flv", B_AND_C_STAMP_S), C);
    assert_eq!(signed_path(Alibaba::C, "/x", &secret, -1), None);
    assert_eq!(signed_path(Alibaba::C, "/x", &secret, 1 << 32), None);
    assert_eq!(signed_path(Alibaba::B, "/x", &secret, i64::MAX), None);
}

#[test]
fn both_keys_are_good_and_another_organisations_is_not() {
    for variant in VARIANTS {
        let url = |secret: &[u8]| {
            signed_path(variant, "/live/main/index.m3u8", &Secret::new(secret), 1_500_000_000)
                .unwrap()
        };
        assert_eq!(&*verify(&url(SECRET), 1_500_000_000).unwrap().key, "primary");
        assert_eq!(&*verify(&url(SECONDARY), 1_500_000_000).unwrap().key, "secondary");
        check(&url(b"of-another-organisation"), 1_500_000_000, Some(Refusal::Signature));
        check(&url(b"nobody-knows-this"), 1_500_000_000, Some(Refusal::Signature));
    }
}

#[test]
fn the_path_that_was_signed_is_opened_and_no_other() {
    for (url, from, to) in [
        (A, "1K.html", "2K.html"),
        (A, "standard", "standarD"),
        (B, ".mp3", ".mp4"),
        (C, "test", "tesu"),
        (C_QUERY, "/test", "//test"),
    ] {
        check(&url.replacen(from, to, 1), B_AND_C_STAMP_S, Some(Refusal::Signature));
    }
    let kept = verify(A, 1_444_435_200).unwrap();
    let facts = Facts { now_s: 1_444_435_200, address: None, country: None, referer: None };
    assert_eq!(kept.admits("video/standard", "/video/standard/1K.html", &facts), Ok(()));
    let other = kept.admits("video/standard", "/video/standard/2K.html", &facts);
    assert_eq!(other, Err(Refusal::OtherStream));
}

/// An encoder's push URL: the path is its stream, and the signature stands in the stream's name.
#[test]
fn a_push_url_is_signed_as_a_path_is() {
    let secret = Secret::new(SECRET);
    let auth_key = auth_key("/live/cam-1", &secret, 1_790_000_000, "477b3bbc", "user7");
    let url = format!("/live/cam-1?vhost=x&auth_key={auth_key}");
    let verified = verify(&url, 1_790_001_800).unwrap();
    assert_eq!(verified.claims.viewer.as_deref(), Some("user7"));
    assert_eq!(verified.claims.expires_at_s, 1_790_001_801);
    check(&url, 1_790_001_801, Some(Refusal::Expired { ago_s: 0 }));
    check(&url.replace("cam-1?", "cam-2?"), 1_790_000_000, Some(Refusal::Signature));
    assert_eq!(verify(A, 1_444_435_200).unwrap().claims.viewer, None, "0 is nobody");
}

#[test]
fn every_part_of_a_signature_counts() {
    for url in [A, B, C, C_QUERY] {
        for at in 1..url.len() {
            for bit in 0..7 {
                let mut bytes = url.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let changed = String::from_utf8(bytes).unwrap();
                assert!(verify(&changed, B_AND_C_STAMP_S).is_err(), "byte {at}: {changed}");
            }
        }
    }
}

#[test]
fn stamps_of_another_form_are_refused() {
    let malformed =
        || Some(Refusal::Malformed("its time stamp is not of the form that its type has"));
    let hash = "80cd3862d699b7118eed99103f2a3a4f";
    for stamp in [
        "",
        "-",
        "1444435200",
        "1444435200-0",
        "1444435200-0-0-0",
        "144443520-0-0",
        "14444352000-0-0",
        "+444435200-0-0",
        "1444435200--0",
        "1444435200-0-a_b",
        "1444435200-\u{e4}-0",
    ] {
        check(&format!("/x?auth_key={stamp}-{hash}"), 1_444_435_200, malformed());
    }
    let long = "r".repeat(65);
    check(&format!("/x?auth_key=1444435200-{long}-0-{hash}"), 1_444_435_200, malformed());
    for month in ["201513150800", "201502300800", "201508152400", "201508150860"] {
        check(&format!("/{month}/{hash}/x"), 1_444_435_200, malformed());
    }
    check(&format!("/x?KEY1={hash}&KEY2=55CE810"), 1_444_435_200, malformed());
    check("/x?KEY1=80CD&KEY2=55CE8100", 1_444_435_200, Some(Refusal::Signature));
    check(
        &A.to_uppercase().replace("AUTH_KEY", "auth_key"),
        1_444_435_200,
        Some(Refusal::Signature),
    );
}
