//! What others write, as far as it goes.

use super::*;

/// An edit list in version 0 or 1, with edits of a length and a place.
fn edits(version: u8, list: &[(u32, i32)]) -> Vec<u8> {
    let mut out = BytesMut::new();
    write_box(&mut out, b"edts", |out| {
        write_full_box(out, b"elst", version, 0, |out| {
            out.put_u32(u32::try_from(list.len()).unwrap());
            for (length, time) in list {
                if version == 0 {
                    out.put_u32(*length);
                    out.put_i32(*time);
                } else {
                    out.put_u64(u64::from(*length));
                    out.put_i64(i64::from(*time));
                }
                out.put_u32(0x1_0000);
            }
        });
    });
    out.to_vec()
}

/// The header of [`sample`] with something in its first track.
fn with_in_track(extra: &[u8]) -> Bytes {
    let (init, _) = sample();
    let mut init = init.to_vec();
    for kind in [b"moov", b"trak"] {
        let at = init.windows(4).position(|four| four == kind).unwrap() - 4;
        let length = u32::from_be_bytes(init[at..at + 4].try_into().unwrap());
        let length = length + u32::try_from(extra.len()).unwrap();
        init[at..at + 4].copy_from_slice(&length.to_be_bytes());
    }
    let at = init.windows(4).position(|four| four == b"trak").unwrap() + 4;
    init.splice(at..at, extra.iter().copied());
    init.into()
}

#[test]
fn edit_lists_say_where_a_track_starts() {
    // 1,000 ticks a second of the movie, 90,000 of the track.
    let check = |version, list: &[(u32, i32)], expected| {
        let reader = Reader::open(&with_in_track(&edits(version, list))).unwrap();
        assert_eq!(reader.tracks()[0].start, expected, "{list:?}");
        assert_eq!(reader.tracks()[1].start, 0);
    };
    for version in [0, 1] {
        check(version, &[], 0);
        check(version, &[(0, 0)], 0);
        check(version, &[(0, 1_800)], 1_800);
        check(version, &[(20, -1), (0, 1_800)], 0);
        check(version, &[(20, -1)], 0);
        check(version, &[(20, -1), (10, -1), (0, 0), (0, 77)], -2_700);
    }
    check(0, &[(u32::MAX, -1), (0, i32::MAX)], i64::from(i32::MAX) - 386_547_056_550);
    // One that is cut off says nothing.
    let mut cut = edits(0, &[(0, 1_800)]);
    cut.truncate(cut.len() - 4);
    let [outer, inner] = [0, 8].map(|at| at..at + 4);
    let length = u32::try_from(cut.len()).unwrap();
    cut[outer].copy_from_slice(&length.to_be_bytes());
    cut[inner].copy_from_slice(&(length - 8).to_be_bytes());
    assert_eq!(Reader::open(&with_in_track(&cut)).unwrap().tracks()[0].start, 0);
    cut.truncate(cut.len() - 4);
    assert!(Reader::open(&with_in_track(&cut)).is_err());
}

#[test]
fn a_file_that_does_not_start_with_what_it_is_is_read() {
    let (init, _) = sample();
    let ftyp_bytes = usize::from(init[3]);
    let (ftyp, moov) = init.split_at(ftyp_bytes);
    let faults = |bytes: Vec<u8>| Reader::open(&bytes.into()).unwrap().faults().to_vec();
    assert_eq!(faults([moov, ftyp].concat()), [Fault::Misplaced(FourCc(*b"ftyp"))]);
    assert_eq!(faults(moov.to_vec()), [Fault::NoFileType]);
    assert_eq!(faults([ftyp, moov, ftyp].concat()), [Fault::Misplaced(FourCc(*b"ftyp"))]);
    assert_eq!(faults(init.to_vec()), []);
}

#[test]
fn what_was_read_before_an_error_is_kept() {
    let (init, segment) = sample();
    let reader = Reader::open(&init).unwrap();
    let (whole, error) = reader.examine(&segment);
    assert_eq!((error, whole.faults.len()), (None, 0));
    let kinds: Vec<_> = whole.boxes.iter().map(FourCc::to_string).collect();
    assert_eq!(kinds.join(" "), "styp emsg moof mdat moof mdat");
    // Without the end of the last `mdat`, samples are where they were, and their bytes are lost.
    let (cut, error) = reader.examine(&segment.slice(..segment.len() - 1));
    assert!(matches!(error, Some(ReadError::Length { .. })), "{error:?}");
    let times = |segment: &Segment| -> Vec<_> {
        let samples = segment.fragments.iter().flat_map(|fragment| &fragment.samples);
        samples.map(|sample| (sample.track, sample.dts, sample.pts, sample.bytes)).collect()
    };
    assert_eq!(times(&cut), times(&whole));
    let lost = |sample: &&Sample| sample.data.is_empty();
    assert_eq!(cut.fragments[0].samples.iter().filter(lost).count(), 0);
    assert_eq!(cut.fragments[1].samples.iter().filter(lost).count(), 2);
    assert!(reader.read_segment(&segment.slice(..segment.len() - 1)).is_err());
}

#[test]
fn tracks_of_fragments_are_summed_up() {
    let (init, segment) = sample();
    let segment = Reader::open(&init).unwrap().read_segment(&segment).unwrap();
    let tracks: Vec<_> = segment.fragments.iter().map(|fragment| fragment.tracks.len()).collect();
    assert_eq!(tracks, [2, 1]);
    let first = segment.fragments[0].tracks[0];
    assert_eq!(first, TrackFragment { track: 1, time: Some(0), samples: 1 });
}

#[test]
fn data_may_be_anywhere_in_the_segment() {
    let (init, segment) = sample();
    let reader = Reader::open(&init).unwrap();
    let whole = reader.read_segment(&segment).unwrap();
    let data = |segment: &Segment| -> Vec<_> {
        let samples = segment.fragments.iter().flat_map(|fragment| &fragment.samples);
        samples.map(|sample| sample.data.clone()).collect()
    };
    let faults =
        |segment: &Segment| -> Vec<_> { segment.faults.iter().map(Fault::to_string).collect() };

    let before = reader.read_segment(&samples::fmp4_faults::mdat_before_moof(&segment).into());
    let before = before.unwrap();
    assert_eq!(data(&before), data(&whole));
    let misplaced = ["`mdat` where it does not belong", "`moof` where it does not belong"];
    assert_eq!(faults(&before), misplaced);

    // What nobody knows may stand between a header and its data.
    let at = segment.windows(4).position(|four| four == b"mdat").unwrap() - 4;
    let between = [&segment[..at], &hex("00000008 66726565"), &segment[at..]].concat();
    let between = reader.read_segment(&between.into()).unwrap();
    assert_eq!(faults(&between)[1..], [""; 0]);

    // Offsets that are counted from the start of a file of which this is a piece.
    let based = samples::fmp4_faults::with_base_data_offsets(&segment);
    let based = [&hex("00000010 73747970 00000000 00000000")[..], &based].concat();
    let based = reader.read_segment(&based.into()).unwrap();
    assert_eq!(data(&based), data(&whole));
}

#[test]
fn entries_say_their_codec() {
    let (init, _) = sample();
    let codecs = |init: &Bytes| -> Vec<_> {
        let reader = Reader::open(init).unwrap();
        reader.tracks().iter().map(|track| (track.entry.kind, track.entry.codec())).collect()
    };
    let aac = (FourCc(*b"mp4a"), Some(Codec::Aac));
    assert_eq!(codecs(&init), [(FourCc(*b"avc1"), Some(Codec::Avc)), aac]);
    let encrypted = Bytes::from(samples::fmp4_faults::encrypted(&init));
    assert_eq!(codecs(&encrypted), [(FourCc(*b"encv"), Some(Codec::Avc)), aac]);
    let reader = Reader::open(&encrypted).unwrap();
    let is_encrypted: Vec<_> = reader.tracks().iter().map(|it| it.entry.is_encrypted()).collect();
    assert_eq!(is_encrypted, [true, false]);
    assert_eq!(reader.tracks()[0].entry.format(), FourCc(*b"avc1"));
    let mut other = init.to_vec();
    let at = other.windows(4).position(|four| four == b"avc1").unwrap();
    other[at..at + 4].copy_from_slice(b"mjpg");
    assert_eq!(codecs(&other.into())[0], (FourCc(*b"mjpg"), None));
}
