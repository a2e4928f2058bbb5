//! An independent implementation on the other end: `rml_rtmp` publishes to our server, and our
//! client publishes to its server.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use bytes::Bytes;
use rml_rtmp::handshake::{Handshake, HandshakeProcessResult, PeerType};
use rml_rtmp::sessions as rml;
use rml_rtmp::time::RtmpTimestamp;
use rtmp::{
    ClientConfig, ClientEvent, ClientSession, Event, Media, MediaKind, Rejection, ServerConfig,
    ServerSession, Value, codes,
};

const NOW: Duration = Duration::ZERO;

/// A frame longer than a chunk.
fn frame(byte: u8) -> Bytes {
    Bytes::from(vec![byte; 10_000])
}

fn media(kind: MediaKind, timestamp_ms: u32, payload: Bytes) -> Event {
    Event::Media(Media { kind, timestamp_ms, payload, message_stream: 1 })
}

/// rml_rtmp's client, after its handshake.
struct Publisher {
    session: rml::ClientSession,
    events: Vec<rml::ClientSessionEvent>,
    output: Vec<u8>,
}

impl Publisher {
    /// Shakes hands with our server.
    fn connect(server: &mut ServerSession) -> Self {
        let mut handshake = Handshake::new(PeerType::Client);
        server.push(&handshake.generate_outbound_p0_and_p1().unwrap());
        let mut rest = loop {
            assert_eq!(server.pull(NOW), Ok(None));
            match handshake.process_bytes(&server.take_output()).unwrap() {
                HandshakeProcessResult::InProgress { response_bytes } => {
                    server.push(&response_bytes)
                }
                HandshakeProcessResult::Completed { response_bytes, remaining_bytes } => {
                    server.push(&response_bytes);
                    break remaining_bytes;
                }
            }
        };
        let (session, results) = rml::ClientSession::new(rml::ClientSessionConfig::new()).unwrap();
        let mut publisher = Self { session, events: Vec::new(), output: Vec::new() };
        publisher.keep(results);
        publisher.read(&std::mem::take(&mut rest));
        publisher
    }

    fn read(&mut self, bytes: &[u8]) {
        let results = self.session.handle_input(bytes).unwrap();
        self.keep(results);
    }

    fn keep(&mut self, results: Vec<rml::ClientSessionResult>) {
        for result in results {
            match result {
                rml::ClientSessionResult::OutboundResponse(packet) => {
                    self.output.extend_from_slice(&packet.bytes);
                }
                rml::ClientSessionResult::RaisedEvent(event) => self.events.push(event),
                rml::ClientSessionResult::UnhandleableMessageReceived(_) => {}
            }
        }
    }

    /// Carries bytes both ways until both sides are silent.
    fn talk(&mut self, server: &mut ServerSession) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let up = std::mem::take(&mut self.output);
            server.push(&up);
            loop {
                match server.pull(NOW).unwrap() {
                    Some(event) => events.push(event),
                    None if server.wants_bytes() => break,
                    None => server.accept(NOW),
                }
            }
            let down = server.take_output();
            if up.is_empty() && down.is_empty() {
                return events;
            }
            self.read(&down);
        }
    }
}

#[test]
fn rml_rtmp_publishes_to_us() {
    let mut server = ServerSession::new(ServerConfig::default(), &[5; 1528], NOW);
    let mut publisher = Publisher::connect(&mut server);
    let connect = publisher.session.request_connection("live".to_owned()).unwrap();
    publisher.keep(vec![connect]);
    let events = publisher.talk(&mut server);
    assert!(matches!(&events[..], [Event::ConnectRequested(connect)] if connect.app == "live"));
    assert!(publisher.events.contains(&rml::ClientSessionEvent::ConnectionRequestAccepted));

    let publish = publisher
        .session
        .request_publishing("name?key=k".to_owned(), rml::PublishRequestType::Live)
        .unwrap();
    publisher.keep(vec![publish]);
    let events = publisher.talk(&mut server);
    assert!(
        matches!(&events[..], [Event::PublishRequested(publish)] if publish.stream_name == "name?key=k")
    );
    assert!(publisher.events.contains(&rml::ClientSessionEvent::PublishRequestAccepted));

    let mut metadata = rml::StreamMetadata::new();
    metadata.video_width = Some(640);
    let mut results = vec![publisher.session.publish_metadata(&metadata).unwrap()];
    for (number, time) in (0..4_u8).zip([0, 33, 0x0100_0000, 0x0100_0021]) {
        let time = RtmpTimestamp::new(time);
        let session = &mut publisher.session;
        results.push(session.publish_video_data(frame(number), time, false).unwrap());
        results.push(session.publish_audio_data(frame(9), time, false).unwrap());
    }
    publisher.keep(results);
    let events = publisher.talk(&mut server);
    let Event::Metadata { value, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(value.property("width"), Some(&Value::Number(640.0)));
    let expected: Vec<_> = (0..4)
        .zip([0, 33, 0x0100_0000, 0x0100_0021])
        .flat_map(|(number, time)| {
            [media(MediaKind::Video, time, frame(number)), media(MediaKind::Audio, time, frame(9))]
        })
        .collect();
    assert_eq!(events[1..], expected);

    let results = publisher.session.stop_publishing().unwrap();
    publisher.keep(results);
    assert_eq!(publisher.talk(&mut server), [Event::Unpublished { message_stream: 1 }]);
}

#[test]
fn rml_rtmp_reads_why_its_connect_is_refused() {
    let mut server = ServerSession::new(ServerConfig::default(), &[5; 1528], NOW);
    let mut publisher = Publisher::connect(&mut server);
    let connect = publisher.session.request_connection("nowhere".to_owned()).unwrap();
    publisher.keep(vec![connect]);
    server.push(&publisher.output);
    assert!(matches!(server.pull(NOW), Ok(Some(Event::ConnectRequested(_)))));
    server.reject(&Rejection::new(codes::CONNECT_REJECTED, "there is no app `nowhere`"));
    publisher.read(&server.take_output());
    let description = "there is no app `nowhere`".to_owned();
    let expected = rml::ClientSessionEvent::ConnectionRequestRejected { description };
    assert_eq!(publisher.events, [expected]);
}

/// rml_rtmp's server, which accepts everything.
struct Server {
    handshake: Option<Handshake>,
    session: rml::ServerSession,
    events: Vec<rml::ServerSessionEvent>,
    output: Vec<u8>,
}

impl Server {
    fn new() -> Self {
        let (session, results) = rml::ServerSession::new(rml::ServerSessionConfig::new()).unwrap();
        let mut server = Self {
            handshake: Some(Handshake::new(PeerType::Server)),
            session,
            events: Vec::new(),
            output: Vec::new(),
        };
        // What the session says at once is not to be sent before the handshake.
        server.keep(results);
        server
    }

    fn read(&mut self, bytes: &[u8]) {
        let Some(handshake) = &mut self.handshake else {
            let results = self.session.handle_input(bytes).unwrap();
            return self.keep(results);
        };
        let later = std::mem::take(&mut self.output);
        match handshake.process_bytes(bytes).unwrap() {
            HandshakeProcessResult::InProgress { response_bytes } => {
                self.output = response_bytes;
                self.output.extend_from_slice(&later);
            }
            HandshakeProcessResult::Completed { response_bytes, remaining_bytes } => {
                self.output = response_bytes;
                self.output.extend_from_slice(&later);
                self.handshake = None;
                self.read(&remaining_bytes);
            }
        }
    }

    fn keep(&mut self, results: Vec<rml::ServerSessionResult>) {
        for result in results {
            match result {
                rml::ServerSessionResult::OutboundResponse(packet) => {
                    self.output.extend_from_slice(&packet.bytes);
                }
                rml::ServerSessionResult::RaisedEvent(event) => {
                    let request =
                        if let rml::ServerSessionEvent::ConnectionRequested { request_id, .. }
                        | rml::ServerSessionEvent::PublishStreamRequested {
                            request_id, ..
                        } = &event
                        {
                            Some(*request_id)
                        } else {
                            None
                        };
                    self.events.push(event);
                    if let Some(request) = request {
                        let results = self.session.accept_request(request).unwrap();
                        self.keep(results);
                    }
                }
                rml::ServerSessionResult::UnhandleableMessageReceived(_) => {}
            }
        }
    }
}

/// Carries bytes both ways until both sides are silent.
fn talk(client: &mut ClientSession, server: &mut Server) -> Vec<ClientEvent> {
    let mut events = Vec::new();
    loop {
        let up = client.take_output();
        if !up.is_empty() {
            server.read(&up);
        }
        // Before the handshake is answered the server has nothing to say.
        let down = std::mem::take(&mut server.output);
        client.push(&down);
        while let Some(event) = client.pull(NOW).unwrap() {
            events.push(event);
        }
        if up.is_empty() && down.is_empty() {
            return events;
        }
    }
}

#[test]
fn we_publish_to_rml_rtmp() {
    for digest in
        [None, Some(rtmp::handshake::Scheme::First), Some(rtmp::handshake::Scheme::Second)]
    {
        let config =
            ClientConfig { stream_name: "name".to_owned(), digest, ..ClientConfig::default() };
        let mut server = Server::new();
        let mut client =
            ClientSession::new(config, &std::array::from_fn(|at| at.to_be_bytes()[7]), NOW);
        let events = talk(&mut client, &mut server);
        assert!(events.contains(&ClientEvent::Accepted { message_stream: 1 }), "{events:?}");
        server.events.clear();
        client.send_media(MediaKind::Video, 5, &frame(1));
        client.send_media(MediaKind::Video, 0x0100_0000, &frame(2));
        client.unpublish();
        talk(&mut client, &mut server);
        let video: Vec<_> = server
            .events
            .iter()
            .filter_map(|event| {
                let rml::ServerSessionEvent::VideoDataReceived { data, timestamp, .. } = event
                else {
                    return None;
                };
                Some((timestamp.value, data.clone()))
            })
            .collect();
        assert_eq!(video, [(5, frame(1)), (0x0100_0000, frame(2))]);
        let finished = server
            .events
            .iter()
            .any(|event| matches!(event, rml::ServerSessionEvent::PublishStreamFinished { .. }));
        assert!(finished, "{:?}", server.events.last());
    }
}
