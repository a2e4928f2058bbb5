use hls::read::{MediaPlaylist, Segment};
use url::Url;

use super::*;
use crate::evidence::Course;
use crate::options::Options;

/// A window of ten segments of 2 s, the first with this number.
#[track_caller]
fn check(promised: u64, first: u64, has_ended: bool, expected: &str) {
    let duration = Duration::from_secs(2);
    let playlist = MediaPlaylist {
        target_duration: Some(duration),
        media_sequence: first,
        has_ended,
        segments: vec![Segment { duration, ..Segment::default() }; 10],
        ..MediaPlaylist::default()
    };
    let promised = (promised > 0).then(|| Duration::from_secs(promised));
    let options = Options { dvr: promised, ..Options::default() };
    let (url, course) = (Url::parse("http://w/a.m3u8").unwrap(), Course::default());
    let evidence = RenditionEvidence {
        alternative: None,
        url: &url,
        playlist: &playlist,
        variant: None,
        course: &course,
        options: &options,
    };
    let mut said = Vec::new();
    window(&evidence, &mut Faults::new(&mut said));
    assert_eq!(said.join("; "), expected);
}

#[test]
fn the_window_is_as_long_as_promised() {
    check(0, 7, false, "");
    check(20, 7, false, "");
    check(22, 7, false, "");
    check(23, 7, false, "the window is 20.000 s long, and 23.000 s were promised");
    check(23, 0, false, "");
    check(23, 7, true, "");
}
