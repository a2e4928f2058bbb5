//! Transport streams as a reader that is not ours understands them (`mpeg2ts`).

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use mpeg2ts::es::StreamType;
use mpeg2ts::ts::payload::Pes;
use mpeg2ts::ts::{ReadTsPacket, TsPacket, TsPacketReader, TsPayload};

/// Ticks of PTS and DTS in a second.
pub const HZ: i64 = 90_000;

/// Ticks of PCR in a second.
pub const PCR_HZ: i64 = 27_000_000;

/// A segment, taken apart.
#[derive(Clone, Debug, Default)]
pub struct Ts {
    /// The pictures.
    pub video: Vec<Unit>,
    /// The sound.
    pub audio: Vec<Unit>,
    /// How many bytes there are.
    pub bytes: u64,
    /// Every PCR, in ticks of 27 MHz.
    pub pcr: Vec<i64>,
    /// The first and the last continuity counter of each PID.
    pub counters: BTreeMap<u16, (u8, u8)>,
}

/// What one PES packet carries: a picture, or some frames of sound.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Presentation time in ticks of 90 kHz.
    pub pts: i64,
    /// Decode time in ticks of 90 kHz.
    pub dts: i64,
    /// `random_access_indicator`.
    pub is_random_access: bool,
    /// The elementary stream's bytes.
    pub bytes: Vec<u8>,
}

/// What the ADTS headers in a unit of sound say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Adts {
    /// How many frames there are, of 1,024 samples each.
    pub frames: i64,
    /// Samples a second.
    pub sample_rate: i64,
    /// Channels.
    pub channels: u32,
}

/// Takes a segment apart.
///
/// # Errors
///
/// When it is not a transport stream, does not begin with its tables, or has a counter that jumps.
pub fn read(bytes: &[u8]) -> Result<Ts> {
    let mut reader = TsPacketReader::new(bytes);
    let mut reading = Reading::default();
    let mut number = 0_usize;
    while let Some(packet) =
        reader.read_ts_packet().with_context(|| format!("read packet {number}"))?
    {
        reading.packet(number, packet).with_context(|| format!("in packet {number}"))?;
        number += 1;
    }
    reading.units.into_values().try_for_each(|open| reading.ts.add(open))?;
    reading.ts.bytes = u64::try_from(bytes.len())?;
    Ok(reading.ts)
}

#[derive(Debug, Default)]
struct Reading {
    ts: Ts,
    kinds: BTreeMap<u16, StreamType>,
    /// The units that are not whole yet.
    units: BTreeMap<u16, (StreamType, Unit, Option<usize>)>,
}

impl Reading {
    fn packet(&mut self, number: usize, packet: TsPacket) -> Result<()> {
        let TsPacket { header, adaptation_field, payload } = packet;
        let (pid, counter) = (header.pid.as_u16(), header.continuity_counter.as_u8());
        ensure!(!header.transport_error_indicator, "it says that it is broken");
        if payload.is_some() {
            let (first, last) = *self.ts.counters.get(&pid).unwrap_or(&(counter, counter));
            let is_first = !self.ts.counters.contains_key(&pid);
            ensure!(
                is_first || counter == (last + 1) % 16,
                "PID {pid} jumps from {last} to {counter}"
            );
            self.ts.counters.insert(pid, (first, counter));
        }
        let pcr = adaptation_field.as_ref().and_then(|field| field.pcr);
        if let Some(pcr) = pcr {
            self.ts.pcr.push(i64::try_from(pcr.as_u64())?);
        }
        match (number, payload) {
            (0, Some(TsPayload::Pat(_))) => {}
            (0, _) => bail!("a segment begins with its PAT"),
            (1, Some(TsPayload::Pmt(pmt))) => {
                let kinds = pmt.es_info.iter();
                self.kinds = kinds.map(|es| (es.elementary_pid.as_u16(), es.stream_type)).collect();
            }
            (1, _) => bail!("the PMT follows the PAT"),
            (_, Some(TsPayload::PesStart(pes))) => {
                let is_random_access =
                    adaptation_field.is_some_and(|field| field.random_access_indicator);
                self.begin(pid, pes, is_random_access)?;
            }
            (_, Some(TsPayload::PesContinuation(more))) => {
                let (_, unit, _) = self.units.get_mut(&pid).context("it goes on with nothing")?;
                unit.bytes.extend_from_slice(&more);
            }
            (_, Some(TsPayload::Null(_) | TsPayload::Pat(_) | TsPayload::Pmt(_)) | None) => {}
            (_, Some(TsPayload::Section(_) | TsPayload::Raw(_))) => bail!("an unknown section"),
        }
        Ok(())
    }

    fn begin(&mut self, pid: u16, pes: Pes, is_random_access: bool) -> Result<()> {
        let kind = *self.kinds.get(&pid).with_context(|| format!("PID {pid} is not in the PMT"))?;
        let pts = i64::try_from(pes.header.pts.context("no PTS")?.as_u64())?;
        let dts = pes.header.dts.map_or(Ok(pts), |dts| i64::try_from(dts.as_u64()))?;
        // What is behind the length: the flags, the length of the rest, and the times.
        let times = if pes.header.dts.is_some() { 10 } else { 5 };
        let length = usize::from(pes.pes_packet_len).checked_sub(3 + times);
        let unit = Unit { pts, dts, is_random_access, bytes: pes.data.to_vec() };
        match self.units.insert(pid, (kind, unit, length)) {
            Some(whole) => self.ts.add(whole),
            None => Ok(()),
        }
    }
}

impl Ts {
    fn add(&mut self, (kind, unit, length): (StreamType, Unit, Option<usize>)) -> Result<()> {
        let bytes = unit.bytes.len();
        let is_whole = length.is_none_or(|length| length == bytes);
        ensure!(is_whole, "a PES packet says {length:?} bytes and has {bytes}");
        // Types 0x81 and 0x87 are AC-3 and E-AC-3 by their registration descriptors (ATSC A/52).
        match kind as u8 {
            0x1b | 0x24 => self.video.push(unit),
            0x0f | 0x03 | 0x04 | 0x81 | 0x87 => self.audio.push(unit),
            _ => bail!("a stream of type {kind:?}"),
        }
        Ok(())
    }

    /// The pictures' times in the order of presentation.
    #[must_use]
    pub fn shown(&self) -> Vec<i64> {
        let mut times: Vec<_> = self.video.iter().map(|unit| unit.pts).collect();
        times.sort_unstable();
        times
    }
}

impl Unit {
    /// The NAL units of a picture in Annex B form, without their start codes.
    #[must_use]
    pub fn nal_units(&self) -> Vec<&[u8]> {
        let mut units = Vec::new();
        let mut rest = after_start_code(&self.bytes);
        while let Some(unit) = rest {
            rest = after_start_code(unit);
            let end = rest.map_or(unit.len(), |after| unit.len() - after.len() - 3);
            let unit = unit.get(..end).unwrap_or_default();
            // The zero of a long start code, and padding.
            let trailing = unit.iter().rev().take_while(|byte| **byte == 0).count();
            units.push(unit.get(..unit.len() - trailing).unwrap_or_default());
        }
        units
    }

    /// The types of a picture's NAL units (H.264, 7.4.1).
    #[must_use]
    pub fn nal_types(&self) -> Vec<u8> {
        self.nal_units().iter().filter_map(|unit| Some(unit.first()? & 0x1f)).collect()
    }

    /// Reads the headers of a unit of sound.
    ///
    /// # Errors
    ///
    /// When the unit does not consist of whole frames of one kind.
    pub fn adts(&self) -> Result<Adts> {
        let mut rest = self.bytes.as_slice();
        let mut found: Option<Adts> = None;
        while !rest.is_empty() {
            let [s0, s1, b2, b3, b4, b5, _] =
                *rest.first_chunk::<7>().context("a broken header")?;
            ensure!(s0 == 0xff && s1 & 0xf6 == 0xf0, "no ADTS syncword");
            let index = usize::from(b2 >> 2 & 0xf);
            let sample_rate = *SAMPLE_RATES.get(index).context("no such sample rate")?;
            let channels = u32::from((b2 & 1) << 2 | b3 >> 6);
            let length = u16::from_be_bytes([b3 & 3, b4]) << 3 | u16::from(b5 >> 5);
            let (_, after) = rest.split_at_checked(length.into()).context("a broken frame")?;
            ensure!(length > 7, "a frame of {length} bytes");
            let frames = found.map_or(0, |found| found.frames) + 1;
            let adts = Adts { frames, sample_rate, channels };
            let is_same = found.is_none_or(|found| Adts { frames, ..found } == adts);
            ensure!(is_same, "frames of two kinds");
            found = Some(adts);
            rest = after;
        }
        found.context("a unit without a frame")
    }
}

impl Adts {
    /// How long the frames last, in ticks of 90 kHz.
    #[must_use]
    pub const fn ticks(&self) -> i64 {
        self.frames * 1_024 * HZ / self.sample_rate
    }
}

/// What follows the next start code of three bytes.
fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
    let at = bytes.windows(3).position(|three| three == [0, 0, 1])?;
    bytes.get(at + 3..)
}

const SAMPLE_RATES: [i64; 12] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000];

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::*;
    use crate::process::run;

    /// Two seconds that ffmpeg has made: a tone of 44.1 kHz and pictures with B-frames.
    fn sample() -> Vec<u8> {
        let mut command = Command::new("ffmpeg");
        command.args([
            "-nostdin",
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=64x64:rate=25",
        ]);
        command.args(["-f", "lavfi", "-i", "sine=sample_rate=44100", "-t", "2", "-c:v", "libx264"]);
        command.args(["-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "mpegts", "-sdt_period", "99"]);
        let finished = run(command.arg("-"), Duration::from_secs(60)).unwrap();
        // ffmpeg sends a third table first.
        let packets = finished.out.chunks(188).filter(|packet| {
            let pid = u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
            pid != 0x11
        });
        packets.flatten().copied().collect()
    }

    #[test]
    fn what_ffmpeg_writes_is_read() {
        let bytes = sample();
        let ts = read(&bytes).unwrap();
        assert_eq!(ts.video.len(), 50);
        let frames: i64 = ts.audio.iter().map(|unit| unit.adts().unwrap().frames).sum();
        assert!((86..=88).contains(&frames), "{frames}");
        assert_eq!(ts.audio[0].adts().unwrap().sample_rate, 44_100);
        assert!(ts.video[0].is_random_access);
        let types = ts.video[0].nal_types();
        assert!(types.contains(&5) && types.contains(&7) && types.contains(&8), "{types:?}");
        let shown = ts.shown();
        assert!(shown.windows(2).all(|two| two[1] - two[0] == 3_600), "{shown:?}");
        assert!(ts.pcr.len() > 10);
    }

    #[test]
    fn what_is_missing_is_seen() {
        let mut bytes = sample();
        let whole = bytes.len() / 188;
        bytes.drain(188 * (whole / 2)..188 * (whole / 2 + 1));
        let error = format!("{:#}", read(&bytes).unwrap_err());
        assert!(error.contains("jumps from"), "{error}");
        let error = format!("{:#}", read(&bytes[188..]).unwrap_err());
        assert!(error.contains("packet 0"), "{error}");
    }

    #[test]
    fn a_picture_is_split_at_its_start_codes() {
        let bytes =
            b"\0\0\0\x01\x09\xf0\0\0\0\x01\x67a\0\0\x01\x68b\0\0\0\x01\x65\0\0\x03\x01".to_vec();
        let unit = Unit { pts: 0, dts: 0, is_random_access: true, bytes };
        assert_eq!(unit.nal_types(), [9, 7, 8, 5]);
        assert_eq!(unit.nal_units()[3], b"\x65\0\0\x03\x01");
    }

    #[test]
    fn the_length_of_sound_is_that_of_its_frames() {
        let frame = [0xff, 0xf1, 0x4c, 0x80, 0x01, 0x1f, 0xfc, 0];
        let unit = |bytes: Vec<u8>| Unit { pts: 0, dts: 0, is_random_access: false, bytes };
        let adts = unit(frame.repeat(3)).adts().unwrap();
        assert_eq!(adts, Adts { frames: 3, sample_rate: 48_000, channels: 2 });
        assert_eq!(adts.ticks(), 5_760);
        assert!(unit(frame[..7].to_vec()).adts().is_err());
        assert!(unit(vec![0; 8]).adts().is_err());
    }
}
