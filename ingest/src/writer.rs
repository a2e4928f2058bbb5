//! Makes the segments of one publication durable, and lists them in order.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use journal::{AppendError, JournalError, Position};
use runtime::unix_ms;
use segmenter::{Diagnosis, Init, Output, Segment};
use store::StoreError;
use timeline::{Entry, Ledger, MediaKey, ObjectKey, ObjectName, StreamName};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};
use tracing::{error, warn};

use crate::StreamSettings;
use crate::announcer::Announcer;
use crate::node::Node;
use crate::pages::{Found, Pages};
use crate::publisher::End;
use crate::registry::{Leave, Place};

/// How long a disk or a journal that does not answer is asked again before the publisher is told
/// to go. It waits meanwhile, and its encoder buffers.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long after a failure it is asked again.
const RETRY_AFTER: Duration = Duration::from_millis(200);
/// Entries of others that are read at a time.
const ENTRIES: usize = 64;

/// What a publication hands over.
#[derive(Debug)]
pub(crate) enum Work {
    /// What the segmenter made.
    Output(Output),
    /// There will be no more.
    End(End),
}

/// The one who appends to a stream's journal.
#[derive(Debug)]
pub(crate) struct Writer {
    node: Arc<Node>,
    stream: StreamName,
    settings: StreamSettings,
    ledger: Ledger,
    position: Position,
    /// What of this publication is in memory, oldest first, and where it ends (90 kHz ticks).
    in_memory: VecDeque<(i64, ObjectKey)>,
    /// What must be read before segments that are not listed yet.
    inits: Vec<(ObjectKey, PathBuf)>,
    /// What segments are read with stays in memory until the end: it is small, and new ones need
    /// it as well.
    read_with: Vec<ObjectKey>,
    /// What the journal was asked to append and did not answer for, and the files that it lists.
    unheard: Option<(Entry, Vec<(ObjectKey, PathBuf)>)>,
    /// Held until everything is in the journal: a successor waits for it.
    place: Place,
    announcer: Option<Announcer>,
    failed: watch::Sender<Option<String>>,
    replaced: watch::Sender<bool>,
}

/// What the journal has that its owner did not know of.
enum CaughtUp {
    /// What was to be appended.
    Appended,
    /// Nothing that deposes it.
    Owner,
    /// Another owner.
    Replaced,
}

/// Why nothing more can be listed.
enum Stop {
    /// Somebody else owns the stream.
    Replaced,
    /// A part does not answer.
    Failed(String),
}

impl Writer {
    pub(crate) fn new(
        node: Arc<Node>,
        stream: StreamName,
        settings: StreamSettings,
        ledger: Ledger,
        position: Position,
        place: Place,
        announcer: Option<Announcer>,
    ) -> Self {
        let (failed, replaced) = (watch::Sender::new(None), watch::Sender::new(false));
        Self {
            node,
            stream,
            settings,
            ledger,
            position,
            in_memory: VecDeque::new(),
            inits: Vec::new(),
            read_with: Vec::new(),
            unheard: None,
            place,
            announcer,
            failed,
            replaced,
        }
    }

    /// Says when and why the publication must leave.
    pub(crate) fn leave(&self) -> watch::Receiver<Option<Leave>> {
        self.place.leave()
    }

    /// Where the doctor's words about the publication are kept.
    pub(crate) fn diagnosis(&self) -> watch::Sender<Arc<Diagnosis>> {
        self.place.diagnosis()
    }

    /// Says why segments cannot be kept.
    pub(crate) fn failed(&self) -> watch::Receiver<Option<String>> {
        self.failed.subscribe()
    }

    /// Turns true when the journal has another owner.
    pub(crate) fn replaced(&self) -> watch::Receiver<bool> {
        self.replaced.subscribe()
    }

    /// Works until the publication ends. A queue that closes without a word is a lost connection.
    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<Work>) {
        let mut end = End::Lost;
        let mut pages = Pages::start(&self.node, &self.stream, *self.ledger.head());
        loop {
            let done = tokio::select! {
                work = queue.recv() => match work {
                    None => break,
                    Some(Work::End(how)) => {
                        end = how;
                        break;
                    }
                    Some(Work::Output(output)) => self.take(output).await,
                },
                found = pages.found() => self.say(found).await,
            };
            match done {
                Ok(()) => pages.go_on(*self.ledger.head()),
                Err(Stop::Replaced) => {
                    self.forget_all();
                    self.replaced.send_replace(true);
                    return;
                }
                Err(Stop::Failed(reason)) => {
                    error!(stream.name = %self.stream, reason, "`{}` is closed, its segments cannot be kept: {reason}", self.stream);
                    self.failed.send_replace(Some(reason));
                    break;
                }
            }
        }
        drop(pages);
        // Whoever still hands over is told at once, not after the entry below.
        drop(queue);
        self.forget_all();
        self.interrupt(end).await;
    }

    async fn take(&mut self, output: Output) -> Result<(), Stop> {
        match output {
            Output::Init(init) => self.keep(init).await,
            Output::Segment(segment) => self.list(segment).await,
            // They are announced, and the segment that they are of is listed.
            Output::Part(_) | Output::PartBytes(_) => Ok(()),
            Output::DateRange(range) => {
                let entry = self.ledger.date_range(range, unix_ms());
                self.append(&entry).await
            }
        }
    }

    /// Says what was found out about older segments.
    async fn say(&mut self, found: Found) -> Result<(), Stop> {
        let entry = match found {
            Found::Paged(number) => self.ledger.paged(number, unix_ms()),
            Found::Lost(sequence) => {
                warn!(stream.name = %self.stream, sequence, "segment {sequence} of `{}` is lost: its bytes are nowhere", self.stream);
                self.ledger.gap(sequence, sequence, unix_ms())
            }
        };
        self.append(&entry).await
    }

    /// Keeps what must be read before the segments that follow; they list it.
    async fn keep(&mut self, init: Init) -> Result<(), Stop> {
        let key = MediaKey {
            stream: self.stream.clone(),
            rendition: init.rendition,
            epoch: self.ledger.epoch(),
            object: ObjectName::Init { number: init.number },
        };
        let key = ObjectKey::from(key);
        let file = self.spool(&key, &init.body).await?;
        self.node.parts.memory.insert(key.clone(), init.body);
        self.inits.push((key, file));
        Ok(())
    }

    /// Lists a segment, or does not give it a number.
    async fn list(&mut self, segment: Segment) -> Result<(), Stop> {
        let before = self.ledger.clone();
        let listed = self.list_next(segment).await;
        if listed.is_err() {
            // No number may be left out, and what is said next has this one if nobody else has.
            self.ledger.take_back(before);
        }
        listed
    }

    /// Numbers a segment, keeps its bytes, and only then lists it.
    async fn list_next(&mut self, segment: Segment) -> Result<(), Stop> {
        let finished = Instant::now();
        let end = segment.new.end;
        let entry = self.ledger.segment(segment.new, unix_ms());
        let mut kept = Vec::with_capacity(segment.bodies.len());
        for (key, body) in entry.segment_keys(&self.stream).into_iter().zip(&segment.bodies) {
            let file = match self.spool(&key, body).await {
                Ok(file) => file,
                Err(stop) => {
                    self.let_go(kept, true).await;
                    return Err(stop);
                }
            };
            let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
            self.node.metrics.segment_bytes.inc_by(bytes);
            self.node.parts.memory.insert(key.clone(), body.clone());
            kept.push((key, file));
        }
        kept.append(&mut self.inits);
        match self.append(&entry).await {
            Ok(()) => {}
            Err(stop) => {
                // Whether it is listed is found out with what is said next.
                if let Some((_, files)) = &mut self.unheard {
                    files.clone_from(&kept);
                }
                let is_unlisted = self.unheard.is_none();
                self.let_go(kept, is_unlisted).await;
                return Err(stop);
            }
        }
        if let Some(announcer) = &self.announcer {
            announcer.listed(&entry, &segment.bodies);
        }
        for (key, file) in kept {
            let is_init = |key: &MediaKey| matches!(key.object, ObjectName::Init { .. });
            if matches!(&key, ObjectKey::Media(media) if is_init(media)) {
                self.read_with.push(key.clone());
            } else {
                self.in_memory.push_back((end, key.clone()));
            }
            self.node.parts.uploader.submit(key, file);
        }
        self.forget_before(end);
        self.node.metrics.listing_seconds.observe(finished.elapsed().as_secs_f64());
        Ok(())
    }

    /// Nobody will ever ask for what is not listed.
    async fn let_go(&self, kept: Vec<(ObjectKey, PathBuf)>, with_files: bool) {
        for (key, file) in kept {
            self.node.parts.memory.remove(&key);
            if with_files {
                let _ = tokio::fs::remove_file(file).await;
            }
        }
    }

    /// Lets go of what is older than live viewers ask for. They find it in the spool or the store.
    fn forget_before(&mut self, newest_end: i64) {
        let ticks = self.settings.memory_window.as_millis().saturating_mul(90);
        let window = i64::try_from(ticks).unwrap_or(i64::MAX);
        let oldest = newest_end.saturating_sub(window);
        while let Some((_, key)) = self.in_memory.pop_front_if(|(end, _)| *end < oldest) {
            self.node.parts.memory.remove(&key);
        }
    }

    async fn spool(&self, key: &ObjectKey, body: &Bytes) -> Result<PathBuf, Stop> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let error: StoreError = match self.node.parts.spool.write(key, body.clone()).await {
                Ok(file) => return Ok(file),
                Err(error) => error,
            };
            if Instant::now() > deadline {
                return Err(Stop::Failed(error.to_string()));
            }
            warn!(object.key = %key, %error, "a segment is written again: {error}");
            sleep(RETRY_AFTER).await;
        }
    }

    async fn append(&mut self, entry: &Entry) -> Result<(), Stop> {
        let deadline = Instant::now() + PATIENCE;
        let mut entry = entry.clone();
        loop {
            let appended =
                self.node.parts.journal.append(&self.stream, self.position, &entry).await;
            let mut is_overtaken = false;
            let error = match appended {
                Ok(position) => {
                    self.position = position;
                    return Ok(());
                }
                // An attempt before may have been written although nobody said so.
                Err(AppendError::Stale { .. }) => match self.catch_up(&entry).await {
                    Ok(CaughtUp::Appended) => return Ok(()),
                    Ok(CaughtUp::Owner) => {
                        entry.head = *self.ledger.head();
                        is_overtaken = true;
                        "other nodes write all the time".to_owned()
                    }
                    Ok(CaughtUp::Replaced) => return Err(Stop::Replaced),
                    Err(error) => error.to_string(),
                },
                Err(error @ AppendError::Unavailable { .. }) => error.to_string(),
            };
            if Instant::now() > deadline {
                // There is one before only where this is the last word.
                self.unheard.get_or_insert_with(|| (entry, Vec::new()));
                return Err(Stop::Failed(error));
            }
            if is_overtaken {
                continue;
            }
            warn!(stream.name = %self.stream, error, "the journal is written again: {error}");
            sleep(RETRY_AFTER).await;
        }
    }

    /// Reads what the journal has behind our last entry: `entry`, what others may say of a stream
    /// that they do not own, or another owner.
    async fn catch_up(&mut self, entry: &Entry) -> Result<CaughtUp, JournalError> {
        let read = self.node.parts.journal.read_after(&self.stream, self.position, ENTRIES).await?;
        for stored in read {
            let is_ours = *stored.entry == *entry;
            let is_unheard = |(unheard, _): &mut (Entry, _)| *unheard == *stored.entry;
            if let Some((_, files)) = self.unheard.take_if(|it| !is_ours && is_unheard(it)) {
                self.ledger.hear(&stored.entry);
                self.submit(files);
            } else if !is_ours && !self.ledger.follow(&stored.entry) {
                return Ok(CaughtUp::Replaced);
            }
            self.position = stored.position;
            if is_ours {
                return Ok(CaughtUp::Appended);
            }
        }
        Ok(CaughtUp::Owner)
    }

    fn submit(&self, files: Vec<(ObjectKey, PathBuf)>) {
        for (key, file) in files {
            self.node.parts.uploader.submit(key, file);
        }
    }

    /// Nothing of a publication that is over is kept in memory.
    fn forget_all(&mut self) {
        self.announcer.iter().for_each(Announcer::close);
        let segments = self.in_memory.drain(..).map(|(_, key)| key);
        for key in segments.chain(self.read_with.drain(..)) {
            self.node.parts.memory.remove(&key);
        }
    }

    /// Says that the publisher is gone, and has somebody wait for it.
    async fn interrupt(mut self, end: End) {
        let (reason, wait) = match end {
            End::Finished => ("the publisher ended", self.settings.finish_window),
            End::Lost => ("the connection was lost", self.settings.reconnect_window),
        };
        let now_ms = unix_ms();
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let entry = self.ledger.interrupted(reason, wait_ms, now_ms);
        let said = self.append(&entry).await;
        match self.unheard.take() {
            // What was said stands where that would.
            Some((_, files)) if said.is_ok() => self.let_go(files, true).await,
            // The store rather has what nobody lists than not what somebody does.
            Some((_, files)) => self.submit(files),
            None => {}
        }
        // A journal that does not answer is asked again when the wait is over.
        if !matches!(said, Err(Stop::Replaced)) {
            self.node.waits.add(self.stream, self.ledger, self.position, Instant::now() + wait);
        }
    }
}
