use hls::{Edge, render_media};
use proptest::prelude::*;
use timeline::{
    Claimant, Container, Ledger, NewSegment, OpenRendition, PartRecord, RenditionId, SegmentRecord,
    Sha256, Skip, WindowPolicy,
};

use super::*;

/// A third of a second, in ticks.
const PART: i64 = 30_000;

fn rendition() -> RenditionId {
    RenditionId::parse("ts").unwrap()
}

/// What a stream's owners say, in order: on the journal, and beside it.
enum Said {
    Entry(Box<Entry>),
    Announced(Option<Arc<OpenSegment>>),
}

/// Owners of a stream, one after the other.
struct Owners {
    ledger: Ledger,
    newest: Entry,
    parts: i64,
    start: i64,
    said: Vec<Said>,
}

impl Owners {
    fn new() -> Self {
        let (ledger, opened) = Ledger::claim(None, claimant(), 0);
        let mut owners = Self { ledger, newest: opened.clone(), parts: 0, start: 0, said: vec![] };
        owners.entry(opened);
        owners
    }

    fn entry(&mut self, entry: Entry) {
        self.newest = entry.clone();
        self.said.push(Said::Entry(Box::new(entry)));
    }

    fn records(&self) -> Vec<PartRecord> {
        let end = |at| self.start + (at + 1) * PART;
        (0..self.parts).map(|at| PartRecord { end: end(at), independent: at == 0 }).collect()
    }

    fn announce(&mut self) {
        let beginning = self.ledger.beginning(self.start / 90, false);
        let open = OpenSegment {
            epoch: self.ledger.epoch(),
            sequence: beginning.sequence,
            start: self.start,
            calendar_ms: beginning.calendar_ms,
            discontinuity: beginning.discontinuity,
            part_target_ms: 334,
            seems_whole: false,
            parts: self.records(),
            renditions: vec![OpenRendition {
                rendition: rendition(),
                container: Container::Ts,
                init: None,
                is_sound: false,
                part_bytes: vec![1; usize::try_from(self.parts).unwrap()],
            }],
        };
        self.said.push(Said::Announced(Some(Arc::new(open))));
    }

    /// `p` a part, `r` an announcement comes once more, `s` the segment is whole, `d` it is whole
    /// and was announced meanwhile, as its first part is already; `i` interrupted, `o` another
    /// owner, `e` the end.
    fn play(&mut self, word: char) {
        match word {
            'p' => {
                self.parts += 1;
                self.announce();
            }
            // What was announced before is heard again.
            'r' => {
                let heard: Vec<_> = self.said.iter().rev().filter_map(announced).take(2).collect();
                self.said.extend(heard.last().cloned().map(|open| Said::Announced(Some(open))));
            }
            's' | 'd' => {
                self.parts = self.parts.max(1);
                self.whole();
                if word == 'd' {
                    // The announcement of the next one overtakes the entry of this one.
                    self.parts = 1;
                    self.announce();
                    let last = self.said.len() - 1;
                    self.said.swap(last - 1, last);
                }
            }
            // A publication that is over lists what it has told of.
            'i' | 'o' | 'e' => {
                if self.parts > 0 && self.newest.head.state == timeline::State::Live {
                    // That nothing is made any more is heard before what became of it.
                    self.said.push(Said::Announced(None));
                    self.whole();
                }
                self.parts = 0;
                match word {
                    'i' => {
                        let entry = self.ledger.interrupted("gone", 60_000, 0);
                        self.entry(entry);
                    }
                    'e' => {
                        let entry = self.ledger.ended("over", 0);
                        self.entry(entry);
                    }
                    _ => {}
                }
                // An announcement of an owner who is gone comes late.
                if let Some(late) = self.said.iter().rev().find_map(announced) {
                    self.said.push(Said::Announced(Some(late)));
                }
                self.said.push(Said::Announced(None));
                let (ledger, opened) = Ledger::claim(Some(&self.newest), claimant(), 0);
                self.ledger = ledger;
                self.entry(opened);
            }
            other => panic!("{other}"),
        }
    }

    fn whole(&mut self) {
        let parts = self.records();
        let end = self.start + self.parts * PART;
        let record = SegmentRecord {
            rendition: rendition(),
            container: Container::Ts,
            bytes: 1,
            sha256: Sha256([0; 32]),
            part_bytes: vec![1; parts.len()],
            tracks: Vec::new(),
            init: None,
            is_alternative: false,
            captions: Vec::new(),
        };
        let new = NewSegment {
            start: self.start,
            end,
            calendar_ms: self.start / 90,
            discontinuity: false,
            independent: true,
            target_duration_s: 2,
            part_target_ms: Some(334),
            parts,
            renditions: vec![record],
        };
        let entry = self.ledger.segment(new, self.start / 90);
        self.entry(entry);
        self.start = end;
        self.parts = 0;
    }
}

fn announced(said: &Said) -> Option<Arc<OpenSegment>> {
    match said {
        Said::Announced(open) => open.clone(),
        Said::Entry(_) => None,
    }
}

fn claimant() -> Claimant {
    Claimant { node: "a".into(), origin_url: None }
}

/// A node that hears what is said.
struct Node {
    window: Window,
    open: Open,
}

impl Node {
    fn new() -> Self {
        let window = Window::new(WindowPolicy { length_ms: 20_000 });
        Self { window, open: Open::default() }
    }

    fn hear(&mut self, said: &Said) {
        match said {
            Said::Entry(entry) => {
                self.window.apply(entry);
                self.open.settle(&self.window);
            }
            Said::Announced(open) => _ = self.open.announce(&self.window, open.clone()),
        }
    }

    fn text(&self, skip: Option<Skip>) -> Option<String> {
        render_media(&self.window, self.open.listed.as_deref(), &rendition(), skip)
    }

    /// What is listed: `2` a segment that is whole, `2.1` a part of one that is not.
    fn show(&self) -> String {
        let whole = self.window.segments().map(|segment| segment.sequence.to_string());
        let reach = Edge::new(&self.window, self.open.listed.as_deref()).reach();
        let parts = (0..reach.parts).map(|part| format!("{}.{part}", reach.sequence));
        whole.chain(parts).collect::<Vec<_>>().join(" ")
    }
}

#[track_caller]
fn check(words: &str, expected: &str) {
    let (mut owners, mut node) = (Owners::new(), Node::new());
    words.chars().for_each(|word| owners.play(word));
    owners.said.iter().for_each(|said| node.hear(said));
    assert_eq!(node.show(), expected, "{words}");
}

#[test]
fn what_is_announced_is_listed_when_it_is_next() {
    check("spp", "0 1.0 1.1");
    check("sppspp", "0 1 2.0 2.1");
    check("sppd", "0 1 2.0");
    check("sppdp", "0 1 2.0 2.1");
    check("sppr", "0 1.0 1.1");
}

#[test]
fn what_belongs_to_an_owner_who_is_gone_is_not_listed() {
    check("sppi", "0 1");
    check("sppo", "0 1");
    check("sppop", "0 1 2.0");
    check("sppip", "0 1 2.0");
}

#[test]
fn before_a_broadcast_has_a_segment_nothing_of_it_is_listed() {
    check("pp", "");
    check("spe", "0 1");
    check("spepp", "0 1");
    check("spepps", "2");
    check("speppsp", "2 3.0");
}

/// The parts, segments and tags of a playlist under their numbers, and where it ends.
fn listed(text: &str) -> hls::read::MediaPlaylist {
    let document = hls::read::read(text.as_bytes());
    assert_eq!(document.faults, [], "{text}");
    let hls::read::Playlist::Media(playlist) = document.playlist else { panic!("{text}") };
    playlist
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever asks at random times, of nodes that hear announcements late or not at all, never
    /// sees a hole; nothing that is listed changes or goes back; and an update tells the same as
    /// the whole playlist.
    #[test]
    fn what_is_listed_only_grows(
        words in "(s|p|p|p|pppppps|d|i|o|p|r|s){1,60}",
        lost in prop::collection::vec(any::<bool>(), 400),
        asked in prop::collection::vec(any::<bool>(), 400),
    ) {
        let (mut owners, mut node) = (Owners::new(), Node::new());
        words.chars().for_each(|word| owners.play(word));
        let mut before: Option<hls::read::MediaPlaylist> = None;
        for ((said, is_lost), is_asked) in owners.said.iter().zip(&lost).zip(&asked) {
            if !is_lost || matches!(said, Said::Entry(_)) {
                node.hear(said);
            }
            let Some(text) = node.text(None).filter(|_| *is_asked) else { continue };
            let now = listed(&text);
            let update = listed(&node.text(Some(Skip::Segments)).unwrap());
            let base = before.replace(now.clone());
            let Some(base) = base else { continue };
            check_growth(&base, &now, &text)?;
            // An update is for who has a playlist that is not too old for it.
            if update.skip.as_ref().is_none_or(|skip| {
                let kept = now.media_sequence + skip.segments;
                base.segments.last().is_some_and(|last| last.sequence + 1 >= kept)
            }) {
                let rebuilt = hls::read::apply_delta(&base, &update).unwrap();
                let uris = |playlist: &hls::read::MediaPlaylist| {
                    let told = |it: &hls::read::Segment| {
                        (it.sequence, it.uri.clone(), it.parts.len())
                    };
                    playlist.segments.iter().map(told).collect::<Vec<_>>()
                };
                let (ours, theirs) = (uris(&rebuilt), uris(&now));
                let parts_from = theirs.iter().find(|it| it.2 > 0).map_or(u64::MAX, |it| it.0);
                let shown = |it: &(u64, String, usize)| {
                    (it.0, it.1.clone(), if it.0 < parts_from { 0 } else { it.2 })
                };
                prop_assert_eq!(
                    ours.iter().map(shown).collect::<Vec<_>>(),
                    theirs.iter().map(shown).collect::<Vec<_>>(),
                    "{}", text
                );
                prop_assert_eq!(plain(&rebuilt.parts), plain(&now.parts), "{}", text);
            }
        }
    }
}

/// Parts as a player knows them.
fn plain(parts: &[hls::read::Part]) -> Vec<(String, Duration, bool)> {
    parts.iter().map(|part| (part.uri.clone(), part.duration, part.is_independent)).collect()
}

fn check_growth(
    before: &hls::read::MediaPlaylist,
    now: &hls::read::MediaPlaylist,
    text: &str,
) -> Result<(), TestCaseError> {
    let edge = |playlist: &hls::read::MediaPlaylist| {
        let next = playlist.media_sequence + u64::try_from(playlist.segments.len()).unwrap();
        (next, playlist.parts.len())
    };
    prop_assert!(edge(before) <= edge(now), "{:?} then {:?}: {text}", edge(before), edge(now));
    prop_assert!(before.media_sequence <= now.media_sequence);
    for (at, segment) in (now.media_sequence..).zip(&now.segments) {
        prop_assert_eq!(segment.sequence, at, "a hole in {}", text);
    }
    for was in &before.segments {
        let Some(is) = now.segments.iter().find(|it| it.sequence == was.sequence) else { continue };
        prop_assert_eq!((&is.uri, is.duration), (&was.uri, was.duration));
        let date = |segment: &hls::read::Segment| segment.date.as_ref().map(|date| date.0.clone());
        prop_assert_eq!((is.has_discontinuity, date(is)), (was.has_discontinuity, date(was)));
        if !is.parts.is_empty() {
            prop_assert_eq!(plain(&is.parts), plain(&was.parts), "{}", text);
        }
    }
    // The parts of the open segment are the first ones of it, open or whole, as long as it is told
    // in parts.
    let sequence = edge(before).0;
    let whole = now.segments.iter().find(|it| it.sequence == sequence).map(|it| &it.parts);
    let parts = if sequence == edge(now).0 { Some(&now.parts) } else { whole };
    if let Some(parts) = parts.filter(|parts| !parts.is_empty()) {
        prop_assert!(plain(parts).starts_with(&plain(&before.parts)), "{text}");
    }
    Ok(())
}

#[test]
fn the_newest_owner_counts_also_where_no_other_node_reaches_it() {
    let claim = |newest: Option<&Entry>, url: Option<&str>| {
        let origin_url = url.map(str::to_owned);
        Ledger::claim(newest, Claimant { origin_url, ..claimant() }, 0).1
    };
    let first = claim(None, Some("http://a:9190"));
    let second = claim(Some(&first), None);
    let live = Live::new([&first]);
    assert_eq!(newest_url(&live.owners.borrow()).as_deref(), Some("http://a:9190"));
    let live = Live::new([&first, &second]);
    assert_eq!(newest_url(&live.owners.borrow()), None);
    assert_eq!(live.origin_url(1).as_deref(), Some("http://a:9190"));
    assert_eq!(live.origin_url(2), None);
}
