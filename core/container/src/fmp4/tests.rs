//! What the muxer writes, read by our own reader and by an independent one.

mod both_containers;
mod encoders;

use bytes::{Bytes, BytesMut};
use media::avc::{NalLengthSize, nal_units};
use media::{AccessUnit, Rounding, Timescale, Timestamp, TrackId, TrackKind};
use proptest::prelude::*;

use super::testing::{mux, read, read_twice};
use super::*;
use crate::testing::{audio, frame, picture, real_units, video};

const IDR: &str = "65888400";
const SLICE: &str = "419a2100";

/// The samples of a track in all segments must follow each other without a hole.
#[track_caller]
fn check_continuity(samples: &[Sample]) {
    for pair in samples.windows(2).filter(|pair| pair[0].track == pair[1].track) {
        assert_eq!(pair[0].dts + i64::from(pair[0].duration), pair[1].dts, "{pair:?}");
        assert!(pair[0].duration > 0, "{pair:?}");
    }
}

/// A unit as it must be in a sample, written the slow way.
fn stored(unit: &AccessUnit) -> Vec<u8> {
    match unit.track.kind {
        TrackKind::Audio => unit.payload.to_vec(),
        TrackKind::Video => nal_units(&unit.payload, NalLengthSize::Four)
            .map(Result::unwrap)
            .filter(|nal| !matches!(nal[0] & 0x1f, 7 | 8 | 9 | 13))
            .flat_map(|nal| [&u32::try_from(nal.len()).unwrap().to_be_bytes()[..], nal].concat())
            .collect(),
    }
}

#[test]
fn a_real_stream_comes_back_as_it_was() {
    let (tracks, units) = real_units();
    let mut muxer = Muxer::new(&tracks).unwrap();
    let init = muxer.init_section();
    let key =
        units.iter().skip(1).position(|unit| unit.random_access && unit.track == TrackId::VIDEO);
    let segments = mux(&mut muxer, &units, &[key.unwrap() + 1], &[20, 40, 90]);
    assert_eq!(segments.len(), 2);
    let samples = read_twice(&init, &segments);
    check_continuity(&samples);
    for (number, track) in (1..).zip(&tracks) {
        let of_track = units.iter().filter(|unit| unit.track == track.id);
        let expected = of_track.map(|unit| {
            // 44.1 kHz, of which milliseconds know nothing.
            let hz = track.codec.audio().map_or(90_000, |audio| audio.sample_rate);
            let ticks = |time: Timestamp| {
                time.rescale(Timescale::new(hz).unwrap(), Rounding::Nearest).unwrap().ticks()
            };
            (ticks(unit.dts), ticks(unit.pts), unit.random_access, stored(unit))
        });
        let actual = samples.iter().filter(|sample| sample.track == number);
        let actual =
            actual.map(|sample| (sample.dts, sample.pts, sample.is_sync, sample.data.to_vec()));
        assert!(actual.eq(expected), "{:?}", track.id);
    }
}

#[test]
fn every_cut_into_fragments_gives_the_same_samples() {
    let (tracks, units) = real_units();
    let units = &units[..40];
    let whole = |fragments: &[usize]| {
        let mut muxer = Muxer::new(&tracks).unwrap();
        let init = muxer.init_section();
        let mut samples = read_twice(&init, &mux(&mut muxer, units, &[], fragments));
        // Fragments have headers, which move what is behind them.
        samples.iter_mut().for_each(|sample| sample.at = 0);
        samples
    };
    let expected = whole(&[]);
    assert_eq!(expected.len(), 40);
    for first in 1..40 {
        for second in [first, first + 1, first + 7] {
            assert_eq!(whole(&[first, second]), expected, "cuts at {first} and {second}");
        }
    }
    assert_eq!(whole(&(1..40).collect::<Vec<_>>()), expected);
}

#[test]
fn parts_one_behind_the_other_are_the_segment() {
    let mut muxer = Muxer::new(&[video()]).unwrap();
    let reader = Reader::open(&muxer.init_section()).unwrap();
    let (mut out, mut parts) = (BytesMut::new(), Vec::new());
    muxer.begin_segment(&mut out);
    for (time, nal) in [(0, IDR), (40, SLICE), (80, SLICE)] {
        muxer.write(&picture(time, time, &[nal])).unwrap();
        muxer.finish_fragment(|_| Some(Timestamp::from_millis(time + 40)), &mut out);
        parts.push(out.split());
    }
    let segment = read(&reader, &Bytes::from(parts.concat()));
    let numbers: Vec<_> =
        segment.fragments.iter().map(|fragment| fragment.sequence_number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(segment.brands, [FourCc(*b"msdh"), FourCc(*b"msdh"), FourCc(*b"cmfs")]);
}

/// A unit somewhere: of which track, how long after the last one, how much later it is shown.
type Step = (bool, i64, i64, usize, bool);

fn arbitrary_steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (any::<bool>(), -50..2_000_i64, -300..300_i64, 1..2_000_usize, any::<bool>());
    prop::collection::vec(step, 1..60)
}

proptest! {
    #[test]
    fn whatever_the_times_and_sizes_the_samples_are_sound(
        steps in arbitrary_steps(),
        cuts in prop::collection::vec(1..60_usize, 0..6),
        knows_next in any::<bool>(),
    ) {
        let mut muxer = Muxer::new(&[video(), audio()]).unwrap();
        let init = muxer.init_section();
        let mut units = Vec::new();
        let (mut video_time, mut audio_time) = (1_000, 48_000);
        for (is_video, step, offset, size, is_key) in steps {
            units.push(if is_video {
                video_time += step;
                let nal = if is_key { IDR } else { SLICE };
                picture(video_time.max(0), video_time + offset, &[&nal.repeat(size)])
            } else {
                audio_time += step;
                frame(audio_time.max(0), &vec![7; size])
            });
        }
        let (mut segments, mut out) = (Vec::new(), BytesMut::new());
        muxer.begin_segment(&mut out);
        for (index, unit) in units.iter().enumerate() {
            if cuts.contains(&index) {
                let behind = units[index..].iter();
                let next = |track| behind.clone().find(|unit| unit.track == track);
                muxer.finish_fragment(
                    |track| next(track).filter(|_| knows_next).map(|unit| unit.dts),
                    &mut out,
                );
                segments.push(out.split().freeze());
                muxer.begin_segment(&mut out);
            }
            muxer.write(unit).unwrap();
        }
        muxer.finish_fragment(|_| None, &mut out);
        segments.push(out.freeze());

        let samples = read_twice(&init, &segments);
        for pair in samples.windows(2).filter(|pair| pair[0].track == pair[1].track) {
            prop_assert!(pair[0].duration > 0);
            prop_assert!(pair[0].dts + i64::from(pair[0].duration) <= pair[1].dts);
        }
        for (number, id) in [(1, TrackId::VIDEO), (2, TrackId::AUDIO)] {
            let actual = samples.iter().filter(|sample| sample.track == number);
            let expected: Vec<_> = units.iter().filter(|unit| unit.track == id).collect();
            let payloads = actual.clone().map(|sample| sample.data.to_vec());
            prop_assert!(payloads.eq(expected.iter().map(|unit| stored(unit))));
            for (sample, unit) in actual.zip(expected).filter(|_| number == 1) {
                prop_assert_eq!(sample.pts, unit.pts.ticks() * 90);
                prop_assert_eq!(sample.is_sync, unit.random_access);
            }
        }
    }
}
