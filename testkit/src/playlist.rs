//! Playlists as a reader that is not ours understands them (`m3u8-rs`).

use anyhow::{Context, Result, bail, ensure};
use m3u8_rs::{MasterPlaylist, MediaSegment, Playlist};

/// A media playlist.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MediaPlaylist {
    /// `EXT-X-VERSION`.
    pub version: usize,
    /// `EXT-X-TARGETDURATION`.
    pub target_duration_s: u64,
    /// `EXT-X-DISCONTINUITY-SEQUENCE`.
    pub discontinuity_sequence: u64,
    /// `EXT-X-INDEPENDENT-SEGMENTS`.
    pub is_independent: bool,
    /// `EXT-X-ENDLIST`.
    pub has_ended: bool,
    /// `EXT-X-MEDIA-SEQUENCE`.
    pub media_sequence: u64,
    /// What is listed, oldest first.
    pub segments: Vec<Listed>,
}

/// A segment as a playlist lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its media sequence number.
    pub sequence: u64,
    /// Its discontinuity sequence number: breaks up to and with it.
    pub discontinuity_sequence: u64,
    /// Whether `EXT-X-DISCONTINUITY` stands before it.
    pub discontinuity: bool,
    /// Its URI, as it is written.
    pub uri: String,
    /// `EXTINF` in milliseconds.
    pub length_ms: u64,
    /// `EXT-X-PROGRAM-DATE-TIME` in milliseconds since the Unix epoch.
    pub date_ms: i64,
    /// `EXT-X-GAP`.
    pub is_gap: bool,
    /// The URI of what must be read before it (`EXT-X-MAP`), as it is written.
    pub init: Option<String>,
}

/// Reads a media playlist.
///
/// # Errors
///
/// When it is not one, or has a tag that a live playlist of ours does not have.
pub fn media(text: &str) -> Result<MediaPlaylist> {
    for tag in text.lines().filter(|line| line.starts_with('#')) {
        let name = tag.split(':').next().unwrap_or_default();
        ensure!(TAGS.contains(&name), "the tag {tag} is not known");
    }
    let text = without_parts(text);
    let playlist = match m3u8_rs::parse_playlist_res(text.as_bytes()) {
        Ok(Playlist::MediaPlaylist(playlist)) => playlist,
        Ok(Playlist::MasterPlaylist(_)) => bail!("it lists variants, not segments"),
        Err(error) => bail!("it is no playlist: {error}"),
    };
    let mut discontinuity_sequence = playlist.discontinuity_sequence;
    let numbered = (playlist.media_sequence..).zip(&playlist.segments);
    let mut init = None;
    let segments = numbered.map(|(sequence, segment)| {
        discontinuity_sequence += u64::from(segment.discontinuity);
        // It holds until the next one.
        init = segment.map.as_ref().map(|map| map.uri.clone()).or_else(|| init.take());
        let listed = listed(sequence, discontinuity_sequence, segment)?;
        Ok(Listed { init: init.clone(), ..listed })
    });
    Ok(MediaPlaylist {
        segments: segments.collect::<Result<_>>()?,
        version: playlist.version.unwrap_or(1),
        target_duration_s: playlist.target_duration,
        discontinuity_sequence: playlist.discontinuity_sequence,
        is_independent: playlist.independent_segments,
        has_ended: playlist.end_list,
        media_sequence: playlist.media_sequence,
    })
}

/// The playlist as a player sees it that knows nothing of low latency: without parts, and without
/// what stands before the parts of a segment that is not whole.
fn without_parts(text: &str) -> String {
    let lines = || text.lines().filter(|line| !LOW_LATENCY.iter().any(|tag| line.starts_with(tag)));
    let is_uri = |line: &str| !line.is_empty() && !line.starts_with('#');
    let whole = lines().count() - lines().rev().position(is_uri).unwrap_or_default();
    let rest = lines().skip(whole).filter(|line| line.starts_with("#EXT-X-ENDLIST"));
    lines().take(whole).chain(rest).map(|line| format!("{line}\n")).collect()
}

/// Reads a multivariant playlist.
///
/// # Errors
///
/// When it is not one.
pub fn multivariant(text: &str) -> Result<MasterPlaylist> {
    match m3u8_rs::parse_playlist_res(text.as_bytes()) {
        Ok(Playlist::MasterPlaylist(playlist)) => Ok(playlist),
        Ok(Playlist::MediaPlaylist(_)) => bail!("it lists segments, not variants"),
        Err(error) => bail!("it is no playlist: {error}"),
    }
}

/// The path that `uri` means in a playlist at `base`. Ours are relative and go nowhere but down.
///
/// # Errors
///
/// When it is not so.
pub fn resolve(base: &str, uri: &str) -> Result<String> {
    let is_plain = !uri.starts_with('/') && !uri.contains("..") && !uri.contains(':');
    ensure!(is_plain, "the URI {uri} is not relative");
    let (folder, _) = base.rsplit_once('/').context("a path has a folder")?;
    Ok(format!("{folder}/{uri}"))
}

fn listed(sequence: u64, discontinuity_sequence: u64, segment: &MediaSegment) -> Result<Listed> {
    let date = segment.program_date_time.as_ref();
    let date = date.with_context(|| format!("segment {sequence} has no date"))?;
    // The reader counts in seconds as f32: at a segment's length that is exact to microseconds.
    let text = format!("{:.0}", f64::from(segment.duration) * 1_000.0);
    Ok(Listed {
        sequence,
        discontinuity_sequence,
        discontinuity: segment.discontinuity,
        uri: segment.uri.clone(),
        length_ms: text.parse().with_context(|| format!("segment {sequence} lasts {text} ms"))?,
        date_ms: date.timestamp_millis(),
        is_gap: segment.unknown_tags.iter().any(|tag| tag.tag == "X-GAP"),
        init: None,
    })
}

const TAGS: [&str; 20] = [
    "#EXT-X-START",
    "#EXT-X-PLAYLIST-TYPE",
    "#EXT-X-SERVER-CONTROL",
    "#EXT-X-PART-INF",
    "#EXT-X-PART",
    "#EXT-X-PRELOAD-HINT",
    "#EXT-X-RENDITION-REPORT",
    "#EXT-X-MAP",
    "#EXT-X-DATERANGE",
    "#EXTM3U",
    "#EXT-X-VERSION",
    "#EXT-X-INDEPENDENT-SEGMENTS",
    "#EXT-X-TARGETDURATION",
    "#EXT-X-MEDIA-SEQUENCE",
    "#EXT-X-DISCONTINUITY-SEQUENCE",
    "#EXT-X-DISCONTINUITY",
    "#EXT-X-GAP",
    "#EXT-X-PROGRAM-DATE-TIME",
    "#EXTINF",
    "#EXT-X-ENDLIST",
];

/// How lines begin that only players of low latency read.
const LOW_LATENCY: [&str; 3] = ["#EXT-X-PART:", "#EXT-X-PRELOAD-HINT:", "#EXT-X-RENDITION-REPORT:"];

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
#EXTM3U
#EXT-X-VERSION:8
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:1
#EXT-X-GAP
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z
#EXTINF:2.002,
1/7.ts
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.500Z
#EXTINF:0.999,
2/8.ts
#EXT-X-ENDLIST
";

    #[test]
    fn a_playlist_is_read_with_its_numbers() {
        let playlist = media(TEXT).unwrap();
        let first = Listed {
            sequence: 7,
            discontinuity_sequence: 1,
            discontinuity: false,
            uri: "1/7.ts".into(),
            length_ms: 2_002,
            date_ms: 1_700_000_000_000,
            is_gap: true,
            init: None,
        };
        let second = Listed {
            sequence: 8,
            discontinuity_sequence: 2,
            discontinuity: true,
            uri: "2/8.ts".into(),
            length_ms: 999,
            date_ms: 1_700_000_002_500,
            is_gap: false,
            init: None,
        };
        assert_eq!(playlist.segments, [first, second]);
        assert!(playlist.has_ended && !playlist.is_independent);
        assert_eq!((playlist.version, playlist.target_duration_s), (8, 2));
    }

    #[test]
    fn what_is_no_playlist_of_ours_is_refused() {
        assert!(media("<html>").is_err());
        assert!(media(&TEXT.replace("GAP", "GPA")).is_err());
        assert!(media("#EXTM3U\n#EXTINF:2,\na.ts\n").is_err(), "no date");
        assert!(multivariant(TEXT).is_err());
    }

    #[test]
    fn a_uri_is_relative() {
        assert_eq!(resolve("/live/a/ts/index.m3u8", "1/7.ts").unwrap(), "/live/a/ts/1/7.ts");
        assert!(resolve("/live/a/index.m3u8", "../b").is_err());
        assert!(resolve("/live/a/index.m3u8", "http://b/c").is_err());
    }
}
