use proptest::prelude::*;
use timeline::{Entry, Ledger, NewSegment, Window, WindowPolicy};

use super::*;
use crate::read::{Playlist, read};
use crate::tests::{claimant, ladder, range, segment};
use crate::{Block, container_of, map_before};

fn id(name: &str) -> RenditionId {
    RenditionId::parse(name).unwrap()
}

/// Everything that a journal tells, however old.
fn whole(entries: &[Entry]) -> Window {
    let mut window = Window::with_tail(WindowPolicy { length_ms: i64::MAX });
    entries.iter().for_each(|entry| window.apply(entry));
    window
}

/// A history of `kinds`, over and over: 1 a break, 2 a segment that cannot be decoded by itself, 3
/// one without `fmp4`, 4 one with `ts` only, 5 a lost one, 6 another init, 7 an encoder that comes
/// back, 8 a broadcast that ends and another one.
fn history(kinds: &[u8], count: usize) -> Vec<Entry> {
    let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
    let (mut entries, mut now, mut init) = (vec![opened], 0, 0);
    for (number, kind) in (0..).zip(kinds.iter().cycle().take(count)) {
        if *kind == 8 {
            entries.push(ledger.ended("over", 0));
        }
        if *kind >= 7 {
            let (next, opened) = Ledger::claim(entries.last(), claimant(), 0);
            (ledger, now) = (next, 0);
            entries.push(opened);
        }
        let mut new = ladder(now);
        let calendar_ms = 1_700_000_000_000 + number * 2_000;
        init += u32::from(*kind == 6);
        for record in &mut new.renditions {
            record.init = record.init.map(|it| timeline::InitRecord { number: init, ..it });
        }
        match kind {
            3 => drop(new.renditions.remove(3)),
            4 => new.renditions = segment(0, 1).renditions,
            _ => {}
        }
        let discontinuity = *kind == 1 || *kind == 6;
        let new = NewSegment { calendar_ms, discontinuity, independent: *kind != 2, ..new };
        now = new.end;
        entries.push(ledger.segment(new, 0));
        if *kind == 5 {
            let number = u64::try_from(number).unwrap();
            entries.push(ledger.gap(number, number, 0));
        }
    }
    entries
}

fn pages(window: &Window, rendition: &RenditionId) -> Vec<Page> {
    let segments: Vec<_> = window.tail().collect();
    let whole = segments.chunks_exact(256);
    whole.filter_map(|of_page| Page::render(of_page, rendition, &[])).collect()
}

#[test]
fn a_page_is_a_playlist_that_is_complete_in_itself() {
    let window = whole(&history(&[0, 0, 1, 6, 5], 256));
    let ranges = [range("a", 4_000), range("before", -60_000)];
    let segments: Vec<_> = window.tail().collect();
    let page = Page::render(&segments, &id("fmp4"), &ranges).unwrap();
    let text = std::str::from_utf8(page.text()).unwrap();
    let expected = "\
#EXTM3U
#EXT-X-VERSION:8
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2023-11-14T22:13:24.000Z\",DURATION=0.000
#WEIR-PAGE:{\"version\":1,\"number\":0,";
    assert!(text.starts_with(expected), "{text}");
    let lines = "}\n#EXT-X-MAP:URI=\"1/init-0.mp4\"\n\
                 #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n#EXTINF:2.000,\n1/0.m4s\n";
    assert!(text.contains(lines) && text.ends_with("1/255.m4s\n#EXT-X-ENDLIST\n"), "{text}");
    let read = read(page.text());
    assert_eq!(read.faults, []);
    let Playlist::Media(media) = read.playlist else { panic!("{text}") };
    assert_eq!((media.segments.len(), media.has_ended), (256, true));
    let (_, other) = m3u8_rs::parse_media_playlist(page.text()).unwrap();
    assert_eq!((other.segments.len(), other.end_list), (256, true));
    assert_eq!(Page::parse(page.text().clone()).unwrap(), page);
    assert!(text.len() < 256 * 110, "{} bytes", text.len());
}

#[test]
fn only_what_fills_a_page_is_one() {
    let window = whole(&history(&[0], 600));
    let segments: Vec<_> = window.tail().collect();
    let is_page = |from: usize, to: usize, rendition: &str| {
        Page::render(&segments[from..to], &id(rendition), &[]).is_some()
    };
    assert!(is_page(0, 256, "ts") && is_page(256, 512, "ts-a1"));
    assert!(!is_page(0, 255, "ts") && !is_page(1, 257, "ts") && !is_page(512, 600, "ts"));
    assert!(!is_page(0, 256, "hd") && !is_page(0, 0, "ts"));
}

#[test]
fn a_segment_is_found_by_its_date() {
    let window = whole(&history(&[0], 256));
    let page = pages(&window, &id("ts")).remove(0);
    let at = |ms: i64| 1_700_000_000_000 + ms;
    let check = |ms, first, end| {
        assert_eq!((page.first_after(at(ms)), page.end_before(at(ms))), (first, end), "{ms}");
    };
    check(-5, Some(0), 0);
    check(0, Some(0), 0);
    check(1, Some(0), 1);
    check(1_999, Some(0), 1);
    check(2_000, Some(1), 1);
    check(511_999, Some(255), 256);
    check(512_000, None, 256);
}

#[test]
fn what_is_no_page_is_refused() {
    let window = whole(&history(&[0], 256));
    let page = pages(&window, &id("ts")).remove(0);
    let text = String::from_utf8(page.text().to_vec()).unwrap();
    let refused = |text: &str| Page::parse(text.to_owned().into()).unwrap_err().to_string();
    assert_eq!(
        refused(&text.replace("\"version\":1,", "\"version\":2,")),
        "the page has version 2; this program reads up to 1"
    );
    assert_eq!(refused(&text.replace("1/7.ts\n", "")), "the page lists 255 segments, not 256");
    assert_eq!(refused(&text.replace("#WEIR", "#")), "the page says nothing of itself");
    assert!(refused(&text.replace("\"peak\"", "\"")).starts_with("what the page says of itself"));
    assert!(Page::parse(Bytes::from_static(b"\xff\n#WEIR-PAGE:{}")).is_err());
    samples::damaged_slowly(&[text.as_bytes()], |bytes| {
        if let Ok(page) = Page::parse(Bytes::copy_from_slice(bytes)) {
            let _ = (page.first_after(0), page.end_before(i64::MAX), page.lines(0..u64::MAX));
            let _ = (page.breaks_before(7), page.map_before(7).len());
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A stretch cut out of pages is the same as out of the journal.
    #[test]
    fn pages_say_what_the_journal_says(
        kinds in prop::collection::vec(0_u8..9, 1..40),
        first in 0_u64..512,
        length in 0_u64..512,
    ) {
        let window = whole(&history(&kinds, 512));
        for name in ["ts", "fmp4"] {
            let rendition = id(name);
            let Some(container) = container_of(window.tail(), &rendition) else { continue };
            let pages = pages(&window, &rendition);
            let end = (first + length).min(512);
            let mut from_pages = String::new();
            for page in &pages {
                from_pages += std::str::from_utf8(&page.lines(first..end)).unwrap();
            }
            let mut from_journal = String::new();
            for sequence in first..end {
                let segment = window.segment(sequence).unwrap();
                Block::new(segment, &rendition, container).render(&mut from_journal);
            }
            prop_assert_eq!(from_pages, from_journal);
            let page = pages.iter().find(|page| (page.first()..page.end()).contains(&first));
            let (page, segment) = (page.unwrap(), window.segment(first).unwrap());
            prop_assert_eq!(page.breaks_before(first), breaks_before(segment));
            prop_assert_eq!(page.map_before(first), map_before(&window, first, &rendition));
            prop_assert_eq!(page.calendar_ms(first), Some(segment.calendar_ms));
            let read = read(page.text());
            prop_assert_eq!(read.faults, []);
            let Playlist::Media(media) = read.playlist else { panic!() };
            let listed = window.tail().filter(|segment| segment.sequence / 256 == first / 256);
            for (read, listed) in media.segments.iter().zip(listed) {
                prop_assert_eq!(read.sequence, listed.sequence);
                prop_assert_eq!(read.discontinuity_sequence, listed.discontinuity_sequence);
            }
        }
    }

    /// Where a rendition has nothing, another one says what is missing.
    #[test]
    fn a_page_without_media_is_what_the_journal_says(
        kinds in prop::collection::vec(0_u8..9, 1..40),
    ) {
        let mut entries = history(&kinds, 512);
        for entry in &mut entries {
            let timeline::Body::Segment(segment) = &mut entry.body else { continue };
            if segment.sequence < 256 {
                segment.renditions.retain(|record| record.rendition != id("fmp4"));
            }
        }
        let window = whole(&entries);
        let known = pages(&window, &id("ts")).remove(0);
        let like = window.tail().flat_map(|s| &s.renditions).find(|r| r.rendition == id("fmp4"));
        let Some(like) = like else { return Ok(()) };
        let made = known.without_media(like).unwrap();
        let mut lines = String::new();
        for segment in window.tail().take(256) {
            Block::new(segment, &id("fmp4"), like.container).render(&mut lines);
        }
        let made = made.lines(0..256);
        prop_assert_eq!(std::str::from_utf8(&made).unwrap(), lines);
    }
}
