//! The segments of a recording, as its playlists list them.

use origin::OriginError;
use timeline::{
    Container, MediaKey, Medium, ObjectKey, ObjectName, RecordedRendition, Recording, RenditionId,
    StreamName,
};

use crate::archive::Recordings;
use crate::vod::split;

/// A segment of a rendition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Listed {
    /// `None` where its bytes are lost.
    pub(super) key: Option<ObjectKey>,
    /// What must be read before it.
    pub(super) init: Option<ObjectKey>,
    /// When it begins, in milliseconds since the Unix epoch.
    pub(super) calendar_ms: i64,
    pub(super) length_ms: i64,
}

/// The renditions that make the best file: the largest pictures, and every sound that can be
/// chosen with them. Fragments need no work, so they come before transport streams.
pub(super) fn chosen(record: &Recording) -> Vec<&RecordedRendition> {
    let pixels = |it: &RecordedRendition| {
        let sizes = it.record.tracks.iter().map(|track| match track.medium {
            Medium::Video { width, height, .. } => u64::from(width) * u64::from(height),
            Medium::Audio { .. } => 0,
        });
        sizes.max().unwrap_or(0)
    };
    let variants = record.renditions.iter().filter(|it| !it.record.is_alternative);
    let best = variants.max_by_key(|it| {
        let is_fmp4 = it.record.container == Container::Fmp4;
        // The rates of the same pictures in two containers differ by little.
        (pixels(it), is_fmp4, it.average_bandwidth)
    });
    let Some(best) = best else { return Vec::new() };
    let container = best.record.container;
    let sounds = record.renditions.iter();
    let sounds = sounds.filter(|it| it.record.is_alternative && it.record.container == container);
    std::iter::once(best).chain(sounds).collect()
}

impl Recordings {
    /// The segments of a rendition of a recording, in their order.
    pub(super) async fn listed(
        &self,
        record: &Recording,
        rendition: &RecordedRendition,
    ) -> Result<Vec<Listed>, OriginError> {
        let mut reader = Reader::new(record.id.stream(), &rendition.record.rendition);
        for page in self.pages(record, rendition).await? {
            reader.take(page.map_before(record.first.max(page.first())));
            let lines = page.lines(record.first..record.paged_before);
            reader.take(std::str::from_utf8(&lines).unwrap_or_default());
        }
        reader.take(split(&rendition.tail).1);
        Ok(reader.listed)
    }
}

/// Reads the lines of segments, as `hls::Block` writes them.
pub(super) struct Reader<'a> {
    stream: &'a StreamName,
    rendition: &'a RenditionId,
    pub(super) listed: Vec<Listed>,
    init: Option<ObjectKey>,
    is_gap: bool,
    calendar_ms: i64,
    length_ms: i64,
}

const MAP: &str = "#EXT-X-MAP:URI=\"";
const GAP: &str = "#EXT-X-GAP";
const DATE: &str = "#EXT-X-PROGRAM-DATE-TIME:";
const LENGTH: &str = "#EXTINF:";

impl<'a> Reader<'a> {
    pub(super) const fn new(stream: &'a StreamName, rendition: &'a RenditionId) -> Self {
        let (init, is_gap) = (None, false);
        Self { stream, rendition, listed: Vec::new(), init, is_gap, calendar_ms: 0, length_ms: 0 }
    }

    pub(super) fn take(&mut self, lines: &str) {
        for line in lines.lines() {
            if let Some(uri) = line.strip_prefix(MAP) {
                self.init = self.key(uri.trim_end_matches('"'));
            } else if line == GAP {
                self.is_gap = true;
            } else if let Some(date) = line.strip_prefix(DATE) {
                let date = date.parse::<jiff::Timestamp>();
                self.calendar_ms = date.map_or(self.calendar_ms, jiff::Timestamp::as_millisecond);
            } else if let Some(length) = line.strip_prefix(LENGTH) {
                self.length_ms = millis(length).unwrap_or(0);
            } else if !line.starts_with('#') {
                let is_gap = std::mem::take(&mut self.is_gap);
                let key = self.key(line).filter(|_| !is_gap);
                let is_fmp4 = matches!(
                    &key,
                    Some(ObjectKey::Media(MediaKey {
                        object: ObjectName::Segment { container: Container::Fmp4, .. },
                        ..
                    }))
                );
                let init = self.init.clone().filter(|_| is_fmp4);
                let (calendar_ms, length_ms) = (self.calendar_ms, self.length_ms);
                self.listed.push(Listed { key, init, calendar_ms, length_ms });
            }
        }
    }

    fn key(&self, uri: &str) -> Option<ObjectKey> {
        ObjectKey::parse(&format!("{}/{}/{uri}", self.stream, self.rendition)).ok()
    }
}

/// `2.033,`
fn millis(length: &str) -> Option<i64> {
    let (seconds, millis) = length.trim_end_matches(',').split_once('.')?;
    let (seconds, millis) = (seconds.parse::<i64>().ok()?, millis.parse::<i64>().ok()?);
    seconds.checked_mul(1_000)?.checked_add(millis)
}
