//! What all connections of a node share.

use std::sync::Arc;
use std::time::Duration;

use accounts::Subject;
use authz::{PublishAuthority, PublishGrant, PublishRequest};
use journal::{AppendError, Journal, Position};
use parts::Hub;
use runtime::unix_ms;
use segmenter::{Diagnosis, LowLatency};
use store::{LiveMemory, ObjectStore, Spool, Uploader};
use timeline::{Claimant, Entry, Ledger, StreamName, boundary_ms};
use token::Revocation;
use tokio::time::{Instant, sleep};

use crate::announcer::Announcer;
use crate::publisher::{Fixed, Publisher};
use crate::registry::{Candidate, Leave, Registry};
use crate::revoked::SKEW_MS;
use crate::waits::Waits;
use crate::writer::Writer;
use crate::{Metrics, Refusal, Revoked, Settings, SettingsSource, StreamSettings};

/// How far behind the timeline of an earlier publication the next one begins, in milliseconds:
/// pictures are decoded up to half a second before they are shown.
const BEHIND_MS: i64 = 1_000;
/// Claims that may be lost to other nodes before a publisher is told that somebody came after it.
const CLAIM_ATTEMPTS: u32 = 8;
/// How long a journal that does not answer is asked again before a publisher is turned away.
const CLAIM_PATIENCE: Duration = Duration::from_secs(3);
/// How long after a failure it is asked again.
const CLAIM_AGAIN_AFTER: Duration = Duration::from_millis(500);
/// How long after a failure it is asked again what became of a claim.
const DISOWN_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// An ingest node without its sockets.
#[derive(Debug)]
pub struct Node {
    pub(crate) settings: Settings,
    pub(crate) parts: Parts,
    pub(crate) metrics: Metrics,
    pub(crate) registry: Arc<Registry>,
    pub(crate) waits: Waits,
}

/// The ports that a node works with.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Who may publish.
    pub authority: Arc<dyn PublishAuthority>,
    /// What streams get.
    pub settings: Arc<dyn SettingsSource>,
    /// Where streams are claimed and segments listed.
    pub journal: Arc<dyn Journal>,
    /// Newest segments, for the playlist service.
    pub memory: Arc<LiveMemory>,
    /// Where parts of segments are announced.
    pub hub: Hub,
    /// Segments on their way to the store.
    pub spool: Arc<Spool>,
    /// Takes them there.
    pub uploader: Uploader,
    /// Where they go.
    pub store: Arc<dyn ObjectStore>,
}

impl Node {
    /// A node with these parts.
    #[must_use]
    pub fn new(settings: Settings, parts: Parts, metrics: Metrics) -> Arc<Self> {
        let waits = Waits::new(Arc::clone(&parts.journal));
        Arc::new(Self { settings, parts, metrics, registry: Arc::default(), waits })
    }

    /// Asks whether `request` may publish, and takes its stream. What is revoked in between is
    /// revoked.
    ///
    /// # Errors
    ///
    /// When it may not, or the stream cannot be published here and now.
    pub async fn admit(
        self: &Arc<Self>,
        request: &PublishRequest<'_>,
    ) -> Result<(StreamName, Publisher), Refusal> {
        let evictions = self.registry.evictions();
        let granted_ms = unix_ms();
        let grant = self.parts.authority.decide(request).await?;
        let publisher = self.publish(&grant, granted_ms).await?;
        // Nobody evicts who has no place yet.
        if self.registry.evictions() != evictions {
            let again = self.parts.authority.decide(request).await?;
            if (&again.stream, &again.subject) != (&grant.stream, &grant.subject) {
                return Err(Refusal::Revoked(Revoked::Key));
            }
        }
        Ok((grant.stream, publisher))
    }

    /// Takes the stream of a publisher that was let in at `granted_ms` (milliseconds since the Unix
    /// epoch): whoever publishes it now leaves first, with everything that it sent, and then the
    /// claim is appended to the journal.
    ///
    /// # Errors
    ///
    /// When the stream cannot be published here and now.
    pub async fn publish(
        self: &Arc<Self>,
        grant: &PublishGrant,
        granted_ms: i64,
    ) -> Result<Publisher, Refusal> {
        let stream = &grant.stream;
        let settings = self.parts.settings.settings(stream).await.map_err(Refusal::Settings)?;
        let Settings { name_taken: policy, publishers_max, .. } = self.settings;
        let candidate = Candidate { grant, granted_ms, policy, publishers_max };
        let (place, predecessor) = self.registry.take(candidate)?;
        if let Some(predecessor) = predecessor {
            // Also when somebody came after us: who waits for our place waits for all before it.
            predecessor.gone().await;
        }
        match *place.leave().borrow() {
            None => {}
            Some(Leave::Replaced) => return Err(Refusal::Overtaken),
            Some(Leave::Revoked(revoked)) => return Err(Refusal::Revoked(revoked)),
        }
        let (ledger, position) = self.claim(stream, &settings).await?;
        let head = ledger.head();
        let fixed = Fixed {
            target_duration_s: head.target_duration_s.filter(|_| !head.begins_broadcast),
            part_target_ms: head.part_target_ms.filter(|_| !head.begins_broadcast),
            begins_at_ms: boundary_ms(head.timeline_end).saturating_add(BEHIND_MS),
        };
        let announcer = self.announcer(stream, &settings, &ledger);
        let writer = Writer::new(
            Arc::clone(self),
            stream.clone(),
            settings,
            ledger,
            position,
            place,
            announcer.clone(),
        );
        Ok(Publisher::new(&settings, fixed, writer, announcer))
    }

    /// Who tells of the parts of a publication, if there are any.
    fn announcer(
        &self,
        stream: &StreamName,
        settings: &StreamSettings,
        ledger: &Ledger,
    ) -> Option<Announcer> {
        if settings.low_latency == LowLatency::Off {
            return None;
        }
        let (hub, memory) = (self.parts.hub.clone(), Arc::clone(&self.parts.memory));
        Some(Announcer::new(hub, memory, self.metrics.clone(), stream.clone(), ledger.clone()))
    }

    /// What the stream doctor says of the publication of `stream`, as it was at most a few seconds
    /// ago; `None` if it is not published here.
    #[must_use]
    pub fn diagnosis(&self, stream: &StreamName) -> Option<Arc<Diagnosis>> {
        self.registry.diagnosis(stream)
    }

    /// Closes publications for which `revoked` has a reason: their encoders are told, what was
    /// received is kept, and their streams wait for a publisher that may. Others go on. Says how
    /// many are closed.
    pub fn evict(&self, revoked: impl Fn(&StreamName, &Subject) -> Option<Revoked>) -> usize {
        self.registry.evict(|stream, subject, _| revoked(stream, subject))
    }

    /// Closes publications that one of these revocations is about. Says how many are closed.
    pub fn revoke(&self, revocations: &[Revocation]) -> usize {
        self.registry.evict(|_, subject, granted_ms| {
            let older = |it: &&Revocation| granted_ms < it.at_ms.saturating_add(SKEW_MS);
            revocations.iter().filter(older).find_map(|it| Revoked::by(it, subject))
        })
    }

    async fn claim(
        self: &Arc<Self>,
        stream: &StreamName,
        settings: &StreamSettings,
    ) -> Result<(Ledger, Position), Refusal> {
        let reconnect_window = settings.reconnect_window;
        // What the journal did not answer for.
        let mut unheard: Option<(Ledger, Entry)> = None;
        let deadline = Instant::now() + CLAIM_PATIENCE;
        for _ in 0..CLAIM_ATTEMPTS {
            let refusal = match self.claim_once(stream, &mut unheard).await {
                Ok(Some(claimed)) => return Ok(claimed),
                // Another node was faster.
                Ok(None) => continue,
                Err(refusal) => refusal,
            };
            if unheard.is_none() || Instant::now() > deadline {
                self.disown(stream, reconnect_window, unheard);
                return Err(refusal);
            }
            sleep(CLAIM_AGAIN_AFTER).await;
        }
        self.disown(stream, reconnect_window, unheard);
        Err(Refusal::Overtaken)
    }

    async fn claim_once(
        &self,
        stream: &StreamName,
        unheard: &mut Option<(Ledger, Entry)>,
    ) -> Result<Option<(Ledger, Position)>, Refusal> {
        let journal = &self.parts.journal;
        let newest = journal.newest(stream).await?;
        if let (Some((ledger, opened)), Some(stored)) = (&*unheard, &newest)
            && *opened == *stored.entry
        {
            return Ok(Some((ledger.clone(), stored.position)));
        }
        let position = newest.as_ref().map_or(Position::START, |stored| stored.position);
        let Settings { node, origin_url, .. } = &self.settings;
        let claimant = Claimant { node: node.clone(), origin_url: origin_url.clone() };
        let (ledger, opened) =
            Ledger::claim(newest.as_ref().map(|stored| &*stored.entry), claimant, unix_ms());
        match journal.append(stream, position, &opened).await {
            Ok(position) => Ok(Some((ledger, position))),
            Err(AppendError::Stale { .. }) => Ok(None),
            Err(error @ AppendError::Unavailable { .. }) => {
                *unheard = Some((ledger, opened));
                Err(Refusal::Journal(error))
            }
        }
    }

    /// Sees to it that a stream ends which is claimed for a publisher that was turned away: the
    /// journal has the claim, perhaps, and did not say so.
    fn disown(
        self: &Arc<Self>,
        stream: &StreamName,
        wait: Duration,
        unheard: Option<(Ledger, Entry)>,
    ) {
        let Some((ledger, opened)) = unheard else { return };
        let (node, stream) = (Arc::clone(self), stream.clone());
        tokio::spawn(async move {
            let newest = loop {
                match node.parts.journal.newest(&stream).await {
                    Ok(newest) => break newest,
                    Err(_) => sleep(DISOWN_AGAIN_AFTER).await,
                }
            };
            // Whoever has claimed it since sees to its end.
            if let Some(stored) = newest.filter(|stored| *stored.entry == opened) {
                let until = Instant::now() + wait;
                node.waits.add(stream, ledger, stored.position, until);
            }
        });
    }
}
