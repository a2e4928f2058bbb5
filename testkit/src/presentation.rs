//! A stream as plain data, made by real tools once for each test process: what a test origin
//! serves ([`crate::origin`]), and what a planted fault edits.

mod ffmpeg;
mod measure;
#[cfg(test)]
mod tests;
mod weir;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;

/// A stream from its beginning to its end, with nothing wrong about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Presentation {
    /// What lists its renditions.
    pub multivariant: Multivariant,
    /// Its renditions; each has a folder of its own.
    pub renditions: Vec<Rendition>,
}

/// The multivariant playlist.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Multivariant {
    /// The lines before the first variant: `#EXT-X-VERSION:7`.
    pub header: Vec<String>,
    /// Each `EXT-X-MEDIA`.
    pub alternatives: Vec<Attributes>,
    /// Each `EXT-X-STREAM-INF` with its URI.
    pub variants: Vec<(Attributes, String)>,
}

/// An attribute list: names and values as they are written, in their order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Attributes(pub Vec<(String, String)>);

/// One rendition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rendition {
    /// Its folder: its playlist is `<name>/index.m3u8`.
    pub name: String,
    /// `EXT-X-VERSION`.
    pub version: u64,
    /// `EXT-X-TARGETDURATION`.
    pub target_duration: u64,
    /// What it consists of, oldest first.
    pub segments: Vec<Segment>,
    /// Initialization sections, by their URIs.
    pub inits: BTreeMap<String, Bytes>,
}

/// A segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Its URI, below the folder of its rendition.
    pub uri: String,
    /// How long it plays.
    pub duration: Duration,
    /// When it begins, counted from the beginning of the presentation.
    pub begins: Duration,
    /// Whether the timeline breaks before it.
    pub has_discontinuity: bool,
    /// The initialization section that it needs.
    pub map: Option<String>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A presentation, by who made it and how.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Base {
    /// ffmpeg's HLS muxer: one rendition, MPEG-TS.
    FfmpegTs,
    /// ffmpeg's HLS muxer: one rendition, fragmented MP4.
    FfmpegFmp4,
    /// ffmpeg's HLS muxer: two variants and their common sound, MPEG-TS.
    FfmpegTsLadder,
    /// ffmpeg's HLS muxer: two variants and their common sound, fragmented MP4.
    FfmpegFmp4Ladder,
    /// ffmpeg's HLS muxer: cut every two seconds, with a key frame every four; MPEG-TS.
    FfmpegTsSplit,
    /// ffmpeg's HLS muxer: cut every two seconds, and once after 0.3 s; MPEG-TS.
    FfmpegTsTiny,
    /// ffmpeg's HLS muxer: H.265 in MPEG-TS.
    FfmpegTsHevc,
    /// ffmpeg's HLS muxer: H.265 in fragmented MP4.
    FfmpegFmp4Hevc,
    /// Weir: MPEG-TS.
    WeirTs,
    /// Weir: fragmented MP4.
    WeirFmp4,
}

impl Base {
    /// Those with nothing wrong about them.
    pub const CLEAN: [Self; 6] = [
        Self::FfmpegTs,
        Self::FfmpegFmp4,
        Self::FfmpegTsLadder,
        Self::FfmpegFmp4Ladder,
        Self::WeirTs,
        Self::WeirFmp4,
    ];

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FfmpegTs => "ffmpeg, TS",
            Self::FfmpegFmp4 => "ffmpeg, fMP4",
            Self::FfmpegTsLadder => "ffmpeg, TS, ladder",
            Self::FfmpegFmp4Ladder => "ffmpeg, fMP4, ladder",
            Self::FfmpegTsSplit => "ffmpeg, TS, long GOP",
            Self::FfmpegTsTiny => "ffmpeg, TS, a tiny segment",
            Self::FfmpegTsHevc => "ffmpeg, TS, H.265",
            Self::FfmpegFmp4Hevc => "ffmpeg, fMP4, H.265",
            Self::WeirTs => "Weir, TS",
            Self::WeirFmp4 => "Weir, fMP4",
        }
    }

    /// Makes it, unless this process has it already. `weir` is the program.
    ///
    /// # Errors
    ///
    /// When a tool fails; the error has what it said.
    pub fn presentation(self, weir: &Path) -> Result<Presentation> {
        match self {
            Self::FfmpegTs => ffmpeg::one("mpegts"),
            Self::FfmpegFmp4 => ffmpeg::one("fmp4"),
            Self::FfmpegTsLadder => ffmpeg::ladder("mpegts"),
            Self::FfmpegFmp4Ladder => ffmpeg::ladder("fmp4"),
            Self::FfmpegTsSplit => ffmpeg::split(),
            Self::FfmpegTsTiny => ffmpeg::tiny(),
            Self::FfmpegTsHevc => ffmpeg::hevc("mpegts"),
            Self::FfmpegFmp4Hevc => ffmpeg::hevc("fmp4"),
            Self::WeirTs => weir::presentation(weir, "ts"),
            Self::WeirFmp4 => weir::presentation(weir, "fmp4"),
        }
    }
}

impl Presentation {
    /// Measures the bit rates of its variants, and says them in the multivariant playlist.
    pub(crate) fn say_bit_rates(&mut self) {
        for (attributes, uri) in &mut self.multivariant.variants {
            let group = attributes.get("AUDIO").unwrap_or_default().to_owned();
            let of_group = |alternative: &&Attributes| {
                alternative.get("GROUP-ID").is_some_and(|id| id == group)
            };
            let sound = self.multivariant.alternatives.iter().find(of_group);
            let sound = sound.and_then(|alternative| alternative.get("URI"));
            let uris = [Some(uri.as_str()), sound.map(|uri| uri.trim_matches('"'))];
            let of_variant = |rendition: &&Rendition| {
                let path = rendition.path();
                uris.iter().flatten().any(|uri| *uri == path)
            };
            let renditions = self.renditions.iter().filter(of_variant);
            let (mut peak, mut average) = (0, 0);
            for rendition in renditions {
                peak += measure::peak(&rendition.segments);
                average += measure::average(&rendition.segments);
            }
            attributes.set("AVERAGE-BANDWIDTH", &average.to_string());
            attributes.set("BANDWIDTH", &peak.to_string());
        }
    }
}

impl Multivariant {
    /// Its text. `suffix` is put behind each URI.
    #[must_use]
    pub fn render(&self, suffix: &str) -> String {
        let mut lines = vec!["#EXTM3U".to_owned()];
        lines.extend(self.header.iter().cloned());
        for alternative in &self.alternatives {
            let mut alternative = alternative.clone();
            if let Some(uri) = alternative.get("URI").map(|uri| uri.trim_matches('"').to_owned()) {
                alternative.set("URI", &format!("\"{uri}{suffix}\""));
            }
            lines.push(format!("#EXT-X-MEDIA:{}", alternative.render()));
        }
        for (attributes, uri) in &self.variants {
            lines.push(format!("#EXT-X-STREAM-INF:{}", attributes.render()));
            lines.push(format!("{uri}{suffix}"));
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

impl Attributes {
    /// The value of an attribute, as it is written.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Gives an attribute another value; one that is new comes first.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => value.clone_into(known),
            None => self.0.insert(0, (name.to_owned(), value.to_owned())),
        }
    }

    /// Leaves an attribute out.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    fn render(&self) -> String {
        let words: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        words.join(",")
    }
}

impl Rendition {
    /// Where its playlist is, beside the multivariant one.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/index.m3u8", self.name)
    }
}
