//! Messages (RTMP 1.0 §6, §7.1): what chunks add up to.

mod aggregate;
mod control;

use std::fmt;

use bytes::Bytes;

pub(crate) use aggregate::Aggregate;
pub(crate) use control::{Control, UserControl};

/// One message, whole. `Debug` shows the length of its payload: there may be a key in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The chunk stream it came on; says nothing about its content.
    pub chunk_stream: u32,
    /// The sender's time in milliseconds. Starts anywhere and wraps at 2^32.
    pub timestamp_ms: u32,
    /// What it is.
    pub kind: MessageKind,
    /// The message stream it belongs to; 0 is the connection itself.
    pub message_stream: u32,
    /// Its bytes.
    pub payload: Bytes,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("chunk_stream", &self.chunk_stream)
            .field("timestamp_ms", &self.timestamp_ms)
            .field("kind", &self.kind)
            .field("message_stream", &self.message_stream)
            .field("payload_bytes", &self.payload.len())
            .finish()
    }
}

/// The type of a message, which is a byte on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// 1: the sender's chunks have another size from here on (§5.4.1).
    SetChunkSize,
    /// 2: the rest of a message will not come (§5.4.2).
    Abort,
    /// 3: so many bytes have been received (§5.4.3).
    Acknowledgement,
    /// 4: events of the connection (§6.2).
    UserControl,
    /// 5: an acknowledgement is wanted every so many bytes (§5.4.4).
    WindowAckSize,
    /// 6: the receiver's limit on what the sender sends unacknowledged (§5.4.5).
    SetPeerBandwidth,
    /// 8: audio.
    Audio,
    /// 9: video.
    Video,
    /// 15: data in AMF 3's wrapper.
    DataAmf3,
    /// 16: a shared object in AMF 3's wrapper.
    SharedObjectAmf3,
    /// 17: a command in AMF 3's wrapper.
    CommandAmf3,
    /// 18: data in AMF 0.
    DataAmf0,
    /// 19: a shared object in AMF 0.
    SharedObjectAmf0,
    /// 20: a command in AMF 0.
    CommandAmf0,
    /// 22: several messages in one.
    Aggregate,
    /// A number without a meaning.
    Other(u8),
}

impl From<u8> for MessageKind {
    fn from(number: u8) -> Self {
        match number {
            1 => Self::SetChunkSize,
            2 => Self::Abort,
            3 => Self::Acknowledgement,
            4 => Self::UserControl,
            5 => Self::WindowAckSize,
            6 => Self::SetPeerBandwidth,
            8 => Self::Audio,
            9 => Self::Video,
            15 => Self::DataAmf3,
            16 => Self::SharedObjectAmf3,
            17 => Self::CommandAmf3,
            18 => Self::DataAmf0,
            19 => Self::SharedObjectAmf0,
            20 => Self::CommandAmf0,
            22 => Self::Aggregate,
            other => Self::Other(other),
        }
    }
}

impl From<MessageKind> for u8 {
    fn from(kind: MessageKind) -> Self {
        match kind {
            MessageKind::SetChunkSize => 1,
            MessageKind::Abort => 2,
            MessageKind::Acknowledgement => 3,
            MessageKind::UserControl => 4,
            MessageKind::WindowAckSize => 5,
            MessageKind::SetPeerBandwidth => 6,
            MessageKind::Audio => 8,
            MessageKind::Video => 9,
            MessageKind::DataAmf3 => 15,
            MessageKind::SharedObjectAmf3 => 16,
            MessageKind::CommandAmf3 => 17,
            MessageKind::DataAmf0 => 18,
            MessageKind::SharedObjectAmf0 => 19,
            MessageKind::CommandAmf0 => 20,
            MessageKind::Aggregate => 22,
            MessageKind::Other(number) => number,
        }
    }
}
