//! AMF 0 values (AMF 0 specification §2).

use super::{AmfError, Decoder, Value};

impl Decoder<'_> {
    /// The value at the cursor, which stands inside `depth` containers.
    pub(super) fn amf0_value(&mut self, depth: usize) -> Result<Value, AmfError> {
        self.count_value()?;
        let at = self.cursor.position();
        Ok(match self.cursor.u8()? {
            marker::NUMBER => Value::Number(self.cursor.f64()?),
            marker::BOOLEAN => Value::Boolean(self.cursor.u8()? != 0),
            marker::STRING => Value::String(self.short_text()?),
            marker::OBJECT => Value::Object(self.amf0_properties(depth, None)?),
            marker::NULL => Value::Null,
            marker::UNDEFINED => Value::Undefined,
            marker::REFERENCE => Value::Reference(u32::from(self.cursor.u16()?)),
            marker::ECMA_ARRAY => {
                let count = self.cursor.u32()?;
                Value::EcmaArray(self.amf0_properties(depth, Some(count))?)
            }
            marker::STRICT_ARRAY => self.amf0_array(depth)?,
            marker::DATE => {
                let unix_ms = self.cursor.f64()?;
                Value::Date { unix_ms, zone_minutes: self.cursor.take().map(i16::from_be_bytes)? }
            }
            marker::LONG_STRING => Value::String(self.long_text()?),
            marker::UNSUPPORTED => Value::Unsupported,
            marker::XML => Value::Xml(self.long_text()?),
            marker::TYPED_OBJECT => {
                let class = self.short_text()?;
                Value::TypedObject { class, properties: self.amf0_properties(depth, None)? }
            }
            marker::AVMPLUS => self.amf3_value(depth)?,
            marker => return Err(AmfError::UnknownMarker { version: 0, marker, at }),
        })
    }

    /// Keys and values up to the end marker. The count of an associative array is what its sender
    /// believes and proves nothing; it only tells that an array without its end marker, at the end
    /// of a message, is whole.
    fn amf0_properties(
        &mut self,
        depth: usize,
        count: Option<u32>,
    ) -> Result<Vec<(String, Value)>, AmfError> {
        let depth = self.deeper(depth)?;
        let mut properties = Vec::new();
        loop {
            let complete = count.is_some_and(|count| u32::try_from(properties.len()) == Ok(count));
            if complete && self.cursor.is_empty() {
                return Ok(properties);
            }
            if let Some(END) = self.cursor.rest().first_chunk() {
                self.cursor.slice(END.len())?;
                return Ok(properties);
            }
            let key = self.short_text()?;
            properties.push((key, self.amf0_value(depth)?));
        }
    }

    fn amf0_array(&mut self, depth: usize) -> Result<Value, AmfError> {
        let depth = self.deeper(depth)?;
        let count = self.cursor.u32()?;
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(self.amf0_value(depth)?);
        }
        Ok(Value::StrictArray(values))
    }

    fn short_text(&mut self) -> Result<String, AmfError> {
        let length = self.cursor.u16()?;
        self.text(usize::from(length))
    }

    fn long_text(&mut self) -> Result<String, AmfError> {
        let length = self.cursor.u32()?;
        self.text(usize::try_from(length).unwrap_or(usize::MAX))
    }
}

/// An empty key and the object-end marker.
pub(super) const END: &[u8; 3] = &[0, 0, 9];

/// Type markers (§2.1). 4 (movie clip) and 14 (record set) are reserved.
pub(super) mod marker {
    pub(crate) const NUMBER: u8 = 0;
    pub(crate) const BOOLEAN: u8 = 1;
    pub(crate) const STRING: u8 = 2;
    pub(crate) const OBJECT: u8 = 3;
    pub(crate) const NULL: u8 = 5;
    pub(crate) const UNDEFINED: u8 = 6;
    pub(crate) const REFERENCE: u8 = 7;
    pub(crate) const ECMA_ARRAY: u8 = 8;
    pub(crate) const STRICT_ARRAY: u8 = 10;
    pub(crate) const DATE: u8 = 11;
    pub(crate) const LONG_STRING: u8 = 12;
    pub(crate) const UNSUPPORTED: u8 = 13;
    pub(crate) const XML: u8 = 15;
    pub(crate) const TYPED_OBJECT: u8 = 16;
    pub(crate) const AVMPLUS: u8 = 17;
}
