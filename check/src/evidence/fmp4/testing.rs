//! What ffmpeg wrote, and what rules say of it.

use std::sync::Arc;

use bytes::Bytes;
use hls::read::{Map, Segment};

use super::{InitEvidence, read};
use crate::evidence::{BorderEvidence, SegmentEvidence};
use crate::finding::Faults;
use crate::rule::{Rule, Test};

/// An initialization section and segments.
#[derive(Clone)]
pub(crate) struct Pieces {
    pub(crate) init: Bytes,
    pub(crate) segments: Vec<Bytes>,
}

macro_rules! files {
    ($($name:literal)*) => {
        /// An initialization section and two segments of ffmpeg's HLS muxer each, one behind the
        /// other; those with `frags` and the like are files of its MP4 muxer.
        pub(crate) const FILES: &[(&str, &[u8])] = &[$((
            $name,
            include_bytes!(concat!("../../../testdata/ffmpeg-", $name, ".mp4")),
        )),*];
    };
}

files! {
    "5.1_h264-bframes_aac"
    "5.1_h264-no-dbim_aac"
    "5.1_h264-opengop"
    "9.0_aac"
    "9.0_av1_opus"
    "9.0_h264-bframes_aac"
    "9.0_h264-each-frame_aac"
    "9.0_h264-frags_aac"
    "9.0_h264_eac3"
    "9.0_h264_mp3"
    "9.0_hev1_ac3"
    "9.0_hvc1_aac"
    "9.0_vp9_flac"
}

/// The pieces of a file: what is before its first `styp` or `moof`, and what is between those.
pub(crate) fn pieces(name: &str) -> Pieces {
    let (_, file) = FILES.iter().find(|(other, _)| *other == name).unwrap();
    let file = Bytes::from_static(file);
    let (mut starts, mut at) = (Vec::new(), 0);
    while at < file.len() {
        let length = u32::from_be_bytes(file[at..at + 4].try_into().unwrap());
        let kind = &file[at + 4..at + 8];
        if kind == b"styp" || kind == b"moof" && starts.is_empty() {
            starts.push(at);
        }
        at += usize::try_from(length).unwrap();
    }
    let init = file.slice(..starts[0]);
    starts.push(at);
    let segments = starts.windows(2).map(|ends| file.slice(ends[0]..ends[1])).collect();
    Pieces { init, segments }
}

impl Pieces {
    /// The evidence: the section, and each segment read behind the one before.
    pub(crate) fn evidence(&self) -> (InitEvidence, Vec<SegmentEvidence>) {
        let init = InitEvidence::read(self.init.clone());
        let mut segments = Vec::<SegmentEvidence>::new();
        for bytes in &self.segments {
            let before = segments.last().map(|before| &before.media);
            let media = read(bytes, Some(&init), before);
            segments.push(SegmentEvidence {
                listed: Segment { map: Some(Arc::new(Map::default())), ..Segment::default() },
                target_duration: None,
                claims_independence: true,
                media,
                bytes: bytes.clone(),
            });
        }
        (init, segments)
    }

    /// Which of the rules are broken, each with the first that is said of it.
    pub(crate) fn broken(&self, rules: &[Rule]) -> Vec<(&'static str, String)> {
        let (init, segments) = self.evidence();
        rules.iter().filter_map(|rule| Some((rule.id, said(rule, &init, &segments)?))).collect()
    }

    /// The same, the names alone.
    pub(crate) fn ids(&self, rules: &[Rule]) -> String {
        let ids: Vec<_> = self.broken(rules).into_iter().map(|(id, _)| id).collect();
        ids.join(" ")
    }
}

/// The first that a rule says.
pub(crate) fn said(
    rule: &Rule,
    init: &InitEvidence,
    segments: &[SegmentEvidence],
) -> Option<String> {
    let mut said = Vec::new();
    let faults = &mut Faults::new(&mut said);
    if let Test::Init(test) = rule.test {
        test(init, faults);
    } else if let Test::Segment(test) = rule.test {
        segments.iter().for_each(|segment| test(segment, faults));
    } else if let Test::Border(test) = rule.test {
        for [before, after] in segments.array_windows() {
            test(&BorderEvidence { before, after }, faults);
        }
    } else {
        panic!("{} looks at something else", rule.id);
    }
    said.into_iter().next()
}
