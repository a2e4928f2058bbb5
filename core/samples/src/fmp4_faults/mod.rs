//! Fragmented MP4 that one thing is wrong with: each function takes an initialization section or a
//! segment that is right, and breaks one rule.
//!
//! Whatever else depends on what is changed follows: lengths of boxes, and offsets of data. A file
//! that does not have what a function breaks comes back as it is.

mod boxes;
mod init;
mod segment;
#[cfg(test)]
mod tests;

pub use init::{
    as_hev1, encrypted, ftyp_behind_moov, long_track_header, old_brands, with_media_behind,
    with_samples_in_moov, without_codec_configuration, without_mvex, without_parameter_sets,
    without_trex,
};
pub use segment::{
    broken_nal_length, cut_in_mdat, data_outside_mdat, flipped_sync_flags, long_fragment_header,
    mdat_before_moof, numbered_from_1, shifted, unlike_boxes, with_base_data_offsets,
    with_gap_inside, with_moov, with_parameter_sets_of, with_repeated_number, with_unknown_track,
    with_zero_duration, without_mdat, without_styp, without_tfdt,
};
