//! Presentations that Weir itself makes of what ffmpeg pushes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;

use super::ffmpeg::attributes;
use super::{Multivariant, Presentation, Rendition, Segment};
use crate::encoder::{Source, encode};
use crate::recording::{ARGUMENTS, Recording};
use crate::{Server, recording};

/// How much is pushed: as much as ffmpeg's own presentations have.
const SECONDS: u32 = 124;

/// What was made before, by its container: tests of one process run at once.
static MADE: Mutex<BTreeMap<String, Presentation>> = Mutex::new(BTreeMap::new());

/// One rendition, from a server of its own.
pub(super) fn presentation(program: &Path, container: &str) -> Result<Presentation> {
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(presentation) = made.get(container) {
        return Ok(presentation.clone());
    }
    let packaging = format!("stream.packaging={container}");
    let arguments = [&ARGUMENTS[..], &["--set", &packaging]].concat();
    let server = Server::open(program, &arguments)?;
    let (tags, _) = encode(&Source::usual().lasting(SECONDS))?;
    let recording = Recording::of(&server, "cam", &tags, &[])?;
    let presentation = read(&recording)?;
    made.insert(container.to_owned(), presentation.clone());
    Ok(presentation)
}

fn read(recording: &Recording) -> Result<Presentation> {
    let (mut header, mut variants) = (Vec::new(), Vec::new());
    let mut lines = recording.multivariant.lines().filter(|line| !line.is_empty());
    while let Some(line) = lines.next() {
        match line.strip_prefix("#EXT-X-STREAM-INF:") {
            Some(list) => {
                let uri = lines.next().context("a variant without a URI")?;
                variants.push((attributes(list), uri.to_owned()));
            }
            None if line != "#EXTM3U" => header.push(line.to_owned()),
            None => {}
        }
    }
    let renditions = recording.renditions.iter().map(|(name, found)| rendition(name, found));
    let renditions = renditions.collect::<Result<_>>()?;
    let multivariant = Multivariant { header, alternatives: Vec::new(), variants };
    Ok(Presentation { multivariant, renditions })
}

fn rendition(name: &str, found: &recording::Rendition) -> Result<Rendition> {
    let (mut segments, mut begins) = (Vec::new(), Duration::ZERO);
    for listed in &found.playlist.segments {
        let bytes = found.segments.get(&listed.sequence).context("a gap")?;
        let duration = Duration::from_millis(listed.length_ms);
        segments.push(Segment {
            uri: listed.uri.clone(),
            duration,
            begins,
            has_discontinuity: listed.discontinuity,
            map: listed.init.clone(),
            bytes: Bytes::from(bytes.clone()),
        });
        begins += duration;
    }
    // The last one ends where the push did.
    segments.pop();
    let inits = found.inits.iter().map(|(uri, bytes)| (uri.clone(), Bytes::from(bytes.clone())));
    Ok(Rendition {
        name: name.to_owned(),
        version: u64::try_from(found.playlist.version)?,
        target_duration: found.playlist.target_duration_s,
        segments,
        inits: inits.collect(),
    })
}
