//! `weir trust …`

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use accounts::{Slot, TrustedKey, TrustedKeyId, TrustedKind};
use anyhow::{Context, bail};
use auth_service::NewTrustedKey;
use runtime::Secret;
use serde_json::{Value, json};
use token::{Algorithm, Alibaba};

use super::{ACTOR, Desk, Table, date, state};
use crate::cli::Trust;

/// Most bytes of a key that are read.
const KEY_BYTES_MAX: u64 = 64 * 1_024;

pub(super) async fn run(command: Trust) -> anyhow::Result<()> {
    match command {
        Trust::Add { kind, name, file, url, issuer, audience, kid, validity, secondary, of } => {
            let asked = Asked { kind, url, issuer, audience, kid, validity, secondary };
            let kind = asked.kind()?;
            let material = match (&file, &kind) {
                (Some(file), _) => read(file)?,
                (None, TrustedKind::Jwks { .. }) => Secret::new(""),
                (None, _) => bail!("name the file with the key: --file FILE, or --file -"),
            };
            let desk = Desk::open(&of.kept).await?;
            let organisation = desk.organisation(of.org.as_deref()).await?;
            let new = NewTrustedKey { organisation, name, kind, material, expires_at_ms: None };
            let made = desk.service.trust_key(ACTOR, new).await?;
            desk.show(&described(&made), || format!("{} is trusted\n", made.id))
        }
        Trust::List(of) => {
            let desk = Desk::open(&of.kept).await?;
            let organisation = desk.organisation(of.org.as_deref()).await?;
            let all = desk.service.trusted_keys(ACTOR, &organisation).await?;
            let mut table = Table::new(&["key", "name", "kind", "since", "state"]);
            for it in &all {
                table.row([
                    it.id.to_string(),
                    it.name.clone(),
                    word(&it.kind),
                    date(it.created_at_ms),
                    state(it.revoked_at_ms, it.expires_at_ms),
                ]);
            }
            desk.list(&all.iter().map(described).collect::<Vec<_>>(), &table)
        }
        Trust::Revoke { key, of } => {
            let desk = Desk::open(&of.kept).await?;
            let organisation = desk.organisation(of.org.as_deref()).await?;
            let id = TrustedKeyId::parse(&key).context("see `weir trust list`")?;
            desk.service.revoke_trusted_key(ACTOR, &organisation, &id).await?;
            desk.show(&json!({ "id": id, "revoked": true }), || format!("{id} revoked\n"))
        }
    }
}

/// What is asked for.
struct Asked {
    kind: String,
    url: Option<String>,
    issuer: Option<String>,
    audience: Option<String>,
    kid: Option<String>,
    validity: Duration,
    secondary: bool,
}

impl Asked {
    fn kind(self) -> anyhow::Result<TrustedKind> {
        let Self { kind, url, issuer, audience, kid, validity, secondary } = self;
        let slot = if secondary { Slot::Secondary } else { Slot::Primary };
        let validity_s = u32::try_from(validity.as_secs()).context("--validity is too long")?;
        let jwt = |algorithm| TrustedKind::Jwt {
            algorithm,
            signs: false,
            kid: kid.clone(),
            issuer: issuer.clone(),
            audience: audience.clone(),
        };
        let alibaba = |variant| TrustedKind::Alibaba { variant, slot, validity_s };
        Ok(match kind.as_str() {
            "EdDSA" => jwt(Algorithm::EdDSA),
            "ES256" => jwt(Algorithm::ES256),
            "ES384" => jwt(Algorithm::ES384),
            "RS256" => jwt(Algorithm::RS256),
            "HS256" => jwt(Algorithm::HS256),
            "jwks" => {
                let url = url.context("say where the keys are published: --url URL")?;
                TrustedKind::Jwks { url, issuer, audience }
            }
            "alibaba-a" => alibaba(Alibaba::A),
            "alibaba-b" => alibaba(Alibaba::B),
            "alibaba-c" => alibaba(Alibaba::C),
            "akamai" => TrustedKind::Akamai,
            "cloudfront" => {
                let key_pair = kid.context("say the Key-Pair-Id: --kid ID")?;
                TrustedKind::CloudFront { key_pair }
            }
            other => bail!(
                "{other} is no kind of key: write EdDSA, ES256, ES384, RS256, HS256, jwks, \
                 alibaba-a, alibaba-b, alibaba-c, akamai or cloudfront"
            ),
        })
    }
}

/// A secret ends with its line: editors add an end that nobody means.
fn read(file: &Path) -> anyhow::Result<Secret> {
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().take(KEY_BYTES_MAX).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|it| it.take(KEY_BYTES_MAX).read_to_string(&mut text))
    }
    .with_context(|| format!("read the key from {}", file.display()))?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

fn word(kind: &TrustedKind) -> String {
    match kind {
        TrustedKind::Jwt { algorithm, .. } => format!("{algorithm:?}"),
        TrustedKind::Jwks { url, .. } => format!("jwks {url}"),
        TrustedKind::Path => "path".to_owned(),
        TrustedKind::Alibaba { variant, slot: Slot::Primary, .. } => format!("alibaba {variant:?}"),
        TrustedKind::Alibaba { variant, slot: Slot::Secondary, .. } => {
            format!("alibaba {variant:?}, second")
        }
        TrustedKind::Akamai => "akamai".to_owned(),
        TrustedKind::CloudFront { key_pair } => format!("cloudfront {key_pair}"),
    }
}

fn described(it: &TrustedKey) -> Value {
    json!({
        "id": it.id,
        "organisation": it.organisation,
        "name": it.name,
        "kind": it.kind,
        "created": date(it.created_at_ms),
        "expires": it.expires_at_ms.map(date),
        "revoked": it.revoked_at_ms.map(date),
    })
}
