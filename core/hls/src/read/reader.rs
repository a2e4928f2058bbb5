//! From text to a document, line by line.

use super::attributes::Attributes;
use super::media_tags::MediaBuilder;
use super::notes::{Notes, short};
use super::variables::{Given, Variables};
use super::variants::MultivariantBuilder;
use super::{Document, FaultKind, Playlist, Start, values};

/// Reads a playlist. Variables that it imports, or takes from its URL, stand for themselves.
///
/// What this costs grows with the text and not faster, up to limits that no playlist in use comes
/// near; what is beyond them is not read, and that is a fault of the kind [`FaultKind::Limit`].
#[must_use]
pub fn read(text: &[u8]) -> Document {
    read_with(text, &Given::default())
}

/// Reads a playlist whose variables come from elsewhere, too.
#[must_use]
pub fn read_with(text: &[u8], given: &Given) -> Document {
    let mut reader = Reader {
        notes: Notes::default(),
        variables: Variables::new(given),
        media: MediaBuilder::default(),
        multivariant: MultivariantBuilder::default(),
        header: Header::default(),
        first_media: None,
        first_multivariant: None,
    };
    let is_playlist = reader.run(text);
    reader.finish(is_playlist)
}

/// Eleven days of segments of two seconds come to 50 MB.
const TEXT_BYTES_MAX: usize = 64 << 20;

/// Eight for each segment that is read.
const LINES_MAX: usize = 4_000_000;

struct Reader<'a> {
    notes: Notes,
    variables: Variables<'a>,
    media: MediaBuilder,
    multivariant: MultivariantBuilder,
    header: Header,
    /// The line of the first tag that only media playlists have.
    first_media: Option<usize>,
    /// The line of the first tag that only multivariant playlists have.
    first_multivariant: Option<usize>,
}

/// What both kinds of playlist have.
#[derive(Default)]
struct Header {
    version: Option<u64>,
    version_line: Option<usize>,
    is_independent: bool,
    start: Option<Start>,
}

impl Reader<'_> {
    /// Reads all lines; whether the first one is right.
    fn run(&mut self, text: &[u8]) -> bool {
        self.notes.line = 1;
        let text = match text.split_at_checked(TEXT_BYTES_MAX) {
            Some((text, rest)) if !rest.is_empty() => {
                self.notes.add_limit("bytes", TEXT_BYTES_MAX);
                text
            }
            Some(_) | None => text,
        };
        let stripped = text.strip_prefix(b"\xef\xbb\xbf");
        if stripped.is_some() {
            self.notes.add(FaultKind::Encoding, "the text begins with a byte order mark");
        }
        let lines = stripped.unwrap_or(text).split(|byte| *byte == b'\n');
        for (at, line) in lines.enumerate() {
            self.notes.line = at + 1;
            if at >= LINES_MAX {
                self.notes.add_limit("lines", LINES_MAX);
                break;
            }
            let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
            if at == 0 && line.trim_end() != "#EXTM3U" {
                self.notes.add(FaultKind::Header, other_start(text, &line));
                return false;
            }
            self.check_encoding(&line);
            if at == 0 {
                if line.trim_end().len() != line.len() {
                    self.notes.add(FaultKind::Syntax, "there is a blank behind #EXTM3U");
                }
                continue;
            }
            self.take(&line);
        }
        true
    }

    fn check_encoding(&mut self, line: &str) {
        if line.contains(char::REPLACEMENT_CHARACTER) {
            self.notes.add(FaultKind::Encoding, "the line is not UTF-8");
        }
        if let Some(control) = line.chars().find(|c| c.is_control()) {
            let what = format!("the line has the control character U+{:04X}", u32::from(control));
            self.notes.add(FaultKind::Encoding, what);
        }
    }

    fn take(&mut self, line: &str) {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            if !line.is_empty() {
                self.notes.add(FaultKind::Syntax, "the line has nothing but blanks");
            }
            return;
        }
        if !trimmed.starts_with('#') {
            return self.take_uri(line, trimmed);
        }
        if !trimmed.starts_with("#EXT") {
            return;
        }
        let (name, value) = match trimmed.split_once(':') {
            Some((name, value)) => (name, Some(value)),
            None => (trimmed, None),
        };
        let name = name.strip_prefix('#').unwrap_or(name);
        // The title of a segment may have blanks.
        if trimmed.len() != line.len() && name != "EXTINF" {
            self.notes.add(FaultKind::Syntax, format!("there is a blank beside {}", short(name)));
        }
        self.take_tag(name, value.unwrap_or_default());
    }

    fn take_uri(&mut self, line: &str, trimmed: &str) {
        if trimmed.len() != line.len() || trimmed.contains(char::is_whitespace) {
            let what = format!("there is a blank in or beside the URI {:?}", short(trimmed));
            self.notes.add(FaultKind::Syntax, what);
        }
        let uri = self.variables.substitute(trimmed, &mut self.notes);
        if self.multivariant.is_waiting() {
            self.multivariant.take_uri(&uri);
        } else if self.first_multivariant.is_some() && self.first_media.is_none() {
            let what = format!("no EXT-X-STREAM-INF is before the URI {:?}", short(&uri));
            self.notes.add(FaultKind::Syntax, what);
        } else {
            self.media.take_uri(&uri, &mut self.notes);
        }
    }

    fn take_tag(&mut self, name: &str, value: &str) {
        let Self { notes, variables, header, .. } = self;
        match name {
            "EXTM3U" => notes.add(FaultKind::Syntax, "EXTM3U is there twice"),
            "EXT-X-VERSION" => header.take_version(value, notes),
            "EXT-X-INDEPENDENT-SEGMENTS" => {
                if header.is_independent {
                    notes.add(FaultKind::Syntax, "EXT-X-INDEPENDENT-SEGMENTS is there twice");
                }
                header.is_independent = true;
            }
            "EXT-X-START" => {
                let attributes = Attributes::read(name, value, variables, notes);
                header.take_start(&attributes, notes);
            }
            "EXT-X-DEFINE" => {
                notes.need(8, "EXT-X-DEFINE");
                let attributes = Attributes::read(name, value, variables, notes);
                if attributes.has("QUERYPARAM") {
                    notes.need(11, "QUERYPARAM of EXT-X-DEFINE");
                }
                variables.define(&attributes, notes);
            }
            _ if self.media.take_tag(name, value, variables, notes) => {
                self.first_media.get_or_insert(notes.line);
            }
            _ if self.multivariant.take_tag(name, value, variables, notes) => {
                self.first_multivariant.get_or_insert(notes.line);
            }
            _ => notes.add_unknown(name),
        }
    }

    fn finish(mut self, is_playlist: bool) -> Document {
        // What lists something decides, then what came first.
        let is_multivariant = match (self.first_media, self.first_multivariant) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(media), Some(multivariant)) => {
                match (self.media.lists_something(), self.multivariant.lists_something()) {
                    (true, false) => false,
                    (false, true) => true,
                    (true, true) | (false, false) => multivariant < media,
                }
            }
        };
        let other = if is_multivariant { self.first_media } else { self.first_multivariant };
        if let Some(line) = other.filter(|_| self.first_media.is_some()) {
            let [here, there] =
                if is_multivariant { ["multivariant", "media"] } else { ["media", "multivariant"] };
            let what = format!("a tag of {there} playlists is in a {here} playlist");
            self.notes.add_at(line, FaultKind::Mixed, what);
        }
        let playlist = match () {
            () if !is_playlist => Playlist::None,
            () if is_multivariant => {
                let mut playlist = self.multivariant.finish(&mut self.notes);
                playlist.version = self.header.version;
                playlist.is_independent = self.header.is_independent;
                playlist.start = self.header.start;
                playlist.variables = self.variables.into_values();
                Playlist::Multivariant(playlist)
            }
            () => {
                let mut playlist = self.media.finish(&mut self.notes);
                playlist.version = self.header.version;
                playlist.is_independent = self.header.is_independent;
                playlist.start = self.header.start;
                Playlist::Media(playlist)
            }
        };
        self.header.check_version(&mut self.notes);
        let Notes { mut faults, unknown_tags, .. } = self.notes;
        faults.sort_by_key(|fault| fault.line);
        Document { playlist, faults, unknown_tags }
    }
}

/// How something begins that is no playlist. How it is encoded need not be said.
fn other_start(text: &[u8], line: &str) -> String {
    let is_text = |c: char| c != char::REPLACEMENT_CHARACTER && (c == '\t' || !c.is_control());
    if text.is_empty() {
        "there is nothing in it".to_owned()
    } else if line.chars().all(is_text) {
        format!("the first line is {:?}, not #EXTM3U", short(line))
    } else {
        let bytes = text.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
        format!("it is no text, and begins with the bytes {}", bytes.join(" "))
    }
}

impl Header {
    fn take_version(&mut self, value: &str, notes: &mut Notes) {
        if self.version_line.is_some() {
            return notes.add(FaultKind::Version, "EXT-X-VERSION is there more than once");
        }
        self.version_line = Some(notes.line);
        self.version = values::integer(value).filter(|version| *version > 0);
        if self.version.is_none() {
            let what = format!("EXT-X-VERSION is {:?}, not a whole number", short(value));
            notes.add(FaultKind::Version, what);
        }
    }

    /// Draft, section 8.
    fn check_version(&self, notes: &mut Notes) {
        let Some((needed, what)) = notes.needs else { return };
        let is_unreadable = self.version_line.is_some() && self.version.is_none();
        let version = self.version.unwrap_or(1);
        if version < needed && !is_unreadable {
            let said = if self.version.is_some() { "" } else { " (no EXT-X-VERSION)" };
            let what = format!("{what} needs version {needed}, not {version}{said}");
            notes.add_at(self.version_line.unwrap_or(1), FaultKind::Version, what);
        }
    }

    fn take_start(&mut self, attributes: &Attributes<'_>, notes: &mut Notes) {
        if self.start.is_some() {
            notes.add(FaultKind::Syntax, "EXT-X-START is there twice");
        }
        attributes.require("TIME-OFFSET", notes);
        let read = values::signed_duration;
        let offset = attributes.value("TIME-OFFSET", notes, "a decimal number", read);
        let (offset, is_from_end) = offset.unwrap_or_default();
        let is_precise = attributes.yes("PRECISE", notes);
        self.start = Some(Start { offset, is_from_end, is_precise });
    }
}
