//! What each stream gets, as it is known here.

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use journal::BoxError;
use timeline::{StreamName, WindowPolicy};
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, warn};

use crate::follow::Follower;

/// How long an answer is believed.
const BELIEVED: Duration = Duration::from_secs(10);
/// How long a source may take. Whoever asks for a stream for the first time waits for it.
const ASK_TIMEOUT: Duration = Duration::from_secs(2);
/// What was listed under settings that hold no more must stay for as long as the list was (RFC
/// 8216, 6.2.2), and for this long: other nodes may not have heard of the change, and the last
/// segment has its own length.
const EARLIER_MORE: Duration = Duration::from_secs(60);

/// What a stream gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How much a live playlist lists at least.
    pub window: WindowPolicy,
    /// How far back viewers can rewind, in milliseconds.
    pub dvr_window_ms: i64,
    /// Whether every broadcast becomes a recording when it ends.
    pub record: bool,
    /// How long a segment is kept after it ended, in milliseconds.
    pub retention_ms: i64,
}

/// Says what each stream gets. [`Settings`] are a source themselves, which says the same of all.
#[async_trait]
pub trait SettingsSource: Debug + Send + Sync + 'static {
    /// What `stream` gets. Of a stream that is not known, or not any more, what any stream gets.
    ///
    /// # Errors
    ///
    /// When that is not known for now: the last answer is believed on, and of a stream that there
    /// was none for, nothing is deleted.
    async fn settings(&self, stream: &StreamName) -> Result<Settings, BoxError>;
}

#[async_trait]
impl SettingsSource for Settings {
    async fn settings(&self, _: &StreamName) -> Result<Self, BoxError> {
        Ok(*self)
    }
}

/// What sources have said, and what was served by it.
#[derive(Debug)]
pub(crate) struct KnownSettings {
    /// What streams are served with of which nothing is known.
    defaults: Settings,
    source: Arc<dyn SettingsSource>,
    streams: Mutex<BTreeMap<StreamName, Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// What it is served with; none if nobody has asked.
    served: Option<Settings>,
    /// Whether the source has said that.
    is_said: bool,
    /// When the source was asked last, in vain or not.
    asked_at: Option<Instant>,
    /// When somebody said that it has changed.
    changed_at: Option<Instant>,
    /// The longest of what it was served with before, and until when that counts.
    earlier: Option<(Settings, Instant)>,
    shown_first: Arc<AtomicU64>,
}

/// What a follower begins with.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub(crate) settings: Settings,
    /// The first segment that the longest playlist had last. None begins before it again, however
    /// much longer it is to be: a media sequence number never goes back (RFC 8216, 6.2.2).
    pub(crate) shown_first: Arc<AtomicU64>,
}

impl From<Settings> for Own {
    fn from(settings: Settings) -> Self {
        Self { settings, shown_first: Arc::default() }
    }
}

impl Settings {
    /// Both together: what is listed or kept by either.
    fn longest(self, other: Self) -> Self {
        let length_ms = self.window.length_ms.max(other.window.length_ms);
        Self {
            window: WindowPolicy { length_ms },
            dvr_window_ms: self.dvr_window_ms.max(other.dvr_window_ms),
            record: self.record || other.record,
            retention_ms: self.retention_ms.max(other.retention_ms),
        }
    }
}

impl KnownSettings {
    pub(crate) fn new(defaults: Settings, source: Arc<dyn SettingsSource>) -> Self {
        Self { defaults, source, streams: Mutex::default() }
    }

    /// What a stream is to be served with.
    pub(crate) async fn serve(&self, name: &StreamName) -> Own {
        self.ask(name).await;
        let mut streams = self.lock();
        let known = streams.entry(name.clone()).or_default();
        let settings = *known.served.get_or_insert(self.defaults);
        Own { settings, shown_first: Arc::clone(&known.shown_first) }
    }

    /// What the source said last of a stream; `None` if it never did.
    pub(crate) async fn said(&self, name: &StreamName) -> Option<Settings> {
        self.ask(name).await;
        self.lock().get(name).filter(|known| known.is_said)?.served
    }

    /// What must stay of a stream: also what was listed a while ago. `None` if the source never
    /// said, so that all of it must.
    pub(crate) async fn keep(&self, name: &StreamName) -> Option<Settings> {
        let settings = self.said(name).await?;
        let now = Instant::now();
        let earlier = self.lock().get(name)?.earlier.filter(|(_, until)| *until > now);
        Some(earlier.map_or(settings, |(earlier, _)| settings.longest(earlier)))
    }

    /// What a stream gets has changed: it is asked anew.
    pub(crate) fn tell(&self, name: &StreamName) {
        if let Some(known) = self.lock().get_mut(name) {
            known.changed_at = Some(Instant::now());
        }
    }

    /// What any stream gets may have changed.
    pub(crate) fn tell_all(&self) {
        let now = Instant::now();
        self.lock().values_mut().for_each(|known| known.changed_at = Some(now));
    }

    async fn ask(&self, name: &StreamName) {
        let now = Instant::now();
        if self.lock().get(name).is_some_and(|known| known.is_fresh(now)) {
            return;
        }
        let answer = match timeout(ASK_TIMEOUT, self.source.settings(name)).await {
            Ok(answer) => answer,
            Err(_) => Err("there is no answer in time".into()),
        };
        let mut streams = self.lock();
        let known = streams.entry(name.clone()).or_default();
        known.asked_at = Some(now);
        match answer {
            Ok(settings) => known.learn(settings, Instant::now()),
            Err(error) if known.is_said => {
                debug!(stream.name = %name, %error, "what is known of `{name}` is believed on: {error}");
            }
            Err(error) => {
                warn!(stream.name = %name, %error, "`{name}` has the settings of this node for now, its own cannot be read: {error}");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<StreamName, Known>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn is_fresh(&self, now: Instant) -> bool {
        let is_believed = |asked: Instant| {
            now.duration_since(asked) < BELIEVED && self.changed_at.is_none_or(|it| it < asked)
        };
        self.asked_at.is_some_and(is_believed)
    }

    fn learn(&mut self, settings: Settings, now: Instant) {
        let before = self.served.replace(settings).filter(|before| *before != settings);
        self.is_said = true;
        let Some(before) = before else { return };
        let earlier = self.earlier.filter(|(_, until)| *until > now);
        let longest = earlier.map_or(before, |(earlier, _)| earlier.longest(before));
        let back = Duration::from_millis(u64::try_from(longest.back_ms()).unwrap_or(0));
        let until = now.checked_add(back.saturating_add(EARLIER_MORE));
        self.earlier = Some((longest, until.unwrap_or(now + BELIEVED)));
    }
}

/// Keeps a follower's settings what they should be, for as long as it is polled.
pub(crate) async fn follow(follower: Arc<Follower>, known: Arc<KnownSettings>) {
    loop {
        let Own { settings, .. } = known.serve(&follower.name).await;
        follower.want(settings);
        tokio::select! {
            () = sleep(BELIEVED) => {}
            () = follower.settings_change() => {}
        }
    }
}
