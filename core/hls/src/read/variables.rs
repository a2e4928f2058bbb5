//! `EXT-X-DEFINE` and what it stands for (draft-pantos-hls-rfc8216bis, 4.3 and 4.4.2.3).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::FaultKind;
use super::attributes::Attributes;
use super::notes::{Notes, short};

/// What a playlist's variables may come from, besides the playlist.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Given {
    /// Of a media playlist: the variables of the multivariant playlist that lists it.
    pub imported: BTreeMap<String, String>,
    /// The query of the playlist's URL, decoded.
    pub query: BTreeMap<String, String>,
}

/// The variables of a playlist.
#[derive(Debug)]
pub(super) struct Variables<'a> {
    given: &'a Given,
    values: BTreeMap<String, String>,
    /// Bytes that substitution may still make.
    bytes_left: usize,
}

/// Playlists in use have a handful.
const VARIABLES_MAX: usize = 1_000;

/// What substitution may make in all: a variable of 60 KB that stands a million times in a playlist
/// of 5 MB would fill 60 GB.
const SUBSTITUTED_BYTES_MAX: usize = 64 << 20;

impl<'a> Variables<'a> {
    pub(super) const fn new(given: &'a Given) -> Self {
        Self { given, values: BTreeMap::new(), bytes_left: SUBSTITUTED_BYTES_MAX }
    }

    /// Takes in an `EXT-X-DEFINE`.
    pub(super) fn define(&mut self, attributes: &Attributes<'_>, notes: &mut Notes) {
        let [name, import, query] =
            ["NAME", "IMPORT", "QUERYPARAM"].map(|key| attributes.quoted(key, notes));
        let (name, value) = match (name, import, query) {
            (Some(name), None, None) => (name, attributes.required_quoted("VALUE", notes)),
            // Where the other playlist is not known, what it says is not missed.
            (None, Some(name), None) => {
                let value = self.given.imported.get(&name).cloned();
                (name, value)
            }
            (None, None, Some(name)) => {
                let value = self.given.query.get(&name).cloned();
                (name, value)
            }
            (None, ..) | (Some(_), ..) => {
                let what = "EXT-X-DEFINE must have one of NAME, IMPORT and QUERYPARAM";
                return notes.add(FaultKind::Syntax, what);
            }
        };
        if name.is_empty() || !name.bytes().all(is_of_name) {
            let what = format!("a variable has the illegal name {:?}", short(&name));
            return notes.add(FaultKind::Syntax, what);
        }
        if self.values.contains_key(&name) {
            let what = format!("the variable {} is defined twice", short(&name));
            return notes.add(FaultKind::Syntax, what);
        }
        if self.values.len() >= VARIABLES_MAX {
            return notes.add_limit("variables", VARIABLES_MAX);
        }
        // One that is defined elsewhere stands for itself.
        let value = value.unwrap_or_else(|| format!("{{${name}}}"));
        self.values.insert(name, value);
    }

    /// The text with each `{$name}` replaced.
    pub(super) fn substitute<'t>(&mut self, text: &'t str, notes: &mut Notes) -> Cow<'t, str> {
        if !text.contains("{$") {
            return Cow::Borrowed(text);
        }
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("{$") {
            out.push_str(before);
            let name_bytes = after.bytes().take_while(|byte| is_of_name(*byte)).count();
            let (name, behind) = after.split_at_checked(name_bytes).unwrap_or((after, ""));
            let Some(behind) = behind.strip_prefix('}').filter(|_| !name.is_empty()) else {
                // No reference at all.
                out.push_str("{$");
                rest = after;
                continue;
            };
            rest = behind;
            let Some(value) = self.values.get(name) else {
                let what = format!("the variable {} is used but not defined", short(name));
                notes.add(FaultKind::Syntax, what);
                out.push_str(&format!("{{${name}}}"));
                continue;
            };
            match self.bytes_left.checked_sub(value.len()) {
                Some(left) => {
                    self.bytes_left = left;
                    out.push_str(value);
                }
                None => notes.add_limit("bytes of substituted variables", SUBSTITUTED_BYTES_MAX),
            }
        }
        out.push_str(rest);
        Cow::Owned(out)
    }

    /// What is defined.
    pub(super) fn into_values(self) -> BTreeMap<String, String> {
        self.values
    }
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}
