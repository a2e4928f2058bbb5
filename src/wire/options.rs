//! What each stream gets: its own options over its template's over the configuration's.

use std::sync::Arc;

use async_trait::async_trait;
use auth_service::{OptionsCheck, StoredDirectory};
use ingest::StreamSettings;
use serde_json::{Map, Value};
use timeline::StreamName;

use crate::config::{Config, Options};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Knows what each stream gets.
#[derive(Clone, Debug)]
pub(crate) struct StreamOptions {
    directory: Arc<StoredDirectory>,
    options: Options,
    stream: StreamSettings,
    playlist: playlist::Settings,
}

impl StreamOptions {
    pub(crate) fn new(config: &Config, directory: Arc<StoredDirectory>) -> Self {
        Self {
            directory,
            options: config.options.clone(),
            stream: config.stream,
            playlist: config.playlist,
        }
    }

    async fn resolve(
        &self,
        stream: &StreamName,
    ) -> Result<(StreamSettings, playlist::Settings), BoxError> {
        match self.directory.options(stream).await? {
            None => Ok((self.stream, self.playlist)),
            Some(options) if options.is_empty() => Ok((self.stream, self.playlist)),
            Some(options) => Ok(self.options.resolve(&[&options])?),
        }
    }
}

#[async_trait]
impl ingest::SettingsSource for StreamOptions {
    async fn settings(&self, stream: &StreamName) -> Result<StreamSettings, BoxError> {
        Ok(self.resolve(stream).await?.0)
    }
}

#[async_trait]
impl playlist::SettingsSource for StreamOptions {
    async fn settings(&self, stream: &StreamName) -> Result<playlist::Settings, BoxError> {
        Ok(self.resolve(stream).await?.1)
    }
}

/// Says what streams may be told.
#[derive(Clone, Debug)]
pub(crate) struct OptionsRules {
    options: Options,
    apps: Vec<String>,
}

impl OptionsRules {
    pub(crate) fn new(config: &Config) -> Self {
        Self { options: config.options.clone(), apps: config.apps.clone() }
    }
}

impl OptionsCheck for OptionsRules {
    fn check_app(&self, app: &str) -> Result<(), String> {
        if self.apps.iter().any(|known| known == app) {
            return Ok(());
        }
        Err(format!(
            "streams are pushed to {}, not to {app}: choose one of these, or add it to ingest.apps",
            self.apps.join(", ")
        ))
    }

    fn check(&self, options: &Map<String, Value>) -> Result<(), String> {
        self.options.resolve(&[options]).map(|_| ()).map_err(|error| error.to_string())
    }
}
