//! Commands and data (RTMP 1.0 §7.1.1, §7.1.2): AMF values with a name in front.

use crate::amf::{self, AmfError, Value};
use crate::message::{Message, MessageKind};

/// A command: its name, the transaction its answer has to name, and what follows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Command {
    pub(super) name: String,
    pub(super) transaction: f64,
    /// The command object (often null), then the arguments.
    pub(super) values: Vec<Value>,
}

impl Command {
    /// The command in a message; `None` if it has no name, which makes it nobody's command.
    pub(super) fn decode(message: &Message) -> Result<Option<Self>, AmfError> {
        let mut values = decode(message)?.into_iter();
        let Some(Value::String(name)) = values.next() else { return Ok(None) };
        let transaction = values.next().and_then(|value| value.as_f64()).unwrap_or_default();
        Ok(Some(Self { name, transaction, values: values.collect() }))
    }

    /// The argument behind the command object.
    pub(super) fn argument(&self) -> Option<&Value> {
        self.values.get(1)
    }

    /// The info object of a status: behind the command object, or in its place.
    pub(super) fn status(&self) -> Option<(&str, &str, &str)> {
        self.values.iter().find_map(|value| {
            let text = |name| value.property(name).and_then(Value::as_str);
            let code = text("code")?;
            Some((text("level").unwrap_or_default(), code, text("description").unwrap_or_default()))
        })
    }
}

/// Data: a name and what follows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Data {
    pub(super) name: String,
    pub(super) values: Vec<Value>,
}

impl Data {
    /// The data in a message, out of the `@setDataFrame` that encoders put around what a server
    /// should keep; `None` if it has no name.
    pub(super) fn decode(message: &Message) -> Result<Option<Self>, AmfError> {
        let mut values = decode(message)?;
        if values.first().and_then(Value::as_str) == Some("@setDataFrame") && values.len() > 1 {
            values.remove(0);
        }
        let mut values = values.into_iter();
        let Some(Value::String(name)) = values.next() else { return Ok(None) };
        Ok(Some(Self { name, values: values.collect() }))
    }
}

/// Types 15 and 17 have a byte in front that says 0, and are AMF 0 after it; a value of AMF 3 is
/// announced by its marker. No name begins with that byte, so one that was left out is seen.
fn decode(message: &Message) -> Result<Vec<Value>, AmfError> {
    let is_wrapped = matches!(message.kind, MessageKind::DataAmf3 | MessageKind::CommandAmf3);
    match message.payload.split_first() {
        Some((0, rest)) if is_wrapped => amf::decode(rest),
        _ => amf::decode(&message.payload),
    }
}

/// The bytes of some values in a row.
pub(super) fn encode(values: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    values.iter().for_each(|value| amf::encode(value, &mut bytes));
    bytes
}

/// An object of properties given in place.
pub(super) fn object<const N: usize>(properties: [(&str, Value); N]) -> Value {
    Value::Object(properties.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// The info object of `onStatus` and `_error` (§7.2.2).
pub(super) fn status(level: &str, code: &str, description: &str) -> Value {
    object([("level", level.into()), ("code", code.into()), ("description", description.into())])
}
