//! The configuration's reference: every key with its default and what it means.

use documented::DocumentedFields;
use serde::Serialize;
use toml::{Table, Value};

use super::raw::{Raw, RawAdmin, RawAuth, RawCluster, RawEdge, RawIngest, RawLog, RawStream};

/// A configuration file that says what holds without one.
pub(crate) fn reference() -> String {
    let raw = Raw::default();
    let mut text = String::from(
        "# Weir's configuration, with every key and its default. Keys can also be set by\n\
         # `--set stream.window=1m` and in the environment: WEIR_STREAM__WINDOW=1m.\n",
    );
    let mut sections = Vec::new();
    fields(&raw, &mut |name, docs, value| {
        if value.is_table() {
            sections.push((name.to_owned(), docs.to_owned()));
        } else {
            key(&mut text, name, docs, value);
        }
    });
    for (name, docs) in sections {
        comment(&mut text, &docs);
        text.push_str(&format!("[{name}]\n"));
        let mut print = |name: &str, docs: &str, value: &Value| key(&mut text, name, docs, value);
        match name.as_str() {
            "log" => fields::<RawLog>(&raw.log, &mut print),
            "ingest" => fields::<RawIngest>(&raw.ingest, &mut print),
            "edge" => fields::<RawEdge>(&raw.edge, &mut print),
            "auth" => fields::<RawAuth>(&raw.auth, &mut print),
            "cluster" => fields::<RawCluster>(&raw.cluster, &mut print),
            "admin" => fields::<RawAdmin>(&raw.admin, &mut print),
            _ => fields::<RawStream>(&raw.stream, &mut print),
        }
    }
    text
}

/// Calls `print` with each field's name, documentation and value, in the order of the type.
fn fields<T: Serialize + DocumentedFields>(
    section: &T,
    print: &mut impl FnMut(&str, &str, &Value),
) {
    let table = Table::try_from(section).unwrap_or_default();
    for name in T::FIELD_NAMES {
        let docs = T::get_field_docs(name).unwrap_or_default();
        if let Some(value) = table.get(*name) {
            print(name, docs, value);
        }
    }
}

fn key(text: &mut String, name: &str, docs: &str, value: &Value) {
    comment(text, docs);
    text.push_str(&format!("{name} = {value}\n"));
}

fn comment(text: &mut String, docs: &str) {
    text.push('\n');
    for line in docs.lines() {
        text.push_str(&format!("# {line}\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_says_what_holds_without_it() {
        let read: Raw = toml::from_str(&reference()).unwrap();
        assert_eq!(read, Raw::default());
    }

    #[test]
    fn every_key_is_explained() {
        let text = reference();
        let mut before = "";
        for line in text.lines() {
            let explained = before.starts_with('#') || !line.contains(" = ");
            assert!(explained, "nothing says what `{line}` means");
            before = line;
        }
        assert!(text.contains("\n[stream]\n") && text.contains("segment_duration = \"2s\""));
    }
}
