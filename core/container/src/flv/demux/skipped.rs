//! What was not used, and why.

use media::UnitError;

/// How many packets were skipped, by reason. Most payloads are one packet.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Skipped {
    /// A unit before its track's sequence header.
    pub before_config: u64,
    /// No bytes, or a header with nothing behind it.
    pub empty: u64,
    /// NAL units without a picture: parameter sets, which count, or messages alone.
    pub no_picture: u64,
    /// A header that is cut off or says what does not exist, or metadata that cannot be read.
    pub bad_header: u64,
    /// A sequence header that cannot be used.
    pub bad_config: u64,
    /// NAL unit lengths that go beyond the unit's end.
    pub bad_nal_length: u64,
    /// Something that is not handled.
    pub unsupported: u64,
}

impl Skipped {
    /// Packets skipped for any reason.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.before_config
            + self.empty
            + self.no_picture
            + self.bad_header
            + self.bad_config
            + self.bad_nal_length
            + self.unsupported
    }

    pub(super) const fn count(&mut self, reason: Skip) {
        let counter = match reason {
            Skip::BeforeConfig => &mut self.before_config,
            Skip::Empty => &mut self.empty,
            Skip::NoPicture => &mut self.no_picture,
            Skip::BadHeader => &mut self.bad_header,
            Skip::BadConfig => &mut self.bad_config,
            Skip::BadNalLength => &mut self.bad_nal_length,
            Skip::Unsupported => &mut self.unsupported,
        };
        *counter += 1;
    }
}

/// Why a packet is skipped: one for each field of [`Skipped`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Skip {
    BeforeConfig,
    Empty,
    NoPicture,
    BadHeader,
    BadConfig,
    BadNalLength,
    Unsupported,
}

impl From<UnitError> for Skip {
    fn from(error: UnitError) -> Self {
        match error {
            UnitError::Empty => Self::Empty,
            UnitError::NoPicture => Self::NoPicture,
            UnitError::Nal(_) => Self::BadNalLength,
            UnitError::Header => Self::BadHeader,
        }
    }
}
