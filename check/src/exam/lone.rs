//! A segment without a playlist: only what can be said of one segment alone is.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hls::read::{Map, MediaPlaylist, Segment};
use url::Url;

use super::desk::Desk;
use super::fetch::{Got, Known};
use super::retention::Missed;
use super::segments::Examiner;
use crate::evidence::{InitEvidence, SegmentKind, SegmentMedia};
use crate::rule::Test;
use crate::transport::Purpose;

/// What segments are called (RFC 8216, 3), whatever is in them.
const SEGMENT_NAMES: [&str; 15] = [
    "ts", "m2ts", "mts", "m4s", "mp4", "m4v", "m4a", "cmfv", "cmfa", "aac", "mp3", "ac3", "ec3",
    "vtt", "webvtt",
];

/// Whether something that is no playlist is meant to be a segment, by its name.
pub(super) fn is_segment(url: &Url) -> bool {
    let extension = url.path().rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|it| SEGMENT_NAMES.contains(&it.to_ascii_lowercase().as_str()))
}

/// Examines a segment; its name.
pub(super) async fn examine(desk: &Arc<Desk>, got: Got) -> String {
    let name = got.url.path_segments().and_then(Iterator::last).unwrap_or_default().to_owned();
    let (init, media) = split_init(&got.bytes);
    let init = init.map(InitEvidence::read);
    let place = desk.place("", &got.url);
    if let Some(init) = &init {
        desk.judge(&place, |test, faults| {
            if let Test::Init(test) = test {
                test(init, faults);
            }
        });
    }
    let (plays, is_mp4) = look(&media, &name, init.as_ref());
    let known = Known {
        purpose: Purpose::Segment,
        target_duration: None,
        plays: Some(plays).filter(|plays| !plays.is_zero()),
        is_live: false,
    };
    desk.judge_exchange(&got, known, "");
    // What only says what others begin with has no media, and needs none.
    if init.is_none() || !media.is_empty() {
        // Nobody has said what is read before it.
        let map = is_mp4.then(Arc::<Map>::default);
        let listed = Segment { uri: name.clone(), duration: plays, map, ..Segment::default() };
        let mut examiner = Examiner::new(Arc::clone(desk), String::new(), Missed::default());
        // A fragment alone does not say what is in it.
        if init.is_some() || !is_mp4 {
            examiner.decode(&place, init.as_ref(), &media).await;
        }
        examiner.take(&MediaPlaylist::default(), &listed, media, init.as_ref());
    } else {
        desk.progress(|state| state.segments += 1);
    }
    desk.hide(&name)
}

/// How long it plays, as nobody says so, and whether it is of fragmented MP4.
fn look(media: &Bytes, name: &str, init: Option<&InitEvidence>) -> (Duration, bool) {
    let media = SegmentMedia::read(media, name, init, None);
    let nanos = media.main_times().and_then(|times| u64::try_from(times.length_ns()).ok());
    let is_mp4 = matches!(media.kind, SegmentKind::Fmp4(_));
    (Duration::from_nanos(nanos.unwrap_or_default()), is_mp4)
}

/// An initialization section and the media behind it, if both are in one file: up to the end of
/// `moov` (ISO/IEC 14496-12, 4.2).
fn split_init(bytes: &Bytes) -> (Option<Bytes>, Bytes) {
    let mut at = 0;
    while let Some((length, kind)) = head(bytes.get(at..).unwrap_or_default()) {
        let end = at.saturating_add(length).min(bytes.len());
        if &kind == b"moov" {
            return (Some(bytes.slice(..end)), bytes.slice(end..));
        }
        // What has media first has no initialization section before it.
        if length < 8 || &kind == b"moof" || &kind == b"mdat" {
            break;
        }
        at = end;
    }
    (None, bytes.clone())
}

/// Length and name of a box.
fn head(bytes: &[u8]) -> Option<(usize, [u8; 4])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let kind = rest.first_chunk::<4>()?;
    Some((usize::try_from(u32::from_be_bytes(*length)).ok()?, *kind))
}
