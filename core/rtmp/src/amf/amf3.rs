//! AMF 3 values (AMF 3 specification §3), as far as they reach an ingest server: vectors,
//! dictionaries and externalizable objects are refused by name.

use super::{AmfError, Decoder, Value};

/// The shape of an object: its class and the names of its sealed properties (§3.12).
#[derive(Clone, Debug)]
pub(super) struct Traits {
    class: String,
    names: Vec<String>,
    is_dynamic: bool,
}

/// A `U29` whose lowest bit says whether something stands here or is referred to.
enum Flagged {
    Here(u32),
    Reference(u32),
}

impl Decoder<'_> {
    /// The value at the cursor, which stands inside `depth` containers.
    pub(super) fn amf3_value(&mut self, depth: usize) -> Result<Value, AmfError> {
        self.count_value()?;
        let at = self.cursor.position();
        Ok(match self.cursor.u8()? {
            marker::UNDEFINED => Value::Undefined,
            marker::NULL => Value::Null,
            marker::FALSE => Value::Boolean(false),
            marker::TRUE => Value::Boolean(true),
            marker::INTEGER => Value::Number(f64::from(signed(self.u29()?))),
            marker::DOUBLE => Value::Number(self.cursor.f64()?),
            marker::STRING => Value::String(self.amf3_text()?),
            marker::XML_DOCUMENT | marker::XML => match self.flagged()? {
                Flagged::Here(length) => Value::Xml(self.text(as_usize(length))?),
                Flagged::Reference(index) => Value::Reference(index),
            },
            marker::DATE => match self.flagged()? {
                Flagged::Here(_) => Value::Date { unix_ms: self.cursor.f64()?, zone_minutes: 0 },
                Flagged::Reference(index) => Value::Reference(index),
            },
            marker::ARRAY => self.amf3_array(depth)?,
            marker::OBJECT => self.amf3_object(depth)?,
            marker::BYTE_ARRAY => match self.flagged()? {
                Flagged::Here(length) => {
                    self.count_text(as_usize(length))?;
                    Value::Bytes(self.cursor.slice(as_usize(length))?.to_vec())
                }
                Flagged::Reference(index) => Value::Reference(index),
            },
            marker => return Err(AmfError::UnknownMarker { version: 3, marker, at }),
        })
    }

    /// An array (§3.11): named values first, then the dense ones.
    fn amf3_array(&mut self, depth: usize) -> Result<Value, AmfError> {
        let depth = self.deeper(depth)?;
        let count = match self.flagged()? {
            Flagged::Here(count) => count,
            Flagged::Reference(index) => return Ok(Value::Reference(index)),
        };
        let mut properties = self.amf3_named(depth)?;
        if properties.is_empty() {
            let mut values = Vec::new();
            for _ in 0..count {
                values.push(self.amf3_value(depth)?);
            }
            return Ok(Value::StrictArray(values));
        }
        for index in 0..count {
            properties.push((index.to_string(), self.amf3_value(depth)?));
        }
        Ok(Value::EcmaArray(properties))
    }

    fn amf3_object(&mut self, depth: usize) -> Result<Value, AmfError> {
        let depth = self.deeper(depth)?;
        let flags = match self.flagged()? {
            Flagged::Here(flags) => flags,
            Flagged::Reference(index) => return Ok(Value::Reference(index)),
        };
        let traits = self.amf3_traits(flags)?;
        let mut properties = Vec::new();
        for name in traits.names {
            self.count_text(name.len())?;
            properties.push((name, self.amf3_value(depth)?));
        }
        if traits.is_dynamic {
            properties.append(&mut self.amf3_named(depth)?);
        }
        if traits.class.is_empty() {
            return Ok(Value::Object(properties));
        }
        Ok(Value::TypedObject { class: traits.class, properties })
    }

    /// The bits of an object after the lowest: whether traits stand here, are externalizable, are
    /// dynamic, and the count of sealed names.
    fn amf3_traits(&mut self, flags: u32) -> Result<Traits, AmfError> {
        let at = self.cursor.position();
        if flags & 1 == 0 {
            let index = flags >> 1;
            let traits = self.traits.get(as_usize(index)).cloned();
            let traits = traits.ok_or(AmfError::BadReference { index, at })?;
            let bytes = traits.names.iter().map(String::len).sum::<usize>() + traits.class.len();
            self.count_text(bytes)?;
            return Ok(traits);
        }
        if flags & 2 != 0 {
            return Err(AmfError::Externalizable { at });
        }
        let class = self.amf3_text()?;
        let mut names = Vec::new();
        for _ in 0..flags >> 3 {
            self.count_value()?;
            names.push(self.amf3_text()?);
        }
        let traits = Traits { class, names, is_dynamic: flags & 4 != 0 };
        self.traits.push(traits.clone());
        Ok(traits)
    }

    /// Keys and values up to the empty key.
    fn amf3_named(&mut self, depth: usize) -> Result<Vec<(String, Value)>, AmfError> {
        let mut properties = Vec::new();
        loop {
            let key = self.amf3_text()?;
            if key.is_empty() {
                return Ok(properties);
            }
            properties.push((key, self.amf3_value(depth)?));
        }
    }

    /// A string (§3.8): here, or one that came before. The empty string is never referred to.
    fn amf3_text(&mut self) -> Result<String, AmfError> {
        let at = self.cursor.position();
        match self.flagged()? {
            Flagged::Here(length) => {
                let text = self.text(as_usize(length))?;
                if !text.is_empty() {
                    self.count_text(text.len())?;
                    self.strings.push(text.clone());
                }
                Ok(text)
            }
            Flagged::Reference(index) => {
                let text = self.strings.get(as_usize(index)).cloned();
                let text = text.ok_or(AmfError::BadReference { index, at })?;
                self.count_text(text.len())?;
                Ok(text)
            }
        }
    }

    fn flagged(&mut self) -> Result<Flagged, AmfError> {
        let number = self.u29()?;
        Ok(if number & 1 == 1 {
            Flagged::Here(number >> 1)
        } else {
            Flagged::Reference(number >> 1)
        })
    }

    /// One to four bytes (§1.3.1): seven bits each with a bit for "more", the fourth has eight.
    fn u29(&mut self) -> Result<u32, AmfError> {
        let mut number = 0;
        for _ in 0..3 {
            let byte = u32::from(self.cursor.u8()?);
            number = number << 7 | byte & 0x7f;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Ok(number << 8 | u32::from(self.cursor.u8()?))
    }
}

/// The 29 bits as a signed number.
fn signed(number: u32) -> i32 {
    (number << 3).cast_signed() >> 3
}

fn as_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Type markers (§3.1).
pub(super) mod marker {
    pub(super) const UNDEFINED: u8 = 0;
    pub(super) const NULL: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const TRUE: u8 = 3;
    pub(super) const INTEGER: u8 = 4;
    pub(super) const DOUBLE: u8 = 5;
    pub(super) const STRING: u8 = 6;
    pub(super) const XML_DOCUMENT: u8 = 7;
    pub(super) const DATE: u8 = 8;
    pub(super) const ARRAY: u8 = 9;
    pub(super) const OBJECT: u8 = 10;
    pub(super) const XML: u8 = 11;
    pub(crate) const BYTE_ARRAY: u8 = 12;
}
