//! What is expected of a stream, beyond what every stream is held to.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

/// What is expected of a stream.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a live stream is watched. One that ends sooner is examined to its end.
    pub duration: Duration,
    /// It must be a low-latency stream.
    pub low_latency: bool,
    /// How far back it must go.
    pub dvr: Option<Duration>,
    /// It must end while it is watched: its publisher has ended, or is about to.
    pub expects_end: bool,
    /// The same stream at another edge, which must agree.
    pub also: Option<Url>,
    /// A token is needed. [`crate::token`] says where it stands.
    pub token: Option<String>,
    /// Headers that go with every request.
    pub headers: Vec<(String, String)>,
    /// The ffmpeg that decodes every segment.
    pub decoder: Option<PathBuf>,
    /// When the exam began: milliseconds since the Unix epoch.
    pub began_unix_ms: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            duration: Duration::from_secs(60),
            low_latency: false,
            dvr: None,
            expects_end: false,
            also: None,
            token: None,
            headers: Vec::new(),
            decoder: None,
            began_unix_ms: 0,
        }
    }
}
