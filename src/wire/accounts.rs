//! What a process needs for accounts: the database, the bus, and the service over them.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use async_trait::async_trait;
use auth_service::{
    Api, Clock, MailFolder, Mailer, Parts, Recordings, Service, Settings, Smtp, StreamRemover,
};
use authz::{Hook, HookSettings, OnFailure};
use bytes::Bytes;
use database::{Database, SqlDatabase};
use edge::Mount;
use http::{Request, Response, StatusCode};
use journal::{Bus, SqliteBus};
use store::PrivateStore;
use timeline::StreamName;

use super::options::OptionsRules;
use crate::announce::reachable;
use crate::config::{Config, Mail};

/// Accounts, and who hears of their changes.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    pub(crate) database: Arc<dyn Database>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Clock,
}

/// Where this machine is reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) http: SocketAddr,
    pub(crate) rtmp: SocketAddr,
}

impl Addresses {
    fn viewers(self) -> String {
        format!("http://{}", reachable(self.http))
    }

    fn encoders(self) -> String {
        format!("rtmp://{}", reachable(self.rtmp))
    }
}

impl Accounts {
    /// Opens the database and the bus.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        let root = config.auth.root_secret.as_ref().map(|root| root.reveal().as_bytes());
        let database = SqlDatabase::open(&config.database, root).await;
        let database = Arc::new(database.context("open the database")?);
        let bus = SqliteBus::open(&config.journal).await.context("open the control bus")?;
        Ok(Self { database, bus: Arc::new(bus), clock: Clock::machine() })
    }

    /// The service over them. People are told `addresses` unless the configuration has others.
    pub(crate) fn service(
        &self,
        config: &Config,
        addresses: Addresses,
        evidence: Arc<dyn PrivateStore>,
        remover: Arc<dyn StreamRemover>,
    ) -> anyhow::Result<Service> {
        let auth = &config.auth;
        let mailer: Arc<dyn Mailer> = match &auth.mail {
            Mail::Folder(folder) => Arc::new(MailFolder::new(folder)),
            Mail::Smtp(url) => {
                Arc::new(Smtp::new(url, &auth.mail_from).context("auth.mail, auth.mail_from")?)
            }
        };
        Ok(Service::new(Parts {
            database: Arc::clone(&self.database),
            bus: Arc::clone(&self.bus),
            mailer,
            evidence,
            options: Arc::new(OptionsRules::new(config)),
            remover,
            settings: Settings {
                public_url: auth.public_url.clone().unwrap_or_else(|| addresses.viewers()),
                ingest_url: auth.ingest_url.clone().unwrap_or_else(|| addresses.encoders()),
                devices_max: auth.devices_max,
                streams_max: auth.streams_max,
                ..Settings::default()
            },
            clock: self.clock.clone(),
        }))
    }
}

/// The customer's endpoint, if there is one.
pub(crate) fn hook(config: &Config) -> anyhow::Result<Option<Hook>> {
    let Some(hook) = &config.auth.hook else { return Ok(None) };
    let settings = HookSettings {
        url: hook.url.clone(),
        secret: hook.secret.clone(),
        time_max: hook.timeout,
        on_failure: if hook.fail_open { OnFailure::Allow } else { OnFailure::Deny },
    };
    Ok(Some(Hook::new(settings).context("auth.hook_url")?))
}

/// Removes what there is of a stream besides its record: through the journal, so that whoever
/// publishes or serves it, here or elsewhere, finds it gone.
#[derive(Debug)]
pub(crate) struct Remover(pub(crate) Arc<playlist::Recordings>);

#[async_trait]
impl StreamRemover for Remover {
    async fn remove(
        &self,
        stream: &StreamName,
        recordings: Recordings,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let with_recordings = match recordings {
            Recordings::Keep => false,
            Recordings::Delete => true,
        };
        Ok(self.0.delete_stream(stream, with_recordings).await?)
    }
}

/// The accounts' interface on the viewers' port. The port is bound before the service knows the
/// address that its letters name.
#[derive(Clone, Debug, Default)]
pub(crate) struct LateApi(Arc<OnceLock<Api>>);

impl LateApi {
    pub(crate) fn set(&self, api: Api) {
        // Set once, by `wire`.
        let _ = self.0.set(api);
    }
}

#[async_trait]
impl Mount for LateApi {
    async fn call(&self, request: Request<Bytes>, client: IpAddr) -> Response<Bytes> {
        match self.0.get() {
            Some(api) => api.call(request, client).await,
            None => {
                let mut early = Response::new(Bytes::new());
                *early.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                early
            }
        }
    }
}
