//! Requests of a low-latency player (draft-pantos-hls-rfc8216bis, 6.2.5 and 6.3.8).

use std::time::Duration;

use bytes::Bytes;
use hls::read::{ByteRange, MediaPlaylist, Playlist};
use http::header::RANGE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use url::Url;

use crate::evidence::{Answer, Edge};
use crate::exam::desk::Desk;
use crate::exam::fetch::unpacked;
use crate::transport::{Reply, Request, TransportError};

/// An answer to a request for a playlist.
pub(super) struct Asked {
    /// What it is.
    pub(super) answer: Answer,
    /// The playlist, if it is one.
    pub(super) playlist: Option<MediaPlaylist>,
    /// How it came, if it did.
    pub(super) reply: Option<Reply>,
    /// From the request to the end of the answer.
    pub(super) took: Duration,
}

impl Asked {
    /// The status, or why there is none.
    pub(super) fn outcome(&self) -> Result<u16, String> {
        match (&self.reply, &self.answer) {
            (Some(reply), _) => Ok(reply.status.as_u16()),
            (None, Answer::None(error)) => Err(error.clone()),
            (None, Answer::Status(_) | Answer::Playlist { .. }) => Err("no answer".to_owned()),
        }
    }
}

/// Directives that ask for everything up to before an edge: for its last part, or for the whole
/// segment before it if it has none.
pub(super) fn up_to(edge: Edge) -> Vec<(&'static str, String)> {
    match edge.parts.checked_sub(1) {
        Some(part) => next_part(Edge { sequence: edge.sequence, parts: part }),
        None => vec![(MSN, edge.sequence.saturating_sub(1).to_string())],
    }
}

/// Directives that ask for the part behind an edge.
pub(super) fn next_part(edge: Edge) -> Vec<(&'static str, String)> {
    vec![(MSN, edge.sequence.to_string()), (PART, edge.parts.to_string())]
}

/// The media sequence number that an answer must have.
pub(super) const MSN: &str = "_HLS_msn";
/// The index of the part that an answer must have.
pub(super) const PART: &str = "_HLS_part";
/// Whether a delta update will do.
pub(super) const SKIP: &str = "_HLS_skip";

/// A playlist's URL with directives. Parameters are in the order of their names, so that caches
/// see one URL (6.2.5); what was there before stays as it is written.
pub(super) fn directed(url: &Url, directives: &[(&str, String)]) -> Url {
    let before = url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<String> = before.map(str::to_owned).collect();
    pairs.extend(directives.iter().map(|(name, value)| format!("{name}={value}")));
    pairs.sort_by(|one, other| name(one).cmp(name(other)));
    let mut url = url.clone();
    url.set_query((!pairs.is_empty()).then(|| pairs.join("&")).as_deref());
    url
}

fn name(pair: &str) -> &str {
    pair.split('=').next().unwrap_or_default()
}

/// Asks for a media playlist.
pub(super) async fn playlist(
    desk: &Desk,
    url: &Url,
    directives: &[(&str, String)],
    within: Duration,
) -> Asked {
    let request = get(directed(url, directives), None, within);
    let asked = desk.at();
    let reply = desk.transport().send(&request).await;
    let took = desk.at().saturating_sub(asked);
    match reply {
        Ok(reply) => {
            let status = reply.status.as_u16();
            let playlist = match unpacked(&reply).map(|text| desk.read(&text, &reply.url).playlist)
            {
                Ok(Playlist::Media(playlist)) if reply.status == StatusCode::OK => Some(playlist),
                Ok(Playlist::Media(_) | Playlist::Multivariant(_) | Playlist::None) | Err(_) => {
                    None
                }
            };
            let answer = playlist.as_ref().map_or(Answer::Status(status), |playlist| {
                Answer::Playlist { edge: Edge::of(playlist), has_ended: playlist.has_ended }
            });
            Asked { answer, playlist, reply: Some(reply), took }
        }
        Err(error) => {
            Asked { answer: Answer::None(said(&error)), playlist: None, reply: None, took }
        }
    }
}

/// Asks for a part, a segment or an initialization section: the status and the bytes, or why there
/// are none.
pub(super) async fn bytes(
    desk: &Desk,
    url: Url,
    range: Option<ByteRange>,
    within: Duration,
) -> Result<(u16, Bytes), String> {
    let request = get(url, range, within);
    let reply = desk.transport().send(&request).await.map_err(|error| said(&error))?;
    let status = reply.status.as_u16();
    let bytes = unpacked(&reply)?;
    // A server without ranges sends all of it.
    let Some(range) = range.filter(|_| status == 200) else { return Ok((status, bytes)) };
    let start = usize::try_from(range.start).unwrap_or(usize::MAX);
    let end = start.saturating_add(usize::try_from(range.length).unwrap_or(usize::MAX));
    match bytes.get(start..end) {
        Some(part) => Ok((status, bytes.slice_ref(part))),
        None => Err(format!("bytes {start} to {end} are listed, and there are {}", bytes.len())),
    }
}

fn get(url: Url, range: Option<ByteRange>, within: Duration) -> Request {
    let mut headers = HeaderMap::new();
    if let Some(ByteRange { length, start }) = range {
        let end = start.saturating_add(length).saturating_sub(1);
        let value = HeaderValue::try_from(format!("bytes={start}-{end}"));
        headers.extend(value.ok().map(|value| (RANGE, value)));
    }
    Request { method: Method::GET, url, headers, within }
}

fn said(error: &TransportError) -> String {
    error.to_string()
}
