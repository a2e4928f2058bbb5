//! Entry points for fuzzing. Each takes any bytes; the only thing that can go wrong is a panic.

use crate::{Entry, ObjectKey, RenditionId, Resource, StreamName};

/// A journal entry: what can be read and written again is read as the same.
pub fn entry(data: &[u8]) {
    let Ok(entry) = Entry::decode(data) else { return };
    let Ok(written) = entry.encode() else { return };
    assert_eq!(Entry::decode(&written).ok(), Some(entry));
}

/// Names, keys and paths: what is accepted is safe in a path, and says itself again.
pub fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(name) = StreamName::parse(text) {
        assert_eq!(name.to_string(), text);
        // No part is empty, hidden, or leads out of its folder.
        assert!(text.split('/').all(|part| !part.is_empty() && !part.starts_with('.')));
    }
    if let Ok(rendition) = RenditionId::parse(text) {
        assert_eq!(rendition.to_string(), text);
    }
    if let Ok(key) = ObjectKey::parse(text) {
        assert_eq!(key.path(), text);
    }
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    if let Ok(resource) = Resource::parse(path, query) {
        let canonical = resource.to_string();
        let (path, query) = canonical.split_once('?').unwrap_or((&canonical, ""));
        assert_eq!(Resource::parse(path, query), Ok(resource));
    }
}

/// Entries of every kind, as the journal holds them: what fuzzing begins with.
pub const ENTRIES: [&str; 4] = [
    r#"{"version":1,"epoch":2,"at_ms":1700000002000,"head":{"state":"live","next_sequence":8,
        "discontinuity_sequence":1,"target_duration_s":2,"begins_broadcast":false,
        "calendar_end_ms":1700000002000},"body":{"kind":"segment","sequence":7,"start":0,
        "end":180000,"calendar_ms":1700000000000,"discontinuity":true,
            "independent":true,"renditions":[{
        "rendition":"ts","container":"ts","bytes":188,"sha256":
        "abababababababababababababababababababababababababababababababab","tracks":[{
        "codec":"avc1.64001f","medium":"video","width":1280,"height":720,
        "frame_rate_milli":29970}]}]}}"#,
    r#"{"version":1,"epoch":1,"at_ms":5,"head":{"state":"live","next_sequence":0,
        "discontinuity_sequence":0,"target_duration_s":null,"begins_broadcast":true,
        "calendar_end_ms":null},"body":{"kind":"opened","node":"a"}}"#,
    r#"{"version":1,"epoch":1,"at_ms":5,"head":{"state":"interrupted","next_sequence":9,
        "discontinuity_sequence":0,"target_duration_s":4,"begins_broadcast":true,
        "calendar_end_ms":7},"body":{"kind":"interrupted","reason":"gone","wait_ms":60000}}"#,
    r#"{"version":1,"epoch":1,"at_ms":5,"head":{"state":"live","next_sequence":9,
        "discontinuity_sequence":0,"target_duration_s":4,"begins_broadcast":true,
        "calendar_end_ms":7},"body":{"kind":"date_range","id":"a","start_ms":1,
        "attributes":{"X-N":{"milli":1500}}}}"#,
];

#[cfg(test)]
mod tests {
    use samples::damaged;

    use super::*;

    #[test]
    fn damaged_entries_are_read_or_refused() {
        let entries = ENTRIES.map(str::as_bytes);
        entries.iter().for_each(|bytes| drop(Entry::decode(bytes).unwrap()));
        damaged(&entries, entry);
    }

    #[test]
    fn damaged_names_are_read_or_refused() {
        let texts: [&[u8]; 6] = [
            b"live/cam1",
            b"720p",
            b"live/cam1/ts/2/17.ts",
            b"live/cam1/ts/02/017.ts",
            b"live/cam1/fmp4/2/init-3.mp4",
            b"/live/cam1/ts/index.m3u8",
        ];
        damaged(&texts, names);
    }
}
