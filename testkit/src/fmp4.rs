//! Fragmented MP4 as a reader that is not ours understands it (`mp4-atom`).

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use mp4_atom::{Any, Moof, ReadFrom};

/// A sample of a fragment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sample {
    /// When it is decoded, in its track's timescale.
    pub dts: i64,
    /// When it is shown or heard.
    pub pts: i64,
    /// How long it lasts.
    pub duration: i64,
}

/// Takes a segment apart, and checks that every sample lies in the `mdat` that follows its `moof`.
/// Returns the number of samples.
///
/// # Errors
///
/// When it is not one.
pub fn read(bytes: &[u8]) -> Result<usize> {
    Ok(samples(bytes)?.values().map(Vec::len).sum())
}

/// The same; returns the samples of each track, by its number.
///
/// # Errors
///
/// When it is not one.
pub fn samples(mut bytes: &[u8]) -> Result<BTreeMap<u32, Vec<Sample>>> {
    let (mut tracks, mut fragments, mut expected) = (BTreeMap::new(), 0, None);
    while !bytes.is_empty() {
        let next = Any::read_from(&mut bytes).context("read a box")?;
        if let Any::Moof(moof) = &next {
            ensure!(expected.is_none(), "a moof without an mdat behind it");
            expected = Some(fragment(moof, &mut tracks)?);
            fragments += 1;
        } else if let Any::Mdat(mdat) = &next {
            ensure!(expected.take() == Some(mdat.data.len()), "an mdat of another length");
        } else if let Any::Unknown(kind, _) = &next {
            bail!("the box {kind} is not known");
        }
    }
    ensure!(fragments > 0 && tracks.values().any(|track| !track.is_empty()), "no media");
    Ok(tracks)
}

/// Adds the samples of a fragment, and returns how many bytes they have.
fn fragment(moof: &Moof, tracks: &mut BTreeMap<u32, Vec<Sample>>) -> Result<usize> {
    let mut length = 0_usize;
    for traf in &moof.traf {
        let start = traf.tfdt.as_ref().context("a traf without a tfdt")?;
        let mut dts = i64::try_from(start.base_media_decode_time)?;
        let track = tracks.entry(traf.tfhd.track_id).or_default();
        for sample in traf.trun.iter().flat_map(|trun| &trun.samples) {
            let size = sample.size.or(traf.tfhd.default_sample_size);
            let duration = sample.duration.or(traf.tfhd.default_sample_duration);
            let duration = i64::from(duration.context("a sample without a duration")?);
            length += usize::try_from(size.context("a sample without a size")?)?;
            let pts = dts + sample.cts.unwrap_or(0);
            track.push(Sample { dts, pts, duration });
            dts += duration;
        }
    }
    Ok(length)
}
