//! The configuration of this start, from where the command line says.

use anyhow::Context;

use super::{Config, Sources};
use crate::cli::Common;

/// Reads and checks the configuration of this start.
pub(crate) fn load(
    common: &Common,
    mut flags: Vec<(&'static str, String)>,
    is_open: bool,
) -> anyhow::Result<Config> {
    let file = match &common.config {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path);
            Some((path.clone(), text.with_context(|| format!("read {}", path.display()))?))
        }
    };
    if let Some(data) = &common.data {
        flags.push(("data", data.display().to_string()));
    }
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let sources =
        Sources { file, environment: environment.collect(), set: common.set.clone(), flags };
    Ok(Config::check(sources.read()?, is_open)?)
}
