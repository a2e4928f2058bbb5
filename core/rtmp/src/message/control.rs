//! Protocol control messages (RTMP 1.0 §5.4) and user control messages (§6.2, §7.1.7).

use super::MessageKind;

/// What is said about the connection itself. `SetChunkSize` and `Abort` are here to be sent; those
/// that arrive are obeyed by the chunk reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    SetChunkSize(u32),
    Acknowledgement {
        sequence: u32,
    },
    WindowAckSize(u32),
    /// `limit` says how strictly: 0 hard, 1 soft, 2 dynamic.
    SetPeerBandwidth {
        window: u32,
        limit: u8,
    },
    User(UserControl),
}

/// Events of the connection or of a message stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserControl {
    StreamBegin {
        message_stream: u32,
    },
    PingRequest {
        time: u32,
    },
    PingResponse {
        time: u32,
    },
    /// One that asks nothing of an ingest server or its client.
    Other(u16),
}

impl Control {
    /// The control message in `payload`; `None` if it is no control message or too short to be one.
    pub(crate) fn decode(kind: MessageKind, payload: &[u8]) -> Option<Self> {
        let number = || payload.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        match kind {
            MessageKind::SetChunkSize => number().map(Self::SetChunkSize),
            MessageKind::Acknowledgement => {
                number().map(|sequence| Self::Acknowledgement { sequence })
            }
            MessageKind::WindowAckSize => number().map(Self::WindowAckSize),
            MessageKind::SetPeerBandwidth => {
                let limit = payload.get(4).copied().unwrap_or(2);
                number().map(|window| Self::SetPeerBandwidth { window, limit })
            }
            MessageKind::UserControl => UserControl::decode(payload).map(Self::User),
            MessageKind::Abort
            | MessageKind::Audio
            | MessageKind::Video
            | MessageKind::DataAmf3
            | MessageKind::SharedObjectAmf3
            | MessageKind::CommandAmf3
            | MessageKind::DataAmf0
            | MessageKind::SharedObjectAmf0
            | MessageKind::CommandAmf0
            | MessageKind::Aggregate
            | MessageKind::Other(_) => None,
        }
    }

    /// The type and payload of the message.
    pub(crate) fn encode(self) -> (MessageKind, Vec<u8>) {
        match self {
            Self::SetChunkSize(size) => (MessageKind::SetChunkSize, size.to_be_bytes().to_vec()),
            Self::Acknowledgement { sequence } => {
                (MessageKind::Acknowledgement, sequence.to_be_bytes().to_vec())
            }
            Self::WindowAckSize(size) => (MessageKind::WindowAckSize, size.to_be_bytes().to_vec()),
            Self::SetPeerBandwidth { window, limit } => {
                let mut payload = window.to_be_bytes().to_vec();
                payload.push(limit);
                (MessageKind::SetPeerBandwidth, payload)
            }
            Self::User(event) => (MessageKind::UserControl, event.encode()),
        }
    }
}

impl UserControl {
    fn decode(payload: &[u8]) -> Option<Self> {
        let (event, rest) = payload.split_first_chunk()?;
        let number = rest.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        Some(match (u16::from_be_bytes(*event), number) {
            (STREAM_BEGIN, Some(message_stream)) => Self::StreamBegin { message_stream },
            (PING_REQUEST, Some(time)) => Self::PingRequest { time },
            (PING_RESPONSE, Some(time)) => Self::PingResponse { time },
            (event, _) => Self::Other(event),
        })
    }

    fn encode(self) -> Vec<u8> {
        let (event, number) = match self {
            Self::StreamBegin { message_stream } => (STREAM_BEGIN, message_stream),
            Self::PingRequest { time } => (PING_REQUEST, time),
            Self::PingResponse { time } => (PING_RESPONSE, time),
            Self::Other(event) => (event, 0),
        };
        [&event.to_be_bytes()[..], &number.to_be_bytes()].concat()
    }
}

const STREAM_BEGIN: u16 = 0;
const PING_REQUEST: u16 = 6;
const PING_RESPONSE: u16 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(control: Control, kind: MessageKind, payload: &[u8]) {
        assert_eq!(control.encode(), (kind, payload.to_vec()));
        assert_eq!(Control::decode(kind, payload), Some(control));
    }

    #[test]
    fn control_messages_read_as_they_are_written() {
        check(Control::SetChunkSize(4096), MessageKind::SetChunkSize, &[0, 0, 16, 0]);
        check(
            Control::Acknowledgement { sequence: u32::MAX },
            MessageKind::Acknowledgement,
            &[0xff; 4],
        );
        check(Control::WindowAckSize(1), MessageKind::WindowAckSize, &[0, 0, 0, 1]);
        check(
            Control::SetPeerBandwidth { window: 0x0026_25a0, limit: 2 },
            MessageKind::SetPeerBandwidth,
            &[0, 0x26, 0x25, 0xa0, 2],
        );
    }

    #[test]
    fn user_control_messages_read_as_they_are_written() {
        let check = |event, payload: &[u8]| {
            check(Control::User(event), MessageKind::UserControl, payload);
        };
        check(UserControl::StreamBegin { message_stream: 1 }, &[0, 0, 0, 0, 0, 1]);
        check(UserControl::PingRequest { time: 7 }, &[0, 6, 0, 0, 0, 7]);
        check(UserControl::PingResponse { time: 7 }, &[0, 7, 0, 0, 0, 7]);
        check(UserControl::Other(31), &[0, 31, 0, 0, 0, 0]);
    }

    #[test]
    fn a_control_message_that_is_too_short_says_nothing() {
        for kind in (0..=u8::MAX).map(MessageKind::from) {
            assert_eq!(Control::decode(kind, &[0]), None, "{kind:?}");
        }
    }
}
