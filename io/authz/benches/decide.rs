//! How many requests of viewers a core decides about: at least 1,000,000 a second whose token is
//! known, and how many tokens it gets to know, by their kind.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement needs a clock and says what it found"
)]

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use accounts::{
    Access, Notice, OrganisationId, StreamPolicy, TrustedKey, TrustedKeyId, TrustedKind,
};
use async_trait::async_trait;
use authz::{
    BoxError, Directory, Gate, Play, PlayAuthority, PlayRefusal, PlayRequest, StreamAccess, sign,
};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
};
use criterion::{Criterion, Throughput};
use timeline::StreamName;
use token::{Algorithm, Claims, Facts, Pattern, Revocation, Revoked};

/// Decisions in a second that a core makes at least about a token that it knows.
const KNOWN_PER_S_MIN: f64 = 1_000_000.0;
/// Tokens that a kind is measured with.
const TOKENS: u32 = 1_000;
/// Viewers who watch at one time with tokens of their own.
const VIEWERS: usize = 1_000;
/// Revocations that are in force meanwhile.
const REVOCATIONS: u32 = 10_000;
/// Rounds of a decision for each viewer. Each is so short that it is seldom interrupted, and their
/// median is what counts: other work on the machine changes little.
const ROUNDS: usize = 1_001;
const NOW_S: i64 = 1_800_000_000;
const SECRET: &[u8] = b"a secret of thirty-two bytes, x.";

/// One stream that needs a token, and the keys.
#[derive(Debug)]
struct Shelf {
    organisation: OrganisationId,
    keys: Vec<TrustedKey>,
}

#[async_trait]
impl Directory for Shelf {
    async fn access(&self, _stream: &StreamName) -> Result<Option<StreamAccess>, BoxError> {
        let policy = StreamPolicy { access: Access::Token, ..StreamPolicy::default() };
        Ok(Some(StreamAccess { organisation: self.organisation.clone(), policy }))
    }

    async fn trusted_keys(&self) -> Result<Vec<TrustedKey>, BoxError> {
        Ok(self.keys.clone())
    }

    async fn revocations(&self) -> Result<Vec<Revocation>, BoxError> {
        let revocation = |at: u32| Revocation {
            organisation: None,
            revoked: Revoked::Token { id: format!("revoked-{at}") },
            at_ms: 0,
            until_ms: i64::MAX,
        };
        Ok((0..REVOCATIONS).map(revocation).collect())
    }
}

/// A gate, the keys that it trusts, and the stream that is asked for.
struct Bench {
    gate: Gate,
    keys: Vec<TrustedKey>,
    stream: StreamName,
    runtime: tokio::runtime::Runtime,
}

fn main() {
    let bench = Bench::new();
    for key in &bench.keys {
        bench.misses(key);
    }
    let jwt = bench.keys.first().unwrap();
    let path = bench.keys.last().unwrap();
    let plain = |at: usize| claims(&format!("viewer-{at}"));
    let limited = |at: usize| Claims { sessions_max: Some(3), ..plain(at) };
    for (name, key, of, is_demanded) in [
        ("path tokens", path, &plain as &dyn Fn(usize) -> Claims, true),
        ("EdDSA JSON web tokens", jwt, &plain, true),
        ("path tokens whose sessions are counted", path, &limited, false),
    ] {
        let urls: Vec<String> = (0..VIEWERS).map(|at| url(&sign(&of(at), key).unwrap())).collect();
        let per_s = bench.hits(name, &urls);
        assert!(
            !is_demanded || cfg!(debug_assertions) || per_s >= KNOWN_PER_S_MIN,
            "fewer than {KNOWN_PER_S_MIN} a second"
        );
    }

    let url = url(&sign(&claims("anna"), path).unwrap());
    bench.warm(&url);
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("decide");
    group.throughput(Throughput::Elements(1));
    group.bench_function("known", |bencher| bencher.iter(|| bench.decide(&url)));
    group.finish();
    criterion.final_summary();
}

impl Bench {
    fn new() -> Self {
        let organisation = OrganisationId::new(1, [1; 10]);
        let algorithms = Algorithm::ALL.into_iter().zip(1..);
        let mut keys: Vec<_> = algorithms
            .map(|(algorithm, number)| {
                let (signs, kid, issuer, audience) = (true, None, None, None);
                let kind = TrustedKind::Jwt { algorithm, signs, kid, issuer, audience };
                trusted(number, &organisation, kind, material(algorithm))
            })
            .collect();
        keys.push(trusted(9, &organisation, TrustedKind::Path, SECRET.to_vec()));
        let shelf = Shelf { organisation, keys: keys.clone() };
        let gate = Gate::new(Arc::new(shelf), None);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(gate.reload()).unwrap();
        Self { gate, keys, stream: StreamName::parse("live/main").unwrap(), runtime }
    }

    /// All that is done for a request: the token is found, taken off, and decided about.
    fn decide(&self, url: &str) {
        let asked = request(url);
        assert_eq!(self.gate.strip(&asked).path.len(), PATH.len());
        let decided = pin!(self.gate.decide(&asked, &self.stream));
        let decided = decided.poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(decided, Poll::Ready(Ok(Play::Allowed(_)))), "{decided:?}");
    }

    /// Decides once with what a policy that has to be read needs.
    fn warm(&self, url: &str) {
        let decided: Result<Play, PlayRefusal> =
            self.runtime.block_on(self.gate.decide(&request(url), &self.stream));
        assert!(matches!(decided, Ok(Play::Allowed(_))), "{decided:?}");
    }

    fn hits(&self, name: &str, urls: &[String]) -> f64 {
        for url in urls {
            self.warm(url);
        }
        // What was read of the policy holds for half a minute, which is longer than this takes.
        let stream = self.stream.clone();
        self.gate.notice(&Notice::StreamChanged { stream });
        self.warm(urls.first().unwrap());
        let rounds = (0..ROUNDS).map(|_| {
            let start = Instant::now();
            for url in urls {
                self.decide(url);
            }
            start.elapsed() / u32::try_from(urls.len()).unwrap()
        });
        let time = median(rounds.collect());
        let per_s = 1.0 / time.as_secs_f64();
        println!("decide: {name} that are known: {per_s:.0} a second ({time:?} each)");
        per_s
    }

    fn misses(&self, key: &TrustedKey) {
        let tokens = (0..TOKENS).map(|at| sign(&claims(&format!("viewer-{at}")), key).unwrap());
        let urls: Vec<String> = tokens.map(|token| url(&token)).collect();
        let stream = self.stream.clone();
        self.gate.notice(&Notice::StreamChanged { stream });
        self.warm(urls.first().unwrap());
        let each = urls.iter().skip(1).map(|url| {
            let start = Instant::now();
            self.decide(url);
            start.elapsed()
        });
        let time = median(each.collect());
        let per_s = 1.0 / time.as_secs_f64();
        let name = if let TrustedKind::Jwt { algorithm, .. } = &key.kind {
            algorithm.name()
        } else {
            "path token"
        };
        let bytes = urls.first().map_or(0, String::len) - PATH.len() - "/t/".len();
        let what = format!("{name}, {bytes} bytes, seen for the first time");
        println!("decide: {what}: {per_s:.0} a second ({time:?} each)");
    }
}

const PATH: &str = "/live/main/v0/1/12345.m4s";

fn url(token: &str) -> String {
    format!("/t/{token}{PATH}")
}

fn request(url: &str) -> PlayRequest<'_> {
    let address = Some([192, 0, 2, 7].into());
    let facts = Facts { now_s: NOW_S, address, country: None, referer: None };
    let (authorization, cookie, agent) = (None, None, Some("Mozilla/5.0 (X11; Linux x86_64)"));
    PlayRequest { path: url, query: "", authorization, cookie, facts, agent }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// What a usual token says.
fn claims(viewer: &str) -> Claims {
    Claims {
        id: Some(format!("token-of-{viewer}")),
        viewer: Some(viewer.to_owned()),
        streams: vec![Pattern::parse("live/main").unwrap()],
        issued_at_s: Some(NOW_S),
        expires_at_s: NOW_S + 3_600,
        ..Claims::default()
    }
}

fn trusted(
    number: u8,
    organisation: &OrganisationId,
    kind: TrustedKind,
    material: Vec<u8>,
) -> TrustedKey {
    TrustedKey {
        id: TrustedKeyId::new(i64::from(number), [number; 10]),
        organisation: Some(organisation.clone()),
        name: String::new(),
        kind,
        material,
        created_at_ms: 0,
        expires_at_ms: None,
        revoked_at_ms: None,
    }
}

fn material(algorithm: Algorithm) -> Vec<u8> {
    let random = SystemRandom::new();
    let ecdsa =
        |algorithm| EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap().as_ref().to_vec();
    match algorithm {
        Algorithm::EdDSA => Ed25519KeyPair::generate_pkcs8(&random).unwrap().as_ref().to_vec(),
        Algorithm::ES256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::ES384 => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::RS256 => {
            let der: Pkcs8V1Der<'_> =
                KeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap();
            der.as_ref().to_vec()
        }
        Algorithm::HS256 => SECRET.to_vec(),
    }
}
