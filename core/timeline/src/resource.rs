//! What a viewer's URL asks for.

use thiserror::Error;

use crate::{Container, KeyError, NameError, ObjectKey, RenditionId, StreamName};

/// The file name of every playlist, unless a container is asked for.
const INDEX: &str = "index.m3u8";
/// The list of the variants in one container.
const INDEX_TS: &str = "index.ts.m3u8";
const INDEX_FMP4: &str = "index.fmp4.m3u8";

/// Something that the broadcast side serves, by its path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Resource {
    /// `/{app}/{stream}/index.m3u8`: the list of the stream's variants, in the container that the
    /// stream prefers; `index.ts.m3u8` and `index.fmp4.m3u8`: those in one container.
    Multivariant(StreamName, Option<Container>),
    /// `/{app}/{stream}/{rendition}/index.m3u8`: the segments of one rendition.
    Media(StreamName, RenditionId),
    /// A segment.
    Object(ObjectKey),
}

/// Why a path names nothing that could ever be served.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ResourceError {
    /// A part of the path is not a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The path has no form that is known.
    #[error("there is no such page")]
    Form,
}

impl Resource {
    /// Reads a URL's path, which starts with a slash. Names are plain ASCII, so a path with an
    /// escape in it names nothing.
    ///
    /// # Errors
    ///
    /// When the path names nothing that could ever be served.
    pub fn parse(path: &str) -> Result<Self, ResourceError> {
        let path = path.strip_prefix('/').ok_or(ResourceError::Form)?;
        let (folder, file) = path.rsplit_once('/').ok_or(ResourceError::Form)?;
        let index = match file {
            INDEX => Some(None),
            INDEX_TS => Some(Some(Container::Ts)),
            INDEX_FMP4 => Some(Some(Container::Fmp4)),
            _ => None,
        };
        let Some(container) = index else {
            return match ObjectKey::parse(path) {
                Ok(key) => Ok(Self::Object(key)),
                Err(KeyError::Name(error)) => Err(error.into()),
                Err(KeyError::Form) => Err(ResourceError::Form),
            };
        };
        let mut parts = folder.split('/');
        let mut part = || parts.next().ok_or(ResourceError::Form);
        let stream = StreamName::new(part()?, part()?)?;
        match (parts.next(), parts.next(), container) {
            (None, _, container) => Ok(Self::Multivariant(stream, container)),
            (Some(rendition), None, None) => {
                Ok(Self::Media(stream, RenditionId::parse(rendition)?))
            }
            (Some(_), _, _) => Err(ResourceError::Form),
        }
    }

    /// The stream that the resource belongs to.
    #[must_use]
    pub const fn stream(&self) -> &StreamName {
        match self {
            Self::Multivariant(stream, _) | Self::Media(stream, _) => stream,
            Self::Object(key) => &key.stream,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: &str) {
        let actual = match Resource::parse(path) {
            Ok(Resource::Multivariant(stream, None)) => format!("multivariant {stream}"),
            Ok(Resource::Multivariant(stream, Some(container))) => {
                format!("multivariant {stream} {container:?}")
            }
            Ok(Resource::Media(stream, rendition)) => format!("media {stream} {rendition}"),
            Ok(Resource::Object(key)) => format!("object {key}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(actual, expected, "{path:?}");
    }

    #[test]
    fn a_path_names_a_playlist_or_an_object_or_nothing() {
        check("/live/cam/index.m3u8", "multivariant live/cam");
        check("/live/cam/index.ts.m3u8", "multivariant live/cam Ts");
        check("/live/cam/index.fmp4.m3u8", "multivariant live/cam Fmp4");
        check("/live/cam/ts/index.ts.m3u8", "there is no such page");
        check("/live/cam/ts/index.m3u8", "media live/cam ts");
        check("/live/cam/ts/1/0.ts", "object live/cam/ts/1/0.ts");
        check("/live/index.m3u8", "there is no such page");
        check("/index.m3u8", "there is no such page");
        check("/live/cam/ts/1/index.m3u8", "there is no such page");
        check("/live/cam/ts/1/0.exe", "there is no such page");
        check("live/cam/index.m3u8", "there is no such page");
        check("/", "there is no such page");
        check("/live/../index.m3u8", "a name starts with a letter or a digit, not '.'");
        check("//cam/index.m3u8", "a name is empty");
    }
}
