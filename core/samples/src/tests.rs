use std::collections::BTreeSet;
use std::path::Path;

use super::*;

#[test]
fn every_file_of_the_corpus_is_a_capture() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testkit/corpus");
    let files = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let recorded = files.filter(|path| path.extension().is_some_and(|ending| ending == "rtmp"));
    let recorded: BTreeSet<_> =
        recorded.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let named: BTreeSet<_> = CAPTURES.iter().map(|capture| capture.name.to_owned()).collect();
    assert_eq!(named, recorded);
}

#[test]
fn a_capture_begins_with_a_handshake_and_is_small() {
    for Capture { name, bytes } in CAPTURES {
        assert_eq!(bytes.first(), Some(&3), "{name}");
        assert!((HANDSHAKE_BYTES..150_000).contains(&bytes.len()), "{name}: {}", bytes.len());
    }
}

#[test]
fn a_capture_tells_nothing_of_the_machine_it_was_made_on() {
    let places = ["ho", "tm", "ro"].map(|start| format!("/{start}").into_bytes());
    let ends: [&[u8]; 3] = [b"me/", b"p/", b"ot/"];
    let places: Vec<_> =
        places.iter().zip(ends).map(|(start, end)| [start, end].concat()).collect();
    for Capture { name, bytes } in CAPTURES {
        let found = places.iter().find(|place| bytes.windows(place.len()).any(|at| at == *place));
        assert_eq!(found, None, "{name}");
    }
}

#[test]
fn a_capture_is_found_by_its_name() {
    let found = Capture::named("obs-29.0_h264_aac").unwrap();
    assert_eq!((found.name, found.head(1)), ("obs-29.0_h264_aac", &[3][..]));
    assert_eq!(found.head(usize::MAX), found.bytes);
    assert!(Capture::named("obs-29.0").is_none());
}

#[test]
fn the_same_seed_makes_the_same_copy() {
    let samples: [&[u8]; 2] = [&[0; 100], &[1; 50]];
    let copies: BTreeSet<_> = (0..1_000).map(|seed| damage::copy(seed, 0, &samples)).collect();
    let again: BTreeSet<_> = (0..1_000).map(|seed| damage::copy(seed, 0, &samples)).collect();
    assert_eq!(copies, again);
    assert!(copies.len() > 800, "{} copies differ", copies.len());
    assert!(copies.iter().any(|copy| copy.len() > 100), "none grew");
    assert!(copies.iter().any(|copy| copy.contains(&0) && copy.contains(&1)), "none was mixed");
}

#[test]
fn a_beginning_is_mostly_left_as_it_is() {
    let sample: &[u8] = &[7; 100];
    let whole = |seed: &u64| damage::copy(*seed, 50, &[sample]).starts_with(&[7; 50]);
    let whole = (0..1_000).filter(whole).count();
    assert!((950..1_000).contains(&whole), "{whole} of 1,000");
}

#[test]
fn samples_may_be_empty() {
    (0..1_000).for_each(|seed| drop(damage::copy(seed, 10, &[&[], &[1]])));
    assert!(damage::copy(1, 0, &[]).len() < 10);
}

#[test]
fn digits_are_bytes() {
    assert_eq!(hex("00 ff\n1 2"), [0, 0xff, 0x12]);
}
