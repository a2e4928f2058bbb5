//! Streams whose open segments are followed at other nodes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{self, Duration};

use http_body_util::BodyExt;
use parts::OpenWatch;
use runtime::Seldom;
use timeline::{OpenSegment, StreamName};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{debug, warn};

use super::ask::Asker;
use super::{Trouble, broken};
use crate::lines::Lines;
use crate::{OPEN, framing};

/// The streams that somebody watches, each with a connection of its own.
#[derive(Clone, Debug)]
pub(super) struct Followed(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    asker: Arc<Asker>,
    streams: Mutex<HashMap<Place, Told>>,
    troubles: Mutex<Seldom>,
}

/// How often troubles are reported: a node that dies is the trouble of all its streams.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// A node's URL and a stream of it.
type Place = (Arc<str>, StreamName);
/// What the node told last; nothing while it does not answer.
type Told = watch::Sender<Option<Arc<OpenSegment>>>;

impl Followed {
    pub(super) fn new(asker: Arc<Asker>) -> Self {
        let troubles = Mutex::new(Seldom::new(REPORT_EVERY));
        Self(Arc::new(Shared { asker, streams: Mutex::default(), troubles }))
    }

    pub(super) fn watch(&self, node: Arc<str>, stream: &StreamName) -> Result<OpenWatch, Trouble> {
        let mut streams = self.0.lock();
        let place = (node, stream.clone());
        if let Some(told) = streams.get(&place) {
            return Ok(told.subscribe());
        }
        let limit = self.0.asker.limits.followed_max;
        if streams.len() >= limit {
            return Err(Trouble::Busy { limit });
        }
        let (told, watch) = watch::channel(None);
        streams.insert(place.clone(), told.clone());
        tokio::spawn(Arc::clone(&self.0).follow(place, told));
        Ok(watch)
    }

    pub(super) fn len(&self) -> usize {
        self.0.lock().len()
    }
}

impl Shared {
    /// Follows a stream for as long as somebody watches.
    async fn follow(self: Arc<Self>, place: Place, told: Told) {
        tokio::select! {
            () = self.unwatched(&place, &told) => {}
            () = self.listen_again(&place, &told) => {}
        }
    }

    /// Waits until nobody watches, and takes the stream out.
    async fn unwatched(&self, place: &Place, told: &Told) {
        loop {
            told.closed().await;
            let mut streams = self.lock();
            // Somebody may have come at the last moment.
            if told.receiver_count() == 0 {
                streams.remove(place);
                return;
            }
        }
    }

    /// Listens, and when that breaks, tells so and listens again after a pause.
    async fn listen_again(&self, place: &Place, told: &Told) {
        let limits = self.asker.limits;
        let mut pause = limits.pause_min;
        let mut is_news = true;
        loop {
            let begun = Instant::now();
            let trouble = self.listen(place, told).await;
            told.send_if_modified(|told| told.take().is_some());
            if begun.elapsed() > limits.pause_max {
                (pause, is_news) = (limits.pause_min, true);
            }
            self.report(place, &trouble, is_news);
            sleep(pause).await;
            (pause, is_news) = (pause.saturating_mul(2).min(limits.pause_max), false);
        }
    }

    /// Tells what the node tells, until it does not.
    async fn listen(&self, (node, stream): &Place, told: &Told) -> Trouble {
        let response = match self.asker.ask(node, &format!("{OPEN}{stream}")).await {
            Ok(response) => response,
            Err(trouble) => return trouble,
        };
        if let Err(trouble) = framing::length(&response) {
            return trouble;
        }
        let limits = self.asker.limits;
        let mut lines = Lines::new(limits.line_bytes_max);
        let mut body = response.into_body();
        let mut deadline = Instant::now() + limits.line_time_max;
        loop {
            // By lines and not by bytes: one that never ends tells nothing.
            let Ok(frame) = timeout_at(deadline, body.frame()).await else {
                return Trouble::Silent(limits.line_time_max);
            };
            match frame {
                None => return Trouble::Ended,
                Some(Err(error)) => return broken(&error),
                Some(Ok(frame)) => lines.push(frame.data_ref().map_or(&[][..], |data| data)),
            }
            loop {
                match lines.pull() {
                    Ok(Some(line)) => match take(&line, told) {
                        Ok(()) => deadline = Instant::now() + limits.line_time_max,
                        Err(error) => return error.into(),
                    },
                    Ok(None) => break,
                    Err(error) => return error.into(),
                }
            }
        }
    }

    /// Reports the first of a row of troubles. The others are the same one.
    fn report(&self, (node, stream): &Place, trouble: &Trouble, is_news: bool) {
        let event = || {
            let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
            troubles.event(time::Instant::now())
        };
        if let Some(count) = is_news.then(event).flatten() {
            warn!(
                stream.name = %stream,
                node.url = %node,
                count,
                "cannot follow {stream} at {node} for now: {trouble}"
            );
        } else {
            debug!(stream.name = %stream, node.url = %node, "cannot follow {stream}: {trouble}");
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Told>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells what a line says. An empty one says that the node is still there.
fn take(line: &[u8], told: &Told) -> Result<(), serde_json::Error> {
    if line.is_empty() {
        return Ok(());
    }
    let open: Option<OpenSegment> = serde_json::from_slice(line)?;
    let open = open.map(Arc::new);
    told.send_if_modified(|told| {
        let is_new = *told != open;
        *told = open;
        is_new
    });
    Ok(())
}
