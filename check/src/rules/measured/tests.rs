use std::time::Duration;

use hls::read::{
    Alternative, AlternativeKind, MediaPlaylist, MultivariantPlaylist, PlaylistType, Variant,
};
use url::Url;

use super::RULES;
use super::codecs::{Likeness, likeness};
use crate::evidence::{Course, PresentationEvidence, RenditionEvidence, Traffic};
use crate::finding::Faults;
use crate::options::Options;
use crate::rule::Test;
use crate::testing::segment;

/// Twenty segments of 2 s of pictures at 25 a second, with a megabit in each: half a megabit a
/// second.
const PICTURES: &str = "2 v@+40x50/c=avc a@+20x100/c=aac bytes=125000";

fn course(text: &str) -> Course {
    let mut course = Course::default();
    for sequence in 0..20_i64 {
        let text = text.replace('@', &(sequence * 2_000).to_string());
        course.take(&segment(&format!("{sequence} {text}")));
    }
    course
}

fn playlist(first: u64, playlist_type: Option<PlaylistType>) -> MediaPlaylist {
    let segments = (first..20).map(|sequence| segment(&format!("{sequence} 2")).listed);
    MediaPlaylist {
        target_duration: Some(Duration::from_secs(2)),
        playlist_type,
        media_sequence: first,
        segments: segments.collect(),
        ..MediaPlaylist::default()
    }
}

fn variant() -> Variant {
    Variant {
        uri: "v.m3u8".to_owned(),
        bandwidth: Some(500_000),
        average_bandwidth: Some(500_000),
        codecs: Some("avc1.42c00c,mp4a.40.2".to_owned()),
        resolution: Some((320, 180)),
        frame_rate_milli: Some(25_000),
        ..Variant::default()
    }
}

/// The rules that a variant of `text` segments breaks, with `sound` to choose.
#[track_caller]
fn check(text: &str, sound: Option<&str>, is_live: bool, change: fn(&mut Variant), expected: &str) {
    let (url, sound_url) = (Url::parse("http://x/v").unwrap(), Url::parse("http://x/a").unwrap());
    let (options, traffic) = (Options::default(), Traffic::default());
    let playlist = playlist(4, (!is_live).then_some(PlaylistType::Vod));
    let (own, group) = (course(text), sound.map(course));
    let mut variant = variant();
    variant.audio = sound.map(|_| "a".to_owned());
    change(&mut variant);
    let alternative = alternative();
    let main = RenditionEvidence {
        url: &url,
        playlist: &playlist,
        variant: Some(&variant),
        alternative: None,
        course: &own,
        options: &options,
    };
    let mut renditions = vec![main];
    renditions.extend(group.as_ref().map(|course| RenditionEvidence {
        url: &sound_url,
        variant: None,
        alternative: Some(&alternative),
        course,
        ..main
    }));
    let multivariant = MultivariantPlaylist {
        alternatives: vec![alternative.clone()],
        ..MultivariantPlaylist::default()
    };
    let presentation = PresentationEvidence {
        multivariant: Some(&multivariant),
        renditions: &renditions,
        traffic: &traffic,
    };
    let mut said = Vec::new();
    let mut broken = Vec::new();
    for rule in RULES {
        let before = said.len();
        if let Test::Presentation(test) = rule.test {
            test(&presentation, &mut Faults::new(&mut said));
        }
        broken.extend((said.len() > before).then_some(rule.id));
    }
    assert_eq!(broken.join(" "), expected, "{said:#?}");
}

fn alternative() -> Alternative {
    Alternative {
        kind: AlternativeKind::Audio,
        group: "a".to_owned(),
        uri: Some("a.m3u8".to_owned()),
        ..Alternative::default()
    }
}

#[test]
fn what_is_true_breaks_nothing() {
    check(PICTURES, None, true, |_| {}, "");
    check(PICTURES, None, false, |_| {}, "");
    // What is not said is not wrong, here.
    let silent = |variant: &mut Variant| {
        *variant = Variant { uri: "v".to_owned(), ..Variant::default() };
    };
    check(PICTURES, None, true, silent, "");
    check("2 unknown key", None, true, |variant| variant.bandwidth = Some(4_000), "");
}

#[test]
fn bit_rates_are_those_of_the_segments() {
    check(PICTURES, None, true, |it| it.bandwidth = Some(400_000), "");
    check(PICTURES, None, true, |it| it.bandwidth = Some(399_999), "MV-PEAK");
    check(PICTURES, None, false, |it| it.bandwidth = Some(454_546), "");
    check(PICTURES, None, false, |it| it.bandwidth = Some(454_545), "MV-PEAK");
    check(PICTURES, None, true, |it| it.bandwidth = Some(1_000_000), "");
    check(PICTURES, None, true, |it| it.bandwidth = Some(1_000_001), "MV-PEAKLOW");
    check(PICTURES, None, true, |it| it.average_bandwidth = Some(454_546), "");
    check(PICTURES, None, true, |it| it.average_bandwidth = Some(454_545), "MV-AVGTRUE");
}

/// One more segment may have come between a live playlist and the multivariant playlist.
#[test]
fn the_average_of_a_few_live_segments_is_not_judged() {
    let of = |first| {
        let (url, options) = (Url::parse("http://x/v").unwrap(), Options::default());
        let (course, playlist) = (course(PICTURES), playlist(first, None));
        let rendition = RenditionEvidence {
            url: &url,
            playlist: &playlist,
            variant: None,
            alternative: None,
            course: &course,
            options: &options,
        };
        super::rates::listed_rates(&rendition).map(|(_, average)| average)
    };
    assert_eq!((of(8), of(9)), (Some(500_000), None));
}

#[test]
fn sound_that_can_be_chosen_counts() {
    let pictures = "2 v@+40x50/c=avc bytes=125000";
    let sound = Some("2 a@+20x100/c=aac bytes=25000");
    check(pictures, sound, true, |_| {}, "MV-AVGTRUE");
    let both = |it: &mut Variant| {
        it.bandwidth = Some(1_200_000);
        it.average_bandwidth = Some(600_000);
    };
    check(pictures, sound, true, both, "");
    let unnamed = |it: &mut Variant| {
        it.average_bandwidth = Some(600_000);
        it.codecs = Some("avc1.42c00c".to_owned());
    };
    check(pictures, sound, true, unnamed, "MV-CODTRUE");
    // Another group says nothing of this variant, and what was not fetched is not judged.
    check(pictures, sound, true, |it| it.audio = Some("b".to_owned()), "");
    check(pictures, None, true, |it| it.audio = Some("a".to_owned()), "");
    let high = |it: &mut Variant| {
        it.audio = Some("a".to_owned());
        it.bandwidth = Some(9_000_000);
    };
    check(pictures, None, true, high, "");
}

#[test]
fn formats_sizes_and_frame_rates_are_those_of_the_segments() {
    let codecs = |codecs: fn(&mut Variant), expected| check(PICTURES, None, true, codecs, expected);
    codecs(|it| it.codecs = Some("avc1.42c00c".to_owned()), "MV-CODTRUE");
    codecs(|it| it.codecs = Some("mp4a.40.2,avc1.64000c".to_owned()), "MV-CODTRUE");
    codecs(|it| it.codecs = Some("mp4a.40.2,avc1.42c01e".to_owned()), "MV-CODLVL");
    codecs(|it| it.resolution = Some((640, 360)), "MV-RESTRUE");
    codecs(|it| it.frame_rate_milli = Some(24_550), "");
    codecs(|it| it.frame_rate_milli = Some(24_400), "MV-FPSTRUE");
    codecs(|it| it.frame_rate_milli = Some(30_000), "MV-FPSTRUE");
}

#[test]
fn entries_of_codecs_are_compared_by_what_they_mean() {
    use Likeness::{Family, Other, Profile, Same};
    for (entry, measured, expected) in [
        ("avc1.64001F", "avc1.64001f", Same),
        (" avc3.64001f", "avc1.64001f", Same),
        ("avc1.42E01F", "avc1.42C01F", Same),
        ("avc1.66.30", "avc1.42c01e", Same),
        ("avc1.77.30", "avc1.42c01e", Family),
        ("avc1.4d401f", "avc1.64001f", Family),
        ("avc1.640028", "avc1.64001f", Profile),
        ("avc1", "avc1.64001f", Same),
        ("hev1.1.6.L93.B0", "hvc1.1.6.L93.90", Same),
        ("hvc1.2.4.L93.B0", "hvc1.1.6.L93.B0", Family),
        ("hvc1.1.6.L120.B0", "hvc1.1.6.L93.B0", Profile),
        ("dvh1.05.03", "hvc1.2.4.L93.B0", Same),
        ("hvc1.1.6.L93.B0", "avc1.64001f", Other),
        ("av01.0.04M.08", "av01.0.04M.08.0.110.01.01.01.0", Same),
        ("av01.0.04M.10", "av01.0.04M.08", Family),
        ("av01.0.05M.08", "av01.0.04M.08", Profile),
        ("vp09.00.10.08", "vp09.00.10.08.01.01.01.01.00", Same),
        ("vp09.02.10.10", "vp09.00.10.08", Family),
        ("vp09.00.11.08", "vp09.00.10.08", Profile),
        ("vp9", "vp09.00.10.08", Same),
        ("mp4a.40.5", "mp4a.40.2", Same),
        ("mp4a.40.02", "mp4a.40.2", Same),
        ("mp4a.40.2", "mp4a.40.29", Same),
        ("mp4a.67", "mp4a.40.2", Same),
        ("mp4a.67", "mp4a.40.1", Family),
        ("mp4a.40.1", "mp4a.40.2", Family),
        ("mp4a.40.34", "mp4a.40.2", Other),
        ("mp4a.6B", "mp4a.40.34", Same),
        ("mp4a.69", "mp4a.40.34", Same),
        ("mp3", "mp4a.40.34", Same),
        ("mp4a.40.2", "mp4a.40.34", Other),
        ("mp4a.a5", "ac-3", Same),
        ("AC-3", "ac-3", Same),
        ("ac-3", "ec-3", Other),
        ("mp4a.A6", "ec-3", Same),
        ("Opus", "opus", Same),
        ("flac", "fLaC", Same),
        ("wvtt", "opus", Other),
        ("", "opus", Other),
        ("avc1.", "avc1.64001f", Same),
        ("avc1.é", "avc1.64001f", Same),
    ] {
        assert_eq!(likeness(entry, measured), expected, "{entry} for {measured}");
    }
}
