use hls::read::MediaPlaylist;
use url::Url;

use super::RULES;
use crate::evidence::{BorderEvidence, Course, RenditionEvidence, SegmentEvidence};
use crate::finding::Faults;
use crate::options::Options;
use crate::rule::Test;
use crate::testing::segment;

/// Two seconds each of 25 pictures a second and of sound, where `edits` say nothing else of a
/// segment: `@` in them is when it begins, in milliseconds.
fn stream(edits: &[(i64, &str)]) -> Vec<SegmentEvidence> {
    let texts = (10..22_i64).map(|sequence| {
        let edit = edits.iter().find(|(of, _)| *of == sequence).map(|(_, text)| *text);
        let text = edit.unwrap_or("2 v@+40x50 a@+20x100");
        format!("{sequence} {}", text.replace('@', &(sequence * 2_000).to_string()))
    });
    texts.map(|text| segment(&text)).collect()
}

/// The rules that a stream breaks, with what the first fault of each is.
fn broken(segments: &[SegmentEvidence]) -> Vec<(&'static str, String)> {
    let mut course = Course::default();
    segments.iter().for_each(|segment| course.take(segment));
    let options = Options::default();
    let (url, playlist) = (Url::parse("http://x/").unwrap(), MediaPlaylist::default());
    let rendition = RenditionEvidence {
        url: &url,
        playlist: &playlist,
        variant: None,
        alternative: None,
        course: &course,
        options: &options,
    };
    let mut broken = Vec::new();
    for rule in RULES {
        let mut said = Vec::new();
        let mut faults = Faults::new(&mut said);
        let borders = segments.iter().zip(segments.iter().skip(1));
        let borders = borders.map(|(before, after)| BorderEvidence { before, after });
        if let Test::Segment(test) = rule.test {
            segments.iter().for_each(|it| test(it, &mut faults));
        } else if let Test::Border(test) = rule.test {
            borders.for_each(|border| test(&border, &mut faults));
        } else if let Test::Rendition(test) = rule.test {
            test(&rendition, &mut faults);
        }
        broken.extend(said.into_iter().next().map(|said| (rule.id, said)));
    }
    broken
}

#[track_caller]
fn check(edits: &[(i64, &str)], expected: &str) {
    let broken = broken(&stream(edits));
    let ids: Vec<&str> = broken.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.join(" "), expected, "{broken:#?}");
}

/// From segment `first` on, all are so.
fn from(first: i64, text: &'static str) -> Vec<(i64, &'static str)> {
    (first..22).map(|sequence| (sequence, text)).collect()
}

#[test]
fn a_steady_stream_breaks_nothing() {
    check(&[], "");
    check(&from(10, "2 v@+40x50 fmp4 map=a"), "");
    check(&from(10, "2 a@+20x100"), "");
    check(&from(10, "2 v@+40x50/b a@+20x100 independent date=1"), "PDT-MEDIA");
    check(&from(10, "2 v@+33.333333x60 a@+21.333333x94 independent"), "");
    // One picture a second, and one in two seconds.
    check(&from(10, "2 v@+1000x2 a@+20x100"), "");
    check(&from(10, "2 v@+2000x1 a@+20x100"), "");
    check(&from(10, "2 v@+2000x1"), "");
    check(&from(10, "2 vtt"), "");
}

#[test]
fn what_is_no_media_is_named_once() {
    check(&[(15, "2 unknown")], "SEG-KIND");
    check(&[(15, "2 unknown bytes=0")], "SEG-EMPTY");
    check(&[(15, "2 ts")], "SEG-EMPTY");
    check(&[(15, "2 vtt bytes=0")], "SEG-EMPTY MED-TRACKS");
    check(&[(15, "2 v@+40x50 a@+20x100 bytes=0")], "SEG-EMPTY");
}

#[test]
fn what_is_encrypted_is_said_and_not_judged() {
    check(&from(10, "2 unknown key"), "SEG-CRYPT");
    check(&[(15, "9 v5+40x50/open key")], "SEG-CRYPT");
}

#[test]
fn a_segment_starts_with_a_key_frame() {
    check(&[(15, "2 v@+40x50/open a@+20x100")], "IND-START MED-KF");
    check(&[(15, "2 v@+40x50/open/k50 a@+20x100 independent")], "");
    check(&[(15, "2 v@+40x50/open a@+20x100 independent")], "IND-TRUE IND-START MED-KF");
}

#[test]
fn extinf_is_how_long_the_media_lasts() {
    // A frame of 40 ms is not seen, whichever is taken.
    check(&[(15, "2.041 v@+40x50 a@+20x100")], "");
    check(&[(15, "1.959 v@+40x50 a@+20x100")], "");
    check(&[(15, "2.043 v@+40x50 a@+20x100")], "MED-EXTINF");
    check(&[(15, "1.957 v@+40x50 a@+20x100")], "MED-EXTINF");
    check(&[(15, "2.45 v@+40x50 a@+20x100")], "MED-EXTINF MED-SUM");
    check(&[(15, "2.6 v@+40x50 a@+20x100")], "MED-EXTINF MED-EXTBIG MED-SUM");
    check(&[(15, "1.4 v@+40x50 a@+20x100")], "MED-EXTINF MED-EXTBIG MED-SUM");
    // The last one is held against itself.
    check(&[(21, "2.6 v@+40x50 a@+20x100")], "MED-EXTBIG");
    // A screen whose last picture stays: where the next begins says how long it lasts.
    check(&[(15, "2 v@+40x4,30600+200x3,31300+40x3 a@+20x100")], "");
}

#[test]
fn extinf_adds_up() {
    check(&from(10, "1.99 v@+40x50 a@+20x100"), "MED-SUM");
    check(&from(10, "2.01 v@+40x50 a@+20x100"), "MED-SUM");
    check(&from(10, "2.004 v@+40x50 a@+20x100"), "");
}

#[test]
fn media_goes_on_from_one_segment_to_the_next() {
    // One picture, and one frame of sound, may be anywhere.
    check(&[(15, "2 v@+40x49 a@+20x99")], "");
    check(&[(15, "2 v@+40x47 a@+20x100")], "MED-CONTV");
    check(&[(15, "2 v@+40x53 a@+20x100")], "MED-CONTV");
    check(&[(15, "2 v@+40x50 a@+20x97")], "MED-CONTA");
    check(&[(15, "2 v@+40x50 a@+20x103")], "MED-CONTA");
    check(&[(15, "2 v@+40x50 a@+20x40")], "MED-DISC MED-AVEND");
    // Sound that has ended for good ends before the pictures as it does at the end of a push.
    let ended = [(18, "2 v@+40x50 a@+20x80"), (19, "2 v@+40x50")];
    check(&ended, "MED-TRACKS");
    // Where sound goes on, times have not jumped.
    check(&[(15, "2 v@+40x15 a@+20x100")], "MED-CONTV MED-AVEND");
    // A tag allows for all.
    check(&[(15, "2 v@+40x47 a@+20x100"), (16, "2 v@+40x50 a@+20x100 disc")], "");
}

#[test]
fn a_jump_has_a_tag_and_a_tag_has_a_jump() {
    let tagged = |tag: &'static str| {
        let mut edits = vec![(15, tag)];
        edits.extend(from(16, "2 v@+40x50 a@+20x100"));
        edits
    };
    check(&tagged("2 v@+40x50 a@+20x100 disc"), "MED-USELESS");
    // Another map, other times or another format need one.
    check(&[(15, "2 v@+40x50 a@+20x100 disc map=b"), (16, "2 v@+40x50 a@+20x100 disc")], "");
    check(&[(15, "2 v0+40x50 a0+20x100 disc"), (16, "2 v@+40x50 a@+20x100 disc")], "");
    check(&[(15, "2 v0+40x50 a0+20x100"), (16, "2 v@+40x50 a@+20x100 disc")], "MED-DISC");
    // Two segments that are swapped, and one that is left out.
    let swapped = [(15, "2 v32000+40x50 a32000+20x100"), (16, "2 v30000+40x50 a30000+20x100")];
    check(&swapped, "MED-DISC");
    check(&from(15, "2 v9@+40x50 a9@+20x100"), "MED-DISC");
}

#[test]
fn formats_change_only_with_a_tag() {
    let change = |edit| vec![(14, "2 v@+40x50/c=avc a@+20x100/c=aac"), (15, edit)];
    check(&change("2 v@+40x50/c=avc a@+20x100/c=aac"), "");
    check(&change("2 v@+40x50/c=avc640 a@+20x100/c=aac"), "MED-CFG");
    check(&change("2 v@+40x50/c=avc a@+20x100/c=aac44"), "MED-CFG");
    check(&change("2 v@+40x50/c=avc a@+20x100/c=mono"), "MED-CFG");
    check(&change("2 v@+40x50/c=avc640 a@+20x100/c=aac map=b"), "");
    check(&change("2 v@+40x50/c=avc640 a@+20x100/c=aac disc"), "");
    check(&change("2 v@+40x50/c=avc/25=avc640 a@+20x100/c=aac"), "MED-CFGIN");
    check(&change("2 v@+40x50/c=avc/25=avc a@+20x100/c=aac"), "");
    check(&from(10, "2 v@+40x50/c=hevc a@+20x100"), "MED-HVC");
    check(&from(10, "2 v@+40x50/c=hevc a@+20x100 fmp4 map=a"), "");
}

#[test]
fn tracks_stay_the_same() {
    check(&from(15, "2 v@+40x50"), "MED-TRACKS");
    check(&from(15, "2 a@+20x100"), "MED-TRACKS");
    check(&from(15, "2 v@+40x50 a@+20x100 a@+20x100"), "MED-TRACKS");
    check(&from(15, "2 v@+40x50 a@+20x100 fmp4"), "MED-TRACKS");
    // Tracks of fMP4 are those of the initialization section.
    let mut lacking = from(10, "2 v@+40x50 a@+20x100 fmp4 map=a");
    lacking.extend([(21, "2 v@+40x50 fmp4 map=a")]);
    lacking.swap_remove(11);
    check(&lacking, "");
    let mut another = from(10, "2 v@+40x50 a@+20x100 fmp4 map=a");
    another.truncate(5);
    another.extend(from(15, "2 v@+40x50 fmp4 map=b"));
    check(&another, "MED-TRACKS");
    let mut tagged = vec![(15, "2 v@+40x50 disc")];
    tagged.extend(from(16, "2 v@+40x50"));
    check(&tagged, "");
}

#[test]
fn pictures_and_sound_keep_together() {
    // As OBS begins.
    check(&[(10, "2 v@+40x50 a19888+20x106")], "");
    check(&[(10, "2 v@+40x50 a19780+20x111")], "MED-AVSTART");
    check(&[(10, "2 v@+40x50 a20220+20x89")], "MED-AVSTART");
    check(
        &[(14, "2 v@+40x50 a@+20x89"), (15, "2 v@+40x50 a29780+20x111")],
        "MED-AVSTART MED-AVEND",
    );
    check(
        &[(14, "2 v@+40x50 a@+20x111"), (15, "2 v@+40x50 a30220+20x89")],
        "MED-AVSTART MED-AVEND",
    );
    // The end of a broadcast.
    check(&[(21, "2 v@+40x50 a@+20x40")], "");
    check(&[(15, "2 v@+40x50 a@+20x80"), (16, "2 v0+40x50 a0+20x100 disc")], "MED-DISC");
}

#[test]
fn pictures_and_sound_do_not_drift_apart() {
    // 15 ms in each segment, and a frame of 20 ms that comes and goes.
    check(&from(10, "2 v@+40x50 a@+19.85x100"), "MED-AVDRIFT");
    check(&from(10, "2 v@+40x50 a@+20.15x100"), "MED-AVDRIFT");
    check(&from(10, "2 v@+40x50 a@+20.01x100"), "");
    // Sound that is there, and comes 15 ms later each time.
    let later: Vec<String> =
        (10..22).map(|at| format!("2 v@+40x50 a{}+20x100", at * 2_015 - 150)).collect();
    check(&(10..).zip(later.iter().map(String::as_str)).collect::<Vec<_>>(), "MED-AVDRIFT");
    let every_other: Vec<_> = (10..22)
        .map(|at| (at, if at % 2 == 0 { "2 v@+40x50 a@+20x101" } else { "2 v@+40x50 a@+20x99" }))
        .collect();
    check(&every_other, "");
}

#[test]
fn a_segment_has_no_holes() {
    check(&[(15, "2 v@+40x20,30920+40x27 a@+20x100")], "");
    check(&[(15, "2 v@+40x20,31000+40x25 a@+20x100")], "MED-GAPIN");
    check(&[(15, "2 v@+40x50 a@+20x20,30600+20x70")], "MED-GAPIN");
    // 60 pictures a second: eight of them are no 0.15 s.
    check(&[(15, "2 v@+16.666667x20,30480+16.666667x91 a@+20x100")], "");
    check(&[(15, "2 v@+16.666667x20,30490+16.666667x91 a@+20x100")], "MED-GAPIN");
    // A screen is coded when something moves.
    check(&[(15, "2 v@+40x3,30400+40x2,30800+40x3,31200+40x4,31500+40x12 a@+20x100")], "");
    // Pictures that are lost in one place are not all in a row.
    check(&[(15, "2 v@+40x20,30880+40x1,31280+40x18 a@+20x100")], "MED-GAPIN");
}

#[test]
fn lengths_and_key_frames_are_sensible() {
    check(&from(10, "2 v@+40x50/k25 a@+20x100"), "");
    check(&from(10, "0.3 v@+40x50 a@+20x100"), "MED-EXTINF MED-EXTBIG MED-SUM MED-LEN MED-TINY");
    check(&[(15, "12 v@+40x50 a@+20x100")], "MED-EXTINF MED-EXTBIG MED-SUM MED-LEN");
    let tiny = "0.36 v@+40x9 a@+20x18";
    check(&[(21, tiny)], "");
    check(&[(15, "0.36 v@+40x9 a@+20x18 disc"), (16, "2 v@+40x50 a@+20x100 disc")], "MED-USELESS");
    check(&[(15, tiny), (16, "2 v@+40x50 a@+20x100 disc")], "");
}

#[test]
fn dates_advance_with_the_media() {
    let dated = |dates: [&'static str; 2]| vec![(14, dates[0]), (15, dates[1])];
    check(&dated(["2 v@+40x50 a@+20x100 date=100", "2 v@+40x50 a@+20x100 date=102.09"]), "");
    check(
        &dated(["2 v@+40x50 a@+20x100 date=100", "2 v@+40x50 a@+20x100 date=102.11"]),
        "PDT-MEDIA",
    );
    check(
        &dated(["2 v@+40x50 a@+20x100 date=100", "2 v0+40x50 a0+20x100 date=99 disc"]),
        "MED-DISC",
    );
}
