use super::*;
use crate::{Facts, Keyring, Presented};

const SECRET: &[u8] = b"aliyuncdnexp1234";
const VALIDITY_S: u32 = 1_800;

fn key(id: &str, variant: Alibaba, secret: &[u8], organisation: &str) -> Key {
    Key {
        id: id.into(),
        kid: None,
        organisation: Some(organisation.into()),
        kind: KeyKind::alibaba(variant, secret, VALIDITY_S).unwrap(),
        not_after_s: None,
    }
}

fn keyring() -> Keyring {
    let variants = [Alibaba::A, Alibaba::B, Alibaba::C];
    let primary = variants.map(|variant| key("primary", variant, SECRET, "one"));
    let secondary =
        variants.map(|variant| key("secondary", variant, b"another-secret-of-16", "one"));
    let other = variants.map(|variant| key("other", variant, b"of-another-organisation", "two"));
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
        check(url, stamp_s + 1_800, None);
        check(url, stamp_s + 1_801, Some(Refusal::Expired { ago_s: 0 }));
        check(url, stamp_s + 1_802, Some(Refusal::Expired { ago_s: 1 }));
    }
}
