//! An exam: fetches a presentation as a player would, and puts what comes to the rules.
//!
//! Everything waits on tokio's clock, so an exam of an hour over a transport in the same process
//! takes no longer than its work when that clock is paused.

mod decode;
mod desk;
mod edges;
mod fetch;
mod follow;
mod lone;
mod low_latency;
mod probes;
pub mod progress;
mod renditions;
mod retention;
mod segments;
#[cfg(test)]
mod tests;
mod window;

use std::sync::Arc;
use std::time::Duration;

use hls::read::{MultivariantPlaylist, Playlist};
use tokio::time::timeout;
use url::Url;

use self::desk::Desk;
use self::fetch::{ANSWER_WITHIN, Got, Known};
use self::follow::{Followed, Follower, judge_playlist};
use self::progress::Progress;
use crate::evidence::{PresentationEvidence, RenditionEvidence};
use crate::options::Options;
use crate::report::{Report, Summary};
use crate::rule::Test;
use crate::token::with_token;
use crate::transport::{Purpose, Transport};

/// How long what is under way may take when nothing new is to be begun: nobody who ends an exam
/// waits for a server that does not answer.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// An exam of one presentation.
pub struct Exam {
    desk: Arc<Desk>,
}

/// Ends an exam early.
#[derive(Clone)]
pub struct Stop {
    desk: Arc<Desk>,
}

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stop").finish_non_exhaustive()
    }
}

impl Stop {
    /// Ends it: nothing new is begun.
    pub fn stop(&self) {
        self.desk.stop();
    }
}

impl Exam {
    /// An exam that begins now.
    pub fn new(
        transport: Arc<dyn Transport>,
        options: Options,
        progress: Arc<dyn Progress>,
    ) -> Self {
        // The other edge lets nobody in without it either.
        let also = match (&options.also, &options.token) {
            (Some(also), Some(token)) => Some(with_token(also, token)),
            (also, _) => also.clone(),
        };
        let options = Options { also, ..options };
        Self { desk: Arc::new(Desk::new(transport, options, progress)) }
    }

    /// What ends it early, with a report of what was found until then.
    #[must_use]
    pub fn stop(&self) -> Stop {
        Stop { desk: Arc::clone(&self.desk) }
    }

    /// Examines what is at `url` to its end, or if it is live for as long as the options say.
    pub async fn run(self, url: Url) -> Report {
        let desk = self.desk;
        let url = match &desk.options.token {
            Some(token) => with_token(&url, token),
            None => url,
        };
        desk.keep_secret(&url);
        let examine = async {
            match desk.fetch(&url, None).await {
                Ok(got) => examine(&desk, &url, got).await,
                Err(failure) => {
                    desk.judge_failure("REACH", "", &url, &failure);
                    Vec::new()
                }
            }
        };
        let renditions = tokio::select! {
            renditions = examine => renditions,
            // What is under way then is not worth waiting for.
            () = desk.stopped_for(STOP_WITHIN) => Vec::new(),
        };
        let path = desk.place("", &url).path;
        let took = desk.at();
        let noted = desk.noted();
        let findings = noted.ledger.findings().into_iter().cloned().collect();
        let summary = Summary { took, state: noted.state.clone(), renditions, findings };
        Report::new(&desk.options, path, summary)
    }
}

/// Examines a presentation by its entry; the names of its renditions.
async fn examine(desk: &Arc<Desk>, url: &Url, entry: Got) -> Vec<String> {
    let document = desk.read(&entry.bytes, &entry.url);
    // What it lists is relative to where it came from, after redirects.
    let base = entry.url.clone();
    if document.playlist == Playlist::None && lone::is_segment(&base) {
        return vec![lone::examine(desk, entry).await];
    }
    let follow = async {
        match &document.playlist {
            Playlist::Media(_) => {
                let follower = Follower::new(Arc::clone(desk), url.clone(), String::new(), true);
                let follower = follower.also(desk.options.also.clone());
                follower.run(Some(entry)).await.into_iter().collect()
            }
            Playlist::Multivariant(listed) => {
                desk.define(&listed.variables);
                judge_playlist(desk, "", &entry, &document, true);
                let known = Known {
                    purpose: Purpose::Multivariant,
                    target_duration: None,
                    plays: None,
                    is_live: false,
                };
                desk.judge_exchange(&entry, known, "");
                renditions::follow_all(desk, &entry.url, listed).await
            }
            Playlist::None => {
                judge_playlist(desk, "", &entry, &document, true);
                Vec::new()
            }
        }
    };
    let followed = probes::beside(desk, follow).await;
    // What is measured may be said better now than at the start.
    let multivariant = match document.playlist {
        Playlist::Multivariant(first) => Some(newest(desk, url, first, &base).await),
        Playlist::Media(_) | Playlist::None => None,
    };
    judge_whole(desk, &base, multivariant.as_ref(), &followed);
    for one in followed.iter().filter(|one| desk.options.expects_end && !one.playlist.has_ended) {
        let place = desk.place(&one.rendition, &one.url);
        desk.fault("LIV-END", &place, "the exam is over, and the stream goes on");
    }
    followed.iter().map(|one| desk.hide(&one.rendition)).collect()
}

/// What the multivariant playlist says at the end of the exam, if it lists what was followed: a
/// server may give each player URIs of its own.
async fn newest(
    desk: &Desk,
    url: &Url,
    first: MultivariantPlaylist,
    base: &Url,
) -> MultivariantPlaylist {
    // Who ends an exam does not wait for a server that is gone.
    let within = if desk.is_stopped() { STOP_WITHIN / 2 } else { ANSWER_WITHIN };
    let Ok(sent) = timeout(within, desk.send(url, None)).await else { return first };
    let Ok(reply) = sent.reply else { return first };
    let Ok(text) = fetch::unpacked(&reply) else { return first };
    match desk.read(&text, &reply.url).playlist {
        Playlist::Multivariant(listed)
            if renditions::urls(base, &listed) == renditions::urls(base, &first) =>
        {
            listed
        }
        Playlist::Multivariant(_) | Playlist::Media(_) | Playlist::None => first,
    }
}

fn judge_whole(
    desk: &Desk,
    url: &Url,
    multivariant: Option<&MultivariantPlaylist>,
    followed: &[Followed],
) {
    let noted = desk.noted();
    let traffic = noted.traffic.clone();
    drop(noted);
    let mut all = Vec::new();
    for one in followed {
        let variant = multivariant.and_then(|listed| {
            listed
                .variants
                .iter()
                .find(|variant| url.join(&variant.uri).is_ok_and(|variant| variant == one.url))
        });
        let alternative = multivariant.and_then(|listed| {
            let mut alternatives = listed.alternatives.iter();
            alternatives.find(|alternative| {
                let of = alternative.uri.as_ref().and_then(|uri| url.join(uri).ok());
                of.is_some_and(|of| of == one.url)
            })
        });
        all.push(RenditionEvidence {
            url: &one.url,
            playlist: &one.playlist,
            variant,
            alternative,
            course: &one.seen.course,
            options: &desk.options,
        });
    }
    for (evidence, one) in all.iter().zip(followed) {
        let place = desk.place(&one.rendition, &one.url);
        desk.judge(&place, |test, faults| {
            if let Test::Rendition(test) = test {
                test(evidence, faults);
            }
        });
    }
    let evidence = PresentationEvidence { multivariant, renditions: &all, traffic: &traffic };
    desk.judge(&desk.place("", url), |test, faults| {
        if let Test::Presentation(test) = test {
            test(&evidence, faults);
        }
    });
}
