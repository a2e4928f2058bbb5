//! How long it takes to take a segment of MPEG-TS apart and to put every rule for it to what was
//! found: at least 100 MB a second, and that as a ratio to a copy of the same bytes in the same
//! run.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement says what it found, and cannot do without its segments"
)]

#[path = "../../core/container/benches/paired/mod.rs"]
mod paired;

mod judged;

use std::hint::black_box;
use std::iter::{Cycle, Enumerate};
use std::process::Command;
use std::slice::Iter;

use bytes::Bytes;
use check::evidence::ts::read;
use check::evidence::{BorderEvidence, SegmentEvidence};
use check::{Faults, Test, rules};

fn main() {
    let segments = segments();
    let mut judged = Judged::new(&segments);
    let rate = judged::medians("segments: with every rule", &segments, || judged.next());
    let mut again = segments.iter().cycle();
    judged::medians("segments: with the second reader, and without rules", &segments, || {
        let segment = again.next().unwrap();
        let mut media = read(segment, None);
        media.read_again(segment);
        black_box(media);
    });
    judged::assert_fast(rate);
    judged::criterion("segments", &segments, || judged.next());
}

/// Reads one segment after the other, as an exam does.
struct Judged<'a> {
    segments: Cycle<Enumerate<Iter<'a, Bytes>>>,
    before: Option<SegmentEvidence>,
}

impl<'a> Judged<'a> {
    fn new(segments: &'a [Bytes]) -> Self {
        Self { segments: segments.iter().enumerate().cycle(), before: None }
    }

    fn next(&mut self) {
        let (number, bytes) = self.segments.next().unwrap();
        let bytes = bytes.clone();
        let media = read(&bytes, self.before.as_ref().map(|before| &before.media));
        // From the last on it starts over.
        let has_discontinuity = number == 0;
        let listed = hls::read::Segment { has_discontinuity, ..hls::read::Segment::default() };
        let after = SegmentEvidence {
            listed,
            target_duration: None,
            claims_independence: true,
            media,
            bytes,
        };
        let mut sentences = Vec::new();
        for rule in rules().filter(|rule| rule.id.starts_with("TS-")) {
            let mut faults = Faults::new(&mut sentences);
            match (rule.test, &self.before) {
                (Test::Segment(test), _) => test(&after, &mut faults),
                (Test::Border(test), Some(before)) => {
                    test(&BorderEvidence { before, after: &after }, &mut faults);
                }
                (_, _) => {}
            }
        }
        assert!(sentences.is_empty(), "{sentences:?}");
        assert!(after.media.tracks.iter().all(|track| track.units.len() > 10), "hardly any units");
        self.before = Some(after);
    }
}

/// Ten segments of 2 s by ffmpeg: 1280x720 at 30 pictures a second and 4 Mb/s, with noise in the
/// pictures so that they need that much, and AAC.
fn segments() -> Vec<Bytes> {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error"])
        .args(["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30,noise=alls=20:allf=t"])
        .args(["-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "20"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "4M", "-maxrate", "4M"])
        .args(["-bufsize", "4M", "-g", "60", "-c:a", "aac", "-b:a", "128k"])
        .args(["-f", "hls", "-hls_time", "2", "-hls_list_size", "0"])
        .arg(folder.path().join("index.m3u8"))
        .status()
        .unwrap();
    assert!(made.success(), "ffmpeg fails");
    let segment = |number| std::fs::read(folder.path().join(format!("index{number}.ts"))).unwrap();
    (0..10).map(|number| Bytes::from(segment(number))).collect()
}
