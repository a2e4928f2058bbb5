//! Every segment of a rendition, fetched, taken apart, and held against the one before it.

use std::sync::Arc;

use bytes::Bytes;
use hls::read::{Map, MediaPlaylist, Segment};
use tokio::sync::mpsc;
use url::Url;

use super::decode::decode;
use super::desk::Desk;
use super::fetch::{Failure, Known};
use crate::evidence::ts::SECOND_EVERY;
use crate::evidence::{BorderEvidence, Course, InitEvidence, SegmentEvidence, SegmentMedia};
use crate::rule::Test;
use crate::transport::Purpose;

/// Examines the segments of one rendition, in their order.
pub(super) struct Examiner {
    desk: Arc<Desk>,
    rendition: String,
    before: Option<SegmentEvidence>,
    /// What was read last, and how it is named; `None` inside if it cannot be had.
    init: Option<(Arc<Map>, Option<Arc<InitEvidence>>)>,
    pub(super) seen: Seen,
}

/// What was seen of a rendition.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// All of its segments together.
    pub(super) course: Course,
    /// How many.
    segments: u64,
}

/// Segments to examine: a version of the playlist, and which of them.
pub(super) struct Order {
    pub(super) url: Url,
    pub(super) playlist: Arc<MediaPlaylist>,
    pub(super) from: usize,
}

impl Examiner {
    pub(super) fn new(desk: Arc<Desk>, rendition: String) -> Self {
        Self { desk, rendition, before: None, init: None, seen: Seen::default() }
    }

    /// Examines what comes, until nothing more does.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) -> Seen {
        while let Some(order) = orders.recv().await {
            let Order { url, playlist, from } = order;
            for listed in playlist.segments.iter().skip(from) {
                if self.desk.is_stopped() {
                    return self.seen;
                }
                self.examine(&url, &playlist, listed).await;
                self.desk.progress(|state| {
                    state.segments += 1;
                    state.segments_left = state.segments_left.saturating_sub(1);
                    state.played += listed.duration;
                });
            }
        }
        self.seen
    }

    async fn examine(&mut self, base: &Url, playlist: &MediaPlaylist, listed: &Segment) {
        if listed.is_gap {
            self.before = None;
            return;
        }
        let Ok(url) = base.join(&listed.uri) else {
            let place = self.desk.place(&self.rendition, base);
            self.desk.fault("PL-SYNTAX", &place, format!("{:?} is no URI", listed.uri));
            self.before = None;
            return;
        };
        let init = self.init_of(base, playlist, listed).await;
        let place = self.desk.place(&self.rendition, &url);
        let got = match self.desk.fetch(&url, listed.byte_range).await {
            Ok(got) => got,
            Err(failure) => {
                let why = format!("segment {}: {}", listed.sequence, failure.why);
                let failure = Failure { why, ..failure };
                self.desk.judge_failure("LIV-AVAIL", &self.rendition, &url, &failure);
                self.before = None;
                return;
            }
        };
        let known = Known {
            purpose: Purpose::Segment,
            target_duration: playlist.target_duration,
            plays: Some(listed.duration),
            is_live: !playlist.has_ended,
        };
        self.desk.judge_exchange(&got, known, &self.rendition);
        self.desk.begin();
        if let Some(decoder) = &self.desk.options.decoder {
            let read_first = init.as_ref().map_or(&[][..], |init| &init.bytes);
            if let Err(said) = decode(decoder, read_first, &got.bytes).await {
                self.desk.fault("DEC-CLEAN", &place, said);
            }
        }
        self.take(playlist, listed, got.bytes, init.as_deref());
    }

    fn take(
        &mut self,
        playlist: &MediaPlaylist,
        listed: &Segment,
        bytes: Bytes,
        init: Option<&InitEvidence>,
    ) {
        let follows = |before: &&SegmentEvidence| before.listed.sequence + 1 == listed.sequence;
        let before = self.before.as_ref().filter(follows);
        let earlier = before.filter(|_| !listed.has_discontinuity).map(|before| &before.media);
        let media = if listed.key.is_some() {
            SegmentMedia::unknown()
        } else {
            let mut media = SegmentMedia::read(&bytes, &listed.uri, init, earlier);
            if self.seen.segments.is_multiple_of(SECOND_EVERY) {
                media.read_again(&bytes);
            }
            media
        };
        self.seen.segments += 1;
        let segment = SegmentEvidence {
            listed: listed.clone(),
            target_duration: playlist.target_duration,
            claims_independence: playlist.is_independent,
            media,
            bytes,
        };
        let place = crate::finding::Place {
            rendition: self.rendition.clone(),
            path: listed.uri.split('?').next().unwrap_or_default().to_owned(),
        };
        self.desk.judge(&place, |test, faults| {
            if let Test::Segment(test) = test {
                test(&segment, faults);
            }
        });
        if let Some(before) = before {
            let border = BorderEvidence { before, after: &segment };
            self.desk.judge(&place, |test, faults| {
                if let Test::Border(test) = test {
                    test(&border, faults);
                }
            });
        }
        self.seen.course.take(&segment);
        self.before = Some(segment);
    }

    /// What must be read before a segment; it is fetched once.
    async fn init_of(
        &mut self,
        base: &Url,
        playlist: &MediaPlaylist,
        listed: &Segment,
    ) -> Option<Arc<InitEvidence>> {
        let map = listed.map.as_ref()?;
        if let Some((known, init)) = &self.init
            && **known == **map
        {
            return init.clone();
        }
        let init = self.fetch_init(base, playlist, map).await;
        self.init = Some((Arc::clone(map), init.clone()));
        init
    }

    async fn fetch_init(
        &self,
        base: &Url,
        playlist: &MediaPlaylist,
        map: &Map,
    ) -> Option<Arc<InitEvidence>> {
        let place = self.desk.place(&self.rendition, base);
        let Ok(url) = base.join(&map.uri) else {
            self.desk.fault("MP4-MAP", &place, format!("{:?} is no URI", map.uri));
            return None;
        };
        let place = self.desk.place(&self.rendition, &url);
        match self.desk.fetch(&url, map.byte_range).await {
            Ok(got) => {
                let known = Known {
                    purpose: Purpose::Init,
                    target_duration: playlist.target_duration,
                    plays: None,
                    is_live: !playlist.has_ended,
                };
                self.desk.judge_exchange(&got, known, &self.rendition);
                let init = InitEvidence::read(got.bytes);
                self.desk.judge(&place, |test, faults| {
                    if let Test::Init(test) = test {
                        test(&init, faults);
                    }
                });
                Some(Arc::new(init))
            }
            Err(failure) => {
                let why = format!("it cannot be fetched: {}", failure.why);
                let failure = Failure { why, ..failure };
                self.desk.judge_failure("MP4-MAP", &self.rendition, &url, &failure);
                None
            }
        }
    }
}
