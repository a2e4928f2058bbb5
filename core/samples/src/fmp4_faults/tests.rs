use super::boxes::{Node, edit};
use super::*;

/// A box with these contents.
fn boxed(kind: &[u8; 4], contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let length = u32::try_from(contents.len() + 8).unwrap();
    [&length.to_be_bytes(), &kind[..], &contents].concat()
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// A segment of one sample of five bytes, a NAL unit of one byte.
fn segment() -> Vec<u8> {
    let header = boxed(b"tfhd", &[&numbers(&[0x02_0028, 1, 40, 0])]);
    let time = boxed(b"tfdt", &[&numbers(&[0, 7])]);
    let run = boxed(b"trun", &[&numbers(&[0x201, 1, 100, 5])]);
    let track = boxed(b"traf", &[&header, &time, &run]);
    let moof = boxed(b"moof", &[&boxed(b"mfhd", &[&numbers(&[0, 3])]), &track]);
    [boxed(b"styp", &[b"msdh\0\0\0\0"]), moof, boxed(b"mdat", &[&[0, 0, 0, 1, 0x65]])].concat()
}

/// What can be read of a box: `data_offset` of the first `trun`.
fn offset(segment: &[u8]) -> u32 {
    let mut found = 0;
    edit(segment, |nodes| {
        let moof = nodes.iter_mut().find(|node| node.kind == *b"moof")?;
        found = moof.find_mut(b"trun")?.u32(8)?;
        None
    });
    found
}

#[test]
fn what_is_not_changed_stays_as_it_is() {
    let segment = segment();
    assert_eq!(edit(&segment, |_| Some(())), segment);
    assert_eq!(edit(&segment, |nodes| nodes.drain(..).next().map(drop)), []);
    for end in 0..segment.len() {
        let cut = &segment[..end];
        assert_eq!(edit(cut, |_| None), cut);
    }
}

#[test]
fn offsets_follow_the_length_of_a_moof() {
    let segment = segment();
    assert_eq!(offset(&segment), 100);
    // A `tfdt` of 16 bytes less, a base of eight bytes more.
    assert_eq!(offset(&without_tfdt(&segment)), 84);
    assert_eq!(offset(&with_base_data_offsets(&segment)), 108);
    assert_eq!(offset(&without_styp(&segment)), 100);
    let longer = edit(&segment, |nodes| {
        let moof = nodes.iter_mut().find(|node| node.kind == *b"moof")?;
        moof.children.push(Node::new(*b"free", vec![0; 3], Vec::new()));
        Some(())
    });
    assert_eq!((offset(&longer), longer.len()), (111, segment.len() + 11));
}

#[test]
fn fields_that_are_said_once_are_written_out_for_each_sample() {
    let flipped = flipped_sync_flags(&segment());
    let run = flipped.windows(4).position(|four| four == b"trun").unwrap() + 4;
    // Version 0 with all fields: offset, duration, bytes, flags, composition offset.
    let expected = numbers(&[0xf01, 1, 112, 40, 5, 0x1_0000, 0]);
    assert_eq!(flipped[run..run + expected.len()], expected);
    assert_eq!(flipped_sync_flags(&flipped).len(), flipped.len());
}

#[test]
fn what_is_not_there_cannot_be_broken() {
    let rest = boxed(b"free", &[&[1, 2, 3]]);
    let segments = [
        cut_in_mdat,
        without_styp,
        without_mdat,
        with_moov,
        mdat_before_moof,
        with_unknown_track,
        with_base_data_offsets,
        without_tfdt,
        with_gap_inside,
        with_repeated_number,
        numbered_from_1,
        data_outside_mdat,
        broken_nal_length,
        flipped_sync_flags,
        with_zero_duration,
        long_fragment_header,
        long_track_header,
        ftyp_behind_moov,
        old_brands,
        without_codec_configuration,
        with_samples_in_moov,
        without_mvex,
        without_trex,
        as_hev1,
        encrypted,
        without_parameter_sets,
    ];
    for fault in segments {
        assert_eq!(fault(&rest), rest);
        assert_eq!(fault(b"no boxes"), b"no boxes");
    }
    assert_eq!(shifted(&rest, 5), rest);
    assert_eq!(with_parameter_sets_of(&rest, &rest), rest);
}

#[test]
fn damage_does_no_harm() {
    let segment = segment();
    crate::damaged_slowly(&[&segment], |bytes| {
        for fault in [mdat_before_moof, with_base_data_offsets, with_gap_inside, broken_nal_length]
        {
            drop(fault(bytes));
        }
        drop(with_zero_duration(&flipped_sync_flags(bytes)));
        drop(with_parameter_sets_of(bytes, bytes));
    });
}
