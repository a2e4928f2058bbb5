//! Templates: options under a name.

use accounts::{Notice, OrganisationId, Permission, Scope, StreamPolicy, Template};
use database::{Page, StreamFilter};
use serde_json::{Map, Value};

use super::checks;
use crate::{Actor, Service, ServiceError};

/// Longest name of a template, in bytes: as long as a stream's.
const NAME_BYTES_MAX: usize = 64;
/// Streams that are read at one time, to see whether they can do with another template.
const PAGE: u32 = 500;

/// What somebody wants a template to be.
#[derive(Clone, Debug)]
pub struct NewTemplate {
    /// Whose it will be.
    pub organisation: OrganisationId,
    /// Its name: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// What streams of it are told.
    pub options: Map<String, Value>,
    /// What new streams of it get.
    pub policy: StreamPolicy,
}

/// What is changed of a template; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct TemplateChange {
    /// The version that it is a change of; none given means whichever there is.
    pub version: Option<i64>,
    /// Other options, all of them. They reach all streams of the template.
    pub options: Option<Map<String, Value>>,
    /// Another policy, for streams that are made from now on.
    pub policy: Option<StreamPolicy>,
}

impl Service {
    /// Makes a template.
    ///
    /// # Errors
    ///
    /// When something of it cannot be, or there is one of its name.
    pub async fn create_template(
        &self,
        actor: &Actor,
        new: NewTemplate,
    ) -> Result<Template, ServiceError> {
        actor.needs(Permission::ManageStreams, &new.organisation)?;
        let is_letter = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let fits = !new.name.is_empty() && new.name.len() <= NAME_BYTES_MAX;
        if !fits || !new.name.chars().all(is_letter) {
            return Err(ServiceError::Invalid(format!(
                "a template's name has 1 to {NAME_BYTES_MAX} letters, digits, '-', '_' and '.'"
            )));
        }
        checks::options(&new.options)?;
        checks::policy(&new.policy)?;
        self.options.check(&new.options).map_err(ServiceError::Invalid)?;
        let template = Template {
            organisation: new.organisation,
            name: new.name,
            options: new.options,
            policy: new.policy,
            created_at_ms: self.now_ms(),
            version: 1,
        };
        self.database.create_template(&template).await?;
        Ok(template)
    }

    /// An organisation's templates in the order of their names. Who makes streams may see them.
    ///
    /// # Errors
    ///
    /// When the actor may not see them.
    pub async fn templates(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
    ) -> Result<Vec<Template>, ServiceError> {
        if actor.sees(Scope::StreamsRead, organisation).is_err() {
            actor.needs(Permission::ManageOwnStreams, organisation)?;
        }
        Ok(self.database.templates(organisation).await?)
    }

    /// Changes a template, and with it the options of its streams.
    ///
    /// # Errors
    ///
    /// When it, or a stream of it, cannot be so.
    pub async fn change_template(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
        name: &str,
        change: TemplateChange,
    ) -> Result<Template, ServiceError> {
        actor.needs(Permission::ManageStreams, organisation)?;
        let found = self.database.template(organisation, name).await?;
        let mut template = found.ok_or(ServiceError::NotFound)?;
        if change.version.is_some_and(|version| version != template.version) {
            return Err(ServiceError::Conflict(
                "the template was changed by somebody else".to_owned(),
            ));
        }
        if let Some(options) = change.options {
            checks::options(&options)?;
            self.options.check(&options).map_err(ServiceError::Invalid)?;
            template.options = options;
            self.check_streams_of(&template).await?;
        }
        if let Some(policy) = change.policy {
            checks::policy(&policy)?;
            template.policy = policy;
        }
        let template = self.database.update_template(&template).await?;
        self.tell(&Notice::TemplateChanged { organisation: organisation.clone() }).await?;
        Ok(template)
    }

    /// Deletes a template that no stream has.
    ///
    /// # Errors
    ///
    /// When streams have it.
    pub async fn delete_template(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
        name: &str,
    ) -> Result<(), ServiceError> {
        actor.needs(Permission::ManageStreams, organisation)?;
        if self.database.delete_template(organisation, name).await? {
            Ok(())
        } else {
            Err(ServiceError::NotFound)
        }
    }

    /// The template that a stream names, which must be there.
    pub(super) async fn template_of(
        &self,
        organisation: &OrganisationId,
        name: Option<&str>,
    ) -> Result<Option<Template>, ServiceError> {
        let Some(name) = name else { return Ok(None) };
        match self.database.template(organisation, name).await? {
            Some(template) => Ok(Some(template)),
            None => Err(ServiceError::Invalid(format!("there is no template `{name}`"))),
        }
    }

    /// Whether all streams of a template can do with it as it is.
    async fn check_streams_of(&self, template: &Template) -> Result<(), ServiceError> {
        let filter = StreamFilter {
            organisation: Some(template.organisation.clone()),
            owner: None,
            with_retired: true,
        };
        let mut page = Page { after: None, limit: PAGE };
        loop {
            let streams = self.database.streams(&filter, &page).await?;
            let Some(last) = streams.last() else { return Ok(()) };
            page.after = Some(last.name.to_string());
            let of_it =
                streams.iter().filter(|stream| stream.template.as_ref() == Some(&template.name));
            for stream in of_it {
                let all = checks::merged(Some(template), &stream.options);
                self.options.check(&all).map_err(|error| {
                    ServiceError::Invalid(format!("with the stream {}: {error}", stream.name))
                })?;
            }
        }
    }
}
