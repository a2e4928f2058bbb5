use super::*;
use crate::testing::hex;

/// What x264 makes of 128x72, 192x108, and 192x108 with sets of number 3 (ffmpeg 9.0).
const SMALL: &str = "0164000affe100196764000aacd9420bf97011000003000100000300320f12259601000468ef8\
    fcbfdf8f800";
const LARGE: &str = "0164000bffe100196764000bacd9430ffbc044000003000400000300c83c50a65801000468ef8\
    fcbfdf8f800";
const SMALL_SPS: &str = "6764000aacd9420bf97011000003000100000300320f122596";
const LARGE_SPS: &str = "6764000bacd9430ffbc044000003000400000300c83c50a658";
const OTHER_SPS: &str = "6764000b22cd9430ffbc0440000003004000000c83c50a6580";
const PPS: &str = "68ef8fcb";
const OTHER_PPS: &str = "68212f8fcb";
const SLICE: &str = "6588";

fn config(record: &str) -> AvcConfig {
    AvcConfig::parse(hex(record).into()).unwrap()
}

/// The record after a unit of these NAL units, in hexadecimal.
#[track_caller]
fn check(record: &str, nals: &[&str], expected: Option<&str>) {
    let config = config(record);
    let mut unit = Vec::new();
    for nal in nals {
        let nal = hex(nal);
        unit.extend_from_slice(&u32::try_from(nal.len()).unwrap().to_be_bytes());
        unit.extend_from_slice(&nal);
    }
    let actual = changed_record(&config, &unit);
    assert_eq!(actual, expected.map(|expected| hex(expected).into()), "{nals:?}");
    if let Some(record) = actual {
        // The same unit again changes nothing.
        assert_eq!(changed_record(&AvcConfig::parse(record).unwrap(), &unit), None, "{nals:?}");
    }
}

#[test]
fn the_same_sets_again_change_nothing() {
    check(SMALL, &[SLICE], None);
    check(SMALL, &[SMALL_SPS, PPS, SLICE], None);
    check(SMALL, &[PPS, SLICE], None);
}

#[test]
fn a_set_takes_the_place_of_the_one_with_its_number() {
    // The rebuilt record is that of the encoder, byte for byte.
    check(SMALL, &[LARGE_SPS, PPS, SLICE], Some(LARGE));
    check(LARGE, &["0910", SMALL_SPS, SLICE], Some(SMALL));
    let other_pps = "68ce3880";
    let changed = SMALL.replace(PPS, other_pps);
    check(SMALL, &[SMALL_SPS, other_pps, SLICE], Some(&changed));
}

#[test]
fn sets_of_other_numbers_are_added_and_the_picture_has_the_first_one() {
    let both = format!("0164000bffe2 0019{OTHER_SPS} 0019{SMALL_SPS} 01 0004{PPS} fdf8f800");
    check(SMALL, &[OTHER_SPS, SLICE], Some(&both));
    // Both are there, but now the other one counts.
    let small_first = format!("0164000affe2 0019{SMALL_SPS} 0019{OTHER_SPS} 01 0004{PPS} fdf8f800");
    check(&both, &[SMALL_SPS, PPS, SLICE], Some(&small_first));
    let more = SMALL.replace(&format!("010004{PPS}"), &format!("020004{PPS}0005{OTHER_PPS}"));
    check(SMALL, &[OTHER_PPS, SLICE], Some(&more));
    check(SMALL, &[SMALL_SPS, OTHER_PPS, SLICE], Some(&more));
}

#[test]
fn a_unit_with_new_sets_of_both_kinds_replaces_them_all() {
    let other = format!("0164000bffe1 0019{OTHER_SPS} 01 0005{OTHER_PPS} fdf8f800");
    check(SMALL, &[OTHER_SPS, OTHER_PPS, SLICE], Some(&other));
}

#[test]
fn the_format_of_the_samples_is_said_where_the_profile_wants_it() {
    let baseline = "0142c00aff e1 0018 6742c00ada082fe5c044000003000400000300c83c489a80 01 0004 \
        68ce0fc8";
    let larger = "6742c00bda0c43ff0110000003001000000303 20f1226a";
    check(
        baseline,
        &[larger, SLICE],
        Some(&format!("0142c00bff e1 0017 {larger} 01 0004 68ce0fc8")),
    );
}

#[test]
fn what_is_no_set_changes_nothing() {
    check(SMALL, &["67", "68", "6764000a", SLICE], None);
    // Numbers that do not exist.
    check(SMALL, &["6764000b0000ff", "680000ff", "67640000 00ffffff", SLICE], None);
    let mut unit = hex("00000019");
    unit.extend_from_slice(&hex(LARGE_SPS)[..20]);
    assert_eq!(changed_record(&config(SMALL), &unit), None);
}

#[test]
fn a_flood_of_sets_makes_no_record() {
    // Numbers 0 to 16: one more than is taken.
    let sps: Vec<_> = (1_u32..=17)
        .map(|code| {
            let zeros = code.ilog2();
            let bits = code << (31 - 2 * zeros);
            format!("6764000b{bits:08x}80")
        })
        .collect();
    let nals: Vec<_> = sps.iter().map(String::as_str).collect();
    check(SMALL, &nals, None);
    // The number of sets is what counts, not that of different ones.
    check(SMALL, &[[LARGE_SPS; 1].as_slice(), &[PPS; 63]].concat(), Some(LARGE));
    check(SMALL, &[[LARGE_SPS; 1].as_slice(), &[PPS; 64]].concat(), None);
}
