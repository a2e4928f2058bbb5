//! What a protocol calls to publish.

use std::sync::Arc;
use std::time::Duration;

use media::{AccessUnit, Track, TrackKind};
use segmenter::{Change, Cue, Diagnosis, Output, Repairs, Segmenter};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::announcer::Announcer;
use crate::registry::Leave;
use crate::server_clock::ServerClock;
use crate::writer::{Work, Writer};
use crate::{Disconnect, StreamSettings};

/// Segments and what goes with them that may wait to be made durable. Beyond that the publisher
/// waits, which slows its socket and with it the encoder.
const QUEUE_SEGMENTS_MAX: usize = 4;

/// How long handing over must take until what the encoder sends meanwhile says nothing of it.
const WAITED_MS: i64 = 250;
/// How old figures of the doctor may be that others see.
const FIGURES_MS: i64 = 5_000;

/// One publication of one stream. [`Publisher::close`] ends it in good order; dropping it is a
/// broken connection.
#[derive(Debug)]
pub struct Publisher {
    /// Boxed: a connection has room for all this before it publishes anything.
    segmenter: Box<Segmenter>,
    clock: ServerClock,
    announcer: Option<Announcer>,
    /// When what is handed over came, by both clocks.
    came: (i64, Instant),
    work: Option<mpsc::Sender<Work>>,
    leave: watch::Receiver<Option<Leave>>,
    failed: watch::Receiver<Option<String>>,
    replaced: watch::Receiver<bool>,
    writer: Option<JoinHandle<()>>,
    diagnosis: watch::Sender<Arc<Diagnosis>>,
    /// When the doctor's figures are passed on again, in milliseconds since the Unix epoch.
    figures_ms: i64,
}

/// What earlier publications of a stream have fixed for all that follow in its broadcast.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fixed {
    /// The target duration, in seconds.
    pub(crate) target_duration_s: Option<u32>,
    /// The part target, in milliseconds.
    pub(crate) part_target_ms: Option<u32>,
    /// Where the timeline begins at the earliest, in milliseconds.
    pub(crate) begins_at_ms: i64,
}

/// How a publication ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The publisher said so.
    Finished,
    /// Its connection broke.
    Lost,
}

impl Publisher {
    pub(crate) fn new(
        settings: &StreamSettings,
        fixed: Fixed,
        writer: Writer,
        announcer: Option<Announcer>,
    ) -> Self {
        let (work, queue) = mpsc::channel(QUEUE_SEGMENTS_MAX);
        let (leave, failed, replaced) = (writer.leave(), writer.failed(), writer.replaced());
        let diagnosis = writer.diagnosis();
        let segmenter = Box::new(Segmenter::new(segmenter::Settings {
            segment_ms: millis(settings.segment_duration),
            target_duration_s: fixed.target_duration_s,
            packaging: settings.packaging,
            timed_id3: settings.timed_id3,
            low_latency: settings.low_latency,
            part_ms: millis(settings.part_duration),
            part_target_ms: fixed.part_target_ms,
            begins_at_ms: fixed.begins_at_ms,
        }));
        let writer = Some(tokio::spawn(writer.run(queue)));
        let work = Some(work);
        let clock = ServerClock::new();
        Self {
            segmenter,
            clock,
            announcer,
            came: (0, Instant::now()),
            work,
            leave,
            failed,
            replaced,
            writer,
            diagnosis,
            figures_ms: 0,
        }
    }

    /// Announces a track, or a change of it.
    ///
    /// # Errors
    ///
    /// When no rendition can carry the track.
    pub fn track(&mut self, track: Track) -> Result<(), Disconnect> {
        self.segmenter.track(track).map_err(|error| Disconnect::Unsupported(error.to_string()))
    }

    /// Whether a track of this kind is published.
    #[must_use]
    pub fn has_track(&self, kind: TrackKind) -> bool {
        self.segmenter.has_track(kind)
    }

    /// Hands over one access unit. Waits while segments cannot be made durable as fast as they
    /// come, which slows the socket and with it the encoder: the back-pressure ends where the data
    /// begins.
    ///
    /// # Errors
    ///
    /// When the publication cannot go on.
    pub async fn push(&mut self, unit: AccessUnit) -> Result<(), Disconnect> {
        let now_ms = self.now_ms();
        self.segmenter.push(unit, now_ms);
        self.hand_over_all(now_ms).await
    }

    /// Lets the stream doctor judge, which it does once a second. `broken` counts what was thrown
    /// away before it came here. Says what changes by it.
    pub fn examine(&mut self, broken: u64) -> Vec<Change> {
        let now_ms = self.now_ms();
        let changes = self.segmenter.examine(broken, now_ms);
        let is_due = now_ms.abs_diff(self.figures_ms) >= FIGURES_MS.unsigned_abs();
        if !changes.is_empty() || is_due {
            self.figures_ms = now_ms;
            self.diagnosis.send_replace(Arc::new(self.segmenter.diagnosis().clone()));
        }
        changes
    }

    /// What the stream doctor says.
    #[must_use]
    pub fn diagnosis(&self) -> &Diagnosis {
        self.segmenter.diagnosis()
    }

    /// Hands over something to be said at the publisher's `timestamp_ms`.
    ///
    /// # Errors
    ///
    /// When the publication cannot go on.
    pub async fn cue(&mut self, timestamp_ms: u32, cue: Cue) -> Result<(), Disconnect> {
        self.segmenter.cue(timestamp_ms, cue);
        let now_ms = self.now_ms();
        self.hand_over_all(now_ms).await
    }

    /// Waits until the publication has to end for a reason that is not its publisher's.
    pub async fn evicted(&mut self) -> Disconnect {
        let failed = async {
            match self.failed.wait_for(Option::is_some).await {
                Ok(reason) => reason.clone().unwrap_or_default(),
                Err(_) => "the writer ended without a word".to_owned(),
            }
        };
        let leave =
            async { self.leave.wait_for(Option::is_some).await.map_or(None, |leave| *leave) };
        // A writer that has ended has dropped all three: what it said before counts.
        tokio::select! {
            biased;
            Some(leave) = leave => match leave {
                Leave::Replaced => Disconnect::Replaced,
                Leave::Revoked(revoked) => Disconnect::Revoked(revoked),
            },
            Ok(_) = self.replaced.wait_for(|replaced| *replaced) => Disconnect::Replaced,
            reason = failed => Disconnect::NotDurable(reason),
        }
    }

    /// Ends the publication: what was received becomes a last segment, and the stream waits for
    /// its publisher to come back. Returns when that is in the journal.
    pub async fn close(mut self, end: End) {
        let _ = self.now_ms();
        self.segmenter.finish();
        while let Some(output) = self.segmenter.pull() {
            if self.hand_over(output).await.is_err() {
                break;
            }
        }
        if let Some(work) = self.work.take() {
            // An error means that the writer has given up and said why.
            let _ = work.send(Work::End(end)).await;
        }
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has been reported by the runtime: nothing to wait for.
            let _ = writer.await;
        }
    }

    /// What has been mended so far.
    #[must_use]
    pub fn repairs(&self) -> Repairs {
        self.segmenter.repairs()
    }

    /// What the doctor must know of a clock that was set, it is told.
    fn now_ms(&mut self) -> i64 {
        let (now_ms, set) = self.clock.read();
        if let Some(by_ms) = set {
            self.segmenter.clock_set(by_ms, now_ms);
        }
        self.came = (now_ms, Instant::now());
        now_ms
    }

    /// Hands over what has come out since `now_ms`. While that takes long nothing is read.
    async fn hand_over_all(&mut self, now_ms: i64) -> Result<(), Disconnect> {
        let Some(output) = self.segmenter.pull() else { return Ok(()) };
        self.hand_over(output).await?;
        while let Some(output) = self.segmenter.pull() {
            self.hand_over(output).await?;
        }
        let done_ms = self.now_ms();
        if done_ms.saturating_sub(now_ms) >= WAITED_MS {
            self.segmenter.waited(done_ms);
        }
        Ok(())
    }

    /// Announces what can be announced before it is durable, and gives back the rest.
    fn announce(&self, output: Output) -> Option<Output> {
        let Some(announcer) = &self.announcer else { return Some(output) };
        match output {
            Output::Part(part) => {
                let (came_ms, came) = self.came;
                let before_ms = came_ms.saturating_sub(part.arrived_ms).max(0);
                let before = Duration::from_millis(u64::try_from(before_ms).unwrap_or(0));
                announcer.part(part, before.saturating_add(came.elapsed()));
                return None;
            }
            Output::PartBytes(grown) => {
                announcer.grow(grown);
                return None;
            }
            Output::Init(ref init) => announcer.init(init),
            Output::Segment(ref segment) => announcer.segment(segment),
            Output::DateRange(_) => {}
        }
        Some(output)
    }

    async fn hand_over(&mut self, output: Output) -> Result<(), Disconnect> {
        let Some(output) = self.announce(output) else { return Ok(()) };
        let sent = match &self.work {
            Some(work) => work.send(Work::Output(output)).await.is_ok(),
            None => false,
        };
        if sent { Ok(()) } else { Err(self.evicted().await) }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // The task that owned the publication was cancelled. What fits the queue is not lost.
        if let Some(work) = self.work.take() {
            self.segmenter.finish();
            while let Some(output) = self.segmenter.pull() {
                if let Some(output) = self.announce(output) {
                    let _ = work.try_send(Work::Output(output));
                }
            }
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
