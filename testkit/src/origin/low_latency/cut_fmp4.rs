//! Cuts a segment of fragmented MP4 into parts: each is a fragment of its own, and the segment
//! becomes what they are together.

use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use mp4_atom::{
    Any, Encode, FourCC, Mfhd, Moof, Moov, ReadFrom, Styp, Tfdt, Tfhd, Traf, Trun, TrunEntry,
};

use super::Part;

/// A track of the segment.
struct Track {
    id: u32,
    timescale: u64,
    is_video: bool,
    samples: Vec<Sample>,
}

struct Sample {
    dts: u64,
    entry: TrunEntry,
    bytes: Bytes,
}

/// Numbers of fragments grow over segments.
const PARTS_MAX: u32 = 64;

/// A sample that refers to none before it (14496-12, 8.8.3.1).
const DEPENDS_ON_NONE: u32 = 0x0200_0000;

/// The parts of the segment at `place`, which lasts `duration`, each as long as `target` lets it
/// be. `init` is its initialization section.
pub(super) fn cut(
    bytes: &Bytes,
    init: &Bytes,
    place: usize,
    duration: Duration,
    target: Duration,
) -> Result<Vec<Part>> {
    let (styp, tracks) = read(bytes, &moov(init)?)?;
    let lead =
        tracks.iter().find(|track| track.is_video).or_else(|| tracks.first()).context("a track")?;
    let starts = starts(lead, target);
    let mut parts = Vec::new();
    for (index, (begins, first_dts)) in starts.iter().enumerate() {
        let next = starts.get(index + 1);
        let from = (index > 0).then_some(*first_dts);
        let until = next.map(|(_, dts)| *dts);
        let number = u32::try_from(place)? * PARTS_MAX + u32::try_from(index)? + 1;
        let mut out = Vec::new();
        if let Some(styp) = styp.as_ref().filter(|_| index == 0) {
            styp.encode(&mut out)?;
        }
        let within = |track: &Track, sample: &Sample| {
            // Compared at the lead's timescale, so that no sample falls between two parts.
            let dts = u128::from(sample.dts) * u128::from(lead.timescale);
            let at = |dts_lead: u64| u128::from(dts_lead) * u128::from(track.timescale);
            from.is_none_or(|from| dts >= at(from)) && until.is_none_or(|until| dts < at(until))
        };
        fragment(&tracks, number, within, &mut out)?;
        let leads = lead.samples.iter().filter(|sample| within(lead, sample));
        let has_key = |sample: &Sample| {
            sample.entry.flags.is_some_and(|flags| flags & 0x0300_0000 == DEPENDS_ON_NONE)
        };
        parts.push(Part {
            begins: *begins,
            duration: next.map_or(duration, |(next, _)| *next) - *begins,
            is_independent: !lead.is_video || leads.into_iter().any(has_key),
            bytes: out.into(),
        });
    }
    Ok(parts)
}

/// When each part begins, in the segment and by the lead's decoding times.
fn starts(lead: &Track, target: Duration) -> Vec<(Duration, u64)> {
    let first = lead.samples.first().map_or(0, |sample| sample.dts);
    let time = |ticks: u64| Duration::from_nanos(ticks * 1_000_000_000 / lead.timescale);
    let mut starts: Vec<(Duration, u64)> = Vec::new();
    for sample in &lead.samples {
        let end = sample.dts + u64::from(sample.entry.duration.unwrap_or(0));
        match starts.last() {
            Some((begins, _)) if time(end - first) <= *begins + target + ROUNDING => {}
            Some(_) | None => starts.push((time(sample.dts - first), sample.dts)),
        }
    }
    starts
}

/// A tick of any timescale.
const ROUNDING: Duration = Duration::from_micros(100);

fn moov(mut init: &[u8]) -> Result<Moov> {
    while !init.is_empty() {
        if let Any::Moov(moov) = Any::read_from(&mut init).context("read a box")? {
            return Ok(moov);
        }
    }
    anyhow::bail!("an initialization section without a moov")
}

fn read(bytes: &Bytes, moov: &Moov) -> Result<(Option<Styp>, Vec<Track>)> {
    let (mut styp, mut tracks, mut rest) = (None, Vec::new(), &bytes[..]);
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let next = Any::read_from(&mut rest).context("read a box")?;
        if let Any::Moof(moof) = &next {
            for traf in &moof.traf {
                take(traf, moov, bytes, at, &mut tracks)?;
            }
        } else if let Any::Styp(found) = next {
            styp = Some(found);
        }
    }
    Ok((styp, tracks))
}

/// Adds the samples of a traf.
fn take(
    traf: &Traf,
    moov: &Moov,
    bytes: &Bytes,
    moof_at: usize,
    tracks: &mut Vec<Track>,
) -> Result<()> {
    let id = traf.tfhd.track_id;
    let known = moov.trak.iter().find(|known| known.tkhd.track_id == id).context("a track")?;
    let defaults =
        moov.mvex.as_ref().and_then(|mvex| mvex.trex.iter().find(|trex| trex.track_id == id));
    let defaults = defaults.context("a trex")?;
    let index = match tracks.iter().position(|track| track.id == id) {
        Some(index) => index,
        None => {
            tracks.push(Track {
                id,
                timescale: u64::from(known.mdia.mdhd.timescale),
                is_video: known.mdia.hdlr.handler == FourCC::new(b"vide"),
                samples: Vec::new(),
            });
            tracks.len() - 1
        }
    };
    let track = tracks.get_mut(index).context("a track")?;
    let mut dts = traf.tfdt.as_ref().context("a tfdt")?.base_media_decode_time;
    for trun in &traf.trun {
        let mut at = moof_at + usize::try_from(trun.data_offset.context("a data offset")?)?;
        for entry in &trun.samples {
            let tfhd = &traf.tfhd;
            let size = entry.size.or(tfhd.default_sample_size);
            let size = size.unwrap_or(defaults.default_sample_size);
            let duration = entry.duration.or(tfhd.default_sample_duration);
            let duration = duration.unwrap_or(defaults.default_sample_duration);
            let flags = entry.flags.or(tfhd.default_sample_flags);
            let flags = flags.unwrap_or(defaults.default_sample_flags);
            let end = at + usize::try_from(size)?;
            let entry = TrunEntry {
                duration: Some(duration),
                size: Some(size),
                flags: Some(flags),
                cts: Some(entry.cts.unwrap_or(0)),
            };
            track.samples.push(Sample { dts, entry, bytes: bytes.slice(at..end) });
            (at, dts) = (end, dts + u64::from(duration));
        }
    }
    Ok(())
}

/// Writes a moof with the samples that are `within`, and their mdat.
fn fragment(
    tracks: &[Track],
    number: u32,
    within: impl Fn(&Track, &Sample) -> bool,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut moof = Moof { mfhd: Mfhd { sequence_number: number }, traf: Vec::new() };
    let (mut data, mut offsets) = (Vec::new(), Vec::new());
    for track in tracks {
        let samples: Vec<_> = track.samples.iter().filter(|sample| within(track, sample)).collect();
        let Some(first) = samples.first() else { continue };
        let tfhd = Tfhd { track_id: track.id, default_base_is_moof: true, ..Tfhd::default() };
        let tfdt = Some(Tfdt { base_media_decode_time: first.dts });
        let entries: Vec<_> = samples.iter().map(|sample| sample.entry).collect();
        let trun = vec![Trun { data_offset: Some(0), samples: entries.into() }];
        moof.traf.push(Traf { tfhd, tfdt, trun, ..Traf::default() });
        offsets.push(data.len());
        samples.iter().for_each(|sample| data.extend_from_slice(&sample.bytes));
    }
    let mut measured = Vec::new();
    moof.encode(&mut measured)?;
    for (traf, offset) in moof.traf.iter_mut().zip(offsets) {
        // The header of the mdat stands between.
        let offset = i32::try_from(measured.len() + 8 + offset)?;
        traf.trun.iter_mut().for_each(|trun| trun.data_offset = Some(offset));
    }
    moof.encode(out)?;
    out.extend_from_slice(&u32::try_from(data.len() + 8)?.to_be_bytes());
    out.extend_from_slice(b"mdat");
    out.extend_from_slice(&data);
    Ok(())
}
