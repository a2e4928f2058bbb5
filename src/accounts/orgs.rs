//! `weir org …`, `weir template …` and `weir api-key …`

use accounts::{ApiKeyId, Organisation, Role, Scope, StreamPolicy};
use anyhow::Context;
use auth_service::{NewApiKey, NewTemplate};
use serde_json::{Map, Value, json};

use super::streams::{access, change_options};
use super::{ACTOR, Desk, Table, date, later_ms};
use crate::cli::{ApiKey, Org, Template};

pub(super) async fn run(command: Org) -> anyhow::Result<()> {
    match command {
        Org::Create { name, kept } => {
            let desk = Desk::open(&kept).await?;
            let made = desk.service.create_organisation(ACTOR, &name).await?;
            desk.show(&described(&made), || format!("{}  {}\n", made.id, made.name))
        }
        Org::List(kept) => {
            let desk = Desk::open(&kept).await?;
            let all = desk.service.organisations(ACTOR).await?;
            let mut table = Table::new(&["organisation", "name", "since"]);
            for it in &all {
                table.row([it.id.to_string(), it.name.clone(), date(it.created_at_ms)]);
            }
            desk.list(&all.iter().map(described).collect::<Vec<_>>(), &table)
        }
        Org::Rename { org, name, kept } => {
            let desk = Desk::open(&kept).await?;
            let id = desk.organisation(Some(&org)).await?;
            let changed = desk.service.rename_organisation(ACTOR, &id, &name, None).await?;
            desk.show(&described(&changed), || format!("{org} is called {name} now\n"))
        }
        Org::Delete { org, kept } => {
            let desk = Desk::open(&kept).await?;
            let id = desk.organisation(Some(&org)).await?;
            desk.service.delete_organisation(ACTOR, &id).await?;
            desk.show(&json!({ "id": id, "deleted": true }), || format!("{org} deleted\n"))
        }
    }
}

pub(super) async fn template(command: Template) -> anyhow::Result<()> {
    match command {
        Template::Create { name, option, access: named, of } => {
            let desk = Desk::open(&of.kept).await?;
            let organisation = desk.organisation(of.org.as_deref()).await?;
            let mut options = Map::new();
            change_options(&mut options, &option)?;
            let policy = StreamPolicy { access: access(&named)?, ..StreamPolicy::default() };
            let new = NewTemplate { organisation, name, options, policy };
            let made = desk.service.create_template(ACTOR, new).await?;
            desk.show(&template_of(&made), || format!("{} made\n", made.name))
        }
        Template::List(of) => {
            let desk = Desk::open(&of.kept).await?;
            let organisation = desk.organisation(of.org.as_deref()).await?;
            let all = desk.service.templates(ACTOR, &organisation).await?;
            let mut table = Table::new(&["template", "access", "options"]);
            for it in &all {
                let options = Value::from(it.options.clone()).to_string();
                table.row([it.name.clone(), it.policy.access.name().to_owned(), options]);
            }
            desk.list(&all.iter().map(template_of).collect::<Vec<_>>(), &table)
        }
        Template::Delete { name, of } => {
            let desk = Desk::open(&of.kept).await?;
            let organisation = desk.organisation(of.org.as_deref()).await?;
            desk.service.delete_template(ACTOR, &organisation, &name).await?;
            desk.show(&json!({ "name": name, "deleted": true }), || format!("{name} deleted\n"))
        }
    }
}

pub(super) async fn api_key(command: ApiKey) -> anyhow::Result<()> {
    match command {
        ApiKey::Create { name, role: named, scope, expires, of } => {
            let desk = Desk::open(&of.kept).await?;
            let organisation = desk.organisation(of.org.as_deref()).await?;
            let scopes = scope.iter().map(|name| self::scope(name)).collect::<Result<_, _>>()?;
            let expires_at_ms = expires.map(later_ms);
            let new = NewApiKey { name, role: role(&named)?, scopes, expires_at_ms };
            let made = desk.service.create_api_key(ACTOR, &organisation, &new).await?;
            let (record, key) = made;
            let mut json = api_key_of(&record);
            if let Some(json) = json.as_object_mut() {
                json.insert("key".to_owned(), key.reveal().into());
            }
            desk.show(&json, || {
                format!(
                    "Id       {}\nAPI key  {}\nIt is shown this once.\n",
                    record.id,
                    key.reveal()
                )
            })
        }
        ApiKey::List(of) => {
            let desk = Desk::open(&of.kept).await?;
            let organisation = desk.organisation(of.org.as_deref()).await?;
            let all = desk.service.api_keys(ACTOR, &organisation).await?;
            let mut table = Table::new(&["id", "begins", "name", "role", "used", "state"]);
            for it in &all {
                table.row([
                    it.id.to_string(),
                    it.prefix.clone(),
                    it.name.clone(),
                    it.role.name().to_owned(),
                    it.last_used_ms.map(date).unwrap_or_default(),
                    super::state(it.revoked_at_ms, it.expires_at_ms),
                ]);
            }
            desk.list(&all.iter().map(api_key_of).collect::<Vec<_>>(), &table)
        }
        ApiKey::Revoke { key, of } => {
            let desk = Desk::open(&of.kept).await?;
            let organisation = desk.organisation(of.org.as_deref()).await?;
            let id = ApiKeyId::parse(&key).context("see `weir api-key list`")?;
            desk.service.revoke_api_key(ACTOR, &organisation, &id).await?;
            desk.show(&json!({ "id": id, "revoked": true }), || format!("{id} revoked\n"))
        }
    }
}

/// The role of that name.
pub(super) fn role(name: &str) -> anyhow::Result<Role> {
    Role::parse(name).with_context(|| {
        format!("{name} is no role: write owner, operator, streamer, viewer or read-only")
    })
}

fn scope(name: &str) -> anyhow::Result<Scope> {
    serde_json::from_value(name.into()).with_context(|| {
        format!(
            "{name} is no scope: write streams-read, streams-write, users-read, users-write, \
             tokens-sign or keys-write"
        )
    })
}

fn described(it: &Organisation) -> Value {
    json!({ "id": it.id, "name": it.name, "created": date(it.created_at_ms), "version": it.version })
}

fn template_of(it: &accounts::Template) -> Value {
    json!({
        "organisation": it.organisation,
        "name": it.name,
        "options": it.options,
        "policy": it.policy,
        "version": it.version,
    })
}

fn api_key_of(it: &accounts::ApiKey) -> Value {
    json!({
        "id": it.id,
        "organisation": it.organisation,
        "name": it.name,
        "prefix": it.prefix,
        "role": it.role,
        "scopes": it.scopes,
        "created": date(it.created_at_ms),
        "expires": it.expires_at_ms.map(date),
        "last_used": it.last_used_ms.map(date),
        "revoked": it.revoked_at_ms.map(date),
    })
}
