//! Answers what edges ask.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use journal::{Journal, JournalError, Position};
use origin::{CacheControl, Document, Origin, OriginError};
use parts::PartSource;
use runtime::{Drain, unix_ms};
use store::{LiveFirst, StoreError};
use timeline::{ObjectKey, ObjectName, Query, Reload, RenditionId, Resource, StreamName};
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::archive::{ArchiveError, Recordings};
use crate::follow::{Follower, Shown};
use crate::pages::Library;
use crate::part::Asked;
use crate::settings::{KnownSettings, Settings, SettingsSource};
use crate::turns::Turns;
use crate::view::Stretch;
use crate::{open, reload, settings};

/// How long a stream that nobody asks for is still followed.
const IDLE: Duration = Duration::from_secs(300);
/// When to ask again what could not be read.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The playlist service.
#[derive(Debug)]
pub struct Playlist {
    pub(crate) known: Arc<KnownSettings>,
    journal: Arc<dyn Journal>,
    pub(crate) objects: Arc<LiveFirst>,
    pub(crate) parts: Arc<dyn PartSource>,
    library: Arc<Library>,
    streams: DashMap<StreamName, Followed>,
    /// Who reads a stream for the first time, and when it was looked for last, in vain.
    opening: Turns<StreamName, Option<Instant>>,
    recordings: Arc<Recordings>,
}

/// A stream that is followed. Dropping it ends that.
#[derive(Debug)]
struct Followed {
    follower: Arc<Follower>,
    tasks: [AbortHandle; 3],
}

impl Playlist {
    /// A service that reads `journal` and `objects`, and asks `parts` for what is not whole yet.
    /// All streams get the same.
    #[must_use]
    pub fn new(
        settings: Settings,
        journal: Arc<dyn Journal>,
        objects: Arc<LiveFirst>,
        parts: Arc<dyn PartSource>,
    ) -> Self {
        Self::with_settings(settings, Arc::new(settings), journal, objects, parts)
    }

    /// The same, where each stream gets what `source` says, and `defaults` as long as it does not.
    #[must_use]
    pub fn with_settings(
        defaults: Settings,
        source: Arc<dyn SettingsSource>,
        journal: Arc<dyn Journal>,
        objects: Arc<LiveFirst>,
        parts: Arc<dyn PartSource>,
    ) -> Self {
        let known = Arc::new(KnownSettings::new(defaults, source));
        let (read, kept) = (Arc::clone(&journal), Arc::clone(&objects));
        let recordings = Arc::new(Recordings::new(Arc::clone(&known), read, kept));
        let library = Arc::new(Library::new(Arc::clone(&objects.store)));
        let (streams, opening) = (DashMap::new(), Turns::default());
        Self { known, journal, objects, parts, library, streams, opening, recordings }
    }

    /// Its recordings and clips.
    #[must_use]
    pub const fn recordings(&self) -> &Arc<Recordings> {
        &self.recordings
    }

    /// What a stream gets has changed. Without being told it is known ten seconds later.
    pub fn settings_changed(&self, stream: &StreamName) {
        self.known.tell(stream);
        if let Some(followed) = self.streams.get(stream) {
            followed.follower.settings_changed();
        }
    }

    /// What any stream gets may have changed.
    pub fn all_settings_changed(&self) {
        self.known.tell_all();
        self.streams.iter().for_each(|followed| followed.follower.settings_changed());
    }

    /// Deletes what there is of a stream, as [`Recordings::delete_stream`] does, and serves it no
    /// more.
    ///
    /// # Errors
    ///
    /// When some of it may still be there; to try again does no harm.
    pub async fn delete_stream(
        &self,
        stream: &StreamName,
        with_recordings: bool,
    ) -> Result<(), ArchiveError> {
        self.recordings.delete_stream(stream, with_recordings).await?;
        self.streams.remove(stream);
        Ok(())
    }

    /// Forgets streams that nobody asks for, until the process drains.
    pub async fn run(self: Arc<Self>, mut drain: Drain) {
        let mut tick = interval(IDLE / 10);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = drain.started() => break,
                _ = tick.tick() => self.forget_idle(Instant::now()),
            }
        }
        self.streams.clear();
    }

    pub(crate) fn forget_idle(&self, now: Instant) {
        self.streams.retain(|_, Followed { follower, .. }| {
            let last_used = *follower.last_used.lock().unwrap_or_else(PoisonError::into_inner);
            now.duration_since(last_used) < IDLE
        });
    }

    fn followed(&self, name: &StreamName) -> Option<Arc<Follower>> {
        let follower = Arc::clone(&self.streams.get(name)?.follower);
        *follower.last_used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Some(follower)
    }

    pub(crate) async fn follower(&self, name: &StreamName) -> Result<Arc<Follower>, OriginError> {
        if let Some(follower) = self.followed(name) {
            return Ok(follower);
        }
        // A crowd that comes all at once has the journal read once.
        let asked_at = Instant::now();
        let mut turn = self.opening.take(name.clone()).await;
        if let Some(follower) = self.followed(name) {
            return Ok(follower);
        }
        if turn.is_some_and(|looked_at| looked_at >= asked_at) {
            return Err(OriginError::NotLiveYet(name.clone()));
        }
        let looks_at = Instant::now();
        let opened = self.open(name).await.map_err(|error| unavailable("the journal", error))?;
        let Some((follower, position)) = opened else {
            *turn = Some(looks_at);
            return Err(OriginError::NotLiveYet(name.clone()));
        };
        Ok(match self.streams.entry(name.clone()) {
            Entry::Occupied(entry) => Arc::clone(&entry.get().follower),
            Entry::Vacant(entry) => {
                let following = Arc::clone(&follower).follow(Arc::clone(&self.journal), position);
                let announced = open::follow(Arc::clone(&follower), Arc::clone(&self.parts));
                let set = settings::follow(Arc::clone(&follower), Arc::clone(&self.known));
                let tasks = [tokio::spawn(following), tokio::spawn(announced), tokio::spawn(set)];
                let tasks = tasks.map(|task| task.abort_handle());
                entry.insert(Followed { follower: Arc::clone(&follower), tasks });
                follower
            }
        })
    }

    async fn open(
        &self,
        name: &StreamName,
    ) -> Result<Option<(Arc<Follower>, Position)>, JournalError> {
        // Anybody may ask for any name: nothing more is asked of one that is no stream's.
        if self.journal.newest(name).await?.is_none() {
            return Ok(None);
        }
        let own = self.known.serve(name).await;
        Follower::open(&self.journal, name, own, &self.library).await
    }

    async fn playlist(&self, name: &StreamName, which: Shown) -> Result<Document, OriginError> {
        let follower = self.follower(name).await?;
        let oldest_ms = unix_ms().saturating_sub(follower.settings().retention_ms);
        let document = follower.document(&which, oldest_ms).await?;
        document.ok_or_else(|| match which {
            Shown::Media(rendition, ..) if !follower.is_empty() && !follower.has(&rendition) => {
                OriginError::NoRendition(name.clone(), rendition)
            }
            Shown::Multivariant(Some(container), ..) if !follower.is_empty() => {
                OriginError::NoContainer(name.clone(), container)
            }
            Shown::Media(..) | Shown::Multivariant(..) => OriginError::NotLiveYet(name.clone()),
        })
    }

    /// The playlist of a rendition, once what the query waits for is in it.
    async fn media(
        &self,
        name: &StreamName,
        rendition: &RenditionId,
        query: &Query,
    ) -> Result<Document, OriginError> {
        let follower = self.follower(name).await?;
        let now_ms = unix_ms();
        let stretch = follower.settings().stretch(query.view, now_ms);
        let which = Shown::Media(rendition.clone(), stretch, query.reload.skip);
        // What is not there at all is not waited for.
        if query.reload.after.is_some() && !follower.has(rendition) {
            return self.playlist(name, which).await;
        }
        // Nothing is added to a stretch that is over, so there is nothing to wait for. It is over
        // when the stream has come to its end, which is a while after the clock has.
        let is_over = match stretch {
            Stretch::From(_, Some(end_ms)) => follower.has_come_to(end_ms),
            Stretch::From(_, None) | Stretch::Last(_) => false,
        };
        let after = query.reload.after.filter(|_| !is_over);
        let reload = Reload { after, ..query.reload };
        let cache_control = reload::wait(&follower, rendition, reload).await?;
        let document = self.playlist(name, which).await?;
        Ok(Document { cache_control, ..document })
    }

    /// The object, once it is there if it is the very next one.
    async fn object(&self, key: &ObjectKey) -> Result<Document, OriginError> {
        if let ObjectKey::Media(media) = key
            && let ObjectName::Part { sequence, part, container } = media.object
        {
            return self.part(Asked { key: media, sequence, part, container }).await;
        }
        let missing = match self.objects.get(key).await {
            Err(StoreError::NotFound { .. }) => OriginError::NoObject(key.clone()),
            other => return found(key, other),
        };
        let ObjectKey::Media(media) = key else { return Err(missing) };
        let Ok(follower) = self.follower(&media.stream).await else { return Err(missing) };
        if let Some(origin_url) = follower.owner_of(media) {
            return found(key, self.objects.get_of(key, Some(&origin_url)).await);
        }
        let sequence = match media.object {
            ObjectName::Segment { sequence, .. } => sequence,
            // It is there before anything names it.
            ObjectName::Init { .. } | ObjectName::Part { .. } => return Err(missing),
        };
        let mut version = follower.watch();
        let now = follower.now();
        let is_next = now.is_live && media.epoch == now.epoch && sequence == now.next_sequence;
        if !is_next || !follower.has(&media.rendition) {
            return Err(OriginError::NoObject(key.clone()));
        }
        let target_duration = Duration::from_secs(now.target_duration_s.unwrap_or(1).into());
        let deadline = Instant::now() + target_duration * 2;
        while follower.now() == now {
            // The journal went on, or it is time to say that there is nothing.
            if !matches!(timeout_at(deadline, version.changed()).await, Ok(Ok(()))) {
                return Err(OriginError::NoObject(key.clone()));
            }
        }
        let origin_url = follower.owner_of(media);
        found(key, self.objects.get_of(key, origin_url.as_deref()).await)
    }
}

#[async_trait]
impl Origin for Playlist {
    async fn fetch(&self, resource: &Resource) -> Result<Document, OriginError> {
        match resource {
            Resource::Multivariant(name, container, view) => {
                let now_ms = unix_ms();
                let settings = self.follower(name).await?.settings();
                let view = settings.canonical(*view, now_ms);
                let stretch = settings.stretch(view, now_ms);
                self.playlist(name, Shown::Multivariant(*container, view, stretch)).await
            }
            Resource::Media(name, rendition, query) => self.media(name, rendition, query).await,
            Resource::Object(key) => self.object(key).await,
            Resource::Recording(id, container) => {
                self.recordings.multivariant(id, *container).await
            }
            Resource::RecordingMedia(id, rendition) => self.recordings.media(id, rendition).await,
            Resource::Export(id) => self.recordings.export(id).await,
        }
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

pub(crate) fn found(
    key: &ObjectKey,
    result: Result<bytes::Bytes, StoreError>,
) -> Result<Document, OriginError> {
    match result {
        Ok(body) => Ok(Document {
            body: body.into(),
            gzip: None,
            content_type: key.content_type(),
            cache_control: CacheControl::Immutable,
            etag: etag(key),
        }),
        Err(StoreError::NotFound { .. }) => Err(OriginError::NoObject(key.clone())),
        Err(error) => Err(unavailable("the object store", error)),
    }
}

/// The key is never used twice, so it tells versions apart as well as a digest.
fn etag(key: &ObjectKey) -> Box<str> {
    let path = key.path();
    let below = path.strip_prefix(key.stream().as_str()).unwrap_or(&path);
    below.trim_start_matches('/').replace('/', "-").into()
}

pub(crate) fn unavailable(
    what: &'static str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> OriginError {
    OriginError::Unavailable { what, retry_after: RETRY_AFTER, source: Box::new(source) }
}
