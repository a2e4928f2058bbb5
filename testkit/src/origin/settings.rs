//! How an origin serves.

use std::fmt;
use std::time::Duration;

use super::{Answer, LowLatency, Moment, Target, View};

/// How an origin serves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Live, or from the beginning to the end.
    pub course: Course,
    /// When it began: milliseconds since the Unix epoch.
    pub began_unix_ms: i64,
    /// What a request needs.
    pub token: Option<Token>,
    /// With [`Token::Query`]: what stands behind each URI in a playlist.
    pub suffix: String,
    /// How much longer than it must be a segment is there after it has left the playlist.
    /// `None`: for ever.
    pub kept: Option<Duration>,
    /// Which requests are let in without the right token: what they are for, and whether they have
    /// a wrong one.
    pub lets_in: fn(&Target, bool) -> bool,
    /// What it knows of HTTP.
    pub manners: Manners,
    /// Whether it serves with low latency, and how.
    pub low_latency: Option<LowLatency>,
    /// What is wrong.
    pub twist: Twist,
}

/// What a server knows of HTTP; a good one knows all of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Manners {
    /// Playlists are packed for those who unpack them.
    pub packs: bool,
    /// Parts of objects can be asked for.
    pub has_ranges: bool,
    /// Who has something already is not sent it again.
    pub validates: bool,
}

/// What there is at which time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Course {
    /// All of it, always.
    Vod,
    /// A window that moves on with time: a segment is listed when its last picture was sent.
    Live {
        /// How many segments are listed.
        window: usize,
        /// How many were made before the origin began.
        made: usize,
        /// When the publisher ends, if it does.
        ends_at: Option<Duration>,
    },
}

/// What a request needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Token {
    /// `/t/<token>` before the path; URIs in playlists are relative, and so carry it on.
    Path(String),
    /// `?token=<token>`; playlists write it behind each URI.
    Query(String),
}

/// What is wrong with an origin. Each does nothing unless it is given.
#[derive(Clone, Copy)]
pub struct Twist {
    /// Edits what a media playlist says.
    pub view: fn(&mut View, &Moment),
    /// Edits the text of a playlist.
    pub text: fn(&mut String, &Moment),
    /// Edits an answer.
    pub answer: fn(&mut Answer, &Moment),
}

impl Settings {
    /// Live for as long as there is something: a window of six segments, as most servers have.
    #[must_use]
    pub const fn live() -> Self {
        Self::of(Course::Live { window: 6, made: 8, ends_at: None })
    }

    /// All of it, always.
    #[must_use]
    pub const fn vod() -> Self {
        Self::of(Course::Vod)
    }

    /// Without a token, and without a twist.
    #[must_use]
    pub const fn of(course: Course) -> Self {
        Self {
            course,
            began_unix_ms: BEGAN_UNIX_MS,
            token: None,
            suffix: String::new(),
            kept: Some(Duration::from_secs(2)),
            lets_in: |_, _| false,
            manners: Manners { packs: true, has_ranges: true, validates: true },
            low_latency: None,
            twist: Twist::NONE,
        }
    }

    /// The same, with a twist.
    #[must_use]
    pub fn twisted(self, twist: Twist) -> Self {
        Self { twist, ..self }
    }
}

impl Twist {
    /// Nothing is wrong.
    pub const NONE: Self = Self { view: |_, _| (), text: |_, _| (), answer: |_, _| () };
}

impl fmt::Debug for Twist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Twist")
    }
}

/// A day in 2026: tests with paused time are the same on each run.
pub const BEGAN_UNIX_MS: i64 = 1_770_000_000_000;
