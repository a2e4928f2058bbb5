mod examined;
mod outlines;

use bytes::{BufMut, BytesMut};
use mp4_atom::{Any, Encode as _};

use super::*;
use crate::fmp4::Muxer;
use crate::fmp4::boxes::{write_box, write_full_box};
use crate::fmp4::testing::{atoms, mux};
use crate::testing::{audio, frame, hex, mutations, picture, video};

const IDR: &str = "65888400";
const SLICE: &str = "419a2100";

/// A header and a segment of two fragments with everything that the muxer writes.
fn sample() -> (Bytes, Bytes) {
    let mut muxer = Muxer::new(&[video(), audio()]).unwrap();
    let event = crate::fmp4::Event {
        scheme: crate::fmp4::EventScheme::Id3,
        id: 1,
        time: media::Timestamp::from_millis(40),
        duration: None,
        message: Bytes::from_static(b"ID3"),
    };
    muxer.write_event(event).unwrap();
    let units = [
        picture(0, 80, &[IDR]),
        frame(0, &[1; 5]),
        frame(1_024, &[2; 6]),
        picture(40, 40, &[SLICE]),
        picture(80, 120, &[SLICE]),
    ];
    let segment = mux(&mut muxer, &units, &[], &[3]).remove(0);
    (muxer.init_section(), segment)
}

/// The faults and samples of a segment that `change` was done to, as its boxes are in `mp4-atom`.
#[track_caller]
fn check_changed(change: impl Fn(&mut Vec<Any>), expected: &str) {
    let (init, segment) = sample();
    let mut all: Vec<Any> = atoms(&segment).into_iter().map(|(_, atom)| atom).collect();
    change(&mut all);
    let mut changed = Vec::new();
    all.iter().for_each(|atom| atom.encode(&mut changed).unwrap());
    let segment = Reader::open(&init).unwrap().read_segment(&changed.into()).unwrap();
    let faults: Vec<_> = segment.faults.iter().map(Fault::to_string).collect();
    let samples: usize = segment.fragments.iter().map(|fragment| fragment.samples.len()).sum();
    assert_eq!(format!("{samples} samples, {}", faults.join(", ")), expected);
}

/// The first fragment's header.
fn moof(all: &mut [Any]) -> &mut mp4_atom::Moof {
    let is_moof = |atom: &&mut Any| matches!(atom, Any::Moof(_));
    let Some(Any::Moof(moof)) = all.iter_mut().find(is_moof) else { panic!("no `moof`") };
    moof
}

#[test]
fn what_must_not_be_in_a_segment_is_told() {
    check_changed(|_| {}, "5 samples, ");
    check_changed(
        |all| drop(all.remove(0)),
        "5 samples, a segment that does not start with `styp`",
    );
    check_changed(
        |all| moof(all).traf[0].tfhd.track_id = 9,
        "4 samples, samples of track 9, which is not there",
    );
    check_changed(
        |all| moof(all).traf[1].tfdt.as_mut().unwrap().base_media_decode_time = 7,
        "5 samples, ",
    );
    check_changed(
        |all| moof(all).traf[0].tfdt.as_mut().unwrap().base_media_decode_time = 7,
        "5 samples, samples of track 1 at 3600 instead of 3607",
    );
    check_changed(|all| moof(all).mfhd.sequence_number = 2, "5 samples, fragment 2 behind 2");
    check_changed(
        |all| moof(all).traf[1].tfhd.default_sample_duration = Some(0),
        "5 samples, a sample of track 2 that does not last, a sample of track 2 that does not last",
    );
    check_changed(
        |all| moof(all).traf[1].trun[0].data_offset = Some(8),
        "5 samples, a sample of track 2 outside of the data, a sample of track 2 outside of the \
         data",
    );
    check_changed(
        |all| drop(all.remove(3)),
        "5 samples, a sample of track 1 outside of the data, a sample of track 2 outside of the \
         data, a sample of track 2 outside of the data, `moof` where it does not belong",
    );
    check_changed(|all| drop(all.remove(2)), "2 samples, `mdat` where it does not belong");
    check_changed(
        |all| all.push(Any::Moov(mp4_atom::Moov::default())),
        "5 samples, `moov` where it does not belong",
    );
}

/// Moves the data of the first fragment, whose header gets longer by `bytes`.
fn move_data(all: &mut [Any], bytes: i32) {
    for traf in &mut moof(all).traf {
        *traf.trun[0].data_offset.as_mut().unwrap() += bytes;
    }
}

#[test]
fn fields_that_may_be_there_are_passed_over() {
    check_changed(
        |all| {
            move_data(all, 4);
            let header = &mut moof(all).traf[1].tfhd;
            (header.default_base_is_moof, header.sample_description_index) = (false, Some(1));
        },
        "5 samples, samples of track 2 that are not counted from their `moof`",
    );
    check_changed(
        |all| {
            move_data(all, 8);
            moof(all).traf[0].tfhd.base_data_offset = Some(0);
        },
        "5 samples, samples of track 1 that are not counted from their `moof`",
    );
    check_changed(
        |all| {
            move_data(all, -20);
            moof(all).traf[0].tfdt = None;
        },
        "5 samples, samples of track 1 without a decode time",
    );
}

/// Reads a header that has a track of sound, and in it what `stbl` and `movie` write.
fn open(
    stbl: impl Fn(&mut BytesMut),
    movie: impl Fn(&mut BytesMut),
) -> Result<Vec<String>, ReadError> {
    let mut out = BytesMut::new();
    write_box(&mut out, b"ftyp", |out| out.put_slice(b"iso6\0\0\0\0"));
    write_box(&mut out, b"moov", |out| {
        write_full_box(out, b"mvhd", 0, 0, |out| out.put_bytes(0, 96));
        write_box(out, b"trak", |out| {
            write_full_box(out, b"tkhd", 1, 0, |out| out.put_slice(&hex(&"00".repeat(20))));
            write_box(out, b"mdia", |out| {
                write_full_box(out, b"mdhd", 1, 0, |out| {
                    out.put_bytes(0, 16);
                    out.put_u32(48_000);
                });
                write_full_box(out, b"hdlr", 0, 0, |out| out.put_slice(b"\0\0\0\0soun"));
                write_box(out, b"minf", |out| write_box(out, b"stbl", &stbl));
            });
        });
        movie(out);
    });
    let reader = Reader::open(&out.freeze())?;
    Ok(reader.faults().iter().map(Fault::to_string).collect())
}

/// Tables that count `samples` and have no entry.
fn tables(out: &mut BytesMut, samples: u32) {
    for kind in [b"stts", b"stsc", b"stco"] {
        write_full_box(out, kind, 0, 0, |out| out.put_u32(0));
    }
    write_full_box(out, b"stsz", 0, 0, |out| {
        out.put_u32(0);
        out.put_u32(samples);
    });
}

fn entry(out: &mut BytesMut) {
    write_full_box(out, b"stsd", 0, 0, |out| {
        out.put_u32(1);
        write_box(out, b"Opus", |out| out.put_bytes(0, 28));
    });
}

#[test]
fn what_must_not_be_in_a_header_is_told() {
    let all = |out: &mut BytesMut| {
        tables(out, 0);
        entry(out);
    };
    assert_eq!(open(all, |_| {}).unwrap(), ["a header that says nothing of fragments"]);
    let empty = |out: &mut BytesMut| write_box(out, b"mvex", |_| {});
    assert_eq!(open(all, empty).unwrap(), ["track 0 without defaults for fragments"]);
    let extends = |out: &mut BytesMut| {
        write_box(out, b"mvex", |out| {
            write_full_box(out, b"trex", 0, 0, |out| out.put_bytes(0, 20))
        });
    };
    assert_eq!(open(all, extends).unwrap(), [""; 0]);
    let with_samples = |out: &mut BytesMut| {
        tables(out, 3);
        entry(out);
    };
    assert_eq!(open(with_samples, extends).unwrap(), ["track 0 with samples in its header"]);
    let check = |stbl: &dyn Fn(&mut BytesMut), expected: &str| {
        assert_eq!(open(stbl, |_| {}).unwrap_err().to_string(), expected);
    };
    check(&|out| tables(out, 0), "no `stsd`");
    check(&|out| entry(out), "no `stts`");
    check(
        &|out| {
            tables(out, 0);
            write_full_box(out, b"stsd", 0, 0, |out| {
                out.put_u32(1);
                write_box(out, b"Opus", |out| out.put_bytes(0, 27));
            });
        },
        "`Opus` is cut off",
    );
}

#[test]
fn what_is_not_whole_is_an_error() {
    let (init, segment) = sample();
    let reader = Reader::open(&init).unwrap();
    let boxes: Vec<usize> = atoms(&segment).into_iter().map(|(start, _)| start).collect();
    for cut in 1..segment.len() {
        let result = reader.read_segment(&segment.slice(..cut));
        assert_eq!(result.is_ok(), boxes.contains(&cut), "cut after byte {cut}: {result:?}");
    }
    for cut in 0..init.len() {
        assert!(Reader::open(&init.slice(..cut)).is_err(), "cut after byte {cut}");
    }
    let check = |bytes: &str, expected: &str| {
        let error = reader.read_segment(&hex(bytes).into()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check("00000007 66726565", "a box of 7 bytes where 8 are left");
    check("00000009 66726565", "a box of 9 bytes where 8 are left");
    check("000000", "a box of 8 bytes where 3 are left");
    check("00000001 66726565 0000", "a box of 8 bytes where 10 are left");
    check("00000001 66726565 00000000 0000000f", "a box of 15 bytes where 16 are left");
    check(
        "00000001 66726565 ffffffff ffffffff",
        "a box of 18446744073709551615 bytes where 16 are left",
    );
    check("0000000d 656d7367 02000000 00", "`emsg` makes no sense");
    check("0000000d 656d7367 00000000 41", "`emsg` is cut off");
}

#[test]
fn long_boxes_and_boxes_to_the_end_are_read() {
    let (init, segment) = sample();
    let reader = Reader::open(&init).unwrap();
    let expected = reader.read_segment(&segment).unwrap();
    let mut starts = atoms(&segment).into_iter().map(|(start, _)| start);
    let last = starts.next_back().unwrap();
    let mut open_ended = segment.to_vec();
    open_ended[last..last + 4].fill(0);
    assert_eq!(reader.read_segment(&open_ended.into()).unwrap(), expected);

    // A `styp` of 64 bits in front changes nothing behind it.
    let mut long = hex("00000001 73747970 00000000 00000018 6d736468 00000000");
    let styp_bytes = usize::from(segment[3]);
    let longer = long.len() - styp_bytes;
    long.extend_from_slice(&segment[styp_bytes..]);
    let mut read = reader.read_segment(&long.into()).unwrap();
    read.fragments.iter_mut().flat_map(|it| &mut it.samples).for_each(|it| it.at -= longer);
    assert_eq!((read.fragments, read.faults), (expected.fragments, vec![]));
    assert_eq!(read.brands, [FourCc(*b"msdh")]);
}

/// A fragment of the video track with runs that `write` writes, and eight bytes of data in a box
/// whose length has 64 bits.
fn fragment(runs: impl Fn(&mut BytesMut)) -> Bytes {
    let mut out = BytesMut::new();
    write_box(&mut out, b"moof", |out| {
        write_full_box(out, b"mfhd", 0, 0, |out| out.put_u32(1));
        write_box(out, b"traf", |out| {
            write_full_box(out, b"tfhd", 0, 0x02_0018, |out| {
                out.put_u32(1);
                out.put_u32(10); // duration
                out.put_u32(4); // bytes
            });
            write_full_box(out, b"tfdt", 0, 0, |out| out.put_u32(100));
            runs(out);
        });
    });
    out.put_slice(&hex("00000001 6d646174 0000000000000018 0102030405060708"));
    out.freeze()
}

#[test]
fn runs_go_on_where_the_ones_before_end() {
    let (init, _) = sample();
    let reader = Reader::open(&init).unwrap();
    let segment = fragment(|out| {
        for _ in 0..2 {
            write_full_box(out, b"trun", 0, 0, |out| out.put_u32(1));
        }
    });
    let segment = reader.read_segment(&segment).unwrap();
    assert_eq!(segment.faults, [Fault::NoSegmentType]);
    let samples: Vec<_> = segment.fragments[0]
        .samples
        .iter()
        .map(|sample| (sample.dts, sample.data.to_vec()))
        .collect();
    assert_eq!(samples, [(100, vec![1, 2, 3, 4]), (110, vec![5, 6, 7, 8])]);
}

#[test]
fn composition_offsets_have_a_sign_since_version_1() {
    let (init, _) = sample();
    let reader = Reader::open(&init).unwrap();
    for (version, expected) in [(0, 100 + 0xffff_fff6), (1, 90)] {
        let segment = fragment(|out| {
            write_full_box(out, b"trun", version, 0x800, |out| {
                out.put_u32(1);
                out.put_i32(-10);
            });
        });
        let segment = reader.read_segment(&segment).unwrap();
        assert_eq!(segment.fragments[0].samples[0].pts, expected);
    }
}

#[test]
fn limits_hold() {
    let (init, _) = sample();
    let reader = Reader::open(&init).unwrap();
    let free = hex("00000008 66726565");
    let segment = |boxes: usize| Bytes::from(free.repeat(boxes));
    assert!(reader.read_segment(&segment(SEGMENT_BOXES_MAX)).is_ok());
    let error = reader.read_segment(&segment(SEGMENT_BOXES_MAX + 1)).unwrap_err();
    assert_eq!(error.to_string(), "more than 16384 of boxes");

    // Samples without a byte, all in one run.
    let segment = |samples: usize| {
        let mut out = BytesMut::new();
        write_box(&mut out, b"moof", |out| {
            write_full_box(out, b"mfhd", 0, 0, |out| out.put_u32(1));
            write_box(out, b"traf", |out| {
                write_full_box(out, b"tfhd", 0, 0x02_0000, |out| out.put_u32(1));
                write_full_box(out, b"tfdt", 0, 0, |out| out.put_u32(0));
                let count = u32::try_from(samples).unwrap();
                write_full_box(out, b"trun", 0, 0, |out| out.put_u32(count));
            });
        });
        reader.read_segment(&out.freeze())
    };
    // There may be as many samples, but not as many faults: these do not last.
    assert_eq!(segment(SEGMENT_SAMPLES_MAX).unwrap().faults.len(), FAULTS_MAX);
    let error = segment(SEGMENT_SAMPLES_MAX + 1).unwrap_err();
    assert_eq!(error.to_string(), "more than 131072 of samples");

    let mut long = init.to_vec();
    long.extend(free.repeat(TRACK_BOXES_MAX));
    let error = Reader::open(&long.into()).unwrap_err();
    assert_eq!(error.to_string(), "more than 64 of boxes");
}

#[test]
fn damaged_files_are_not_trusted() {
    let (init, segment) = sample();
    let whole = [&init[..], &segment[..]].concat();
    mutations(&[&whole, &init, &segment], crate::fuzz::fmp4);
}
