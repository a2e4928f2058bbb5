//! Both forms, both schemes, every cut.

use super::digest::{answers, find, position, sign};
use super::*;

const SERVER_SEED: [u8; SEED_BYTES] = [0x5e; SEED_BYTES];

/// Random bytes that differ from each other, so that the place of a digest depends on them.
fn seed(salt: u8) -> [u8; SEED_BYTES] {
    let mut state = u32::from(salt) + 1;
    std::array::from_fn(|_| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12345);
        state.to_be_bytes()[1]
    })
}

fn packet_at(bytes: &[u8], at: usize) -> [u8; PACKET_BYTES] {
    *bytes[at..].first_chunk().unwrap()
}

/// What the server answers to `bytes`, and how many of them it took, cut in two everywhere.
fn serve(bytes: &[u8]) -> (Vec<u8>, usize) {
    let run = |pieces: &[&[u8]]| {
        let mut server = ServerHandshake::new(&SERVER_SEED, 7);
        let taken: usize = pieces.iter().map(|piece| server.push(piece).unwrap()).sum();
        (server.take_output(), taken, server.is_done())
    };
    let whole = run(&[bytes]);
    for cut in (0..=bytes.len()).step_by(37).chain([1, 1536, 1537, 1538, 3072, 3073]) {
        if let Some((head, tail)) = bytes.split_at_checked(cut) {
            assert_eq!(run(&[head, tail]), whole, "cut after byte {cut}");
        }
    }
    (whole.0, whole.1)
}

#[test]
fn a_plain_handshake_is_echoed() {
    let mut c = vec![3, 0, 0, 0, 9, 0, 0, 0, 0];
    c.extend_from_slice(&seed(1));
    let c1 = packet_at(&c, 1);
    c.extend_from_slice(&[0; PACKET_BYTES]);
    c.extend_from_slice(b"chunks");
    let (s, taken) = serve(&c);
    assert_eq!(taken, 1 + 2 * PACKET_BYTES, "what follows is left alone");
    assert_eq!(s.len(), 1 + 2 * PACKET_BYTES);
    assert_eq!(s[..9], [3, 0, 0, 0, 7, 0, 0, 0, 0]);
    assert_eq!(s[9..1537], SERVER_SEED);
    assert_eq!(packet_at(&s, 1537), c1);
}

#[test]
fn a_digest_handshake_is_answered_in_its_scheme() {
    for (salt, scheme) in (0..40).flat_map(|salt| [(salt, Scheme::First), (salt, Scheme::Second)]) {
        let mut client = ClientHandshake::new(&seed(salt), 5, Some(scheme));
        let c = client.take_output();
        let (found, c1_digest) = find(&packet_at(&c, 1), Side::Client).unwrap();
        assert_eq!(found, scheme);
        let mut server = ServerHandshake::new(&SERVER_SEED, 7);
        assert_eq!(server.push(&c), Ok(c.len()));
        assert_eq!(server.scheme(), Some(scheme));
        let s = server.take_output();
        let (found, s1_digest) = find(&packet_at(&s, 1), Side::Server).unwrap();
        assert_eq!(found, scheme);
        assert!(answers(&packet_at(&s, 1537), &c1_digest, Side::Server));
        assert_eq!(client.push(&s), Ok(s.len()));
        assert!(client.is_done());
        let c2 = client.take_output();
        assert!(answers(&packet_at(&c2, 0), &s1_digest, Side::Client));
        assert_eq!(server.push(&c2), Ok(c2.len()));
        assert!(server.is_done());
    }
}

#[test]
fn a_digest_handshake_is_the_same_for_every_cut() {
    let c = ClientHandshake::new(&seed(3), 5, Some(Scheme::Second)).take_output();
    let (s, _) = serve(&c);
    assert_eq!(s.len(), 1 + 2 * PACKET_BYTES);
}

#[test]
fn a_client_takes_any_pieces() {
    let mut client = ClientHandshake::new(&seed(3), 5, None);
    let c = client.take_output();
    let (mut s, _) = serve(&c);
    s.extend_from_slice(b"chunks");
    let taken: usize = s.chunks(100).map(|piece| client.push(piece).unwrap()).sum();
    assert_eq!(taken, s.len() - 6);
    assert!(client.is_done());
    assert_eq!(client.take_output(), s[1..1537], "C2 is an echo of S1");
}

#[test]
fn a_version_without_a_valid_digest_is_answered_plainly() {
    let mut c1 = packet(5, CLIENT_VERSION, &seed(4));
    sign(&mut c1, Scheme::First, Side::Client);
    // One bit of the packet, and the digest is wrong.
    c1[1535] ^= 1;
    let (s, _) = serve(&[&[3][..], &c1].concat());
    assert_eq!(packet_at(&s, 1537), c1);
}

#[test]
fn other_first_bytes_are_refused_by_name() {
    for (version, expected) in [
        (6, HandshakeError::Encrypted { version: 6 }),
        (8, HandshakeError::Encrypted { version: 8 }),
        (9, HandshakeError::Encrypted { version: 9 }),
        (b'G', HandshakeError::NotRtmp { version: b'G' }),
        (0x16, HandshakeError::NotRtmp { version: 0x16 }),
        (0, HandshakeError::NotRtmp { version: 0 }),
    ] {
        assert_eq!(ServerHandshake::new(&SERVER_SEED, 0).push(&[version, 1, 2]), Err(expected));
        assert_eq!(ClientHandshake::new(&SERVER_SEED, 0, None).push(&[version]), Err(expected));
    }
}

#[test]
fn a_handshake_that_trickles_holds_one_packet() {
    let mut server = ServerHandshake::new(&SERVER_SEED, 0);
    for byte in std::iter::once(3).chain(std::iter::repeat_n(0, 1500)) {
        server.push(&[byte]).unwrap();
        assert!(server.buffered_bytes() <= 4096);
    }
    assert!(!server.is_done());
}

#[test]
fn a_digest_lies_where_four_bytes_say() {
    for (bytes, first, second) in [
        ([0, 0, 0, 0], 12, 776),
        ([255, 255, 217, 0], 739, 1503),
        ([255, 255, 218, 0], 12, 776),
        ([255, 255, 255, 255], 304, 1068),
    ] {
        let mut packet = [0; PACKET_BYTES];
        packet[8..12].copy_from_slice(&bytes);
        packet[772..776].copy_from_slice(&bytes);
        assert_eq!(position(&packet, Scheme::First), first);
        assert_eq!(position(&packet, Scheme::Second), second);
    }
}
