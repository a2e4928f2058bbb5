//! Entry points for fuzzing. Each takes any bytes; what can go wrong is a panic, or a rule that
//! makes up times or keeps more than it may.

mod fmp4;
mod playlist;

use bytes::Bytes;

use crate::evidence::ts::{self, FEW_MAX, UNITS_MAX};
use crate::evidence::{BorderEvidence, SegmentEvidence, SegmentKind};
use crate::rules::rules;
use crate::{Faults, Test};

pub use fmp4::fmp4;
pub use playlist::playlist;

/// Two segments of MPEG-TS, one behind the other: halves of `data`, cut between packets.
pub fn ts(data: &[u8]) {
    let packets = data.len() / container::ts::PACKET_BYTES;
    let (first, second) = data.split_at(packets / 2 * container::ts::PACKET_BYTES);
    let first = segment(first, None);
    let second = segment(second, Some(&first));
    judge(&BorderEvidence { before: &first, after: &second });
    let whole = segment(data, Some(&second));
    judge(&BorderEvidence { before: &second, after: &whole });
}

fn segment(bytes: &[u8], before: Option<&SegmentEvidence>) -> SegmentEvidence {
    let bytes = Bytes::copy_from_slice(bytes);
    let mut media = ts::read(&bytes, before.map(|before| &before.media));
    media.read_again(&bytes);
    let listed = hls::read::Segment::default();
    SegmentEvidence { listed, target_duration: None, claims_independence: true, media, bytes }
}

/// Puts the rules to the later segment, behind the earlier one.
fn judge(border: &BorderEvidence<'_>) {
    let segment = border.after;
    for rule in rules() {
        let mut sentences = Vec::new();
        let mut faults = Faults::new(&mut sentences);
        match rule.test {
            Test::Segment(test) => test(segment, &mut faults),
            Test::Border(test) => test(border, &mut faults),
            Test::Playlist(_)
            | Test::Update(_)
            | Test::Init(_)
            | Test::Rendition(_)
            | Test::Presentation(_)
            | Test::Exchange(_)
            | Test::LowLatency(_)
            | Test::Probe(_)
            | Test::Edges(_)
            | Test::Exam => {}
        }
        assert!(sentences.iter().all(|sentence| sentence.len() < 2_000), "{}", rule.id);
    }
    let SegmentKind::Ts(ts) = &segment.media.kind else { return };
    assert!(ts.lost_syncs.first().len() <= FEW_MAX);
    for track in &segment.media.tracks {
        assert!(track.units.len() <= UNITS_MAX);
        assert!(track.changes.iter().all(|(from, _)| *from <= track.units.len()));
        // What is in the units came out of the segment, and a frame that was lost from one before.
        let bytes: u64 = track.units.iter().map(|unit| u64::from(unit.bytes)).sum();
        let most = u64::try_from(segment.bytes.len()).unwrap_or(u64::MAX);
        assert!(bytes <= most, "{bytes} of {most} bytes");
    }
}

#[cfg(test)]
mod tests {
    use container::ts::{PACKET_BYTES, SYNC_BYTE};
    use samples::{damaged_slowly, noise};

    const SAMPLES: [&[u8]; 4] = [
        include_bytes!("../testdata/ts/ffmpeg-5.1_h264-bframes_aac.1.ts"),
        include_bytes!("../testdata/ts/ffmpeg-5.1_hevc_aac.0.ts"),
        include_bytes!("../testdata/ts/ffmpeg-9.0_h264-interlaced_mp3.0.ts"),
        include_bytes!("../testdata/ts/ffmpeg-9.0_h264-opengop_eac3.0.ts"),
    ];

    #[test]
    fn damaged_segments_do_no_harm() {
        damaged_slowly(&SAMPLES, super::ts);
    }

    /// Nearly all of a segment is pictures; the headers of the first packets matter more.
    #[test]
    fn damaged_heads_of_segments_do_no_harm() {
        let heads = SAMPLES.map(|sample| sample.get(..20 * PACKET_BYTES).unwrap());
        damaged_slowly(&heads, super::ts);
    }

    #[test]
    fn noise_does_no_harm() {
        let mut noise = noise(2_000 * PACKET_BYTES);
        super::ts(&noise);
        for packet in noise.chunks_mut(PACKET_BYTES) {
            packet[0] = SYNC_BYTE;
        }
        super::ts(&noise);
        // Of a few PIDs, with payload, unscrambled.
        for packet in noise.chunks_mut(PACKET_BYTES) {
            (packet[1], packet[2]) = (packet[1] & 0x40 | 1, packet[2] & 3);
            packet[3] = packet[3] & 0x0f | 0x10;
        }
        super::ts(&noise);
        super::ts(&[]);
        super::ts(&[SYNC_BYTE; 5 * PACKET_BYTES]);
    }
}
