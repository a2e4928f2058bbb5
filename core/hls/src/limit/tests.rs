use timeline::Ledger;

use super::*;
use crate::tests::{claimant, ladder, window};

/// Variants by height and megabits, with groups; a line each, and what is named beside.
const LADDER: &str = "#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"stereo\",NAME=\"Audio 1\",DEFAULT=YES,AUTOSELECT=YES
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"surround\",NAME=\"Audio 1\",DEFAULT=YES,URI=\"5/index.m3u8\"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"all\",NAME=\"en\",URI=\"en/index.m3u8\"
#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"surround\",NAME=\"CC1\",INSTREAM-ID=\"CC1\"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"nobodys\",NAME=\"x\"
#EXT-X-STREAM-INF:BANDWIDTH=2000000,RESOLUTION=1280x720,AUDIO=\"stereo\",SUBTITLES=\"all\"
720/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=6000000,RESOLUTION=1920x1080,AUDIO=\"surround\",SUBTITLES=\"all\"
# a remark

1080/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,AUDIO=\"stereo\",CLOSED-CAPTIONS=\"surround\"
360/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=3000000,AUDIO=\"stereo\"
sound/index.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=500000,RESOLUTION=1920x1080,URI=\"i/index.m3u8\"
";

/// What stays, in short: the tops of lines and the URIs.
#[track_caller]
fn check(limit: (u32, u64), gone: &[&str]) {
    let limit = Limit {
        height_max: Some(limit.0).filter(|max| *max > 0),
        bitrate_max: Some(limit.1).filter(|max| *max > 0),
    };
    let left = limit.apply(LADDER).unwrap_or_else(|| LADDER.to_owned());
    let missing: Vec<_> = LADDER.lines().filter(|line| !left.contains(line)).collect();
    let short: Vec<_> = missing
        .iter()
        .map(|line| {
            let quoted = |name: &str| line.split_once(name).and_then(|it| it.1.split('"').next());
            let id = quoted("GROUP-ID=\"").or_else(|| quoted("URI=\""));
            id.unwrap_or(line).split([',', ':']).next_back().unwrap()
        })
        .filter(|line| line.ends_with(".m3u8") || !line.contains('='))
        .collect();
    assert_eq!(short, gone, "{limit:?}");
    let kept: Vec<_> = left.lines().collect();
    let order: Vec<_> = LADDER.lines().filter(|line| kept.contains(line)).collect();
    assert_eq!(kept, order, "{limit:?}");
    let document = read(left.as_bytes());
    assert_eq!(document.faults, [], "{left}");
}

#[test]
fn what_is_taller_or_faster_goes_with_the_groups_that_it_alone_names() {
    let tall = ["surround", "1080/index.m3u8", "i/index.m3u8"];
    check((720, 0), &tall);
    check((1_079, 0), &tall);
    check((1_080, 0), &[]);
    check((719, 0), &["surround", "all", "720/index.m3u8", "1080/index.m3u8", "i/index.m3u8"]);
    check((0, 3_000_000), &["surround", "1080/index.m3u8"]);
    check((0, 2_999_999), &["surround", "1080/index.m3u8", "sound/index.m3u8"]);
    check((720, 2_000_000), &["surround", "1080/index.m3u8", "sound/index.m3u8", "i/index.m3u8"]);
}

#[test]
fn a_variant_without_a_picture_is_not_tall() {
    let all = ["surround", "all", "surround", "720/index.m3u8", "1080/index.m3u8"];
    let all = [&all[..], &["360/index.m3u8", "i/index.m3u8"]].concat();
    check((1, 0), &all);
}

#[test]
fn somebody_who_may_watch_sees_something() {
    let all_but_the_least =
        ["surround", "all", "720/index.m3u8", "1080/index.m3u8", "sound/index.m3u8"];
    check((0, 500_000), &all_but_the_least);
    check((1, 1), &[&all_but_the_least[..], &["i/index.m3u8"]].concat());
}

#[test]
fn where_all_is_allowed_nothing_is_written_anew() {
    let all = Limit { height_max: Some(1_080), bitrate_max: Some(6_000_000) };
    assert_eq!(all.apply(LADDER), None);
    assert_eq!(Limit::default().apply(LADDER), None);
}

#[test]
fn what_is_no_multivariant_playlist_stays_as_it_is() {
    let least = Limit { height_max: Some(1), bitrate_max: Some(1) };
    let media = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n0.ts\n";
    for text in ["", "#EXTM3U\n", "hello", media, "#EXT-X-STREAM-INF:BANDWIDTH=9\nx"] {
        assert_eq!(least.apply(text), None, "{text:?}");
    }
}

#[test]
fn a_variant_that_hides_its_rate_has_the_highest() {
    let text = "#EXTM3U\n#EXT-X-STREAM-INF:RESOLUTION=2x2\na\n#EXT-X-STREAM-INF:BANDWIDTH=9\nb\n";
    let limit = Limit { bitrate_max: Some(9), ..Limit::default() };
    assert_eq!(limit.apply(text).unwrap(), "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9\nb\n");
}

#[test]
fn our_own_lists_are_cut_as_those_of_others() {
    let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
    let window = window(&[opened, ledger.segment(ladder(0), 0)]);
    let text = crate::render_multivariant(&window, None).unwrap();
    let limit = Limit { bitrate_max: Some(500_000), ..Limit::default() };
    let left = limit.apply(&text).unwrap();
    let (kept, gone) = ("\nts-v1/index.m3u8\n", "\nts/index.m3u8\n");
    assert!(left.contains(kept) && !left.contains(gone) && text.contains(gone), "{left}");
    assert_eq!((left.matches("BANDWIDTH").count(), left.matches("#EXT-X-MEDIA:").count()), (2, 4));
}
