//! The types of NAL units (ITU-T H.265, 7.3.1.2 and table 7-1). How they are stored is H.264's
//! [`crate::avc::nal_units`].

/// What a NAL unit is, by the first of the two bytes of its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NalType(u8);

/// Bytes of a NAL unit before its payload.
pub const NAL_HEADER_BYTES: usize = 2;

/// Whether decoding can start with the picture that `nal` is a slice of: see [`NalType::is_irap`].
#[must_use]
pub fn starts_decoding(nal: &[u8]) -> bool {
    is_base_layer(nal) && NalType::of(nal).is_irap()
}

/// Whether `nal` belongs to the layer that every decoder shows: `nuh_layer_id` is 0. Pictures for
/// the other eye or of more detail have others.
#[must_use]
pub const fn is_base_layer(nal: &[u8]) -> bool {
    matches!(nal, [first, second, ..] if *first & 1 == 0 && *second >> 3 == 0)
}

impl NalType {
    /// A slice of an IDR picture that decodable leading pictures may follow.
    pub const IDR_W_RADL: Self = Self(19);
    /// A slice of an IDR picture that no leading pictures follow.
    pub const IDR_N_LP: Self = Self(20);
    /// A slice of a clean random access picture.
    pub const CRA: Self = Self(21);
    /// A video parameter set.
    pub const VPS: Self = Self(32);
    /// A sequence parameter set.
    pub const SPS: Self = Self(33);
    /// A picture parameter set.
    pub const PPS: Self = Self(34);
    /// An access unit delimiter.
    pub const AUD: Self = Self(35);
    /// The end of the sequence.
    pub const END_OF_SEQUENCE: Self = Self(36);
    /// The end of the stream.
    pub const END_OF_STREAM: Self = Self(37);
    /// Filler data, which constant bit rate encoders send.
    pub const FILLER: Self = Self(38);
    /// Supplemental enhancement information that stands before the picture.
    pub const PREFIX_SEI: Self = Self(39);
    /// Supplemental enhancement information that stands behind the picture.
    pub const SUFFIX_SEI: Self = Self(40);

    /// The type of `nal`; an empty one has the unspecified type 63.
    #[must_use]
    pub fn of(nal: &[u8]) -> Self {
        Self(nal.first().map_or(63, |header| header >> 1 & 0b11_1111))
    }

    /// The number in table 7-1.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Whether this is a slice of a picture that decoding can start with: IDR (19, 20), BLA (16 to
    /// 18), CRA (21), and the two numbers kept for more of the kind.
    ///
    /// CRA pictures count, although pictures that follow one and are shown before it (RASL) may
    /// need what came earlier: a decoder that starts there leaves those out (8.1.3), and
    /// ISO/IEC 14496-15, 8.4.3 calls them sync samples like the others. Encoders with open GOPs,
    /// which is what x265 makes unless it is told otherwise, have one IDR picture in all, the
    /// first: without CRA a stream of theirs could not be cut.
    #[must_use]
    pub const fn is_irap(self) -> bool {
        matches!(self.0, 16..=23)
    }

    /// Whether this is a slice of an IDR picture.
    #[must_use]
    pub const fn is_idr(self) -> bool {
        self.0 == Self::IDR_W_RADL.0 || self.0 == Self::IDR_N_LP.0
    }

    /// Whether this is a slice of a leading picture that a decoder leaves out when it starts with
    /// the CRA picture before it.
    #[must_use]
    pub const fn is_skipped_leading(self) -> bool {
        matches!(self.0, 8 | 9)
    }

    /// Whether this is a slice of any picture.
    #[must_use]
    pub const fn is_slice(self) -> bool {
        self.0 < Self::VPS.0
    }
}
