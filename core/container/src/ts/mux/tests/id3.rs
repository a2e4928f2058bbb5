//! Timed ID3 tags.

use super::*;
use crate::ts::psi::Stream;

/// An ID3 tag of version 2.4 with a text.
const TAG: &[u8] = b"ID3\x04\0\0\0\0\0\x16TXXX\0\0\0\x0c\0\0\x03note\0hello!";

fn id3_muxer(tracks: &[Track]) -> Muxer {
    Muxer::new(tracks).unwrap().with_timed_id3()
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Stream ids and times of the PES packets of one segment: pictures and tags at times in
/// milliseconds, in the order in which they are given to the muxer.
#[track_caller]
fn check(muxer: &mut Muxer, script: &str, expected: &str) {
    let mut out = BytesMut::new();
    muxer.begin(&mut out);
    for word in script.split_whitespace() {
        let (kind, millis) = word.split_at(1);
        let millis = millis.parse().unwrap();
        match kind {
            "v" => muxer.write(&picture(millis, millis, &[IDR]), &mut out).unwrap(),
            "a" => muxer.write(&frame(millis * 48, &[1; 10]), &mut out).unwrap(),
            _ => muxer.write_id3(time(millis), TAG, &mut out).unwrap(),
        }
    }
    muxer.finish_segment(&mut out);
    let shown = read(&out).into_iter().filter_map(|event| match event {
        Event::Pcr { pid, pcr, is_discontinuous } => {
            assert!(!is_discontinuous);
            let millis = i64::try_from(pcr.base()).unwrap() / 90;
            (pid == muxer.program.pcr_pid).then(|| format!("({millis})"))
        }
        Event::Pes(pes) => {
            let kind = match pes.stream_id {
                0xbd => "i",
                0xe0 => "v",
                _ => "a",
            };
            assert_eq!(pes.data == TAG, kind == "i");
            Some(format!("{kind}{}", pes.pts.unwrap() / 90))
        }
        Event::Programs(_) | Event::Program(_) | Event::Fault(_) => None,
    });
    assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{script}");
}

#[test]
fn a_tag_is_written_where_it_comes_and_leaves_the_clock_alone() {
    let mut muxer = id3_muxer(&[video(), audio()]);
    let script = "v5000 i5010 v5040 i9999 i0 v5080";
    check(&mut muxer, script, "(4233) v5000 i5010 (4273) v5040 i9999 i0 (4313) v5080");
}

#[test]
fn a_tag_before_the_first_unit_waits_for_it() {
    let mut muxer = id3_muxer(&[video(), audio()]);
    check(&mut muxer, "i1000 i1001 v1000", "(233) v1000 i1000 i1001");
    check(&mut muxer, "i1040 v1040", "(273) v1040 i1040");
    let mut muxer = id3_muxer(&[audio()]);
    check(&mut muxer, "i1000 a1000", "(300) a1000 i1000");
    check(&mut muxer, "i2000", "i2000");
}

#[test]
fn the_program_map_announces_tags_only_if_told() {
    let map = |muxer: &mut Muxer| {
        let events = read(&segment(muxer, &[])).into_iter();
        let mut maps = events.filter_map(|event| match event {
            Event::Program(map) => Some(map),
            Event::Programs(_) | Event::Pcr { .. } | Event::Pes(_) | Event::Fault(_) => None,
        });
        maps.next().unwrap()
    };
    let mut muxer = id3_muxer(&[video()]);
    let program = map(&mut muxer);
    let pointer = hex("ffff 49443320 ff 49443320 00 1f 0001");
    assert_eq!(program.descriptor(0x25), Some(pointer.as_slice()));
    let [_, Stream { kind, pid, .. }] = &program.streams[..] else { panic!("{program:?}") };
    assert_eq!((*kind, pid.number()), (StreamType::METADATA, 0x300));
    let descriptor = hex("ffff 49443320 ff 49443320 00 0f");
    assert_eq!(program.streams[1].descriptor(0x26), Some(descriptor.as_slice()));
    assert_eq!(program.streams[1].descriptor(0x25), None);
    assert_eq!(program.streams[1].registration(), None);

    // It stays when tracks change, and the version changes for them alone.
    muxer.set_tracks(&[video()]).unwrap();
    assert_eq!(map(&mut muxer), program);
    muxer.set_tracks(&[video(), audio()]).unwrap();
    let program = map(&mut muxer);
    assert_eq!((program.version, program.streams.len()), (1, 3));
    assert_eq!(map(&mut Muxer::new(&[video()]).unwrap()).descriptors.len(), 0);
}

#[test]
fn the_largest_program_map_fits_a_packet() {
    let tracks: Vec<_> = (0..TRACKS_MAX)
        .map(|number| {
            let mut track = audio();
            track.id.number = u8::try_from(number).unwrap();
            track
        })
        .collect();
    let mut muxer = id3_muxer(&tracks);
    for stream in &mut muxer.program.streams[..TRACKS_MAX] {
        stream.descriptors = Bytes::from_static(&psi::EAC3);
    }
    let out = segment(&mut muxer, &[]);
    assert_eq!(out.len(), 2 * PACKET_BYTES);
    let event = read(&out).pop().unwrap();
    assert_eq!(event, Event::Program(muxer.program));
    let Event::Program(map) = event else { panic!("{event:?}") };
    assert_eq!(map.streams.len(), 12);
    assert_eq!(map.streams[10].registration(), Some(*b"EAC3"));
}

#[test]
fn an_odd_tag_is_refused() {
    let refuse = |muxer: &mut Muxer, pts, tag: &[u8], expected: &str| {
        let mut out = BytesMut::new();
        let error = muxer.write_id3(pts, tag, &mut out).unwrap_err();
        assert_eq!((error.to_string(), out.len()), (expected.to_owned(), 0));
    };
    let mut plain = Muxer::new(&[video()]).unwrap();
    refuse(&mut plain, time(0), TAG, "an ID3 tag for a program without a stream of them");
    let mut muxer = id3_muxer(&[video()]);
    refuse(&mut muxer, time(0), b"", "a tag that does not start with ID3");
    refuse(&mut muxer, time(0), b"TAG", "a tag that does not start with ID3");
    let long = [TAG, &[0; 65_528 - TAG.len()]].concat();
    refuse(&mut muxer, time(0), &long, "an ID3 tag of 65528 bytes, more than 65527");
    let far = "a unit at 9223372036854775807/1000, which is beyond all times";
    refuse(&mut muxer, time(i64::MAX), TAG, far);
    let mut out = BytesMut::new();
    muxer.write_id3(time(0), &long[..65_527], &mut out).unwrap();
    for _ in 1..ID3_WAITING_MAX {
        muxer.write_id3(time(0), TAG, &mut out).unwrap();
    }
    let full = "more than 16 ID3 tags before the first unit of a segment";
    refuse(&mut muxer, time(0), TAG, full);
    let out = segment(&mut muxer, &[picture(0, 0, &[IDR])]);
    let packets = pes_packets(&out);
    assert_eq!(packets.len(), 1 + ID3_WAITING_MAX);
    assert_eq!(packets.iter().map(|pes| pes.data.len()).max(), Some(65_527));
}
