//! Tokens that others have signed.

use super::*;

/// What the program that made the vectors was told.
fn expected() -> Claims {
    let net = |text: &str| text.parse().unwrap();
    let mut claims = Claims {
        issuer: Some(ISSUER.into()),
        audience: vec![AUDIENCE.into(), "other".into()],
        viewer: Some("viewer-1".into()),
        id: Some("t-1".into()),
        organisation: Some("one".into()),
        streams: ["live/main", "live/cam-*"].map(|it| Pattern::parse(it).unwrap()).into(),
        issued_at_s: Some(NOW_S),
        not_before_s: Some(NOW_S),
        expires_at_s: NOW_S + 3_600,
        sessions_max: Some(2),
        height_max: Some(720),
        bitrate_max: Some(3_000_000),
        version: 3,
        device: Some("dev-1".into()),
        is_member: true,
        ..Claims::default()
    };
    claims.rules.addresses = vec![net("203.0.113.0/24"), net("2001:db8::1/128")];
    claims.rules.countries.allow = vec!["DE".into()];
    claims.rules.countries.deny = vec!["FR".into()];
    claims.rules.referers = vec!["*.example.org".into()];
    claims
}

#[test]
fn tokens_of_every_algorithm_that_another_program_signed_are_good() {
    for (algorithm, token) in TOKENS {
        let verified = verify(token, NOW_S).unwrap();
        assert_eq!(verified.claims, expected(), "{algorithm:?}");
        assert_eq!(&*verified.key, format!("id of k-{}", algorithm.name()));
        assert_eq!(&*verified.organisation, "one");
        let path = "/live/cam-7/index.m3u8";
        assert_eq!(verified.admits("live/cam-7", path, &facts(NOW_S)), Ok(()));
        let refusal = verified.admits("live/other", path, &facts(NOW_S));
        assert_eq!(refusal, Err(Refusal::OtherStream));
    }
}

#[test]
fn what_is_signed_reads_back() {
    let private = [
        (Algorithm::EdDSA, EDDSA_PRIVATE),
        (Algorithm::RS256, RS256_PRIVATE),
        (Algorithm::HS256, HS256_SECRET),
    ];
    for (algorithm, material) in private {
        let kid = format!("k-{}", algorithm.name());
        let signer = JwtSigner::new(algorithm, &kid, material.as_bytes()).unwrap();
        let token = signer.sign(&expected()).unwrap();
        assert_eq!(token, signer.sign(&expected()).unwrap(), "it is signed alike each time");
        assert_eq!(verify(&token, NOW_S).unwrap().claims, expected(), "{algorithm:?}");
        assert!(!format!("{signer:?}").contains(material));
    }
    for algorithm in [Algorithm::ES256, Algorithm::ES384] {
        let refusal = JwtSigner::new(algorithm, "k", ES256_PRIVATE.as_bytes()).err();
        assert_eq!(refusal, Some(crate::KeyError::Random));
    }
}

#[test]
fn a_private_key_verifies_as_its_public_one_does() {
    let private = [
        (Algorithm::EdDSA, EDDSA_PRIVATE, EDDSA_TOKEN),
        (Algorithm::ES256, ES256_PRIVATE, ES256_TOKEN),
        (Algorithm::ES384, ES384_PRIVATE, ES384_TOKEN),
        (Algorithm::RS256, RS256_PRIVATE, RS256_TOKEN),
    ];
    for (algorithm, material, token) in private {
        let kid = format!("k-{}", algorithm.name());
        let keyring = Keyring::new([key(&kid, algorithm, material)]);
        let verified = keyring.verify(&Presented::token(token), None, &facts(NOW_S));
        assert!(verified.is_ok(), "{algorithm:?}: {verified:?}");
    }
}

#[test]
fn a_key_is_of_its_algorithm_and_of_no_other() {
    for algorithm in Algorithm::ALL {
        for (of, material) in [
            (Algorithm::EdDSA, EDDSA_PUBLIC),
            (Algorithm::ES256, ES256_PUBLIC),
            (Algorithm::ES384, ES384_PUBLIC),
            (Algorithm::RS256, RS256_PUBLIC),
            (Algorithm::EdDSA, EDDSA_PRIVATE),
            (Algorithm::ES256, ES256_PRIVATE),
            (Algorithm::ES384, ES384_PRIVATE),
            (Algorithm::RS256, RS256_PRIVATE),
        ] {
            let kind = KeyKind::jwt(algorithm, material.as_bytes(), None, None);
            assert_eq!(kind.is_ok(), of == algorithm, "{algorithm:?} {of:?}");
        }
    }
    let short = KeyKind::jwt(Algorithm::HS256, &[7; 31], None, None).err();
    assert_eq!(short, Some(crate::KeyError::TooShort { bytes: 31, limit: 32 }));
}

#[test]
fn an_rsa_key_of_1024_bits_is_refused() {
    const SHORT: &str = "-----BEGIN PUBLIC KEY-----\n\
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDBAH/4ok9zuZ7vyCsuHIEftWia\n\
        yrFhwep9fLPrOXPWnhgBl5Xk268iu/OHTS7BJEWTCzirawA/CAPLFkmlGVtXicEB\n\
        llf35c0EB/ZO4hIw6S497ebYIZISyCgVsSJmOQsBVfozFZt5oshYRut+0i/+LO08\n\
        N2rtqZ4YZrYFdCIflwIDAQAB\n\
        -----END PUBLIC KEY-----\n";
    let kind = KeyKind::jwt(Algorithm::RS256, SHORT.as_bytes(), None, None);
    assert_eq!(kind.err(), Some(crate::KeyError::Rsa { bits: 1_024 }));
    let kind = KeyKind::cloud_front("K", SHORT.as_bytes());
    assert_eq!(kind.err(), Some(crate::KeyError::Rsa { bits: 1_024 }));
}

#[test]
fn a_good_token_is_refused_elsewhere() {
    let verified = verify(EDDSA_TOKEN, NOW_S).unwrap();
    let admits = |facts: &Facts<'_>| verified.admits("live/main", "/live/main/0.ts", facts);
    let here = facts(NOW_S);
    assert_eq!(admits(&here), Ok(()));
    let address = |text: &str| Some(text.parse().unwrap());
    assert_eq!(admits(&Facts { address: address("2001:db8::1"), ..here }), Ok(()));
    for elsewhere in [address("203.0.114.7"), address("2001:db8::2"), None] {
        assert_eq!(admits(&Facts { address: elsewhere, ..here }), Err(Refusal::Address));
    }
    for country in [Some("FR"), Some("AT"), None] {
        assert_eq!(admits(&Facts { country, ..here }), Err(Refusal::Country));
    }
    for referer in [Some("https://example.org/"), Some("https://evil.net/"), None] {
        assert_eq!(admits(&Facts { referer, ..here }), Err(Refusal::Referer));
    }
}

/// RFC 7515, A.1 to A.3: three signatures, all until 22 March 2011.
#[test]
fn the_examples_of_rfc_7515_are_good() {
    const SECRET: &str = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0i\
        PS4hcgUuTwjAz\
                          Zr1Z9CAow";
    const CLAIMS: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
        cGxlLmNvbS9p\
                          c19yb290Ijp0cnVlfQ";
    const A1: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const A2: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuH\
        Im4Bh-0Qc_l\
                      F5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgr\
                      nbyTyWzO75v\
                      RK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzD\
                      wusC-eOkHWE\
                      sqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AX\
                      LIhWkWywlVm\
                      tVrBp0igcN_IoypGlUPQGe77Rw";
    const A3: &str = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQ\
        xfKTUJqPP3-\
                      Kg6NU1Q";
    const KEYS: &str = "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"ofgWCuLjybRlzo0\
        tZWJjNiuSfb4p4fAkd_wWJcyQ\
                        oTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2\
                        lZS-pCgNMsD\
                        1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5r\
                        exMdbBYUsLA9e\
                        -KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_\
                        I5IhlJH7aGhyx\
                        XFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\"},\
                        {\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gH\
                        MzV76e8Tus9uPHvRVEU\",\
                        \"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";
    let jwks = crate::Jwks::parse(KEYS.as_bytes()).unwrap();
    assert_eq!(jwks.len(), 2);
    let (id, one) = ("rfc".into(), "one".into());
    let secret = base64url::decode(SECRET).unwrap();
    let kind = KeyKind::jwt(Algorithm::HS256, &secret, Some("joe".into()), None).unwrap();
    let organisation = Some(Arc::clone(&one));
    let hmac = Key { id: Arc::clone(&id), kid: None, organisation, kind, not_after_s: None };
    let keyring = Keyring::new(jwks.keys(&id, Some(&one), Some("joe"), None).chain([hmac]));
    for (header, signature) in [
        ("{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}", A1),
        ("{\"alg\":\"RS256\"}", A2),
        ("{\"alg\":\"ES256\"}", A3),
    ] {
        let token = format!("{}.{CLAIMS}.{signature}", base64url::encode(header.as_bytes()));
        let verify = |now_s| keyring.verify(&Presented::token(&token), Some("one"), &facts(now_s));
        assert_eq!(verify(1_300_819_379).unwrap().claims.issuer, Some("joe".into()), "{header}");
        assert_eq!(verify(1_300_819_409).err(), None, "{header}");
        assert_eq!(verify(1_300_819_410).err(), Some(Refusal::Expired { ago_s: 30 }), "{header}");
    }
}

/// RFC 8037, A.4: what is signed there is no claims.
#[test]
fn the_example_of_rfc_8037_is_good() {
    const MESSAGE: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    const SIGNATURE: &str = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGj\
        g5BhVsPt9g7\
                             sVvpAr_MuM0KAg";
    let x = base64url::decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
    let verifier = Verifier::of_public(Algorithm::EdDSA, &x).unwrap();
    let mut signature = base64url::decode(SIGNATURE).unwrap();
    assert!(verifier.verify(MESSAGE.as_bytes(), &signature));
    signature[0] ^= 1;
    assert!(!verifier.verify(MESSAGE.as_bytes(), &signature));
}
