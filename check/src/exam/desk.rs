//! What everything in an exam is handed to: requests, evidence, what was found.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use hls::read::{self, Document, Given};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use url::Url;

use super::progress::{Progress, State};
use crate::evidence::Traffic;
use crate::finding::{Faults, Ledger, Place};
use crate::options::Options;
use crate::probe::Subjects;
use crate::rule::{Rule, Test};
use crate::rules::rules;
use crate::secrets::Secrets;
use crate::transport::Transport;

/// The middle of an exam.
pub(super) struct Desk {
    transport: Arc<dyn Transport>,
    pub(super) options: Options,
    progress: Arc<dyn Progress>,
    began: Instant,
    secrets: OnceLock<Secrets>,
    /// What media playlists may import (`EXT-X-DEFINE`).
    variables: OnceLock<BTreeMap<String, String>>,
    noted: Mutex<Noted>,
    stopped: watch::Sender<bool>,
    /// Whether a segment was fetched.
    begun: watch::Sender<bool>,
}

/// What was noted so far.
#[derive(Default)]
pub(super) struct Noted {
    pub(super) ledger: Ledger,
    pub(super) state: State,
    pub(super) traffic: Traffic,
    /// One of each kind that was fetched, for requests that are made on purpose.
    pub(super) subjects: Subjects,
}

impl Desk {
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        options: Options,
        progress: Arc<dyn Progress>,
    ) -> Self {
        let noted = Mutex::new(Noted::default());
        let (began, stopped) = (Instant::now(), watch::Sender::new(false));
        let begun = watch::Sender::new(false);
        let (secrets, variables) = (OnceLock::new(), OnceLock::new());
        Self { transport, options, progress, began, secrets, variables, noted, stopped, begun }
    }

    /// The text without what is secret.
    pub(super) fn hide(&self, text: &str) -> String {
        self.secrets.get().map_or_else(|| Secrets::default().hide(text), |it| it.hide(text))
    }

    /// What is secret of the URL that the user gave, and of the options, is said nowhere.
    pub(super) fn keep_secret(&self, url: &Url) {
        self.secrets.get_or_init(|| Secrets::of(&self.options, url));
    }

    /// Reads a playlist that came from `url`, with the variables that it may use.
    pub(super) fn read(&self, text: &[u8], url: &Url) -> Document {
        let imported = self.variables.get().cloned().unwrap_or_default();
        let query = url.query_pairs().into_owned().collect();
        read::read_with(text, &Given { imported, query })
    }

    /// What media playlists may import from the multivariant playlist.
    pub(super) fn define(&self, variables: &BTreeMap<String, String>) {
        self.variables.get_or_init(|| variables.clone());
    }

    /// Since the exam began.
    pub(super) fn at(&self) -> Duration {
        self.began.elapsed()
    }

    /// Milliseconds since the Unix epoch.
    pub(super) fn unix_ms(&self) -> i64 {
        let at_ms = i64::try_from(self.at().as_millis()).unwrap_or(i64::MAX);
        self.options.began_unix_ms.saturating_add(at_ms)
    }

    /// Whether a live stream was watched for long enough.
    pub(super) fn is_over(&self) -> bool {
        self.is_stopped() || self.at() >= self.options.duration
    }

    /// Whether nothing new is to be begun.
    pub(super) fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    /// Nothing new is to be begun.
    pub(super) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Waits until nothing new was begun for so long.
    pub(super) async fn stopped_for(&self, length: Duration) {
        // It cannot be gone.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
        tokio::time::sleep(length).await;
    }

    /// Waits for so long, or until nothing new is to be begun.
    pub(super) async fn pause(&self, length: Duration) {
        let mut stopped = self.stopped.subscribe();
        // It cannot be gone, and nothing comes of it if the time is over first.
        let _ = timeout(length, stopped.wait_for(|stopped| *stopped)).await;
    }

    /// A segment was fetched.
    pub(super) fn begin(&self) {
        self.begun.send_replace(true);
    }

    /// Waits until a segment was fetched.
    pub(super) async fn begun(&self) {
        // It cannot be gone.
        let _ = self.begun.subscribe().wait_for(|begun| *begun).await;
    }

    /// For requests that are no plain ones.
    pub(super) const fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    pub(super) fn noted(&self) -> MutexGuard<'_, Noted> {
        // What is noted is whole between any two statements, so a panic elsewhere spoils nothing.
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is shown of the exam, and shows it.
    pub(super) fn progress(&self, change: impl FnOnce(&mut State)) {
        let mut noted = self.noted();
        change(&mut noted.state);
        noted.state.at = self.at();
        noted.state.findings = noted.ledger.counts();
        let state = noted.state.clone();
        drop(noted);
        self.progress.show(&state);
    }

    /// Where `url` is, without its secrets.
    pub(super) fn place(&self, rendition: &str, url: &Url) -> Place {
        self.place_of(rendition, url.path())
    }

    /// Where something is that is listed under this URI.
    pub(super) fn place_of(&self, rendition: &str, uri: &str) -> Place {
        let path = uri.split('?').next().unwrap_or_default();
        Place { rendition: self.hide(rendition), path: self.hide(path) }
    }

    /// Puts one piece of evidence to every rule that looks at such. `test` returns whether the
    /// rule's test does.
    pub(super) fn judge(&self, place: &Place, test: impl Fn(&Test, &mut Faults<'_>)) {
        let at = self.at();
        for rule in rules() {
            let mut sentences = Vec::new();
            test(&rule.test, &mut Faults::new(&mut sentences));
            if !sentences.is_empty() {
                self.note(rule, place, at, &sentences);
            }
        }
    }

    /// Notes what only the exam itself can find.
    pub(super) fn fault(&self, id: &str, place: &Place, sentence: impl Into<String>) {
        if let Some(rule) = rules().find(|rule| rule.id == id) {
            self.note(rule, place, self.at(), &[sentence.into()]);
        }
    }

    fn note(&self, rule: &'static Rule, place: &Place, at: Duration, sentences: &[String]) {
        let shown = sentences.iter().map(|sentence| self.hide(sentence)).collect();
        self.noted().ledger.note(rule, place, at, shown);
    }
}
