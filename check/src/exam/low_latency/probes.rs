//! Requests that are made now and then, beside those of a player.

use std::sync::Arc;
use std::time::Duration;

use hls::read::MediaPlaylist;
use tokio::task::JoinSet;
use url::Url;

use super::{PART_TARGET, ask, blocking, wait_max};
use crate::evidence::{Answer, DeltaEvidence, Edge, LowLatencyEvidence, ReportEvidence, RuleProbe};
use crate::exam::desk::Desk;

/// Makes requests beside those of a player, and gathers what comes of them.
pub(super) struct Probes {
    desk: Arc<Desk>,
    url: Url,
    versions: u64,
    waiting: JoinSet<Vec<LowLatencyEvidence>>,
}

/// Every request is made again after so many versions: at two parts a second that is two times a
/// minute.
const ROUND: u64 = 60;

/// A segment may be finished while a request is under way, and some count from the one that is
/// being made: this is too far ahead for all of them.
const TOO_FAR: u64 = 4;

/// At once, over a slow line; and when to stop waiting for it.
const REFUSED_WITHIN: Duration = Duration::from_secs(2);
const REFUSED_AT_LAST: Duration = Duration::from_secs(4);

/// Renditions that are asked whether a report about them is true.
const REPORTS_MAX: usize = 4;

impl Probes {
    pub(super) fn new(desk: Arc<Desk>, url: Url) -> Self {
        Self { desk, url, versions: 0, waiting: JoinSet::new() }
    }

    /// Begins what is due when a player has this version of the playlist.
    pub(super) fn begin(&mut self, base: &Url, playlist: &MediaPlaylist) {
        let (desk, url, base) = (Arc::clone(&self.desk), self.url.clone(), base.clone());
        let playlist = playlist.clone();
        match self.versions % ROUND {
            0 => {
                self.waiting.spawn(refusals(desk, url, Edge::of(&playlist)));
            }
            1 => {
                self.waiting.spawn(async move { whole_segment(&desk, &url, &playlist).await });
            }
            2 => {
                self.waiting.spawn(async move { reports(&desk, &url, &base, &playlist).await });
            }
            3 => {
                self.waiting.spawn(async move { delta(&desk, &url, &playlist).await });
            }
            _ => {}
        }
        self.versions += 1;
    }

    /// What came since the last time.
    pub(super) fn ended(&mut self) -> Vec<LowLatencyEvidence> {
        let mut found = Vec::new();
        // Nobody aborts them; one that panics has been reported where it did.
        while let Some(ended) = self.waiting.try_join_next() {
            found.extend(ended.unwrap_or_default());
        }
        found
    }
}

/// Requests that must be refused.
async fn refusals(desk: Arc<Desk>, url: Url, edge: Edge) -> Vec<LowLatencyEvidence> {
    let too_far = vec![(ask::MSN, edge.sequence.saturating_add(TOO_FAR).to_string())];
    let part_alone = vec![(ask::PART, "0".to_owned())];
    let mut found = Vec::new();
    for (rule, directives) in [("LL-FUT", too_far), ("LL-NOMSN", part_alone)] {
        let asked = ask::playlist(&desk, &url, &directives, REFUSED_AT_LAST).await;
        // What has ended waits for nothing, and ignores such directives.
        if matches!(asked.answer, Answer::Playlist { has_ended: true, .. }) {
            continue;
        }
        let words = directives.iter().map(|(name, value)| format!("{name}={value}"));
        found.push(LowLatencyEvidence::Probe(RuleProbe {
            rule,
            query: words.collect::<Vec<_>>().join("&"),
            outcome: asked.outcome(),
            took: asked.took,
            within: REFUSED_WITHIN,
        }));
    }
    found
}

/// The segment that is being made, as a whole.
async fn whole_segment(
    desk: &Desk,
    url: &Url,
    playlist: &MediaPlaylist,
) -> Vec<LowLatencyEvidence> {
    let asked = Edge { sequence: Edge::of(playlist).sequence, parts: 0 };
    let directives = vec![(ask::MSN, asked.sequence.to_string())];
    let reload = ask::playlist(desk, url, &directives, wait_max(playlist)).await;
    vec![LowLatencyEvidence::WholeSegment(blocking(playlist, asked, &reload, url))]
}

/// Whether what the next version reports about other renditions is true.
async fn reports(
    desk: &Desk,
    url: &Url,
    base: &Url,
    playlist: &MediaPlaylist,
) -> Vec<LowLatencyEvidence> {
    let mut before = Vec::new();
    for report in playlist.reports.iter().take(REPORTS_MAX) {
        let Ok(other) = base.join(&report.uri) else { continue };
        let asked = ask::playlist(desk, &other, &[], wait_max(playlist)).await;
        // Only one that can be asked for a part tells whether it has it.
        let can_block = |other: &MediaPlaylist| {
            other.part_target.is_some()
                && other.server_control.is_some_and(|control| control.can_block_reload)
        };
        if let Some(known) = asked.playlist.filter(can_block) {
            before.push((report.uri.clone(), other, Edge::of(&known)));
        }
    }
    let within = wait_max(playlist);
    let next = ask::next_part(Edge::of(playlist));
    let Some(newer) = ask::playlist(desk, url, &next, within).await.playlist else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (uri, other, before) in before {
        let Some(report) = newer.reports.iter().find(|report| report.uri == uri) else { continue };
        let says = Edge::reported(report, Edge::of(&newer));
        let asked = ask::playlist(desk, &other, &ask::up_to(says), within).await;
        found.push(LowLatencyEvidence::Report(ReportEvidence {
            uri,
            says,
            before: Some(before),
            answer: asked.answer,
            took: asked.took,
            part_target: playlist.part_target.unwrap_or(PART_TARGET),
        }));
    }
    found
}

/// The next version, whole and as an update.
async fn delta(desk: &Desk, url: &Url, playlist: &MediaPlaylist) -> Vec<LowLatencyEvidence> {
    let within = wait_max(playlist);
    let next = ask::next_part(Edge::of(playlist));
    let mut skipping = next.clone();
    skipping.push((ask::SKIP, "YES".to_owned()));
    let (whole, delta) = tokio::join!(
        ask::playlist(desk, url, &next, within),
        ask::playlist(desk, url, &skipping, within)
    );
    let Some(whole) = whole.playlist else { return Vec::new() };
    let evidence = match (&delta.playlist, delta.outcome()) {
        (Some(delta), _) => DeltaEvidence::of(playlist, delta, &whole),
        (None, Ok(200)) => {
            DeltaEvidence { faults: vec!["the update is no media playlist".to_owned()] }
        }
        (None, Ok(status)) => {
            DeltaEvidence { faults: vec![format!("_HLS_skip=YES is answered with {status}")] }
        }
        (None, Err(error)) => DeltaEvidence { faults: vec![format!("_HLS_skip=YES: {error}")] },
    };
    vec![LowLatencyEvidence::Delta(evidence)]
}
