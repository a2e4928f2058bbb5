//! What both sides of a connection share: chunks in and out, and the messages that are about the
//! connection itself.

use bytes::{Bytes, BytesMut};

use super::SessionError;
use super::command::encode;
use crate::amf::Value;
use crate::chunk::{ChunkReader, ChunkWriter, Outgoing};
use crate::limits::ChunkLimits;
use crate::message::{Control, Message, MessageKind, UserControl};

/// Chunk stream of protocol control messages (§5.4).
pub(super) const CONTROL: u32 = 2;

/// Chunk stream of commands of the connection; nothing prescribes it, everyone uses it.
pub(super) const COMMAND: u32 = 3;

pub(super) struct Link {
    pub(super) reader: ChunkReader,
    writer: ChunkWriter,
    output: BytesMut,
    /// After so many bytes the peer wants an acknowledgement; 0 is never.
    window: u32,
    /// What we have acknowledged: `acknowledged <= reader.bytes_received()`.
    acknowledged: u64,
    window_announced: Option<u32>,
    peer_acknowledged: Option<u32>,
}

impl Link {
    /// `window` holds until the peer asks for another one.
    pub(super) fn new(limits: ChunkLimits, writer: ChunkWriter, window: u32) -> Self {
        Self {
            reader: ChunkReader::new(limits),
            writer,
            output: BytesMut::new(),
            window,
            acknowledged: 0,
            window_announced: None,
            peer_acknowledged: None,
        }
    }

    /// The next message that is not about the connection itself.
    pub(super) fn next(
        &mut self,
        output_bytes_max: usize,
    ) -> Result<Option<Message>, SessionError> {
        loop {
            let Some(message) = self.reader.pull()? else { return Ok(None) };
            match Control::decode(message.kind, &message.payload) {
                Some(control) => self.obey(control),
                None if is_control(message.kind) => {}
                None => return Ok(Some(message)),
            }
            let waiting = self.output.len();
            if waiting > output_bytes_max {
                return Err(SessionError::AnswersNotRead { waiting, limit: output_bytes_max });
            }
        }
    }

    /// Acknowledges what was received if the peer's window is full (§5.4.3). The number wraps at
    /// 2^32, as the peer's own count does.
    pub(super) fn acknowledge(&mut self) {
        let received = self.reader.bytes_received();
        if self.window == 0 || received - self.acknowledged < u64::from(self.window) {
            return;
        }
        self.acknowledged = received;
        self.send_control(Control::Acknowledgement { sequence: sequence(received) });
    }

    pub(super) fn send(&mut self, message: Outgoing<'_>) {
        self.writer.write(message, &mut self.output);
    }

    /// Sends a control message; one that concerns our own chunks is obeyed after it.
    pub(super) fn send_control(&mut self, control: Control) {
        let (kind, payload) = control.encode();
        self.send(Outgoing {
            chunk_stream: CONTROL,
            timestamp_ms: 0,
            kind,
            message_stream: 0,
            payload: &payload,
        });
        match control {
            Control::SetChunkSize(size) => self.writer.set_chunk_bytes(size),
            Control::WindowAckSize(size) => self.window_announced = Some(size),
            Control::Acknowledgement { .. }
            | Control::SetPeerBandwidth { .. }
            | Control::User(_) => {}
        }
    }

    /// Sends a command of AMF 0.
    pub(super) fn send_command(
        &mut self,
        chunk_stream: u32,
        message_stream: u32,
        name: &str,
        transaction: f64,
        values: &[Value],
    ) {
        let mut payload = encode(&[name.into(), transaction.into()]);
        payload.append(&mut encode(values));
        self.send(Outgoing {
            chunk_stream,
            timestamp_ms: 0,
            kind: MessageKind::CommandAmf0,
            message_stream,
            payload: &payload,
        });
    }

    /// Bytes that are no chunks: the handshake's.
    pub(super) fn send_raw(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    pub(super) fn take_output(&mut self) -> Bytes {
        self.output.split().freeze()
    }

    pub(super) fn waiting_bytes(&self) -> usize {
        self.output.len()
    }

    /// How far the peer says it has received, as it counts: modulo 2^32.
    pub(super) fn peer_acknowledged(&self) -> Option<u32> {
        self.peer_acknowledged
    }

    fn obey(&mut self, control: Control) {
        match control {
            Control::WindowAckSize(size) => self.window = size,
            Control::Acknowledgement { sequence } => self.peer_acknowledged = Some(sequence),
            // The answer to a bandwidth is a window, unless that window is known (§5.4.5).
            Control::SetPeerBandwidth { window, .. } => {
                if self.window_announced != Some(window) {
                    self.send_control(Control::WindowAckSize(window));
                }
            }
            Control::User(UserControl::PingRequest { time }) => {
                self.send_control(Control::User(UserControl::PingResponse { time }));
            }
            Control::User(
                UserControl::StreamBegin { .. }
                | UserControl::PingResponse { .. }
                | UserControl::Other(_),
            )
            | Control::SetChunkSize(_) => {}
        }
    }
}

/// A control message too short to say anything is passed over.
fn is_control(kind: MessageKind) -> bool {
    matches!(
        kind,
        MessageKind::Acknowledgement
            | MessageKind::UserControl
            | MessageKind::WindowAckSize
            | MessageKind::SetPeerBandwidth
    )
}

/// The low 32 bits of a count.
fn sequence(received: u64) -> u32 {
    let [_, _, _, _, b3, b2, b1, b0] = received.to_be_bytes();
    u32::from_be_bytes([b3, b2, b1, b0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_acknowledgement_wraps() {
        for (received, expected) in [(0, 0), (5, 5), (1 << 32, 0), ((3 << 32) + 7, 7)] {
            assert_eq!(sequence(received), expected);
        }
    }
}
