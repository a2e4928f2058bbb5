//! What operators do with recordings, through the admin port.
//!
//! | request | does |
//! |---|---|
//! | `GET /v1/recordings?stream=live/cam` | lists recordings and clips, of one stream or of all |
//! | `DELETE /v1/recordings/{id}` | deletes one |
//! | `DELETE /v1/streams/{app}/{name}?recordings=true` | deletes a stream and its recordings |
//! | `POST /v1/clips` | makes a clip: `{"stream": …, "start": …, "end": …, "name": …}` |
//! | `POST /v1/janitor?dry_run=true` | says what the janitor would delete now |

use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, StatusCode};
use jiff::Timestamp;
use runtime::{Asked, Control, Told, unix_ms};
use serde::{Deserialize, Serialize};
use timeline::{
    Moment, Query, Recording, RecordingId, RecordingKind, RenditionId, Resource, StreamName, View,
};

use crate::archive::{ArchiveError, ClipError, ClipRequest, Clipped, Recordings, Source};
use crate::janitor::{Freed, Janitor};

/// Answers operators.
#[derive(Clone, Debug)]
pub struct RecordingsControl {
    recordings: Arc<Recordings>,
}

/// What is asked for as a clip.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewClip {
    stream: Option<String>,
    recording: Option<String>,
    start: String,
    end: String,
    name: String,
}

/// A recording as operators see it.
#[derive(Debug, Serialize)]
struct Shown {
    id: RecordingId,
    kind: RecordingKind,
    start: String,
    end: String,
    length_ms: i64,
    first: u64,
    last: u64,
    created: String,
    renditions: Vec<RenditionId>,
    /// Where it is watched, below the viewers' address.
    playlist: String,
    export: String,
}

/// A clip that was made.
#[derive(Debug, Serialize)]
struct ShownClip {
    start: String,
    end: String,
    first_start: String,
    last_end: String,
    #[serde(flatten)]
    clipped: Clipped,
    playlist: String,
    export: String,
}

/// What the janitor would delete of a stream.
#[derive(Debug, Serialize)]
struct Planned {
    stream: String,
    #[serde(flatten)]
    freed: Freed,
}

impl RecordingsControl {
    /// For these recordings.
    #[must_use]
    pub const fn new(recordings: Arc<Recordings>) -> Self {
        Self { recordings }
    }

    async fn list(&self, query: &str) -> Result<Told, Told> {
        let streams = match value_of(query, "stream") {
            Some(name) => vec![stream(name)?],
            None => {
                let all = self.recordings.journal.streams().await;
                let all = all.map_err(|error| refuse_archive(&error.into()))?;
                all.into_iter().map(|(name, _)| name).collect()
            }
        };
        let mut shown = Vec::new();
        for name in streams {
            let records = self.recordings.all(&name).await;
            let records = records.map_err(|error| refuse_archive(&error))?;
            let there = records.iter().filter(|record| record.deleted_ms.is_none());
            shown.extend(there.map(Shown::of));
        }
        told(StatusCode::OK, &shown)
    }

    async fn delete(&self, id: &str) -> Result<Told, Told> {
        let id = recording(id)?;
        let deleted = self.recordings.delete(&id).await.map_err(|error| refuse_archive(&error))?;
        told(StatusCode::OK, &serde_json::json!({ "id": id, "deleted": deleted }))
    }

    async fn delete_stream(&self, name: &str, query: &str) -> Result<Told, Told> {
        let name = stream(name)?;
        let with_recordings = match value_of(query, "recordings") {
            Some("true") => true,
            Some("false") => false,
            Some(_) | None => {
                let sentence = "say recordings=true to delete recordings as well, or false";
                return Err(Told::refusal(StatusCode::BAD_REQUEST, sentence));
            }
        };
        let deleted = self.recordings.delete_stream(&name, with_recordings).await;
        deleted.map_err(|error| refuse_archive(&error))?;
        told(StatusCode::OK, &serde_json::json!({ "stream": name, "recordings": with_recordings }))
    }

    async fn clip(&self, body: &[u8]) -> Result<Told, Told> {
        let bad = |sentence: String| Told::refusal(StatusCode::BAD_REQUEST, &sentence);
        let new: NewClip = serde_json::from_slice(body).map_err(|error| bad(error.to_string()))?;
        let source = match (&new.stream, &new.recording) {
            (Some(name), None) => Source::Stream(stream(name)?),
            (None, Some(id)) => Source::Recording(recording(id)?),
            (Some(_), Some(_)) | (None, None) => {
                return Err(bad("name a stream or a recording, and not both".to_owned()));
            }
        };
        let (start, end) = edges(&new).map_err(bad)?;
        let request = ClipRequest { source, start, end, name: new.name };
        let clipped = self.recordings.clip(&request).await.map_err(|error| refuse_clip(&error))?;
        told(StatusCode::CREATED, &ShownClip::of(clipped))
    }

    async fn plan(&self, query: &str) -> Result<Told, Told> {
        if value_of(query, "dry_run") != Some("true") {
            let sentence = "the janitor runs by itself; with dry_run=true it says what it would do";
            return Err(Told::refusal(StatusCode::BAD_REQUEST, sentence));
        }
        let wanted = value_of(query, "stream").map(stream).transpose()?;
        let plan = Janitor::plan(&self.recordings, wanted.as_ref(), unix_ms()).await;
        let plan = plan.map_err(|error| refuse_archive(&error))?;
        let planned: Vec<_> = plan
            .into_iter()
            .map(|(name, freed)| Planned { stream: name.to_string(), freed })
            .collect();
        told(StatusCode::OK, &planned)
    }
}

#[async_trait]
impl Control for RecordingsControl {
    async fn answer(&self, asked: Asked) -> Told {
        let Asked { method, path, query, body } = asked;
        let answer = match (&method, path.as_str()) {
            (&Method::GET | &Method::HEAD, "/v1/recordings") => self.list(&query).await,
            (&Method::POST, "/v1/clips") => self.clip(&body).await,
            (&Method::POST, "/v1/janitor") => self.plan(&query).await,
            (&Method::DELETE, path) => {
                match (path.strip_prefix("/v1/recordings/"), path.strip_prefix("/v1/streams/")) {
                    (Some(id), _) => self.delete(id).await,
                    (None, Some(name)) => self.delete_stream(name, &query).await,
                    (None, None) => Err(nothing_there()),
                }
            }
            (_, "/v1/recordings" | "/v1/clips" | "/v1/janitor") => {
                let sentence = "this cannot be done here";
                Err(Told::refusal(StatusCode::METHOD_NOT_ALLOWED, sentence))
            }
            (_, _) => Err(nothing_there()),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }
}

impl Shown {
    fn of(record: &Recording) -> Self {
        Self {
            id: record.id.clone(),
            kind: record.kind,
            start: date(record.start_ms),
            end: date(record.end_ms),
            length_ms: record.end_ms.saturating_sub(record.start_ms),
            first: record.first,
            last: record.last,
            created: date(record.created_ms),
            renditions: record.renditions.iter().map(|it| it.record.rendition.clone()).collect(),
            playlist: Resource::Recording(record.id.clone(), None).to_string(),
            export: Resource::Export(record.id.clone()).to_string(),
        }
    }
}

impl ShownClip {
    fn of(clipped: Clipped) -> Self {
        Self {
            start: date(clipped.start_ms),
            end: date(clipped.end_ms),
            first_start: date(clipped.first_start_ms),
            last_end: date(clipped.last_end_ms),
            playlist: Resource::Recording(clipped.id.clone(), None).to_string(),
            export: Resource::Export(clipped.id.clone()).to_string(),
            clipped,
        }
    }
}

/// When a clip begins and ends, written as in a viewer's query.
fn edges(new: &NewClip) -> Result<(Moment, Moment), String> {
    let escape = |text: &str| text.replace('%', "%25").replace('+', "%2B").replace('&', "%26");
    let query = format!("start={}&end={}", escape(&new.start), escape(&new.end));
    match Query::parse(&query).map_err(|error| error.to_string())?.view {
        View::From { start, end: Some(end) } => Ok((start, end)),
        View::From { .. } | View::Live | View::Last(_) => {
            Err("a clip has a start and an end".to_owned())
        }
    }
}

fn stream(name: &str) -> Result<StreamName, Told> {
    StreamName::parse(name)
        .map_err(|error| Told::refusal(StatusCode::BAD_REQUEST, &format!("{name:?}: {error}")))
}

fn recording(id: &str) -> Result<RecordingId, Told> {
    RecordingId::parse(id)
        .map_err(|error| Told::refusal(StatusCode::BAD_REQUEST, &format!("{id:?}: {error}")))
}

/// A directive's value; names need no escapes, but for the slash, which some clients write so.
fn value_of<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn told(status: StatusCode, value: &impl Serialize) -> Result<Told, Told> {
    let failed = |_| Told::refusal(StatusCode::INTERNAL_SERVER_ERROR, "the answer has no form");
    Ok(Told { status, json: serde_json::to_string(value).map_err(failed)? })
}

fn date(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |date| format!("{date:.3}"))
}

fn nothing_there() -> Told {
    let sentence = "there are /v1/recordings, /v1/streams, /v1/clips and /v1/janitor";
    Told::refusal(StatusCode::NOT_FOUND, sentence)
}

fn refuse_archive(error: &ArchiveError) -> Told {
    let status = match error {
        ArchiveError::Unknown(_) => StatusCode::NOT_FOUND,
        ArchiveError::Taken(_) | ArchiveError::TooLate(_) => StatusCode::CONFLICT,
        ArchiveError::Name(_) => StatusCode::BAD_REQUEST,
        ArchiveError::Journal(_)
        | ArchiveError::Append(_)
        | ArchiveError::Store(_)
        | ArchiveError::Page(_)
        | ArchiveError::Record { .. } => StatusCode::SERVICE_UNAVAILABLE,
    };
    Told::refusal(status, &error.to_string())
}

fn refuse_clip(error: &ClipError) -> Told {
    let status = match error {
        ClipError::Archive(error) => return refuse_archive(error),
        ClipError::NoStream(_) | ClipError::NothingThen(_) => StatusCode::NOT_FOUND,
        ClipError::Deleted(_) => StatusCode::GONE,
        ClipError::EndBeforeStart | ClipError::Reserved => StatusCode::BAD_REQUEST,
    };
    Told::refusal(status, &error.to_string())
}
