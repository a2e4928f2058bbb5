//! An HLS origin that a test can hold in its hand: what it answers is a function of the request
//! and the time, so that a live exam of minutes takes no time at all, and is the same on each run.
//!
//! [`Origin`] is pure. [`InProcess`] asks it through `check`'s port, at tokio's time, which a test
//! may pause; [`Served`] asks it over HTTP. What it serves is clean; a [`Twist`] breaks one thing.

mod answer;
mod low_latency;
mod reached;
mod render;
mod served;
mod settings;
#[cfg(test)]
mod tests;
mod view;

use std::collections::BTreeMap;
use std::time::Duration;

use check::transport::Request;

pub use self::answer::Answer;
pub(crate) use self::answer::{missing, pack};
pub use self::low_latency::{LowLatency, Part};
pub use self::reached::InProcess;
pub use self::served::Served;
pub use self::settings::{BEGAN_UNIX_MS, Course, Manners, Settings, Token, Twist};
pub use self::view::{Shown, View};
use crate::presentation::Presentation;

/// Serves a presentation.
#[derive(Clone, Debug)]
pub struct Origin {
    presentation: Presentation,
    settings: Settings,
    /// How often each path was asked for.
    counts: BTreeMap<String, u64>,
}

/// What is asked for, and when: all that a [`Twist`] may look at.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The request.
    pub request: Request,
    /// What it is for.
    pub target: Target,
    /// 0, or 1 at [`EDGE_HOST`].
    pub edge: usize,
    /// Since the origin began.
    pub at: Duration,
    /// How often it was asked for before.
    pub count: u64,
}

/// What a path means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// The multivariant playlist.
    Multivariant,
    /// The media playlist of a rendition, by its number.
    Media(usize),
    /// An initialization section: rendition and URI.
    Init(usize, String),
    /// A segment: rendition and place in it.
    Segment(usize, usize),
    /// A part: rendition, place of its segment, and index in it.
    Part(usize, usize, usize),
    /// Something that was never there.
    Nothing,
    /// Something that needs a token, which is missing or wrong.
    Refused(u16),
}

/// Where the folder of the stream is.
pub const FOLDER: &str = "/live/cam/";
/// The host of the second edge; any other is the first.
pub const EDGE_HOST: &str = "edge-b.test";

impl Origin {
    /// Serves `presentation` from now on.
    #[must_use]
    pub fn new(presentation: Presentation, settings: Settings) -> Self {
        Self { presentation, settings, counts: BTreeMap::new() }
    }

    /// The same, for a clock by which it began at that time since the Unix epoch.
    #[must_use]
    pub const fn beginning(mut self, unix_ms: i64) -> Self {
        self.settings.began_unix_ms = unix_ms;
        self
    }

    /// Where the multivariant playlist is, at the first edge: path and query.
    #[must_use]
    pub fn entry(&self) -> String {
        let Settings { token, .. } = &self.settings;
        match token {
            Some(Token::Path(token)) => format!("/t/{token}{FOLDER}index.m3u8"),
            Some(Token::Query(token)) => format!("{FOLDER}index.m3u8?token={token}"),
            None => format!("{FOLDER}index.m3u8"),
        }
    }

    /// Answers a request that comes `at` that time since the origin began.
    pub fn answer(&mut self, request: &Request, at: Duration) -> Answer {
        let target = self.target(request);
        let edge = usize::from(request.url.host_str() == Some(EDGE_HOST));
        let count = self.counts.entry(format!("{edge}{}", request.url.path())).or_insert(0);
        let moment = Moment { request: request.clone(), target, edge, at, count: *count };
        *count += 1;
        let mut answer = self.plain_answer(&moment);
        (self.settings.twist.answer)(&mut answer, &moment);
        answer
    }

    /// What is answered before a twist of the answer.
    fn plain_answer(&self, moment: &Moment) -> Answer {
        let manners = self.settings.manners;
        if let Some(answer) = answer::without_content(moment) {
            return answer;
        }
        match &moment.target {
            Target::Multivariant => self.playlist(moment, self.multivariant()),
            Target::Media(rendition) => {
                if let Some(low_latency) = &self.settings.low_latency {
                    return self.low_latency_playlist(*rendition, moment, low_latency);
                }
                let mut view = self.view(*rendition, moment.at);
                (self.settings.twist.view)(&mut view, moment);
                self.playlist(moment, view.render(self.suffix()))
            }
            Target::Init(rendition, uri) => {
                let found = self.presentation.renditions.get(*rendition);
                match found.and_then(|rendition| rendition.inits.get(uri)) {
                    Some(bytes) => answer::object(moment, bytes, "video/mp4", manners),
                    None => missing(),
                }
            }
            Target::Segment(rendition, place) => self.segment(*rendition, *place, moment),
            Target::Part(rendition, place, index) => {
                self.part((*rendition, *place, *index), moment)
            }
            Target::Nothing => missing(),
            Target::Refused(status) => answer::refused(*status),
        }
    }

    fn playlist(&self, moment: &Moment, mut text: String) -> Answer {
        (self.settings.twist.text)(&mut text, moment);
        answer::playlist(moment, text.as_bytes(), self.settings.manners)
    }

    fn multivariant(&self) -> String {
        self.presentation.multivariant.render(self.suffix())
    }

    fn segment(&self, rendition: usize, place: usize, moment: &Moment) -> Answer {
        let found = self.presentation.renditions.get(rendition);
        let found = found.and_then(|rendition| rendition.segments.get(place));
        match found {
            Some(segment) if self.is_there(rendition, place, moment.at) => {
                let is_mp4 = segment.map.is_some();
                let kind = if is_mp4 { "video/mp4" } else { "video/mp2t" };
                answer::object(moment, &segment.bytes, kind, self.settings.manners)
            }
            Some(_) | None => missing(),
        }
    }

    /// What stands behind each URI in a playlist.
    fn suffix(&self) -> &str {
        match &self.settings.token {
            Some(Token::Query(_)) => &self.settings.suffix,
            Some(Token::Path(_)) | None => "",
        }
    }

    /// What a request is for.
    fn target(&self, request: &Request) -> Target {
        let path = request.url.path();
        let (path, token) = match path.strip_prefix("/t/").and_then(|path| path.split_once('/')) {
            Some((token, path)) => (format!("/{path}"), Some(token.to_owned())),
            None => {
                let mut pairs = request.url.query_pairs();
                let token = pairs.find(|(name, _)| name == "token");
                (path.to_owned(), token.map(|(_, token)| token.into_owned()))
            }
        };
        if let Some(Token::Path(needed) | Token::Query(needed)) = &self.settings.token {
            let is_wrong = token.is_some();
            let target = self.named(&path).unwrap_or(Target::Nothing);
            if token.as_ref() != Some(needed) && !(self.settings.lets_in)(&target, is_wrong) {
                return Target::Refused(if is_wrong { 403 } else { 401 });
            }
        }
        self.named(&path).unwrap_or(Target::Nothing)
    }

    fn named(&self, path: &str) -> Option<Target> {
        let path = path.strip_prefix(FOLDER)?;
        if path == "index.m3u8" {
            return Some(Target::Multivariant);
        }
        let (name, uri) = path.split_once('/')?;
        let mut renditions = self.presentation.renditions.iter().enumerate();
        let (number, rendition) = renditions.find(|(_, rendition)| rendition.name == name)?;
        if uri == "index.m3u8" {
            return Some(Target::Media(number));
        }
        if rendition.inits.contains_key(uri) {
            return Some(Target::Init(number, uri.to_owned()));
        }
        match rendition.segments.iter().position(|segment| segment.uri == uri) {
            Some(place) => Some(Target::Segment(number, place)),
            None => self.named_part(number, uri),
        }
    }
}
