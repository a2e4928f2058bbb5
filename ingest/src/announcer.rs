//! Tells low-latency viewers of the segment that is being made.
//!
//! Parts do not go through the writer's queue: what they need is in memory already, and they are
//! announced while the segment before them is still on its way to the disk.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use parts::Hub;
use segmenter::{Init, Part, PartBytes, Segment};
use store::LiveMemory;
use timeline::{
    Entry, Ledger, MediaKey, NewSegment, ObjectKey, ObjectName, OpenRendition, OpenSegment,
    StreamName,
};
use tracing::debug;

use crate::Metrics;

/// Whole segments whose parts the hub still has, as slices of them: the newest two, so that nobody
/// who was told of a part by the hub asks for it in vain before the journal has told of its
/// segment.
const WHOLE_SEGMENTS: usize = 2;

/// What a publication announces. Clones share it: the publication tells of parts, its writer of
/// what is listed, and of the end.
#[derive(Clone, Debug)]
pub(crate) struct Announcer {
    hub: Hub,
    memory: Arc<LiveMemory>,
    metrics: Metrics,
    stream: StreamName,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// Follows the writer's ledger, ahead of it by what waits in its queue.
    ledger: Ledger,
    open: Option<OpenSegment>,
    /// What open segments are read with, kept in memory from before their first part.
    inits: Vec<ObjectKey>,
    /// The parts of the newest segments that are listed.
    whole: VecDeque<Vec<MediaKey>>,
    is_over: bool,
}

impl Announcer {
    /// Announces what follows the claim that `ledger` has made.
    pub(crate) fn new(
        hub: Hub,
        memory: Arc<LiveMemory>,
        metrics: Metrics,
        stream: StreamName,
        ledger: Ledger,
    ) -> Self {
        let state =
            State { ledger, open: None, inits: Vec::new(), whole: VecDeque::new(), is_over: false };
        Self { hub, memory, metrics, stream, state: Arc::new(Mutex::new(state)) }
    }

    /// What parts are read with can be read before they are announced.
    pub(crate) fn init(&self, init: &Init) {
        let mut state = self.lock();
        if state.is_over {
            return;
        }
        let object = ObjectName::Init { number: init.number };
        let key = MediaKey {
            stream: self.stream.clone(),
            rendition: init.rendition.clone(),
            epoch: state.ledger.epoch(),
            object,
        };
        let key = ObjectKey::from(key);
        self.memory.insert(key.clone(), init.body.clone());
        state.inits.push(key);
    }

    /// Lets those who wait for the part that is being made read it as far as it is.
    pub(crate) fn grow(&self, grown: PartBytes) {
        let state = self.lock();
        if state.is_over {
            return;
        }
        let PartBytes { number: part, rendition, container, bytes } = grown;
        let sequence = state.ledger.head().next_sequence;
        let object = ObjectName::Part { sequence, part, container };
        let epoch = state.ledger.epoch();
        let key = MediaKey { stream: self.stream.clone(), rendition, epoch, object };
        self.hub.grow(&key, bytes);
    }

    /// Announces a part, `waited` after its last unit came.
    pub(crate) fn part(&self, part: Part, waited: Duration) {
        let mut state = self.lock();
        if state.is_over {
            return;
        }
        let beginning = state.ledger.beginning(part.calendar_ms, part.discontinuity);
        let epoch = state.ledger.epoch();
        let open = state.open.get_or_insert_with(|| OpenSegment {
            epoch,
            sequence: beginning.sequence,
            start: part.segment_start,
            calendar_ms: beginning.calendar_ms,
            discontinuity: beginning.discontinuity,
            part_target_ms: part.part_target_ms,
            parts: Vec::new(),
            seems_whole: false,
            renditions: part.bodies.iter().map(rendition).collect(),
        });
        let number = open.next_part();
        for it in part.bodies {
            let known = open.renditions.iter().position(|open| open.rendition == it.rendition);
            let Some(known) = known.and_then(|at| open.renditions.get_mut(at)) else { continue };
            known.part_bytes.push(u64::try_from(it.body.len()).unwrap_or(u64::MAX));
            let known = known.clone();
            self.hub.complete(&open.part_key(&self.stream, &known, number), it.body);
        }
        open.parts.push(part.record);
        open.seems_whole = part.is_last;
        self.hub.announce(&self.stream, open.clone());
        self.metrics.parts.inc();
        self.metrics.part_seconds.observe(waited.as_secs_f64());
        debug!(
            stream.name = %self.stream,
            segment.epoch = epoch,
            segment.sequence = open.sequence,
            part.number = number,
            part.end = part.record.end,
            part.waited_us = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX),
            "announced part {number} of segment {}",
            open.sequence,
        );
    }

    /// A segment is whole and goes to the writer: the next part is of the next one.
    pub(crate) fn segment(&self, segment: &Segment) {
        let mut state = self.lock();
        state.open = None;
        let (parts, renditions) = (Vec::new(), Vec::new());
        let NewSegment { start, end, calendar_ms, discontinuity, .. } = segment.new;
        let NewSegment { independent, target_duration_s, part_target_ms, .. } = segment.new;
        let new = NewSegment {
            start,
            end,
            calendar_ms,
            discontinuity,
            independent,
            target_duration_s,
            part_target_ms,
            parts,
            renditions,
        };
        let _ = state.ledger.segment(new, 0);
    }

    /// A segment is listed and in memory, under `entry` and with these bodies: its parts become
    /// stretches of it, and those of older ones are let go of.
    pub(crate) fn listed(&self, entry: &Entry, bodies: &[Bytes]) {
        let mut state = self.lock();
        if state.is_over {
            return;
        }
        let parts = parts_of(entry, &self.stream, bodies);
        let keys = parts.iter().map(|(key, _)| key.clone()).collect();
        for (key, bytes) in parts {
            self.hub.complete(&key, bytes);
        }
        state.whole.push_back(keys);
        while state.whole.len() > WHOLE_SEGMENTS {
            self.hub.forget(state.whole.pop_front().into_iter().flatten());
        }
    }

    /// The publication is over: nothing more is announced.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        if std::mem::replace(&mut state.is_over, true) {
            return;
        }
        self.hub.close(&self.stream);
        state.inits.drain(..).for_each(|key| self.memory.remove(&key));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rendition(part: &segmenter::PartBody) -> OpenRendition {
    OpenRendition {
        rendition: part.rendition.clone(),
        container: part.container,
        init: part.init,
        is_sound: part.is_sound,
        part_bytes: Vec::new(),
    }
}

/// The parts of a segment that is whole.
fn parts_of(entry: &Entry, stream: &StreamName, bodies: &[Bytes]) -> Vec<(MediaKey, Bytes)> {
    let timeline::Body::Segment(segment) = &entry.body else { return Vec::new() };
    let mut parts = Vec::new();
    for (record, body) in segment.renditions.iter().zip(bodies) {
        let mut rest = body.clone();
        for (part, length) in (0..).zip(&record.part_bytes) {
            let length = usize::try_from(*length).unwrap_or(usize::MAX).min(rest.len());
            let (sequence, container) = (segment.sequence, record.container);
            let key = MediaKey {
                stream: stream.clone(),
                rendition: record.rendition.clone(),
                epoch: entry.epoch,
                object: ObjectName::Part { sequence, part, container },
            };
            parts.push((key, rest.split_to(length)));
        }
    }
    parts
}
