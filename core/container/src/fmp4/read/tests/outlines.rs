//! Segments of which only the headers are read.

use super::*;

/// The samples of a segment without their data.
fn without_data(mut samples: Vec<Sample>) -> Vec<Sample> {
    samples.iter_mut().for_each(|sample| sample.data = Bytes::new());
    samples
}

fn samples(segment: Segment) -> Vec<Sample> {
    segment.fragments.into_iter().flat_map(|fragment| fragment.samples).collect()
}

/// Reads a segment in pieces of up to `bytes`, or as much as is wanted; and how much was read.
fn outlined(segment: &Bytes, bytes: usize) -> (Outline, usize) {
    let mut outline = Outline::new(segment.len());
    let mut read = 0;
    while let Some(range) = outline.wanted() {
        let end = range.end.max(range.start + bytes).min(segment.len());
        outline.push(&segment.slice(range.start..end)).unwrap();
        read += end - range.start;
    }
    (outline, read)
}

#[test]
fn an_outline_has_the_samples_of_the_whole() {
    let (init, segment) = sample();
    let reader = Reader::open(&init).unwrap();
    let whole = samples(reader.read_segment(&segment).unwrap());
    for sample in &whole {
        let bytes = usize::try_from(sample.bytes).unwrap();
        assert_eq!(segment.slice(sample.at..sample.at + bytes), sample.data);
    }
    let expected = without_data(whole);
    assert_eq!(expected.len(), 5);
    for bytes in [0, 1, 17, 100, 300, segment.len()] {
        let (outline, _) = outlined(&segment, bytes);
        assert_eq!(samples(reader.read_outline(&outline).unwrap()), expected, "{bytes}");
    }
    let whole = Outline::of(&segment).unwrap();
    assert_eq!(samples(reader.read_outline(&whole).unwrap()), expected);
}

#[test]
fn media_are_not_read() {
    let mut muxer = Muxer::new(&[video()]).unwrap();
    let picture = picture(0, 0, &[&"65".repeat(1 << 20)]);
    let segment = mux(&mut muxer, &[picture], &[], &[]).remove(0);
    let (outline, read) = outlined(&segment, 0);
    assert!(segment.len() > 1 << 20 && read < 200, "{read}");
    let reader = Reader::open(&muxer.init_section()).unwrap();
    assert_eq!(samples(reader.read_outline(&outline).unwrap()).len(), 1);
}

#[test]
fn what_is_not_whole_is_no_outline() {
    let (init, segment) = sample();
    let reader = Reader::open(&init).unwrap();
    let boxes: Vec<usize> = atoms(&segment).into_iter().map(|(start, _)| start).collect();
    for cut in 1..segment.len() {
        let outline = Outline::of(&segment.slice(..cut));
        let result = outline.and_then(|outline| reader.read_outline(&outline));
        assert_eq!(result.is_ok(), boxes.contains(&cut), "cut after byte {cut}: {result:?}");
    }
    // What is there is whole, but there should be more.
    let mut outline = Outline::new(segment.len() + 8);
    outline.push(&segment).unwrap();
    let error = reader.read_outline(&outline).unwrap_err();
    assert_eq!(error.to_string(), "a box of 16 bytes where 8 are left");
    let free = hex("00000008 66726565");
    assert!(Outline::of(&free.repeat(SEGMENT_BOXES_MAX + 1).into()).is_ok());
    let media = hex("00000008 6d646174");
    let error = Outline::of(&media.repeat(SEGMENT_BOXES_MAX + 1).into()).unwrap_err();
    assert_eq!(error.to_string(), "more than 16384 of boxes");
    let mut outline = Outline::new(usize::MAX);
    let header = hex("00000001 6d6f6f66 0000000002000001");
    let error = outline.push(&header.into()).unwrap_err();
    assert_eq!(error.to_string(), "more than 33554432 of bytes of `moof`");
}
