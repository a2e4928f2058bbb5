//! Every segment of a rendition, fetched, taken apart, and held against the one before it.

use std::sync::Arc;

use bytes::Bytes;
use hls::read::{Map, MediaPlaylist, Segment};
use http::StatusCode;
use tokio::sync::{mpsc, watch};
use url::Url;

use super::decode::decode;
use super::desk::Desk;
use super::fetch::{Failure, Known};
use super::retention::Missed;
use crate::evidence::ts::SECOND_EVERY;
use crate::evidence::{BorderEvidence, Course, InitEvidence, SegmentEvidence, SegmentMedia};
use crate::finding::Place;
use crate::rule::Test;
use crate::transport::Purpose;

/// Examines the segments of one rendition, in their order.
pub(super) struct Examiner {
    desk: Arc<Desk>,
    rendition: String,
    before: Option<SegmentEvidence>,
    /// What was read last, and how it is named; `None` inside if it cannot be had.
    init: Option<(Arc<Map>, Option<Arc<InitEvidence>>)>,
    /// Segments in a row for which no answer came at all.
    unanswered: u32,
    /// What the playlist says now.
    newest: Option<Newest>,
    missed: Missed,
    pub(super) seen: Seen,
}

/// The newest version of a playlist.
pub(super) type Newest = watch::Receiver<Option<Arc<MediaPlaylist>>>;

/// A server that answers so many requests in a row with nothing at all is not asked for more: each
/// takes its time.
const UNANSWERED_MAX: u32 = 5;

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
    pub(super) fn new(desk: Arc<Desk>, rendition: String, missed: Missed) -> Self {
        let (before, init, newest, seen) = (None, None, None, Seen::default());
        Self { desk, rendition, before, init, unanswered: 0, newest, missed, seen }
    }

    /// What leaves the playlist before it is asked for need not be there.
    pub(super) fn beside(self, newest: Newest) -> Self {
        Self { newest: Some(newest), ..self }
    }

    /// Whether a segment is not listed any more.
    fn has_left(&self, listed: &Segment) -> bool {
        let newest = self.newest.as_ref().and_then(|newest| newest.borrow().clone());
        newest.is_some_and(|newest| listed.sequence < newest.media_sequence)
    }

    /// Examines what comes, until nothing more does.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) -> Seen {
        while let Some(order) = orders.recv().await {
            let Order { url, playlist, from } = order;
            for listed in playlist.segments.iter().skip(from) {
                if self.desk.is_stopped() || self.unanswered >= UNANSWERED_MAX {
                    return self.seen;
                }
                self.examine(&url, &playlist, listed).await;
                self.desk.progress(|state| {
                    state.segments_left = state.segments_left.saturating_sub(1);
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
                self.before = None;
                self.unanswered += u32::from(failure.status.is_none());
                // One that left while others were examined has a rule of its own.
                if failure.status == Some(StatusCode::NOT_FOUND) && self.has_left(listed) {
                    return;
                }
                self.missed.note(listed.sequence);
                let why = format!("segment {}: {}", listed.sequence, failure.why);
                let failure = Failure { why, ..failure };
                self.desk.judge_failure("LIV-AVAIL", &self.rendition, &url, &failure);
                return;
            }
        };
        self.unanswered = 0;
        let known = Known {
            purpose: Purpose::Segment,
            target_duration: playlist.target_duration,
            plays: Some(listed.duration),
            is_live: !playlist.has_ended,
        };
        self.desk.judge_exchange(&got, known, &self.rendition);
        self.desk.begin();
        // What is encrypted is for who has the key to decode.
        if listed.key.is_none() {
            self.decode(&place, init.as_deref(), &got.bytes).await;
        }
        self.take(playlist, listed, got.bytes, init.as_deref());
    }

    /// Lets the decoder decode a segment, if there is one. Text has neither pictures nor sound.
    pub(super) async fn decode(&self, place: &Place, init: Option<&InitEvidence>, media: &Bytes) {
        let Some(decoder) = &self.desk.options.decoder else { return };
        let text = media.strip_prefix(b"\xef\xbb\xbf").unwrap_or(media);
        if text.starts_with(b"WEBVTT") {
            return;
        }
        let read_first = init.map_or(&[][..], |init| &init.bytes);
        if let Err(said) = decode(decoder, read_first, media).await {
            self.desk.fault("DEC-CLEAN", place, said);
        }
    }

    /// Puts a segment to the rules.
    pub(super) fn take(
        &mut self,
        playlist: &MediaPlaylist,
        listed: &Segment,
        bytes: Bytes,
        init: Option<&InitEvidence>,
    ) {
        let follows = |before: &&SegmentEvidence| {
            before.listed.sequence.checked_add(1) == Some(listed.sequence)
        };
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
        self.desk.progress(|state| {
            state.segments += 1;
            state.played = state.played.saturating_add(listed.duration);
        });
        let segment = SegmentEvidence {
            listed: listed.clone(),
            target_duration: playlist.target_duration,
            claims_independence: playlist.is_independent,
            media,
            bytes,
        };
        let place = self.desk.place_of(&self.rendition, &listed.uri);
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
