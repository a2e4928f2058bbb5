//! What encoders say besides media, as cues: `onCuePoint`, `onTextData`, `onCaptionInfo` and splice
//! information (ANSI/SCTE 35) in any of them.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use media::scte35::{Command, SpliceInfo};
use rtmp::Value;
use segmenter::{Cue, NewDateRange};
use timeline::Attribute;

/// Cues that an encoder may send at once, and how long it takes until it may send one more, in
/// milliseconds. Each is an entry of the journal and a line of every playlist; captions that come
/// with every picture are not.
const BURST: u32 = 16;
const REFILL_MS: i64 = 1_000;
/// Properties of a cue that become attributes, and bytes that are kept of each.
const ATTRIBUTES_MAX: usize = 16;
const TEXT_BYTES_MAX: usize = 512;
/// Breaks that are remembered until their end comes: none has more at a time.
const BREAKS_MAX: usize = 16;
/// How far ahead a splice may be announced, in 90 kHz ticks.
const PRE_ROLL_TICKS_MAX: u64 = 60 * 90_000;
/// Splice times have 33 bits.
const TIME_MASK: u64 = (1 << 33) - 1;

/// Makes cues of an encoder's data messages.
#[derive(Debug)]
pub(crate) struct Cues {
    /// Tells the cues of this publication apart.
    serial: u64,
    /// Those of other publications: when this one began, in milliseconds since the Unix epoch.
    began_ms: i64,
    left: u32,
    refilled_ms: i64,
    /// The ranges of splices out of the programme that have not come back, by their event.
    breaks: BTreeMap<u32, String>,
    /// Messages that were too many.
    pub(crate) dropped: u64,
}

impl Cues {
    pub(crate) const fn new(began_ms: i64) -> Self {
        Self {
            serial: 0,
            began_ms,
            left: BURST,
            refilled_ms: began_ms,
            breaks: BTreeMap::new(),
            dropped: 0,
        }
    }

    /// The cue in a data message that says `timestamp_ms` and came at `now_ms`, and when it is for,
    /// on the clock of the message. `None` for what means nothing here.
    pub(crate) fn read(
        &mut self,
        name: &str,
        values: &[Value],
        timestamp_ms: u32,
        now_ms: i64,
    ) -> Option<(u32, Cue)> {
        let splice = values.iter().find_map(splice);
        let is_known = ["onCuePoint", "onTextData", "onCaptionInfo"].contains(&name);
        if splice.is_none() && !is_known {
            return None;
        }
        if !self.may(now_ms) {
            self.dropped = self.dropped.saturating_add(1);
            return None;
        }
        self.serial = self.serial.saturating_add(1);
        let (at_ms, range) = match splice {
            Some(splice) => (splice_ms(&splice, timestamp_ms), self.splice(&splice)),
            None => (timestamp_ms, self.point(name, values)),
        };
        Some((at_ms, Cue::DateRange(range)))
    }

    /// A splice out of the programme or back into it. Both are about one range.
    fn splice(&mut self, splice: &SpliceInfo) -> NewDateRange {
        let event = event_id(splice);
        let fresh = format!("splice-{event}-{}-{}", self.began_ms, self.serial);
        let (name, id, duration_ms) = if splice.is_out() {
            if self.breaks.len() < BREAKS_MAX {
                self.breaks.insert(event, fresh.clone());
            }
            ("SCTE35-OUT", fresh, None)
        } else if splice.is_in() {
            ("SCTE35-IN", self.breaks.remove(&event).unwrap_or(fresh), Some(0))
        } else {
            ("SCTE35-CMD", fresh, Some(0))
        };
        let hex = splice.section().iter().map(|byte| format!("{byte:02X}")).collect();
        NewDateRange {
            id,
            class: None,
            duration_ms,
            planned_duration_ms: splice.duration().map(|ticks| ticks / 90),
            attributes: BTreeMap::from([(name.to_owned(), Attribute::Hex(hex))]),
            is_splice: splice.is_out() || splice.is_in(),
            returns_after_ms: returns_after_ms(splice),
        }
    }

    /// A moment with what is said of it.
    fn point(&self, name: &str, values: &[Value]) -> NewDateRange {
        let mut attributes = BTreeMap::new();
        for value in values {
            add_attributes(&mut attributes, value, 1);
        }
        NewDateRange {
            id: format!("{name}-{}-{}", self.began_ms, self.serial),
            class: Some(name.to_owned()),
            duration_ms: Some(0),
            planned_duration_ms: None,
            attributes,
            is_splice: false,
            returns_after_ms: None,
        }
    }

    fn may(&mut self, now_ms: i64) -> bool {
        let refills = now_ms.saturating_sub(self.refilled_ms) / REFILL_MS;
        if refills > 0 {
            self.refilled_ms = now_ms;
            let refills = u32::try_from(refills).unwrap_or(BURST);
            self.left = self.left.saturating_add(refills).min(BURST);
        }
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }
}

/// The name that the way out and the way back have in common.
fn event_id(splice: &SpliceInfo) -> u32 {
    match splice.command() {
        Command::Insert(insert) => insert.event_id,
        Command::TimeSignal(_) | Command::Null | Command::Other { .. } => {
            let segmentations = splice.segmentations();
            let leads = segmentations.iter().find(|it| it.direction().is_some());
            leads.or_else(|| segmentations.first()).map_or(0, |it| it.event_id)
        }
    }
}

/// When the stream comes back without another splice.
fn returns_after_ms(splice: &SpliceInfo) -> Option<u64> {
    match splice.command() {
        Command::Insert(insert) => {
            let duration = insert.duration.filter(|_| insert.is_out_of_network)?;
            duration.auto_return.then_some(duration.ticks / 90)
        }
        Command::TimeSignal(_) | Command::Null | Command::Other { .. } => None,
    }
}

/// When a splice happens on the clock of its message: at the time it says, if that is a time of
/// that clock, or with the message.
fn splice_ms(splice: &SpliceInfo, timestamp_ms: u32) -> u32 {
    let message = (u64::from(timestamp_ms) * 90) & TIME_MASK;
    let ahead = splice.time().map(|time| time.wrapping_sub(message) & TIME_MASK);
    let ahead_ms = ahead.filter(|ticks| *ticks <= PRE_ROLL_TICKS_MAX).map_or(0, |ticks| ticks / 90);
    timestamp_ms.wrapping_add(u32::try_from(ahead_ms).unwrap_or(0))
}

/// The splice information in a value, in base64 or hexadecimal: a text, or one of its properties,
/// or of theirs.
fn splice(value: &Value) -> Option<SpliceInfo> {
    splice_within(value, 2)
}

fn splice_within(value: &Value, depth: u32) -> Option<SpliceInfo> {
    if let Some(text) = value.as_str() {
        return SpliceInfo::from_text(text).ok();
    }
    let inner = value.properties()?.iter().take(ATTRIBUTES_MAX);
    let deeper = depth.checked_sub(1)?;
    inner.map(|(_, value)| value).find_map(|value| splice_within(value, deeper))
}

/// Takes over the properties of a value, and those of values in it down to `depth`.
fn add_attributes(attributes: &mut BTreeMap<String, Attribute>, value: &Value, depth: u32) {
    for (name, value) in value.properties().unwrap_or_default() {
        if attributes.len() >= ATTRIBUTES_MAX {
            return;
        }
        let number = value.as_f64().map(|number| Attribute::Milli(milli(number)));
        let text = || {
            let text = value.as_str()?;
            let kept = text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default();
            Some(Attribute::Text(kept.to_owned()))
        };
        match number.or_else(text) {
            Some(attribute) => {
                attributes.insert(attribute_name(name), attribute);
            }
            None if depth > 0 => add_attributes(attributes, value, depth - 1),
            None => {}
        }
    }
}

/// `X-` and the name in the characters that an attribute may have (RFC 8216, 4.2).
fn attribute_name(name: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '-' };
    format!("X-{}", name.chars().take(32).map(legal).collect::<String>())
}

#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and 0 for no number")]
fn milli(number: f64) -> i64 {
    (number * 1_000.0).round() as i64
}
