use super::*;
use crate::testing::{REAL_FILE, hex, mutations, real_tags};

fn read(pieces: &[&[u8]]) -> Result<Vec<Tag>, FileError> {
    let mut reader = FileReader::new();
    let mut tags = Vec::new();
    for piece in pieces {
        reader.push(piece);
        while let Some(tag) = reader.pull()? {
            tags.push(tag);
        }
    }
    Ok(tags)
}

/// What a file gives, wherever it is cut in two.
#[track_caller]
fn check(text: &str, expected: &str) {
    let bytes = hex(text);
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        let actual = match read(&[head, tail]) {
            Ok(tags) => {
                let tags = tags.iter().map(|tag| {
                    format!("{:?} {} {:02x?}", tag.kind, tag.timestamp_ms, &tag.payload[..])
                });
                tags.collect::<Vec<_>>().join(", ")
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(actual, expected, "{text}, cut after byte {cut}");
    }
}

const HEADER: &str = "464c5601 05 00000009 00000000";

#[test]
fn tags_follow_the_header() {
    check(
        &format!(
            "{HEADER} 12 000001 000000 00 000000 02 0000000c
             08 000002 000017 00 000000 af00 0000000d
             09 000001 fffffe ff 000000 17 0000000c
             09 000000 000000 01 000000 0000000b"
        ),
        "Script 0 [02], Audio 23 [af, 00], Video 4294967294 [17], Video 16777216 []",
    );
    check("464c5601 00 0000000b 0102 00000000 08 000000 000001 00 000000", "Audio 1 []");
}

#[test]
fn tags_of_unknown_types_are_passed_over() {
    check(
        &format!("{HEADER} 0f 000002 000000 00 000000 0102 0000000d 48 000001 000000 00 000000 07"),
        "Audio 0 [07]",
    );
}

#[test]
fn a_file_that_is_cut_off_ends_with_the_tag_before() {
    let whole = hex(&format!("{HEADER} 08 000002 000000 00 000000 af00 0000000d"));
    for length in 0..whole.len() {
        let tags = read(&[&whole[..length]]).unwrap();
        assert_eq!(tags.len(), usize::from(length >= whole.len() - 4), "{length} bytes");
    }
}

#[test]
fn other_files_are_refused() {
    check("474c5601", "the file does not start with FLV");
    check("46 4c 00", "the file does not start with FLV");
    check("00", "the file does not start with FLV");
    check("464c5602 05 00000009", "the file has FLV version 2, not 1");
    check("464c5601 05 00000008", "an FLV header of 8 bytes, not between 9 and 1024");
    check("464c5601 05 00000401", "an FLV header of 1025 bytes, not between 9 and 1024");
    check("464c5601 05 00000400", "");
    check(
        &format!("{HEADER} 09 400001 000000 00 000000"),
        "an FLV tag of 4194305 bytes, more than 4194304",
    );
    check(&format!("{HEADER} 09 400000 000000 00 000000"), "");
    check(&format!("{HEADER} 29 000001 000000 00 000000"), "the FLV file is encrypted");
}

#[test]
fn every_split_of_a_real_file_gives_the_same_tags() {
    let file = &REAL_FILE[..6_000];
    let whole = read(&[file]).unwrap();
    assert!(whole.len() > 10);
    for cut in 0..=file.len() {
        let (head, tail) = file.split_at(cut);
        assert!(read(&[head, tail]).unwrap() == whole, "cut after byte {cut}");
    }
    let single: Vec<&[u8]> = REAL_FILE.chunks(1).collect();
    assert!(read(&single).unwrap() == real_tags());
}

#[test]
fn ten_thousand_damaged_files_do_no_harm() {
    mutations(&[&REAL_FILE[..6_000], &REAL_FILE[..900]], crate::fuzz::flv);
}
