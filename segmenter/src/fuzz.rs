//! Entry points for fuzzing. Each takes any bytes; whatever they say of times and tracks, what
//! comes out is a sound playlist of sound segments.

use std::collections::BTreeMap;

use bytes::{Buf, Bytes};
use container::fmp4::{Fault, Reader};
use container::{flv, fuzz::each_payload, ts};
use media::aac::AacConfig;
use media::avc::AvcConfig;
use media::{AccessUnit, CodecConfig, Timestamp, Track, TrackId, TrackKind};
use timeline::{Container, RenditionId, boundary_ms};

use crate::{Cue, LowLatency, Output, Packaging, Part, PartBytes, Segment, Segmenter, Settings};

/// A push of payloads, as [`each_payload`] reads them behind a byte of settings.
pub fn push(data: &[u8]) {
    let Some((&first, data)) = data.split_first() else { return };
    let mut bench = Bench::new(first);
    let mut demuxer = flv::Demuxer::new();
    each_payload(data, |kind, timestamp_ms, payload| {
        demuxer.push(kind, timestamp_ms, payload);
        while let Some(event) = demuxer.pull() {
            match event {
                flv::Event::Track(track) => {
                    let _ = bench.segmenter.track(track);
                }
                flv::Event::Unit(unit) => bench.push(unit, i64::from(timestamp_ms)),
                flv::Event::Repeated(_)
                | flv::Event::EndOfSequence(_)
                | flv::Event::Unsupported { .. }
                | flv::Event::BadConfig { .. } => {}
            }
        }
    });
    bench.finish();
}

/// Units with wild times: behind a byte of settings, six bytes are a run of up to 32 units of one
/// track.
pub fn units(data: &[u8]) {
    let Some((&first, data)) = data.split_first() else { return };
    let mut bench = Bench::new(first);
    let mut raw = [0_u32; 4];
    let mut rest = data;
    for (number, track) in TRACKS.into_iter().enumerate() {
        // Two bits say which tracks there are from the start.
        if number < 1 + usize::from(first >> 6) {
            let _ = bench.segmenter.track(configured(track, false));
        }
    }
    while rest.len() >= RUN_BYTES {
        let (what, count) = (rest.get_u8(), rest.get_u8());
        let (step, composition, now_step) = (rest.get_i16(), rest.get_i8(), rest.get_i8());
        let number = usize::from(what & 3);
        let (Some(&track), Some(time)) = (TRACKS.get(number), raw.get_mut(number)) else {
            continue;
        };
        match what >> 4 & 7 {
            0 => *time = time.wrapping_add(i32::from(step).unsigned_abs() << 12),
            1 => {
                let _ = bench.segmenter.track(configured(track, count & 1 == 1));
            }
            2 => bench.segmenter.cue(*time, Cue::Cut),
            3 => bench.segmenter.cue(*time, Cue::Id3(Bytes::from_static(b"ID3\x04\0\0\0\0\0\0"))),
            _ => {}
        }
        for index in 0..=u32::from(count & 31) {
            let is_key = track.kind == TrackKind::Audio || what & 4 != 0 && index == 0;
            bench.now_ms = bench.now_ms.saturating_add(now_step.into());
            bench.push(unit(track, *time, composition.into(), is_key), bench.now_ms);
            // Most steps of real encoders are short; an eighth of these are any.
            let step = if what & 8 == 0 { step % 100 } else { step };
            *time = time.wrapping_add_signed(step.into());
        }
    }
    bench.finish();
}

/// A segmenter, and what has come out of it so far.
struct Bench {
    segmenter: Segmenter,
    now_ms: i64,
    pushed: usize,
    segments: usize,
    last: Option<Segment>,
    /// Parts of the next segment.
    parts: Vec<Part>,
    /// What was told of the part that is being made.
    grown: BTreeMap<RenditionId, Vec<u8>>,
    inits: BTreeMap<(RenditionId, u32), Bytes>,
    readers: BTreeMap<RenditionId, ts::Demuxer>,
}

impl Bench {
    /// Settings from a byte.
    fn new(first: u8) -> Self {
        let packaging = match first & 3 {
            0 => Packaging::Auto,
            1 => Packaging::Ts,
            2 => Packaging::Fmp4,
            _ => Packaging::Both,
        };
        let target_duration_s = (first & 4 != 0).then_some(4);
        let segment_ms = if first & 8 == 0 { 2_000 } else { 500 };
        let timed_id3 = first & 16 != 0;
        let low_latency = match first >> 5 & 3 {
            0 => LowLatency::Off,
            1 => LowLatency::Auto,
            _ => LowLatency::On,
        };
        let part_target_ms = (first & 4 != 0).then_some(334);
        let settings = Settings {
            segment_ms,
            target_duration_s,
            packaging,
            timed_id3,
            low_latency,
            part_ms: 333,
            part_target_ms,
            begins_at_ms: 0,
        };
        Self {
            segmenter: Segmenter::new(settings),
            now_ms: 1_700_000_000_000,
            pushed: 0,
            segments: 0,
            last: None,
            parts: Vec::new(),
            grown: BTreeMap::new(),
            inits: BTreeMap::new(),
            readers: BTreeMap::new(),
        }
    }

    fn push(&mut self, unit: AccessUnit, now_ms: i64) {
        self.pushed += 1;
        self.segmenter.push(unit, now_ms);
        // Whatever the doctor says, it has something to say.
        for change in self.segmenter.examine(0, now_ms) {
            assert!(change.finding.advice.ends_with('.'), "{change:?}");
        }
        self.pull();
    }

    fn finish(mut self) {
        self.segmenter.finish();
        self.pull();
        assert!(self.segments <= self.pushed, "{} of {}", self.segments, self.pushed);
    }

    fn pull(&mut self) {
        while let Some(output) = self.segmenter.pull() {
            match output {
                Output::Init(init) => {
                    let known = self.inits.insert((init.rendition, init.number), init.body);
                    assert!(known.is_none(), "an initialisation was made twice");
                }
                Output::Segment(segment) => self.segment(segment),
                Output::PartBytes(grown) => self.grow(grown),
                Output::Part(part) => {
                    for it in &part.bodies {
                        let grown = self.grown.remove(&it.rendition).unwrap_or_default();
                        assert!(it.body.starts_with(&grown), "what was told is the part");
                    }
                    self.parts.push(part);
                }
                Output::DateRange(_) => {}
            }
        }
    }

    fn grow(&mut self, grown: PartBytes) {
        assert_eq!(usize::try_from(grown.number), Ok(self.parts.len()));
        assert!(!grown.bytes.is_empty() && grown.bytes.len().is_multiple_of(ts::PACKET_BYTES));
        self.grown.entry(grown.rendition).or_default().extend_from_slice(&grown.bytes);
    }

    fn segment(&mut self, segment: Segment) {
        let new = &segment.new;
        let length_ms = boundary_ms(new.end).saturating_sub(boundary_ms(new.start));
        let limit_ms = i64::from(new.target_duration_s) * 1_000 + 499;
        assert!(new.start < new.end, "{} to {}", new.start, new.end);
        assert!(length_ms <= limit_ms, "{length_ms} ms, longer than the limit of {limit_ms}");
        if let Some(last) = self.last.as_ref().map(|last| &last.new) {
            assert_eq!(new.target_duration_s, last.target_duration_s);
            assert!(new.start >= last.end, "from {} behind {}", new.start, last.end);
            let advanced_ms = boundary_ms(new.start).saturating_sub(boundary_ms(last.start));
            let dated_ms = new.calendar_ms.saturating_sub(last.calendar_ms);
            let slewed_ms = dated_ms.saturating_sub(advanced_ms);
            assert!(new.discontinuity || new.start == last.end, "a hole that is not said");
            assert!(new.discontinuity || slewed_ms.abs() <= 1, "dated {slewed_ms} ms off");
        }
        let parts = std::mem::take(&mut self.parts);
        sound_parts(&segment, &parts);
        // A rendition without media in a segment is not in it, and has a hole there.
        let goes_on = |id: &RenditionId| new.renditions.iter().any(|it| it.rendition == *id);
        self.readers.retain(|id, _| !new.discontinuity && goes_on(id));
        assert_eq!(new.renditions.len(), segment.bodies.len());
        for (record, body) in new.renditions.iter().zip(&segment.bodies) {
            assert_eq!(usize::try_from(record.bytes), Ok(body.len()));
            match record.container {
                Container::Ts => self.transport_stream(&record.rendition, body),
                Container::Fmp4 => {
                    let number = record.init.map_or(u32::MAX, |init| init.number);
                    let init = self.inits.get(&(record.rendition.clone(), number));
                    fragmented(init.expect("an initialisation before its segments"), body);
                }
            }
        }
        self.segments += 1;
        self.last = Some(segment);
    }

    /// Reads a segment behind those since the last discontinuity or hole, as a player does.
    fn transport_stream(&mut self, rendition: &RenditionId, body: &[u8]) {
        assert!(body.len().is_multiple_of(ts::PACKET_BYTES), "{} bytes", body.len());
        let reader = self.readers.entry(rendition.clone()).or_default();
        reader.push(body);
        while let Some(event) = reader.pull().expect("packets") {
            assert!(!matches!(event, ts::Event::Fault(_)), "{event:?}");
        }
    }
}

/// Parts are their segment, none is longer than the part target, and only the last is short.
fn sound_parts(segment: &Segment, parts: &[Part]) {
    let new = &segment.new;
    assert!(parts.iter().map(|part| part.record).eq(new.parts.iter().copied()));
    let Some(target_ms) = new.part_target_ms else { return assert!(parts.is_empty()) };
    let mut start = new.start;
    for part in &new.parts {
        let length_ms = boundary_ms(part.end).saturating_sub(boundary_ms(start));
        let (length_ms, target_ms) = (length_ms, i64::from(target_ms));
        assert!(start < part.end && length_ms <= target_ms, "{length_ms} ms of {target_ms}");
        assert!(part.end == new.end || length_ms * 100 >= target_ms * 85, "{length_ms} ms");
        start = part.end;
    }
    assert_eq!(start, new.end, "the last part ends with its segment");
    for (record, body) in new.renditions.iter().zip(&segment.bodies) {
        let mut rest = body.clone();
        for (part, length) in parts.iter().zip(&record.part_bytes) {
            let its = part.bodies.iter().find(|it| it.rendition == record.rendition);
            let its = &its.expect("every part in every rendition").body;
            assert_eq!(u64::try_from(its.len()), Ok(*length));
            assert!(!its.is_empty() && rest.starts_with(its), "parts are their segment");
            rest.advance(its.len());
        }
        assert!(record.part_bytes.is_empty() || rest.is_empty(), "{} bytes more", rest.len());
        assert!([0, parts.len()].contains(&record.part_bytes.len()));
    }
}

fn fragmented(init: &Bytes, body: &Bytes) {
    let reader = Reader::open(init).expect("an initialisation");
    assert!(reader.faults().is_empty(), "{:?}", reader.faults());
    let segment = reader.read_segment(body).expect("a segment");
    assert!(segment.faults.iter().all(is_hole), "{:?}", segment.faults);
}

/// Whether samples are missing, rather than at times that go back.
fn is_hole(fault: &Fault) -> bool {
    let Fault::Gap { expected, actual, .. } = fault else { return false };
    actual > expected
}

fn configured(track: TrackId, is_other: bool) -> Track {
    let codec = match track.kind {
        TrackKind::Video => {
            let mut record = AVC_RECORD.to_vec();
            if let Some(last) = record.last_mut() {
                *last ^= u8::from(is_other);
            }
            AvcConfig::parse(record.into()).map(CodecConfig::Avc).ok()
        }
        TrackKind::Audio => {
            let record: &[u8] = if is_other { &[0x12, 0x10] } else { &[0x11, 0x90] };
            AacConfig::parse(Bytes::from_static(record)).map(CodecConfig::Aac).ok()
        }
    };
    Track::new(track, codec.expect("a configuration"))
}

fn unit(track: TrackId, timestamp_ms: u32, composition_ms: i64, is_key: bool) -> AccessUnit {
    let is_sound = track.kind == TrackKind::Audio;
    let payload: &[u8] = match (is_sound, is_key) {
        (true, _) => &[0x21, 0x10, 4],
        (false, true) => &[0, 0, 0, 2, 0x65, 1],
        (false, false) => &[0, 0, 0, 2, 0x41, 1],
    };
    let dts_ms = i64::from(timestamp_ms);
    let pts_ms = if is_sound { dts_ms } else { dts_ms + composition_ms * 8 };
    AccessUnit {
        track,
        dts: Timestamp::from_millis(dts_ms),
        pts: Timestamp::from_millis(pts_ms),
        random_access: is_key,
        samples: if is_sound { 1_024 } else { 0 },
        payload: Bytes::from_static(payload),
    }
}

const TRACKS: [TrackId; 4] = [
    TrackId::VIDEO,
    TrackId::AUDIO,
    TrackId { kind: TrackKind::Video, number: 1 },
    TrackId { kind: TrackKind::Audio, number: 1 },
];

/// Bytes that describe a run of units.
const RUN_BYTES: usize = 6;

/// An `AVCDecoderConfigurationRecord` of 160x90.
const AVC_RECORD: &[u8] = b"\x01\x42\xc0\x0b\xff\xe1\0\x18\x67\x42\xc0\x0b\xd9\x02\x8d\xf9\x30\x11\
    \0\0\x03\0\x01\0\0\x03\0\x32\x0f\x14\x2a\x48\x01\0\x05\x68\xcb\x83\xcb\x20";

#[cfg(test)]
mod tests {
    use container::fuzz::payloads_of;
    use samples::{CAPTURES, damaged_slowly};

    use super::*;

    #[test]
    fn pushes_of_real_encoders_are_cut_soundly_in_every_packaging() {
        for capture in CAPTURES {
            for first in [0, 3, 9, 14, 18, 31, 34, 35, 65, 67, 71, 98] {
                push(&[&[first], &payloads_of(capture.bytes)[..]].concat());
            }
        }
    }

    #[test]
    fn damaged_pushes_are_cut_soundly() {
        let pushes: Vec<_> = CAPTURES
            .iter()
            .zip((0..32).cycle())
            .map(|(capture, first)| [&[first], &payloads_of(capture.bytes)[..]].concat())
            .collect();
        let beginnings: Vec<_> = pushes.iter().map(|push| &push[..push.len().min(5_000)]).collect();
        damaged_slowly(&beginnings, push);
    }

    #[test]
    fn wild_times_are_cut_soundly() {
        // Pictures with a key frame first, sound, a jump, other parameters, cues, and so on.
        let runs = [
            [0x74, 31, 0, 40, 0, 0],
            [0x71, 31, 0, 21, 0, 21],
            [0x76, 31, 0, 40, 10, 0],
            [0x73, 31, 0, 21, 0, 21],
            [0x04, 9, 1, 0, 0, 0],
            [0x14, 9, 0, 40, 246, 0],
            [0x24, 9, 0, 40, 0, 0],
            [0x34, 9, 0, 40, 0, 0],
        ];
        let script: Vec<u8> = runs.iter().cycle().take(10).flatten().copied().collect();
        let samples =
            [0x50, 0x43, 0xd2, 0xc4, 0xdb, 0x23, 0].map(|first| [&[first], &script[..]].concat());
        let samples: Vec<_> = samples.iter().map(Vec::as_slice).collect();
        damaged_slowly(&samples, units);
    }
}
