//! Fragmented MP4.

use bytes::Bytes;
use container::fmp4::SEGMENT_SAMPLES_MAX;

use crate::evidence::fmp4::read;
use crate::evidence::{BorderEvidence, InitEvidence, SegmentEvidence, SegmentKind};
use crate::rules::rules;
use crate::{Faults, Test};

/// A header and a segment of fragmented MP4, one behind the other: the segment starts with the
/// first `styp`, `moof` or `emsg` that can be found. It follows itself, and one without a header.
pub fn fmp4(data: &[u8]) {
    let data = Bytes::copy_from_slice(data);
    let is_start = |four: &[u8]| matches!(four, b"styp" | b"moof" | b"emsg");
    let start = data.windows(4).position(is_start).unwrap_or(data.len());
    let (header, media) = data.split_at(start.saturating_sub(4));
    let (header, media) = (data.slice_ref(header), data.slice_ref(media));
    let init = InitEvidence::read(header);
    let first = segment(media.clone(), Some(&init), None);
    let second = segment(media, Some(&init), Some(&first));
    judge(&init, &BorderEvidence { before: &first, after: &second });
    let bare = segment(data, None, Some(&second));
    judge(&init, &BorderEvidence { before: &second, after: &bare });
}

fn segment(
    bytes: Bytes,
    init: Option<&InitEvidence>,
    before: Option<&SegmentEvidence>,
) -> SegmentEvidence {
    let media = read(&bytes, init, before.map(|before| &before.media));
    let listed = hls::read::Segment::default();
    SegmentEvidence { listed, target_duration: None, claims_independence: true, media, bytes }
}

/// Puts the rules to the section and to the later segment, behind the earlier one.
fn judge(init: &InitEvidence, border: &BorderEvidence<'_>) {
    let segment = border.after;
    for rule in rules() {
        let mut sentences = Vec::new();
        let mut faults = Faults::new(&mut sentences);
        if let Test::Init(test) = rule.test {
            test(init, &mut faults);
        } else if let Test::Segment(test) = rule.test {
            test(segment, &mut faults);
        } else if let Test::Border(test) = rule.test {
            test(border, &mut faults);
        }
        assert!(sentences.iter().all(|sentence| sentence.len() < 20_000), "{}", rule.id);
    }
    let SegmentKind::Fmp4(facts) = &segment.media.kind else { return };
    assert!(facts.samples <= SEGMENT_SAMPLES_MAX);
    for track in &segment.media.tracks {
        assert!(!track.units.is_empty() && track.units.len() <= facts.samples);
        assert!(track.changes.iter().all(|(from, _)| *from < track.units.len()));
        // The difference of any two times can be counted.
        for unit in &track.units {
            assert!(unit.pts_ns.checked_sub(unit.dts_ns).is_some());
        }
    }
}

#[cfg(test)]
mod tests {
    use samples::{damaged_slowly, noise};

    const SAMPLES: [&[u8]; 4] = [
        include_bytes!("../../testdata/ffmpeg-9.0_aac.mp4"),
        include_bytes!("../../testdata/ffmpeg-9.0_h264-each-frame_aac.mp4"),
        include_bytes!("../../testdata/ffmpeg-9.0_hvc1_aac.mp4"),
        include_bytes!("../../testdata/ffmpeg-9.0_av1_opus.mp4"),
    ];

    #[test]
    fn damaged_files_do_no_harm() {
        damaged_slowly(&SAMPLES, super::fmp4);
    }

    /// Nearly all of a file is media; its headers matter more.
    #[test]
    fn damaged_heads_of_files_do_no_harm() {
        let heads = SAMPLES.map(|sample| sample.get(..2_500).unwrap());
        damaged_slowly(&heads, super::fmp4);
    }

    #[test]
    fn noise_does_no_harm() {
        for length in [0, 7, 8, 100, 10_000] {
            super::fmp4(&noise(length));
        }
    }
}
