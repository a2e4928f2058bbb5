//! AMF 0 as we write it.

use super::{Value, amf0, amf0::marker, amf3};

/// Writes `value` to the end of `out`.
///
/// Keys and class names longer than 65,535 bytes, which the format has no room for, are cut at a
/// character; a string of that length is written in the long form.
pub fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Number(number) => {
            out.push(marker::NUMBER);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Value::Boolean(boolean) => out.extend_from_slice(&[marker::BOOLEAN, u8::from(*boolean)]),
        Value::String(text) => string(text, out),
        Value::Object(fields) => {
            out.push(marker::OBJECT);
            properties(fields, out);
        }
        Value::TypedObject { class, properties: fields } => {
            out.push(marker::TYPED_OBJECT);
            short_text(class, out);
            properties(fields, out);
        }
        Value::EcmaArray(fields) => {
            out.push(marker::ECMA_ARRAY);
            out.extend_from_slice(&length(fields.len()).to_be_bytes());
            properties(fields, out);
        }
        Value::StrictArray(values) => {
            out.push(marker::STRICT_ARRAY);
            out.extend_from_slice(&length(values.len()).to_be_bytes());
            values.iter().for_each(|value| encode(value, out));
        }
        Value::Date { unix_ms, zone_minutes } => {
            out.push(marker::DATE);
            out.extend_from_slice(&unix_ms.to_be_bytes());
            out.extend_from_slice(&zone_minutes.to_be_bytes());
        }
        Value::Null => out.push(marker::NULL),
        Value::Undefined => out.push(marker::UNDEFINED),
        Value::Reference(index) => match u16::try_from(*index) {
            Ok(index) => {
                out.push(marker::REFERENCE);
                out.extend_from_slice(&index.to_be_bytes());
            }
            // AMF 3 counts further than AMF 0 can say.
            Err(_) => out.push(marker::NULL),
        },
        Value::Xml(text) => {
            out.push(marker::XML);
            long_text(text, out);
        }
        Value::Bytes(bytes) => {
            out.extend_from_slice(&[marker::AVMPLUS, amf3::marker::BYTE_ARRAY]);
            let kept = bytes.get(..AMF3_LENGTH_MAX).unwrap_or(bytes);
            u29(length(kept.len()) << 1 | 1, out);
            out.extend_from_slice(kept);
        }
        Value::Unsupported => out.push(marker::UNSUPPORTED),
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    if u16::try_from(text.len()).is_ok() {
        out.push(marker::STRING);
        short_text(text, out);
    } else {
        out.push(marker::LONG_STRING);
        long_text(text, out);
    }
}

fn properties(fields: &[(String, Value)], out: &mut Vec<u8>) {
    for (key, value) in fields {
        short_text(key, out);
        encode(value, out);
    }
    out.extend_from_slice(amf0::END);
}

fn short_text(text: &str, out: &mut Vec<u8>) {
    let kept = text.get(..text.floor_char_boundary(usize::from(u16::MAX))).unwrap_or_default();
    out.extend_from_slice(&u16::try_from(kept.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(kept.as_bytes());
}

fn long_text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&length(text.len()).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Everything we write stands in memory of far less than 4 GiB.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn u29(number: u32, out: &mut Vec<u8>) {
    let [_, low] = u16::try_from(number & 0xff).unwrap_or_default().to_be_bytes();
    let seven = |shift: u32| u8::try_from(number >> shift & 0x7f).unwrap_or_default();
    match number {
        0..0x80 => out.push(seven(0)),
        0x80..0x4000 => out.extend_from_slice(&[seven(7) | 0x80, seven(0)]),
        0x4000..0x20_0000 => {
            out.extend_from_slice(&[seven(14) | 0x80, seven(7) | 0x80, seven(0)]);
        }
        _ => out.extend_from_slice(&[seven(22) | 0x80, seven(15) | 0x80, seven(8) | 0x80, low]),
    }
}

/// The longest byte array whose length and flag fit 29 bits.
const AMF3_LENGTH_MAX: usize = (1 << 28) - 1;
