//! The same rendition at a second edge, asked for right after the first.

use std::collections::VecDeque;
use std::sync::Arc;

use hls::read::{MediaPlaylist, MultivariantPlaylist, Playlist, Segment};
use url::Url;

use super::desk::Desk;
use super::fetch::Failure;
use crate::evidence::{Bodies, EdgesEvidence};
use crate::rule::Test;

/// A rendition at a second edge.
pub(super) struct OtherEdge {
    desk: Arc<Desk>,
    url: Url,
    rendition: String,
    /// The newest segment whose bytes were compared.
    compared: Option<u64>,
}

/// Segments of a playlist that does not change whose bytes are compared, spread over all of it.
const COMPARED_MAX: usize = 16;

impl OtherEdge {
    pub(super) const fn new(desk: Arc<Desk>, url: Url, rendition: String) -> Self {
        Self { desk, url, rendition, compared: None }
    }

    /// Compares what the first edge says, at `base`, with what this one says now.
    pub(super) async fn compare(&mut self, base: &Url, here: &MediaPlaylist) {
        let got = match self.desk.fetch(&self.url, None).await {
            Ok(got) => got,
            Err(failure) => return self.fail(&self.url, &failure),
        };
        let Playlist::Media(there) = self.desk.read(&got.bytes, &got.url).playlist else {
            let why = "what it has there is no media playlist".to_owned();
            return self.fail(&self.url, &Failure { status: None, why });
        };
        self.judge(here, &there, None);
        let mut pairs: VecDeque<_> = pairs(here, &there, self.compared).into();
        if here.has_ended {
            let step = pairs.len().div_ceil(COMPARED_MAX).max(1);
            pairs = pairs.into_iter().step_by(step).collect();
        } else {
            // Of a live stream the newest: what is older was compared when it was new.
            pairs.drain(..pairs.len().saturating_sub(1));
        }
        for (ours, theirs) in pairs {
            self.compared = Some(ours.sequence);
            let (Ok(url), Ok(other)) = (base.join(&ours.uri), got.url.join(&theirs.uri)) else {
                continue;
            };
            let one = self.desk.fetch(&url, ours.byte_range).await;
            let two = self.desk.fetch(&other, theirs.byte_range).await;
            if let Err(failure) = &two {
                self.fail(&other, failure);
            }
            if let (Ok(one), Ok(two)) = (one, two) {
                let (one, two) = (&one.bytes, &two.bytes);
                let bodies = Bodies { sequence: ours.sequence, here: one, there: two };
                self.judge(here, &there, Some(bodies));
            }
        }
    }

    fn judge(&self, here: &MediaPlaylist, there: &MediaPlaylist, bodies: Option<Bodies<'_>>) {
        let evidence = EdgesEvidence { here, there, bodies };
        let place = self.desk.place(&self.rendition, &self.url);
        self.desk.judge(&place, |test, faults| {
            if let Test::Edges(test) = test {
                test(&evidence, faults);
            }
        });
    }

    fn fail(&self, url: &Url, failure: &Failure) {
        let why = format!("the other edge does not have it: {}", failure.why);
        let failure = Failure { why, ..failure.clone() };
        self.desk.judge_failure("LIV-AVAIL", &self.rendition, url, &failure);
    }
}

/// Segments that both list and that were not compared before, oldest first.
fn pairs<'a>(
    here: &'a MediaPlaylist,
    there: &'a MediaPlaylist,
    compared: Option<u64>,
) -> Vec<(&'a Segment, &'a Segment)> {
    let is_new = |segment: &&Segment| {
        !segment.is_gap && compared.is_none_or(|compared| segment.sequence > compared)
    };
    let ours = here.segments.iter().filter(is_new);
    ours.filter_map(|ours| {
        let index = ours.sequence.checked_sub(there.segments.first()?.sequence)?;
        let theirs = there.segments.get(usize::try_from(index).ok()?)?;
        (theirs.sequence == ours.sequence && !theirs.is_gap).then_some((ours, theirs))
    })
    .collect()
}

/// Where each media playlist of the first edge is at the other: what has the same URI there, or
/// where the other edge names things in its own way, what is in the same place.
pub(super) async fn others(
    desk: &Desk,
    also: &Url,
    urls: &[(String, Url)],
    listed: impl Fn(&Url, &MultivariantPlaylist) -> Vec<(String, Url)>,
) -> Vec<Option<Url>> {
    let got = match desk.fetch(also, None).await {
        Ok(got) => got,
        Err(failure) => {
            let why = format!("the other edge does not have it: {}", failure.why);
            desk.judge_failure("MV-REACH", "", also, &Failure { why, ..failure });
            return vec![None; urls.len()];
        }
    };
    let Playlist::Multivariant(playlist) = desk.read(&got.bytes, &got.url).playlist else {
        let place = desk.place("", also);
        desk.fault("MV-REACH", &place, "the other edge has no multivariant playlist there");
        return vec![None; urls.len()];
    };
    let theirs = listed(&got.url, &playlist);
    let other = |(index, (uri, _)): (usize, &(String, Url))| {
        let same = theirs.iter().find(|(theirs, _)| theirs == uri);
        same.or_else(|| theirs.get(index)).map(|(_, url)| url.clone())
    };
    urls.iter().enumerate().map(other).collect()
}
