//! How long it takes to take a segment of fragmented MP4 apart and to put every rule for it to what
//! was found: at least 100 MB a second, and that as a ratio to a copy of the same bytes in the same
//! run.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement needs a clock and says what it found"
)]

#[path = "../../core/container/benches/paired/mod.rs"]
mod paired;
#[path = "../../core/container/benches/pushed/mod.rs"]
mod pushed;

mod judged;

use std::iter::Cycle;
use std::slice::Iter;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use check::evidence::fmp4::{InitEvidence, read};
use check::evidence::{BorderEvidence, SegmentEvidence};
use check::{Faults, Test, rules};
use container::fmp4::Muxer;
use media::AccessUnit;

fn main() {
    let (init, segments) = segments();
    let mut judged = Judged::new(&init, &segments);
    let rate = judged::medians("fmp4_segments: with every rule", &segments, || judged.next());
    assert!(judged.sentences.is_empty(), "{:?}", judged.sentences);
    judged::assert_fast(rate);
    judged::criterion("fmp4_segments", &segments, || judged.next());
}

/// Reads one segment after the other, as an exam does.
struct Judged<'a> {
    init: InitEvidence,
    segments: Cycle<Iter<'a, Bytes>>,
    before: Option<SegmentEvidence>,
    sentences: Vec<String>,
}

impl<'a> Judged<'a> {
    fn new(init: &Bytes, segments: &'a [Bytes]) -> Self {
        let init = InitEvidence::read(init.clone());
        let (segments, before, sentences) = (segments.iter().cycle(), None, Vec::new());
        Self { init, segments, before, sentences }
    }

    fn next(&mut self) {
        let bytes = self.segments.next().unwrap().clone();
        let before = self.before.as_ref().map(|before| &before.media);
        let media = read(&bytes, Some(&self.init), before);
        let mut listed = hls::read::Segment { has_discontinuity: true, ..Default::default() };
        listed.map = Some(std::sync::Arc::default());
        listed.duration = Duration::from_secs(2);
        let (target_duration, claims_independence) = (None, true);
        let after = SegmentEvidence { listed, target_duration, claims_independence, media, bytes };
        for rule in rules().filter(|rule| rule.id.starts_with("MP4-")) {
            let faults = &mut Faults::new(&mut self.sentences);
            if let Test::Segment(test) = rule.test {
                test(&after, faults);
            } else if let (Test::Border(test), Some(before)) = (rule.test, &self.before) {
                test(&BorderEvidence { before, after: &after }, faults);
            }
        }
        self.before = Some(after);
    }
}

/// What Weir makes of a push.
fn segments() -> (Bytes, Vec<Bytes>) {
    let mut muxer = Muxer::new(&pushed::tracks()).unwrap();
    let segment = |units: &Vec<AccessUnit>| {
        let mut out = BytesMut::new();
        muxer.begin_segment(&mut out);
        units.iter().for_each(|unit| muxer.write(unit).unwrap());
        muxer.finish_fragment(|_| None, &mut out);
        out.freeze()
    };
    let segments = pushed::segments().iter().map(segment).collect();
    (muxer.init_section(), segments)
}
