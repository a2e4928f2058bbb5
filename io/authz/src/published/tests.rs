use accounts::{OrganisationId, TrustedKeyId};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use token::{Algorithm, Claims, Facts, JwtSigner, Keyring, Pattern, Presented};

use super::*;
use crate::testing::{Reply, Server};

const S: Duration = Duration::from_secs(1);

/// A key pair, as a set has it and as it signs.
struct Pair {
    jwk: String,
    pkcs8: Vec<u8>,
    kid: &'static str,
}

fn pair(kid: &'static str) -> Pair {
    let random = aws_lc_rs::rand::SystemRandom::new();
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).unwrap().as_ref().to_vec();
    let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"}}"#);
    Pair { jwk, pkcs8, kid }
}

fn set(pairs: &[&Pair]) -> Reply {
    let keys: Vec<_> = pairs.iter().map(|pair| pair.jwk.as_str()).collect();
    Reply::ok(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")))
}

fn trusted(url: &str) -> TrustedKey {
    TrustedKey {
        id: TrustedKeyId::new(1, [1; 10]),
        organisation: Some(OrganisationId::new(1, [1; 10])),
        name: "issuer".to_owned(),
        kind: TrustedKind::Jwks {
            url: url.to_owned(),
            issuer: Some("them".into()),
            audience: None,
        },
        material: Vec::new(),
        created_at_ms: 0,
        expires_at_ms: Some(2_000_999),
        revoked_at_ms: None,
    }
}

fn names(published: &Published, trusted: &TrustedKey) -> String {
    let keys = published.keys(std::slice::from_ref(trusted));
    keys.iter().map(|key| key.name().to_owned()).collect::<Vec<_>>().join(" ")
}

async fn refreshed(published: &Published, key: &TrustedKey, now: Duration) -> String {
    published.refresh(std::slice::from_ref(key), now).await;
    names(published, key)
}

#[tokio::test]
async fn keys_are_fetched_every_five_minutes_and_once_in_half_a_minute_when_one_is_missed() {
    let (first, second, third) = (pair("first"), pair("second"), pair("third"));
    let server = Server::start(set(&[&first])).await;
    let (published, url) = (Published::new(), server.url());
    let key = trusted(&url);
    assert_eq!(refreshed(&published, &key, S).await, "first");
    server.replies(set(&[&first, &second]));
    assert_eq!(refreshed(&published, &key, S * 300).await, "first");
    assert_eq!(refreshed(&published, &key, S * 301).await, "first second");
    server.replies(set(&[&third]));
    published.look_for_more(&[&url], S * 330).await;
    assert_eq!(names(&published, &key), "first second");
    published.look_for_more(&[&url], S * 331).await;
    assert_eq!(names(&published, &key), "third");
    assert_eq!((server.count(), published.version()), (3, 3));
    // The same again is no change.
    assert_eq!(refreshed(&published, &key, S * 631).await, "third");
    assert_eq!((server.count(), published.version()), (4, 3));
}

#[tokio::test]
async fn what_was_fetched_holds_for_a_day_if_the_issuer_is_away() {
    let first = pair("first");
    let server = Server::start(set(&[&first])).await;
    let (published, key) = (Published::new(), trusted(&server.url()));
    assert_eq!(refreshed(&published, &key, S).await, "first");
    server.replies(Reply { status: 500, ..set(&[]) });
    assert_eq!(refreshed(&published, &key, S * 86_400).await, "first");
    assert_eq!(refreshed(&published, &key, S * 86_401).await, "");
    // Without any, it is tried every half minute.
    server.replies(set(&[&first]));
    assert_eq!(refreshed(&published, &key, S * 86_429).await, "");
    assert_eq!(refreshed(&published, &key, S * 86_430).await, "first");
}

#[tokio::test]
async fn what_is_no_set_or_comes_from_elsewhere_changes_nothing() {
    let first = pair("first");
    let elsewhere = Server::start(set(&[&pair("elsewhere")])).await;
    let server = Server::start(set(&[&first])).await;
    let (published, key) = (Published::new(), trusted(&server.url()));
    assert_eq!(refreshed(&published, &key, S).await, "first");
    let long = set(&[&pair("long")]);
    let long = Reply { body: long.body + &" ".repeat(JWKS_BYTES_MAX), ..long };
    let location = Some(elsewhere.url());
    let many: Vec<_> = (0..33).map(|_| pair("many")).collect();
    let bad = [
        Reply::ok(""),
        Reply::ok("{}"),
        Reply::ok(r#"{"keys":{}}"#),
        long,
        Reply { status: 302, location, ..Reply::ok("") },
        Reply { is_endless: true, ..Reply::ok(&" ".repeat(8_192)) },
        set(&many.iter().collect::<Vec<_>>()),
    ];
    for (at, reply) in (1..).zip(bad) {
        server.replies(reply.clone());
        assert_eq!(refreshed(&published, &key, S * 300 * at + S).await, "first", "{reply:?}");
    }
    assert_eq!((server.count(), elsewhere.count(), published.version()), (8, 0, 1));
}

#[tokio::test]
async fn keys_are_not_fetched_where_anybody_may_change_them() {
    let check = |url: &str, expected: Result<(), UrlError>| {
        assert_eq!(check_jwks_url(url), expected, "{url}");
    };
    check("https://keys.example/jwks.json", Ok(()));
    check("http://127.0.0.1:8080/jwks", Ok(()));
    check("http://[::1]:8080/jwks", Ok(()));
    check("http://localhost/jwks", Ok(()));
    let plain = Err(UrlError::Plain);
    for url in ["http://keys.example/", "http://127.0.0.1.example/", "http://10.0.0.1/"] {
        check(url, plain);
    }
    check("http://localhost.example/", plain);
    check("http://127.0.0.1@keys.example/", Err(UrlError::User));
    check("file:///etc/passwd", Err(UrlError::Form));
    let published = Published::new();
    assert_eq!(refreshed(&published, &trusted("http://keys.example/"), S).await, "");
}

#[tokio::test]
async fn many_who_miss_a_key_fetch_it_once_and_all_wait_for_it() {
    let first = pair("first");
    let delay = Duration::from_millis(100);
    let server = Server::start(Reply { delay, ..set(&[&first]) }).await;
    let (published, url) = (Published::new(), server.url());
    let key = trusted(&url);
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let (published, url, key) = (published.clone(), url.clone(), key.clone());
            tokio::spawn(async move {
                published.look_for_more(&[&url], S).await;
                names(&published, &key)
            })
        })
        .collect();
    for asked in asking {
        assert_eq!(asked.await.unwrap(), "first");
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_url_that_nobody_trusts_any_more_is_forgotten() {
    let server = Server::start(set(&[&pair("first")])).await;
    let (published, key) = (Published::new(), trusted(&server.url()));
    assert_eq!(refreshed(&published, &key, S).await, "first");
    let revoked = TrustedKey { revoked_at_ms: Some(1), ..key.clone() };
    assert_eq!(refreshed(&published, &revoked, S * 2).await, "");
    assert_eq!(format!("{published:?}"), "Published(0 URLs)");
    assert_eq!(names(&published, &key), "");
}

#[tokio::test]
async fn a_published_key_verifies_what_its_issuer_signs_for_its_organisation() {
    let pair = pair("first");
    let server = Server::start(set(&[&pair])).await;
    let (published, key) = (Published::new(), trusted(&server.url()));
    published.refresh(std::slice::from_ref(&key), S).await;
    let keyring = Keyring::new(published.keys(std::slice::from_ref(&key)));
    let signer = JwtSigner::new(Algorithm::EdDSA, pair.kid, &pair.pkcs8).unwrap();
    let check = |issuer: &str, organisation: &str, now_s: i64| {
        let streams = vec![Pattern::parse("*").unwrap()];
        let issuer = Some(issuer.to_owned());
        let claims = Claims { issuer, streams, expires_at_s: 9_000, ..Claims::default() };
        let token = signer.sign(&claims).unwrap();
        let facts = Facts { now_s, address: None, country: None, referer: None };
        let verified = keyring.verify(&Presented::token(&token), Some(organisation), &facts);
        verified.map(|verified| verified.key.to_string()).map_err(|error| error.to_string())
    };
    let own = OrganisationId::new(1, [1; 10]);
    let other = OrganisationId::new(2, [2; 10]);
    assert_eq!(check("them", own.as_str(), 1_000), Ok(key.id.as_str().to_owned()));
    assert!(check("others", own.as_str(), 1_000).is_err());
    assert!(check("them", other.as_str(), 1_000).is_err());
    assert!(check("them", own.as_str(), 2_000).is_err());
}
