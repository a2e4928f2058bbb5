//! One RTMP connection, from its first byte to its last.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use authz::PublishRequest;
use container::flv::{AUDIO_FOUR_CCS, Demuxer, Event as Flv, TagKind, VIDEO_FOUR_CCS};
use media::TrackKind;
use rtmp::{
    Enhanced, Event, Media, MediaKind, Publish, SEED_BYTES, ServerConfig, ServerSession, Value,
};
use runtime::{Drain, unix_ms};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{info, warn};

use crate::cues::Cues;
use crate::hang_up::hang_up;
use crate::health::Health;
use crate::mended::{Counts, Mended, broken};
use crate::node::Node;
use crate::publisher::{End, Publisher};
use crate::{Disconnect, Refusal};

/// Room that is made for a read while a stream is published: a few milliseconds of a rich one.
const READ_BYTES: usize = 64 * 1_024;
/// Room that is made for a read before: a handshake or a command. Idle connections cost little.
const READ_BYTES_BEFORE_PUBLISH: usize = 4 * 1_024;

/// How long an encoder that was asked to connect anew may still send here.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// Serves a publisher until the connection ends, and says so once in the log.
pub(crate) async fn serve<S>(node: Arc<Node>, socket: S, peer: SocketAddr, drain: Drain)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    node.metrics.connections.inc();
    let mut connection = Connection::new(&node, socket, peer);
    let (Ok(reason) | Err(reason)) = connection.exchange(drain).await;
    let at = connection.session.byte_offset();
    connection.end(&reason).await;
    node.metrics.connections.dec();
    node.metrics.disconnects.with_label_values(&[reason.kind()]).inc();
    let kind = reason.kind();
    if reason.is_expected() {
        info!(peer.addr = %peer, reason = kind, offset_bytes = at, "closed the connection of {peer}: {reason}");
    } else {
        warn!(peer.addr = %peer, reason = kind, offset_bytes = at, "closed the connection of {peer}: {reason}");
    }
}

struct Connection<'a, S> {
    node: &'a Arc<Node>,
    socket: S,
    peer: SocketAddr,
    session: ServerSession,
    began: Instant,
    publication: Option<Publication>,
    /// The encoder has ended its stream in good order: how it hangs up does not matter any more.
    has_finished: bool,
}

/// What a connection publishes at the moment.
struct Publication {
    name: String,
    message_stream: u32,
    demuxer: Demuxer,
    cues: Cues,
    publisher: Publisher,
    mended: Mended,
    health: Health,
}

impl Publication {
    fn counts(&self) -> Counts {
        Counts::new(self.publisher.repairs(), self.demuxer.skipped(), self.cues.dropped)
    }

    /// Lists what was received: a successor waits for that.
    async fn end(self, node: &Node, peer: SocketAddr, end: End, why: &str) {
        let counts = self.counts();
        let Self { name, publisher, mut mended, health, .. } = self;
        mended.tell(counts, &node.metrics.repairs);
        let drift_ppm = publisher.diagnosis().figures.drift_ppm;
        publisher.close(end).await;
        node.metrics.publishers.dec();
        let (counts, grade) = (counts.line(), health.grade().name());
        info!(stream.name = name, peer.addr = %peer, repairs = counts, clock.drift_ppm = drift_ppm, grade, "`{name}` waits for its publisher: {why}");
    }
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin + Send> Connection<'a, S> {
    fn new(node: &'a Arc<Node>, socket: S, peer: SocketAddr) -> Self {
        let mut seed = [0; SEED_BYTES];
        // The handshake's bytes are no secret: without randomness they are all zero, and it works.
        let _ = getrandom::fill(&mut seed);
        let config = ServerConfig {
            limits: node.settings.limits,
            enhanced: Enhanced::forwarding(VIDEO_FOUR_CCS, AUDIO_FOUR_CCS),
            ..ServerConfig::default()
        };
        let session = ServerSession::new(config, &seed, Duration::ZERO);
        Self {
            node,
            socket,
            peer,
            session,
            began: Instant::now(),
            publication: None,
            has_finished: false,
        }
    }

    /// Tells the encoder why it is over while what was received is listed: neither waits for the
    /// other, a disk that is slow or an encoder that does not read.
    async fn end(&mut self, reason: &Disconnect) {
        let Self { node, peer, socket, session, publication, .. } = self;
        let ended = publication.take();
        let (was_live, why) = (ended.is_some(), reason.to_string());
        let listed = async {
            if let Some(publication) = ended {
                publication.end(node, *peer, End::Lost, &why).await;
            }
        };
        let write_timeout = node.settings.write_timeout;
        tokio::join!(listed, hang_up(socket, session, reason, was_live, write_timeout));
    }

    async fn exchange(&mut self, mut drain: Drain) -> Result<Disconnect, Disconnect> {
        // Once the server stops, and the encoder was asked to go elsewhere.
        let mut leaves_by = None;
        loop {
            loop {
                let pulled = self.session.pull(self.began.elapsed());
                self.flush().await?;
                let Some(event) = pulled? else { break };
                self.on(event).await?;
            }
            let deadline = self.session.deadline().map(|deadline| self.began + deadline);
            let room =
                if self.publication.is_some() { READ_BYTES } else { READ_BYTES_BEFORE_PUBLISH };
            let evicted = async {
                match &mut self.publication {
                    Some(publication) => publication.publisher.evicted().await,
                    None => std::future::pending().await,
                }
            };
            let buffer = self.session.receive_buffer();
            buffer.reserve(room);
            tokio::select! {
                biased;
                () = drain.started(), if leaves_by.is_none() => {
                    if !self.ask_to_leave() {
                        return Ok(Disconnect::Draining);
                    }
                    leaves_by = Some(Instant::now() + LEAVE_WITHIN);
                }
                () = sleep_until(leaves_by.unwrap_or(self.began)), if leaves_by.is_some() => {
                    return Ok(Disconnect::Draining);
                }
                reason = evicted => return Ok(reason),
                read = self.socket.read_buf(buffer) => match read {
                    Ok(0) => return Ok(Disconnect::Closed),
                    Ok(bytes) => {
                        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
                        self.node.metrics.received_bytes.inc_by(bytes);
                    }
                    Err(_) if self.has_finished => return Ok(Disconnect::Closed),
                    Err(error) => return Err(Disconnect::Network(error)),
                },
                // The session says at the next pull what is overdue.
                () = sleep_until(deadline.unwrap_or(self.began)), if deadline.is_some() => {}
            }
        }
    }

    /// Asks an encoder that understands it to connect anew, so that nothing of its stream is lost
    /// on the way. Says whether it was asked.
    fn ask_to_leave(&mut self) -> bool {
        self.publication.is_some()
            && self.session.request_reconnect(None, "This server stops. Please connect again.")
    }

    async fn flush(&mut self) -> Result<(), Disconnect> {
        let output = self.session.take_output();
        if output.is_empty() {
            return Ok(());
        }
        match timeout(self.node.settings.write_timeout, self.socket.write_all(&output)).await {
            Ok(written) => written.map_err(Disconnect::Network),
            Err(_) => Err(Disconnect::NotReading),
        }
    }

    async fn on(&mut self, event: Event) -> Result<(), Disconnect> {
        match event {
            // Whether the application exists is decided with the stream: at publish, encoders show
            // the sentence that comes with a no.
            Event::ConnectRequested(_) => self.session.accept(self.began.elapsed()),
            Event::PublishRequested(publish) => return self.publish(publish).await,
            Event::Media(media) => return self.take(media).await,
            Event::Unpublished { message_stream } => {
                let ended = self.publication.take_if(|p| p.message_stream == message_stream);
                if let Some(publication) = ended {
                    self.has_finished = true;
                    let why = "the encoder ended it";
                    publication.end(self.node, self.peer, End::Finished, why).await;
                }
            }
            Event::Metadata { message_stream, value, .. } => {
                return self.describe(message_stream, &value).await;
            }
            // Captions and cues come with the journal's metadata entries.
            Event::Data { message_stream, timestamp_ms, name, values } => {
                return self.say(message_stream, timestamp_ms, &name, &values).await;
            }
            Event::Skipped { .. } => {}
        }
        Ok(())
    }

    async fn publish(&mut self, publish: Publish) -> Result<(), Disconnect> {
        let Publish { app, stream_name, tc_url: _, encoder, message_stream } = publish;
        if self.publication.is_some() {
            return self.refuse(Refusal::SecondStream);
        }
        let request = PublishRequest { app: &app, stream: &stream_name, peer: self.peer };
        let (stream, publisher) = match self.node.admit(&request).await {
            Ok(admitted) => admitted,
            Err(refusal) => return self.refuse(refusal),
        };
        let name = stream.to_string();
        self.session.accept(self.began.elapsed());
        self.node.metrics.publishers.inc();
        let encoder = encoder.unwrap_or_default();
        info!(stream.name = name, peer.addr = %self.peer, encoder, "`{name}` is live from {}", self.peer);
        self.has_finished = false;
        let (demuxer, cues) = (Demuxer::new(), Cues::new(unix_ms()));
        let mended = Mended::new();
        let health = Health::new(&self.node.metrics);
        self.publication =
            Some(Publication { name, message_stream, demuxer, cues, publisher, mended, health });
        Ok(())
    }

    /// Tells the encoder no; the session's end says why in the log.
    fn refuse(&mut self, refusal: Refusal) -> Result<(), Disconnect> {
        self.session.reject(&refusal.rejection());
        Err(refusal.into())
    }

    async fn take(&mut self, media: Media) -> Result<(), Disconnect> {
        let Some(publication) = &mut self.publication else { return Ok(()) };
        let kind = match media.kind {
            MediaKind::Audio => TagKind::Audio,
            MediaKind::Video => TagKind::Video,
        };
        publication.demuxer.push(kind, media.timestamp_ms, media.payload);
        self.take_demuxed().await?;
        self.tell_mended();
        self.tell_health();
        Ok(())
    }

    /// Takes what the encoder says of a stream: only its bit rates count.
    async fn describe(&mut self, message_stream: u32, value: &Value) -> Result<(), Disconnect> {
        let published = self.publication.as_mut();
        let Some(publication) = published.filter(|it| it.message_stream == message_stream) else {
            return Ok(());
        };
        publication.demuxer.metadata(value);
        self.take_demuxed().await
    }

    /// Takes what the encoder says at a moment of a stream: captions, cue points, splices.
    async fn say(
        &mut self,
        message_stream: u32,
        timestamp_ms: u32,
        name: &str,
        values: &[Value],
    ) -> Result<(), Disconnect> {
        let published = self.publication.as_mut();
        let Some(publication) = published.filter(|it| it.message_stream == message_stream) else {
            return Ok(());
        };
        match publication.cues.read(name, values, timestamp_ms, unix_ms()) {
            Some((at_ms, cue)) => publication.publisher.cue(at_ms, cue).await,
            None => Ok(()),
        }
    }

    /// Now and then tells operators what was mended.
    fn tell_mended(&mut self) {
        let Some(publication) = &mut self.publication else { return };
        if !publication.mended.is_due() {
            return;
        }
        let counts = publication.counts();
        let new = publication.mended.tell(counts, &self.node.metrics.repairs).join(", ");
        if !new.is_empty() {
            let name = &publication.name;
            warn!(stream.name = name, peer.addr = %self.peer, repairs = new, "what the encoder of `{name}` sends is mended for the first time: {new}");
        }
    }

    /// Once a second asks the stream doctor, and tells operators what has changed.
    fn tell_health(&mut self) {
        let Some(publication) = &mut self.publication else { return };
        let changes = publication.publisher.examine(broken(publication.demuxer.skipped()));
        if !changes.is_empty() {
            let grade = publication.publisher.diagnosis().grade;
            let whose = (publication.name.as_str(), self.peer);
            publication.health.tell(changes, grade, whose, &self.node.metrics);
        }
    }

    async fn take_demuxed(&mut self) -> Result<(), Disconnect> {
        let Some(publication) = &mut self.publication else { return Ok(()) };
        while let Some(event) = publication.demuxer.pull() {
            match event {
                Flv::Track(track) => {
                    let id = track.id;
                    if let Err(error) = publication.publisher.track(track) {
                        // Without another track of the kind the streamer has to know.
                        if !publication.publisher.has_track(id.kind) {
                            return Err(error);
                        }
                        let name = &publication.name;
                        warn!(stream.name = name, peer.addr = %self.peer, %error, "track {id:?} of `{name}` is left out: {error}");
                    }
                }
                Flv::Unit(unit) => publication.publisher.push(unit).await?,
                // Nothing of this kind will come: the streamer has to know. What comes besides
                // something that is understood is left out.
                Flv::Unsupported { kind, what }
                    if what.is_codec() && !publication.demuxer.has_track(kind) =>
                {
                    return Err(Disconnect::Unsupported(what.to_string()));
                }
                Flv::Unsupported { what, .. } => {
                    let name = &publication.name;
                    warn!(stream.name = name, peer.addr = %self.peer, %what, "a part of `{name}` is left out: {what}");
                }
                Flv::BadConfig { track, error } => {
                    let name = &publication.name;
                    let kind = match track.kind {
                        TrackKind::Video => "video",
                        TrackKind::Audio => "audio",
                    };
                    warn!(stream.name = name, peer.addr = %self.peer, %error, "the {kind} of `{name}` cannot be read: {error}");
                }
                Flv::Repeated(_) | Flv::EndOfSequence(_) => {}
            }
        }
        Ok(())
    }
}
