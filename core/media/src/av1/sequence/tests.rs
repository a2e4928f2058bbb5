use proptest::prelude::*;

use super::*;
use crate::testing::Bits;

fn parse(bits: Bits) -> Result<SequenceHeader, SequenceHeaderError> {
    SequenceHeader::parse(&bits.u(1, 1).bytes())
}

/// A header of 16x9 in full, up to the colour.
fn head(profile: u32) -> Bits {
    let head = Bits::default().u(3, profile).u(2, 0).u(2, 0).u(5, 0).u(12, 0).u(5, 4);
    head.u(4, 3).u(4, 3).u(4, 15).u(4, 8).u(1, 0).u(3, 0).u(4, 0).u(1, 0).u(1, 1).u(1, 1).u(3, 0)
}

#[track_caller]
fn check_colour(bits: Bits, expected: &str) {
    let sequence = parse(bits.u(2, 0)).unwrap();
    let SequenceHeader { bit_depth, subsampling: (x, y), chroma_position, .. } = sequence;
    let mono = if sequence.is_monochrome { " mono" } else { "" };
    let (x, y) = (u8::from(x), u8::from(y));
    let text = format!("{bit_depth}{mono} {x}{y}{chroma_position} {:?}", sequence.colour);
    assert_eq!(text, expected.replace("none", "None"));
    assert_eq!((sequence.width, sequence.height, sequence.level), (16, 9, 4));
}

#[test]
fn colour_is_read_as_the_profile_says() {
    let full = |primaries, transfer, matrix| {
        format!("{:?}", Some(Colour { primaries, transfer, matrix, is_full_range: true }))
    };
    let limited = |matrix| {
        let colour = Colour { primaries: 9, transfer: 16, matrix, is_full_range: false };
        format!("{:?}", Some(colour))
    };
    // high_bitdepth, [twelve_bit], mono_chrome unless profile 1, color_description_present_flag.
    check_colour(head(0).u(3, 0b000).u(1, 0).u(2, 2), "8 112 none");
    check_colour(head(0).u(3, 0b100).u(1, 0).u(2, 1), "10 111 none");
    check_colour(head(0).u(3, 0b000).u(1, 1).u(2, 0), &format!("8 110 {}", full(2, 2, 2)));
    check_colour(head(0).u(3, 0b010).u(1, 0), "8 mono 110 none");
    let bits = head(0).u(3, 0b101).u(24, 0x09_10_09).u(1, 0).u(2, 2);
    check_colour(bits, &format!("10 112 {}", limited(9)));
    check_colour(head(1).u(2, 0b00).u(1, 0), "8 000 none");
    check_colour(head(1).u(2, 0b01).u(24, 0x01_0d_00), &format!("8 000 {}", full(1, 13, 0)));
    let bits = head(1).u(2, 0b01).u(24, 0x09_10_00).u(1, 0);
    check_colour(bits, &format!("8 000 {}", limited(0)));
    check_colour(head(2).u(3, 0b000).u(1, 0), "8 100 none");
    check_colour(head(2).u(4, 0b1000).u(1, 0), "10 100 none");
    check_colour(head(2).u(4, 0b1100).u(1, 0).u(1, 0), "12 000 none");
    check_colour(head(2).u(4, 0b1100).u(1, 0).u(2, 0b10), "12 100 none");
    check_colour(head(2).u(4, 0b1100).u(1, 0).u(2, 0b11).u(2, 1), "12 111 none");
}

#[test]
fn a_reduced_header_has_a_level_and_a_size() {
    let bits = Bits::default().u(3, 0).u(2, 0b11).u(5, 9).u(4, 15).u(4, 15);
    let bits = bits.u(16, 0xffff).u(16, 0xffff).u(3, 0).u(3, 0).u(3, 0).u(1, 0).u(2, 0).u(2, 0);
    let sequence = parse(bits).unwrap();
    assert!(sequence.is_reduced && sequence.level == 9);
    assert_eq!((sequence.width, sequence.height), (65_536, 65_536));
}

#[test]
fn a_header_that_ends_early_is_an_error() {
    let whole = head(0).u(3, 0).u(1, 0).u(2, 0).u(2, 0).bytes();
    for length in 0..whole.len() {
        let error = SequenceHeader::parse(&whole[..length]).unwrap_err();
        assert_eq!(error, SequenceHeaderError::Truncated, "{length} bytes");
    }
    assert!(SequenceHeader::parse(&whole).is_ok());
    let error = parse(head(3).u(3, 0).u(1, 0).u(2, 0).u(2, 0)).unwrap_err();
    assert_eq!(error, SequenceHeaderError::Profile(3));
}

proptest! {
    #[test]
    fn made_headers_say_what_they_were_made_of(
        timing in prop::option::of((any::<u32>(), any::<u32>(), prop::option::of(0..99_u32))),
        model in prop::option::of(0..32_u32),
        has_delay in any::<bool>(),
        points in prop::collection::vec((0..32_u32, any::<[bool; 3]>()), 1..33),
        (width, height, size_bits) in (1..4_097_u32, 1..4_097_u32, 12..17_u32),
        has_ids in any::<bool>(),
        tools in any::<[bool; 5]>(),
    ) {
        let mut bits = Bits::default().u(3, 0).u(2, 0).u(1, timing.is_some().into());
        if let Some((units, scale, ticks)) = timing {
            bits = bits.u(32, units).u(32, scale).u(1, ticks.is_some().into());
            bits = ticks.into_iter().fold(bits, Bits::ue).u(1, model.is_some().into());
            bits = match model {
                Some(delay) => bits.u(5, delay).u(32, 7).u(10, 0x155),
                None => bits,
            };
        }
        let model = model.filter(|_| timing.is_some());
        bits = bits.u(1, has_delay.into()).u(5, u32::try_from(points.len()).unwrap() - 1);
        for &(level, [is_high, has_model, has_display]) in &points {
            bits = bits.u(12, 0xabc).u(5, level);
            bits = if level > 7 { bits.u(1, is_high.into()) } else { bits };
            if let Some(delay) = model {
                bits = bits.u(1, has_model.into());
                let delays = |bits: Bits| bits.u(delay + 1, 1).u(delay + 1, 0).u(1, 1);
                bits = if has_model { delays(bits) } else { bits };
            }
            if has_delay {
                bits = bits.u(1, has_display.into());
                bits = if has_display { bits.u(4, 9) } else { bits };
            }
        }
        bits = bits.u(4, size_bits - 1).u(4, size_bits - 1);
        bits = bits.u(size_bits, width - 1).u(size_bits, height - 1).u(1, has_ids.into());
        bits = if has_ids { bits.u(7, 0x55) } else { bits };
        let [has_order, choose_screen, force_screen, choose_vector, force_vector] = tools;
        bits = bits.u(3, 5).u(4, 10).u(1, has_order.into());
        bits = if has_order { bits.u(2, 2) } else { bits };
        bits = bits.u(1, choose_screen.into());
        bits = if choose_screen { bits } else { bits.u(1, force_screen.into()) };
        if choose_screen || force_screen {
            bits = bits.u(1, choose_vector.into());
            bits = if choose_vector { bits } else { bits.u(1, force_vector.into()) };
        }
        bits = if has_order { bits.u(3, 6) } else { bits };
        bits = bits.u(3, 2).u(3, 0b101).u(24, 0x09_10_09).u(1, 1).u(2, 2).u(2, 0);
        let frame_rate = timing.and_then(|(units, scale, ticks)| {
            let under = u64::from(units) * (u64::from(ticks?) + 1);
            (under > 0 && scale > 0).then_some((scale, under))
        });
        let (level, [is_high, ..]) = points[0];
        prop_assert_eq!(parse(bits).unwrap(), SequenceHeader {
            profile: 0,
            level: level.try_into().unwrap(),
            is_high_tier: level > 7 && is_high,
            is_reduced: false,
            width,
            height,
            bit_depth: 10,
            is_monochrome: false,
            subsampling: (true, true),
            chroma_position: 2,
            colour: Some(Colour { primaries: 9, transfer: 16, matrix: 9, is_full_range: true }),
            frame_rate,
        });
    }
}
