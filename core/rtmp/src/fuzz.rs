//! Entry points for fuzzing: each takes any bytes, and does not panic, loop or hold more than its
//! limits.

use std::time::Duration;

use crate::amf;
use crate::chunk::ChunkReader;
use crate::handshake::{ClientHandshake, PACKET_BYTES, SEED_BYTES, Scheme, ServerHandshake};
use crate::limits::{ChunkLimits, Limits};
use crate::session::{
    ClientConfig, ClientEvent, ClientSession, Event, MediaKind, ServerConfig, ServerSession,
};

/// A server session that accepts everything; returns the most memory it held.
///
/// The first byte says how the rest arrives (`Arrival`).
pub fn server_session(data: &[u8]) -> usize {
    let now = Duration::from_secs(1);
    let mut session = ServerSession::new(ServerConfig::default(), &[7; SEED_BYTES], Duration::ZERO);
    let Some((&first, data)) = data.split_first() else { return 0 };
    let arrival = Arrival::from(first);
    session.push(arrival.handshake());
    let (mut held_max, mut limit) = (0, session_bytes_max(ChunkLimits::BEFORE_PUBLISH));
    for piece in data.chunks(arrival.piece_bytes()) {
        session.push(piece);
        loop {
            match session.pull(now) {
                Ok(Some(Event::ConnectRequested(_))) => session.accept(now),
                Ok(Some(Event::PublishRequested(_))) => {
                    session.accept(now);
                    limit = session_bytes_max(ChunkLimits::AFTER_PUBLISH);
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return held_max,
            }
        }
        let held = session.buffered_bytes();
        assert!(held <= limit, "{held} bytes held, over the limit of {limit}");
        held_max = held_max.max(held);
        session.take_output();
    }
    held_max
}

/// A client session in front of a server that says anything. The first byte says how the rest
/// arrives (`Arrival`).
pub fn client_session(data: &[u8]) {
    let now = Duration::from_secs(1);
    let Some((&first, data)) = data.split_first() else { return };
    let arrival = Arrival::from(first);
    let config = ClientConfig::default();
    let mut session = ClientSession::new(config, &[7; SEED_BYTES], Duration::ZERO);
    session.push(arrival.handshake());
    for piece in data.chunks(arrival.piece_bytes()) {
        session.push(piece);
        loop {
            match session.pull(now) {
                Ok(Some(ClientEvent::Accepted { .. })) => {
                    session.send_media(MediaKind::Audio, 0, &[0xaf, 1]);
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
        session.take_output();
    }
}

/// Both sides of the handshake. The first byte says how the rest arrives (`Arrival`); what comes
/// after the handshake is not taken.
pub fn handshake(data: &[u8]) {
    let Some((&first, data)) = data.split_first() else { return };
    let arrival = Arrival::from(first);
    let mut server = ServerHandshake::new(&[7; SEED_BYTES], 0);
    let mut client = ClientHandshake::new(&[9; SEED_BYTES], 0, Some(Scheme::First));
    let (mut taken, mut answered) = (0, 0);
    for piece in data.chunks(arrival.piece_bytes()) {
        let Ok(length) = server.push(piece) else { break };
        assert!(length == piece.len() || server.is_done(), "{length} of {} taken", piece.len());
        taken += length;
        answered += server.take_output().len();
    }
    assert!(taken <= HANDSHAKE_BYTES && answered <= HANDSHAKE_BYTES, "{taken}, {answered}");
    assert!(!server.is_done() || answered == HANDSHAKE_BYTES, "{answered} bytes of answer");
    let mut taken = 0;
    for piece in data.chunks(arrival.piece_bytes()) {
        let Ok(length) = client.push(piece) else { return };
        taken += length;
    }
    assert!(taken <= HANDSHAKE_BYTES, "{taken}");
    assert!(client.take_output().len() <= HANDSHAKE_BYTES);
}

/// AMF 3 is only read.
pub fn amf3(data: &[u8]) {
    let _ = amf::decode_amf3(data);
}

/// AMF 0: what can be decoded and written again is the same when it is decoded again.
pub fn amf0(data: &[u8]) {
    let Ok(values) = amf::decode(data) else { return };
    let mut written = Vec::new();
    values.iter().for_each(|value| amf::encode(value, &mut written));
    if let Ok(again) = amf::decode(&written) {
        let mut rewritten = Vec::new();
        again.iter().for_each(|value| amf::encode(value, &mut rewritten));
        assert_eq!(written, rewritten);
    }
}

/// A chunk reader with the limits of a stranger. The first byte says how the rest arrives.
pub fn chunk_reader(data: &[u8]) {
    let limits = ChunkLimits::BEFORE_PUBLISH;
    let Some((&first, data)) = data.split_first() else { return };
    let mut reader = ChunkReader::new(limits);
    for piece in data.chunks(Arrival::from(first).piece_bytes()) {
        reader.push(piece);
        loop {
            match reader.pull() {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
        let held = reader.buffered_bytes();
        assert!(held <= limits.buffered_bytes_max + HEADER_BYTES_MAX, "{held} bytes held");
    }
}

/// What a session may hold at most: unfinished messages, answers and a header.
fn session_bytes_max(chunks: ChunkLimits) -> usize {
    // The message that fills the answers may itself be answered once.
    chunks.buffered_bytes_max + 2 * Limits::default().output_bytes_max + HEADER_BYTES_MAX
}

/// How bytes arrive, from one of them: the lower seven bits are the length of the pieces, 0 for all
/// at once; with the highest bit a plain handshake comes before them, so that a short input gets
/// far.
struct Arrival(u8);

impl From<u8> for Arrival {
    fn from(first: u8) -> Self {
        Self(first)
    }
}

impl Arrival {
    fn handshake(&self) -> &'static [u8] {
        if self.0 & 0x80 == 0 { &[] } else { &PLAIN_HANDSHAKE }
    }

    fn piece_bytes(&self) -> usize {
        match self.0 & 0x7f {
            0 => usize::MAX,
            length => usize::from(length),
        }
    }
}

/// Version 3, and zeros.
static PLAIN_HANDSHAKE: [u8; HANDSHAKE_BYTES] = {
    let mut bytes = [0; HANDSHAKE_BYTES];
    bytes[0] = 3;
    bytes
};

/// Version byte and two packets: what each side sends.
const HANDSHAKE_BYTES: usize = 1 + 2 * PACKET_BYTES;

/// Basic header, message header, extended time.
const HEADER_BYTES_MAX: usize = 3 + 11 + 4;
