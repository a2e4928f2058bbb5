//! What we sign, read by the `jsonwebtoken` crate.

use jsonwebtoken::{DecodingKey, Validation, decode};
use serde_json::Value;

use super::*;

#[test]
fn another_library_reads_what_is_signed_here() {
    let claims = Claims {
        issuer: Some(ISSUER.into()),
        audience: vec![AUDIENCE.into()],
        viewer: Some("viewer-1".into()),
        streams: vec![Pattern::parse("live/*").unwrap()],
        // Its clock is the machine's.
        expires_at_s: 33_000_000_000,
        ..Claims::default()
    };
    let of_ours = [
        (Algorithm::EdDSA, EDDSA_PRIVATE, DecodingKey::from_ed_pem(EDDSA_PUBLIC.as_bytes())),
        (Algorithm::RS256, RS256_PRIVATE, DecodingKey::from_rsa_pem(RS256_PUBLIC.as_bytes())),
        (Algorithm::HS256, HS256_SECRET, Ok(DecodingKey::from_secret(HS256_SECRET.as_bytes()))),
    ];
    for (algorithm, material, theirs) in of_ours {
        let signer = JwtSigner::new(algorithm, "kid-1", material.as_bytes()).unwrap();
        let token = signer.sign(&claims).unwrap();
        let mut validation = Validation::new(algorithm.name().parse().unwrap());
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        let read = decode::<Value>(&token, &theirs.unwrap(), &validation).unwrap();
        assert_eq!(read.header.kid.as_deref(), Some("kid-1"));
        assert_eq!(read.claims["sub"], "viewer-1");
        assert_eq!(read.claims["streams"][0], "live/*");
        assert_eq!(read.claims["exp"], 33_000_000_000_i64);
        assert_eq!(read.claims.as_object().unwrap().len(), 5, "nothing else is said");
    }
}
