//! The handshake (RTMP 1.0 §5.2): each side sends a version byte, 1536 bytes, and an answer to the
//! other's 1536 bytes.
//!
//! Two forms are in use. In the *plain* form of the specification the answer is an echo. In the
//! *digest* form the packets carry HMACs; a client that sends one expects one back. The server side
//! here answers each in its own form. The encrypted form (RTMPE, version 6) is refused.

mod digest;
#[cfg(test)]
mod tests;

use thiserror::Error;

pub use digest::Scheme;
use digest::Side;

/// Random bytes that one handshake needs.
pub const SEED_BYTES: usize = 1528;

/// Length of C1, C2, S1 and S2.
pub const PACKET_BYTES: usize = 1536;

/// The server's side.
///
/// ```text
/// Start ──C0 C1──▶ Answered ──C2──▶ Done
///          └▶ S0 S1 S2
/// ```
pub struct ServerHandshake {
    seed: Box<[u8; SEED_BYTES]>,
    time_ms: u32,
    stage: Stage,
    /// The bytes of the stage that have arrived: `held.len() < bytes the stage needs`.
    held: Vec<u8>,
    output: Vec<u8>,
    scheme: Option<Scheme>,
}

/// The client's side.
///
/// ```text
/// (C0 C1 at once) Start ──S0 S1──▶ Answered ──S2──▶ Done
///                          └▶ C2
/// ```
pub struct ClientHandshake {
    stage: Stage,
    held: Vec<u8>,
    output: Vec<u8>,
    scheme: Option<Scheme>,
}

/// Why a handshake cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HandshakeError {
    /// The encrypted variants of RTMP, which no current encoder uses.
    #[error("version {version} is encrypted RTMP (RTMPE), which is not spoken here")]
    Encrypted {
        /// The version byte: 6, 8 or 9.
        version: u8,
    },
    /// The first byte is not RTMP's: a browser, a TLS client or a port scanner.
    #[error("first byte {version:#04x} is not RTMP version 3")]
    NotRtmp {
        /// The byte that came.
        version: u8,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Start,
    Answered,
    Done,
}

impl ServerHandshake {
    /// A handshake that shows `time_ms` as the server's clock and `seed` as its random bytes.
    pub fn new(seed: &[u8; SEED_BYTES], time_ms: u32) -> Self {
        Self {
            seed: Box::new(*seed),
            time_ms,
            stage: Stage::Start,
            held: Vec::new(),
            output: Vec::new(),
            scheme: None,
        }
    }

    /// Takes the bytes that belong to the handshake and returns how many those were; what follows
    /// is the first chunk.
    pub fn push(&mut self, bytes: &[u8]) -> Result<usize, HandshakeError> {
        let mut rest = bytes;
        while let Some(packet) = collect(&mut self.held, self.stage, &mut rest)? {
            if self.stage == Stage::Start {
                self.answer(&packet);
            }
            self.stage = self.stage.next();
        }
        Ok(bytes.len() - rest.len())
    }

    /// The bytes to send since the last call.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Whether the client has sent all of its part.
    pub fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// The scheme of a digest handshake, once C1 has come; `None` for a plain one.
    pub fn scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    /// Bytes held for a packet that is not whole.
    pub fn buffered_bytes(&self) -> usize {
        self.held.capacity() + self.output.capacity()
    }

    fn answer(&mut self, c1: &[u8; PACKET_BYTES]) {
        // Bytes 4..8 of C1 are zero in the plain form and the player's version in the digest form.
        let version = c1.iter().skip(4).take(4);
        let signed = if version.clone().all(|&byte| byte == 0) {
            None
        } else {
            digest::find(c1, Side::Client)
        };
        self.output.push(VERSION);
        match signed {
            Some((scheme, c1_digest)) => {
                self.scheme = Some(scheme);
                let mut s1 = packet(self.time_ms, SERVER_VERSION, &self.seed);
                digest::sign(&mut s1, scheme, Side::Server);
                let mut s2 = packet(self.time_ms, SERVER_VERSION, &self.seed);
                digest::sign_answer(&mut s2, &c1_digest, Side::Server);
                self.output.extend_from_slice(&s1);
                self.output.extend_from_slice(&s2);
            }
            None => {
                self.output.extend_from_slice(&packet(self.time_ms, [0; 4], &self.seed));
                // §5.2.4 would put a time into the echo; strict clients compare it whole, and no
                // one reads the time.
                self.output.extend_from_slice(c1);
            }
        }
    }
}

impl ClientHandshake {
    /// A handshake whose C0 and C1 are ready to be sent: in the digest form with a `scheme`, in the
    /// plain form without one.
    pub fn new(seed: &[u8; SEED_BYTES], time_ms: u32, scheme: Option<Scheme>) -> Self {
        let mut output = vec![VERSION];
        let c1 = match scheme {
            Some(scheme) => {
                let mut c1 = packet(time_ms, CLIENT_VERSION, seed);
                digest::sign(&mut c1, scheme, Side::Client);
                c1
            }
            None => packet(time_ms, [0; 4], seed),
        };
        output.extend_from_slice(&c1);
        Self { stage: Stage::Start, held: Vec::new(), output, scheme }
    }

    /// Takes the bytes that belong to the handshake and returns how many those were.
    pub fn push(&mut self, bytes: &[u8]) -> Result<usize, HandshakeError> {
        let mut rest = bytes;
        while let Some(s1) = collect(&mut self.held, self.stage, &mut rest)? {
            if self.stage == Stage::Start {
                self.answer(&s1);
            }
            self.stage = self.stage.next();
        }
        Ok(bytes.len() - rest.len())
    }

    /// The bytes to send since the last call.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Whether the server has sent all of its part.
    pub fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// Bytes held for a packet that is not whole.
    pub fn buffered_bytes(&self) -> usize {
        self.held.capacity() + self.output.capacity()
    }

    fn answer(&mut self, s1: &[u8; PACKET_BYTES]) {
        // A server that does not know digests answers in the plain form; so does this side then.
        let signed = self.scheme.and_then(|_| digest::find(s1, Side::Server));
        let mut c2 = *s1;
        if let Some((_, s1_digest)) = signed {
            digest::sign_answer(&mut c2, &s1_digest, Side::Client);
        }
        self.output.extend_from_slice(&c2);
    }
}

impl Stage {
    fn next(self) -> Self {
        match self {
            Self::Start => Self::Answered,
            Self::Answered | Self::Done => Self::Done,
        }
    }

    fn bytes_needed(self) -> usize {
        match self {
            Self::Start => 1 + PACKET_BYTES,
            Self::Answered => PACKET_BYTES,
            Self::Done => 0,
        }
    }
}

/// Moves bytes from `rest` into `held` until the stage has all it needs; returns its packet.
fn collect(
    held: &mut Vec<u8>,
    stage: Stage,
    rest: &mut &[u8],
) -> Result<Option<[u8; PACKET_BYTES]>, HandshakeError> {
    let missing = stage.bytes_needed().saturating_sub(held.len());
    let (taken, left) = rest.split_at_checked(missing).unwrap_or((rest, &[]));
    held.extend_from_slice(taken);
    *rest = left;
    if stage == Stage::Start
        && let Some(&version) = held.first()
    {
        check_version(version)?;
    }
    if stage == Stage::Done || held.len() < stage.bytes_needed() {
        return Ok(None);
    }
    let packet = held.last_chunk::<PACKET_BYTES>().copied();
    *held = Vec::new();
    Ok(packet)
}

fn check_version(version: u8) -> Result<(), HandshakeError> {
    match version {
        VERSION => Ok(()),
        6 | 8 | 9 => Err(HandshakeError::Encrypted { version }),
        _ => Err(HandshakeError::NotRtmp { version }),
    }
}

/// C1 or S1 (§5.2.3): the sender's time, four bytes of version or zero, random bytes.
fn packet(time_ms: u32, version: [u8; 4], seed: &[u8; SEED_BYTES]) -> [u8; PACKET_BYTES] {
    let mut packet = [0; PACKET_BYTES];
    let head = time_ms.to_be_bytes().into_iter().chain(version);
    for (place, byte) in packet.iter_mut().zip(head.chain(seed.iter().copied())) {
        *place = byte;
    }
    packet
}

/// RTMP's version byte, C0 and S0.
const VERSION: u8 = 3;

/// A version of Flash Player that signs its packets.
const CLIENT_VERSION: [u8; 4] = [10, 0, 32, 18];

/// A version of Flash Media Server that signs its packets.
const SERVER_VERSION: [u8; 4] = [4, 5, 0, 1];
