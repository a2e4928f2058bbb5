//! Attribute lists (RFC 8216, 4.2).

use std::borrow::Cow;
use std::time::Duration;

use super::FaultKind;
use super::notes::{Notes, short};
use super::values;
use super::variables::Variables;

/// The attributes of a tag. What is wrong with how they are written is noted.
#[derive(Debug)]
pub(super) struct Attributes<'a> {
    tag: &'a str,
    list: Vec<Attribute<'a>>,
}

#[derive(Debug)]
pub(super) struct Attribute<'a> {
    pub(super) name: &'a str,
    pub(super) value: Cow<'a, str>,
    pub(super) is_quoted: bool,
}

/// A date range with all that a programme guide knows has a few dozen.
const ATTRIBUTES_MAX: usize = 128;

impl<'a> Attributes<'a> {
    /// Takes a list apart.
    pub(super) fn read(
        tag: &'a str,
        text: &'a str,
        variables: &mut Variables<'_>,
        notes: &mut Notes,
    ) -> Self {
        let (mut attributes, mut rest) = (Self { tag, list: Vec::new() }, text);
        while !rest.is_empty() {
            if attributes.list.len() >= ATTRIBUTES_MAX {
                notes.add_limit("attributes of one tag", ATTRIBUTES_MAX);
                break;
            }
            let Some((name, behind)) = rest.split_once('=') else {
                let what = format!("{tag} has {:?} where NAME=VALUE belongs", short(rest));
                notes.add(FaultKind::Attribute, what);
                break;
            };
            let (value, is_quoted, behind) = attributes.split_value(behind, notes);
            rest = behind;
            if let Some(name) = attributes.legal_name(name, notes) {
                let value = if is_quoted || value.starts_with("0x") {
                    variables.substitute(value, notes)
                } else {
                    Cow::Borrowed(value)
                };
                attributes.list.push(Attribute { name, value, is_quoted });
            }
        }
        attributes
    }

    /// The value that `text` begins with, whether it is quoted, and what is behind its comma.
    fn split_value(&self, text: &'a str, notes: &mut Notes) -> (&'a str, bool, &'a str) {
        let trimmed = text.trim_start();
        if let Some(inner) = trimmed.strip_prefix('"') {
            if trimmed.len() != text.len() {
                notes.add(FaultKind::Attribute, format!("{} has a blank behind a =", self.tag));
            }
            let Some((value, behind)) = inner.split_once('"') else {
                notes.add(FaultKind::Attribute, format!("{} has an unclosed quote", self.tag));
                return (inner, true, "");
            };
            if behind.is_empty() {
                return (value, true, behind);
            }
            let (between, rest) = behind.split_once(',').unwrap_or((behind, ""));
            if !between.is_empty() {
                let what = format!("{} has {:?} behind a quoted value", self.tag, short(between));
                notes.add(FaultKind::Attribute, what);
            } else if rest.is_empty() {
                notes.add(FaultKind::Attribute, format!("{} ends with a comma", self.tag));
            }
            return (value, true, rest);
        }
        let (value, rest) = text.split_once(',').unwrap_or((text, ""));
        if rest.is_empty() && value.len() != text.len() {
            notes.add(FaultKind::Attribute, format!("{} ends with a comma", self.tag));
        }
        let stripped = value.trim();
        if stripped.is_empty() {
            notes.add(FaultKind::Attribute, format!("{} has an empty value", self.tag));
        } else if stripped.contains(char::is_whitespace) || stripped.len() != value.len() {
            let what = format!("{} has a blank in the value {:?}", self.tag, short(value));
            notes.add(FaultKind::Attribute, what);
        } else if stripped.contains('"') {
            let what = format!("{} has a quote in the value {:?}", self.tag, short(value));
            notes.add(FaultKind::Attribute, what);
        }
        (stripped, false, rest)
    }

    /// The name if it can be used, as it was meant.
    fn legal_name(&self, name: &'a str, notes: &mut Notes) -> Option<&'a str> {
        let tag = self.tag;
        let stripped = name.trim();
        if stripped.len() != name.len() {
            let what = format!("{tag} has a blank beside the name {:?}", short(stripped));
            notes.add(FaultKind::Attribute, what);
        }
        let is_legal = |byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'-');
        if stripped.is_empty() || !stripped.bytes().all(is_legal) {
            let what = format!("{tag} has an attribute with the illegal name {:?}", short(name));
            notes.add(FaultKind::Attribute, what);
            return None;
        }
        if self.get(stripped).is_some() {
            let what = format!("{tag} has {} more than once", short(stripped));
            notes.add(FaultKind::Attribute, what);
            return None;
        }
        Some(stripped)
    }

    /// All of them, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Attribute<'a>> {
        self.list.iter()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Attribute<'a>> {
        self.list.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A quoted string.
    pub(super) fn quoted(&self, name: &str, notes: &mut Notes) -> Option<String> {
        let attribute = self.get(name)?;
        if !attribute.is_quoted {
            let what = format!("{} must be quoted, not {}", self.of(name), short(&attribute.value));
            notes.add(FaultKind::Attribute, what);
        }
        Some(attribute.value.to_string())
    }

    /// A quoted string that must be there.
    pub(super) fn required_quoted(&self, name: &str, notes: &mut Notes) -> Option<String> {
        self.require(name, notes);
        self.quoted(name, notes)
    }

    /// Notes it if the attribute is missing.
    pub(super) fn require(&self, name: &str, notes: &mut Notes) {
        if !self.has(name) {
            notes.add(FaultKind::Syntax, format!("{} has no {name}", self.tag));
        }
    }

    /// What is not quoted: a word, or a number as it is written.
    pub(super) fn word(&self, name: &str, notes: &mut Notes) -> Option<&str> {
        let attribute = self.get(name)?;
        if attribute.is_quoted {
            let what = format!("{} must not be quoted", self.of(name));
            notes.add(FaultKind::Attribute, what);
        }
        Some(&attribute.value)
    }

    /// `YES` or `NO`; without it, no.
    pub(super) fn yes(&self, name: &str, notes: &mut Notes) -> bool {
        self.yes_or_no(name, notes).unwrap_or_default()
    }

    pub(super) fn yes_or_no(&self, name: &str, notes: &mut Notes) -> Option<bool> {
        self.value(name, notes, "YES or NO", |word| match word {
            "YES" => Some(true),
            "NO" => Some(false),
            _ => None,
        })
    }

    pub(super) fn integer(&self, name: &str, notes: &mut Notes) -> Option<u64> {
        self.value(name, notes, "a whole number", values::integer)
    }

    pub(super) fn duration(&self, name: &str, notes: &mut Notes) -> Option<Duration> {
        self.value(name, notes, "a decimal number", values::duration)
    }

    pub(super) fn milli(&self, name: &str, notes: &mut Notes) -> Option<u64> {
        self.value(name, notes, "a decimal number", values::milli)
    }

    pub(super) fn resolution(&self, name: &str, notes: &mut Notes) -> Option<(u64, u64)> {
        self.value(name, notes, "WIDTHxHEIGHT", values::resolution)
    }

    /// A quoted `LENGTH[@START]`.
    pub(super) fn byte_range(&self, name: &str, notes: &mut Notes) -> Option<(u64, Option<u64>)> {
        let text = self.quoted(name, notes)?;
        let range = values::byte_range(&text);
        if range.is_none() {
            let what = format!("{} is {:?}, not LENGTH[@START]", self.of(name), short(&text));
            notes.add(FaultKind::Attribute, what);
        }
        range
    }

    /// What is not quoted, and read by `read`.
    pub(super) fn value<T>(
        &self,
        name: &str,
        notes: &mut Notes,
        expected: &str,
        read: fn(&str) -> Option<T>,
    ) -> Option<T> {
        let word = self.word(name, notes)?;
        let value = read(word);
        if value.is_none() {
            let what = format!("{} is {:?}, not {expected}", self.of(name), short(word));
            notes.add(FaultKind::Attribute, what);
        }
        value
    }

    fn of(&self, name: &str) -> String {
        format!("{name} of {}", self.tag)
    }
}
