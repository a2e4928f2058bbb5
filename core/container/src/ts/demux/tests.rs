use media::AccessUnit;

use super::*;
use crate::testing::{audio, frame, hex, mutations, picture, real_units, video};
use crate::ts::{Muxer, Stream, StreamType};

/// A short stream: the tables, a picture of three packets, audio, a second segment.
fn sample() -> Vec<u8> {
    let idr = format!("65{}", "a5".repeat(400));
    segments(&[
        &[picture(0, 80, &[&idr]), frame(0, &[3; 50])],
        &[picture(40, 40, &["4101"]), frame(1_920, &[4; 150])],
    ])
}

fn segments(segments: &[&[AccessUnit]]) -> Vec<u8> {
    let mut muxer = Muxer::new(&[video(), audio()]).unwrap();
    let mut out = BytesMut::new();
    for units in segments {
        muxer.begin(&mut out);
        units.iter().for_each(|unit| muxer.write(unit, &mut out).unwrap());
        muxer.finish_segment(&mut out);
    }
    out.to_vec()
}

fn read(pieces: &[&[u8]]) -> Result<Vec<Event>, DemuxError> {
    let mut demuxer = Demuxer::new();
    let mut events = Vec::new();
    for piece in pieces {
        demuxer.push(piece);
        while let Some(event) = demuxer.pull()? {
            events.push(event);
        }
    }
    demuxer.finish();
    while let Some(event) = demuxer.pull()? {
        events.push(event);
    }
    Ok(events)
}

/// The events in words, up to and with an error.
fn describe(bytes: &[u8]) -> String {
    let mut demuxer = Demuxer::new();
    demuxer.push(bytes);
    let mut words = Vec::new();
    let mut is_finished = false;
    loop {
        match demuxer.pull() {
            Ok(Some(Event::Programs(pids))) => words.push(format!("programs {pids:?}")),
            Ok(Some(Event::Program(map))) => words.push(format!("map {}", map.version)),
            Ok(Some(Event::Pcr { .. })) => {}
            Ok(Some(Event::Pes(pes))) => {
                words.push(format!("{:x} {} bytes", pes.stream_id, pes.data.len()));
            }
            Ok(Some(Event::Fault(fault))) => words.push(format!("fault: {fault}")),
            Ok(None) if is_finished => break,
            Ok(None) => {
                demuxer.finish();
                is_finished = true;
            }
            Err(error) => {
                words.push(format!("error: {error}"));
                break;
            }
        }
    }
    words.join(", ")
}

const HEALTHY: &str = "programs [0x1000], map 0, e0 452 bytes, c0 57 bytes, \
    programs [0x1000], map 0, e0 12 bytes, c0 157 bytes";

#[test]
fn every_split_gives_the_same_events() {
    let bytes = sample();
    assert_eq!(describe(&bytes), HEALTHY);
    let whole = read(&[&bytes]).unwrap();
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        assert_eq!(read(&[head, tail]).unwrap(), whole, "cut after byte {cut}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read(&single).unwrap(), whole);
}

/// What happens when something is done to the sample's packets, which are PAT, PMT, three of
/// video, audio, PAT, PMT, video, audio.
#[track_caller]
fn check(damage: impl Fn(&mut Vec<Vec<u8>>), expected: &str) {
    let mut packets: Vec<Vec<u8>> = sample().chunks(188).map(<[u8]>::to_vec).collect();
    assert_eq!(packets.len(), 10);
    damage(&mut packets);
    assert_eq!(describe(&packets.concat()), expected);
}

#[test]
fn a_missing_packet_is_a_fault() {
    check(
        |packets| drop(packets.remove(3)),
        "programs [0x1000], map 0, fault: continuity counter 2 on 0x100 instead of 1, \
         c0 57 bytes, programs [0x1000], map 0, \
         fault: a PES packet on 0x100 does not have its length, e0 268 bytes, e0 12 bytes, \
         c0 157 bytes",
    );
    check(
        |packets| drop(packets.remove(0)),
        "fault: a packet on 0x1000, which no program has, \
         fault: a packet on 0x100, which no program has, \
         fault: a packet on 0x100, which no program has, \
         fault: a packet on 0x100, which no program has, \
         fault: a packet on 0x101, which no program has, \
         programs [0x1000], map 0, e0 12 bytes, c0 157 bytes",
    );
    check(
        |packets| drop(packets.remove(2)),
        "programs [0x1000], map 0, \
         fault: a PES packet on 0x100 starts before the first packet, \
         fault: a PES packet on 0x100 starts before the first packet, \
         c0 57 bytes, programs [0x1000], map 0, e0 12 bytes, c0 157 bytes",
    );
}

#[test]
fn damaged_and_foreign_packets_are_passed_over() {
    let damaged = HEALTHY.replace("c0 57 bytes", "fault: a damaged packet on 0x101");
    // Its counter is not looked at, and the next one follows on it all the same.
    check(|packets| packets[5][1] |= 0x80, &damaged);
    check(|packets| packets[5][3] |= 0x40, &damaged.replace("damaged", "scrambled"));
    check(|packets| packets.insert(3, [&[0x47, 0x1f, 0xff][..], &[0x1a; 185]].concat()), HEALTHY);
    check(
        |packets| packets.insert(3, [&[0x47, 0x00, 0x12, 0x10][..], &[0; 184]].concat()),
        &HEALTHY.replace("e0 452", "fault: a packet on 0x12, which no program has, e0 452"),
    );
}

#[test]
fn malformed_content_is_a_fault() {
    let (first, second) = HEALTHY.rsplit_once("programs [0x1000]").unwrap();
    check(
        |packets| packets[6][20] ^= 1,
        &format!("{first}fault: a table with a wrong checksum on 0x0{second}"),
    );
    check(
        |packets| packets[7][4] = 184,
        &HEALTHY.replace("map 0, e0 12", "fault: a malformed table on 0x1000, e0 12"),
    );
    check(
        |packets| packets[5][4] = 184,
        &HEALTHY.replace("c0 57 bytes", "fault: a malformed adaptation field on 0x101"),
    );
    // Start code, header bits, marker bit and length of the last PES packet.
    let last = |what: &str| HEALTHY.replace("c0 157 bytes", what);
    let flip = |byte: usize, bits: u8| {
        move |packets: &mut Vec<Vec<u8>>| {
            let start = packets[9].windows(4).position(|it| it == [0, 0, 1, 0xc0]).unwrap();
            packets[9][start + byte] ^= bits;
        }
    };
    let header = "fault: a PES packet on 0x101 has a malformed header";
    check(flip(2, 1), &last("fault: a PES packet on 0x101 has no start code"));
    check(flip(6, 0x40), &last(header));
    check(flip(7, 0xc0), &last(header));
    check(flip(8, 0xff), &last(header));
    check(
        flip(13, 1),
        &last("fault: a PES packet on 0x101 has a time with wrong marker bits, c0 157 bytes"),
    );
    check(flip(5, 1), &last("fault: a PES packet on 0x101 does not have its length, c0 156 bytes"));
    // Padding has no fields behind the length, so they are part of what it holds.
    check(flip(3, 0xc0 ^ 0xbe), &last("be 165 bytes"));
    check(|packets| packets[9].truncate(100), &last("fault: 100 bytes behind the last packet"));
}

/// A packet of 0x100 without payload: its counter, and the start of its adaptation field.
fn adaptation_packet(counter: u8, length: u8, flags: u8) -> Vec<u8> {
    let mut packet = vec![0x47, 0x01, 0x00, 0x20 | counter, length, flags];
    packet.resize(PACKET_BYTES, 0xff);
    packet
}

#[test]
fn packets_without_payload_do_not_count() {
    let with = |counter, length, flags| {
        move |packets: &mut Vec<Vec<u8>>| {
            packets.insert(5, adaptation_packet(counter, length, flags))
        }
    };
    check(with(2, 183, 0), HEALTHY);
    let jump = "fault: continuity counter 9 on 0x100 instead of 2, ";
    let back = "fault: continuity counter 3 on 0x100 instead of 10, ";
    let jumps = |there: &str| {
        let text = HEALTHY.replace("c0 57", &format!("{there}c0 57"));
        text.replace("e0 12", &format!("{back}e0 12"))
    };
    check(with(9, 183, 0), &jumps(jump));
    check(with(9, 183, 0x80), &jumps(""));
    let malformed = "fault: a malformed adaptation field on 0x100, c0 57";
    check(with(2, 182, 0), &HEALTHY.replace("c0 57", malformed));
    check(with(2, 184, 0), &HEALTHY.replace("c0 57", malformed));
}

#[test]
fn losing_the_packets_is_an_error() {
    check(|packets| packets[0][0] = 0x48, "error: packet 0 starts with 0x48, not 0x47");
    check(
        |packets| packets[2].truncate(187),
        "programs [0x1000], map 0, error: packet 3 starts with 0x01, not 0x47",
    );
}

/// A packet of PSI for the tests of tables.
fn psi(pid: u16, is_start: bool, counter: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = pid.to_be_bytes();
    let mut packet = vec![0x47, u8::from(is_start) << 6 | high, low, 0x10 | counter];
    packet.extend_from_slice(content);
    packet.resize(PACKET_BYTES, 0xff);
    packet
}

/// A section with its length and checksum.
fn section(table: u8, entries: &[u8]) -> Vec<u8> {
    let length = u16::try_from(entries.len() + 9).unwrap() | 0xb000;
    let [high, low] = length.to_be_bytes();
    let mut section = vec![table, high, low, 0, 1, 0xc7, 0, 0];
    section.extend_from_slice(entries);
    let crc = crate::ts::psi::crc32(&section);
    section.extend_from_slice(&crc.to_be_bytes());
    section
}

#[test]
fn tables_may_span_packets_and_share_them() {
    let pat = section(0, &hex("0000e010 0001e123"));
    let descriptors =
        [&hex("e100 f003 0501aa 1be100f0fa")[..], &[7; 250], &hex("0fe101f000")].concat();
    let pmt = section(2, &descriptors);
    let (head, tail) = pmt.split_at(183);
    let other = section(0x40, &[1, 2, 3]);
    let packets = [
        psi(0, true, 0, &[&[0], &other[..], &pat].concat()),
        psi(0x123, true, 0, &[&[0], head].concat()),
        psi(0x123, false, 1, tail),
    ];
    let pid = Pid::from_bits;
    let stream = |kind, number, descriptors: Vec<u8>| Stream {
        kind,
        pid: pid(number),
        descriptors: descriptors.into(),
    };
    let map = Event::Program(ProgramMap {
        version: 3,
        pcr_pid: pid(0x100),
        descriptors: hex("0501aa").into(),
        streams: vec![
            stream(StreamType::AVC, 0x100, vec![7; 250]),
            stream(StreamType::AAC_ADTS, 0x101, Vec::new()),
        ],
    });
    let found = read(&[&packets[..2].concat()]).unwrap();
    assert_eq!(found, [Event::Programs(vec![pid(0x123)])]);
    let found = read(&[&packets.concat()]).unwrap();
    assert_eq!(found, [Event::Programs(vec![pid(0x123)]), map.clone()]);
    // The end of one table and the start of the next in one packet.
    let pointer = u8::try_from(tail.len()).unwrap();
    let both = psi(0x123, true, 1, &[&[pointer], tail, &section(0x41, &[4])].concat());
    let found = read(&[&packets[..2].concat(), &both]).unwrap();
    assert_eq!(found, [Event::Programs(vec![pid(0x123)]), map]);
}

#[test]
fn a_table_that_is_not_in_force_yet_is_passed_over() {
    let mut pat = section(0, &hex("0001e123"));
    assert_eq!(describe(&psi(0, true, 0, &[&[0], &pat[..]].concat())), "programs [0x123]");
    pat[5] &= 0xfe;
    let crc = crate::ts::psi::crc32(&pat[..pat.len() - 4]);
    let at = pat.len() - 4;
    pat[at..].copy_from_slice(&crc.to_be_bytes());
    assert_eq!(describe(&psi(0, true, 0, &[&[0], &pat[..]].concat())), "");
}

#[test]
fn tables_have_limits() {
    let programs = |count: u16| {
        let entry = |number: u16| [1 + number, 0xe020 + number].map(u16::to_be_bytes).concat();
        section(0, &(0..count).flat_map(entry).collect::<Vec<_>>())
    };
    let pat = |count| describe(&psi(0, true, 0, &[&[0], &programs(count)[..]].concat()));
    assert!(pat(16).starts_with("programs [0x20, "));
    assert_eq!(pat(17), "fault: a malformed table on 0x0");
    let long = psi(0, true, 0, &hex("00 00b3fe 0001c10000"));
    assert_eq!(describe(&long), "fault: a malformed table on 0x0");

    let map = |first: u16, count: u16| {
        let stream = |number: u16| {
            let [high, low] = (0xe000 + first + number).to_be_bytes();
            [0x1b, high, low, 0xf0, 0]
        };
        let streams: Vec<u8> = (0..count).flat_map(stream).collect();
        section(2, &[&hex("e100f000")[..], &streams].concat())
    };
    let mut stream = psi(0, true, 0, &[&[0], &programs(1)[..]].concat());
    for number in 0..3_u16 {
        let map = map(0x100 + number * 32, 32);
        let counter = u8::try_from(number).unwrap();
        stream.extend(psi(0x20, true, counter, &[&[0], &map[..]].concat()));
    }
    let expected = "programs [0x20], map 3, map 3, fault: a malformed table on 0x20";
    assert_eq!(describe(&stream), expected);
}

#[test]
fn what_is_held_has_a_limit() {
    let mut demuxer = Demuxer::new();
    demuxer.push(&sample()[..3 * PACKET_BYTES]);
    while demuxer.pull().unwrap().is_some() {}
    // A PES packet without a length that never ends.
    let mut start = vec![0x47, 0x41, 0x00, 0x11];
    start.extend(hex("000001e0 0000 800000"));
    start.resize(PACKET_BYTES, 0);
    demuxer.push(&start);
    let mut packet = [0; PACKET_BYTES];
    packet[..4].copy_from_slice(&[0x47, 0x01, 0x00, 0x10]);
    let mut held = 0;
    let error = loop {
        packet[3] = 0x10 | (packet[3] + 1) & 0x0f;
        demuxer.push(&packet);
        match demuxer.pull() {
            Ok(_) => held += 184,
            Err(error) => break error,
        }
        assert!(held < 2 * BUFFERED_BYTES_MAX);
    };
    assert_eq!(error, DemuxError::Buffered { limit: BUFFERED_BYTES_MAX });
    assert!(held.abs_diff(BUFFERED_BYTES_MAX) < 1_000);
}

#[test]
fn ten_thousand_damaged_streams_do_no_harm() {
    let (tracks, units) = real_units();
    let mut real = BytesMut::new();
    let mut muxer = Muxer::new(&tracks).unwrap();
    muxer.begin(&mut real);
    units.iter().take(9).for_each(|unit| muxer.write(unit, &mut real).unwrap());
    muxer.finish_segment(&mut real);
    mutations(&[&sample(), &real], |data| {
        crate::fuzz::ts(data);
        // Damage that keeps the packets apart gets further.
        let mut packets = data.to_vec();
        packets.chunks_mut(PACKET_BYTES).for_each(|packet| packet[0] = SYNC_BYTE);
        crate::fuzz::ts(&packets);
    });
}
