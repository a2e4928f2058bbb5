//! PES packets put together from packets.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

use super::{Event, Fault, PesFault};
use crate::ts::packet::Pid;
use crate::ts::pes::{Pes, PesHeader};

/// The PES packet of one PID that is not complete.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    bytes: BytesMut,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    /// Before the first start, or after a PES packet that had its length.
    #[default]
    Idle,
    /// A start was seen.
    Open { is_random_access: bool },
}

impl Assembly {
    /// Takes in the payload of one packet.
    pub(super) fn take(
        &mut self,
        pid: Pid,
        is_start: bool,
        is_random_access: bool,
        payload: &[u8],
        events: &mut VecDeque<Event>,
    ) {
        if is_start {
            self.end(pid, events);
            self.state = State::Open { is_random_access };
        } else if self.state == State::Idle {
            events.push_back(fault(pid, PesFault::Headless));
            return;
        }
        self.bytes.extend_from_slice(payload);
        if self.length().is_some_and(|length| self.bytes.len() >= length) {
            self.end(pid, events);
        }
    }

    /// The PES packet is complete, or will never be.
    pub(super) fn end(&mut self, pid: Pid, events: &mut VecDeque<Event>) {
        let State::Open { is_random_access } = std::mem::take(&mut self.state) else { return };
        let mut bytes = self.bytes.split();
        if let Some(length) = declared_length(&bytes) {
            if bytes.len() != length {
                events.push_back(fault(pid, PesFault::Length));
            }
            bytes.truncate(length);
        }
        match parse(pid, is_random_access, bytes.freeze()) {
            Ok((pes, are_markers_right)) => {
                if !are_markers_right {
                    events.push_back(fault(pid, PesFault::Marker));
                }
                events.push_back(Event::Pes(pes));
            }
            Err(what) => events.push_back(fault(pid, what)),
        }
    }

    /// Bytes that are held.
    pub(super) fn buffered(&self) -> usize {
        self.bytes.len()
    }

    fn length(&self) -> Option<usize> {
        declared_length(&self.bytes)
    }
}

const fn fault(pid: Pid, what: PesFault) -> Event {
    Event::Fault(Fault::Pes { pid, what })
}

/// Bytes of the whole PES packet, if its header says.
fn declared_length(bytes: &[u8]) -> Option<usize> {
    let &[_, _, _, _, high, low] = bytes.first_chunk()?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    (length > 0).then_some(6 + length)
}

/// The PES packet, and whether the marker bits of its times are right.
fn parse(pid: Pid, is_random_access: bool, mut bytes: Bytes) -> Result<(Pes, bool), PesFault> {
    let PesHeader { stream_id, pts, dts, are_markers_right, bytes: length, .. } =
        PesHeader::read(&bytes)?;
    bytes.advance(length);
    Ok((Pes { pid, stream_id, pts, dts, is_random_access, data: bytes }, are_markers_right))
}
