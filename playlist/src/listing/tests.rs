//! Playlists over whole histories: what two nodes serve, what pages and the journal say, and what
//! was said before.

mod history;

use std::collections::BTreeMap;

use flate2::bufread::GzDecoder;
use hls::read::{MediaPlaylist, Playlist as Read, read};
use origin::OriginError;
use proptest::prelude::*;
use std::io::Read as _;

use self::history::{History, RENDITIONS, START_MS, settings};
use super::*;
use crate::follow::{Follower, Shown};
use crate::view::Stretch;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn id(name: &str) -> RenditionId {
    RenditionId::parse(name).unwrap()
}

/// Fetches a playlist as text, after looking at its packed form and at cuts of it.
async fn fetch(
    follower: &Follower,
    rendition: &str,
    stretch: Stretch,
) -> Result<Option<(String, Box<str>)>, OriginError> {
    let shown = Shown::Media(id(rendition), stretch, None);
    let Some(document) = follower.document(&shown, i64::MIN).await? else { return Ok(None) };
    let pieces = document.body.ready().unwrap();
    let body = pieces.join();
    if let Some(gzip) = document.gzip {
        let packed = gzip.join();
        let (mut reader, mut text) = (GzDecoder::new(&packed[..]), Vec::new());
        reader.read_to_end(&mut text).unwrap();
        assert!(text == body && reader.into_inner().is_empty(), "one member, and the same text");
    }
    let (third, half) = (pieces.length() / 3, pieces.length() / 2);
    let cut = usize::try_from(third).unwrap()..usize::try_from(half).unwrap();
    assert_eq!(pieces.slice(third..half).join(), body.slice(cut));
    Ok(Some((String::from_utf8(body.to_vec()).unwrap(), document.etag)))
}

fn media(text: &str) -> MediaPlaylist {
    let document = read(text.as_bytes());
    assert_eq!((document.faults.len(), document.unknown_tags.len()), (0, 0), "{text}");
    let Read::Media(media) = document.playlist else { panic!("{text}") };
    media
}

/// A playlist says what the whole journal says of its segments: with the same lines, and counted
/// and read with the same.
fn check_against(history: &History, rendition: &str, text: &str) -> MediaPlaylist {
    let playlist = media(text);
    let (first, count) = (playlist.media_sequence, playlist.segments.len());
    let mut lines = String::new();
    let mut map = None;
    let listed = history.whole.tail().skip(usize::try_from(first).unwrap()).take(count);
    for (read, segment) in playlist.segments.iter().zip(listed) {
        let block = Block::new(segment, &id(rendition), history::container(rendition));
        block.render(&mut lines);
        map = block.map().or(map);
        assert_eq!(read.sequence, segment.sequence);
        assert_eq!(read.discontinuity_sequence, segment.discontinuity_sequence, "{}", read.uri);
        if let Some(map) = block.map() {
            let uri = format!("{}/init-{}.mp4", map.epoch, map.number);
            assert_eq!(read.map.as_ref().map(|map| map.uri.clone()), Some(uri), "{}", read.uri);
        }
        let target = playlist.target_duration.unwrap();
        assert!(u64::from(segment.target_duration_s) <= target.as_secs());
        assert!(segment.independent || !playlist.is_independent);
    }
    let rest = text.strip_suffix(ENDLIST).unwrap_or(text);
    assert!(rest.ends_with(&lines), "{first} and {count} more of {rendition}:\n{rest}\n{lines}");
    playlist
}

/// A playlist lists what was asked for: all of it, and no other broadcast in a live one.
fn check_stretch(history: &History, stretch: Stretch, playlist: &MediaPlaylist) {
    let segment = |sequence: u64| history.whole.segment(sequence).unwrap();
    let end_of = |it: &timeline::ListedSegment| it.calendar_ms + it.length_ms;
    let head = history.head();
    let first = segment(playlist.media_sequence);
    let last = segment(playlist.segments.last().unwrap().sequence);
    match stretch {
        Stretch::Last(length_ms) => {
            let floor = head.broadcast_first.max(head.kept_from);
            let is_long = first.calendar_ms <= end_of(last) - length_ms;
            assert!(is_long || first.sequence == floor, "{stretch:?} {head:?}");
            assert!(first.sequence >= floor && last.sequence + 1 == head.next_sequence);
        }
        Stretch::From(start_ms, end_ms) => {
            assert!(end_of(first) > start_ms, "{stretch:?}");
            if first.sequence > head.kept_from {
                assert!(end_of(segment(first.sequence - 1)) <= start_ms, "{stretch:?}");
            }
            let is_over = end_ms.is_some_and(|end_ms| playlist.has_ended && end_ms < end_of(last));
            assert!(!is_over || last.calendar_ms < end_ms.unwrap(), "{stretch:?}");
            let next = history.whole.segment(last.sequence + 1);
            let is_all =
                end_ms.is_some_and(|end_ms| next.is_some_and(|it| it.calendar_ms >= end_ms));
            assert!(is_all || next.is_none(), "{stretch:?}");
        }
    }
}

/// What was listed stays as it was, and nothing goes back.
#[derive(Default)]
struct Seen {
    lines: BTreeMap<(String, u64), String>,
    maps: BTreeMap<(String, u64), String>,
    newest: BTreeMap<(String, Stretch), (u64, u64, u64)>,
}

impl Seen {
    fn check(&mut self, rendition: &str, stretch: Stretch, text: &str, playlist: &MediaPlaylist) {
        let first = playlist.media_sequence;
        let mut lines = text.lines().skip_while(|line| !line.starts_with("#EXT-X-PROGRAM"));
        for segment in &playlist.segments {
            let block: Vec<_> = lines
                .by_ref()
                .filter(|line| line.starts_with("#EXTINF") || !line.starts_with('#'))
                .take(2)
                .collect();
            let said = format!("{} {:?}", block.join(" "), segment.date);
            let key = (rendition.to_owned(), segment.sequence);
            let before = self.lines.entry(key.clone()).or_insert_with(|| said.clone());
            assert_eq!(*before, said);
            // Where there are no bytes, it is no matter what they would be read with.
            if let Some(map) = segment.map.as_ref().filter(|_| !segment.is_gap) {
                let before = self.maps.entry(key).or_insert_with(|| map.uri.clone());
                assert_eq!(*before, map.uri);
            }
        }
        let end = first + u64::try_from(playlist.segments.len()).unwrap();
        let now = (first, end, playlist.discontinuity_sequence);
        let key = (rendition.to_owned(), stretch);
        if let Some(before) = self.newest.insert(key, now) {
            let is_later = now.0 >= before.0 && now.1 >= before.1 && now.2 >= before.2;
            assert!(is_later, "{rendition} {stretch:?}: {before:?}, then {now:?}");
        }
    }
}

async fn check_histories(steps: Vec<u8>, dvr_s: i64, late: usize, offset_ms: i64) {
    let mut history = History::new(settings(dvr_s)).await;
    let early = history.follower().await;
    let mut seen = Seen::default();
    let stretches = [
        Stretch::Last(settings(dvr_s).back_ms()),
        Stretch::Last(60_000.min(settings(dvr_s).back_ms())),
        Stretch::From(START_MS + offset_ms, None),
        Stretch::From(START_MS + offset_ms, Some(START_MS + offset_ms + 300_000)),
    ];
    let mut follower = early;
    for (at, step) in steps.into_iter().enumerate() {
        let from = history.entries().await.len();
        history.step(step).await;
        for entry in history.entries().await.iter().skip(from) {
            follower.apply(entry);
        }
        if at % 5 != late % 5 {
            continue;
        }
        let other = history.follower().await;
        for rendition in RENDITIONS {
            for stretch in stretches {
                let mine = fetch(&follower, rendition, stretch).await;
                let theirs = fetch(&other, rendition, stretch).await;
                match (mine, theirs) {
                    (Ok(Some(mine)), Ok(Some(theirs))) => {
                        assert_eq!(mine, theirs, "{rendition} {stretch:?} {at}");
                        let playlist = check_against(&history, rendition, &mine.0);
                        check_stretch(&history, stretch, &playlist);
                        if matches!(stretch, Stretch::Last(_)) {
                            seen.check(rendition, stretch, &mine.0, &playlist);
                        }
                    }
                    (Ok(None), Ok(None)) => {}
                    (Err(OriginError::NothingThen(_)), Err(OriginError::NothingThen(_))) => {}
                    (mine, theirs) => panic!("{mine:?}\n{theirs:?}"),
                }
            }
        }
        if at == late {
            follower = other;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_node_lists_the_same_and_what_was_listed_stays(
        steps in prop::collection::vec(0_u8..14, 20..90),
        dvr_s in prop::sample::select(vec![0_i64, 100, 400, 1_200]),
        late in 0_usize..60,
        offset_ms in 0_i64..1_500_000,
    ) {
        runtime().block_on(check_histories(steps, dvr_s, late, offset_ms));
    }
}

#[test]
fn a_live_playlist_begins_behind_what_is_neither_kept_nor_in_a_page() {
    runtime().block_on(async {
        let mut history = History::new(settings(40_000)).await;
        for _ in 0..130 {
            history.step(6).await;
        }
        // One page could be written, and then none for ten hours.
        history.step(7).await;
        let follower = history.follower().await;
        let kept = follower.read_window().tail().next().unwrap().sequence;
        assert!(kept > 300, "{kept}");
        for stretch in [Stretch::Last(settings(40_000).back_ms()), Stretch::From(START_MS, None)] {
            let (text, _) = fetch(&follower, "ts", stretch).await.unwrap().unwrap();
            assert_eq!(check_against(&history, "ts", &text).media_sequence, kept, "{stretch:?}");
        }
        let page = Stretch::From(START_MS, Some(START_MS + 60_000));
        let (text, _) = fetch(&follower, "ts", page).await.unwrap().unwrap();
        assert_eq!(check_against(&history, "ts", &text).media_sequence, 0);
    });
}
