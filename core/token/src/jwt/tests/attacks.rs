//! Tokens that must not open anything.

use super::*;

const HEADER: &str = r#"{"alg":"HS256","kid":"k-HS256"}"#;
const GOOD: &str =
    r#"{"iss":"https://issuer.example","aud":"weir","exp":1790003600,"streams":["live/main"]}"#;

#[track_caller]
fn check(token: &str, expected: Option<Refusal>) {
    let refusal = verify(token, NOW_S).err();
    assert_eq!(refusal, expected, "{token}");
}

#[track_caller]
fn is_malformed(token: &str) {
    let refusal = verify(token, NOW_S).err();
    assert!(matches!(refusal, Some(Refusal::Malformed(_))), "{refusal:?} of {token}");
}

#[test]
fn what_the_attacks_begin_with_is_good() {
    check(&signed(HEADER, GOOD), None);
}

#[test]
fn a_token_that_is_not_signed_is_none() {
    for alg in ["none", "None", "NONE", "nOnE", "", "HS384", "hs256", "EdDSA ", "ES256K", "PS256"] {
        let header = format!(r#"{{"alg":"{alg}","kid":"k-HS256"}}"#);
        is_malformed(&signed(&header, GOOD));
        let unsigned = signed(&header, GOOD);
        let (unsigned, _) = unsigned.rsplit_once('.').unwrap();
        is_malformed(&format!("{unsigned}."));
    }
    is_malformed(&signed(r#"{"kid":"k-HS256"}"#, GOOD));
    is_malformed(&signed(r#"{"alg":["HS256"],"kid":"k-HS256"}"#, GOOD));
    let good = signed(HEADER, GOOD);
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    check(&format!("{unsigned}."), Some(Refusal::Signature));
    is_malformed(unsigned);
}

#[test]
fn the_key_decides_the_algorithm() {
    check(CONFUSED_TOKEN, Some(Refusal::Algorithm));
    // A public key is no secret of HS256, even for whoever configures it as one.
    let kind = KeyKind::jwt(Algorithm::HS256, RS256_PUBLIC.as_bytes(), None, None);
    assert_eq!(kind.err(), Some(crate::KeyError::Form));
    for alg in ["EdDSA", "ES256", "ES384", "RS256"] {
        let header = format!(r#"{{"alg":"{alg}","kid":"k-HS256"}}"#);
        check(&signed(&header, GOOD), Some(Refusal::Algorithm));
        let header = format!(r#"{{"alg":"{alg}"}}"#);
        check(&signed(&header, GOOD), Some(Refusal::Signature));
    }
}

#[test]
fn a_signature_of_zeros_is_none() {
    for (_, token) in TOKENS {
        let (unsigned, signature) = token.rsplit_once('.').unwrap();
        let bytes = base64url::decode(signature).unwrap().len();
        check(&joined(unsigned, &vec![0; bytes]), Some(Refusal::Signature));
        check(&joined(unsigned, &vec![0xff; bytes]), Some(Refusal::Signature));
        check(&joined(unsigned, &[]), Some(Refusal::Signature));
        let mut longer = base64url::decode(signature).unwrap();
        longer.push(0);
        check(&joined(unsigned, &longer), Some(Refusal::Signature));
        longer.truncate(bytes - 1);
        check(&joined(unsigned, &longer), Some(Refusal::Signature));
    }
}

#[test]
fn the_name_of_a_key_is_compared_and_nothing_else() {
    for kid in [
        "../../dev/null",
        "/dev/null",
        "k-HS256' OR '1'='1",
        "k-hs256",
        "k-HS256 ",
        "",
        "http://127.0.0.1/key",
        "id of k-HS256",
    ] {
        let header = format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#);
        check(&signed(&header, GOOD), Some(Refusal::UnknownKey));
    }
    is_malformed(&signed(&format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(129)), GOOD));
    for kid in ["1", "null", "[\"k-HS256\"]", "{}"] {
        is_malformed(&signed(&format!(r#"{{"alg":"HS256","kid":{kid}}}"#), GOOD));
    }
    is_malformed(&signed(r#"{"alg":"HS256","kid":"x","kid":"k-HS256"}"#, GOOD));
}

/// An attacker's key in the header, with which the token is signed indeed.
#[test]
fn keys_that_a_token_brings_along_are_not_used() {
    let own = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let x = base64url::encode(aws_lc_rs::signature::KeyPair::public_key(&own).as_ref());
    for kid in ["\"kid\":\"k-EdDSA\",", ""] {
        for brought in [
            format!(r#""jwk":{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#),
            r#""jku":"https://evil.example/jwks.json""#.to_owned(),
            r#""x5u":"https://evil.example/cert.pem""#.to_owned(),
            r#""x5c":["MIIB"]"#.to_owned(),
        ] {
            let header = format!(r#"{{"alg":"EdDSA",{kid}{brought}}}"#);
            let unsigned =
                [base64url::encode(header.as_bytes()), base64url::encode(GOOD.as_bytes())]
                    .join(".");
            let token = joined(&unsigned, own.sign(unsigned.as_bytes()).as_ref());
            check(&token, Some(Refusal::Signature));
        }
    }
}

#[test]
fn what_must_be_understood_and_is_not_is_refused() {
    for (member, what) in [
        (r#""crit":["exp"]"#, "an extension"),
        (r#""crit":[]"#, "an extension"),
        (r#""crit":["b64"],"b64":false"#, "an extension"),
        (r#""b64":false"#, "an unencoded payload"),
        (r#""b64":true"#, "an unencoded payload"),
        (r#""zip":"DEF""#, "compression or encryption"),
        (r#""enc":"A128GCM""#, "compression or encryption"),
        (r#""cty":"JWT""#, "a token in the token"),
    ] {
        let header = format!(r#"{{"alg":"HS256","kid":"k-HS256",{member}}}"#);
        check(&signed(&header, GOOD), Some(Refusal::Critical(what)));
    }
    // Five parts are an encrypted token.
    is_malformed("eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d");
}

#[test]
fn a_token_is_good_from_its_beginning_to_its_end_and_half_a_minute_around() {
    let at = |now_s| verify(EDDSA_TOKEN, now_s).err();
    assert_eq!(at(NOW_S - 31), Some(Refusal::TooEarly { in_s: 31 }));
    assert_eq!(at(NOW_S - 30), None);
    assert_eq!(at(NOW_S + 3_629), None);
    assert_eq!(at(NOW_S + 3_630), Some(Refusal::Expired { ago_s: 30 }));
    assert_eq!(at(i64::MAX), Some(Refusal::Expired { ago_s: i64::MAX - NOW_S - 3_600 }));
    assert_eq!(at(i64::MIN), Some(Refusal::TooEarly { in_s: i64::MAX }));
    let verified = verify(EDDSA_TOKEN, NOW_S).unwrap();
    let path = "/live/main/index.m3u8";
    let later = verified.admits("live/main", path, &facts(NOW_S + 3_630));
    assert_eq!(later, Err(Refusal::Expired { ago_s: 30 }), "kept ones end, too");
    for begins in ["nbf", "iat"] {
        let claims = GOOD.replace("{", &format!(r#"{{"{begins}":{},"#, NOW_S + 31));
        check(&signed(HEADER, &claims), Some(Refusal::TooEarly { in_s: 31 }));
    }
}

#[test]
fn the_audience_and_the_issuer_are_the_keys() {
    let somebody = Some(Refusal::Audience("another audience"));
    for aud in [r#""other""#, "[]", r#"["weir2","WEIR"]"#] {
        check(&signed(HEADER, &GOOD.replace(r#""weir""#, aud)), somebody.clone());
    }
    check(&signed(HEADER, &GOOD.replace(r#""aud":"weir","#, "")), somebody.clone());
    check(&signed(HEADER, &GOOD.replace(r#""weir""#, r#"["a","weir"]"#)), None);
    let other = GOOD.replace("issuer.example", "evil.example");
    check(&signed(HEADER, &other), Some(Refusal::Audience("or by somebody else")));
    // A key that nobody said an audience of is for tokens without one.
    let kind = KeyKind::jwt(Algorithm::HS256, HS256_SECRET.as_bytes(), None, None).unwrap();
    let key = Key { kind, ..key("k-HS256", Algorithm::HS256, HS256_SECRET) };
    let token = signed(HEADER, GOOD);
    let refusal = Keyring::new([key]).verify(&Presented::token(&token), None, &facts(NOW_S));
    assert_eq!(refusal.err(), somebody);
}

#[test]
fn an_organisations_key_opens_its_streams_and_no_others() {
    let of = |org: &str| signed(HEADER, &GOOD.replace("{", &format!(r#"{{"org":"{org}","#)));
    check(&of("one"), None);
    check(&of("two"), Some(Refusal::Audience("another organisation")));
    // Whoever asks for another organisation's stream does not reach the key at all.
    let keyring = Keyring::new(keys());
    let refusal = keyring.verify(&Presented::token(&of("two")), Some("two"), &facts(NOW_S));
    assert_eq!(refusal.err(), Some(Refusal::UnknownKey));
    // The server's own key opens what the token says, which must say something.
    let own = || Key { organisation: None, ..key("k-HS256", Algorithm::HS256, HS256_SECRET) };
    let verify = |token: &str| {
        Keyring::new([own()]).verify(&Presented::token(token), Some("two"), &facts(NOW_S))
    };
    assert_eq!(&*verify(&of("two")).unwrap().organisation, "two");
    let refusal = verify(&signed(HEADER, GOOD)).err();
    assert_eq!(refusal, Some(Refusal::Audience("no organisation")));
}

#[test]
fn a_claim_stands_once() {
    for twice in [
        r#"{"exp":1,"exp":1790003600}"#,
        r#"{"exp":1790003600,"exp":1790003600}"#,
        r#"{"exp":1790003600,"\u0065xp":1790003600}"#,
        r#"{"exp":1790003600,"x":{"a":1,"a":2}}"#,
    ] {
        is_malformed(&signed(HEADER, twice));
    }
}

#[test]
fn claims_of_another_form_are_refused() {
    for claims in [
        "",
        "[]",
        "{}",
        r#"{"exp":"1790003600"}"#,
        r#"{"exp":null}"#,
        r#"{"exp":true}"#,
        r#"{"exp":1e300}"#,
        r#"{"exp":99999999999999999999}"#,
        r#"{"exp":1790003600,"streams":[1]}"#,
        r#"{"exp":1790003600,"streams":["*/a"]}"#,
        r#"{"exp":1790003600,"addr":["nowhere"]}"#,
        r#"{"exp":1790003600,"addr":[]}"#,
        r#"{"exp":1790003600,"ctry":[]}"#,
        r#"{"exp":1790003600,"ctry":["de"]}"#,
        r#"{"exp":1790003600,"ref":[]}"#,
        r#"{"exp":1790003600,"sessions":-1}"#,
        r#"{"exp":1790003600,"height":"720"}"#,
        r#"{"exp":1790003600,"bitrate":1.5}"#,
        r#"{"exp":1790003600,"mem":"true"}"#,
        r#"{"exp":1790003600,"ver":-1}"#,
        r#"{"exp":1790003600} {}"#,
    ] {
        is_malformed(&signed(HEADER, claims));
    }
    let long = GOOD.replace("{", &format!(r#"{{"sub":"{}","#, "x".repeat(257)));
    is_malformed(&signed(HEADER, &long));
    let fraction = GOOD.replace("1790003600", "1790003600.75");
    assert_eq!(
        verify(&signed(HEADER, &fraction), NOW_S).unwrap().claims.expires_at_s,
        1_790_003_600
    );
}

#[test]
fn huge_tokens_are_not_read() {
    let padded =
        |bytes: usize| GOOD.replace("{", &format!(r#"{{"pad":["{}"],"#, "x".repeat(bytes)));
    let longest = (2_700..3_000).rev().map(|it| signed(HEADER, &padded(it)));
    let longest = { longest }.find(|token| token.len() <= crate::TOKEN_BYTES_MAX).unwrap();
    assert!(longest.len() > crate::TOKEN_BYTES_MAX - 3);
    check(&longest, None);
    check(&signed(HEADER, &padded(3_000)), Some(Refusal::Malformed("it is too long")));
    check(&"a".repeat(10_000_000), Some(Refusal::Malformed("it is too long")));
    let deep = GOOD.replace("{", &format!(r#"{{"pad":{}{},"#, "[".repeat(900), "]".repeat(900)));
    is_malformed(&signed(HEADER, &deep));
}

#[test]
fn a_token_has_one_spelling() {
    let token = signed(HEADER, GOOD);
    for other in [
        format!("{token}="),
        format!(" {token}"),
        format!("{token}\n"),
        token.replacen('.', "..", 1),
        format!(".{token}"),
        format!("{token}."),
        token.replacen('.', "%2E", 1),
        token.to_uppercase(),
        String::new(),
        "..".to_owned(),
        ".".to_owned(),
    ] {
        is_malformed(&other);
    }
    // 32 bytes leave two bits over in the last character.
    let (head, last) = token.split_at(token.len() - 1);
    for other in ('A'..='Z').filter(|it| !last.contains(*it)) {
        assert!(verify(&format!("{head}{other}"), NOW_S).is_err(), "{other}");
    }
}

#[test]
fn every_byte_of_a_token_counts() {
    for (algorithm, token) in TOKENS {
        for at in 0..token.len() {
            // Public keys take their time: one bit of each byte.
            let is_slow = algorithm != Algorithm::HS256;
            for bit in (0..7).filter(|bit| !is_slow || at % 7 == *bit) {
                let mut bytes = token.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let changed = String::from_utf8(bytes).unwrap();
                assert!(verify(&changed, NOW_S).is_err(), "{algorithm:?}, byte {at}, bit {bit}");
            }
        }
    }
}

#[test]
fn no_more_than_eight_keys_are_tried() {
    let decoy = |n: u8| {
        let secret = String::from_utf8(vec![b'a' + n; 32]).unwrap();
        key(&format!("decoy-{n}"), Algorithm::HS256, &secret)
    };
    let token = signed(r#"{"alg":"HS256"}"#, GOOD);
    let verify = |decoys: u8| {
        let good = key("k-HS256", Algorithm::HS256, HS256_SECRET);
        let keyring = Keyring::new((0..decoys).map(decoy).chain([good]));
        keyring.verify(&Presented::token(&token), Some("one"), &facts(NOW_S)).err()
    };
    assert_eq!(verify(7), None);
    assert_eq!(verify(8), Some(Refusal::Signature));
}

#[test]
fn a_key_that_is_over_verifies_nothing_also_of_what_is_kept() {
    let of =
        |end_s| Key { not_after_s: Some(end_s), ..key("k-HS256", Algorithm::HS256, HS256_SECRET) };
    let token = signed(HEADER, GOOD);
    let verify = |end_s| {
        Keyring::new([of(end_s)]).verify(&Presented::token(&token), Some("one"), &facts(NOW_S))
    };
    assert_eq!(verify(NOW_S).err(), Some(Refusal::UnknownKey));
    let kept = verify(NOW_S + 1).unwrap();
    assert_eq!(kept.is_good(NOW_S), Ok(()));
    assert_eq!(kept.is_good(NOW_S + 1), Err(Refusal::UnknownKey));
}
