//! Faults that are planted on purpose: each takes a clean presentation and breaks one thing, so
//! that a validator can be held to finding it, and nothing else.

mod access;
mod dates;
mod fmp4;
mod frames;
mod http;
mod live;
mod low_latency;
mod media;
mod playlists;
mod remuxed;
#[cfg(test)]
mod tests;
mod ts;
mod variants;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use check::exam::progress::Silent;
use check::{Options, Report};

use crate::origin::{
    Answer, BEGAN_UNIX_MS, Course, EDGE_HOST, InProcess, LowLatency, Moment, Origin, Settings,
    Target, Token, Twist, View,
};
use crate::presentation::{Base, Presentation};

/// A fault, and the rule under which it must be found.
#[derive(Clone, Copy, Debug)]
pub struct Planted {
    /// What is wrong, in words.
    pub name: &'static str,
    /// The rule that it breaks.
    pub rule: &'static str,
    /// Rules that it breaks of necessity, and why.
    pub follows: &'static [(&'static str, &'static str)],
    /// What is broken.
    pub base: Base,
    /// How it is served and examined.
    pub exam: Exam,
    remuxed: Option<remuxed::Options>,
    made: fn(&mut Presentation),
    broken: Option<Broken>,
    set: fn(&mut Settings),
    twist: Twist,
}

/// What breaks the bytes of the segment at a place.
#[derive(Clone, Copy, Debug)]
struct Broken {
    place: usize,
    how: fn(&[u8]) -> Vec<u8>,
}

/// How a presentation is served and examined.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exam {
    /// Twelve segments that are all there.
    Vod,
    /// The same, decoded by ffmpeg: this takes real time.
    Decoded,
    /// The same, by its media playlist alone.
    Alone,
    /// Half a minute of a live stream.
    Live,
    /// The same; the stream ends after ten seconds, and must.
    Ends,
    /// The same; it must go back a minute, and does.
    Dvr,
    /// The same; there is a second edge.
    Edges,
    /// The same; it is a low-latency stream, and must be.
    LowLatency,
    /// The same; a token in the path is needed.
    PathToken,
    /// The same; a token in the query is needed, and is in each URI.
    QueryToken,
}

/// A group of faults.
#[derive(Clone, Debug)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// Its faults.
    pub faults: Vec<Planted>,
}

/// All that is planted.
#[must_use]
pub fn families() -> Vec<Family> {
    let family = |name, faults: &[Planted]| Family { name, faults: faults.to_vec() };
    vec![
        family("playlists", playlists::PLANTED),
        family("live", live::PLANTED),
        family("dates", dates::PLANTED),
        family("variants", variants::PLANTED),
        family("http", http::PLANTED),
        family("access", access::PLANTED),
        family("media", media::PLANTED),
        family("frames", frames::PLANTED),
        family("low latency", low_latency::PLANTED),
        Family { name: "ts", faults: ts::planted() },
        family("fmp4", fmp4::PLANTED),
    ]
}

/// Rules of which no fault is planted, and why.
pub const NOT_PLANTED: &[(&str, &str)] =
    &[("LL-H2", "only https shows it, and the origin here has none")];

/// The token that lets in.
const TOKEN: &str = "let-me-in-0123456789";
/// The first edge.
const HOST: &str = "http://edge-a.test";
/// How long a part may be with low latency.
const PART_TARGET: Duration = Duration::from_millis(500);
/// How many segments are served where all are there at once.
const VOD_SEGMENTS: usize = 12;

impl Planted {
    /// Nothing is wrong: it must be found under no rule.
    #[must_use]
    pub const fn clean(base: Base, exam: Exam) -> Self {
        Self::new("nothing", "", base, exam)
    }

    const fn new(name: &'static str, rule: &'static str, base: Base, exam: Exam) -> Self {
        Self {
            name,
            rule,
            follows: &[],
            base,
            exam,
            remuxed: None,
            made: |_| (),
            broken: None,
            set: |_| (),
            twist: Twist::NONE,
        }
    }

    /// Breaks another presentation.
    const fn on(self, base: Base) -> Self {
        Self { base, ..self }
    }

    /// Is served and examined in another way.
    const fn during(self, exam: Exam) -> Self {
        Self { exam, ..self }
    }

    /// It breaks further rules of necessity.
    const fn follows(self, follows: &'static [(&'static str, &'static str)]) -> Self {
        Self { follows, ..self }
    }

    /// Segments are written anew by ffmpeg, with other frames.
    const fn remuxed(self, options: remuxed::Options) -> Self {
        Self { remuxed: Some(options), ..self }
    }

    /// The presentation was made wrong.
    const fn made(self, made: fn(&mut Presentation)) -> Self {
        Self { made, ..self }
    }

    /// The bytes of a segment are wrong.
    const fn broken(self, place: usize, how: fn(&[u8]) -> Vec<u8>) -> Self {
        Self { broken: Some(Broken { place, how }), ..self }
    }

    /// The origin is set up wrong.
    const fn set(self, set: fn(&mut Settings)) -> Self {
        Self { set, ..self }
    }

    /// Media playlists say something wrong.
    const fn view(self, view: fn(&mut View, &Moment)) -> Self {
        Self { twist: Twist { view, ..self.twist }, ..self }
    }

    /// Playlists are written wrong.
    const fn text(self, text: fn(&mut String, &Moment)) -> Self {
        Self { twist: Twist { text, ..self.twist }, ..self }
    }

    /// Something is answered wrong.
    const fn answer(self, answer: fn(&mut Answer, &Moment)) -> Self {
        Self { twist: Twist { answer, ..self.twist }, ..self }
    }

    /// An origin with this fault. `weir` is the program.
    ///
    /// # Errors
    ///
    /// When the presentation cannot be made.
    pub fn origin(&self, weir: &Path) -> Result<Origin> {
        let mut presentation = self.base.presentation(weir)?;
        let mut settings = self.exam.settings();
        if matches!(settings.course, Course::Vod) {
            for rendition in &mut presentation.renditions {
                rendition.segments.truncate(VOD_SEGMENTS);
            }
        }
        if let Some(options) = self.remuxed {
            remuxed::remux(&mut presentation, options)?;
        }
        (self.made)(&mut presentation);
        if let Some(Broken { place, how }) = self.broken {
            for rendition in &mut presentation.renditions {
                let segment = rendition.segments.get_mut(place).context("no such segment")?;
                segment.bytes = how(&segment.bytes).into();
            }
        }
        if self.exam == Exam::LowLatency {
            settings.low_latency = Some(LowLatency::cut(&mut presentation, PART_TARGET)?);
        }
        (self.set)(&mut settings);
        settings.twist = self.twist;
        Ok(Origin::new(presentation, settings))
    }

    /// Examines it. Call it within a Tokio runtime whose clock is paused, unless it is
    /// [`Exam::Decoded`].
    ///
    /// # Errors
    ///
    /// When the presentation cannot be made.
    pub async fn examine(&self, weir: &Path) -> Result<Report> {
        let origin = self.origin(weir)?;
        let options = self.exam.options(HOST, &origin);
        let url = format!("{HOST}{}", self.exam.entry(&origin)).parse().context("a URL")?;
        let transport = Arc::new(InProcess::new(origin));
        Ok(check::Exam::new(transport, options, Arc::new(Silent)).run(url).await)
    }
}

impl Exam {
    /// What is expected of the stream, at a host's `base`: `http://edge-a.test`.
    #[must_use]
    pub fn options(self, base: &str, origin: &Origin) -> Options {
        let mut options = Options {
            duration: Duration::from_secs(30),
            began_unix_ms: BEGAN_UNIX_MS,
            ..Options::default()
        };
        match self {
            Self::Vod | Self::Alone | Self::Live => {}
            Self::Decoded => options.decoder = Some("ffmpeg".into()),
            Self::Ends => options.expects_end = true,
            Self::LowLatency => options.low_latency = true,
            Self::Dvr => options.dvr = Some(Duration::from_secs(60)),
            Self::Edges => {
                let other = base.replace("edge-a.test", EDGE_HOST);
                options.also = format!("{other}{}", origin.entry()).parse().ok();
            }
            Self::PathToken | Self::QueryToken => options.token = Some(TOKEN.to_owned()),
        }
        options
    }

    /// Where the exam begins, below a host.
    #[must_use]
    pub fn entry(self, origin: &Origin) -> String {
        if self == Self::Alone {
            return origin.entry().replace("index.m3u8", "v0/index.m3u8");
        }
        origin.entry()
    }

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vod => "VOD",
            Self::Decoded => "VOD, decoded",
            Self::Alone => "VOD, media playlist alone",
            Self::Live => "live",
            Self::Ends => "live, ends",
            Self::Dvr => "live, DVR of a minute",
            Self::Edges => "live, two edges",
            Self::LowLatency => "live, low latency",
            Self::PathToken => "live, token in the path",
            Self::QueryToken => "live, token in the query",
        }
    }

    fn settings(self) -> Settings {
        match self {
            Self::Vod | Self::Decoded | Self::Alone => Settings::vod(),
            Self::Live | Self::Edges => Settings::live(),
            Self::Ends => Settings::of(Course::Live {
                window: 6,
                made: 8,
                ends_at: Some(Duration::from_secs(10)),
            }),
            Self::LowLatency => Settings::live_for_updates(),
            Self::Dvr => Settings::of(Course::Live { window: 32, made: 40, ends_at: None }),
            Self::PathToken => {
                Settings { token: Some(Token::Path(TOKEN.to_owned())), ..Settings::live() }
            }
            Self::QueryToken => Settings {
                token: Some(Token::Query(TOKEN.to_owned())),
                suffix: format!("?token={TOKEN}"),
                ..Settings::live()
            },
        }
    }
}

/// Whether it is about to be said that there is a segment, by its place in the first rendition.
fn is_segment(moment: &Moment, place: usize) -> bool {
    moment.target == Target::Segment(0, place)
}

/// Whether so many seconds have gone by.
fn after(moment: &Moment, seconds: u64) -> bool {
    moment.at >= Duration::from_secs(seconds)
}
