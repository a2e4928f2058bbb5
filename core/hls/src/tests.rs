use std::collections::BTreeMap;

use m3u8_rs::Playlist;
use proptest::prelude::*;
use timeline::{
    Claimant, Container, DateRange, Entry, InitRecord, Ledger, Medium, NewSegment, RenditionId,
    SegmentRecord, Sha256, TrackRecord, VideoRange, Window, WindowPolicy,
};

use crate::{Bandwidth, render_media, render_multivariant};

fn rendition() -> RenditionId {
    RenditionId::parse("ts").unwrap()
}

pub(crate) fn claimant() -> Claimant {
    Claimant { node: "a".into(), origin_url: None }
}

/// A segment of `ticks` that begins at `start`, with one byte per tick.
pub(crate) fn segment(start: i64, ticks: i64) -> NewSegment {
    let video = Medium::Video {
        width: 1_280,
        height: 720,
        frame_rate_milli: 29_970,
        range: VideoRange::Sdr,
    };
    let audio = Medium::Audio { sample_rate: 48_000, channels: 2 };
    let track = |codec: &str, medium| TrackRecord { codec: codec.into(), medium };
    NewSegment {
        start,
        end: start + ticks,
        calendar_ms: 1_700_000_000_000 + start / 90,
        discontinuity: false,
        independent: true,
        target_duration_s: 2,
        part_target_ms: None,
        parts: Vec::new(),
        renditions: vec![SegmentRecord {
            rendition: rendition(),
            container: Container::Ts,
            bytes: ticks.unsigned_abs(),
            sha256: Sha256([0; 32]),
            part_bytes: Vec::new(),
            tracks: vec![track("avc1.64001f", video), track("mp4a.40.2", audio)],
            init: None,
            is_alternative: false,
            captions: Vec::new(),
        }],
    }
}

pub(crate) fn window(entries: &[Entry]) -> Window {
    let mut window = Window::new(WindowPolicy { length_ms: 30_000 });
    entries.iter().for_each(|entry| window.apply(entry));
    window
}

/// Reads a playlist with two parsers that are not ours; both must agree on what they can say.
fn read_back(text: &str) -> m3u8_rs::MediaPlaylist {
    let (_, playlist) = m3u8_rs::parse_playlist(text.as_bytes()).unwrap();
    let Playlist::MediaPlaylist(playlist) = playlist else { panic!("{text}") };
    let mut reader =
        quick_m3u8::Reader::from_str(text, quick_m3u8::config::ParsingOptions::default());
    let mut uris = Vec::new();
    while let Ok(Some(line)) = reader.read_line() {
        match line {
            quick_m3u8::HlsLine::Uri(uri) => uris.push(uri.to_string()),
            quick_m3u8::HlsLine::UnknownTag(tag) => panic!("unknown tag {tag:?}"),
            quick_m3u8::HlsLine::KnownTag(_)
            | quick_m3u8::HlsLine::Comment(_)
            | quick_m3u8::HlsLine::Blank => {}
        }
    }
    let same: Vec<_> = playlist.segments.iter().map(|segment| segment.uri.clone()).collect();
    assert_eq!(uris, same);
    playlist
}

#[test]
fn a_live_playlist_says_what_players_need() {
    let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
    let first = ledger.segment(segment(0, 180_000), 0);
    let second = ledger.segment(segment(180_000, 180_180), 0);
    let text = render_media(&window(&[opened, first, second]), None, &rendition(), None).unwrap();
    let expected = "\
#EXTM3U
#EXT-X-VERSION:3
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,CAN-SKIP-DATERANGES=YES,HOLD-BACK=6.0
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z
#EXTINF:2.000,
1/0.ts
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.000Z
#EXTINF:2.002,
1/1.ts
";
    assert_eq!(text, expected);
    assert_eq!(read_back(&text).segments.len(), 2);
}

#[test]
fn a_restart_a_gap_and_the_end_are_said_where_they_happened() {
    let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
    let first = ledger.segment(segment(0, 180_000), 0);
    let (mut ledger, reopened) = Ledger::claim(Some(&first), claimant(), 0);
    let second = ledger.segment(NewSegment { independent: false, ..segment(0, 180_000) }, 0);
    let gap = ledger.gap(0, 0, 0);
    let ended = ledger.ended("over", 0);
    let text = render_media(
        &window(&[opened, first, reopened, second, gap, ended]),
        None,
        &rendition(),
        None,
    );
    let expected = "\
#EXTM3U
#EXT-X-VERSION:8
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,CAN-SKIP-DATERANGES=YES,HOLD-BACK=6.0
#EXT-X-GAP
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z
#EXTINF:2.000,
1/0.ts
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.000Z
#EXTINF:2.000,
2/1.ts
#EXT-X-ENDLIST
";
    assert_eq!(text.unwrap(), expected);
}

#[test]
fn a_multivariant_playlist_says_what_was_measured() {
    let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
    let first = ledger.segment(segment(0, 180_000), 0);
    let mut rich = segment(180_000, 180_000);
    rich.renditions[0].bytes = 360_000;
    let second = ledger.segment(rich, 0);
    let text = render_multivariant(&window(&[opened, first, second]), None).unwrap();
    let expected = "\
#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=1440000,AVERAGE-BANDWIDTH=1080000,\
CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=29.970,CLOSED-CAPTIONS=NONE
ts/index.m3u8
";
    assert_eq!(text, expected);
    let (_, playlist) = m3u8_rs::parse_playlist(text.as_bytes()).unwrap();
    let Playlist::MasterPlaylist(playlist) = playlist else { panic!("{text}") };
    assert_eq!(playlist.variants[0].bandwidth, 1_440_000);
}

/// A push of two video and two audio tracks in both containers.
pub(crate) fn ladder(start: i64) -> NewSegment {
    let new = segment(start, 180_000);
    let record = |name: &str, container, bytes| {
        let init = InitRecord { number: 0, bytes: 700, sha256: Sha256([0; 32]) };
        let mut record = new.renditions[0].clone();
        record.rendition = RenditionId::parse(name).unwrap();
        (record.container, record.bytes) = (container, bytes);
        record.init = (container == Container::Fmp4).then_some(init);
        record
    };
    let (ts, fmp4) = (Container::Ts, Container::Fmp4);
    let mut second = record("ts-v1", ts, 90_000);
    second.captions = vec!["CC1".into(), "SERVICE1".into()];
    let mut sound = record("ts-a1", ts, 18_000);
    sound.is_alternative = true;
    sound.tracks = vec![TrackRecord {
        codec: "mp3".into(),
        medium: Medium::Audio { sample_rate: 44_100, channels: 1 },
    }];
    let renditions = vec![record("ts", ts, 180_000), second, sound, record("fmp4", fmp4, 180_000)];
    NewSegment { renditions, ..new }
}

#[test]
fn every_video_track_is_a_variant_and_further_sound_an_alternative() {
    let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
    let window = window(&[opened, ledger.segment(ladder(0), 0)]);
    let expected = "\
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Audio 1\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Audio 2\",DEFAULT=NO,AUTOSELECT=NO,CHANNELS=\"1\",URI=\"ts-a1/index.m3u8\"
#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"CC1\",DEFAULT=YES,AUTOSELECT=YES,INSTREAM-ID=\"CC1\"
#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"SERVICE1\",DEFAULT=NO,AUTOSELECT=NO,INSTREAM-ID=\"SERVICE1\"
#EXT-X-STREAM-INF:BANDWIDTH=792000,AVERAGE-BANDWIDTH=792000,CODECS=\"avc1.64001f,mp4a.40.2,mp3\",\
RESOLUTION=1280x720,FRAME-RATE=29.970,CLOSED-CAPTIONS=\"cc\",AUDIO=\"audio\"
ts/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=432000,AVERAGE-BANDWIDTH=432000,CODECS=\"avc1.64001f,mp4a.40.2,mp3\",\
RESOLUTION=1280x720,FRAME-RATE=29.970,CLOSED-CAPTIONS=\"cc\",AUDIO=\"audio\"
ts-v1/index.m3u8
";
    assert_eq!(render_multivariant(&window, None).unwrap(), expected);
    assert_eq!(render_multivariant(&window, Some(Container::Ts)).unwrap(), expected);
    let (_, playlist) = m3u8_rs::parse_playlist(expected.as_bytes()).unwrap();
    let Playlist::MasterPlaylist(playlist) = playlist else { panic!("{expected}") };
    assert_eq!((playlist.variants.len(), playlist.alternatives.len()), (2, 4));
    let fmp4 = render_multivariant(&window, Some(Container::Fmp4)).unwrap();
    assert!(fmp4.ends_with("CLOSED-CAPTIONS=NONE\nfmp4/index.m3u8\n"), "{fmp4}");
}

#[test]
fn variants_that_have_nothing_for_a_while_are_still_listed() {
    let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
    let first = ledger.segment(ladder(0), 0);
    let mut alone = ladder(180_000);
    alone.renditions.retain(|record| record.is_alternative);
    let window = window(&[opened, first, ledger.segment(alone, 0)]);
    let text = render_multivariant(&window, None).unwrap();
    assert!(text.ends_with("ts-v1/index.m3u8\n"), "{text}");
}

#[test]
fn a_container_that_the_stream_is_not_in_has_no_list() {
    let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
    let window = window(&[opened, ledger.segment(segment(0, 180_000), 0)]);
    assert_eq!(render_multivariant(&window, Some(Container::Fmp4)), None);
}

#[test]
fn what_must_be_read_first_is_named_where_it_changes() {
    let fmp4 = RenditionId::parse("fmp4").unwrap();
    let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
    let mut entries = vec![opened];
    for start in [0, 180_000, 360_000] {
        let mut new = ladder(start);
        if start == 360_000 {
            new.discontinuity = true;
            new.renditions[3].init.as_mut().unwrap().number = 1;
        }
        entries.push(ledger.segment(new, 0));
        if start == 0 {
            entries.push(ledger.date_range(range("a", 1_000), 0));
            entries.push(ledger.date_range(range("late", 60_000), 0));
        }
    }
    let (mut ledger, opened) = Ledger::claim(entries.last(), claimant(), 0);
    entries.extend([opened, ledger.segment(ladder(0), 0)]);
    let text = render_media(&window(&entries), None, &fmp4, None).unwrap();
    let shown: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with("#EXT-X-PROGRAM") && !line.starts_with("#EXTINF"))
        .collect();
    let expected = "\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,CAN-SKIP-DATERANGES=YES,HOLD-BACK=6.0
#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2023-11-14T22:13:21.000Z\",DURATION=0.000
#EXT-X-DATERANGE:ID=\"late\",START-DATE=\"2023-11-14T22:14:20.000Z\",DURATION=0.000
#EXT-X-MAP:URI=\"1/init-0.mp4\"
1/0.m4s
1/1.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI=\"1/init-1.mp4\"
1/2.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI=\"2/init-0.mp4\"
2/3.m4s";
    assert_eq!(shown.join("\n"), expected);
    read_back(&text);
}

#[test]
fn a_rendition_that_comes_late_counts_with_the_others() {
    let fmp4 = RenditionId::parse("fmp4").unwrap();
    let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
    let entries =
        [opened, ledger.segment(segment(0, 180_000), 0), ledger.segment(ladder(180_000), 0)];
    let text = render_media(&window(&entries), None, &fmp4, None).unwrap();
    let playlist = read_back(&text);
    assert_eq!((playlist.media_sequence, playlist.segments.len()), (0, 2));
    let gap = "#EXT-X-GAP\n#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n#EXTINF:2.000,\n\
               1/0.m4s\n#EXT-X-MAP:";
    assert!(text.contains(gap) && text.contains("#EXT-X-VERSION:8\n"), "{text}");
}

pub(crate) fn range(id: &str, after_ms: i64) -> DateRange {
    DateRange {
        id: id.into(),
        class: None,
        start_ms: 1_700_000_000_000 + after_ms,
        duration_ms: Some(0),
        planned_duration_ms: None,
        attributes: BTreeMap::new(),
    }
}

#[test]
fn a_short_last_segment_does_not_make_a_peak() {
    let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
    let first = ledger.segment(segment(0, 180_000), 0);
    let mut stub = segment(180_000, 3_000);
    stub.renditions[0].bytes = 90_000;
    let second = ledger.segment(stub, 0);
    let measured = Bandwidth::measure(&window(&[opened, first, second]), &rendition()).unwrap();
    // 270,000 bytes in 2.033 s; the stub alone would be 21 Mb/s.
    assert_eq!((measured.peak, measured.average), (1_062_470, 1_062_470));
}

#[test]
fn nothing_is_rendered_before_the_first_segment() {
    let (_, opened) = Ledger::claim(None, claimant(), 0);
    let window = window(&[opened]);
    assert_eq!(render_media(&window, None, &rendition(), None), None);
    assert_eq!(render_multivariant(&window, None), None);
}

/// A day of 29.97 frames a second, cut every 50 frames: truncated lengths would fall 17 s short.
#[test]
fn the_printed_lengths_of_a_day_add_up_to_the_day() {
    let (mut ledger, _) = Ledger::claim(None, claimant(), 0);
    let mut window = Window::new(WindowPolicy { length_ms: i64::MAX });
    let ticks = 50 * 3_003;
    for number in 0..51_788 {
        window.apply(&ledger.segment(segment(number * ticks, ticks), 0));
    }
    let text = render_media(&window, None, &rendition(), None).unwrap();
    let printed: i64 = text
        .lines()
        .filter_map(|line| line.strip_prefix("#EXTINF:"))
        .map(|value| value.trim_end_matches(',').replace('.', "").parse::<i64>().unwrap())
        .sum();
    assert_eq!(printed, timeline::boundary_ms(51_788 * ticks));
}

proptest! {
    #[test]
    fn every_playlist_is_read_back_as_it_was_meant(
        lengths in prop::collection::vec(1_i64..900_000, 1..40),
    ) {
        let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
        let mut entries = vec![opened];
        let mut now = 0;
        for ticks in &lengths {
            entries.push(ledger.segment(segment(now, *ticks), 0));
            now += ticks;
        }
        let window = window(&entries);
        let playlist = read_back(&render_media(&window, None, &rendition(), None).unwrap());
        let first = window.segments().next().unwrap();
        prop_assert_eq!(playlist.media_sequence, first.sequence);
        prop_assert_eq!(playlist.segments.len(), window.segments().len());
        for (read, listed) in playlist.segments.iter().zip(window.segments()) {
            let read_ms = f64::from(read.duration) * 1_000.0;
            prop_assert!((read_ms - listed.length_ms as f64).abs() < 1.0);
        }
    }
}
