//! Looking at the bytes of a unit.

use thiserror::Error;

use crate::avc::{NalError, NalLengthSize, nal_units};

/// What a look at a unit's bytes says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inspected {
    /// Whether decoding can start with it.
    pub random_access: bool,
    /// Samples of sound in it, counted in [`crate::AudioFormat::sample_rate`]; 0 for pictures.
    pub samples: u32,
}

/// Why a unit's bytes cannot be one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum UnitError {
    /// There are none, or nothing in them.
    #[error("a unit without content")]
    Empty,
    /// There are NAL units, but no slice of a picture: parameter sets or messages alone.
    #[error("a unit without a picture")]
    NoPicture,
    /// Its NAL units are not where their lengths say.
    #[error(transparent)]
    Nal(#[from] NalError),
    /// A header in it is cut off, or says what cannot be.
    #[error("a unit whose header makes no sense")]
    Header,
}

/// Looks at pictures made of NAL units, of which `is_slice` knows those that are a part of a
/// picture and `starts_decoding` those that decoding can start with.
pub(crate) fn inspect_nal_units(
    payload: &[u8],
    length_size: NalLengthSize,
    is_slice: impl Fn(&[u8]) -> bool,
    starts_decoding: impl Fn(&[u8]) -> bool,
) -> Result<Inspected, UnitError> {
    let (mut is_empty, mut has_picture, mut random_access) = (true, false, false);
    for nal in nal_units(payload, length_size) {
        let nal = nal?;
        is_empty = false;
        has_picture |= is_slice(nal);
        random_access |= starts_decoding(nal);
    }
    match (is_empty, has_picture) {
        (true, _) => Err(UnitError::Empty),
        (false, false) => Err(UnitError::NoPicture),
        (false, true) => Ok(Inspected { random_access, samples: 0 }),
    }
}

/// What a unit of sound is in which `samples` were found. Decoding can start with each.
pub(crate) fn inspect_sound(payload: &[u8], samples: Option<u32>) -> Result<Inspected, UnitError> {
    if payload.is_empty() {
        return Err(UnitError::Empty);
    }
    let samples = samples.ok_or(UnitError::Header)?;
    Ok(Inspected { random_access: true, samples })
}
