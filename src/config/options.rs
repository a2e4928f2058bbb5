//! What one stream gets: the configuration's `[stream]`, with a template's options and the stream's
//! own over it.

use ingest::StreamSettings;
use serde_json::{Map, Value};
use toml::Table;

use super::ConfigError;
use super::raw::RawStream;
use super::stream::check_stream;

/// What single streams differ from.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    base: RawStream,
}

impl Options {
    pub(super) const fn new(base: RawStream) -> Self {
        Self { base }
    }

    /// What a stream gets whose options are `layers`, the later over the earlier. Their keys and
    /// values are those of `[stream]`.
    ///
    /// # Errors
    ///
    /// When a key does not exist, or a value cannot be used, alone or with the others.
    pub(crate) fn resolve(
        &self,
        layers: &[&Map<String, Value>],
    ) -> Result<(StreamSettings, playlist::Settings), ConfigError> {
        let refused = |error: String| ConfigError::Type(error.trim().replace('\n', " "));
        let mut table = Table::try_from(&self.base).map_err(|error| refused(error.to_string()))?;
        for (key, value) in layers.iter().flat_map(|layer| layer.iter()) {
            let value = toml::Value::try_from(value)
                .map_err(|_| refused(format!("{key}: this value cannot be used")))?;
            table.insert(key.clone(), value);
        }
        let raw: RawStream = table.try_into().map_err(|error| refused(format!("{error}")))?;
        check_stream(&raw)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn resolve(layers: &[Value]) -> Result<(StreamSettings, playlist::Settings), String> {
        let options = Options::new(RawStream::default());
        let layers: Vec<_> = layers.iter().map(|layer| layer.as_object().unwrap()).collect();
        options.resolve(&layers).map_err(|error| error.to_string())
    }

    #[test]
    fn the_later_layer_counts_and_the_rest_is_the_configurations() {
        let template = json!({ "segment_duration": "4s", "record": true });
        let own = json!({ "segment_duration": "1s" });
        let (settings, playlist) = resolve(&[template, own]).unwrap();
        assert_eq!(settings.segment_duration, Duration::from_secs(1));
        assert!(playlist.record);
        assert_eq!(settings.reconnect_window, Duration::from_secs(60));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let check = |own: Value, expected: &str| {
            let error = resolve(&[own]).map(|_| ()).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check(json!({ "segment_duration": "1h" }), "stream.segment_duration: 1h is not between");
        check(json!({ "segmentduration": "1s" }), "segmentduration");
        check(json!({ "record": "yes" }), "invalid type");
        check(json!({ "record": null }), "record: this value cannot be used");
        check(json!({ "retention": "1m" }), "stream.retention: 1m is not between");
    }
}
