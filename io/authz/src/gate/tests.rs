//! Two organisations, `a` and `b`, each with streams of its own below `live/`.

mod access;
mod forms;
mod issuers;
mod organisations;
mod revocation;
mod sessions;
mod trouble;

use accounts::{Access, OrganisationId, TrustedKeyId, TrustedKind};
use timeline::StreamName;
use token::{Algorithm, Alibaba, Claims, Facts, Pattern};

use super::*;
use crate::testing::Shelf;
use crate::{Play, PlayAuthority, PlayRefusal, PlayRequest, sign};

const NOW_S: i64 = 1_800_000_000;
const SECRET: &[u8] = b"a secret of thirty-two bytes, a.";
const SECRET_B: &[u8] = b"a secret of thirty-two bytes, b.";
const SECRET_PATH: &[u8] = b"a secret of thirty-two bytes, w.";

/// A gate, and what it decides by.
struct World {
    shelf: Arc<Shelf>,
    gate: Gate,
    a: OrganisationId,
    b: OrganisationId,
    /// The server's own, which signs.
    own: TrustedKey,
    /// The server's own for path tokens.
    path: TrustedKey,
    /// HS256 of each organisation.
    key_a: TrustedKey,
    key_b: TrustedKey,
}

fn jwt(algorithm: Algorithm, signs: bool) -> TrustedKind {
    TrustedKind::Jwt { algorithm, signs, kid: None, issuer: None, audience: None }
}

fn trusted(
    number: u8,
    organisation: Option<&OrganisationId>,
    kind: TrustedKind,
    material: &[u8],
) -> TrustedKey {
    TrustedKey {
        id: TrustedKeyId::new(i64::from(number), [number; 10]),
        organisation: organisation.cloned(),
        name: format!("key {number}"),
        kind,
        material: material.to_vec(),
        created_at_ms: 0,
        expires_at_ms: None,
        revoked_at_ms: None,
    }
}

fn ed25519() -> Vec<u8> {
    let random = aws_lc_rs::rand::SystemRandom::new();
    let key = aws_lc_rs::signature::Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    key.as_ref().to_vec()
}

async fn world() -> World {
    world_with(None).await
}

async fn world_with(hook: Option<Hook>) -> World {
    let (a, b) = (OrganisationId::new(1, [1; 10]), OrganisationId::new(2, [2; 10]));
    let own = trusted(1, None, jwt(Algorithm::EdDSA, true), &ed25519());
    let path = trusted(2, None, TrustedKind::Path, SECRET_PATH);
    let key_a = trusted(3, Some(&a), jwt(Algorithm::HS256, true), SECRET);
    let key_b = trusted(4, Some(&b), jwt(Algorithm::HS256, true), SECRET_B);
    let shelf = Arc::new(Shelf::default());
    let keys = [&own, &path, &key_a, &key_b].into_iter().cloned();
    *shelf.keys.lock().unwrap() = keys.collect();
    for access in Access::ALL {
        shelf.open(&format!("live/a-{}", access.name()), &a, access);
        shelf.open(&format!("live/b-{}", access.name()), &b, access);
    }
    let gate = Gate::new(Arc::clone(&shelf) as Arc<dyn Directory>, hook);
    gate.reload().await.unwrap();
    World { shelf, gate, a, b, own, path, key_a, key_b }
}

/// Claims that open streams for an hour.
fn claims(streams: &str) -> Claims {
    Claims {
        streams: vec![Pattern::parse(streams).unwrap()],
        issued_at_s: Some(NOW_S),
        expires_at_s: NOW_S + 3_600,
        viewer: Some("anna".to_owned()),
        ..Claims::default()
    }
}

/// Claims that the server's own key signs for an organisation.
fn claims_of(organisation: &OrganisationId, streams: &str) -> Claims {
    Claims { organisation: Some(organisation.as_str().to_owned()), ..claims(streams) }
}

fn facts(now_s: i64) -> Facts<'static> {
    Facts { now_s, address: Some([192, 0, 2, 7].into()), country: None, referer: None }
}

fn request<'r>(url: &'r str, facts: Facts<'r>) -> PlayRequest<'r> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let (authorization, cookie, agent) = (None, None, Some("player"));
    PlayRequest { path, query, authorization, cookie, facts, agent }
}

/// What is decided about a request, in words.
async fn decide(gate: &Gate, request: &PlayRequest<'_>) -> String {
    let stripped = gate.strip(request);
    let mut segments = stripped.path.split('/').skip(1);
    let app = segments.next().unwrap_or_default();
    let name = segments.next().unwrap_or_default();
    let stream = StreamName::new(app, name).unwrap();
    match gate.decide(request, &stream).await {
        Ok(Play::Allowed(pass)) if *pass == Pass::default() => "allowed".to_owned(),
        Ok(Play::Allowed(pass)) => {
            let Pass { height_max, bitrate_max, viewer, unlisted } = &*pass;
            let mut text = "allowed".to_owned();
            for part in [
                viewer.clone(),
                height_max.map(|height| format!("{height}p")),
                bitrate_max.map(|rate| format!("{rate}b/s")),
                unlisted.then(|| "unlisted".to_owned()),
            ] {
                text += &part.map_or_else(String::new, |part| format!(" {part}"));
            }
            text
        }
        Ok(Play::Moved(to)) => format!("moved {to}"),
        Err(PlayRefusal::Unavailable { source }) => format!("unavailable: {source}"),
        Err(error) => error.to_string(),
    }
}

impl World {
    #[track_caller]
    fn check(&self, url: &str, expected: &str) -> impl Future<Output = ()> {
        self.check_at(url, NOW_S, expected)
    }

    #[track_caller]
    fn check_at(&self, url: &str, now_s: i64, expected: &str) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let actual = decide(&self.gate, &request(url, facts(now_s))).await;
            assert_eq!(actual, expected, "{place}: {url}");
        }
    }

    async fn reload(&self) {
        self.gate.reload().await.unwrap();
    }

    /// The same gate without anything in its memory but what the shelf has.
    fn trust(&self, key: &TrustedKey) {
        self.shelf.keys.lock().unwrap().push(key.clone());
    }

    fn alibaba(&self, number: u8, variant: Alibaba, organisation: &OrganisationId) -> TrustedKey {
        let slot = accounts::Slot::Primary;
        let kind = TrustedKind::Alibaba { variant, slot, validity_s: 1_800 };
        let key = trusted(number, Some(organisation), kind, b"aliyuncdnexp1234");
        self.trust(&key);
        key
    }
}

const OTHER: &str = "the token does not open this stream";
const UNKNOWN: &str = "the token is signed with a key that is not trusted here";
