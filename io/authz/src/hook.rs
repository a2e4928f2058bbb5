//! Decisions that the customer's own endpoint makes.
//!
//! A question is a POST of JSON, signed after Standard Webhooks 1.0.0; the answer is JSON with
//! `allow` and perhaps `reason` and `ttl_s`. The endpoint is somebody else's program: each question
//! has a time limit, the same question is asked once at a time, answers are kept as long as they
//! say, and an endpoint that fails again and again is left alone for a while. Whoever watches
//! already waits for no answer: the last one holds while the next is fetched.

mod breaker;
mod question;
mod signature;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, Uri};
use http_body_util::Full;
use moka::sync::Cache;
use thiserror::Error;
use tracing::{info, warn};

use self::breaker::Breaker;
use self::question::{Answer, TTL_MAX};
pub use self::question::{Question, Verdict};
pub use self::signature::{HookSecret, SecretError};
use crate::flights::{Flight, Flights, NoFlight, landed};
use crate::outbound::{self, Allowance, Outbound};
use crate::{OutboundError, UrlError};

/// Largest answer: a verdict and a sentence are far shorter.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;
/// Answers that are kept.
const ANSWERS_MAX: u64 = 65_536;
/// Questions under way. More at one time than this is no endpoint's idea of a normal day.
const QUESTIONS_MAX: usize = 128;
/// How long a yes goes on while the next answer is fetched: a player asks for something at least
/// this often.
const GRACE: Duration = Duration::from_secs(10);

/// What is known of the customer's endpoint.
#[derive(Clone)]
pub struct HookSettings {
    /// Where it is: an http or https URL.
    pub url: String,
    /// What questions are signed with.
    pub secret: HookSecret,
    /// How long an answer may take.
    pub time_max: Duration,
    /// What holds when there is no answer.
    pub on_failure: OnFailure,
}

/// What holds when the customer's endpoint does not answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnFailure {
    /// Nobody is let in.
    #[default]
    Deny,
    /// Everybody is let in who may by all the rest.
    Allow,
}

/// Asks the customer's endpoint.
#[derive(Clone)]
pub struct Hook {
    inner: Arc<Inner>,
}

struct Inner {
    url: Uri,
    secret: HookSecret,
    time_max: Duration,
    on_failure: OnFailure,
    outbound: Outbound,
    answers: Cache<Arc<str>, Answered>,
    flights: Flights<Outcome>,
    breaker: Mutex<Breaker>,
    started: Instant,
}

/// An answer, and how long it is good.
#[derive(Clone)]
struct Answered {
    verdict: Verdict,
    fresh_until: Instant,
}

type Outcome = Result<Verdict, HookError>;

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum HookError {
    /// The endpoint did not answer as it should.
    #[error("the customer's endpoint: {0}")]
    Outbound(#[from] OutboundError),
    /// What it answered is no answer.
    #[error("the customer's endpoint: its answer is no JSON object with `allow` in it")]
    Answer,
    /// It failed so often that it is left alone.
    #[error("the customer's endpoint failed again and again, and is left alone for now")]
    Open,
    /// It is asked too much at one time.
    #[error("the customer's endpoint has {limit} questions to answer already")]
    Busy {
        /// How many may be under way.
        limit: usize,
    },
    /// The question was given up.
    #[error("the question to the customer's endpoint was given up")]
    GivenUp,
    /// There is no randomness to name the question by.
    #[error("a question cannot be named: there is no randomness")]
    Random,
}

impl Hook {
    /// Will ask where `settings` say.
    ///
    /// # Errors
    ///
    /// When the URL is none, or TLS cannot be used.
    pub fn new(settings: HookSettings) -> Result<Self, HookSetupError> {
        let HookSettings { url, secret, time_max, on_failure } = settings;
        let url = outbound::parse_url(&url)?;
        let answers =
            Cache::builder().max_capacity(ANSWERS_MAX).time_to_live(TTL_MAX + GRACE).build();
        let inner = Inner {
            url,
            secret,
            time_max,
            on_failure,
            outbound: Outbound::new(None)?,
            answers,
            flights: Flights::new(QUESTIONS_MAX),
            breaker: Mutex::default(),
            started: Instant::now(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What the endpoint says.
    ///
    /// # Errors
    ///
    /// When it does not answer, and then nobody is to be let in.
    pub async fn ask(&self, question: &Question) -> Result<Verdict, HookError> {
        let Ok(text) = serde_json::to_string(question) else { return Err(HookError::GivenUp) };
        let text: Arc<str> = text.into();
        let outcome = match self.known(&text) {
            Some(verdict) => return Ok(verdict),
            None => match self.flight(&text) {
                Ok(flight) => landed(flight).await.unwrap_or(Err(HookError::GivenUp)),
                Err(error) => Err(error),
            },
        };
        match (outcome, self.inner.on_failure) {
            (Err(_), OnFailure::Allow) => Ok(Verdict::Allowed),
            (outcome, OnFailure::Allow | OnFailure::Deny) => outcome,
        }
    }

    /// What was answered and is still good, or is good until the answer that is under way comes.
    fn known(&self, text: &Arc<str>) -> Option<Verdict> {
        let answered = self.inner.answers.get(text)?;
        let now = Instant::now();
        if now < answered.fresh_until {
            return Some(answered.verdict);
        }
        if answered.verdict != Verdict::Allowed || now >= answered.fresh_until + GRACE {
            return None;
        }
        // Somebody watches: what the next answer is will be known the next time.
        drop(self.flight(text));
        Some(Verdict::Allowed)
    }

    fn flight(&self, text: &Arc<str>) -> Result<Flight<Outcome>, HookError> {
        let inner = &self.inner;
        let asked = inner.flights.join(text, || {
            let mut breaker = inner.breaker.lock().unwrap_or_else(PoisonError::into_inner);
            if !breaker.admits(inner.started.elapsed()) {
                return Err(HookError::Open);
            }
            let (inner, text) = (Arc::clone(inner), Arc::clone(text));
            Ok(async move { inner.put(&text).await })
        });
        asked.map_err(|error| match error {
            NoFlight::Busy { limit } => HookError::Busy { limit },
            NoFlight::Refused(error) => error,
        })
    }
}

impl Inner {
    /// Asks, and keeps what comes of it.
    async fn put(&self, text: &Arc<str>) -> Outcome {
        let outcome = self.send(text).await;
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok((verdict, ttl)) => {
                if *breaker != Breaker::default() {
                    info!("the customer's endpoint answers again");
                }
                breaker.succeeded();
                drop(breaker);
                if ttl.is_zero() {
                    self.answers.invalidate(text);
                } else {
                    let fresh_until = Instant::now() + ttl;
                    let verdict = verdict.clone();
                    self.answers.insert(text.clone(), Answered { verdict, fresh_until });
                }
                Ok(verdict)
            }
            Err(error) => {
                let opened = breaker.failed(self.started.elapsed());
                drop(breaker);
                warn!(%error, left_alone = opened, "the customer's endpoint gave no verdict");
                Err(error)
            }
        }
    }

    async fn send(&self, text: &str) -> Result<(Verdict, Duration), HookError> {
        let id = message_id()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_s = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let request = Request::post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", now_s)
            .header("webhook-signature", self.secret.sign(&id, now_s, text))
            .body(Full::new(Bytes::copy_from_slice(text.as_bytes())))
            .map_err(|error| OutboundError::Network(error.to_string()))?;
        let allowance = Allowance { time_max: self.time_max, bytes_max: ANSWER_BYTES_MAX };
        let bytes = self.outbound.send(request, allowance).await?;
        let answer = Answer::parse(&bytes).ok_or(HookError::Answer)?;
        Ok((answer.verdict(), answer.ttl()))
    }
}

/// Why no endpoint can be asked.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum HookSetupError {
    /// The URL is none.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// TLS cannot be used.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A customer may have put a secret into the path or the query.
        write!(f, "Hook({})", self.inner.url.host().unwrap_or_default())
    }
}

impl fmt::Debug for HookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time_max, on_failure, .. } = self;
        write!(f, "HookSettings({time_max:?} {on_failure:?} ***)")
    }
}

/// A name that no other question has.
fn message_id() -> Result<String, HookError> {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| HookError::Random)?;
    Ok(format!("msg_{:032x}", u128::from_be_bytes(random)))
}
