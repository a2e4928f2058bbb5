//! Parts, as they come.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hls::read::{ByteRange, Hint, HintKind, MediaPlaylist, Part, Segment};
use tokio::task::JoinSet;
use tokio::time::timeout;
use url::Url;

use super::{ask, wait_max};
use crate::evidence::{
    Edge, HintEvidence, InitEvidence, LowLatencyEvidence, LowLatencyWatch, ParentEvidence,
    PartEvidence, PartKey, Sameness, listed_parts,
};
use crate::exam::desk::Desk;

/// Fetches each part once it is listed, or once it is hinted; and each segment whose parts came.
pub(super) struct Parts {
    desk: Arc<Desk>,
    hinted: Option<Hinted>,
    /// How many hinted parts came.
    hints: u64,
    /// What was read last, and how it is named.
    init: Option<(Url, Option<ByteRange>, InitEvidence)>,
}

/// A part that was asked for when it was hinted.
struct Hinted {
    uri: String,
    range: Option<ByteRange>,
    answer: JoinSet<Fetched>,
}

/// A status and bytes, or why there are none.
type Fetched = Result<(u16, Bytes), String>;

type Found = Vec<(Url, LowLatencyEvidence)>;

/// A part is some hundred kilobytes, and is sent at once.
const PART_WITHIN: Duration = Duration::from_secs(20);

/// How long the answer to who asked early may come after the part was listed: both are sent at
/// once, over two connections.
const HINTED_WITHIN: Duration = Duration::from_secs(5);

/// Of one version, at most so many are fetched: a player catches up by skipping.
const PARTS_MAX: usize = 64;

/// Of hinted parts, the first two are fetched again once they are listed, and then one of so many.
const COMPARE_EVERY: u64 = 16;

impl Parts {
    pub(super) const fn new(desk: Arc<Desk>) -> Self {
        Self { desk, hinted: None, hints: 0, init: None }
    }

    /// Fetches what is new in a playlist; `before` is how far the one before it went. Begins to
    /// wait for what it hints.
    pub(super) async fn take(
        &mut self,
        base: &Url,
        playlist: &MediaPlaylist,
        before: Option<Edge>,
        watch: &mut LowLatencyWatch,
    ) -> Found {
        let mut found = Vec::new();
        let making = Edge::of(playlist).sequence;
        // At the start, what is begun with is the segment that was finished last.
        let start = Edge { sequence: making.saturating_sub(1), parts: 0 };
        let first = PartKey::next(before.unwrap_or(start));
        let new: Vec<_> = listed_parts(playlist)
            .filter(|(key, part)| *key >= first && !part.is_gap)
            .take(PARTS_MAX)
            .collect();
        for (key, part) in new {
            let Ok(url) = base.join(&part.uri) else { continue };
            if let Some(bytes) = self.part(&url, key, part, &mut found).await {
                watch.body(key, bytes);
            }
        }
        self.hint(base, playlist);
        while let Some(segment) = watch.due(playlist) {
            let parts = watch.bodies(&segment);
            self.compare(base, &segment, &parts, &mut found).await;
        }
        found
    }

    /// Compares a segment with its parts.
    async fn compare(&mut self, base: &Url, segment: &Segment, parts: &[Bytes], found: &mut Found) {
        let Ok(url) = base.join(&segment.uri) else { return };
        self.read_init(base, segment).await;
        let fetched = ask::bytes(&self.desk, url.clone(), segment.byte_range, PART_WITHIN).await;
        // One that cannot be fetched is found by who fetches segments.
        let Ok((200 | 206, whole)) = fetched else { return };
        let init = self.init.as_ref().map(|(_, _, init)| init);
        let init = init.filter(|_| segment.map.is_some()).cloned();
        let mut parent = ParentEvidence::of(segment, parts, &whole, init.as_ref());
        if let Sameness::Differs(_) = parent.sameness {
            // Most came to who asked before they were listed: it may be that they came otherwise.
            let again = self.again(base, segment, parts, found).await;
            parent = ParentEvidence::of(segment, &again, &whole, init.as_ref());
        }
        found.push((url, LowLatencyEvidence::Parent(parent)));
    }

    /// Fetches the parts of a segment once more, now that all are listed.
    async fn again(
        &self,
        base: &Url,
        segment: &Segment,
        parts: &[Bytes],
        found: &mut Found,
    ) -> Vec<Bytes> {
        let mut again = Vec::new();
        for ((index, listed), early) in (0_u64..).zip(&segment.parts).zip(parts) {
            let Ok(url) = base.join(&listed.uri) else { continue };
            let fetched = ask::bytes(&self.desk, url.clone(), listed.byte_range, PART_WITHIN);
            let bytes = match fetched.await {
                Ok((200 | 206, bytes)) => bytes,
                Ok(_) | Err(_) => early.clone(),
            };
            if bytes != *early {
                let part = PartKey { sequence: segment.sequence, index };
                let differs = Some((early.len(), bytes.len()));
                let hint = HintEvidence { part, outcome: Ok(200), differs };
                found.push((url, LowLatencyEvidence::Hint(hint)));
            }
            again.push(bytes);
        }
        again
    }

    /// The bytes of a listed part.
    async fn part(
        &mut self,
        url: &Url,
        key: PartKey,
        part: &Part,
        found: &mut Found,
    ) -> Option<Bytes> {
        let mut early = None;
        if let Some(answer) = self.hinted(part).await {
            self.hints += 1;
            let is_compared = self.hints <= 2 || self.hints.is_multiple_of(COMPARE_EVERY);
            match answer {
                Ok((status @ (200 | 206), bytes)) if !is_compared => {
                    let hint = HintEvidence { part: key, outcome: Ok(status), differs: None };
                    found.push((url.clone(), LowLatencyEvidence::Hint(hint)));
                    return Some(bytes);
                }
                answer => early = Some(answer),
            }
        }
        let listed = ask::bytes(&self.desk, url.clone(), part.byte_range, PART_WITHIN).await;
        let outcome = listed.as_ref().map(|(status, _)| *status).map_err(Clone::clone);
        let evidence = LowLatencyEvidence::Part(PartEvidence { part: key, outcome });
        found.push((url.clone(), evidence));
        let bytes = listed.ok().filter(|(status, _)| matches!(status, 200 | 206));
        let bytes = bytes.map(|(_, bytes)| bytes);
        if let Some(early) = early {
            let differs = match (&early, &bytes) {
                (Ok((200 | 206, early)), Some(listed)) if early != listed => {
                    Some((early.len(), listed.len()))
                }
                (Ok(_) | Err(_), Some(_) | None) => None,
            };
            let outcome = early.map(|(status, _)| status);
            let hint = HintEvidence { part: key, outcome, differs };
            found.push((url.clone(), LowLatencyEvidence::Hint(hint)));
        }
        bytes
    }

    /// What came of the request for a part that was only hinted, if it was made.
    async fn hinted(&mut self, part: &Part) -> Option<Fetched> {
        let mut hinted = self
            .hinted
            .take_if(|hinted| hinted.uri == part.uri && hinted.range == part.byte_range)?;
        match timeout(HINTED_WITHIN, hinted.answer.join_next()).await {
            Ok(Some(Ok(answer))) => Some(answer),
            // Nobody aborts it.
            Ok(Some(Err(_)) | None) => None,
            Err(_) => {
                Some(Err(format!("no answer {} s after it was listed", HINTED_WITHIN.as_secs())))
            }
        }
    }

    /// Asks for the part that is hinted.
    fn hint(&mut self, base: &Url, playlist: &MediaPlaylist) {
        let hint = playlist.hints.iter().find(|hint| hint.kind == HintKind::Part);
        let Some(hint) = hint.filter(|_| !playlist.has_ended) else { return };
        let Some(range) = asked_range(playlist, hint) else { return };
        let is_asked = |hinted: &Hinted| hinted.uri == hint.uri && hinted.range == range;
        if self.hinted.as_ref().is_some_and(is_asked) {
            return;
        }
        let Ok(url) = base.join(&hint.uri) else { return };
        let (desk, within) = (Arc::clone(&self.desk), wait_max(playlist));
        let mut answer = JoinSet::new();
        answer.spawn(async move { ask::bytes(&desk, url, range, within).await });
        self.hinted = Some(Hinted { uri: hint.uri.clone(), range, answer });
    }

    /// Sees to it that the initialization section of a segment is there, if it has one.
    async fn read_init(&mut self, base: &Url, segment: &Segment) {
        let Some(map) = &segment.map else { return };
        let Ok(url) = base.join(&map.uri) else { return };
        let is_read = |(known, range, _): &(Url, Option<ByteRange>, InitEvidence)| {
            *known == url && *range == map.byte_range
        };
        if self.init.as_ref().is_some_and(is_read) {
            return;
        }
        let fetched = ask::bytes(&self.desk, url.clone(), map.byte_range, PART_WITHIN).await;
        self.init = match fetched {
            Ok((200 | 206, bytes)) => Some((url, map.byte_range, InitEvidence::read(bytes))),
            Ok(_) | Err(_) => None,
        };
    }
}

/// Which bytes of a hinted resource are asked for; `None` if how many they are is not said. Such
/// an answer goes on to the end of the segment, part by part.
fn asked_range(playlist: &MediaPlaylist, hint: &Hint) -> Option<Option<ByteRange>> {
    let has_ranges = listed_parts(playlist).any(|(_, part)| part.byte_range.is_some());
    match hint.length {
        Some(length) => Some(Some(ByteRange { length, start: hint.start })),
        None if hint.start == 0 && !has_ranges => Some(None),
        None => None,
    }
}
