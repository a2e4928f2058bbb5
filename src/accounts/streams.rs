//! `weir stream …`

use accounts::{Access, OrganisationId, StreamObject, StreamPolicy};
use anyhow::{Context, bail};
use auth_service::{NewStream, NewStreamKey, Recordings, StreamChange};
use database::Page;
use runtime::Secret;
use serde_json::{Map, Value, json};

use super::{ACTOR, Desk, Table, date};
use crate::cli::{Changes, Kept, Name, Of, Stream, net};
use crate::first::good_key;

pub(super) async fn run(command: Stream) -> anyhow::Result<()> {
    match command {
        Stream::Create { name, changes, of } => create(&name, &changes, &of).await,
        Stream::Key(name) => key(&name).await,
        Stream::List { deleted, of } => list(&of, deleted).await,
        Stream::Show(name) => show(&name).await,
        Stream::Set { name, changes, kept } => set(&name, &changes, &kept).await,
        Stream::Delete { name, recordings, kept } => delete(&name, &recordings, &kept).await,
    }
}

async fn create(name: &str, changes: &Changes, of: &Of) -> anyhow::Result<()> {
    let desk = Desk::open(&of.kept).await?;
    let named = desk.stream(name)?;
    let organisation = desk.organisation(of.org.as_deref()).await?;
    let mut new = NewStream::named(named.clone(), organisation);
    let template = changes.template.as_deref().filter(|template| *template != "none");
    let mut policy = first_policy(&desk, &new.organisation, template).await?;
    change_policy(&mut policy, changes)?;
    new.policy = Some(policy);
    new.owner = match changes.owner.as_deref() {
        None | Some("none") => None,
        Some(owner) => Some(desk.user(owner).await?.id),
    };
    new.title = changes.title.clone().unwrap_or_default();
    new.template = template.map(str::to_owned);
    change_options(&mut new.options, &changes.option)?;
    new.password = password(changes)?;
    let made = desk.service.create_stream(ACTOR, new).await;
    let made = made.with_context(|| format!("make the stream {named}"))?;
    let (_, key) = desk.service.create_stream_key(ACTOR, NewStreamKey::of(named)).await?;
    let mut json = described(&made);
    if let Some(json) = json.as_object_mut() {
        json.insert("key".to_owned(), key.reveal().into());
    }
    desk.show(&json, || format!("Stream      {}\nStream key  {}\n", made.name, key.reveal()))
}

/// What a new stream's policy begins as: its template's or, without one, the configuration's.
async fn first_policy(
    desk: &Desk,
    organisation: &OrganisationId,
    template: Option<&str>,
) -> anyhow::Result<StreamPolicy> {
    let Some(template) = template else {
        return Ok(StreamPolicy { access: desk.config.auth.access, ..StreamPolicy::default() });
    };
    let all = desk.service.templates(ACTOR, organisation).await?;
    let found = all.into_iter().find(|it| it.name == template);
    let found = found.with_context(|| format!("there is no template {template}"))?;
    Ok(found.policy)
}

async fn key(name: &Name) -> anyhow::Result<()> {
    let desk = Desk::open(&name.kept).await?;
    let stream = desk.stream(&name.name)?;
    let Name { name, .. } = name;
    let nothing =
        || format!("there is no stream {stream}; make it with: weir stream create {name}");
    desk.service.stream(ACTOR, &stream).await.with_context(nothing)?;
    let key = good_key(&desk.service, &stream).await?;
    let none = || format!("{stream} has no key that is good; make one: weir key create {name}");
    let key = key.with_context(none)?;
    desk.show(&json!({ "stream": stream, "key": key.reveal() }), || format!("{}\n", key.reveal()))
}

async fn list(of: &Of, deleted: bool) -> anyhow::Result<()> {
    let desk = Desk::open(&of.kept).await?;
    let organisations = match of.org.as_deref() {
        Some(named) => vec![desk.organisation(Some(named)).await?],
        None => desk.service.organisations(ACTOR).await?.into_iter().map(|it| it.id).collect(),
    };
    let mut table = Table::new(&["stream", "access", "template", "title"]);
    let mut json = Vec::new();
    for organisation in organisations {
        for stream in desk.service.streams(ACTOR, &organisation, deleted, &Page::ALL).await? {
            json.push(described(&stream));
            table.row([
                stream.name.to_string(),
                stream.policy.access.name().to_owned(),
                stream.template.unwrap_or_default(),
                stream.title,
            ]);
        }
    }
    desk.list(&json, &table)
}

async fn show(name: &Name) -> anyhow::Result<()> {
    let desk = Desk::open(&name.kept).await?;
    let stream = found(&desk, &name.name).await?;
    let json = described(&stream);
    desk.show(&json, || serde_json::to_string_pretty(&json).unwrap_or_default() + "\n")
}

async fn set(name: &str, changes: &Changes, kept: &Kept) -> anyhow::Result<()> {
    let desk = Desk::open(kept).await?;
    let stream = found(&desk, name).await?;
    let mut policy = stream.policy.clone();
    change_policy(&mut policy, changes)?;
    let mut options = stream.options.clone();
    change_options(&mut options, &changes.option)?;
    let change = StreamChange {
        version: Some(stream.version),
        owner: match changes.owner.as_deref() {
            None => None,
            Some("none") => Some(None),
            Some(owner) => Some(Some(desk.user(owner).await?.id)),
        },
        title: changes.title.clone(),
        template: changes.template.as_deref().map(|it| (it != "none").then(|| it.to_owned())),
        options: Some(options),
        policy: Some(policy),
        password: password(changes)?.map(Some),
    };
    let changed = desk.service.change_stream(ACTOR, &stream.name, change).await?;
    desk.show(&described(&changed), || format!("{} changed\n", changed.name))
}

async fn delete(name: &str, recordings: &str, kept: &Kept) -> anyhow::Result<()> {
    let recordings = match recordings {
        "keep" => Recordings::Keep,
        "delete" => Recordings::Delete,
        other => bail!("--recordings {other}: write keep or delete"),
    };
    let desk = Desk::open(kept).await?;
    let stream = found(&desk, name).await?;
    desk.service.delete_stream(ACTOR, &stream.name, recordings).await?;
    desk.show(&json!({ "stream": stream.name, "deleted": true }), || {
        format!("{} deleted\n", stream.name)
    })
}

async fn found(desk: &Desk, name: &str) -> anyhow::Result<StreamObject> {
    let stream = desk.stream(name)?;
    let nothing = || format!("there is no stream {stream}; see `weir stream list`");
    desk.service.stream(ACTOR, &stream).await.with_context(nothing)
}

fn described(stream: &StreamObject) -> Value {
    json!({
        "name": stream.name,
        "organisation": stream.organisation,
        "owner": stream.owner,
        "title": stream.title,
        "template": stream.template,
        "options": stream.options,
        "policy": stream.policy,
        "has_password": stream.password.is_some(),
        "deleted": stream.retired_at_ms.map(date),
        "created": date(stream.created_at_ms),
        "version": stream.version,
    })
}

fn password(changes: &Changes) -> anyhow::Result<Option<Secret>> {
    if !changes.password_stdin {
        return Ok(None);
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("read the password from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("there is no password on standard input");
    }
    Ok(Some(Secret::new(password)))
}

pub(super) fn change_policy(policy: &mut StreamPolicy, changes: &Changes) -> anyhow::Result<()> {
    if let Some(access) = &changes.access {
        policy.access = self::access(access)?;
    }
    let rules = &mut policy.viewers;
    if !changes.viewer_address.is_empty() {
        let nets = changes.viewer_address.iter().filter(|it| *it != "any").map(|it| net(it));
        rules.addresses = nets.collect::<Result<_, _>>()?;
    }
    if !changes.country.is_empty() {
        rules.countries.allow =
            changes.country.iter().filter(|it| *it != "any").map(|it| it.to_uppercase()).collect();
    }
    if !changes.referer.is_empty() {
        rules.referers = changes.referer.iter().filter(|it| *it != "any").cloned().collect();
    }
    policy.verified_publishers = changes.verified_publishers.unwrap_or(policy.verified_publishers);
    policy.ask_publish = changes.ask_publish.unwrap_or(policy.ask_publish);
    policy.ask_play = changes.ask_play.unwrap_or(policy.ask_play);
    Ok(())
}

pub(super) fn access(name: &str) -> anyhow::Result<Access> {
    Access::parse(name).with_context(|| {
        format!("--access {name}: write public, unlisted, token, password or private")
    })
}

/// `KEY=VALUE` as in the configuration; `KEY=` takes the option back.
pub(super) fn change_options(
    options: &mut Map<String, Value>,
    changes: &[String],
) -> anyhow::Result<()> {
    for change in changes {
        let (key, value) = change
            .split_once('=')
            .with_context(|| format!("--option {change}: write KEY=VALUE, as record=true"))?;
        if value.is_empty() {
            options.remove(key);
        } else {
            let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            options.insert(key.to_owned(), value);
        }
    }
    Ok(())
}
