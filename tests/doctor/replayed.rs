//! What an encoder made, played to the doctor with simulated times of arrival: nothing here
//! depends on how fast the machine is.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use container::flv::{Demuxer, Event, FileReader, Tag, TagKind};
use segmenter::{Change, Diagnosis, Grade, LowLatency, Packaging, Segmenter, Settings};
use testkit::process::run;

/// How long ffmpeg may take.
const ENCODED_WITHIN: Duration = Duration::from_secs(120);
/// When simulated pushes begin, in milliseconds since the Unix epoch.
pub(crate) const BEGIN_MS: i64 = 1_800_000_000_000;

/// Pictures of ffmpeg.
pub(crate) const PICTURES: &str = "-f lavfi -i testsrc2=size=320x180:rate=30";
/// Sound of ffmpeg.
pub(crate) const SOUND: &str = "-f lavfi -i sine=frequency=440:sample_rate=48000";
/// How x264 codes them well.
pub(crate) const H264: &str = "-c:v libx264 -preset ultrafast -threads 1 -pix_fmt yuv420p -b:v 300k -maxrate 300k \
                               -bufsize 600k -g 60";
/// How ffmpeg codes the sound well.
pub(crate) const AAC: &str = "-c:a aac -b:a 96k -ac 2";

/// Forty seconds without a fault.
pub(crate) static GOOD: LazyLock<Vec<Tag>> =
    LazyLock::new(|| encoded(&[PICTURES, SOUND, H264, AAC, "-t 40"]));

/// What ffmpeg makes by these words.
#[track_caller]
pub(crate) fn encoded(words: &[&str]) -> Vec<Tag> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("push.flv");
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-nostats"]);
    command.args(words.iter().flat_map(|words| words.split_whitespace()));
    command.args(["-f", "flv", "-flvflags", "no_duration_filesize"]).arg(&file);
    let finished = run(&mut command, ENCODED_WITHIN).unwrap();
    assert!(finished.status.success(), "ffmpeg says {}", finished.err);
    read(&std::fs::read(file).unwrap())
}

/// The tags of a file.
pub(crate) fn read(file: &[u8]) -> Vec<Tag> {
    let (mut reader, mut tags) = (FileReader::new(), Vec::new());
    reader.push(file);
    while let Some(tag) = reader.pull().unwrap() {
        tags.push(tag);
    }
    tags
}

pub(crate) fn is_video(tag: &Tag) -> bool {
    tag.kind == TagKind::Video
}

/// Whether it is a unit, not a header or metadata.
pub(crate) fn is_unit(tag: &Tag) -> bool {
    tag.kind != TagKind::Script && tag.payload.get(1) == Some(&1)
}

/// A clip of thirty pictures and 48,000 samples a second, over and over, with times as exact as
/// milliseconds are. The clip has a whole number of key frame intervals in its first
/// `clip_pictures`.
pub(crate) fn looped(clip: &[Tag], clip_pictures: usize, seconds: usize) -> Vec<Tag> {
    let of = |kind| clip.iter().filter(move |tag| tag.kind == kind && is_unit(tag));
    let pictures: Vec<_> = of(TagKind::Video).take(clip_pictures).collect();
    let sounds: Vec<_> = of(TagKind::Audio).collect();
    let mut tags: Vec<_> = clip.iter().filter(|tag| !is_unit(tag)).cloned().collect();
    tags.iter_mut().for_each(|header| header.timestamp_ms = 0);
    let at = |tag: &Tag, ms: usize| {
        let timestamp_ms = u32::try_from(ms).unwrap();
        Tag { kind: tag.kind, timestamp_ms, payload: tag.payload.clone() }
    };
    let all = 0..seconds * 30;
    tags.extend(all.map(|number| at(pictures[number % pictures.len()], number * 1_000 / 30)));
    let all = 0..seconds * 48_000 / 1_024;
    tags.extend(all.map(|number| at(sounds[number % sounds.len()], number * 1_024 / 48)));
    tags.sort_by_key(|tag| tag.timestamp_ms);
    tags
}

/// When a tag arrives that an encoder sends in real time: what the network adds is up to 40 ms.
pub(crate) fn live(tag: &Tag) -> i64 {
    let ms = i64::from(tag.timestamp_ms);
    ms + ms * 7_919 % 41
}

/// What the doctor says of a push while it runs, and at its end.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) changes: Vec<Change>,
    pub(crate) last: Diagnosis,
}

/// Plays tags to the doctor; `arrives` says when each does, in milliseconds since the beginning.
pub(crate) fn play(tags: &[Tag], arrives: impl Fn(&Tag) -> i64) -> Said {
    let mut newest = BTreeMap::new();
    // What is of one kind does not overtake.
    let in_order = tags.iter().map(|tag| {
        let newest = newest.entry(tag.kind).or_insert(i64::MIN);
        *newest = arrives(tag).max(*newest);
        (*newest, tag)
    });
    let mut arrivals: Vec<_> = in_order.collect();
    arrivals.sort_by_key(|(ms, _)| *ms);
    let mut demuxer = Demuxer::new();
    let mut segmenter = Segmenter::new(Settings {
        segment_ms: 2_000,
        target_duration_s: None,
        packaging: Packaging::Auto,
        timed_id3: false,
        low_latency: LowLatency::Off,
        part_ms: 333,
        part_target_ms: None,
        begins_at_ms: 0,
    });
    let mut changes = Vec::new();
    for (ms, tag) in arrivals {
        let now_ms = BEGIN_MS + ms;
        demuxer.push(tag.kind, tag.timestamp_ms, Bytes::clone(&tag.payload));
        while let Some(event) = demuxer.pull() {
            match event {
                Event::Track(track) => segmenter.track(track).unwrap(),
                Event::Unit(unit) => segmenter.push(unit, now_ms),
                Event::Repeated(_) | Event::EndOfSequence(_) => {}
                Event::Unsupported { .. } | Event::BadConfig { .. } => panic!("{event:?}"),
            }
        }
        while segmenter.pull().is_some() {}
        changes.extend(segmenter.examine(demuxer.skipped().bad_nal_length, now_ms));
    }
    Said { changes, last: segmenter.diagnosis().clone() }
}

/// Plays tags, and expects exactly these findings in the course of it: a name, the worst grade, and
/// how the sentence begins.
#[track_caller]
pub(crate) fn check(
    tags: &[Tag],
    arrives: impl Fn(&Tag) -> i64,
    expected: &[(&str, Grade, &str)],
) -> Said {
    let said = play(tags, arrives);
    let mut worst: Vec<(&str, Grade, String)> = Vec::new();
    for change in &said.changes {
        let finding = &change.finding;
        match worst.iter_mut().find(|(id, ..)| *id == finding.id) {
            Some((_, grade, _)) if *grade >= finding.grade => {}
            Some(known) => (known.1, known.2) = (finding.grade, finding.advice.clone()),
            None => worst.push((finding.id, finding.grade, finding.advice.clone())),
        }
    }
    let is_one =
        |((id, grade, advice), expected): (&(&str, Grade, String), &(&str, Grade, &str))| {
            *id == expected.0 && *grade == expected.1 && advice.starts_with(expected.2)
        };
    let alike = worst.len() == expected.len() && worst.iter().zip(expected).all(is_one);
    assert!(alike, "expected {expected:?}, said {worst:#?}, measured {:?}", said.last.figures);
    said
}
