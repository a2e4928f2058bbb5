//! What became of a push: every rendition with all of its segments, when the stream is over.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::examined::{self, Tolerated};
use crate::flv::Tag;
use crate::playlist::{self, Listed, MediaPlaylist};
use crate::tools::decode;
use crate::{Http, Peer, Server, wait_until};

/// From the end of a push to the end of the stream: nothing but the last segment is computed then,
/// but the machine may be busy.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// The arguments of a server that lists all of a push, and ends its stream with it.
pub const ARGUMENTS: [&str; 6] = [
    "--set",
    "stream.window=1h",
    "--set",
    "stream.finish_window=0s",
    "--set",
    "stream.retention=24h",
];

/// A stream from its beginning to its end.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The multivariant playlist, as it came.
    pub multivariant: String,
    /// What it lists and what is named beside it, by name.
    pub renditions: BTreeMap<String, Rendition>,
}

/// One rendition of it.
#[derive(Clone, Debug)]
pub struct Rendition {
    /// What `CODECS` says of its variant; empty for what can be chosen beside one.
    pub codecs: String,
    /// The media playlist, as it came.
    pub text: String,
    /// The same, read.
    pub playlist: MediaPlaylist,
    /// The bytes of every segment that is not a gap.
    pub segments: BTreeMap<u64, Vec<u8>>,
    /// The bytes of what must be read first, by its URI.
    pub inits: BTreeMap<String, Vec<u8>>,
}

impl Recording {
    /// Pushes `tags` as fast as they are taken, ends the stream as an encoder does, and reads what
    /// became of it. The server runs with [`ARGUMENTS`].
    ///
    /// # Errors
    ///
    /// When the push is refused, the stream does not end, something listed is not there, or
    /// `weir check` finds something that is not tolerated.
    pub fn of(server: &Server, name: &str, tags: &[Tag], tolerated: Tolerated<'_>) -> Result<Self> {
        let mut peer = Peer::publish(server.ports().rtmp, "live", name)?;
        peer.tags(tags)?;
        peer.unpublish(name)?;
        Self::of_ended(server, name, tolerated)
    }

    /// Waits until a stream is over, and reads what became of it.
    ///
    /// # Errors
    ///
    /// When the stream does not end, something listed is not there, or `weir check` finds
    /// something that is not tolerated.
    pub fn of_ended(server: &Server, name: &str, tolerated: Tolerated<'_>) -> Result<Self> {
        let (http, base) = (server.http(), format!("/live/{name}/index.m3u8"));
        let has_ended = || {
            let ended = || -> Result<bool> {
                let text = text(&http, &base)?;
                let variants = playlist::multivariant(&text)?.variants;
                let uri = &variants.first().context("no variants")?.uri;
                Ok(self::text(&http, &playlist::resolve(&base, uri)?)?.contains("#EXT-X-ENDLIST"))
            };
            ended().unwrap_or(false)
        };
        wait_until("the end of the stream", ENDS_WITHIN, has_ended)
            .with_context(|| format!("the server says {}", server.log()))?;
        let multivariant = text(&http, &base)?;
        let mut renditions = BTreeMap::new();
        for container in ["ts", "fmp4"] {
            let listed = http.get(&format!("/live/{name}/index.{container}.m3u8"))?;
            if listed.status != 200 {
                continue;
            }
            let path = format!("/live/{name}/index.{container}.m3u8");
            examined::check(&examined::examine(http.address(), &path)?, tolerated)
                .with_context(|| format!("examine {path}"))?;
            let listed = playlist::multivariant(&listed.text())?;
            let variants = listed
                .variants
                .iter()
                .map(|variant| (variant.uri.clone(), variant.codecs.clone().unwrap_or_default()));
            let others = listed.alternatives.iter().filter_map(|other| other.uri.clone());
            for (uri, codecs) in variants.chain(others.map(|uri| (uri, String::new()))) {
                let rendition = uri.split('/').next().unwrap_or_default().to_owned();
                let path = playlist::resolve(&base, &uri)?;
                renditions.insert(rendition, Rendition::read(&http, &path, codecs)?);
            }
        }
        Ok(Self { multivariant, renditions })
    }

    /// One rendition.
    ///
    /// # Errors
    ///
    /// When there is none of this name.
    pub fn rendition(&self, name: &str) -> Result<&Rendition> {
        let names: Vec<_> = self.renditions.keys().collect();
        self.renditions.get(name).with_context(|| format!("no {name} among {names:?}"))
    }
}

impl Rendition {
    fn read(http: &Http, path: &str, codecs: String) -> Result<Self> {
        let text = text(http, path)?;
        let playlist = playlist::media(&text).with_context(|| format!("read {text}"))?;
        let (mut segments, mut inits) = (BTreeMap::new(), BTreeMap::new());
        for listed in playlist.segments.iter().filter(|listed| !listed.is_gap) {
            let reply = http.get(&playlist::resolve(path, &listed.uri)?)?;
            ensure!(reply.status == 200, "{} is listed and {}", listed.uri, reply.status);
            segments.insert(listed.sequence, reply.body);
            let Some(init) = &listed.init else { continue };
            if !inits.contains_key(init) {
                let reply = http.get(&playlist::resolve(path, init)?)?;
                ensure!(reply.status == 200, "{init} is named and {}", reply.status);
                inits.insert(init.clone(), reply.body);
            }
        }
        Ok(Self { codecs, text, playlist, segments, inits })
    }

    /// The playlist in one line: the lengths of the segments in seconds, `|` before a break of the
    /// timeline, `?` for a gap, and in front `dependent` if decoding cannot start everywhere.
    #[must_use]
    pub fn shape(&self) -> String {
        let mut words = Vec::new();
        if !self.playlist.is_independent {
            words.push("dependent".to_owned());
        }
        for listed in &self.playlist.segments {
            let tag = if listed.discontinuity { "|" } else { "" };
            let gap = if listed.is_gap { "?" } else { "" };
            let (whole, part) = (listed.length_ms / 1_000, listed.length_ms % 1_000);
            words.push(format!("{tag}{gap}{whole}.{part:03}"));
        }
        words.join(" ")
    }

    /// The bytes of each run of the timeline, as a player would put them together.
    #[must_use]
    pub fn runs(&self) -> Vec<Vec<u8>> {
        let mut runs: Vec<(u64, Option<String>, Vec<u8>)> = Vec::new();
        let there = |listed: &&Listed| self.segments.contains_key(&listed.sequence);
        for listed in self.playlist.segments.iter().filter(there) {
            let (number, init) = (listed.discontinuity_sequence, listed.init.clone());
            let goes_on =
                |run: &&mut (u64, Option<String>, Vec<u8>)| run.0 == number && run.1 == init;
            let bytes = self.segments.get(&listed.sequence).map_or(&[][..], Vec::as_slice);
            match runs.last_mut().filter(goes_on) {
                Some(run) => run.2.extend_from_slice(bytes),
                None => {
                    let read_first = init.as_ref().and_then(|uri| self.inits.get(uri)).cloned();
                    let mut run = read_first.unwrap_or_default();
                    run.extend_from_slice(bytes);
                    runs.push((number, init, run));
                }
            }
        }
        runs.into_iter().map(|(.., bytes)| bytes).collect()
    }

    /// Decodes every run.
    ///
    /// # Errors
    ///
    /// When ffmpeg has anything to say of one, be it only a warning.
    pub fn decode(&self) -> Result<()> {
        for (number, run) in self.runs().iter().enumerate() {
            decode(run).with_context(|| format!("run {number} of {}", self.shape()))?;
        }
        Ok(())
    }
}

fn text(http: &Http, path: &str) -> Result<String> {
    let reply = http.get(path)?;
    ensure!(reply.status == 200, "{path} is {}: {}", reply.status, reply.text().trim());
    Ok(reply.text())
}
