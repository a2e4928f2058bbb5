//! Where the configuration comes from.

use std::path::PathBuf;

use thiserror::Error;
use toml::{Table, Value};

use super::Raw;

/// The sources, apart from the defaults. Nothing here reads the process's environment by itself.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// A file's path and its text.
    pub(crate) file: Option<(PathBuf, String)>,
    /// Names and values of environment variables.
    pub(crate) environment: Vec<(String, String)>,
    /// `KEY=VALUE`, as given to `--set`.
    pub(crate) set: Vec<String>,
    /// Keys and values of other flags.
    pub(crate) flags: Vec<(&'static str, String)>,
}

/// What is wrong with the configuration.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// The file is not TOML.
    #[error("{}: {problem}", file.display())]
    Syntax { file: PathBuf, problem: String },
    /// `--set` was given something else than a key and a value.
    #[error("--set {0}: write KEY=VALUE, as in --set stream.window=1m")]
    Set(String),
    /// A key does not exist, or its value has another type.
    #[error("configuration: {0}")]
    Type(String),
    /// A value cannot be used.
    #[error("{key}: {problem}")]
    Value { key: &'static str, problem: String },
}

/// What variables begin with.
const PREFIX: &str = "WEIR_";
/// Variables for keys that are in no section. Others without a section are not ours: tests and
/// tools have their own.
const TOP_KEYS: [&str; 4] = ["WEIR_DATA", "WEIR_STORE", "WEIR_JOURNAL", "WEIR_DATABASE"];

/// Where and why a text is not TOML. The line itself is not repeated: a secret may be in it.
fn syntax_problem(text: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("line {line}, column {column}: {}", error.message().trim())
}

impl Sources {
    /// Reads all sources, the later over the earlier.
    pub(crate) fn read(&self) -> Result<Raw, ConfigError> {
        let mut table = Table::new();
        if let Some((file, text)) = &self.file {
            table = toml::from_str(text).map_err(|error| ConfigError::Syntax {
                file: file.clone(),
                problem: syntax_problem(text, &error),
            })?;
        }
        for (name, value) in &self.environment {
            let is_key = name.contains("__") || TOP_KEYS.contains(&name.as_str());
            if let Some(key) = name.strip_prefix(PREFIX).filter(|_| is_key) {
                set(&mut table, &key.to_lowercase().replace("__", "."), value);
            }
        }
        for pair in &self.set {
            let (key, value) =
                pair.split_once('=').ok_or_else(|| ConfigError::Set(pair.clone()))?;
            set(&mut table, key, value);
        }
        for (key, value) in &self.flags {
            insert(&mut table, key, Value::String(value.clone()));
        }
        table.try_into().map_err(|error: toml::de::Error| {
            ConfigError::Type(error.to_string().trim().replace('\n', " "))
        })
    }
}

/// Sets a key to a value as TOML would read it, or to the text where TOML would not.
fn set(table: &mut Table, key: &str, value: &str) {
    let parsed = toml::from_str::<Table>(&format!("value = {value}")).ok();
    let parsed = parsed.and_then(|mut table| table.remove("value"));
    insert(table, key.trim(), parsed.unwrap_or_else(|| Value::String(value.to_owned())));
}

fn insert(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, key)) => {
            let entry = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            if !entry.is_table() {
                *entry = Value::Table(Table::new());
            }
            if let Value::Table(section) = entry {
                insert(section, key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sources(file: &str, environment: &str, set: &str) -> Result<Raw, ConfigError> {
        let pairs = environment.split_whitespace().filter_map(|pair| pair.split_once('='));
        let sources = Sources {
            file: Some(("weir.toml".into(), file.into())),
            environment: pairs.map(|(name, value)| (name.into(), value.into())).collect(),
            set: set.split_whitespace().map(Into::into).collect(),
            flags: Vec::new(),
        };
        sources.read()
    }

    #[test]
    fn later_sources_override_earlier_ones() {
        let window =
            |file, environment, set| sources(file, environment, set).unwrap().stream.window.0;
        let file = "[stream]\nwindow = \"40s\"";
        assert_eq!(window("", "", ""), Duration::from_secs(30));
        assert_eq!(window(file, "", ""), Duration::from_secs(40));
        assert_eq!(window(file, "WEIR_STREAM__WINDOW=50s", ""), Duration::from_secs(50));
        let set = "stream.window=1m";
        assert_eq!(window(file, "WEIR_STREAM__WINDOW=50s", set), Duration::from_secs(60));
        assert_eq!(window("", "", "stream.window=2.5"), Duration::from_millis(2_500));
        assert_eq!(window("", "WEIR_FFMPEG_CURRENT=/x PATH=/bin", ""), Duration::from_secs(30));
        assert_eq!(sources("", "WEIR_DATA=/var/lib/weir", "").unwrap().data, "/var/lib/weir");
    }

    #[track_caller]
    fn refused(file: &str, set: &str, expected: &str) {
        let message = sources(file, "", set).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn a_mistake_is_named() {
        refused("[stream", "", "weir.toml: line 1, column 8: ");
        refused("[stream]\nwindwo = 1", "", "unknown field `windwo`");
        refused("", "stream.window", "write KEY=VALUE");
        refused("", "stream.window=soon", "expected a length of time");
        refused("", "ingest.connections_max=-1", "invalid value");
        refused("", "stream=1", "");
    }

    #[test]
    fn no_mistake_beside_a_secret_repeats_it() {
        for line in
            ["secret = \"hunter2hunter2", "secret = hunter2hunter2", "secret hunter2hunter2"]
        {
            let file = format!("[cluster]\n{line}\n");
            let message = sources(&file, "", "").unwrap_err().to_string();
            assert!(message.starts_with("weir.toml: line 2, column "), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
