//! Tags of multivariant playlists (RFC 8216, 4.3.4; draft, 4.4.6).

use super::attributes::Attributes;
use super::notes::Notes;
use super::segments::key;
use super::variables::Variables;
use super::{
    Alternative, AlternativeKind, FaultKind, MultivariantPlaylist, SessionData, Steering, Variant,
    values,
};

/// A multivariant playlist that is being read.
#[derive(Debug, Default)]
pub(super) struct MultivariantBuilder {
    playlist: MultivariantPlaylist,
    /// A variant that waits for its URI.
    next: Option<Variant>,
}

/// Of variants, alternatives, session data and keys, each: the largest ladders in use have
/// hundreds.
const RECORDS_MAX: usize = 10_000;

impl MultivariantBuilder {
    /// Takes in a tag; false if it is none of multivariant playlists.
    pub(super) fn take_tag(
        &mut self,
        name: &str,
        value: &str,
        variables: &mut Variables<'_>,
        notes: &mut Notes,
    ) -> bool {
        let is_known = matches!(
            name,
            "EXT-X-STREAM-INF"
                | "EXT-X-I-FRAME-STREAM-INF"
                | "EXT-X-MEDIA"
                | "EXT-X-SESSION-DATA"
                | "EXT-X-SESSION-KEY"
                | "EXT-X-CONTENT-STEERING"
        );
        if is_known {
            let attributes = Attributes::read(name, value, variables, notes);
            self.take_attributes(name, &attributes, notes);
        }
        is_known
    }

    /// Whether the next URI is that of a variant.
    pub(super) const fn is_waiting(&self) -> bool {
        self.next.is_some()
    }

    pub(super) fn take_uri(&mut self, uri: &str) {
        if let Some(variant) = self.next.take() {
            self.playlist.variants.push(Variant { uri: uri.to_owned(), ..variant });
        }
    }

    pub(super) const fn lists_something(&self) -> bool {
        self.next.is_some() || !self.playlist.variants.is_empty()
    }

    pub(super) fn finish(self, notes: &mut Notes) -> MultivariantPlaylist {
        if self.next.is_some() {
            notes.add(FaultKind::Syntax, "no URI follows the last EXT-X-STREAM-INF");
        }
        self.playlist
    }

    fn take_attributes(&mut self, name: &str, attributes: &Attributes<'_>, notes: &mut Notes) {
        let playlist = &mut self.playlist;
        match name {
            "EXT-X-STREAM-INF" => {
                if self.next.is_some() {
                    notes.add(FaultKind::Syntax, "no URI follows EXT-X-STREAM-INF");
                }
                self.next = None;
                if playlist.variants.len() >= RECORDS_MAX {
                    return notes.add_limit("variants", RECORDS_MAX);
                }
                self.next = Some(variant(attributes, notes));
            }
            "EXT-X-I-FRAME-STREAM-INF" => {
                let uri = attributes.required_quoted("URI", notes).unwrap_or_default();
                let variant = Variant { uri, ..variant(attributes, notes) };
                push(&mut playlist.i_frame_variants, variant, notes);
            }
            "EXT-X-MEDIA" => {
                let alternative = alternative(attributes, notes);
                push(&mut playlist.alternatives, alternative, notes);
            }
            "EXT-X-SESSION-DATA" => {
                let data = session_data(attributes, notes);
                push(&mut playlist.session_data, data, notes);
            }
            "EXT-X-SESSION-KEY" => match key(attributes, notes) {
                Some(key) => push(&mut playlist.session_keys, key, notes),
                None => notes.add(FaultKind::Syntax, "EXT-X-SESSION-KEY has METHOD=NONE"),
            },
            _ => {
                if playlist.steering.is_some() {
                    notes.add(FaultKind::Syntax, "EXT-X-CONTENT-STEERING is there twice");
                }
                let uri = attributes.required_quoted("SERVER-URI", notes).unwrap_or_default();
                let pathway = attributes.quoted("PATHWAY-ID", notes);
                playlist.steering = Some(Steering { uri, pathway });
            }
        }
    }
}

fn push<T>(list: &mut Vec<T>, item: T, notes: &mut Notes) {
    if list.len() >= RECORDS_MAX {
        return notes.add_limit("entries of one kind", RECORDS_MAX);
    }
    list.push(item);
}

fn variant(attributes: &Attributes<'_>, notes: &mut Notes) -> Variant {
    if attributes.iter().any(|attribute| attribute.name.starts_with("REQ-")) {
        notes.need(12, "an attribute that begins with REQ-");
    }
    let [codecs, supplemental_codecs, audio, video, subtitles] =
        ["CODECS", "SUPPLEMENTAL-CODECS", "AUDIO", "VIDEO", "SUBTITLES"]
            .map(|name| attributes.quoted(name, notes));
    let [stable_id, pathway, video_layout] =
        ["STABLE-VARIANT-ID", "PATHWAY-ID", "REQ-VIDEO-LAYOUT"]
            .map(|name| attributes.quoted(name, notes));
    // It is a quoted group, or NONE without quotes.
    let closed_captions = match attributes.get("CLOSED-CAPTIONS") {
        Some(attribute) if !attribute.is_quoted && attribute.value == "NONE" => {
            Some("NONE".to_owned())
        }
        Some(_) | None => attributes.quoted("CLOSED-CAPTIONS", notes),
    };
    let bandwidth = attributes.word("BANDWIDTH", notes);
    Variant {
        line: notes.line,
        uri: String::new(),
        // Whether it is there and a number has a rule of its own.
        bandwidth: bandwidth.and_then(values::integer),
        average_bandwidth: attributes.integer("AVERAGE-BANDWIDTH", notes),
        codecs,
        supplemental_codecs,
        resolution: attributes.resolution("RESOLUTION", notes),
        frame_rate_milli: attributes.milli("FRAME-RATE", notes),
        video_range: attributes.word("VIDEO-RANGE", notes).map(str::to_owned),
        audio,
        video,
        subtitles,
        closed_captions,
        hdcp_level: attributes.word("HDCP-LEVEL", notes).map(str::to_owned),
        score_milli: attributes.milli("SCORE", notes),
        stable_id,
        pathway,
        video_layout,
    }
}

/// What must be there, and what goes with what, has rules of its own.
fn alternative(attributes: &Attributes<'_>, notes: &mut Notes) -> Alternative {
    let instream_id = attributes.quoted("INSTREAM-ID", notes);
    let kind = match attributes.word("TYPE", notes) {
        Some("AUDIO") => AlternativeKind::Audio,
        Some("VIDEO") => AlternativeKind::Video,
        Some("SUBTITLES") => AlternativeKind::Subtitles,
        Some("CLOSED-CAPTIONS") => AlternativeKind::ClosedCaptions,
        Some(_) | None => AlternativeKind::Unknown,
    };
    if instream_id.as_ref().is_some_and(|id| id.starts_with("SERVICE")) {
        notes.need(7, "SERVICE in INSTREAM-ID");
    }
    if instream_id.is_some() && kind != AlternativeKind::ClosedCaptions {
        notes.need(13, "INSTREAM-ID of what is no closed captions");
    }
    let [group, name, uri, language] =
        ["GROUP-ID", "NAME", "URI", "LANGUAGE"].map(|name| attributes.quoted(name, notes));
    let [channels, associated_language, characteristics, stable_id] =
        ["CHANNELS", "ASSOC-LANGUAGE", "CHARACTERISTICS", "STABLE-RENDITION-ID"]
            .map(|name| attributes.quoted(name, notes));
    let [is_default, is_forced] = ["DEFAULT", "FORCED"].map(|name| attributes.yes(name, notes));
    let autoselect = attributes.yes_or_no("AUTOSELECT", notes);
    Alternative {
        line: notes.line,
        kind,
        group: group.unwrap_or_default(),
        name: name.unwrap_or_default(),
        uri,
        language,
        is_default,
        autoselect,
        is_forced,
        instream_id,
        channels,
        associated_language,
        characteristics,
        stable_id,
    }
}

/// RFC 8216, 4.3.4.4.
fn session_data(attributes: &Attributes<'_>, notes: &mut Notes) -> SessionData {
    let id = attributes.required_quoted("DATA-ID", notes).unwrap_or_default();
    let [value, uri, language] =
        ["VALUE", "URI", "LANGUAGE"].map(|name| attributes.quoted(name, notes));
    if value.is_some() == uri.is_some() {
        notes.add(FaultKind::Syntax, "EXT-X-SESSION-DATA must have one of VALUE and URI");
    }
    SessionData { line: notes.line, id, value, uri, language }
}
