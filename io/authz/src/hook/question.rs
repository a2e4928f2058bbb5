//! What the customer's endpoint is asked, and what it answers.

use std::net::IpAddr;
use std::time::Duration;

use accounts::{OrganisationId, Subject};
use serde::{Deserialize, Serialize};
use timeline::StreamName;

use crate::Reason;

/// How long an answer is good that does not say it.
const TTL_DEFAULT: Duration = Duration::from_secs(10);
/// How long an answer is good at most: what a customer takes back ends by then.
pub(super) const TTL_MAX: Duration = Duration::from_secs(300);

/// What the customer's endpoint is asked. The same question has the same answer until that ends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "type", content = "data")]
pub enum Question {
    /// May somebody publish?
    Publish {
        /// The stream.
        stream: StreamName,
        /// Who publishes, with what.
        #[serde(flatten)]
        subject: Subject,
        /// Where the encoder is.
        address: IpAddr,
    },
    /// May somebody watch?
    Play {
        /// The stream.
        stream: StreamName,
        /// Whose it is.
        organisation: OrganisationId,
        /// Who watches, as the token says.
        viewer: Option<String>,
        /// The token's own name.
        token: Option<String>,
        /// The player that the token was given to.
        device: Option<String>,
        /// Where the player is.
        address: Option<IpAddr>,
        /// Its country, if a proxy says it.
        country: Option<String>,
    },
}

/// What it answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Yes.
    Allowed,
    /// No, and perhaps why.
    Denied(Option<Reason>),
}

/// An answer as it is sent. What else is in it is for others.
#[derive(Deserialize)]
pub(super) struct Answer {
    allow: bool,
    reason: Option<String>,
    /// How long the answer is good, in seconds.
    ttl_s: Option<u64>,
}

impl Answer {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// How long it is good.
    pub(super) fn ttl(&self) -> Duration {
        self.ttl_s.map_or(TTL_DEFAULT, Duration::from_secs).min(TTL_MAX)
    }

    pub(super) fn verdict(&self) -> Verdict {
        if self.allow {
            return Verdict::Allowed;
        }
        Verdict::Denied(self.reason.as_deref().and_then(Reason::clean))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &str, seconds: u64) {
        let ttl = Answer::parse(answer.as_bytes()).unwrap().ttl();
        assert_eq!(ttl, Duration::from_secs(seconds), "{answer}");
    }

    #[test]
    fn an_answer_is_good_for_a_while_and_never_for_long() {
        check(r#"{"allow":true}"#, 10);
        check(r#"{"allow":true,"ttl_s":null}"#, 10);
        check(r#"{"allow":true,"ttl_s":0}"#, 0);
        check(r#"{"allow":true,"ttl_s":300}"#, 300);
        check(r#"{"allow":true,"ttl_s":301}"#, 300);
        check(r#"{"allow":true,"ttl_s":18446744073709551615}"#, 300);
    }
}
