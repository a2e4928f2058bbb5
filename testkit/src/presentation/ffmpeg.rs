//! Presentations that ffmpeg's HLS muxer makes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;

use super::{Attributes, Multivariant, Presentation, Rendition, Segment};
use crate::process::run;

/// The machine may be busy; alone it takes four seconds.
const MADE_WITHIN: Duration = Duration::from_secs(120);

/// How much is encoded. A live exam of a minute that begins with forty segments sees the end.
const SECONDS: u32 = 124;

/// Pictures with three B-frames between two that others refer to, a key frame every second and
/// nowhere else, at a bit rate that is nearly constant.
const VIDEO: &str = "-c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv420p \
    -bf 3 -g 30 -keyint_min 30 -sc_threshold 0";
const SOUND: &str = "-c:a aac -b:a 48k -ac 2";

/// What was made before, by its arguments: tests of one process run at once.
static MADE: Mutex<BTreeMap<String, Presentation>> = Mutex::new(BTreeMap::new());

/// One rendition of pictures and sound.
pub(super) fn one(kind: &str) -> Result<Presentation> {
    let rates = "-b:v 80k -maxrate 100k -bufsize 100k";
    make(kind, &format!("-map 0:v -map 1:a {VIDEO} {rates} {SOUND}"), "v:0,a:0,name:v0")
}

/// Two variants and their common sound.
pub(super) fn ladder(kind: &str) -> Result<Presentation> {
    let rates = "-b:v:0 80k -maxrate:v:0 100k -bufsize:v:0 100k \
        -b:v:1 160k -maxrate:v:1 200k -bufsize:v:1 200k -s:v:1 256x144";
    make(
        kind,
        &format!("-map 0:v -map 0:v -map 1:a {VIDEO} {rates} {SOUND}"),
        "v:0,agroup:a,name:v0 v:1,agroup:a,name:v1 a:0,agroup:a,name:a0,language:en,default:yes",
    )
}

/// Cut every two seconds, with a key frame every four.
pub(super) fn split() -> Result<Presentation> {
    let encoding = "-map 0:v -map 1:a -c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv420p \
        -bf 0 -g 120 -keyint_min 120 -sc_threshold 0 -b:v 80k -maxrate 100k -bufsize 100k";
    let encoding = format!("{encoding} {SOUND} -hls_flags +split_by_time");
    make("mpegts", &encoding, "v:0,a:0,name:split")
}

/// Cut every two seconds, with key frames after 0.3 s once where none came for 3.7 s.
pub(super) fn tiny() -> Result<Presentation> {
    let encoding = "-map 0:v -map 1:a -c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv420p \
        -bf 0 -g 300 -sc_threshold 0 -b:v 80k -maxrate 100k -bufsize 100k -force_key_frames \
        expr:if(eq(n,351),1,if(mod(n,60),0,1-eq(n,300)))";
    let mut presentation = make("mpegts", &format!("{encoding} {SOUND}"), "v:0,a:0,name:tiny")?;
    presentation.renditions.iter_mut().for_each(|rendition| rendition.target_duration = 4);
    Ok(presentation)
}

/// H.265, which has no place in MPEG-TS for Apple's players.
pub(super) fn hevc(kind: &str) -> Result<Presentation> {
    let encoding = "-map 0:v -map 1:a -c:v libx265 -preset ultrafast -pix_fmt yuv420p \
        -x265-params log-level=error:keyint=60:min-keyint=60:scenecut=0:open-gop=0 -b:v 80k";
    let tag = if kind == "fmp4" { "-tag:v hvc1" } else { "" };
    make(kind, &format!("{encoding} {tag} {SOUND}"), "v:0,a:0,name:hevc")
}

fn make(kind: &str, encoding: &str, streams: &str) -> Result<Presentation> {
    let key = format!("{kind} {streams}");
    let mut made = MADE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(presentation) = made.get(&key) {
        return Ok(presentation.clone());
    }
    let folder = tempfile::tempdir().context("make a folder")?;
    let mut command = Command::new("ffmpeg");
    let mut add = |words: &str| {
        command.args(words.split_whitespace());
    };
    add("-nostdin -hide_banner -loglevel warning");
    add("-f lavfi -i testsrc2=size=192x108:rate=30");
    add("-f lavfi -i sine=frequency=440:sample_rate=48000");
    add(&format!("-t {SECONDS} {encoding}"));
    // Sound alone: one frame in a PES packet, so that a clock reference comes with each.
    if kind == "mpegts" && streams.contains("agroup") {
        add("-hls_segment_options pes_payload_size=0");
    }
    add("-f hls -hls_time 2 -hls_list_size 0 -hls_flags +independent_segments+program_date_time");
    add(&format!("-hls_segment_type {kind} -master_pl_name index.m3u8"));
    let suffix = if kind == "fmp4" { "m4s" } else { "ts" };
    add(&format!("-hls_segment_filename %v/%d.{suffix} -var_stream_map"));
    command.arg(streams).arg("%v/index.m3u8").current_dir(folder.path());
    let finished = run(&mut command, MADE_WITHIN)?;
    ensure!(finished.status.success(), "ffmpeg fails: {}", finished.err);
    let presentation = read(folder.path())?;
    made.insert(key, presentation.clone());
    Ok(presentation)
}

/// Reads what ffmpeg made, and says in the multivariant playlist what it does not.
fn read(folder: &Path) -> Result<Presentation> {
    let text = read_text(&folder.join("index.m3u8"))?;
    let (mut alternatives, mut variants) = (Vec::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(list) = line.strip_prefix("#EXT-X-MEDIA:") {
            let mut attributes = attributes(list);
            // ffmpeg leaves out what DEFAULT=YES asks for (RFC 8216, 4.3.4.1).
            attributes.0.push(("AUTOSELECT".to_owned(), "YES".to_owned()));
            attributes.0.push(("CHANNELS".to_owned(), "\"2\"".to_owned()));
            alternatives.push(attributes);
        } else if let Some(list) = line.strip_prefix("#EXT-X-STREAM-INF:") {
            let uri = lines.next().context("a variant without a URI")?;
            let mut attributes = attributes(list);
            attributes.0.push(("FRAME-RATE".to_owned(), "30.000".to_owned()));
            variants.push((attributes, uri.to_owned()));
        }
    }
    let named =
        |attributes: &Attributes| attributes.get("URI").map(|uri| uri.trim_matches('"').to_owned());
    let uris: Vec<_> = variants
        .iter()
        .map(|(_, uri)| uri.clone())
        .chain(alternatives.iter().filter_map(named))
        .collect();
    let mut renditions = Vec::new();
    for uri in &uris {
        renditions.push(rendition(folder, uri.split('/').next().unwrap_or_default())?);
    }
    let version = renditions.iter().map(|rendition| rendition.version).max().unwrap_or(6);
    let header =
        vec![format!("#EXT-X-VERSION:{version}"), "#EXT-X-INDEPENDENT-SEGMENTS".to_owned()];
    // The last segment of each ends where its track does, and not where the others' do.
    let shortest = renditions.iter().map(|rendition| rendition.segments.len()).min();
    let count = shortest.unwrap_or(0).saturating_sub(1);
    renditions.iter_mut().for_each(|rendition| rendition.segments.truncate(count));
    let multivariant = Multivariant { header, alternatives, variants };
    let mut presentation = Presentation { multivariant, renditions };
    presentation.say_bit_rates();
    Ok(presentation)
}

fn rendition(folder: &Path, name: &str) -> Result<Rendition> {
    let folder = folder.join(name);
    let text = read_text(&folder.join("index.m3u8"))?;
    let (mut segments, mut inits) = (Vec::new(), BTreeMap::new());
    let (mut begins, mut duration, mut map) = (Duration::ZERO, Duration::ZERO, None);
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(length) = line.strip_prefix("#EXTINF:") {
            let seconds = length.trim_end_matches(',').parse().context("read EXTINF")?;
            duration = Duration::from_secs_f64(seconds);
        } else if let Some(list) = line.strip_prefix("#EXT-X-MAP:") {
            let attributes = attributes(list);
            let uri = attributes.get("URI").context("EXT-X-MAP has no URI")?.trim_matches('"');
            inits.insert(uri.to_owned(), read_bytes(&folder.join(uri))?);
            map = Some(uri.to_owned());
        } else if !line.starts_with('#') {
            segments.push(Segment {
                uri: line.to_owned(),
                duration,
                begins,
                has_discontinuity: false,
                map: map.clone(),
                bytes: read_bytes(&folder.join(line))?,
            });
            begins += duration;
        }
    }
    // RFC 8216, 7: EXT-X-MAP in other playlists than those of I-frames needs 6.
    let version = if map.is_some() { 7 } else { 6 };
    Ok(Rendition { name: name.to_owned(), version, target_duration: 2, segments, inits })
}

/// Takes an attribute list apart; a comma may stand between quotes.
pub(super) fn attributes(list: &str) -> Attributes {
    let mut is_quoted = false;
    let parts = list.split(|character| {
        is_quoted ^= character == '"';
        character == ',' && !is_quoted
    });
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (name.to_owned(), value.to_owned())
    };
    Attributes(parts.map(pair).collect())
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

fn read_bytes(path: &Path) -> Result<Bytes> {
    fs::read(path).map(Bytes::from).with_context(|| format!("read {}", path.display()))
}
