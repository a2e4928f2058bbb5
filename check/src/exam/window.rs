//! Segments of the whole window, for those who go back (`--dvr`).

use hls::read::{ByteRange, MediaPlaylist};
use url::Url;

use super::desk::Desk;

/// Segments that are asked for, spread over the window: enough that a day that is lost in a week
/// shows.
const SAMPLES_MAX: usize = 32;

/// Asks for segments of the whole window.
pub(super) async fn sample(desk: &Desk, rendition: &str, base: &Url, playlist: &MediaPlaylist) {
    let there: Vec<_> = playlist.segments.iter().filter(|segment| !segment.is_gap).collect();
    let step = there.len().div_ceil(SAMPLES_MAX).max(1);
    for segment in there.into_iter().step_by(step) {
        let Ok(url) = base.join(&segment.uri) else { continue };
        if desk.is_stopped() {
            return;
        }
        // A byte will do: whether it can be had is what is asked.
        let first = segment.byte_range.map_or(0, |range| range.start);
        let sent = desk.send(&url, Some(ByteRange { length: 1, start: first })).await;
        let why = match sent.reply {
            Ok(reply) if reply.status.is_success() => continue,
            Ok(reply) => format!("the answer is {}", reply.status),
            Err(error) => error.to_string(),
        };
        let sentence = format!("segment {} of the window: {why}", segment.sequence);
        desk.fault("DVR-AVAIL", &desk.place(rendition, &url), sentence);
    }
}
