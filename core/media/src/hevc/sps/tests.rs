use proptest::prelude::*;

use super::*;
use crate::testing::{Bits, hex, mutations};

/// Parameter sets that x265 4.3 and kvazaar 2.3 wrote, as a current ffmpeg runs them; named by what
/// was asked for.
const REAL: [(&str, &str); 12] = [
    (
        "main",
        "42010101600000030090000003000003003fa00502016965959a4932bc05a020000003002000000303c1",
    ),
    (
        "hdr",
        "42010102200000030090000003000003007ba003c0801107cad965654a4c2f016a1220120800001f480007\
         530040",
    ),
    (
        "anamorphic",
        "42010101600000030090000003000003005aa006c201e1cd5965654a4c2fff0040002d6808000003000800\
         000300c840",
    ),
    (
        "4:2:2",
        "4201010408000003009d08000003000099b005220171c44ed965654a4c2f016808000003000800000300c3\
         0924b2f0000989680004c4b440",
    ),
    (
        "high tier",
        "4201012408000003009d08000003000099b005020171f12d965654a4c2f0168080000003008000000c304e\
         4b2f000015752a00002aea5440",
    ),
    ("4:4:4", "4201010408000003009e0800000300003c90014101e2cb2b2a5261780b4040000003004000000602"),
    (
        "sub-layers",
        "4201040160000003009000000300000300780000a00280802d1659994cca665924e5780b40400000030040\
         00000c9805261f8000b71b00016e36e0002dc6c0005b8db8000b71b00016e362",
    ),
    (
        "interlaced",
        "42010101600000030040000003000003007ba003c0801107cb965654a4c2f0168680000003008000001904",
    ),
    (
        "monochrome",
        "4201010408000003009fc800000300003fc0140805c7c4e595952930bc05b80808082000000300200000030\
         3c1",
    ),
    (
        "12 bits",
        "420101040800000300998800000300003fa005020171f294a595952930bc05a02000007d20000ea601",
    ),
    ("no clock", "42010101600000030090000003000003005da00280802d16595952930bc05a0040"),
    (
        "kvazaar",
        "4201020160000003008000000300000300ba0000a0050201696c100864932ac0404000000300400000078200",
    ),
];

fn describe(sps: &Sps) -> String {
    let Sps { width, height, chroma_format, bit_depth, reorder_frames_max, .. } = sps;
    let mut text = format!("{width}x{height}");
    if (*chroma_format, *bit_depth) != (1, 8) {
        text += &format!(" chroma {chroma_format} {bit_depth} bit");
    }
    if let Some(Timing { units_in_tick, time_scale }) = sps.timing {
        text += &format!(" {time_scale}/{units_in_tick}");
    }
    match sps.sample_aspect {
        None | Some((1, 1)) => {}
        Some((width, height)) => text += &format!(" sample {width}:{height}"),
    }
    if let Some(Colour { primaries, transfer, matrix, is_full_range }) = sps.colour {
        text += &format!(" colour {primaries}/{transfer}/{matrix}");
        text += if is_full_range { " full" } else { "" };
    }
    text += &format!(" reorder {reorder_frames_max}");
    text
}

#[track_caller]
fn check(name: &str, codecs: &str, expected: &str) {
    let (_, text) = REAL.iter().find(|(real, _)| *real == name).unwrap();
    let sps = Sps::parse(&hex(text)).unwrap();
    assert_eq!(describe(&sps), expected, "{name}");
    assert_eq!(sps.profile_tier_level.rfc6381(), codecs, "{name}");
}

#[test]
fn real_parameter_sets_say_what_was_asked_for() {
    check("main", "1.6.L63.90", "640x360 30/1 reorder 2");
    check("hdr", "2.4.L123.90", "1920x1080 chroma 1 10 bit 60000/1001 colour 9/16/9 reorder 2");
    check("anamorphic", "1.6.L90.90", "854x478 25/1 sample 64:45 reorder 2");
    check("4:2:2", "4.10.L153.9D.8", "642x362 chroma 2 10 bit 24/1 reorder 2");
    check("high tier", "4.10.H153.9D.8", "640x360 chroma 2 10 bit 24/1 reorder 2");
    check("4:4:4", "4.10.L60.9E.8", "320x240 chroma 3 8 bit 24/1 reorder 2");
    check("sub-layers", "1.6.L120.90", "1280x720 50/1 reorder 2");
    check("interlaced", "1.6.L123.40", "1920x1080 50/1 reorder 2");
    check(
        "monochrome",
        "4.10.L63.9F.C8",
        "640x360 chroma 0 8 bit 30/1 colour 1/1/1 full reorder 2",
    );
    check("12 bits", "4.10.L63.99.88", "640x360 chroma 1 12 bit 30000/1001 reorder 2");
    check("no clock", "1.6.L93.90", "1280x720 reorder 2");
    check("kvazaar", "1.6.L186.80", "640x360 30/1 reorder 15");
}

/// Up to and with the numbers, for one sub-layer.
fn head() -> Bits {
    profile(Bits::default().u(4, 0).u(3, 0).u(1, 1)).u(8, 93).ue(0)
}

/// The main profile.
fn profile(bits: Bits) -> Bits {
    bits.u(8, 1).u(32, 0x6000_0000).u(32, 0x9000_0000).u(16, 0)
}

/// Up to and with the bits of the order count.
fn sized(width: u32, height: u32) -> Bits {
    head().ue(1).ue(width).ue(height).u(1, 0).ue(0).ue(0).ue(4)
}

#[track_caller]
fn check_made(bits: Bits, expected: Result<&str, SpsError>) {
    let nal = bits.nal(&[0x42, 1]);
    let actual = Sps::parse(&nal).map(|sps| describe(&sps));
    assert_eq!(actual, expected.map(str::to_owned), "{nal:02x?}");
}

#[test]
fn numbers_have_limits() {
    let value = |field, value, limit| Err(SpsError::Value { field, value, limit });
    let order = |bits: Bits, frames| bits.u(1, 1).ue(4).ue(frames).ue(0);
    check_made(order(sized(25_332, 25_332), 15), Ok("25332x25332 reorder 15"));
    let field = "pic_width_in_luma_samples";
    check_made(order(sized(25_333, 2), 0), value(field, 25_333, 25_332));
    let field = "pic_height_in_luma_samples";
    check_made(order(sized(2, 25_333), 0), value(field, 25_333, 25_332));
    check_made(order(sized(2, 2), 16), value("sps_max_num_reorder_pics", 16, 15));
    check_made(head().ue(4), value("chroma_format_idc", 4, 3));
    let size = || head().ue(1).ue(2).ue(2).u(1, 0);
    check_made(size().ue(9), value("bit_depth_luma_minus8", 9, 8));
    check_made(size().ue(0).ue(9), value("bit_depth_chroma_minus8", 9, 8));
    let field = "log2_max_pic_order_cnt_lsb_minus4";
    check_made(size().ue(0).ue(0).ue(13), value(field, 13, 12));
    let layers = Bits::default().u(4, 0).u(3, 7).u(1, 1);
    check_made(layers, value("sps_max_sub_layers_minus1", 7, 6));
}

#[test]
fn cropping_everything_away_is_an_error() {
    let crop = |chroma: u32, values: [u32; 4]| {
        let bits = head().ue(chroma);
        let bits = if chroma == 3 { bits.u(1, 0) } else { bits };
        let bits = values.into_iter().fold(bits.ue(64).ue(48).u(1, 1), Bits::ue);
        bits.ue(0).ue(0).ue(4).u(1, 1).ue(4).ue(2).ue(0)
    };
    check_made(crop(1, [1, 2, 3, 4]), Ok("58x34 reorder 2"));
    check_made(crop(2, [1, 2, 3, 4]), Ok("58x41 chroma 2 8 bit reorder 2"));
    check_made(crop(3, [1, 2, 3, 4]), Ok("61x41 chroma 3 8 bit reorder 2"));
    check_made(crop(0, [1, 2, 3, 4]), Ok("61x41 chroma 0 8 bit reorder 2"));
    check_made(crop(1, [0, 31, 23, 0]), Ok("2x2 reorder 2"));
    check_made(crop(1, [1, 31, 0, 0]), Err(SpsError::Cropped));
    check_made(crop(1, [0, 0, 0, 24]), Err(SpsError::Cropped));
    check_made(crop(1, [u32::MAX - 1, 2, 0, 0]), Err(SpsError::Cropped));
    check_made(sized(0, 2).u(1, 1).ue(0).ue(0).ue(0), Err(SpsError::Cropped));
}

#[test]
fn what_may_be_cut_off_counts_up_to_the_cut() {
    let whole = hex(REAL[1].1);
    for length in 0..whole.len() {
        let cut = Sps::parse(&whole[..length]);
        match length {
            0 => assert_eq!(cut, Err(SpsError::Type(63))),
            1 => assert_eq!(cut, Err(SpsError::Layer)),
            2..28 => assert_eq!(cut, Err(SpsError::Truncated), "{length} bytes"),
            _ => assert_eq!((cut.unwrap().width, cut.unwrap().height), (1_920, 1_080)),
        }
    }
    assert_eq!(Sps::parse(&hex("4401c073c189")), Err(SpsError::Type(34)));
    assert_eq!(Sps::parse(&hex("420901016000")), Err(SpsError::Layer));
}

#[test]
fn ten_thousand_damaged_parameter_sets_do_no_harm() {
    let samples: Vec<Vec<u8>> = REAL.iter().map(|(_, text)| hex(text)).collect();
    let samples: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
    mutations(&samples, crate::fuzz::hevc_sps);
}

/// A set of reference pictures: so many before and behind, or made from the set before it by so
/// many flags of which a pattern is set.
fn reference_set() -> impl Strategy<Value = (u32, u32, Option<u32>)> {
    (0..4_u32, 0..4_u32, prop::option::of(any::<u32>()))
}

fn write_reference_sets(bits: Bits, sets: &[(u32, u32, Option<u32>)]) -> Bits {
    let mut before = 0;
    sets.iter().enumerate().fold(bits, |bits, (index, &(negative, positive, pattern))| {
        let bits = if index > 0 { bits.u(1, pattern.is_some().into()) } else { bits };
        let Some(pattern) = pattern.filter(|_| index > 0) else {
            before = negative + positive;
            let bits = bits.ue(negative).ue(positive);
            return (0..before).fold(bits, |bits, picture| bits.ue(picture % 3).u(1, 1));
        };
        let flags = 0..=before;
        before = 0;
        flags.fold(bits.u(1, 1).ue(2), |bits, picture| {
            let is_used = pattern >> picture & 1 == 1;
            let is_kept = is_used || pattern >> (picture + 9) & 1 == 1;
            before += u32::from(is_kept);
            if is_used { bits.u(1, 1) } else { bits.u(1, 0).u(1, is_kept.into()) }
        })
    })
}

proptest! {
    #[test]
    fn made_parameter_sets_say_what_they_were_made_of(
        layers in prop::collection::vec(any::<(bool, bool)>(), 0..7),
        all_layers in any::<bool>(),
        (chroma, depth, reorder) in (0..4_u32, 0..9_u32, 0..9_u32),
        order_count in 0..13_u32,
        lists in prop::option::of(prop::option::of(prop::collection::vec(any::<bool>(), 20))),
        pcm in any::<bool>(),
        sets in prop::collection::vec(reference_set(), 0..9),
        long_term in prop::option::of(0..33_u32),
        vui in any::<[bool; 3]>(),
        timing in prop::option::of((0..4_u32, any::<u32>())),
    ) {
        let count = u32::try_from(layers.len()).unwrap();
        let mut bits = profile(Bits::default().u(4, 0).u(3, count).u(1, 1)).u(8, 93);
        bits = layers.iter().fold(bits, |bits, &(profile, level)| bits.flags(&[profile, level]));
        bits = if count > 0 { bits.u(2 * (8 - count), 0) } else { bits };
        for &(has_profile, has_level) in &layers {
            bits = if has_profile { profile(bits) } else { bits };
            bits = if has_level { bits.u(8, 90) } else { bits };
        }
        bits = bits.ue(0).ue(chroma);
        bits = if chroma == 3 { bits.u(1, 0) } else { bits };
        bits = bits.ue(640).ue(360).u(1, 0).ue(depth).ue(0).ue(order_count);
        bits = bits.u(1, all_layers.into());
        for layer in if all_layers { 0 } else { count }..=count {
            bits = bits.ue(4).ue(if layer == count { reorder } else { 11 }).ue(0);
        }
        bits = bits.ue(0).ue(3).ue(0).ue(3).ue(1).ue(1).u(1, lists.is_some().into());
        if let Some(lists) = lists {
            bits = bits.u(1, lists.is_some().into());
            for (list, is_coded) in lists.into_iter().flatten().enumerate() {
                bits = bits.u(1, is_coded.into());
                let (coefficients, has_dc) = (if list < 6 { 16 } else { 64 }, list >= 12);
                bits = if !is_coded { bits.ue(1) } else if has_dc { bits.se(-7) } else { bits };
                let coefficients = if is_coded { coefficients } else { 0 };
                bits = (0..coefficients).fold(bits, |bits, it| bits.se(it % 5 - 2));
            }
        }
        bits = bits.u(2, 3).u(1, pcm.into());
        bits = if pcm { bits.u(8, 0x77).ue(0).ue(2).u(1, 1) } else { bits };
        bits = write_reference_sets(bits.ue(u32::try_from(sets.len()).unwrap()), &sets);
        bits = bits.u(1, long_term.is_some().into());
        if let Some(count) = long_term {
            bits = (0..count).fold(bits.ue(count), |bits, it| bits.u(order_count + 4, it).u(1, 1));
        }
        bits = bits.u(2, 3).u(1, 1).u(1, 1).u(8, 4).u(1, 0).u(1, 1).u(3, 5).u(1, 1).u(1, 1);
        bits = bits.u(24, 0x09_12_09).u(1, vui[0].into());
        bits = if vui[0] { bits.ue(2).ue(2) } else { bits };
        bits = bits.u(3, 0).u(1, vui[1].into());
        bits = if vui[1] { bits.ue(9).ue(8).ue(7).ue(6) } else { bits };
        bits = bits.u(1, timing.is_some().into());
        if let Some((units, scale)) = timing {
            bits = bits.u(32, units).u(32, scale).u(1, 0).u(1, 0);
        }
        let sps = Sps::parse(&bits.u(1, 0).nal(&[0x42, 1])).unwrap();
        let timing = timing.filter(|&(units, scale)| units > 0 && scale > 0);
        prop_assert_eq!(sps, Sps {
            profile_tier_level: sps.profile_tier_level,
            width: 640,
            height: 360,
            chroma_format: chroma.try_into().unwrap(),
            bit_depth: u8::try_from(depth).unwrap() + 8,
            reorder_frames_max: reorder.try_into().unwrap(),
            sample_aspect: Some((16, 11)),
            colour: Some(Colour { primaries: 9, transfer: 18, matrix: 9, is_full_range: true }),
            timing: timing
                .map(|(units_in_tick, time_scale)| Timing { units_in_tick, time_scale }),
        });
        prop_assert_eq!(sps.profile_tier_level.rfc6381(), "1.6.L93.90");
    }
}
