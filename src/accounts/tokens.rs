//! `weir token …`

use std::io::Read;

use accounts::OrganisationId;
use anyhow::{Context, bail};
use auth_service::{NewPlayToken, RevokedTokens, TokenForm};
use authz::keyring;
use runtime::unix_ms;
use serde_json::json;
use timeline::Resource;
use token::{
    Countries, Explanation, Facts, Pattern, Presented, Question, Revocations, Revoked, Rules,
};
use url::Url;

use super::{ACTOR, Desk};
use crate::cli::{Shown, Sign, Token, What, net};

/// Most bytes that are read as a token.
const TOKEN_BYTES_MAX: u64 = 64 * 1_024;

/// A token is not good: what scripts see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotGood(token::Refusal);

pub(super) async fn run(command: Token) -> anyhow::Result<()> {
    match command {
        Token::Sign(sign) => self::sign(*sign).await,
        Token::Verify(shown) => {
            let (desk, explained) = explain(&shown).await?;
            match explained.refusal {
                None => desk.show(&json!({ "good": true }), || "good\n".to_owned()),
                Some(refusal) => {
                    if desk.json {
                        let json = json!({ "good": false, "refusal": refusal.to_string() });
                        desk.show(&json, String::new)?;
                    }
                    Err(NotGood(refusal).into())
                }
            }
        }
        Token::Explain(shown) => {
            let (desk, explained) = explain(&shown).await?;
            let line = |it: &token::Line| json!({ "holds": it.holds, "text": it.text });
            let lines: Vec<_> = explained.lines.iter().map(line).collect();
            let json = json!({
                "good": explained.refusal.is_none(),
                "refusal": explained.refusal.as_ref().map(ToString::to_string),
                "lines": lines,
            });
            desk.show(&json, || explained.to_string())
        }
        Token::Revoke { what, of } => {
            let desk = Desk::open(&of.kept).await?;
            let organisation = desk.organisation(of.org.as_deref()).await?;
            let What { id, viewer, all: _ } = what;
            let now_s = unix_ms().div_euclid(1_000);
            let revoked = match (id, viewer) {
                (Some(id), _) => RevokedTokens::Token(id),
                // Versions are moments here: those that are signed from now on are later.
                (None, Some(viewer)) => RevokedTokens::Viewer(viewer, version(now_s + 1)),
                (None, None) => RevokedTokens::Before(now_s + 1),
            };
            desk.service.revoke_tokens(ACTOR, Some(&organisation), revoked).await?;
            desk.show(&json!({ "revoked": true }), || "revoked\n".to_owned())
        }
        Token::Rotate(kept) => {
            let desk = Desk::open(&kept).await?;
            desk.service.rotate_signing_keys(ACTOR, None).await?;
            desk.show(&json!({ "rotated": true }), || "a new key signs from now on\n".to_owned())
        }
    }
}

async fn sign(sign: Sign) -> anyhow::Result<()> {
    let desk = Desk::open(&sign.of.kept).await?;
    let organisation = desk.organisation(sign.of.org.as_deref()).await?;
    let pattern = |text: &String| {
        let full = match (text.contains('/') || text == "*", desk.config.apps.first()) {
            (false, Some(app)) => format!("{app}/{text}"),
            (true, _) | (_, None) => text.clone(),
        };
        Pattern::parse(&full).with_context(|| format!("{text:?}"))
    };
    let streams = sign.streams.iter().map(pattern).collect::<Result<Vec<_>, _>>()?;
    let version = first_good_version(&desk, &organisation, sign.viewer.as_deref()).await?;
    let signed = desk.service.sign_play_token(
        ACTOR,
        NewPlayToken {
            form: match sign.form.as_str() {
                "jwt" => TokenForm::Jwt,
                "path" => TokenForm::Path,
                other => bail!("--form {other}: write jwt or path"),
            },
            version,
            viewer: sign.viewer,
            lifetime_s: Some(i64::try_from(sign.expires.as_secs()).unwrap_or(i64::MAX)),
            rules: Rules {
                addresses: sign.address.iter().map(|it| net(it)).collect::<Result<_, _>>()?,
                countries: Countries {
                    allow: sign.country.iter().map(|it| it.to_uppercase()).collect(),
                    deny: Vec::new(),
                },
                referers: sign.referer,
            },
            sessions_max: sign.sessions_max,
            height_max: sign.height_max,
            bitrate_max: sign.bitrate_max,
            is_member: sign.member,
            ..NewPlayToken::of(organisation, streams)
        },
    );
    let signed = signed.await?;
    let json = json!({
        "token": signed.token.reveal(),
        "id": signed.id,
        "expires": super::date(signed.expires_at_s.saturating_mul(1_000)),
    });
    desk.show(&json, || format!("{}\n", signed.token.reveal()))
}

/// Explains what somebody has. Nothing is changed.
async fn explain(shown: &Shown) -> anyhow::Result<(Desk, Explanation)> {
    let desk = Desk::open(&shown.kept).await?;
    let text = match shown.token.as_str() {
        "-" => {
            let mut text = String::new();
            let mut input = std::io::stdin().take(TOKEN_BYTES_MAX);
            input.read_to_string(&mut text).context("read the token from standard input")?;
            text.trim().to_owned()
        }
        text => text.to_owned(),
    };
    // A token alone is one in a path.
    let (path, query) = match Url::parse(&text).ok().filter(Url::has_host) {
        Some(url) => (url.path().to_owned(), url.query().unwrap_or_default().to_owned()),
        None if text.starts_with('/') => {
            let (path, query) = text.split_once('?').unwrap_or((&text, ""));
            (path.to_owned(), query.to_owned())
        }
        None => (format!("/t/{text}/"), String::new()),
    };
    let keys = desk.accounts.database.trusted_keys(None).await?;
    let (keyring, _) = keyring(&keys);
    let presented = Presented::find(&path, &query, None, None, &keyring.schemes());
    let named = match &shown.stream {
        Some(name) => Some(desk.stream(name)?),
        None => {
            Resource::parse(presented.path, &presented.query).ok().map(|it| it.stream().clone())
        }
    };
    let stream = match &named {
        Some(name) => desk.accounts.database.stream(name).await?,
        None => None,
    };
    let now_ms = unix_ms();
    let mut revocations = Revocations::default();
    for revocation in desk.accounts.database.revocations(now_ms).await? {
        revocations.insert(&revocation);
    }
    let question = Question {
        stream: named.as_ref().map(|name| name.as_str()),
        organisation: stream.as_ref().map(|stream| stream.organisation.as_str()),
        facts: Facts {
            now_s: shown.at.unwrap_or_else(|| now_ms.div_euclid(1_000)),
            address: shown.address,
            country: shown.country.as_deref(),
            referer: shown.referer.as_deref(),
        },
    };
    let explained = token::explain(&presented, &keyring, &revocations, &question);
    Ok((desk, explained))
}

/// The version of a token that is signed now: the moment, or what the viewer's last revocation says
/// if that is later, as it is within the same second.
async fn first_good_version(
    desk: &Desk,
    organisation: &OrganisationId,
    viewer: Option<&str>,
) -> anyhow::Result<u64> {
    let now_ms = unix_ms();
    let mut newest = version(now_ms.div_euclid(1_000));
    for revocation in desk.accounts.database.revocations(now_ms).await? {
        let is_here =
            revocation.organisation.as_deref().is_none_or(|it| it == organisation.as_str());
        if let Revoked::Viewer { viewer: revoked, version } = &revocation.revoked
            && is_here
            && viewer == Some(revoked)
        {
            newest = newest.max(*version);
        }
    }
    Ok(newest)
}

fn version(now_s: i64) -> u64 {
    u64::try_from(now_s).unwrap_or(0)
}
