use super::*;
use crate::testing::{Bits, hex, mutations};

/// The samples of the standard's section 14: an opportunity begins, a splice, the end of the
/// opportunity; and one of an encoder that adjusts nothing.
const BEGINS: &str = "/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg==";
const INSERTS: &str = "/DAvAAAAAAAA///wFAVIAACPf+/+c2nALv4AUsz1AAAAAAAKAAhDVUVJAAABNWLbowo=";
const ENDS: &str = "/DAvAAAAAAAA///wBQb+dGKQoAAZAhdDVUVJSAAAjn+fCAgAAAAALKChijUCAKnMZ1g=";
const ENCODED: &str =
    "/DA0AAAAAAAAAAAABQb+ADAQ6QAeAhxDVUVJQAAAO3/PAAEUrEoICAAAAAAg+2UBNAAANvrtoQ==";
/// As a playlist of an encoder holds it.
const IN_PLAYLIST: &str =
    "0xFC302500000000000000FFF01405000003E77FEFFE0011FB9EFE002932E00001010100004D192A59";

/// What a section says, in short.
fn say(info: &SpliceInfo) -> String {
    let mut said = match info.command() {
        Command::Null => "null".to_owned(),
        Command::Insert(SpliceInsert { event_id, is_cancelled: true, .. }) => {
            format!("cancel {event_id:x}")
        }
        Command::Insert(insert) => {
            let auto = insert.duration.is_some_and(|duration| duration.auto_return);
            let id = insert.event_id;
            format!("insert {id:x} now {} auto {auto}", insert.is_immediate)
        }
        Command::TimeSignal(_) => "signal".to_owned(),
        Command::Other { kind, body } => format!("command {kind} {:02x?}", body.to_vec()),
    };
    for segment in info.segmentations() {
        let Segmentation { event_id, type_id, upid_type, upid, number, expected, .. } = segment;
        said += &match segment.is_cancelled {
            true => format!(" [cancel {event_id:x}]"),
            false => {
                let (duration, upid) = (segment.duration, upid.to_vec());
                let content = format!("{duration:?} upid {upid_type} {upid:02x?}");
                format!(" [{event_id:x} type {type_id:x} {content} {number}/{expected}]")
            }
        };
    }
    let (out, back) = (info.is_out(), info.is_in());
    format!("{said} at {:?} for {:?} out {out} in {back}", info.time(), info.duration())
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let actual = match SpliceInfo::from_text(text) {
        Ok(info) => say(&info),
        Err(error) => error.to_string(),
    };
    assert_eq!(actual, expected, "{text}");
}

#[test]
fn samples_of_the_standard_and_of_encoders_are_understood() {
    let upid = "upid 8 [00, 00, 00, 00, 2c, a0, a1, 8a] 2/0";
    let begins = format!("signal [4800008e type 34 Some(27630000) {upid}]");
    check(BEGINS, &format!("{begins} at Some(1924989008) for Some(27630000) out true in false"));
    let inserts = "insert 4800008f now false auto true";
    check(INSERTS, &format!("{inserts} at Some(1936310318) for Some(5426421) out true in false"));
    let ends = format!("signal [4800008e type 35 None {upid}]");
    check(ENDS, &format!("{ends} at Some(1952616608) for None out false in true"));
    let upid = "upid 8 [00, 00, 00, 00, 20, fb, 65, 01] 0/0";
    let encoded = format!("signal [4000003b type 34 Some(18132042) {upid}]");
    check(ENCODED, &format!("{encoded} at Some(3150057) for Some(18132042) out true in false"));
    let expected =
        "insert 3e7 now false auto true at Some(1178526) for Some(2700000) out true in false";
    check(IN_PLAYLIST, expected);
}

#[test]
fn text_comes_in_several_forms() {
    let info = SpliceInfo::from_text(BEGINS).unwrap();
    let digits: String = info.section().iter().map(|byte| format!("{byte:02x}")).collect();
    let unpadded = BEGINS.trim_end_matches('=');
    let url_safe = BEGINS.replace('/', "_").replace('+', "-");
    let (upper, prefixed) = (digits.to_uppercase(), format!("0X{digits}"));
    let spaced = format!(" {}\n{} ", &BEGINS[..20], &BEGINS[20..]);
    for text in [&digits, &upper, &prefixed, unpadded, &url_safe, &spaced] {
        assert_eq!(SpliceInfo::from_text(text).as_ref(), Ok(&info), "{text}");
    }
    let wrong = "the splice information is neither base64 nor hexadecimal";
    for text in ["fc3", "0xfg", "/DA=A", "/DAvA", "/D!A", "/D===", "<xml/>"] {
        check(text, wrong);
    }
    check("", "the splice information ends early, after 0 bytes");
}

#[test]
fn a_text_may_be_only_so_long() {
    let mut text = BEGINS.to_owned();
    text.extend(std::iter::repeat_n(' ', TEXT_BYTES_MAX - BEGINS.len()));
    assert!(SpliceInfo::from_text(&text).is_ok());
    text.push(' ');
    check(&text, "the splice information has 8199 characters, more than 8198");
}

/// A section with these fields before the command, this command and these descriptors.
fn section(before: Bits, length: u32, kind: u8, command: &[u8], descriptors: &[u8]) -> Vec<u8> {
    let mut body = before.u(8, 0xff).u(12, 0xfff).u(12, length).u(8, kind.into()).bytes();
    body.extend(command);
    body.extend(u16::try_from(descriptors.len()).unwrap().to_be_bytes());
    body.extend(descriptors);
    let mut section = vec![TABLE];
    section.extend((0x3000 | u16::try_from(body.len() + 4).unwrap()).to_be_bytes());
    section.extend(body);
    section.extend(crc32(&section).to_be_bytes());
    section
}

/// Version 0, not encrypted, without an adjustment.
fn plain() -> Bits {
    Bits::default().u(8, 0).u(1, 0).u(6, 0).u(1, 0).u(32, 0)
}

/// A section with this command and these descriptors.
fn with(kind: u8, command: &str, descriptors: &str) -> Vec<u8> {
    let command = hex(command);
    let length = u32::try_from(command.len()).unwrap();
    section(plain(), length, kind, &command, &hex(descriptors))
}

#[track_caller]
fn check_section(section: Vec<u8>, expected: &str) {
    let actual = match SpliceInfo::parse(&section.into()) {
        Ok(info) => say(&info),
        Err(error) => error.to_string(),
    };
    assert_eq!(actual, expected);
}

#[test]
fn splices_lead_out_and_in() {
    let check = |command: &str, expected: &str| check_section(with(5, command, ""), expected);
    let id = "0000000a 7f";
    check(
        &format!("{id} 5f 0001 00 00"),
        "insert a now true auto false at None for None out false in true",
    );
    check(
        &format!("{id} ff 7e 00015f90 0001 00 00"),
        "insert a now true auto false at None for Some(90000) out true in false",
    );
    check(
        &format!("{id} cf 7f 0001 00 00"),
        "insert a now false auto false at None for None out true in false",
    );
    check("0000000a ff", "cancel a at None for None out false in false");
    // Two components with times of their own.
    check(
        &format!("{id} 8f 02 01 fe00000001 02 fe00000002 0001 00 00"),
        "insert a now false auto false at Some(1) for None out true in false",
    );
    check(
        &format!("{id} 9f 02 01 02 0001 00 00"),
        "insert a now true auto false at None for None out true in false",
    );
}

#[test]
fn times_are_adjusted_and_wrap() {
    let adjusted = || Bits::default().u(8, 0).u(1, 0).u(6, 0).u(1, 1).u(32, 0xffff_fff0);
    let signal = hex("ff 00000020");
    check_section(
        section(adjusted(), 5, 6, &signal, &[]),
        "signal at Some(4294967312) for None out false in false",
    );
    check_section(
        section(plain(), 5, 6, &signal, &[]),
        "signal at Some(4294967328) for None out false in false",
    );
}

#[test]
fn other_commands_are_kept() {
    check_section(with(0, "", ""), "null at None for None out false in false");
    check_section(with(7, "", ""), "command 7 [] at None for None out false in false");
    check_section(
        with(255, "4355454901", ""),
        "command 255 [43, 55, 45, 49, 01] at None for None out false in false",
    );
}

#[test]
fn a_command_may_leave_its_length_unsaid() {
    let unsaid = |kind, command: &str| section(plain(), 0xfff, kind, &hex(command), &[]);
    check_section(unsaid(6, "7f"), "signal at None for None out false in false");
    check_section(unsaid(0, ""), "null at None for None out false in false");
    check_section(unsaid(5, "0000000a ff"), "cancel a at None for None out false in false");
    check_section(unsaid(4, "00"), "a splice command of type 4 that does not fit its 3 bytes");
}

/// A descriptor of a segment of that type.
fn segment(type_id: u8) -> String {
    format!("020f 43554549 00000001 7f bf 00 00 {type_id:02x} 00 00")
}

#[test]
fn the_type_of_a_segment_says_where_it_leads() {
    let out = [0x22, 0x30, 0x32, 0x34, 0x36, 0x38, 0x3a, 0x44, 0x46];
    for type_id in 0..=255 {
        let info = SpliceInfo::parse(&with(6, "7f", &segment(type_id)).into()).unwrap();
        assert_eq!(info.segmentations()[0].type_id, type_id);
        assert_eq!(info.is_out(), out.contains(&type_id), "{type_id:x}");
        assert_eq!(info.is_in(), out.map(|out| out + 1).contains(&type_id), "{type_id:x}");
        // The descriptors of another command lead nowhere.
        let info = SpliceInfo::parse(&with(0, "", &segment(type_id)).into()).unwrap();
        assert!(!info.is_out() && !info.is_in());
    }
}

#[test]
fn descriptors_of_all_forms_are_read() {
    let both = segment(0x31) + &segment(0x30);
    let said = |type_id: u8| format!("[1 type {type_id:x} None upid 0 [] 0/0]");
    check_section(
        with(6, "7f", &both),
        &format!("signal {} {} at None for None out true in true", said(0x31), said(0x30)),
    );
    let cancelled = "0209 43554549 00000001 ff";
    check_section(
        with(6, "7f", cancelled),
        "signal [cancel 1] at None for None out false in false",
    );
    // With restrictions, two components, a duration and the fields of a later edition.
    let head = "0224 43554549 00000001 7f 4c";
    let components = "02 01fe00000001 02fe00000002";
    let whole = format!("{head} {components} 8100000001 0901 41 34 01 02 00 00");
    let said = "[1 type 34 Some(554050781185) upid 9 [41] 1/2]";
    check_section(
        with(6, "7f", &whole),
        &format!("signal {said} at None for Some(554050781185) out true in false"),
    );
    // An avail, and a segment of somebody else's.
    let others = "0008 43554549 00000135 0204 41424344";
    check_section(with(6, "7f", others), "signal at None for None out false in false");
}

#[test]
fn malformed_descriptors_are_refused() {
    let wrong = "a splice descriptor that does not fit its place";
    check_section(with(6, "7f", "02"), wrong);
    check_section(with(6, "7f", "0203 435545"), wrong);
    check_section(with(6, "7f", "0210 43554549 00000001 7f bf 00 00 34 00 00"), wrong);
    check_section(with(6, "7f", "020e 43554549 00000001 7f bf 00 00 34 00"), wrong);
    check_section(with(6, "7f", "020f 43554549 00000001 7f bf 00 04 34 00 00"), wrong);
    check_section(with(6, "7f", "020f 43554549 00000001 7f 3f ff 00 34 00 00"), wrong);
}

#[test]
fn what_is_damaged_or_encrypted_is_refused() {
    let whole = with(6, "7f", &segment(0x34));
    for length in 0..whole.len() {
        let expected = format!("the splice information ends early, after {length} bytes");
        check_section(whole[..length].to_vec(), &expected);
    }
    for at in 3..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x04;
        check_section(damaged, "splice information with a wrong checksum");
    }
    check_section(vec![0xfd, 0x30, 0], "a section of table 0xfd, not of splice information");
    let later = Bits::default().u(8, 1).u(1, 0).u(6, 0).u(1, 0).u(32, 0);
    check_section(
        section(later, 0, 0, &[], &[]),
        "splice information of protocol version 1, not 0",
    );
    let encrypted = Bits::default().u(8, 0).u(1, 1).u(6, 1).u(1, 0).u(32, 0);
    check_section(section(encrypted, 0, 0, &[], &[]), "splice information that is encrypted");
    let command = |length: u32| section(plain(), length, 5, &hex("0000000a 7f 5f 0001 00"), &[]);
    check_section(command(9), "a splice command of type 5 that does not fit its 9 bytes");
    check_section(command(99), "a splice command of type 5 that does not fit its 99 bytes");
}

#[test]
fn what_follows_a_section_is_not_looked_at() {
    let mut bytes = with(0, "", "");
    let section = bytes.clone();
    bytes.extend([0xff; 40]);
    assert_eq!(SpliceInfo::parse(&bytes.into()).unwrap().section(), &section);
}

#[test]
fn ten_thousand_damaged_sections_do_no_harm() {
    let decoded =
        [BEGINS, INSERTS, ENDS, ENCODED, IN_PLAYLIST].map(|text| text::decode(text).unwrap());
    let samples: Vec<&[u8]> = decoded.iter().map(Vec::as_slice).collect();
    mutations(&samples, crate::fuzz::scte35);
    mutations(&[BEGINS.as_bytes(), IN_PLAYLIST.as_bytes()], crate::fuzz::scte35);
}
