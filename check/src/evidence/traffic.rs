//! What all exchanges of an exam were like together: sums, so that it stays small.

use std::time::Duration;

use http::Version;

use super::lists;
use crate::transport::{Exchange, Purpose};

/// What all exchanges of an exam were like together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Traffic {
    /// Answers of which it is known which connection they came over.
    pub answers: u64,
    /// How many of these came over a connection that had been used before.
    pub reused: u64,
    /// How many answers said that their connection ends with them.
    pub closing: u64,
    /// How many answers were timed.
    pub timed: u64,
    /// How many of these began later than [`Self::PROMPT`].
    pub late: u64,
    /// The longest time to a first byte.
    pub slowest: Duration,
}

impl Traffic {
    /// Until then an answer has begun without delay.
    pub const PROMPT: Duration = Duration::from_millis(200);

    /// Takes in the next exchange. What a server holds back on purpose is not timed: blocking
    /// reloads of playlists, and parts, which may be asked for before they are there. Neither is
    /// an answer whose connection had to be opened first.
    pub fn take(&mut self, exchange: &Exchange) {
        let Exchange { purpose, request, reply, .. } = exchange;
        if let Some(is_reused) = reply.is_reused {
            self.answers += 1;
            self.reused += u64::from(is_reused);
        }
        let says = |word| lists(&reply.headers, "connection", word);
        let is_old = matches!(reply.version, Version::HTTP_09 | Version::HTTP_10);
        let is_closing = says("close") || (is_old && !says("keep-alive"));
        self.closing += u64::from(is_closing);
        let is_held = request.url.query().is_some_and(|query| query.contains("_HLS_msn"));
        if reply.is_reused == Some(false) || is_held || *purpose == Purpose::Part {
            return;
        }
        self.timed += 1;
        self.late += u64::from(reply.first_byte >= Self::PROMPT);
        self.slowest = self.slowest.max(reply.first_byte);
    }
}
