//! Action Message Format, version 0 in full and the parts of version 3 that reach an ingest server
//! (AMF 0 specification §2, AMF 3 specification §3).
//!
//! A decoder never recurses deeper than [`DEPTH_MAX`] and never makes more values or text than its
//! named limits: 80 KB of nested arrays or a thousand references to one long string are errors.

mod amf0;
mod amf3;
mod cursor;
mod encode;
#[cfg(test)]
mod tests;

use thiserror::Error;

use cursor::Cursor;
pub use encode::encode;

/// One value. Properties keep the order in which they came.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number; also AMF 3's integer.
    Number(f64),
    /// A boolean.
    Boolean(bool),
    /// Text of any length. Bytes that are not UTF-8 have become U+FFFD.
    String(String),
    /// An anonymous object.
    Object(Vec<(String, Self)>),
    /// An object of a named class.
    TypedObject {
        /// The class.
        class: String,
        /// Its properties.
        properties: Vec<(String, Self)>,
    },
    /// An associative array.
    EcmaArray(Vec<(String, Self)>),
    /// An array.
    StrictArray(Vec<Self>),
    /// A point in time.
    Date {
        /// Milliseconds since 1970 in UTC.
        unix_ms: f64,
        /// The sender's time zone; the specification reserves it and asks for zero.
        zone_minutes: i16,
    },
    /// Null.
    Null,
    /// Undefined.
    Undefined,
    /// An object that stood before in the same message. It is not resolved, since copies of copies
    /// grow without bound.
    Reference(u32),
    /// An XML document, as text.
    Xml(String),
    /// AMF 3's byte array.
    Bytes(Vec<u8>),
    /// Something the sender could not express.
    Unsupported,
}

/// Why a message is not AMF. `at` is the byte within the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AmfError {
    /// The message ends within a value.
    #[error("amf value at byte {at} goes beyond the end of the message")]
    Truncated {
        /// Where the missing bytes should be.
        at: usize,
    },
    /// Objects in objects.
    #[error("amf value at byte {at} is nested deeper than {limit}")]
    TooDeep {
        /// Where the first value is that is too deep.
        at: usize,
        /// [`DEPTH_MAX`].
        limit: usize,
    },
    /// More values and properties than a message may have.
    #[error("amf message has more than {limit} values")]
    TooManyValues {
        /// [`VALUES_MAX`].
        limit: usize,
    },
    /// More text than a message may have once its references are resolved.
    #[error("amf message has more than {limit} bytes of text")]
    TooMuchText {
        /// [`TEXT_BYTES_MAX`].
        limit: usize,
    },
    /// A type marker the specification does not know or reserves.
    #[error("unknown amf{version} marker {marker:#04x} at byte {at}")]
    UnknownMarker {
        /// 0 or 3.
        version: u8,
        /// The marker.
        marker: u8,
        /// Where it is.
        at: usize,
    },
    /// A reference to a string or class that did not come before.
    #[error("amf3 reference {index} at byte {at} points to nothing")]
    BadReference {
        /// The index.
        index: u32,
        /// Where it is.
        at: usize,
    },
    /// An object whose form only its class knows.
    #[error("externalizable amf3 object at byte {at} cannot be read")]
    Externalizable {
        /// Where it is.
        at: usize,
    },
}

/// Objects within objects. Encoders' metadata nests two deep, ad markers four.
pub const DEPTH_MAX: usize = 16;

/// Values and properties in one message. The largest metadata seen has some 40; a recorded file
/// sent as it is brings two per key frame.
pub const VALUES_MAX: usize = 4096;

/// Text in one message, in bytes, with references resolved.
pub const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// All the AMF 0 values of a message.
pub fn decode(bytes: &[u8]) -> Result<Vec<Value>, AmfError> {
    let mut decoder = Decoder::new(bytes);
    let mut values = Vec::new();
    while !decoder.cursor.is_empty() {
        values.push(decoder.amf0_value(0)?);
    }
    Ok(values)
}

/// All the AMF 3 values of some bytes.
pub fn decode_amf3(bytes: &[u8]) -> Result<Vec<Value>, AmfError> {
    let mut decoder = Decoder::new(bytes);
    let mut values = Vec::new();
    while !decoder.cursor.is_empty() {
        values.push(decoder.amf3_value(0)?);
    }
    Ok(values)
}

impl Value {
    /// The property `name` of an object or an associative array.
    pub fn property(&self, name: &str) -> Option<&Self> {
        self.properties()?.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The properties of an object or an associative array.
    pub fn properties(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Object(properties)
            | Self::EcmaArray(properties)
            | Self::TypedObject { properties, .. } => Some(properties),
            Self::Number(_)
            | Self::Boolean(_)
            | Self::String(_)
            | Self::StrictArray(_)
            | Self::Date { .. }
            | Self::Null
            | Self::Undefined
            | Self::Reference(_)
            | Self::Xml(_)
            | Self::Bytes(_)
            | Self::Unsupported => None,
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The number, if this is one.
    pub fn as_f64(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// The number as a `u32`, if it is exactly one.
    pub fn as_u32(&self) -> Option<u32> {
        let number = self.as_f64()?;
        let in_range = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number between 0 and u32::MAX"
        )]
        in_range.then_some(number as u32)
    }

    /// The boolean, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Boolean(boolean) = self { Some(*boolean) } else { None }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(f64::from(number))
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

/// Reads one message. The AMF 3 tables belong to it; they are empty in a message of AMF 0.
struct Decoder<'a> {
    cursor: Cursor<'a>,
    values_left: usize,
    text_bytes_left: usize,
    strings: Vec<String>,
    traits: Vec<amf3::Traits>,
}

impl<'a> Decoder<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            cursor: Cursor::new(bytes),
            values_left: VALUES_MAX,
            text_bytes_left: TEXT_BYTES_MAX,
            strings: Vec::new(),
            traits: Vec::new(),
        }
    }

    /// Every value and every property key passes here before it is made.
    fn count_value(&mut self) -> Result<(), AmfError> {
        self.values_left =
            self.values_left.checked_sub(1).ok_or(AmfError::TooManyValues { limit: VALUES_MAX })?;
        Ok(())
    }

    fn count_text(&mut self, bytes: usize) -> Result<(), AmfError> {
        self.text_bytes_left = self
            .text_bytes_left
            .checked_sub(bytes)
            .ok_or(AmfError::TooMuchText { limit: TEXT_BYTES_MAX })?;
        Ok(())
    }

    /// `length` bytes as text.
    fn text(&mut self, length: usize) -> Result<String, AmfError> {
        let bytes = self.cursor.slice(length)?;
        self.count_text(length)?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// The depth of what is inside a container at `depth`.
    fn deeper(&self, depth: usize) -> Result<usize, AmfError> {
        if depth >= DEPTH_MAX {
            return Err(AmfError::TooDeep { at: self.cursor.position(), limit: DEPTH_MAX });
        }
        Ok(depth + 1)
    }
}
