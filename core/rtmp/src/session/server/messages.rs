//! Messages and the events they become.

use std::time::Duration;

use super::super::command::{Command, Data};
use super::super::{Event, Media, MediaKind, SessionError};
use super::{MessageStream, ServerSession};
use crate::amf::AmfError;
use crate::message::{Aggregate, Message, MessageKind};

impl ServerSession {
    pub(super) fn on_message(
        &mut self,
        message: Message,
        now: Duration,
    ) -> Result<Option<Event>, SessionError> {
        match message.kind {
            MessageKind::Audio => Ok(self.media(message, MediaKind::Audio)),
            MessageKind::Video => Ok(self.media(message, MediaKind::Video)),
            MessageKind::DataAmf0 | MessageKind::DataAmf3 => match self.data(&message) {
                Ok(event) => Ok(event),
                Err(error) => self.odd(&message, error),
            },
            MessageKind::CommandAmf0 | MessageKind::CommandAmf3 => {
                match Command::decode(&message) {
                    Ok(Some(command)) => self.on_command(message.message_stream, &command, now),
                    Ok(None) => Ok(None),
                    Err(error) => self.odd(&message, error),
                }
            }
            MessageKind::Aggregate => {
                // An aggregate in an aggregate has no meaning.
                if self.aggregate.is_none() && self.stream_of(&message).is_some() {
                    self.aggregate = Some(Aggregate::new(message));
                }
                Ok(None)
            }
            MessageKind::SetChunkSize
            | MessageKind::Abort
            | MessageKind::Acknowledgement
            | MessageKind::UserControl
            | MessageKind::WindowAckSize
            | MessageKind::SetPeerBandwidth
            | MessageKind::SharedObjectAmf0
            | MessageKind::SharedObjectAmf3
            | MessageKind::Other(_) => Ok(None),
        }
    }

    fn media(&self, message: Message, kind: MediaKind) -> Option<Event> {
        let message_stream = self.stream_of(&message)?;
        let Message { timestamp_ms, payload, .. } = message;
        Some(Event::Media(Media { kind, timestamp_ms, payload, message_stream }))
    }

    fn data(&self, message: &Message) -> Result<Option<Event>, AmfError> {
        let Some(message_stream) = self.stream_of(message) else { return Ok(None) };
        let Some(Data { name, mut values }) = Data::decode(message)? else { return Ok(None) };
        let timestamp_ms = message.timestamp_ms;
        if name == "onMetaData" && !values.is_empty() {
            let value = values.swap_remove(0);
            return Ok(Some(Event::Metadata { message_stream, timestamp_ms, value }));
        }
        Ok(Some(Event::Data { message_stream, timestamp_ms, name, values }))
    }

    /// A message that is not AMF ends a connection that has proved nothing, and is passed over on
    /// one that has.
    fn odd(&self, message: &Message, error: AmfError) -> Result<Option<Event>, SessionError> {
        let kind = message.kind;
        if !self.is_trusted {
            return Err(SessionError::Amf { kind, error });
        }
        Ok(Some(Event::Skipped { message_stream: message.message_stream, kind, error }))
    }

    /// The publishing stream that a message belongs to. Some encoders send on the connection's
    /// number 0, which is clear enough while a single stream publishes.
    fn stream_of(&self, message: &Message) -> Option<u32> {
        let id = message.message_stream;
        if let Some(MessageStream::Publishing { .. }) = self.message_streams.get(&id) {
            return Some(id);
        }
        match *self.publishing() {
            [only] if id == 0 => Some(only),
            _ => None,
        }
    }
}
