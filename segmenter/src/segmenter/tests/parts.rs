//! The parts of segments.

use super::*;
use crate::{Part, PartBody};

const LOW_LATENCY: Settings = Settings { low_latency: LowLatency::On, ..SETTINGS };

/// What comes out of a script, as [`super::cut`] reads it, in the order in which it comes.
fn outputs(settings: Settings, script: &str) -> Vec<Output> {
    let mut segmenter = play(settings, script);
    std::iter::from_fn(|| segmenter.pull()).collect()
}

/// Every segment as the lengths of its parts in milliseconds, `*` behind those that decoding can
/// start with, and behind the last part target.
fn show_parts(outputs: &[Output]) -> String {
    let mut shown = Vec::new();
    for segment in whole(outputs) {
        let mut start = segment.new.start;
        let parts = segment.new.parts.iter().map(|part| {
            let length_ms = boundary_ms(part.end) - boundary_ms(start);
            start = part.end;
            format!("{length_ms}{}", if part.independent { "*" } else { "" })
        });
        shown.push(parts.collect::<Vec<_>>().join(" "));
    }
    shown.join(" | ")
}

fn whole(outputs: &[Output]) -> impl Iterator<Item = &Segment> {
    outputs.iter().filter_map(|output| match output {
        Output::Segment(segment) => Some(segment),
        Output::Init(_) | Output::Part(_) | Output::PartBytes(_) | Output::DateRange(_) => None,
    })
}

#[track_caller]
fn check(settings: Settings, script: &str, expected: &str) {
    let outputs = outputs(settings, script);
    assert_eq!(show_parts(&outputs), expected, "{script}");
    sound(&outputs, settings).unwrap();
}

/// Whether parts are what they must be.
fn sound(outputs: &[Output], settings: Settings) -> Result<(), TestCaseError> {
    let mut parts: Vec<&Part> = Vec::new();
    let mut target_ms = settings.part_target_ms;
    for output in outputs {
        match output {
            Output::Part(part) => {
                prop_assert_eq!(usize::try_from(part.number).unwrap(), parts.len());
                prop_assert_eq!(*target_ms.get_or_insert(part.part_target_ms), part.part_target_ms);
                parts.push(part);
            }
            Output::Segment(segment) => {
                sound_segment(segment, &parts)?;
                parts.clear();
            }
            Output::Init(_) | Output::PartBytes(_) | Output::DateRange(_) => {}
        }
    }
    Ok(())
}

fn sound_segment(segment: &Segment, parts: &[&Part]) -> Result<(), TestCaseError> {
    let new = &segment.new;
    let announced: Vec<_> = parts.iter().map(|part| part.record).collect();
    prop_assert_eq!(&announced, &new.parts, "what was announced stays");
    let Some(last) = new.parts.last() else {
        prop_assert!(new.renditions.iter().all(|record| record.part_bytes.is_empty()));
        prop_assert_eq!(new.part_target_ms, None);
        return Ok(());
    };
    prop_assert_eq!(last.end, new.end, "the last part ends with its segment");
    let target_ms = i64::from(new.part_target_ms.unwrap());
    let mut start = new.start;
    for (number, part) in new.parts.iter().enumerate() {
        let length_ms = boundary_ms(part.end) - boundary_ms(start);
        prop_assert!(part.end > start, "part {number} goes on");
        prop_assert!(length_ms <= target_ms, "part {number} of {length_ms} ms");
        let is_last = number + 1 == new.parts.len();
        let is_long = is_last || length_ms * 100 >= target_ms * 85;
        prop_assert!(is_long, "part {number} of {length_ms} ms in {:?}", new.parts);
        start = part.end;
    }
    for part in parts {
        let head = (part.segment_start, part.calendar_ms, part.discontinuity);
        prop_assert_eq!(head, (new.start, new.calendar_ms, new.discontinuity));
        prop_assert_eq!(i64::from(part.part_target_ms), target_ms);
    }
    for (record, body) in new.renditions.iter().zip(&segment.bodies) {
        let of =
            |part: &&Part| part.bodies.iter().find(|it| it.rendition == record.rendition).cloned();
        let bodies: Vec<PartBody> = parts.iter().filter_map(of).collect();
        let lengths: Vec<_> =
            bodies.iter().map(|part| u64::try_from(part.body.len()).unwrap()).collect();
        prop_assert_eq!(&lengths, &record.part_bytes);
        if !bodies.is_empty() {
            prop_assert_eq!(bodies.len(), parts.len());
            prop_assert!(lengths.iter().all(|length| *length > 0), "{lengths:?}");
            let together: Vec<_> = bodies.iter().flat_map(|part| part.body.to_vec()).collect();
            prop_assert!(together == body[..], "the parts are the segment");
        }
        for part in &bodies {
            prop_assert_eq!(part.init, record.init.map(|init| init.number));
            prop_assert_eq!(part.container, record.container);
        }
    }
    Ok(())
}

#[test]
fn parts_are_as_many_frames_as_fit_the_setting() {
    let even = "320* 280 280 280 280 280 280";
    check(LOW_LATENCY, "V v0-2000/40 v2000-4000/40", &format!("{even} | {even}"));
    let even = "300* 300 300 300 300 300 200";
    check(LOW_LATENCY, "V v0-2000/50 v2000-4000/50", &format!("{even} | {even}"));
}

#[test]
fn parts_of_slow_pictures_have_one_each() {
    let even = ["200"; 10].join(" ").replacen("200", "200*", 1);
    check(LOW_LATENCY, "V v0-2000/200 v2000-4000/200", &format!(" | {even}"));
}

#[test]
fn sound_alone_has_parts_of_whole_frames() {
    let even = "320* 320* 320* 320* 320* 320* 64*";
    check(LOW_LATENCY, "A a0-4000", &format!("{even} | {even} | 43*"));
}

#[test]
fn sound_goes_with_the_pictures_of_its_time() {
    let even = "320* 280 280 280 280 280 280";
    check(LOW_LATENCY, "V A v0-2000/40 v2000-4000/40 a0-4000", &format!("{even} | {even} 1"));
}

#[test]
fn a_stream_that_comes_back_keeps_its_part_target() {
    let settings = Settings { part_target_ms: Some(200), ..LOW_LATENCY };
    let even = ["200"; 10].join(" ").replacen("200", "200*", 1);
    check(settings, "V v0-2000/40 v2000-4000/40", &format!("{even} | {even}"));
    check(settings, "V v0-2000/150 v2000-4000/150", &format!("{even} | {even}"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever comes, parts are what they must be.
    #[test]
    fn parts_are_their_segments(
        steps in prop::collection::vec((0..4_u8, 0..200_u32, any::<bool>()), 1..400),
        regular in prop::collection::vec((1..80_u8, 10..60_u8, 0..80_u8), 0..6),
        target in prop::option::of(100..1_000_u32),
        packaging in prop::sample::select(vec![Packaging::Ts, Packaging::Fmp4, Packaging::Both]),
    ) {
        let settings = Settings { packaging, part_target_ms: target, ..LOW_LATENCY };
        let mut segmenter = Segmenter::new(settings);
        segmenter.track(track("V")).unwrap();
        segmenter.track(track("A")).unwrap();
        let mut now = 0;
        // Some GOPs of an even pace, then anything.
        for (frames, step, sound_late) in regular {
            let (length, step) = (i64::from(frames) * i64::from(step), i64::from(step));
            let mut units = series(&format!("v{now}-{}/{step}", now + length));
            units.extend(series(&format!("a{now}-{}", now + length)));
            units.sort_by_key(|unit| {
                let is_sound = unit.track.kind == TrackKind::Audio;
                unit.dts.ticks() + if is_sound { i64::from(sound_late) } else { 0 }
            });
            units.into_iter().for_each(|unit| segmenter.push(unit, now));
            now += length;
        }
        for (kind, step, key) in &steps {
            now += i64::from(*step);
            let word = match (kind, key) {
                (0, _) => format!("a{now}-{}", now + 1),
                (_, true) => format!("v{now}-{}", now + 1),
                (_, false) => format!("w{now}-{}", now + 1),
            };
            series(&word).into_iter().for_each(|unit| segmenter.push(unit, now));
        }
        segmenter.finish();
        let outputs: Vec<_> = std::iter::from_fn(|| segmenter.pull()).collect();
        sound(&outputs, settings)?;
    }
}
