//! What everything in an exam is handed to: requests, evidence, what was found.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use url::Url;

use super::progress::{Progress, State};
use crate::evidence::Traffic;
use crate::finding::{Faults, Ledger, Place};
use crate::options::Options;
use crate::probe::Subjects;
use crate::rule::Test;
use crate::rules::rules;
use crate::transport::Transport;

/// The middle of an exam.
pub(super) struct Desk {
    transport: Arc<dyn Transport>,
    pub(super) options: Options,
    progress: Arc<dyn Progress>,
    began: Instant,
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
        Self { transport, options, progress, began, noted, stopped, begun }
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
        Place { rendition: rendition.to_owned(), path: shown(url, self.options.token.as_deref()) }
    }

    /// Puts one piece of evidence to every rule that looks at such. `test` returns whether the
    /// rule's test does.
    pub(super) fn judge(&self, place: &Place, test: impl Fn(&Test, &mut Faults<'_>)) {
        let at = self.at();
        for rule in rules() {
            let mut sentences = Vec::new();
            test(&rule.test, &mut Faults::new(&mut sentences));
            if !sentences.is_empty() {
                self.noted().ledger.note(rule, place, at, sentences);
            }
        }
    }

    /// Notes what only the exam itself can find.
    pub(super) fn fault(&self, id: &str, place: &Place, sentence: impl Into<String>) {
        if let Some(rule) = rules().find(|rule| rule.id == id) {
            self.noted().ledger.note(rule, place, self.at(), vec![sentence.into()]);
        }
    }
}

/// The path of a URL, without what lets people in.
pub(crate) fn shown(url: &Url, token: Option<&str>) -> String {
    let mut words: Vec<_> = url.path().split('/').collect();
    if let Some(at) = words.iter().position(|word| *word == "t")
        && let Some(word) = words.get_mut(at + 1)
    {
        *word = "…";
    }
    let path = words.join("/");
    match token.filter(|token| !token.is_empty()) {
        Some(token) => path.replace(token, "…"),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_shows_no_secret() {
        let check = |url: &str, token: Option<&str>, expected: &str| {
            assert_eq!(shown(&Url::parse(url).unwrap(), token), expected);
        };
        check("http://me:pw@host/a/b.ts?token=x#y", None, "/a/b.ts");
        check("http://host/t/secret/live/a/index.m3u8", None, "/t/…/live/a/index.m3u8");
        check("http://host/k-secret/a.ts", Some("secret"), "/k-…/a.ts");
        check("http://host/live/t", None, "/live/t");
    }
}
