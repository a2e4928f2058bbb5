use h264_reader::nal::sps::{FrameMbsFlags, SeqParameterSet};
use h264_reader::rbsp;
use proptest::prelude::*;

use super::*;
use crate::testing::{Bits, hex, mutations};

/// Parameter sets that x264 wrote, as ffmpeg 5.1 runs it; named by what was asked for.
const REAL: [(&str, &str); 11] = [
    ("baseline", "6742c01ed900d83de6f011000003000100000300320f162e48"),
    ("high", "67640028acd940780227e5c044000003000400000300f03c60c658"),
    ("matrices", "6764001eacd940a02ff970110000030001000003003c0f162d96"),
    ("monochrome", "67f4000cf365054fe5bc05b2000003000200000300601e28532c"),
    ("4:2:2", "677a001fbcd940fc127963f01100000303e90000ea600f183196"),
    ("4:4:4", "67f4000d919b282a7f2de022000003000200000300f01e28532c"),
    ("10 bits", "676e001ea6cd940a42fe224c04400000fa40002ee003c58b6580"),
    ("constant rate", "6764001eacd940a02ff970110000030001000003003c602001e840007a13930c01e2c5b2c0"),
    ("interlaced", "67640028acd94078044fde0220000003002000000643e2c5b2c0"),
    ("interlaced 4:2:2", "677a0028bcd94078044fcb808800000300080000030190f8b16cb0"),
    ("anamorphic", "6764001eacd940b4126ffc010000b5b828282a000003000200000300641e2c5b2c"),
];

fn describe(sps: &Sps) -> String {
    let Sps { width, height, chroma_format, bit_depth, .. } = sps;
    let mut text = format!("{width}x{height}");
    if sps.is_interlaced {
        text += "i";
    }
    if (*chroma_format, *bit_depth) != (1, 8) {
        text += &format!(" chroma {chroma_format} {bit_depth} bit");
    }
    if let Some((over, under)) = sps.frame_rate() {
        text += &format!(" {over}/{under}");
        text += if sps.timing.unwrap().is_fixed { " fixed" } else { "" };
    }
    match sps.sample_aspect {
        None | Some((1, 1)) => {}
        Some((width, height)) => text += &format!(" sample {width}:{height}"),
    }
    if let Some(Colour { primaries, transfer, matrix, is_full_range }) = sps.colour {
        text += &format!(" colour {primaries}/{transfer}/{matrix}");
        text += if is_full_range { " full" } else { "" };
    }
    if let Some(frames) = sps.reorder_frames_max {
        text += &format!(" reorder {frames}");
    }
    text
}

/// What the independent reader says, in the same words. It does not read what stands behind a
/// value that it refuses, so `None` says nothing.
fn describe_independently(nal: &[u8]) -> Option<String> {
    if nal.len() < 2 {
        return None; // It would panic.
    }
    let rbsp = rbsp::decode_nal(nal).ok()?;
    let read = SeqParameterSet::from_bits(rbsp::BitReader::new(&*rbsp)).ok()?;
    let (width, height) = read.pixel_dimensions().ok()?;
    let vui = read.vui_parameters.as_ref();
    let timing = vui.and_then(|vui| vui.timing_info.as_ref());
    let timing = timing.filter(|timing| timing.num_units_in_tick > 0 && timing.time_scale > 0);
    let signal = vui.and_then(|vui| vui.video_signal_type.as_ref());
    let sample_aspect = vui.and_then(|vui| vui.aspect_ratio_info.as_ref()?.get());
    let restrictions = vui.and_then(|vui| vui.bitstream_restrictions.as_ref());
    Some(describe(&Sps {
        profile: read.profile_idc.into(),
        constraints: 0,
        level: read.level_idc,
        width,
        height,
        chroma_format: read.chroma_info.chroma_format.to_u32().try_into().unwrap(),
        bit_depth: read.chroma_info.bit_depth_luma_minus8 + 8,
        is_interlaced: matches!(read.frame_mbs_flags, FrameMbsFlags::Fields { .. }),
        sample_aspect: sample_aspect.filter(|&(width, height)| width > 0 && height > 0),
        colour: signal.and_then(|signal| {
            let colour = signal.colour_description.as_ref()?;
            Some(Colour {
                primaries: colour.colour_primaries,
                transfer: colour.transfer_characteristics,
                matrix: colour.matrix_coefficients,
                is_full_range: signal.video_full_range_flag,
            })
        }),
        timing: timing.map(|timing| Timing {
            units_in_tick: timing.num_units_in_tick,
            time_scale: timing.time_scale,
            is_fixed: timing.fixed_frame_rate_flag,
        }),
        reorder_frames_max: restrictions.map(|it| it.max_num_reorder_frames.try_into().unwrap()),
    }))
}

#[track_caller]
fn check(name: &str, expected: &str) {
    let (_, text) = REAL.iter().find(|(real, _)| *real == name).unwrap();
    let nal = hex(text);
    let actual = describe(&Sps::parse(&nal).unwrap());
    assert_eq!(actual, expected, "{name}");
    assert_eq!(describe_independently(&nal).unwrap(), expected, "{name}, read independently");
}

#[test]
fn real_parameter_sets_say_what_was_asked_for() {
    check("baseline", "854x480 50/2 reorder 0");
    check("high", "1920x1080 60/2 reorder 2");
    check("matrices", "640x360 60/2 reorder 2");
    check("monochrome", "332x110 chroma 0 8 bit 48/2 reorder 2");
    check("4:2:2", "1000x562 chroma 2 8 bit 60000/2002 reorder 2");
    check("4:4:4", "332x110 chroma 3 8 bit 120/2 reorder 2");
    check("10 bits", "642x362 chroma 1 10 bit 48000/2002 reorder 2");
    check("constant rate", "640x360 60/2 reorder 2");
    check("interlaced", "1920x1080i 50/2 reorder 2");
    check("interlaced 4:2:2", "1920x1080i chroma 2 8 bit 50/2 reorder 2");
    check("anamorphic", "720x576 50/2 sample 64:45 colour 5/5/5 full reorder 2");
}

/// Up to and with the sizes, for the main profile.
fn main_profile(columns: u32, rows: u32) -> Bits {
    let head = Bits::default().u(24, 0x4d_00_1e).ue(0).ue(0).ue(2).ue(1).u(1, 0);
    head.ue(columns - 1).ue(rows - 1).flags(&[true, true])
}

#[track_caller]
fn check_made(bits: Bits, expected: Result<&str, SpsError>) {
    let nal = bits.nal(&[0x67]);
    let actual = Sps::parse(&nal).map(|sps| describe(&sps));
    assert_eq!(actual, expected.map(str::to_owned), "{nal:02x?}");
}

#[test]
fn sizes_have_a_limit() {
    let value = |field| SpsError::Value { field, value: 1_055, limit: 1_054 };
    check_made(main_profile(1_055, 1_055).flags(&[false; 2]), Ok("16880x16880"));
    let wide = main_profile(1_056, 1).flags(&[false; 2]);
    check_made(wide, Err(value("pic_width_in_mbs_minus1")));
    let high = main_profile(1, 1_056).flags(&[false; 2]);
    check_made(high, Err(value("pic_height_in_map_units_minus1")));
}

#[test]
fn cropping_everything_away_is_an_error() {
    let crop = |values: [u32; 4]| {
        let bits = main_profile(4, 3).u(1, 1);
        values.into_iter().fold(bits, Bits::ue).u(1, 0)
    };
    check_made(crop([1, 2, 3, 4]), Ok("58x34"));
    check_made(crop([0, 31, 23, 0]), Ok("2x2"));
    check_made(crop([1, 31, 0, 0]), Err(SpsError::Cropped));
    check_made(crop([0, 0, 0, 25]), Err(SpsError::Cropped));
    check_made(crop([u32::MAX - 1, 2, 0, 0]), Err(SpsError::Cropped));
}

#[test]
fn other_numbers_have_limits() {
    let head = || Bits::default().u(24, 0x64_00_1e).ue(0);
    let value = |field, value, limit| Err(SpsError::Value { field, value, limit });
    check_made(head().ue(4), value("chroma_format_idc", 4, 3));
    check_made(head().ue(1).ue(7), value("bit_depth_luma_minus8", 7, 6));
    check_made(head().ue(1).ue(0).ue(9), value("bit_depth_chroma_minus8", 9, 6));
    let head = || Bits::default().u(24, 0x4d_00_1e).ue(0);
    check_made(head().ue(13), value("log2_max_frame_num_minus4", 13, 12));
    check_made(head().ue(0).ue(3), value("pic_order_cnt_type", 3, 2));
    let cycle = head().ue(0).ue(1).u(1, 0).se(0).se(0).ue(256);
    check_made(cycle, value("num_ref_frames_in_pic_order_cnt_cycle", 256, 255));
}

#[test]
fn usability_information_counts_up_to_where_it_is_cut_off() {
    let whole = hex(REAL[1].1);
    for length in 0..whole.len() {
        let cut = Sps::parse(&whole[..length]);
        match length {
            0 => assert_eq!(cut, Err(SpsError::Type(0))),
            1..11 => assert_eq!(cut, Err(SpsError::Truncated), "{length} bytes"),
            _ => assert_eq!((cut.unwrap().width, cut.unwrap().height), (1_920, 1_080)),
        }
    }
    assert_eq!(Sps::parse(&hex("68ebe3cb22c0")), Err(SpsError::Type(8)));
}

#[test]
fn ten_thousand_damaged_parameter_sets_do_no_harm() {
    let samples: Vec<Vec<u8>> = REAL.iter().map(|(_, text)| hex(text)).collect();
    let samples: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
    mutations(&samples, |data| {
        crate::fuzz::sps(data);
        let ours = Sps::parse(data).map(|sps| describe(&sps));
        if let Some(theirs) = describe_independently(data)
            && data[0] & 0x1f == 7
        {
            let ours = ours.as_deref();
            // The independent reader has neither our limit on a side nor one against nothing
            // to show.
            let stricter = matches!(ours, Err(SpsError::Value { .. } | SpsError::Cropped));
            assert!(ours == Ok(&theirs) || stricter, "{data:02x?}: {ours:?}, {theirs}");
        }
    });
}

/// A list of `size` deltas, some of which end it.
fn scaling_list(size: usize) -> impl Strategy<Value = Option<Vec<i32>>> {
    prop::option::of(prop::collection::vec(-3..9_i32, size))
}

proptest! {
    #[test]
    fn made_parameter_sets_read_as_the_independent_reader_reads_them(
        chroma in 0..4_u32,
        depth in 0..7_u32,
        separate in any::<bool>(),
        lists in prop::option::of((
            prop::collection::vec(scaling_list(16), 6),
            prop::collection::vec(scaling_list(64), 6),
        )),
        order_type in 0..3_u32,
        cycle in prop::collection::vec(-70_000..70_000_i32, 0..256),
        (columns, rows) in (1..200_u32, 1..200_u32),
        (frames_only, cropped) in any::<(bool, bool)>(),
        crop in prop::array::uniform4(0..9_u32),
        aspect in prop::option::of((0..256_u32, 0..70_u32, 0..70_u32)),
        colour in prop::option::of((0..256_u32, any::<bool>())),
        timing in prop::option::of((0..4_u32, any::<u32>(), any::<bool>())),
        rates in prop::array::uniform2(prop::option::of(prop::collection::vec(0..99_u32, 1..33))),
        reorder in prop::option::of(0..17_u32),
    ) {
        let mut bits = Bits::default().u(24, 0xf4_00_3e).ue(1).ue(chroma);
        if chroma == 3 {
            bits = bits.u(1, separate.into());
        }
        bits = bits.ue(depth).ue(depth).flags(&[false, lists.is_some()]);
        let lists = lists.iter().flat_map(|(small, large)| {
            small.iter().chain(&large[..if chroma == 3 { 6 } else { 2 }])
        });
        bits = lists.fold(bits, |bits, list| bits.scaling_list(list.as_deref()));
        bits = bits.ue(0).ue(order_type);
        bits = match order_type {
            0 => bits.ue(5),
            1 => {
                let count = u32::try_from(cycle.len()).unwrap();
                cycle.iter().fold(bits.u(1, 0).se(-7).se(7).ue(count), |bits, &it| bits.se(it))
            }
            _ => bits,
        };
        bits = bits.ue(4).u(1, 0).ue(columns - 1).ue(rows - 1).u(1, frames_only.into());
        bits = if frames_only { bits } else { bits.u(1, 1) };
        bits = bits.flags(&[true, cropped]);
        bits = if cropped { crop.into_iter().fold(bits, Bits::ue) } else { bits };
        bits = bits.flags(&[true, aspect.is_some()]);
        if let Some((index, width, height)) = aspect {
            bits = bits.u(8, index);
            bits = if index == 255 { bits.u(16, width).u(16, height) } else { bits };
        }
        bits = bits.flags(&[false, colour.is_some()]);
        if let Some((primaries, is_full)) = colour {
            bits = bits.u(3, 5).flags(&[is_full, true]).u(8, primaries).u(8, 2).u(8, 3);
        }
        bits = bits.flags(&[true]).ue(1).ue(2).u(1, timing.is_some().into());
        if let Some((units, scale, is_fixed)) = timing {
            bits = bits.u(32, units).u(32, scale).u(1, is_fixed.into());
        }
        bits = rates.iter().fold(bits, |bits, rates| bits.hrd(rates.as_deref()));
        bits = if rates.iter().any(Option::is_some) { bits.u(1, 0) } else { bits };
        bits = bits.flags(&[true, reorder.is_some()]);
        if let Some(frames) = reorder {
            bits = bits.u(1, 1).ue(2).ue(1).ue(9).ue(8).ue(frames).ue(16);
        }
        let nal = bits.nal(&[0x67]);
        let ours = Sps::parse(&nal).map(|sps| describe(&sps));
        match describe_independently(&nal) {
            Some(theirs) if !theirs.starts_with("0x") && !theirs.contains("x0") => {
                prop_assert_eq!(ours, Ok(theirs));
            }
            Some(_) => prop_assert_eq!(ours, Err(SpsError::Cropped)),
            None => {}
        }
    }
}
