//! Chunk headers (RTMP 1.0 §5.3.1): a basic header of 1 to 3 bytes, a message header of 0, 3, 7 or
//! 11 bytes, and 4 bytes of time if the message header has no room for it.

use super::EXTENDED;

/// A whole header. Parsing it changes nothing: it is consumed and applied in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) chunk_stream: u32,
    /// Bytes of the header, at most 18.
    pub(super) bytes: usize,
    pub(super) fields: Fields,
}

/// What each chunk type says; the rest is as in the chunk before it on the same chunk stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fields {
    /// Type 0: everything.
    Full { timestamp: Time, length: usize, kind: u8, message_stream: u32 },
    /// Type 1: all but the message stream.
    SameStream { delta: Time, length: usize, kind: u8 },
    /// Type 2: the time.
    SameShape { delta: Time },
    /// Type 3: nothing. Goes on with a message, or repeats the time of the last.
    Same,
}

/// A timestamp or delta, and whether it stood in the extended field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) value: u32,
    pub(super) is_extended: bool,
}

/// The values an encoder may repeat in front of a chunk of type 3: what the last header had in its
/// extended field, and the time of the message.
pub(super) type Repeated = [u32; 2];

impl Header {
    /// The header at the start of `bytes`, or `None` until all of it is there.
    ///
    /// `repeated` says, for a chunk stream, which values a type 3 chunk may repeat; `None` if the
    /// last header on it had no extended time.
    pub(super) fn parse(
        bytes: &[u8],
        repeated: impl FnOnce(u32) -> Option<Repeated>,
    ) -> Option<Self> {
        let mut input = Input { bytes, read: 0 };
        let [first] = input.take()?;
        let chunk_stream = match first & 0x3f {
            0 => u32::from(u8::from_be_bytes(input.take()?)) + 64,
            1 => u32::from(u16::from_le_bytes(input.take()?)) + 64,
            small => u32::from(small),
        };
        let fields = match first >> 6 {
            0 => {
                let [t2, t1, t0, l2, l1, l0, kind, s0, s1, s2, s3] = input.take()?;
                Fields::Full {
                    timestamp: input.time([t2, t1, t0])?,
                    length: length([l2, l1, l0])?,
                    kind,
                    message_stream: u32::from_le_bytes([s0, s1, s2, s3]),
                }
            }
            1 => {
                let [t2, t1, t0, l2, l1, l0, kind] = input.take()?;
                let delta = input.time([t2, t1, t0])?;
                Fields::SameStream { delta, length: length([l2, l1, l0])?, kind }
            }
            2 => {
                let time = input.take()?;
                Fields::SameShape { delta: input.time(time)? }
            }
            _ => {
                if let Some(repeated) = repeated(chunk_stream) {
                    input.skip_repeated(repeated)?;
                }
                Fields::Same
            }
        };
        Some(Self { chunk_stream, bytes: input.read, fields })
    }
}

/// `0 <= read <= bytes.len()`.
struct Input<'a> {
    bytes: &'a [u8],
    read: usize,
}

impl Input<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = *self.bytes.get(self.read..)?.first_chunk::<N>()?;
        self.read += N;
        Some(bytes)
    }

    fn time(&mut self, [t2, t1, t0]: [u8; 3]) -> Option<Time> {
        match u32::from_be_bytes([0, t2, t1, t0]) {
            EXTENDED => Some(Time { value: u32::from_be_bytes(self.take()?), is_extended: true }),
            value => Some(Time { value, is_extended: false }),
        }
    }

    /// Chunks of type 3 repeat the extended time (§5.3.1.3), but many encoders leave it out. So the
    /// next four bytes are the time only if they say it. Fewer bytes than four decide as soon as
    /// they differ, so that the last bytes of a message never wait for the next message.
    fn skip_repeated(&mut self, repeated: Repeated) -> Option<()> {
        let next = self.bytes.get(self.read..)?;
        let next = next.get(..4).unwrap_or(next);
        if repeated.iter().any(|value| value.to_be_bytes().starts_with(next)) {
            if next.len() < 4 {
                return None;
            }
            self.read += 4;
        }
        Some(())
    }
}

fn length([l2, l1, l0]: [u8; 3]) -> Option<usize> {
    usize::try_from(u32::from_be_bytes([0, l2, l1, l0])).ok()
}
