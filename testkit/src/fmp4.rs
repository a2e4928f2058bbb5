//! Fragmented MP4 as a reader that is not ours understands it (`mp4-atom`).

use anyhow::{Context, Result, bail, ensure};
use mp4_atom::{Any, ReadFrom};

/// Takes a segment apart, and checks that every sample lies in the `mdat` that follows its `moof`.
/// Returns the number of samples.
///
/// # Errors
///
/// When it is not one.
pub fn read(mut bytes: &[u8]) -> Result<usize> {
    let (mut samples, mut fragments, mut expected) = (0, 0, None);
    while !bytes.is_empty() {
        let next = Any::read_from(&mut bytes).context("read a box")?;
        if let Any::Moof(moof) = &next {
            ensure!(expected.is_none(), "a moof without an mdat behind it");
            let mut length = 0_usize;
            for traf in &moof.traf {
                ensure!(traf.tfdt.is_some(), "a traf without a tfdt");
                for sample in traf.trun.iter().flat_map(|trun| &trun.samples) {
                    let size = sample.size.or(traf.tfhd.default_sample_size);
                    length += usize::try_from(size.context("a sample without a size")?)?;
                    samples += 1;
                }
            }
            expected = Some(length);
            fragments += 1;
        } else if let Any::Mdat(mdat) = &next {
            ensure!(expected.take() == Some(mdat.data.len()), "an mdat of another length");
        } else if let Any::Unknown(kind, _) = &next {
            bail!("the box {kind} is not known");
        }
    }
    ensure!(fragments > 0 && samples > 0, "a segment without media");
    Ok(samples)
}
