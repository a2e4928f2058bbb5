//! Multivariant playlists (RFC 8216, 4.3.4).

use std::fmt::Write;

use timeline::{Medium, SegmentRecord, Window};

use crate::Bandwidth;
use crate::media::line;

/// The list of the stream's variants as its newest segment shows them, or `None` while the window
/// has no segment. URIs are relative to `/{app}/{stream}/index.m3u8`.
#[must_use]
pub fn render_multivariant(window: &Window) -> Option<String> {
    let newest = window.segments().next_back()?;
    // Nothing in it needs a version, and a playlist without the tag has version 1.
    let mut text = String::from("#EXTM3U\n");
    if window.segments().all(|segment| segment.independent) {
        text.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
    }
    for record in &newest.renditions {
        let bandwidth = Bandwidth::measure(window, &record.rendition)?;
        line(&mut text, format_args!("#EXT-X-STREAM-INF:{}", attributes(record, bandwidth)));
        line(&mut text, format_args!("{}/index.m3u8", record.rendition));
    }
    Some(text)
}

fn attributes(record: &SegmentRecord, bandwidth: Bandwidth) -> String {
    let codecs: Vec<_> = record.tracks.iter().map(|track| track.codec.as_str()).collect();
    let mut text = format!(
        "BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\"",
        bandwidth.peak,
        bandwidth.average,
        codecs.join(",")
    );
    for track in &record.tracks {
        let Medium::Video { width, height, frame_rate_milli } = track.medium else { continue };
        // Writing to a String cannot fail.
        let _ = write!(text, ",RESOLUTION={width}x{height}");
        if frame_rate_milli > 0 {
            let (whole, thousandths) = (frame_rate_milli / 1_000, frame_rate_milli % 1_000);
            let _ = write!(text, ",FRAME-RATE={whole}.{thousandths:03}");
        }
    }
    text
}
