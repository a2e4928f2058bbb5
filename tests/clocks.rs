//! Half an hour of what encoders call the time: sound keeps exact time from its samples, lengths
//! add up, and sound and pictures stay together.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::collections::BTreeMap;

use rtmp::MediaKind;
use testkit::Server;
use testkit::encoder::{Audio, Source, Video, encode};
use testkit::flv::Tag;
use testkit::recording::{ARGUMENTS, Recording, Rendition};
use testkit::{fmp4, ts};

const SECONDS: i64 = 1_800;
/// Seconds that are encoded once, and repeated until the half hour is full.
const CLIP_SECONDS: i64 = 10;

/// Half an hour as an encoder sends it: every time is rounded down to milliseconds.
fn half_an_hour(sample_rate: u32) -> Vec<Tag> {
    let audio = Audio { sample_rate, channels: 1 };
    let video = Video { size: (160, 90), rate: (30, 1), gop: Some(60) };
    let source = Source { audio: Some(audio), video: Some(video), ..Source::usual() };
    let (clip, _) = encode(&source.lasting(u32::try_from(CLIP_SECONDS).unwrap())).unwrap();
    let (headers, units): (Vec<_>, Vec<_>) = clip.into_iter().partition(Tag::is_header);
    // What says that the stream is over is no unit.
    let of = |kind| units.iter().filter(move |t: &&Tag| t.kind == kind && t.body[1] == 1).cloned();
    let (pictures, sounds): (Vec<_>, Vec<_>) =
        (of(MediaKind::Video).collect(), of(MediaKind::Audio).collect());
    let mut tags = headers;
    // 30 pictures a second and 1,024 samples a frame, exact and then rounded down.
    for number in 0..SECONDS * 30 {
        let body = pictures[usize::try_from(number).unwrap() % pictures.len()].body.clone();
        let timestamp_ms = u32::try_from(number * 1_000 / 30).unwrap();
        tags.push(Tag { kind: MediaKind::Video, timestamp_ms, body });
    }
    for number in 0..SECONDS * i64::from(sample_rate) / 1_024 {
        let body = sounds[usize::try_from(number).unwrap() % sounds.len()].body.clone();
        let timestamp_ms = number * 1_024 * 1_000 / i64::from(sample_rate);
        let timestamp_ms = u32::try_from(timestamp_ms).unwrap();
        tags.push(Tag { kind: MediaKind::Audio, timestamp_ms, body });
    }
    tags.sort_by_key(|tag| tag.timestamp_ms);
    tags
}

/// The times of a rendition's sound and pictures, in 90 kHz ticks; sound with its samples so far.
struct Times {
    /// Of each audio frame that begins a packet: how many frames came before, and when it is.
    sound: Vec<(i64, i64)>,
    pictures: Vec<i64>,
}

fn times_of_ts(rendition: &Rendition) -> Times {
    let (mut sound, mut pictures, mut frames) = (Vec::new(), Vec::new(), 0);
    for bytes in rendition.segments.values() {
        let ts = ts::read(bytes).unwrap();
        for unit in &ts.audio {
            sound.push((frames, unit.pts));
            frames += unit.adts().unwrap().frames;
        }
        pictures.extend(ts.video.iter().map(|unit| unit.pts));
    }
    pictures.sort_unstable();
    Times { sound, pictures }
}

fn times_of_fmp4(rendition: &Rendition, sample_rate: u32) -> Times {
    let (mut sound, mut pictures) = (Vec::new(), Vec::new());
    for bytes in rendition.segments.values() {
        let tracks: BTreeMap<u32, Vec<fmp4::Sample>> = fmp4::samples(bytes).unwrap();
        pictures.extend(tracks[&1].iter().map(|sample| sample.pts));
        for sample in &tracks[&2] {
            let ticks = sample.pts * 90_000 / i64::from(sample_rate);
            sound.push((i64::try_from(sound.len()).unwrap(), ticks));
        }
    }
    pictures.sort_unstable();
    Times { sound, pictures }
}

#[track_caller]
fn check(sample_rate: u32) {
    let arguments = [&ARGUMENTS[..], &["--set", "stream.packaging=both"]].concat();
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &arguments).unwrap();
    let recording = Recording::of(&server, "cam", &half_an_hour(sample_rate), &[]).unwrap();
    for (name, rendition) in &recording.renditions {
        let times = match name.as_str() {
            "ts" => times_of_ts(rendition),
            _ => times_of_fmp4(rendition, sample_rate),
        };
        let (_, first) = times.sound[0];
        for &(frames, pts) in &times.sound {
            let exact = first + frames * 1_024 * 90_000 / i64::from(sample_rate);
            let off = pts - exact;
            let is_under_a_sample = off.abs() * i64::from(sample_rate) < 90_000;
            assert!(is_under_a_sample, "{name}: frame {frames} is {off} ticks off");
        }
        // Pictures and sound are as far apart at the end as at the beginning.
        let skew = |sound: &(i64, i64), picture: i64, number: usize| {
            let heard = sound.1 - sound.0 * 1_024 * 90_000 / i64::from(sample_rate);
            let shown = picture - i64::try_from(number).unwrap() * 3_000;
            heard - shown
        };
        let last = times.pictures.len() - 1;
        assert_eq!(last + 1, usize::try_from(SECONDS * 30).unwrap(), "{name}");
        let begin = skew(&times.sound[0], times.pictures[0], 0);
        let end = skew(times.sound.last().unwrap(), times.pictures[last], last);
        assert!((begin - end).abs() <= 90, "{name}: apart by {begin}, then by {end} ticks");
        let listed: u64 = rendition.playlist.segments.iter().map(|listed| listed.length_ms).sum();
        let shown_ms = (times.pictures[last] - times.pictures[0] + 3_000) / 90;
        let off = i64::try_from(listed).unwrap() - shown_ms;
        assert!(off.abs() <= 1, "{name}: the listed lengths are {off} ms off");
    }
    assert_eq!(recording.renditions.len(), 2);
}

#[test]
fn half_an_hour_of_48000_samples_a_second_keeps_time() {
    check(48_000);
}

#[test]
fn half_an_hour_of_44100_samples_a_second_keeps_time() {
    check(44_100);
}
