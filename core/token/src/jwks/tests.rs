use super::*;
use crate::vectors::*;
use crate::{Facts, Keyring, Presented};

const NOW_S: i64 = 1_790_000_000;

fn keyring(jwks: &Jwks) -> Keyring {
    let (id, one) = ("set-1".into(), "one".into());
    Keyring::new(jwks.keys(&id, Some(&one), Some("https://issuer.example"), Some("weir")))
}

#[track_caller]
fn opens(jwks: &Jwks, token: &str) {
    let facts = Facts { now_s: NOW_S, address: None, country: None, referer: None };
    let verified = keyring(jwks).verify(&Presented::token(token), Some("one"), &facts).unwrap();
    assert_eq!(&*verified.key, "set-1", "it can be revoked with its set");
}

/// How many keys of a set of this one key can be used.
#[track_caller]
fn check(key: &str, expected: usize) {
    let set = format!("{{\"keys\":[{key}]}}");
    assert_eq!(Jwks::parse(set.as_bytes()).unwrap().len(), expected, "{key}");
}

const TOKENS: [&str; 4] = [EDDSA_TOKEN, ES256_TOKEN, ES384_TOKEN, RS256_TOKEN];

#[test]
fn a_set_of_another_program_verifies_its_tokens() {
    let jwks = Jwks::parse(JWKS.as_bytes()).unwrap();
    assert_eq!(jwks.len(), 4);
    for token in TOKENS {
        opens(&jwks, token);
    }
    assert!(keyring(&jwks).knows("k-EdDSA"));
    assert!(!keyring(&jwks).knows("set-1"));
}

#[test]
fn our_set_is_read_by_others_and_by_us() {
    let ours = [
        (Algorithm::EdDSA, EDDSA_PRIVATE, EDDSA_PUBLIC),
        (Algorithm::ES256, ES256_PRIVATE, ES256_PUBLIC),
        (Algorithm::ES384, ES384_PRIVATE, ES384_PUBLIC),
        (Algorithm::RS256, RS256_PRIVATE, RS256_PUBLIC),
    ];
    let of = |material: fn(&(Algorithm, &'static str, &'static str)) -> &'static str| {
        let jwk = ours.map(|it| {
            let kid = format!("k-{}", it.0.name());
            PublicJwk::new(&kid, it.0, material(&it).as_bytes()).unwrap()
        });
        render_jwks(&jwk)
    };
    let text = of(|it| it.1);
    assert_eq!(text, of(|it| it.2), "private keys give what their public ones do");
    let jwks = Jwks::parse(text.as_bytes()).unwrap();
    for token in TOKENS {
        opens(&jwks, token);
    }
    // The numbers are those that the other program wrote.
    let theirs: serde_json::Value = serde_json::from_str(JWKS).unwrap();
    let text: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (our, their) in
        std::iter::zip(text["keys"].as_array().unwrap(), theirs["keys"].as_array().unwrap())
    {
        for name in ["kty", "crv", "kid", "use", "x", "y", "n", "e"] {
            assert_eq!(our[name], their[name], "{name}");
        }
    }
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(text).unwrap();
    assert_eq!(set.keys.len(), 4);
    assert!(PublicJwk::new("k", Algorithm::HS256, HS256_SECRET.as_bytes()).is_err());
}

#[test]
fn keys_of_another_use_kind_or_algorithm_are_left_out() {
    let x = r#""x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    let okp = format!(r#"{{"kty":"OKP","crv":"Ed25519",{x}"#);
    check(&format!("{okp}}}"), 1);
    check(&format!(r#"{okp},"alg":"EdDSA","use":"sig","kid":"a","other":[1]}}"#), 1);
    check(&format!(r#"{okp},"alg":"Ed25519","key_ops":["verify"]}}"#), 1);
    check(&format!(r#"{okp},"use":"enc"}}"#), 0);
    check(&format!(r#"{okp},"use":1}}"#), 0);
    check(&format!(r#"{okp},"key_ops":["sign"]}}"#), 0);
    check(&format!(r#"{okp},"alg":"ES256"}}"#), 0);
    check(&format!(r#"{okp},"kid":""}}"#), 0);
    check(&format!(r#"{okp},"kid":"{}"}}"#, "k".repeat(129)), 0);
    check(&format!(r#"{{"kty":"OKP","crv":"X25519",{x}}}"#), 0);
    check(r#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#, 0);
    check(r#"{"kty":"OKP","crv":"Ed25519"}"#, 0);
    check(r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T","alg":"HS256"}"#, 0);
    check("1", 0);
    check("{}", 0);
    // A point that is not on the curve.
    let zeros = base64url::encode(&[0; 32]);
    check(&format!(r#"{{"kty":"EC","crv":"P-256","x":"{zeros}","y":"{zeros}"}}"#), 0);
    for (bytes, expected) in [(128, 0), (255, 0), (256, 1), (1_024, 1), (1_025, 0)] {
        let n = base64url::encode(&vec![0xc5; bytes]);
        check(&format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"}}"#), expected);
    }
}

#[test]
fn sets_have_limits() {
    let set = |keys: usize| format!("{{\"keys\":[{}]}}", vec!["{}"; keys].join(","));
    assert_eq!(Jwks::parse(set(32).as_bytes()).unwrap().len(), 0);
    let many = JwksError::TooMany { keys: 33, limit: 32 };
    assert_eq!(Jwks::parse(set(33).as_bytes()).err(), Some(many));
    let padded = |bytes: usize| set(1) + &" ".repeat(bytes - set(1).len());
    assert!(Jwks::parse(padded(JWKS_BYTES_MAX).as_bytes()).is_ok());
    let long = JwksError::TooLong { bytes: JWKS_BYTES_MAX + 1, limit: JWKS_BYTES_MAX };
    assert_eq!(Jwks::parse(padded(JWKS_BYTES_MAX + 1).as_bytes()).err(), Some(long));
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, "<html>"] {
        assert_eq!(Jwks::parse(text.as_bytes()).err(), Some(JwksError::Form), "{text}");
    }
}
