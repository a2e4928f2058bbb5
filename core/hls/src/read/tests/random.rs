use proptest::prelude::*;
use timeline::{Claimant, Ledger, NewSegment};

use super::*;
use crate::tests::{claimant, ladder, segment, window};
use crate::{render_media, render_multivariant};

/// Words that playlists are made of, and some that they should not be.
const WORDS: [&str; 46] = [
    "#EXTM3U",
    "#EXTINF:",
    "#EXT-X-BYTERANGE:",
    "#EXT-X-DISCONTINUITY",
    "#EXT-X-KEY:",
    "#EXT-X-MAP:",
    "#EXT-X-PROGRAM-DATE-TIME:",
    "#EXT-X-GAP",
    "#EXT-X-BITRATE:",
    "#EXT-X-PART:",
    "#EXT-X-TARGETDURATION:",
    "#EXT-X-MEDIA-SEQUENCE:",
    "#EXT-X-DISCONTINUITY-SEQUENCE:",
    "#EXT-X-ENDLIST",
    "#EXT-X-PLAYLIST-TYPE:",
    "#EXT-X-I-FRAMES-ONLY",
    "#EXT-X-SKIP:",
    "#EXT-X-DATERANGE:",
    "#EXT-X-STREAM-INF:",
    "#EXT-X-MEDIA:",
    "#EXT-X-DEFINE:",
    "#EXT-X-START:",
    "\n",
    "\n",
    "\n",
    "\r\n",
    ",",
    ",",
    "=",
    "=",
    "\"",
    "\"",
    "{$a}",
    "URI",
    "NAME",
    "VALUE",
    "ID",
    "METHOD",
    "BANDWIDTH",
    "DURATION",
    "SKIPPED-SEGMENTS",
    "2.5",
    "18446744073709551615",
    "YES",
    "a.ts",
    "\u{feff}",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_soup_of_tags_is_read(words in prop::collection::vec(0..WORDS.len(), 0..200)) {
        let text: String = words.iter().map(|word| WORDS[*word]).collect();
        crate::fuzz::playlist(format!("#EXTM3U\n{text}\0#EXTM3U\n{text}").as_bytes());
        crate::fuzz::playlist(text.as_bytes());
    }

    /// Breaks, gaps, what cannot be decoded by itself, an encoder that came back, and the end.
    #[test]
    fn what_we_render_is_read_as_what_it_was(
        kinds in prop::collection::vec((0_u8..8, 1_i64..900_000), 1..40),
        has_ended: bool,
    ) {
        let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
        let (mut entries, mut now) = (vec![opened], 0);
        for (kind, ticks) in kinds {
            if kind == 0 {
                let before: Claimant = claimant();
                let (next, opened) = Ledger::claim(entries.last(), before, 0);
                ledger = next;
                entries.push(opened);
            }
            let mut new = NewSegment { end: now + ticks, ..ladder(now) };
            new.discontinuity = kind == 1;
            new.independent = kind != 2;
            if kind == 3 {
                new.renditions.remove(3);
            }
            if kind == 4 {
                new = segment(now, ticks);
            }
            entries.push(ledger.segment(new, 0));
            now += ticks;
        }
        if has_ended {
            entries.push(ledger.ended("over", 0));
        }
        let window = window(&entries);
        for rendition in ["ts", "fmp4", "ts-a1"] {
            let rendition = timeline::RenditionId::parse(rendition).unwrap();
            let Some(text) = render_media(&window, None, &rendition, None) else { continue };
            let read = media(&text);
            prop_assert_eq!(read.has_ended, has_ended);
            let target = window.target_duration_s();
            let target = target.map(|seconds| std::time::Duration::from_secs(seconds.into()));
            prop_assert_eq!(read.target_duration, target);
            let is_independent = window.segments().all(|segment| segment.independent);
            prop_assert_eq!(read.is_independent, is_independent);
            prop_assert_eq!(read.segments.len(), window.segments().len());
            for (read, listed) in read.segments.iter().zip(window.segments()) {
                prop_assert_eq!(read.sequence, listed.sequence);
                prop_assert_eq!(read.discontinuity_sequence, listed.discontinuity_sequence);
                prop_assert_eq!(read.has_discontinuity, listed.discontinuity);
                prop_assert_eq!(read.duration.as_millis(), listed.length_ms.unsigned_abs().into());
                let date = read.date.as_ref().unwrap().1;
                prop_assert_eq!(date, Some(i128::from(listed.calendar_ms) * 1_000_000));
                let record = listed.renditions.iter().find(|it| it.rendition == rendition);
                prop_assert_eq!(read.is_gap, listed.gap || record.is_none());
                let is_fmp4 = record.is_some_and(|record| record.init.is_some());
                prop_assert!(!is_fmp4 || read.map.is_some());
            }
        }
        if let Some(text) = render_multivariant(&window, None) {
            let document = read(text.as_bytes());
            prop_assert_eq!(document.faults, vec![]);
            let Playlist::Multivariant(listed) = document.playlist else { panic!("{text}") };
            prop_assert!(listed.variants.iter().all(|it| it.uri.ends_with("/index.m3u8")));
            prop_assert!(listed.variants.iter().all(|it| it.resolution == Some((1_280, 720))));
        }
    }
}
