//! `weir up --demo`: a test picture, pushed over a real RTMP connection to ourselves.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use container::flv::{FileReader, Tag, TagKind};
use rtmp::{ClientConfig, ClientEvent, ClientSession, MediaKind, SEED_BYTES};
use runtime::Drain;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::warn;

use crate::first::Stream;

/// Bars, a running clock and a tone. `demo/make-clip.sh` makes it.
const CLIP: &[u8] = include_bytes!("demo/clip.flv");
/// The clip's length: a whole number of its pictures, key frame intervals and audio frames.
const CLIP_LENGTH: Duration = Duration::from_millis(20_480);
/// How long after a failure the clip is pushed again.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// The publisher of the test picture.
#[derive(Debug)]
pub(crate) struct Demo {
    server: SocketAddr,
    app: String,
    /// With its key.
    stream_name: String,
}

impl Demo {
    /// Pushes to `stream` on the server at `server`, with the stream's key unless none is needed.
    pub(crate) fn new(server: SocketAddr, stream: &Stream, is_open: bool) -> Self {
        let ip = match server.ip() {
            ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        let name = stream.name.stream();
        let stream_name = if is_open { name } else { stream.key.reveal() };
        Self {
            server: SocketAddr::new(ip, server.port()),
            app: stream.name.app().to_owned(),
            stream_name: stream_name.to_owned(),
        }
    }

    /// Pushes until the process drains.
    pub(crate) async fn run(self, mut drain: Drain) {
        loop {
            let pushed = tokio::select! {
                () = drain.started() => return,
                pushed = self.push() => pushed,
            };
            if let Err(error) = pushed
                && !drain.is_started()
            {
                warn!("the demo is pushed again in a moment: {error:#}");
            }
            tokio::select! {
                () = drain.started() => return,
                () = sleep(AGAIN_AFTER) => {}
            }
        }
    }

    /// Pushes the clip in a loop, in real time, until the connection ends.
    async fn push(&self) -> anyhow::Result<()> {
        let tags = read_clip()?;
        let mut socket = TcpStream::connect(self.server).await.context("connect to ourselves")?;
        socket.set_nodelay(true)?;
        let began = Instant::now();
        let mut seed = [0; SEED_BYTES];
        getrandom::fill(&mut seed).context("get random bytes")?;
        let config = ClientConfig {
            app: self.app.clone(),
            tc_url: format!("rtmp://{}/{}", self.server, self.app),
            stream_name: self.stream_name.clone(),
            encoder: "weir demo".to_owned(),
            ..ClientConfig::default()
        };
        let mut session = ClientSession::new(config, &seed, Duration::ZERO);
        exchange(&mut socket, &mut session, began).await?;
        let first = Instant::now();
        for lap in 0_u32.. {
            for tag in &tags {
                let media = Duration::from_millis(tag.timestamp_ms.into()) + CLIP_LENGTH * lap;
                wait(&mut socket, &mut session, began, first + media).await?;
                let kind = match tag.kind {
                    TagKind::Audio => MediaKind::Audio,
                    TagKind::Video => MediaKind::Video,
                    TagKind::Script => continue,
                };
                // RTMP's milliseconds wrap at 2^32.
                let wrapped = media.as_millis() & u128::from(u32::MAX);
                let timestamp_ms = u32::try_from(wrapped).unwrap_or_default();
                session.send_media(kind, timestamp_ms, &tag.payload);
                socket.write_all(&session.take_output()).await.context("push")?;
            }
        }
        Ok(())
    }
}

/// Handshake and commands, until media may be sent.
async fn exchange(
    socket: &mut TcpStream,
    session: &mut ClientSession,
    began: Instant,
) -> anyhow::Result<()> {
    while !session.is_publishing() {
        answer(session, began)?;
        socket.write_all(&session.take_output()).await.context("push")?;
        if !session.is_publishing() {
            receive(socket, session).await?;
        }
    }
    Ok(())
}

/// Waits until `until`, and answers what the server says meanwhile.
async fn wait(
    socket: &mut TcpStream,
    session: &mut ClientSession,
    began: Instant,
    until: Instant,
) -> anyhow::Result<()> {
    while Instant::now() < until {
        tokio::select! {
            () = sleep_until(until) => return Ok(()),
            received = receive(socket, session) => received?,
        }
        answer(session, began)?;
        socket.write_all(&session.take_output()).await.context("push")?;
    }
    Ok(())
}

async fn receive(socket: &mut TcpStream, session: &mut ClientSession) -> anyhow::Result<()> {
    let read = socket.read_buf(session.receive_buffer()).await.context("read the answer")?;
    if read == 0 {
        bail!("the server closed the connection");
    }
    Ok(())
}

fn answer(session: &mut ClientSession, began: Instant) -> anyhow::Result<()> {
    while let Some(event) = session.pull(began.elapsed())? {
        if let ClientEvent::Refused { code, description, .. } = event {
            bail!("the server refused: {description} ({code})");
        }
    }
    Ok(())
}

/// The clip's tags that fit its length: encoders put a last audio frame behind the end.
fn read_clip() -> anyhow::Result<Vec<Tag>> {
    let mut reader = FileReader::new();
    reader.push(CLIP);
    let mut tags = Vec::new();
    while let Some(tag) = reader.pull().context("read the built-in clip")? {
        tags.push(tag);
    }
    tags.retain(|tag| Duration::from_millis(tag.timestamp_ms.into()) < CLIP_LENGTH);
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clip_is_small_and_can_be_looped() {
        assert!(CLIP.len() < 400_000, "{} bytes", CLIP.len());
        let tags = read_clip().unwrap();
        let count = |kind| tags.iter().filter(|tag| tag.kind == kind).count();
        // 512 pictures, a sequence header and an end; 960 frames of sound (and one to begin) and a
        // header.
        assert_eq!(count(TagKind::Video), 514);
        assert!((961..=962).contains(&count(TagKind::Audio)), "{}", count(TagKind::Audio));
    }
}
