use accounts::{OrganisationId, TrustedKeyId};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use token::{Facts, Pattern, Presented, Refusal, Verified};

use super::*;

const NOW_S: i64 = 1_800_000_000;

fn key(kind: TrustedKind, material: Vec<u8>) -> TrustedKey {
    TrustedKey {
        id: TrustedKeyId::new(1, [1; 10]),
        organisation: Some(OrganisationId::new(1, [1; 10])),
        name: "key".to_owned(),
        kind,
        material,
        created_at_ms: 0,
        expires_at_ms: None,
        revoked_at_ms: None,
    }
}

fn jwt(algorithm: Algorithm, signs: bool, kid: Option<&str>) -> TrustedKind {
    let kid = kid.map(str::to_owned);
    TrustedKind::Jwt { algorithm, signs, kid, issuer: None, audience: None }
}

/// A private key of that algorithm, in PKCS #8, or a secret.
fn material(algorithm: Algorithm) -> Vec<u8> {
    let random = SystemRandom::new();
    let ecdsa =
        |algorithm| EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap().as_ref().to_vec();
    match algorithm {
        Algorithm::EdDSA => Ed25519KeyPair::generate_pkcs8(&random).unwrap().as_ref().to_vec(),
        Algorithm::ES256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::ES384 => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::RS256 => {
            let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
            let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
            der.as_ref().to_vec()
        }
        Algorithm::HS256 => b"a secret of thirty-two bytes, x.".to_vec(),
    }
}

fn pem(der: &[u8]) -> Vec<u8> {
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n").into_bytes()
}

fn verify(token: &str, key: &TrustedKey) -> Result<Verified, Refusal> {
    let (keyring, bad) = crate::keyring(std::slice::from_ref(key));
    assert_eq!(bad, []);
    let facts = Facts { now_s: NOW_S, address: None, country: None, referer: None };
    keyring.verify(&Presented::token(token), None, &facts)
}

fn claims() -> Claims {
    Claims {
        streams: vec![Pattern::parse("live/main").unwrap()],
        expires_at_s: NOW_S + 60,
        ..Claims::default()
    }
}

#[test]
fn what_a_key_signs_it_verifies_and_no_other_key_does() {
    for algorithm in Algorithm::ALL {
        let der = material(algorithm);
        let forms = if algorithm == Algorithm::HS256 { vec![der] } else { vec![pem(&der), der] };
        for material_of_key in forms {
            for kid in [None, Some("2026-11")] {
                let key = key(jwt(algorithm, true, kid), material_of_key.clone());
                let token = sign(&claims(), &key).unwrap();
                let verified = verify(&token, &key).unwrap();
                assert_eq!(verified.claims, claims(), "{algorithm:?}");
                assert_eq!(&*verified.key, key.id.as_str());
                let other = TrustedKey { material: material(algorithm), ..key.clone() };
                if algorithm != Algorithm::HS256 {
                    assert_eq!(verify(&token, &other), Err(Refusal::Signature), "{algorithm:?}");
                }
            }
        }
    }
    let path = key(TrustedKind::Path, material(Algorithm::HS256));
    let token = sign(&claims(), &path).unwrap();
    assert!(token.starts_with("w1."), "{token}");
    assert_eq!(verify(&token, &path).unwrap().claims, claims());
}

#[test]
fn two_signatures_of_ecdsa_are_never_the_same() {
    for algorithm in [Algorithm::ES256, Algorithm::ES384] {
        let key = key(jwt(algorithm, true, None), material(algorithm));
        assert_ne!(sign(&claims(), &key).unwrap(), sign(&claims(), &key).unwrap());
    }
}

#[test]
fn a_key_that_does_not_sign_says_so() {
    let check = |kind, material: Vec<u8>, expected: &str| {
        assert_eq!(sign(&claims(), &key(kind, material)).unwrap_err().to_string(), expected);
    };
    let not_ours = "this key signs no tokens";
    let der = material(Algorithm::ES256);
    check(jwt(Algorithm::ES256, false, None), der.clone(), not_ours);
    check(TrustedKind::Akamai, der.clone(), not_ours);
    let (url, issuer, audience) = ("https://a/".to_owned(), None, None);
    check(TrustedKind::Jwks { url, issuer, audience }, der.clone(), not_ours);
    let form = "this is no key of that kind: secrets are text, other keys PEM";
    check(jwt(Algorithm::ES384, true, None), der, form);
    check(jwt(Algorithm::ES256, true, None), b"no key".to_vec(), form);
    check(jwt(Algorithm::ES256, true, None), pem(b"no key"), form);
}
