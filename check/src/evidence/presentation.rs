//! Renditions and presentations as a whole.

use hls::read::{Alternative, MediaPlaylist, MultivariantPlaylist, Variant};
use url::Url;

use super::{Course, Traffic};
use crate::options::Options;

/// A rendition, at the end of the exam.
#[derive(Clone, Copy, Debug)]
pub struct RenditionEvidence<'a> {
    /// Its media playlist.
    pub url: &'a Url,
    /// What its playlist said last.
    pub playlist: &'a MediaPlaylist,
    /// What the multivariant playlist says of it, if it is a variant.
    pub variant: Option<&'a Variant>,
    /// What the multivariant playlist says of it, if it can be chosen instead of something else or
    /// is added to it.
    pub alternative: Option<&'a Alternative>,
    /// What all of its segments together were like.
    pub course: &'a Course,
    /// What is expected.
    pub options: &'a Options,
}

/// All renditions together, at the end of the exam.
#[derive(Clone, Copy, Debug)]
pub struct PresentationEvidence<'a> {
    /// What lists them, if anything does.
    pub multivariant: Option<&'a MultivariantPlaylist>,
    /// What could be fetched.
    pub renditions: &'a [RenditionEvidence<'a>],
    /// All exchanges together.
    pub traffic: &'a Traffic,
}
