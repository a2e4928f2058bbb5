//! Parts of several tracks, read by what is in them.

use std::fmt::Write;

use container::fmp4::Reader;

use super::tracks::{AUDIO_1, FMP4, VIDEO_1, announce, on, split};
use super::*;
use crate::{Init, Part};

/// What comes out when units arrive in the order of `arrives`: a line for each rendition, with how
/// many samples of each track are in each part, `*` if the part's first picture is one that
/// decoding can start with, and `|` behind each segment; below, the same of what was said.
fn run(
    part_ms: i64,
    ids: &[TrackId],
    mut units: Vec<AccessUnit>,
    arrives: impl Fn(&AccessUnit) -> i64,
) -> String {
    let mut segmenter = Segmenter::new(Settings { low_latency: LowLatency::Auto, part_ms, ..FMP4 });
    announce(&mut segmenter, ids);
    units.sort_by_key(|unit| (arrives(unit), unit.track));
    units.into_iter().for_each(|unit| segmenter.push(unit, 0));
    segmenter.finish();
    let mut inits: Vec<Init> = Vec::new();
    let mut lines: BTreeMap<String, String> = BTreeMap::new();
    let mut said = String::new();
    for output in std::iter::from_fn(|| segmenter.pull()) {
        match output {
            Output::Init(init) => inits.push(init),
            Output::Part(part) => {
                said.push_str(if part.record.independent { "* " } else { "- " });
                show_part(&inits, &part, &mut lines);
            }
            Output::Segment(segment) => {
                said.push_str("| ");
                lines.values_mut().for_each(|line| line.push_str("| "));
                read_whole(&inits, &segment);
            }
            Output::PartBytes(_) | Output::DateRange(_) => {}
        }
    }
    let lines = lines.into_iter().map(|(name, line)| format!("{name}: {}", line.trim_end()));
    lines.chain([said.trim_end().to_owned()]).collect::<Vec<_>>().join("\n")
}

fn reader(inits: &[Init], rendition: &timeline::RenditionId) -> Reader {
    let init = inits.iter().rev().find(|init| init.rendition == *rendition).unwrap();
    Reader::open(&init.body).unwrap()
}

fn show_part(inits: &[Init], part: &Part, lines: &mut BTreeMap<String, String>) {
    for it in &part.bodies {
        let reader = reader(inits, &it.rendition);
        let read = reader.read_segment(&it.body).unwrap();
        let samples: Vec<_> = read.fragments.iter().flat_map(|part| &part.samples).collect();
        let line = lines.entry(it.rendition.to_string()).or_default();
        for info in reader.tracks() {
            let its = samples.iter().filter(|sample| sample.track == info.id);
            let is_picture = info.entry.size.0 > 0;
            let starts = is_picture && its.clone().next().is_some_and(|sample| sample.is_sync);
            write!(line, "{}{}", its.count(), if starts { "*" } else { "" }).unwrap();
            line.push(if info.id == reader.tracks().last().unwrap().id { ' ' } else { '+' });
        }
    }
}

/// Its fragments follow one another.
fn read_whole(inits: &[Init], segment: &Segment) {
    for (record, body) in segment.new.renditions.iter().zip(&segment.bodies) {
        let read = reader(inits, &record.rendition).read_segment(body).unwrap();
        assert!(read.faults.is_empty(), "{:?}", read.faults);
        assert_eq!(read.fragments.len(), segment.new.parts.len());
    }
}

const IDS: [TrackId; 4] = [TrackId::VIDEO, VIDEO_1, TrackId::AUDIO, AUDIO_1];

fn two_of_each() -> Vec<AccessUnit> {
    let gops = ["v0-1000", "v1000-2000", "v2000-3000", "v3000-4000"];
    let pictures = gops.map(series).concat();
    [pictures.clone(), on(VIDEO_1, pictures), series("a0-4000"), on(AUDIO_1, series("a0-4000"))]
        .concat()
}

#[test]
fn all_pictures_are_cut_at_the_same_moments_whichever_comes_first() {
    let forth = run(333, &IDS, two_of_each(), |unit| unit.dts.ticks());
    for (late, late_ms) in [(TrackId::VIDEO, 20), (VIDEO_1, 20), (TrackId::VIDEO, 90)] {
        let other = run(333, &IDS, two_of_each(), |unit| {
            unit.dts.rescale(media::Timescale::MILLIS, media::Rounding::Down).unwrap().ticks()
                + if unit.track == late { late_ms } else { 0 }
        });
        let pictures = |shown: &str| -> Vec<String> {
            let lines = shown.lines().filter(|line| line.contains('*'));
            lines
                .map(|line| {
                    let words = line.split(' ').map(|word| word.split('+').next().unwrap());
                    words.collect::<Vec<_>>().join(" ")
                })
                .collect()
        };
        assert_eq!(pictures(&forth), pictures(&other), "{late:?} is {late_ms} ms late\n{other}");
    }
    let expected = [
        "fmp4: 8*+14 7+13 7+13 7+13 7+13 7+13 7+15 | 8*+13 7+13 7+14 7+13 7+13 7+13 7+14 0+1 |",
        "fmp4-a1: 14 13 13 13 13 13 15 | 13 13 14 13 13 13 14 1 |",
        "fmp4-v1: 8*+14 7+13 7+13 7+13 7+13 7+13 7+15 | 8*+13 7+13 7+14 7+13 7+13 7+13 7+14 0+1 |",
        "* - - - - - - | * - - - - - - - |",
    ];
    assert_eq!(forth, expected.join("\n"));
}

#[test]
fn a_part_can_be_started_with_only_where_all_pictures_can() {
    let first = ["v0-2000", "v2000-4000"].map(series).concat();
    let other = ["v0-1000", "v1000-2000", "v2000-3000", "v3000-4000"].map(series).concat();
    let check = |first: &[AccessUnit], expected: &[&str]| {
        let units = [first.to_vec(), on(VIDEO_1, other.clone())].concat();
        let shown = run(200, &[TrackId::VIDEO, VIDEO_1], units, |unit| unit.dts.ticks());
        assert_eq!(shown, expected.join("\n"));
    };
    let (once, twice) = ("5* 5 5 5 5 5 5 5 5 5 |", "5* 5 5 5 5 5* 5 5 5 5 |");
    let (rarely, often) = ("* - - - - - - - - - |", "* - - - - * - - - - |");
    check(
        &first,
        &[
            &format!("fmp4: {once} {once}"),
            &format!("fmp4-v1: {twice} {twice}"),
            &format!("{rarely} {rarely}"),
        ],
    );
    check(
        &other,
        &[
            &format!("fmp4: {twice} {twice}"),
            &format!("fmp4-v1: {twice} {twice}"),
            &format!("{often} {often}"),
        ],
    );
}

#[test]
fn pictures_that_stay_away_leave_parts_of_sound() {
    let pictures = ["v0-2000", "v2000-2400", "w4000-4400", "v4400-6000"].map(series).concat();
    let units = [pictures, series("a0-6000")].concat();
    let shown = run(333, &[TrackId::VIDEO, TrackId::AUDIO], units, |unit| {
        unit.dts.rescale(media::Timescale::MILLIS, media::Rounding::Down).unwrap().ticks()
    });
    let expected = [
        "fmp4: 8*+13 7+13 7+13 7+13 7+13 7+13 7+16 | 8*+12 2+23 0+15 0+15 0+15 0+14 6+8 4+10 | \
         8*+13 8+15 8+15 8+15 8+15 0+3 |",
        "* - - - - - - | * - - - - - - - | * - - - - - |",
    ];
    assert_eq!(shown, expected.join("\n"));
}

#[test]
fn pictures_are_decoded_when_the_encoder_says_however_short_parts_are() {
    for step in ["200", "40", "33", "100"] {
        let gops = ["v0-2000", "v2000-4000", "v4000-6000"];
        let units = gops.map(|gop| series(&format!("{gop}/{step}"))).concat();
        let settings = Settings { low_latency: LowLatency::Auto, part_ms: 100, ..FMP4 };
        let mut segmenter = Segmenter::new(settings);
        announce(&mut segmenter, &[TrackId::VIDEO]);
        units.into_iter().for_each(|unit| segmenter.push(unit, 0));
        segmenter.finish();
        let (inits, segments) = split(std::iter::from_fn(|| segmenter.pull()).collect());
        assert!(segments.iter().any(|segment| !segment.new.parts.is_empty()));
        for segment in &segments {
            let reader = reader(&inits, &segment.new.renditions[0].rendition);
            let read = reader.read_segment(&segment.bodies[0]).unwrap();
            let samples = read.fragments.iter().flat_map(|part| &part.samples);
            let worst = samples.map(|it| (it.pts - it.dts).abs()).max();
            assert!(worst <= Some(180), "{worst:?} ticks at {step} ms");
        }
    }
}
