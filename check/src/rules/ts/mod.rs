//! MPEG transport streams (ISO/IEC 13818-1; section numbers are those of the 2018 edition).

mod clock;
mod packets;
mod pes;
mod sound;
mod tables;
#[cfg(test)]
mod tests;
mod video;

use crate::evidence::ts::{Few, TsStream};
use crate::evidence::{SegmentEvidence, SegmentKind, TsSegment};
use crate::finding::Faults;
use crate::rule::Rule;

pub(super) const PACKETS: &[Rule] = packets::RULES;
pub(super) const TABLES: &[Rule] = tables::RULES;
pub(super) const PES: &[Rule] = pes::RULES;
pub(super) const CLOCK: &[Rule] = clock::RULES;
pub(super) const VIDEO: &[Rule] = video::RULES;
pub(super) const SOUND: &[Rule] = sound::RULES;

/// The transport stream that a segment is. One that is encrypted as a whole (RFC 8216, 4.3.2.4)
/// cannot be judged, whatever its bytes look like.
pub(super) fn transport_stream(segment: &SegmentEvidence) -> Option<&TsSegment> {
    let is_encrypted = segment.listed.key.as_ref().is_some_and(|key| key.method == "AES-128");
    match &segment.media.kind {
        SegmentKind::Ts(ts) if !is_encrypted => Some(ts),
        SegmentKind::Ts(_)
        | SegmentKind::Fmp4(_)
        | SegmentKind::PackedAudio
        | SegmentKind::WebVtt
        | SegmentKind::Unknown => None,
    }
}

/// Says one sentence for each of a kind of fault that was kept, and how many more there are.
fn say_few<T>(few: &Few<T>, faults: &mut Faults<'_>, sentence: impl Fn(&T) -> String) {
    let more = few.count() - u64::try_from(few.first().len()).unwrap_or(0);
    for (one, left) in few.first().iter().zip((0..few.first().len()).rev()) {
        let sentence = sentence(one);
        if left == 0 && more > 0 {
            faults.add(format!("{sentence}, and {more} more like it"));
        } else {
            faults.add(sentence);
        }
    }
}

/// Says one sentence for each fault of each stream of pictures or sound.
fn each_stream(segment: &SegmentEvidence) -> impl Iterator<Item = &TsStream> {
    let streams = transport_stream(segment).map(|ts| ts.streams.as_slice()).unwrap_or_default();
    streams.iter()
}

/// How a PES packet is named in sentences.
fn pes(number: u64, stream: &TsStream) -> String {
    let what = stream.codec.map_or_else(|| "a stream".to_owned(), |codec| codec.to_string());
    format!("PES packet {number} of {what} on PID {:?}", stream.pid)
}

/// Nanoseconds as milliseconds.
fn ms(nanoseconds: i64) -> String {
    let micros = nanoseconds / 1_000;
    format!("{}.{:01} ms", micros / 1_000, (micros % 1_000) / 100)
}
