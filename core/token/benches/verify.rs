//! How long it takes to verify a token of each scheme, which is done once, and to see whether it is
//! good for a request and was not revoked, which is done for each.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement needs a clock and says what it found"
)]

#[expect(dead_code, reason = "tests need more of it")]
#[path = "../src/vectors.rs"]
mod vectors;

use std::hint::black_box;
use std::time::{Duration, Instant};

use token::{
    Algorithm, Alibaba, Claims, Facts, Key, KeyKind, Keyring, PathSigner, Pattern, Presented,
    Revocation, Revocations, Revoked, Secret, Verified, akamai_token, signed_path,
};
use vectors::{
    EDDSA_PUBLIC, EDDSA_TOKEN, ES256_PUBLIC, ES256_TOKEN, ES384_PUBLIC, ES384_TOKEN, HS256_SECRET,
    HS256_TOKEN, RS256_PUBLIC, RS256_TOKEN,
};

const NOW_S: i64 = 1_790_000_000;
const PATH: &str = "/live/main/index.m3u8";
const AKAMAI: &[u8] = b"52a152a152a152a152a152a152a152a1";
const ALIBABA: &[u8] = b"aliyuncdnexp1234";

/// What a request may take whose token is known, in nanoseconds: a million a second.
const ADMIT_NS_MAX: f64 = 1_000.0;
/// What a request may take to see that nothing is revoked, in nanoseconds.
const REVOKED_NS_MAX: f64 = 50.0;
/// Revocations that are held meanwhile: those of a bad week.
const REVOCATIONS: u32 = 100_000;

fn main() {
    let keyring = keyring();
    let facts = Facts {
        now_s: NOW_S,
        address: Some("203.0.113.7".parse().unwrap()),
        country: Some("DE"),
        referer: Some("https://www.example.org/watch"),
    };
    println!("{:<28} {:>12} {:>14}", "verifying", "µs", "per second");
    for (name, url) in urls() {
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        let schemes = keyring.schemes();
        let verify = || {
            let presented = Presented::find(black_box(path), query, None, None, &schemes);
            keyring.verify(&presented, Some("one"), &facts).unwrap()
        };
        verify().admits("live/main", PATH, &facts).unwrap();
        let ns = nanoseconds(Duration::from_millis(300), || drop(black_box(verify())));
        println!("{name:<28} {:>12.2} {:>14.0}", ns / 1e3, 1e9 / ns);
    }
    let verified = verified(&keyring, &facts);
    println!("{:<28} {:>12} {:>14}", "each request", "ns", "per second");
    let admits = || verified.admits(black_box("live/main"), PATH, &facts).unwrap();
    let admit_ns = say("what the token says holds", admits);
    let mut revocations = Revocations::default();
    say("revoked? of none", || assert!(!revocations.covers(black_box(&verified))));
    for number in 0..REVOCATIONS {
        let revoked = Revoked::Token { id: format!("tok_{number:026}") };
        revocations.insert(&Revocation { organisation: None, revoked, at_ms: 0, until_ms: 1 });
    }
    let name = format!("revoked? of {REVOCATIONS}");
    let revoked_ns = say(&name, || assert!(!revocations.covers(black_box(&verified))));
    if cfg!(debug_assertions) {
        return;
    }
    assert!(admit_ns <= ADMIT_NS_MAX, "{admit_ns} ns are more than {ADMIT_NS_MAX}");
    assert!(revoked_ns <= REVOKED_NS_MAX, "{revoked_ns} ns are more than {REVOKED_NS_MAX}");
}

fn say(name: &str, run: impl FnMut()) -> f64 {
    let ns = nanoseconds(Duration::from_millis(300), run);
    println!("{name:<28} {ns:>12.1} {:>14.0}", 1e9 / ns);
    ns
}

/// The best of several rounds, in nanoseconds for a call: what others do on the machine only adds.
fn nanoseconds(round: Duration, mut run: impl FnMut()) -> f64 {
    let mut calls = 1_u32;
    let mut time = |calls: u32| {
        let begun = Instant::now();
        (0..calls).for_each(|_| run());
        begun.elapsed()
    };
    while time(calls) < round / 10 {
        calls = calls.saturating_mul(2);
    }
    let best = (0..10).map(|_| time(calls)).min().unwrap();
    best.as_secs_f64() * 1e9 / f64::from(calls)
}

fn key(id: &str, kind: KeyKind) -> Key {
    let organisation = Some("one".into());
    Key { id: id.into(), kid: None, organisation, kind, not_after_s: None }
}

fn keyring() -> Keyring {
    let jwt = [
        (Algorithm::EdDSA, EDDSA_PUBLIC),
        (Algorithm::ES256, ES256_PUBLIC),
        (Algorithm::ES384, ES384_PUBLIC),
        (Algorithm::RS256, RS256_PUBLIC),
        (Algorithm::HS256, HS256_SECRET),
    ];
    let jwt = jwt.map(|(algorithm, material)| {
        let kind = KeyKind::jwt(algorithm, material.as_bytes(), None, Some("weir".into()));
        key(&format!("k-{}", algorithm.name()), kind.unwrap())
    });
    let alibaba = [Alibaba::A, Alibaba::B, Alibaba::C]
        .map(|it| key("alibaba", KeyKind::alibaba(it, ALIBABA, 1_800).unwrap()));
    let others = [
        key("path", KeyKind::path(HS256_SECRET.as_bytes()).unwrap()),
        key("akamai", KeyKind::akamai(AKAMAI).unwrap()),
    ];
    Keyring::new(jwt.into_iter().chain(alibaba).chain(others))
}

/// A URL of each scheme that opens [`PATH`].
fn urls() -> Vec<(String, String)> {
    let jwt = [
        ("JWT EdDSA", EDDSA_TOKEN),
        ("JWT ES256", ES256_TOKEN),
        ("JWT ES384", ES384_TOKEN),
        ("JWT RS256, 2,048 bits", RS256_TOKEN),
        ("JWT HS256", HS256_TOKEN),
    ];
    let mut urls: Vec<_> =
        jwt.into_iter().map(|(name, it)| (name.to_owned(), format!("/t/{it}{PATH}"))).collect();
    let claims = Claims {
        streams: vec![Pattern::parse("live/main").unwrap()],
        expires_at_s: NOW_S + 3_600,
        viewer: Some("viewer-1".into()),
        id: Some("tok_01j00000000000000000000000".into()),
        ..Claims::default()
    };
    let path = PathSigner::new("path", HS256_SECRET.as_bytes()).unwrap().mint(&claims).unwrap();
    urls.push(("path token".to_owned(), format!("/t/{path}{PATH}")));
    for variant in [Alibaba::A, Alibaba::B, Alibaba::C] {
        let url = signed_path(variant, PATH, &Secret::new(ALIBABA), NOW_S).unwrap();
        urls.push((format!("Alibaba {variant:?}"), url));
    }
    let token = akamai_token(AKAMAI, "/live/main/*", None, NOW_S + 3_600, None).unwrap();
    urls.push(("Akamai".to_owned(), format!("{PATH}?hdnts={token}")));
    urls
}

/// A token with all that a request is compared with.
fn verified(keyring: &Keyring, facts: &Facts<'_>) -> Verified {
    keyring.verify(&Presented::token(EDDSA_TOKEN), Some("one"), facts).unwrap()
}
