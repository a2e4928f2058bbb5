use std::time::Duration;

use hls::read::MediaPlaylist;

use super::{Course, STARTS_MAX, Start};
use crate::testing::segment;

fn course<'a>(segments: impl IntoIterator<Item = &'a str>) -> Course {
    let mut course = Course::default();
    segments.into_iter().for_each(|text| course.take(&segment(text)));
    course
}

/// Peaks are of runs of one to three seconds, for a target duration of two.
#[track_caller]
fn check_peak(segments: &[&str], expected: Option<u64>) {
    assert_eq!(course(segments.iter().copied()).bit_rate.peak, expected, "{segments:?}");
}

#[test]
fn a_peak_is_of_half_to_one_and_a_half_target_durations() {
    check_peak(&["1 2 bytes=1000"], Some(4_000));
    check_peak(&["1 2 bytes=1000", "2 2 bytes=3000"], Some(12_000));
    check_peak(&["1 0.9 bytes=900"], None);
    check_peak(&["1 0.5 bytes=1000", "2 0.5 bytes=0"], Some(8_000));
    check_peak(&["1 1 bytes=1000", "2 1 bytes=2000", "3 1 bytes=2000"], Some(16_000));
    check_peak(&["1 3.1 bytes=1000"], None);
    check_peak(&["1 0.5 bytes=1000", "3 0.5 bytes=1000"], None);
}

#[test]
fn what_a_playlist_lists_is_measured_by_itself() {
    let texts = ["1 2 bytes=4000", "2 2 bytes=1000", "3 2 bytes=2000"];
    let rates = course(texts).bit_rate;
    let playlist = |sequences: &[u64]| MediaPlaylist {
        target_duration: Some(Duration::from_secs(2)),
        segments: sequences.iter().map(|it| segment(&format!("{it} 2")).listed).collect(),
        ..MediaPlaylist::default()
    };
    assert_eq!(rates.of_listed(&playlist(&[2, 3])), Some((8_000, 6_000)));
    assert_eq!(rates.of_listed(&playlist(&[2, 3, 4])), None);
    assert_eq!(rates.peak_of_listed(&playlist(&[2, 3, 4])), Some(8_000));
    assert_eq!(rates.peak_of_listed(&playlist(&[])), None);
    assert_eq!((rates.peak, rates.average()), (Some(16_000), Some(9_333)));
}

#[test]
fn a_course_stays_small() {
    let mut course = Course::default();
    for sequence in 0..1_000_i64 {
        let text = format!("{sequence} 2 v{}+40x50/c=avc", sequence * 2_000);
        course.take(&segment(&text));
    }
    assert_eq!(course.starts.len(), STARTS_MAX);
    let newest =
        course.starts.back().map(|Start { sequence, first_ns, .. }| (*sequence, *first_ns));
    assert_eq!(newest, Some((999, 1_998_000_000_000)));
    let run = course.run.unwrap();
    assert_eq!((run.configs.len(), run.frame_rate.milli()), (1, Some(25_000)));
    assert_eq!((course.segments, course.listed), (1_000, Duration::from_secs(2_000)));
}

#[test]
fn a_break_begins_another_run() {
    let runs = |texts: [&str; 2]| course(texts).run.unwrap().configs.len();
    let first = "1 2 v0+40x50/c=avc";
    assert_eq!(runs([first, "2 2 v2000+40x50/c=avc640"]), 2);
    assert_eq!(runs([first, "2 2 v2000+40x50/c=avc640 disc"]), 1);
    assert_eq!(runs([first, "3 2 v2000+40x50/c=avc640"]), 1);
    assert_eq!(runs([first, "2 2 v9000+40x50/c=avc640"]), 1);
    assert_eq!(runs([first, "2 2 v0+40x50/c=avc640"]), 1);
}

#[test]
fn the_longest_distance_of_key_frames_counts_over_segments() {
    let longest = |texts: &[&str]| course(texts.iter().copied()).longest_gop;
    assert_eq!(longest(&["1 2 v0+40x50"]), None);
    assert_eq!(longest(&["1 2 v0+40x50/k25"]), Some((1, 1_000_000_000)));
    let texts = ["1 2 v0+40x50", "2 2 v2000+40x50/open", "3 2 v4000+40x50/k25"];
    assert_eq!(longest(&texts), Some((3, 4_000_000_000)));
    assert_eq!(longest(&["1 2 v0+40x50", "2 2 v90000+40x50 disc"]), None);
}

#[test]
fn a_frame_rate_is_measured_through_whole_milliseconds() {
    let rate = |distances: &[i64]| {
        let mut at = 0;
        let mut pieces = Vec::new();
        for distance in distances.iter().cycle().take(240) {
            pieces.push(format!("{at}+1x1"));
            at += distance;
        }
        course([format!("1 4 v{}", pieces.join(",")).as_str()]).run.unwrap().frame_rate.milli()
    };
    assert_eq!(rate(&[17, 17, 16]), Some(59_989));
    assert_eq!(rate(&[33, 33, 34]), Some(30_002));
    // A screen has none.
    assert_eq!(rate(&[40, 40, 40, 40, 200]), None);
    assert_eq!(course(["1 4 v0+40x1"]).run.unwrap().frame_rate.milli(), None);
}
