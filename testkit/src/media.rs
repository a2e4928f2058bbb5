//! Whether what a viewer downloaded is what an encoder pushed.

#[cfg(test)]
mod tests;

use anyhow::{Result, ensure};
use m3u8_rs::VariantStream;

use crate::encoder::{Source, Video};
use crate::playlist::Listed;
use crate::tools::{Pushed, decode};
use crate::ts::{self, HZ, PCR_HZ, Ts};
use crate::viewer::Segment;

/// The longest distance of two PCRs, in ticks of 27 MHz: 40 ms.
const PCR_TICKS_MAX: i64 = PCR_HZ / 25;
/// How much `EXTINF` may differ from the media's real length, in ticks of 90 kHz: 1 ms.
const LENGTH_TICKS_OFF_MAX: i64 = HZ / 1_000;
/// How much the distance of sound and pictures may differ from the source's, in milliseconds.
const OFFSET_MS_OFF_MAX: i64 = 50;
/// How many of the last pictures of a push that was cut off may have a hole before them: as many
/// as x264 puts between two that others refer to.
const CUT_OFF_PICTURES_MAX: usize = 4;

/// The segments of one run of the timeline, taken apart.
#[derive(Debug)]
pub struct Run {
    source: Source,
    parts: Vec<(Listed, Ts)>,
    is_cut_off: bool,
    faults: Vec<String>,
}

/// Checks the segments of one run of the timeline, each alone and all together, against the source
/// that was pushed.
///
/// # Errors
///
/// When anything is wrong; the error has a sentence for everything that is.
pub fn check(source: &Source, segments: &[Segment]) -> Result<Run> {
    check_run(source, segments, false)
}

/// The same for a push that was cut off: pictures are sent in the order of decoding, so that among
/// the last ones some are missing that would have been shown before others.
///
/// # Errors
///
/// When anything else is wrong.
pub fn check_cut_off(source: &Source, segments: &[Segment]) -> Result<Run> {
    check_run(source, segments, true)
}

fn check_run(source: &Source, segments: &[Segment], is_cut_off: bool) -> Result<Run> {
    let (source, parts, faults) = (source.clone(), Vec::new(), Vec::new());
    let mut run = Run { source, parts, is_cut_off, faults };
    let mut whole = Vec::new();
    let last = segments.last().map_or(0, |segment| segment.listed.sequence);
    for segment in segments {
        let sequence = segment.listed.sequence;
        match ts::read(&segment.bytes) {
            Ok(ts) => run.parts.push((segment.listed.clone(), ts)),
            Err(error) => run.faults.push(format!("segment {sequence}: {error:#}")),
        }
        whole.extend_from_slice(&segment.bytes);
        // Decoders complain of a track of which there is nothing.
        if sequence == last && run.ends_without_sound() {
            continue;
        }
        if let Err(error) = decode(&segment.bytes) {
            run.faults.push(format!("segment {sequence}: {error:#}"));
        }
    }
    if let Err(error) = decode(&whole) {
        run.faults.push(format!("all segments together: {error:#}"));
    }
    run.check_starts();
    run.check_counters();
    run.check_clock();
    run.check_pictures();
    run.check_sound();
    run.check_lengths();
    run.done()
}

impl Run {
    /// Checks that all that was pushed is there, and that sound and pictures are as far apart as in
    /// the source.
    ///
    /// # Errors
    ///
    /// When they are not.
    pub fn check_whole(mut self, pushed: &Pushed) -> Result<Self> {
        let (pictures, frames) = (self.shown().len(), self.sound_frames());
        let expected = (pushed.video.len(), i64::try_from(pushed.audio.len())?);
        if (pictures, frames) != expected {
            self.faults.push(format!(
                "{pictures} pictures and {frames} frames of sound of {expected:?} are there"
            ));
        }
        let first = |times: &mut dyn Iterator<Item = i64>| times.min();
        let source = first(&mut pushed.audio.iter().map(|packet| packet.pts_ms))
            .zip(first(&mut pushed.video.iter().map(|packet| packet.pts_ms)));
        let here = first(&mut self.units(|ts| &ts.audio).map(|unit| unit.pts))
            .zip(first(&mut self.units(|ts| &ts.video).map(|unit| unit.pts)));
        if let (Some((audio_ms, video_ms)), Some((audio, video))) = (source, here) {
            let (source_ms, here_ms) = (audio_ms - video_ms, (audio - video) * 1_000 / HZ);
            if (source_ms - here_ms).abs() > OFFSET_MS_OFF_MAX {
                self.faults.push(format!(
                    "sound begins {here_ms} ms after the pictures, and {source_ms} ms in the source"
                ));
            }
        }
        self.done()
    }

    /// Checks what a multivariant playlist says of the segments, which are all that were listed
    /// when it was asked for.
    ///
    /// # Errors
    ///
    /// When it is not true.
    pub fn check_variant(
        mut self,
        variant: &VariantStream,
        target_duration_s: u64,
    ) -> Result<Self> {
        let mut codecs = Vec::new();
        if let Some(Video { size: (width, height), rate, .. }) = self.source.video {
            // Profile, constraints and level as the sequence parameter set has them.
            let first = self.units(|ts| &ts.video).next();
            let sets = first.map(ts::Unit::nal_units).unwrap_or_default();
            let set = sets.iter().find_map(|unit| match unit.first_chunk::<4>()? {
                [kind, profile, limits, level] if kind & 0x1f == 7 => {
                    Some(format!("avc1.{profile:02X}{limits:02X}{level:02X}"))
                }
                _ => None,
            });
            codecs.push(set.unwrap_or_else(|| "no sequence parameter set".into()));
            let said = variant.resolution.map(|size| (size.width, size.height));
            self.expect("RESOLUTION", said, Some((width.into(), height.into())));
            let said = variant.frame_rate.map(|rate| format!("{rate:.2}"));
            let rate = f64::from(rate.0) / f64::from(rate.1);
            self.expect("FRAME-RATE", said, Some(format!("{rate:.2}")));
        } else {
            self.expect("RESOLUTION", variant.resolution.is_some(), false);
        }
        codecs.extend(self.source.audio.map(|_| "mp4a.40.2".to_owned()));
        self.expect("CODECS", variant.codecs.clone(), Some(codecs.join(",")));
        let (peak, average) = self.bit_rates(target_duration_s);
        self.expect("BANDWIDTH", variant.bandwidth, peak);
        self.expect("AVERAGE-BANDWIDTH", variant.average_bandwidth, Some(average));
        self.done()
    }

    /// The segments' media, in their order.
    #[must_use]
    pub fn parts(&self) -> &[(Listed, Ts)] {
        &self.parts
    }

    /// How many frames of sound there are.
    #[must_use]
    pub fn sound_frames(&self) -> i64 {
        self.units(|ts| &ts.audio).filter_map(|unit| Some(unit.adts().ok()?.frames)).sum()
    }

    /// When each picture is shown, in that order.
    #[must_use]
    pub fn shown(&self) -> Vec<i64> {
        let mut times: Vec<_> = self.units(|ts| &ts.video).map(|unit| unit.pts).collect();
        times.sort_unstable();
        times
    }

    fn units<'a>(
        &'a self,
        of: impl Fn(&'a Ts) -> &'a Vec<ts::Unit> + 'a,
    ) -> impl Iterator<Item = &'a ts::Unit> {
        self.parts.iter().flat_map(move |(_, ts)| of(ts))
    }

    fn done(self) -> Result<Self> {
        let faults = self.faults.join("\n  ");
        ensure!(faults.is_empty(), "the media is not right:\n  {faults}");
        ensure!(!self.parts.is_empty(), "there is no segment");
        Ok(self)
    }

    fn expect<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, said: T, expected: T) {
        if said != expected {
            self.faults.push(format!("{what} is {said:?}, not {expected:?}"));
        }
    }

    /// The largest bit rate of any run of segments that lasts between a half and one and a half
    /// target durations (RFC 8216bis, 4.4.6.2), and that of all together.
    fn bit_rates(&self, target_duration_s: u64) -> (u64, u64) {
        let rate = |parts: &[(Listed, Ts)]| {
            let length_ms: u64 = parts.iter().map(|(listed, _)| listed.length_ms).sum();
            let bytes: u64 = parts.iter().map(|(_, ts)| ts.bytes).sum();
            (length_ms, (bytes * 8_000).div_ceil(length_ms.max(1)))
        };
        let lengths = target_duration_s * 500..=target_duration_s * 1_500;
        let counts = 1..=self.parts.len();
        let rates = counts.flat_map(|count| self.parts.windows(count).map(rate));
        let peak = rates.filter(|(length_ms, _)| lengths.contains(length_ms)).map(|(_, rate)| rate);
        let average = rate(&self.parts).1;
        (peak.max().unwrap_or(average), average)
    }

    /// Whether the newest segment has the last pictures only: an encoder that is told to end stops
    /// reading sound while pictures are still on their way through it, later on a busy machine.
    fn ends_without_sound(&self) -> bool {
        let ends = |(listed, ts): &(Listed, Ts)| listed.length_ms < 1_000 && ts.audio.is_empty();
        self.parts.len() > 1 && self.parts.last().is_some_and(ends)
    }

    /// Ticks of a picture at the source's rate.
    fn picture_ticks(&self) -> i64 {
        let rate = self.source.video.map_or((30, 1), |video| video.rate);
        HZ * i64::from(rate.1) / i64::from(rate.0)
    }

    /// A segment begins with a key frame that can be decoded by itself.
    fn check_starts(&mut self) {
        let last = self.parts.last().map(|(listed, _)| listed.sequence);
        let silent = last.filter(|_| self.ends_without_sound());
        for (listed, ts) in &self.parts {
            let sequence = listed.sequence;
            let mut fault = |text: &str| self.faults.push(format!("segment {sequence} {text}"));
            if ts.video.is_empty() != self.source.video.is_none() {
                fault(&format!("has {} pictures", ts.video.len()));
            }
            let has_sound = !ts.audio.is_empty() || silent == Some(sequence);
            if has_sound != self.source.audio.is_some() {
                fault(&format!("has {} units of sound", ts.audio.len()));
            }
            if let Some(first) = ts.video.first() {
                let types = first.nal_types();
                let at = |kind| types.iter().position(|other| *other == kind);
                if types.first() != Some(&9)
                    || at(7).is_none()
                    || at(8).is_none()
                    || at(5).is_none()
                {
                    fault(&format!("begins with the NAL units {types:?}"));
                }
                if at(7) > at(5) || at(8) > at(5) || !first.is_random_access {
                    fault("says too late how its key frame is decoded");
                }
                if ts.shown().first() != Some(&first.pts) {
                    fault("has a picture that is shown before its key frame");
                }
            }
            for unit in &ts.video {
                if unit.pts < unit.dts || unit.nal_types().contains(&5) != unit.is_random_access {
                    fault(&format!("has an odd picture at {}", unit.pts));
                }
            }
        }
    }

    /// Continuity counters run on from segment to segment.
    fn check_counters(&mut self) {
        for two in self.parts.windows(2) {
            let [(_, before), (listed, after)] = two else { continue };
            for (pid, (first, _)) in &after.counters {
                let expected = before.counters.get(pid).map(|(_, last)| (last + 1) % 16);
                if expected.is_some_and(|expected| expected != *first) {
                    let sequence = listed.sequence;
                    self.faults.push(format!("PID {pid} begins segment {sequence} with {first}"));
                }
            }
        }
    }

    fn check_clock(&mut self) {
        let mut last = None;
        for (listed, ts) in &self.parts {
            let sequence = listed.sequence;
            for &pcr in &ts.pcr {
                let step = pcr - last.unwrap_or(pcr);
                if !(0..=PCR_TICKS_MAX).contains(&step) {
                    self.faults
                        .push(format!("a PCR of segment {sequence} comes after {step} ticks"));
                }
                last = Some(pcr);
            }
            let units = ts.video.iter().chain(&ts.audio);
            let first = units.map(|unit| unit.dts).min();
            if ts.pcr.first().zip(first).is_none_or(|(pcr, dts)| *pcr > dts * 300) {
                self.faults.push(format!("the clock of segment {sequence} is late or missing"));
            }
        }
    }

    /// Pictures follow one another without a hole, over borders as well.
    fn check_pictures(&mut self) {
        let picture = self.picture_ticks();
        let count = self.shown().len();
        let sure = count - if self.is_cut_off { CUT_OFF_PICTURES_MAX.min(count) } else { 0 };
        let mut last: Option<i64> = None;
        let mut number = 0;
        for (listed, ts) in &self.parts {
            for pts in ts.shown() {
                let step = pts - last.unwrap_or(pts - picture);
                // Times are whole milliseconds in FLV.
                number += 1;
                if (step - picture).abs() > HZ / 500 && number <= sure {
                    let sequence = listed.sequence;
                    let off_ms = (step - picture) / 90;
                    self.faults.push(format!("segment {sequence}: a picture is {off_ms} ms off"));
                }
                last = Some(pts);
            }
        }
    }

    /// Sound goes on without a hole, over borders as well.
    fn check_sound(&mut self) {
        let mut end: Option<i64> = None;
        for (listed, ts) in &self.parts {
            let sequence = listed.sequence;
            for unit in &ts.audio {
                let adts = match unit.adts() {
                    Ok(adts) => adts,
                    Err(error) => {
                        self.faults.push(format!("segment {sequence}: {error:#}"));
                        continue;
                    }
                };
                let expected = self.source.audio.map(|audio| (audio.sample_rate, audio.channels));
                let said = (u32::try_from(adts.sample_rate).unwrap_or(0), adts.channels);
                if expected != Some(said) {
                    self.faults.push(format!("segment {sequence} has sound of {said:?}"));
                }
                let off = unit.pts - end.unwrap_or(unit.pts);
                if off.abs() > HZ / 1_000 {
                    let text = format!("sound is {off} ticks off at {}", unit.pts);
                    self.faults.push(format!("segment {sequence}: {text}"));
                }
                end = Some(unit.pts + adts.ticks());
            }
        }
    }

    /// `EXTINF` is the media's real length: from the first picture (or sound) of the segment to
    /// that of the next, and to the end of the last one.
    fn check_lengths(&mut self) {
        let picture = self.picture_ticks();
        let start = |ts: &Ts| match self.source.video {
            Some(_) => ts.shown().first().copied(),
            None => ts.audio.first().map(|unit| unit.pts),
        };
        let end = |ts: &Ts| match self.source.video {
            Some(_) => ts.shown().last().map(|pts| pts + picture),
            None => {
                let last = ts.audio.last();
                last.and_then(|unit| Some(unit.pts + unit.adts().ok()?.ticks()))
            }
        };
        let nexts = self.parts.iter().skip(1).map(|(_, ts)| start(ts));
        let nexts: Vec<_> = nexts.chain([self.parts.last().and_then(|(_, ts)| end(ts))]).collect();
        let mut faults = Vec::new();
        for ((listed, ts), next) in self.parts.iter().zip(nexts) {
            let Some((start, next)) = start(ts).zip(next) else { continue };
            let said = i64::try_from(listed.length_ms).unwrap_or(0) * HZ / 1_000;
            let off = said - (next - start);
            if off.abs() > LENGTH_TICKS_OFF_MAX {
                let Listed { sequence, length_ms, .. } = listed;
                faults.push(format!("EXTINF of {sequence} is {length_ms} ms, {off} ticks off"));
            }
        }
        self.faults.append(&mut faults);
    }
}
