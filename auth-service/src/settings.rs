//! What the service is told once.

use std::time::Duration;

/// What the service is told at the start. Each limit has the reason for its default.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Where people find this server's pages, without a slash at the end:
    /// `https://live.example.org`. Links in letters begin with it.
    pub public_url: String,
    /// Where encoders push to, without an application: `rtmp://live.example.org`.
    pub ingest_url: String,
    /// How long an access token is good. Its session is looked up at each use as well: this bounds
    /// what a stolen one is worth to a thief whom nobody noticed.
    pub access_token: Duration,
    /// How long a session is good that is not refreshed.
    pub session: Duration,
    /// How long an invitation, or the first owner's link, is good: people are away for a week.
    pub invitation: Duration,
    /// How long the link that proves an address is good.
    pub verify_email: Duration,
    /// How long the link to another password is good: whoever asked for it is waiting.
    pub reset_password: Duration,
    /// How long a play token is good that nobody asks another end for: an evening and a day.
    pub play_token: Duration,
    /// How long the token is good that a stream's password gives.
    pub unlocked: Duration,
    /// Devices of a user that are not revoked, unless the user has a limit of its own: a household
    /// and its encoders.
    pub devices_max: u32,
    /// Streams that a user may publish at one time, unless the user has a limit of its own.
    pub streams_max: u32,
    /// Memory that the hash of a password takes, in KiB.
    pub password_memory_kib: u32,
}

impl Default for Settings {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            ingest_url: "rtmp://127.0.0.1:1935".to_owned(),
            access_token: Duration::from_secs(10 * 60),
            session: 30 * DAY,
            invitation: 7 * DAY,
            verify_email: 3 * DAY,
            reset_password: Duration::from_secs(60 * 60),
            play_token: DAY,
            unlocked: DAY,
            devices_max: 20,
            streams_max: 10,
            password_memory_kib: 19_456,
        }
    }
}
