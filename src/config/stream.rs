//! What a stream gets.

use std::time::Duration;

use ingest::StreamSettings;
use segmenter::{LONGEST_SEGMENT_MS, LowLatency, Packaging};
use timeline::WindowPolicy;

use super::ConfigError;
use super::checked::{one_of, within};
use super::raw::RawStream;

pub(super) fn check_stream(
    raw: &RawStream,
) -> Result<(StreamSettings, playlist::Settings), ConfigError> {
    let longest = Duration::from_millis(LONGEST_SEGMENT_MS.unsigned_abs());
    within("stream.segment_duration", raw.segment_duration, Duration::from_millis(500), longest)?;
    let hour = Duration::from_secs(3_600);
    let (part_min, part_max) = (Duration::from_millis(100), Duration::from_secs(1));
    within("stream.part_duration", raw.part_duration, part_min, part_max)?;
    within("stream.window", raw.window, Duration::ZERO, hour)?;
    within("stream.dvr_window", raw.dvr_window, Duration::ZERO, DVR_WINDOW_MAX)?;
    within("stream.reconnect_window", raw.reconnect_window, Duration::ZERO, hour / 2)?;
    within("stream.finish_window", raw.finish_window, Duration::ZERO, hour / 2)?;
    // A segment that left a playlist stays for its own and the playlist's length (RFC 8216, 6.2.2).
    // The window stands still while a stream waits for its publisher.
    let waits = raw.reconnect_window.0.max(raw.finish_window.0);
    let listed = raw.window.0.max(raw.dvr_window.0);
    let shortest = listed + (raw.window.0 + longest) * 2 + waits + Duration::from_secs(30);
    within("stream.retention", raw.retention, shortest, RETENTION_MAX)?;
    let settings = StreamSettings {
        segment_duration: raw.segment_duration.0,
        packaging: packaging(&raw.packaging)?,
        timed_id3: raw.timed_id3,
        low_latency: low_latency(&raw.low_latency)?,
        part_duration: raw.part_duration.0,
        reconnect_window: raw.reconnect_window.0,
        finish_window: raw.finish_window.0,
        memory_window: raw.window.0,
    };
    let playlist = playlist::Settings {
        window: WindowPolicy { length_ms: millis(raw.window.0) },
        dvr_window_ms: millis(raw.dvr_window.0),
        retention_ms: millis(raw.retention.0),
        record: raw.record,
    };
    Ok((settings, playlist))
}

/// The longest window that viewers can rewind in. Two weeks are what is measured; beyond 90 days
/// no playlist of two-second segments is of a size that a player could read.
const DVR_WINDOW_MAX: Duration = Duration::from_secs(90 * 86_400);
/// The longest time that segments are kept, so that the longest window has its room: what is to
/// stay for ever is a recording.
const RETENTION_MAX: Duration = Duration::from_secs(100 * 86_400);

fn low_latency(text: &str) -> Result<LowLatency, ConfigError> {
    Ok(match text {
        "on" => LowLatency::On,
        "off" => LowLatency::Off,
        "auto" => LowLatency::Auto,
        other => {
            return Err(one_of("stream.low_latency", other, "\"on\", \"off\" or \"auto\""));
        }
    })
}

fn packaging(text: &str) -> Result<Packaging, ConfigError> {
    Ok(match text {
        "ts" => Packaging::Ts,
        "fmp4" => Packaging::Fmp4,
        "both" => Packaging::Both,
        "auto" => Packaging::Auto,
        other => {
            let words = "\"ts\", \"fmp4\", \"both\" or \"auto\"";
            return Err(one_of("stream.packaging", other, words));
        }
    })
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
