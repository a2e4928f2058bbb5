//! Fragmented MP4, by the faults of `samples`.

use samples::fmp4_faults as faults;

use super::Exam::Vod;
use super::Planted;
use crate::presentation::Base::{FfmpegFmp4, FfmpegFmp4Hevc, WeirFmp4};
use crate::presentation::Presentation;

/// The segment that is broken: one with neighbours.
const PLACE: usize = 5;

/// One of those that other readers read, too: they read one in four.
const READ_TWICE: usize = 4;

const fn segment(name: &'static str, rule: &'static str, how: fn(&[u8]) -> Vec<u8>) -> Planted {
    Planted::new(name, rule, FfmpegFmp4, Vod).broken(PLACE, how)
}

const fn init(name: &'static str, rule: &'static str, made: fn(&mut Presentation)) -> Planted {
    Planted::new(name, rule, FfmpegFmp4, Vod).made(made)
}

/// Breaks every initialization section.
fn inits(made: &mut Presentation, how: fn(&[u8]) -> Vec<u8>) {
    for bytes in made.renditions.iter_mut().flat_map(|one| one.inits.values_mut()) {
        *bytes = how(bytes).into();
    }
}

pub(super) const PLANTED: &[Planted] = &[
    init("there is no EXT-X-MAP", "MP4-MAP", |_| ())
        .view(|view, _| view.segments.iter_mut().for_each(|shown| shown.map = None)),
    init("the initialization section is not found", "MP4-MAP", |_| ()).answer(|answer, moment| {
        if matches!(moment.target, crate::origin::Target::Init(..)) {
            answer.status = http::StatusCode::NOT_FOUND;
        }
    }),
    init("ftyp comes behind moov", "MP4-INIT", |made| inits(made, faults::ftyp_behind_moov)),
    init("the codec's configuration is missing", "MP4-INIT", |made| {
        inits(made, faults::without_codec_configuration);
    }),
    init("the brands are those of old players", "MP4-BRAND", |made| {
        inits(made, faults::old_brands);
    }),
    init("H.265 is tagged hev1", "MP4-HVC1", |made| {
        inits(made, faults::as_hev1);
        for (attributes, _) in &mut made.multivariant.variants {
            attributes.set("CODECS", "\"hev1.1.6.L30.90,mp4a.40.2\"");
        }
    })
    .on(FfmpegFmp4Hevc),
    init("pictures are said to be encrypted", "MP4-CRYPT", |made| {
        inits(made, faults::encrypted);
    }),
    init("the initialization section has media", "MP4-INITMEDIA", |made| {
        inits(made, faults::with_media_behind);
    }),
    init("moov has samples", "MP4-INITEMPTY", |made| inits(made, faults::with_samples_in_moov)),
    init("mvex is missing", "MP4-MVEX", |made| inits(made, faults::without_mvex)),
    init("trex is missing", "MP4-TREX", |made| inits(made, faults::without_trex)),
    init("parameter sets are missing", "MP4-PS", |made| {
        inits(made, faults::without_parameter_sets);
    }),
    segment("the segment ends inside of mdat", "MP4-BOX", faults::cut_in_mdat),
    segment("styp is missing", "MP4-STYP", faults::without_styp),
    segment("mdat is missing", "MP4-MOOF", faults::without_mdat),
    segment("a segment has a moov", "MP4-NOMOOV", faults::with_moov),
    segment("mdat comes before moof", "MP4-MDAT", faults::mdat_before_moof),
    segment("a track is not known", "MP4-TRACK", faults::with_unknown_track),
    segment("offsets count from the file's start", "MP4-DBIM", faults::with_base_data_offsets),
    segment("a tfdt is missing", "MP4-TFDT", faults::without_tfdt),
    segment("a fragment leaves a gap", "MP4-FRAGCONT", faults::with_gap_inside).on(WeirFmp4),
    segment("a segment is 10 ms late", "MP4-TFDTX", |bytes| faults::shifted(bytes, 160)),
    segment("fragments have one number", "MP4-SEQ", faults::with_repeated_number).on(WeirFmp4),
    segment("numbers of fragments begin again", "MP4-SEQX", faults::numbered_from_1),
    segment("data is outside of mdat", "MP4-DATA", faults::data_outside_mdat),
    segment("the length of a NAL unit is wrong", "MP4-NAL", faults::broken_nal_length),
    segment("sync flags are wrong", "MP4-SYNCFLAG", faults::flipped_sync_flags),
    segment("a sample has no duration", "MP4-ZERODUR", faults::with_zero_duration),
    init("a box of a track is too long", "MP4-SECONDI", |made| {
        inits(made, faults::long_track_header);
    }),
    init("a box of a fragment is too long", "MP4-SECOND", |_| ())
        .broken(READ_TWICE, faults::long_fragment_header),
    init("parameter sets are in the segment", "MP4-INBAND", |made| {
        for rendition in &mut made.renditions {
            let Some(init) = rendition.inits.values().next().cloned() else { continue };
            for segment in rendition.segments.iter_mut().skip(PLACE).take(1) {
                segment.bytes = faults::with_parameter_sets_of(&init, &segment.bytes).into();
            }
        }
    }),
];
