//! A push that is only looked at: nothing of it is kept.

use std::time::Duration;

use container::flv::{AUDIO_FOUR_CCS, Demuxer, Event as Flv, TagKind, VIDEO_FOUR_CCS};
use rtmp::{
    Enhanced, Event, Media, MediaKind, Publish, Rejection, SEED_BYTES, ServerConfig, ServerSession,
    codes,
};
use runtime::unix_ms;
use segmenter::{Diagnosis, LowLatency, Packaging, Segmenter, Settings};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout};

use crate::Disconnect;
use crate::mended::broken;

/// How long a peer that does not read its answers is waited for.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// Room that is made for a read.
const READ_BYTES: usize = 64 * 1_024;

/// One connection that rehearses a push.
pub struct Rehearsal<S> {
    socket: S,
    session: ServerSession,
    began: Instant,
    /// The application and the stream that must be pushed to.
    target: Target,
    push: Option<Push>,
}

/// What is pushed to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// The application: `live`.
    pub app: String,
    /// The stream; any where nothing is said.
    pub stream: Option<String>,
}

/// How far a rehearsal is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Nobody pushes on this connection yet.
    Before,
    /// The push goes on.
    Pushing,
    /// The encoder has ended it.
    Ended,
}

struct Push {
    message_stream: u32,
    encoder: Option<String>,
    demuxer: Demuxer,
    segmenter: Segmenter,
    /// What cannot be shown at all.
    left_out: Option<String>,
    has_ended: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Rehearsal<S> {
    /// A rehearsal on a connection that has just been made.
    pub fn new(socket: S, target: Target) -> Self {
        let mut seed = [0; SEED_BYTES];
        // The handshake's bytes are no secret: without randomness they are all zero, and it works.
        let _ = getrandom::fill(&mut seed);
        let config = ServerConfig {
            enhanced: Enhanced::forwarding(VIDEO_FOUR_CCS, AUDIO_FOUR_CCS),
            ..ServerConfig::default()
        };
        let session = ServerSession::new(config, &seed, Duration::ZERO);
        Self { socket, session, began: Instant::now(), target, push: None }
    }

    /// Watches for a while, or until the push has ended. Says how far it is.
    ///
    /// # Errors
    ///
    /// When the connection ends before anything is pushed, or breaks the rules.
    pub async fn watch(&mut self, time: Duration) -> Result<Stage, Disconnect> {
        let until = Instant::now() + time;
        loop {
            while let Some(event) = self.pull().await? {
                self.on(event)?;
            }
            let stage = self.stage();
            if stage == Stage::Ended || Instant::now() >= until {
                // An encoder that says nothing any more is looked at as well.
                self.push.iter_mut().for_each(|push| push.examine(unix_ms()));
                return Ok(stage);
            }
            let deadline = self.session.deadline().map(|deadline| self.began + deadline);
            let buffer = self.session.receive_buffer();
            buffer.reserve(READ_BYTES);
            tokio::select! {
                read = self.socket.read_buf(buffer) => match (read, &mut self.push) {
                    (Ok(0) | Err(_), Some(push)) => push.has_ended = true,
                    (Ok(0), None) => return Err(Disconnect::Closed),
                    (Err(error), None) => return Err(Disconnect::Network(error)),
                    (Ok(_), _) => {}
                },
                () = sleep_until(until) => {}
                () = sleep_until(deadline.unwrap_or(until)), if deadline.is_some() => {}
            }
        }
    }

    /// What is wrong with the push so far.
    pub fn diagnosis(&self) -> Option<&Diagnosis> {
        self.push.as_ref().map(|push| push.segmenter.diagnosis())
    }

    /// What the encoder calls itself.
    pub fn encoder(&self) -> Option<&str> {
        self.push.as_ref()?.encoder.as_deref()
    }

    /// What of the push is not understood at all.
    pub fn left_out(&self) -> Option<&str> {
        self.push.as_ref()?.left_out.as_deref()
    }

    /// Tells the encoder that the rehearsal is over, and hangs up.
    pub async fn finish(mut self) {
        let sentence = "The rehearsal is over. Push to the server itself now.";
        self.session.close(&Rejection::new(codes::CONNECT_CLOSED, sentence));
        self.hang_up().await;
    }

    /// Tells the encoder why it is over.
    pub async fn fail(mut self, reason: &Disconnect) {
        if let Some(rejection) = reason.rejection() {
            self.session.close(&rejection);
            self.session.explain(&rejection);
        }
        self.hang_up().await;
    }

    async fn hang_up(&mut self) {
        // What cannot be sent any more is not worth a second reason.
        let _ = self.flush().await;
        let _ = timeout(WRITE_TIMEOUT, self.socket.shutdown()).await;
    }

    fn stage(&self) -> Stage {
        match &self.push {
            None => Stage::Before,
            Some(push) if push.has_ended => Stage::Ended,
            Some(_) => Stage::Pushing,
        }
    }

    async fn pull(&mut self) -> Result<Option<Event>, Disconnect> {
        let pulled = self.session.pull(self.began.elapsed());
        self.flush().await?;
        Ok(pulled?)
    }

    async fn flush(&mut self) -> Result<(), Disconnect> {
        let output = self.session.take_output();
        if output.is_empty() {
            return Ok(());
        }
        match timeout(WRITE_TIMEOUT, self.socket.write_all(&output)).await {
            Ok(written) => written.map_err(Disconnect::Network),
            Err(_) => Err(Disconnect::NotReading),
        }
    }

    fn on(&mut self, event: Event) -> Result<(), Disconnect> {
        match event {
            Event::ConnectRequested(_) => self.session.accept(self.began.elapsed()),
            Event::PublishRequested(publish) => self.publish(publish),
            Event::Media(media) => {
                if let Some(push) = &mut self.push {
                    push.take(media)?;
                }
            }
            Event::Metadata { message_stream, value, .. } => {
                if let Some(push) = self.push_of(message_stream) {
                    push.demuxer.metadata(&value);
                    push.take_demuxed()?;
                }
            }
            Event::Unpublished { message_stream } => {
                if let Some(push) = self.push_of(message_stream) {
                    push.has_ended = true;
                }
            }
            Event::Data { .. } | Event::Skipped { .. } => {}
        }
        Ok(())
    }

    fn push_of(&mut self, message_stream: u32) -> Option<&mut Push> {
        self.push.as_mut().filter(|push| push.message_stream == message_stream)
    }

    fn publish(&mut self, publish: Publish) {
        let Publish { app, stream_name, encoder, message_stream, .. } = publish;
        let refusal = if self.push.is_some() {
            Some("This connection publishes a stream already.".to_owned())
        } else {
            self.target.refusal(&app, &stream_name)
        };
        if let Some(sentence) = refusal {
            return self.session.reject(&Rejection::new(codes::PUBLISH_BAD_NAME, sentence));
        }
        self.session.accept(self.began.elapsed());
        let settings = Settings {
            segment_ms: 2_000,
            target_duration_s: None,
            packaging: Packaging::Auto,
            timed_id3: false,
            low_latency: LowLatency::Off,
            part_ms: 333,
            part_target_ms: None,
            begins_at_ms: 0,
        };
        self.push = Some(Push {
            message_stream,
            encoder,
            demuxer: Demuxer::new(),
            segmenter: Segmenter::new(settings),
            left_out: None,
            has_ended: false,
        });
    }
}

impl Push {
    fn take(&mut self, media: Media) -> Result<(), Disconnect> {
        let kind = match media.kind {
            MediaKind::Audio => TagKind::Audio,
            MediaKind::Video => TagKind::Video,
        };
        self.demuxer.push(kind, media.timestamp_ms, media.payload);
        self.take_demuxed()
    }

    fn take_demuxed(&mut self) -> Result<(), Disconnect> {
        let now_ms = unix_ms();
        while let Some(event) = self.demuxer.pull() {
            match event {
                Flv::Track(track) => {
                    let kind = track.id.kind;
                    if let Err(error) = self.segmenter.track(track)
                        && !self.segmenter.has_track(kind)
                    {
                        return Err(Disconnect::Unsupported(error.to_string()));
                    }
                }
                Flv::Unit(unit) => self.segmenter.push(unit, now_ms),
                Flv::Unsupported { kind, what }
                    if what.is_codec() && !self.demuxer.has_track(kind) =>
                {
                    return Err(Disconnect::Unsupported(what.to_string()));
                }
                Flv::Unsupported { what, .. } => self.left_out = Some(what.to_string()),
                Flv::BadConfig { error, .. } => self.left_out = Some(error.to_string()),
                Flv::Repeated(_) | Flv::EndOfSequence(_) => {}
            }
        }
        // Nothing is kept.
        while self.segmenter.pull().is_some() {}
        self.examine(now_ms);
        Ok(())
    }

    fn examine(&mut self, now_ms: i64) {
        // What changes is part of the diagnosis.
        let _ = self.segmenter.examine(broken(self.demuxer.skipped()), now_ms);
    }
}

impl Target {
    /// The sentence for an encoder that pushes elsewhere.
    fn refusal(&self, app: &str, stream_name: &str) -> Option<String> {
        // A stream key may follow the name.
        let name = stream_name.split('?').next().unwrap_or_default();
        let is_right = app.trim_end_matches('/') == self.app
            && self.stream.as_deref().is_none_or(|stream| stream == name);
        let stream = self.stream.as_deref().unwrap_or("any name");
        (!is_right)
            .then(|| format!("This rehearsal is for {}/{stream}, not for {app}/{name}.", self.app))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rehearsal_takes_the_stream_that_it_is_for() {
        let check = |stream: Option<&str>, app, name, expected: bool| {
            let target = Target { app: "live".into(), stream: stream.map(Into::into) };
            assert_eq!(target.refusal(app, name).is_none(), expected, "{stream:?} {app}/{name}");
        };
        check(Some("test"), "live", "test", true);
        check(Some("test"), "live/", "test?key=x", true);
        check(Some("test"), "live", "other", false);
        check(Some("test"), "tv", "test", false);
        check(None, "live", "anything", true);
        check(None, "tv", "anything", false);
    }
}
