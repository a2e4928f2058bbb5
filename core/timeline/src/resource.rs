//! What a viewer's URL asks for.

use std::fmt;

use thiserror::Error;

use crate::{
    Container, KeyError, NameError, ObjectKey, Query, QueryError, RecordingId, RenditionId,
    StreamName, View,
};

/// The file name of every playlist, unless a container is asked for.
const INDEX: &str = "index.m3u8";
/// The list of the variants in one container.
const INDEX_TS: &str = "index.ts.m3u8";
const INDEX_FMP4: &str = "index.fmp4.m3u8";

/// What stands before the playlists and the file of a recording.
const VOD: &str = "vod/";
/// A recording as one file.
const EXPORT: &str = "export.mp4";

/// Something that the broadcast side serves, by its path and query. Two requests that mean the same
/// are equal; [`fmt::Display`] writes the one form of both.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Resource {
    /// `/{app}/{stream}/index.m3u8`: the list of the stream's variants, in the container that the
    /// stream prefers; `index.ts.m3u8` and `index.fmp4.m3u8`: those in one container. Of the view
    /// that its query asks for.
    Multivariant(StreamName, Option<Container>, View),
    /// `/{app}/{stream}/{rendition}/index.m3u8`: the segments of one rendition, as its query asks
    /// for them.
    Media(StreamName, RenditionId, Query),
    /// A segment, a part, an initialisation section or an index page.
    Object(ObjectKey),
    /// `/vod/{recording}/index.m3u8`: the list of a recording's variants.
    Recording(RecordingId, Option<Container>),
    /// `/vod/{recording}/{rendition}/index.m3u8`: the segments of one rendition of a recording.
    RecordingMedia(RecordingId, RenditionId),
    /// `/vod/{recording}/export.mp4`: a recording as one file.
    Export(RecordingId),
}

/// Why a URL names nothing that could ever be served.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ResourceError {
    /// A part of the path is not a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The path has no form that is known.
    #[error("there is no such page")]
    Form,
    /// The query makes no sense: the path may be served without it.
    #[error(transparent)]
    Query(#[from] QueryError),
}

impl Resource {
    /// Reads a URL's path, which starts with a slash, and its query, without the question mark.
    /// Names are plain ASCII, so a path with an escape in it names nothing.
    ///
    /// # Errors
    ///
    /// When they name nothing that could ever be served.
    pub fn parse(path: &str, query: &str) -> Result<Self, ResourceError> {
        let path = path.strip_prefix('/').ok_or(ResourceError::Form)?;
        if let Some(path) = path.strip_prefix(VOD) {
            return Self::parse_recording(path);
        }
        let (folder, file) = path.rsplit_once('/').ok_or(ResourceError::Form)?;
        let Some(container) = index(file) else {
            return match ObjectKey::parse(path) {
                Ok(ObjectKey::Recording(_)) | Err(KeyError::Form) => Err(ResourceError::Form),
                Ok(key) => Ok(Self::Object(key)),
                Err(KeyError::Name(error)) => Err(error.into()),
            };
        };
        let mut parts = folder.split('/');
        let mut part = || parts.next().ok_or(ResourceError::Form);
        let stream = StreamName::new(part()?, part()?)?;
        match (parts.next(), parts.next(), container) {
            (None, _, container) => {
                Ok(Self::Multivariant(stream, container, Query::parse(query)?.view))
            }
            (Some(rendition), None, None) => {
                let rendition = RenditionId::parse(rendition)?;
                Ok(Self::Media(stream, rendition, Query::parse(query)?))
            }
            (Some(_), _, _) => Err(ResourceError::Form),
        }
    }

    /// Reads what follows `/vod/`.
    fn parse_recording(path: &str) -> Result<Self, ResourceError> {
        let (id, rest) = path.split_once('/').ok_or(ResourceError::Form)?;
        let id = RecordingId::parse(id)?;
        if rest == EXPORT {
            return Ok(Self::Export(id));
        }
        match rest.split_once('/') {
            None => Ok(Self::Recording(id, index(rest).ok_or(ResourceError::Form)?)),
            Some((rendition, INDEX)) => {
                Ok(Self::RecordingMedia(id, RenditionId::parse(rendition)?))
            }
            Some(_) => Err(ResourceError::Form),
        }
    }

    /// The stream that the resource belongs to.
    #[must_use]
    pub const fn stream(&self) -> &StreamName {
        match self {
            Self::Multivariant(stream, ..) | Self::Media(stream, ..) => stream,
            Self::Object(key) => key.stream(),
            Self::Recording(id, _) | Self::RecordingMedia(id, _) | Self::Export(id) => id.stream(),
        }
    }
}

/// Which playlist a file's name means, if it is one's.
fn index(file: &str) -> Option<Option<Container>> {
    match file {
        INDEX => Some(None),
        INDEX_TS => Some(Some(Container::Ts)),
        INDEX_FMP4 => Some(Some(Container::Fmp4)),
        _ => None,
    }
}

const fn index_name(container: Option<Container>) -> &'static str {
    match container {
        None => INDEX,
        Some(Container::Ts) => INDEX_TS,
        Some(Container::Fmp4) => INDEX_FMP4,
    }
}

impl fmt::Display for Resource {
    /// The path and the query, in the one form of all that mean the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Multivariant(stream, container, view) => {
                let query = Query { view: *view, ..Query::default() };
                write!(f, "/{stream}/{}{query}", index_name(*container))
            }
            Self::Media(stream, rendition, query) => {
                write!(f, "/{stream}/{rendition}/{INDEX}{query}")
            }
            Self::Object(key) => write!(f, "/{key}"),
            Self::Recording(id, container) => write!(f, "/{VOD}{id}/{}", index_name(*container)),
            Self::RecordingMedia(id, rendition) => write!(f, "/{VOD}{id}/{rendition}/{INDEX}"),
            Self::Export(id) => write!(f, "/{VOD}{id}/{EXPORT}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: &str) {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let actual = match Resource::parse(path, query) {
            Ok(resource) => resource.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(actual, expected, "{url:?}");
    }

    #[test]
    fn a_path_names_a_playlist_or_an_object_or_nothing() {
        for path in [
            "/live/cam/index.m3u8",
            "/live/cam/index.ts.m3u8",
            "/live/cam/index.fmp4.m3u8",
            "/live/cam/index.m3u8?dvr=60",
            "/live/cam/ts/index.m3u8",
            "/live/cam/ts/index.m3u8?_HLS_msn=3&_HLS_part=1&_HLS_skip=YES&dvr=60",
            "/live/cam/ts/1/0.ts",
            "/live/cam/ts/1/0.3.ts",
            "/live/cam/ts/page-0.m3u8",
            "/vod/live~cam~a/index.m3u8",
            "/vod/live~cam~a/index.fmp4.m3u8",
            "/vod/live~cam~a/ts/index.m3u8",
            "/vod/live~cam~a/export.mp4",
        ] {
            check(path, path);
        }
        for path in [
            "/live/cam/ts/index.ts.m3u8",
            "/live/index.m3u8",
            "/index.m3u8",
            "/live/cam/ts/1/index.m3u8",
            "/live/cam/ts/1/0.exe",
            "/live/cam/recordings/a/1.json",
            "live/cam/index.m3u8",
            "/vod/live~cam~a/",
            "/vod/live~cam~a/ts/index.ts.m3u8",
            "/vod/live~cam~a/ts/1/0.ts",
            "/vod/live~cam~a",
            "/",
        ] {
            check(path, "there is no such page");
        }
        check("/live/../index.m3u8", "a name starts with a letter or a digit, not '.'");
        check("//cam/index.m3u8", "a name is empty");
        check("/vod/cam/index.m3u8", "a recording is named app~stream~name; this has 1 parts");
        check("/live/cam/ts/index.m3u8?_HLS_part=1", "_HLS_part needs _HLS_msn");
    }

    #[test]
    fn what_means_nothing_here_is_left_out() {
        check("/live/cam/index.m3u8?_HLS_msn=3&a=b", "/live/cam/index.m3u8");
        check("/live/cam/ts/1/0.ts?_HLS_part=x", "/live/cam/ts/1/0.ts");
    }
}
