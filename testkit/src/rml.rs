//! A publisher that is not ours: the client session of `rml_rtmp`.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rml_rtmp::handshake::{Handshake, HandshakeProcessResult, PeerType};
use rml_rtmp::sessions::{
    ClientSession, ClientSessionConfig, ClientSessionEvent, ClientSessionResult, PublishRequestType,
};
use rml_rtmp::time::RtmpTimestamp;
use rtmp::MediaKind;

use crate::flv::Tag;

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Publishes `tags` by their times, and ends the stream in good order.
///
/// # Errors
///
/// When the server refuses, or the connection breaks.
pub fn push(server: SocketAddr, app: &str, name: &str, tags: &[Tag]) -> Result<()> {
    let mut socket = TcpStream::connect(server).context("connect")?;
    socket.set_nodelay(true).context("set TCP_NODELAY")?;
    socket.set_read_timeout(Some(Duration::from_millis(5))).context("set a time limit")?;
    let rest = shake_hands(&mut socket)?;
    let config = ClientSessionConfig {
        tc_url: Some(format!("rtmp://{server}/{app}")),
        ..ClientSessionConfig::new()
    };
    let (session, results) = ClientSession::new(config)?;
    let mut publisher = Publisher { socket, session };
    publisher.take(results)?;
    let results = publisher.session.handle_input(&rest)?;
    publisher.take(results)?;
    let request = publisher.session.request_connection(app.to_owned())?;
    publisher.take([request])?;
    publisher.wait_for(&ClientSessionEvent::ConnectionRequestAccepted)?;
    let request = publisher.session.request_publishing(name.into(), PublishRequestType::Live)?;
    publisher.take([request])?;
    publisher.wait_for(&ClientSessionEvent::PublishRequestAccepted)?;
    let (begun, first) = (Instant::now(), tags.first().map_or(0, |tag| tag.timestamp_ms));
    for tag in tags {
        let due = Duration::from_millis(u64::from(tag.timestamp_ms.saturating_sub(first)));
        while begun.elapsed() < due {
            publisher.look()?;
        }
        let (body, at) = (tag.body.clone(), RtmpTimestamp::new(tag.timestamp_ms));
        let result = match tag.kind {
            MediaKind::Audio => publisher.session.publish_audio_data(body, at, false)?,
            MediaKind::Video => publisher.session.publish_video_data(body, at, false)?,
        };
        publisher.take([result])?;
    }
    let results = publisher.session.stop_publishing()?;
    publisher.take(results)?;
    Ok(())
}

struct Publisher {
    socket: TcpStream,
    session: ClientSession,
}

impl Publisher {
    /// Sends what is to be sent, and returns what happened.
    fn take(
        &mut self,
        results: impl IntoIterator<Item = ClientSessionResult>,
    ) -> Result<Vec<ClientSessionEvent>> {
        let mut events = Vec::new();
        for result in results {
            match result {
                ClientSessionResult::OutboundResponse(packet) => {
                    self.socket.write_all(&packet.bytes).context("send")?;
                }
                ClientSessionResult::RaisedEvent(event) => events.push(event),
                ClientSessionResult::UnhandleableMessageReceived(_) => {}
            }
        }
        Ok(events)
    }

    fn look(&mut self) -> Result<Vec<ClientSessionEvent>> {
        let bytes = read(&mut self.socket)?;
        let results = self.session.handle_input(&bytes)?;
        self.take(results)
    }

    fn wait_for(&mut self, event: &ClientSessionEvent) -> Result<()> {
        let deadline = Instant::now() + ANSWER_WITHIN;
        while Instant::now() < deadline {
            let events = self.look()?;
            if events.contains(event) {
                return Ok(());
            }
            for other in events {
                if let ClientSessionEvent::ConnectionRequestRejected { description } = &other {
                    bail!("the server refused: {description}");
                }
                if let ClientSessionEvent::UnhandleableOnStatusCode { code } = &other {
                    bail!("the server says {code}");
                }
            }
        }
        bail!("no {event:?} within {ANSWER_WITHIN:?}")
    }
}

fn shake_hands(socket: &mut TcpStream) -> Result<Vec<u8>> {
    let mut handshake = Handshake::new(PeerType::Client);
    let hello = handshake.generate_outbound_p0_and_p1().context("begin a handshake")?;
    socket.write_all(&hello).context("send a handshake")?;
    let deadline = Instant::now() + ANSWER_WITHIN;
    while Instant::now() < deadline {
        let bytes = read(socket)?;
        match handshake.process_bytes(&bytes).context("go on with a handshake")? {
            HandshakeProcessResult::InProgress { response_bytes } => {
                socket.write_all(&response_bytes).context("send a handshake")?;
            }
            HandshakeProcessResult::Completed { response_bytes, remaining_bytes } => {
                socket.write_all(&response_bytes).context("send a handshake")?;
                return Ok(remaining_bytes);
            }
        }
    }
    bail!("no handshake within {ANSWER_WITHIN:?}")
}

/// What is there; nothing, after a moment.
fn read(socket: &mut TcpStream) -> Result<Vec<u8>> {
    let mut bytes = vec![0; 4_096];
    match socket.read(&mut bytes) {
        Ok(read) => {
            ensure!(read > 0, "the server closed the connection");
            bytes.truncate(read);
            Ok(bytes)
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error).context("read from the server"),
    }
}
