//! Segments of media playlists, and what holds for them (RFC 8216, 4.3.2).

use std::sync::Arc;
use std::time::Duration;

use super::attributes::Attributes;
use super::notes::{Notes, short};
use super::{ByteRange, FaultKind, Key, Map, Part, Segment, values};

/// What was said before the next URI, and what holds until something else is said.
#[derive(Debug, Default)]
pub(super) struct Segments {
    pub(super) listed: Vec<Segment>,
    next: Next,
    map: Option<Arc<Map>>,
    keys: Vec<Arc<Key>>,
    bit_rate_kbps: Option<u64>,
    /// Where the range of the last segment ended, in which resource.
    range_end: Option<(String, u64)>,
    /// The same of the last part.
    part_range_end: Option<(String, u64)>,
    parts_count: usize,
    /// Whether a break was said, which counts the segments behind it.
    pub(super) has_breaks: bool,
    /// How many segments were there before the first tag of its kind.
    pub(super) before_map: Option<usize>,
    pub(super) before_key: Option<usize>,
    pub(super) before_bit_rate: Option<usize>,
}

/// What holds for the next segment only.
#[derive(Debug, Default)]
struct Next {
    duration: Option<Duration>,
    byte_range: Option<(u64, Option<u64>)>,
    has_discontinuity: bool,
    is_gap: bool,
    date: Option<(String, Option<i128>)>,
    parts: Vec<Part>,
}

/// Eleven days of segments of two seconds.
const SEGMENTS_MAX: usize = 500_000;

/// Parts of three target durations are useful, older ones are to be removed.
const PARTS_MAX: usize = 500_000;

/// Forms of one key: there are half a dozen systems.
const KEYS_MAX: usize = 16;

impl Segments {
    pub(super) fn take_inf(&mut self, value: &str, notes: &mut Notes) {
        let Some((duration, _title)) = value.split_once(',') else {
            notes.add(FaultKind::Syntax, format!("EXTINF {:?} has no comma", short(value)));
            return self.set_duration(value, notes);
        };
        self.set_duration(duration, notes);
    }

    fn set_duration(&mut self, text: &str, notes: &mut Notes) {
        let stripped = text.trim();
        let duration = values::duration(stripped);
        if duration.is_none() || stripped.len() != text.len() {
            let what = format!("EXTINF is {:?}, not a decimal number", short(text));
            notes.add(FaultKind::Syntax, what);
        }
        if text.contains('.') {
            notes.need(3, "a decimal EXTINF");
        }
        if self.next.duration.replace(duration.unwrap_or_default()).is_some() {
            notes.add(FaultKind::Syntax, "EXTINF is there twice before a URI");
        }
    }

    pub(super) fn take_byte_range(&mut self, value: &str, notes: &mut Notes) {
        notes.need(4, "EXT-X-BYTERANGE");
        self.next.byte_range = values::byte_range(value);
        if self.next.byte_range.is_none() {
            let what = format!("EXT-X-BYTERANGE is {:?}, not LENGTH[@START]", short(value));
            notes.add(FaultKind::Syntax, what);
        }
    }

    pub(super) fn take_discontinuity(&mut self, notes: &mut Notes) {
        if self.next.has_discontinuity {
            notes.add(FaultKind::Syntax, "EXT-X-DISCONTINUITY is there twice before a segment");
        }
        (self.next.has_discontinuity, self.has_breaks) = (true, true);
    }

    pub(super) const fn take_gap(&mut self) {
        self.next.is_gap = true;
    }

    pub(super) fn take_date(&mut self, value: &str) {
        self.next.date = Some((value.to_owned(), values::date(value)));
    }

    pub(super) fn take_bit_rate(&mut self, value: &str, notes: &mut Notes) {
        self.before_bit_rate.get_or_insert(self.listed.len());
        self.bit_rate_kbps = values::integer(value);
        if self.bit_rate_kbps.is_none() {
            let what = format!("EXT-X-BITRATE is {:?}, not a whole number", short(value));
            notes.add(FaultKind::Syntax, what);
        }
    }

    pub(super) fn take_map(&mut self, attributes: &Attributes<'_>, notes: &mut Notes) {
        self.before_map.get_or_insert(self.listed.len());
        let uri = attributes.required_quoted("URI", notes).unwrap_or_default();
        let range = attributes.byte_range("BYTERANGE", notes);
        let byte_range =
            range.map(|(length, start)| ByteRange { length, start: start.unwrap_or_default() });
        self.map = Some(Arc::new(Map { uri, byte_range }));
    }

    pub(super) fn take_key(&mut self, attributes: &Attributes<'_>, notes: &mut Notes) {
        self.before_key.get_or_insert(self.listed.len());
        let Some(key) = key(attributes, notes) else {
            self.keys.clear();
            return;
        };
        let key = Arc::new(key);
        if let Some(known) = self.keys.iter_mut().find(|known| format_of(known) == format_of(&key))
        {
            *known = key;
        } else if self.keys.len() >= KEYS_MAX {
            notes.add_limit("forms of a key", KEYS_MAX);
        } else {
            self.keys.push(key);
        }
    }

    pub(super) fn take_part(&mut self, attributes: &Attributes<'_>, notes: &mut Notes) {
        let uri = attributes.required_quoted("URI", notes).unwrap_or_default();
        attributes.require("DURATION", notes);
        let duration = attributes.duration("DURATION", notes).unwrap_or_default();
        let range = attributes.byte_range("BYTERANGE", notes);
        let byte_range = range.map(|range| follow(range, &uri, &mut self.part_range_end).0);
        let is_independent = attributes.yes("INDEPENDENT", notes);
        let is_gap = attributes.yes("GAP", notes);
        if self.parts_count >= PARTS_MAX {
            return notes.add_limit("parts", PARTS_MAX);
        }
        self.parts_count += 1;
        let line = notes.line;
        self.next.parts.push(Part { line, uri, duration, is_independent, byte_range, is_gap });
    }

    pub(super) fn take_uri(&mut self, uri: &str, notes: &mut Notes) {
        let next = std::mem::take(&mut self.next);
        if next.duration.is_none() {
            notes.add(FaultKind::Syntax, format!("no EXTINF is before the URI {:?}", short(uri)));
        }
        let byte_range = next.byte_range.map(|range| {
            let (range, is_known) = follow(range, uri, &mut self.range_end);
            if !is_known {
                let what = "EXT-X-BYTERANGE has no start, and nothing of the resource is before it";
                notes.add(FaultKind::Syntax, what);
            }
            range
        });
        if byte_range.is_none() {
            self.range_end = None;
        }
        if self.listed.len() >= SEGMENTS_MAX {
            return notes.add_limit("segments", SEGMENTS_MAX);
        }
        self.listed.push(Segment {
            // Numbers come at the end: what they begin with may be said too late.
            sequence: 0,
            discontinuity_sequence: 0,
            line: notes.line,
            uri: uri.to_owned(),
            duration: next.duration.unwrap_or_default(),
            byte_range,
            has_discontinuity: next.has_discontinuity,
            is_gap: next.is_gap,
            date: next.date,
            map: self.map.clone(),
            key: self.keys.first().cloned(),
            further_keys: self.keys.get(1..).unwrap_or_default().to_vec(),
            bit_rate_kbps: self.bit_rate_kbps,
            parts: next.parts,
        });
    }

    /// The segments, and the parts behind them.
    pub(super) fn finish(self, notes: &mut Notes) -> (Vec<Segment>, Vec<Part>) {
        if self.next.duration.is_some() || self.next.byte_range.is_some() {
            notes.add(FaultKind::Syntax, "no URI follows the last EXTINF or EXT-X-BYTERANGE");
        }
        (self.listed, self.next.parts)
    }
}

/// `EXT-X-KEY` or `EXT-X-SESSION-KEY`; none for `METHOD=NONE`.
pub(super) fn key(attributes: &Attributes<'_>, notes: &mut Notes) -> Option<Key> {
    attributes.require("METHOD", notes);
    let method = attributes.word("METHOD", notes).unwrap_or_default().to_owned();
    let [uri, format, format_versions] =
        ["URI", "KEYFORMAT", "KEYFORMATVERSIONS"].map(|name| attributes.quoted(name, notes));
    let iv = attributes.value("IV", notes, "a hexadecimal number", |text| {
        values::is_hexadecimal(text).then(|| text.to_owned())
    });
    if method == "NONE" {
        if uri.is_some() || iv.is_some() || format.is_some() || format_versions.is_some() {
            notes.add(FaultKind::Syntax, "a key with METHOD=NONE has further attributes");
        }
        return None;
    }
    if iv.is_some() {
        notes.need(2, "IV of a key");
    }
    if format.is_some() || format_versions.is_some() {
        notes.need(5, "KEYFORMAT of a key");
    }
    attributes.require("URI", notes);
    Some(Key { method, uri, iv, format, format_versions })
}

fn format_of(key: &Key) -> &str {
    key.format.as_deref().unwrap_or("identity")
}

/// Works out where a range starts, from where the last one of the same resource ended; whether
/// that is known.
fn follow(
    (length, start): (u64, Option<u64>),
    uri: &str,
    end: &mut Option<(String, u64)>,
) -> (ByteRange, bool) {
    let before = end.take().filter(|(resource, _)| resource == uri).map(|(_, end)| end);
    let is_known = start.is_some() || before.is_some();
    let start = start.or(before).unwrap_or_default();
    *end = Some((uri.to_owned(), start.saturating_add(length)));
    (ByteRange { length, start }, is_known)
}
