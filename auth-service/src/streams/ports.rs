//! What the service asks of others about streams.

use std::fmt::Debug;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use timeline::StreamName;

/// Knows what streams may be told: the keys of `[stream]` in the configuration.
pub trait OptionsCheck: Debug + Send + Sync + 'static {
    /// Whether streams are pushed to this application.
    ///
    /// # Errors
    ///
    /// In a sentence, which there are.
    fn check_app(&self, app: &str) -> Result<(), String>;

    /// Whether a stream may have these options, together.
    ///
    /// # Errors
    ///
    /// In a sentence, what is wrong with them.
    fn check(&self, options: &Map<String, Value>) -> Result<(), String>;
}

/// Removes what there is of a stream besides its record.
#[async_trait]
pub trait StreamRemover: Debug + Send + Sync + 'static {
    /// Removes a stream's playlist and segments, and its recordings if they are to go. Nobody can
    /// publish it any more. To remove what is not there is a success.
    ///
    /// # Errors
    ///
    /// When something may still be there.
    async fn remove(
        &self,
        stream: &StreamName,
        recordings: Recordings,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// What happens to a deleted stream's recordings.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recordings {
    /// They stay, and can be watched on.
    #[default]
    Keep,
    /// They go with it.
    Delete,
}
