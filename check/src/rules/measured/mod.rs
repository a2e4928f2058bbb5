//! Whether what a multivariant playlist says of its variants is true.

mod codecs;
mod rates;
#[cfg(test)]
mod tests;

use hls::read::{AlternativeKind, Variant};

use crate::evidence::{PresentationEvidence, RenditionEvidence};
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};
use codecs::{Likeness, likeness};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "MV-PEAK",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.4.2",
        requirement: "The peak bit rate of segments is not above BANDWIDTH, with a quarter of \
                      tolerance while live and a tenth afterwards.",
        remedy: "Measure segments, and write the largest rate as BANDWIDTH.",
        test: Test::Presentation(rates::peak_is_covered),
    },
    Rule {
        id: "MV-PEAKLOW",
        severity: Severity::Should,
        reference: "HLS authoring specification, multivariant playlists",
        requirement: "BANDWIDTH is at most twice the peak bit rate of segments.",
        remedy: "Measure segments, and write the largest rate as BANDWIDTH: players choose by it.",
        test: Test::Presentation(rates::bandwidth_is_not_too_high),
    },
    Rule {
        id: "MV-AVGTRUE",
        severity: Severity::Should,
        reference: "HLS authoring specification, multivariant playlists",
        requirement: "The average bit rate of segments is at most a tenth above \
                      AVERAGE-BANDWIDTH.",
        remedy: "Measure segments, and write their average as AVERAGE-BANDWIDTH.",
        test: Test::Presentation(rates::average_is_true),
    },
    Rule {
        id: "MV-CODTRUE",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.4.2",
        requirement: "CODECS names every format that is in the segments, with its profile.",
        remedy: "Make CODECS from the parameter sets in the segments.",
        test: Test::Presentation(codecs_name_all),
    },
    Rule {
        id: "MV-CODLVL",
        severity: Severity::Should,
        reference: "RFC 8216, 4.3.4.2",
        requirement: "CODECS says the level that is in the segments.",
        remedy: "Make CODECS from the parameter sets in the segments.",
        test: Test::Presentation(codecs_say_the_level),
    },
    Rule {
        id: "MV-RESTRUE",
        severity: Severity::Must,
        reference: "RFC 8216, 4.3.4.2",
        requirement: "RESOLUTION is the size of the pictures.",
        remedy: "Take RESOLUTION from the sequence parameter set in the segments.",
        test: Test::Presentation(resolution_is_true),
    },
    Rule {
        id: "MV-FPSTRUE",
        severity: Severity::Should,
        reference: "RFC 8216, 4.3.4.2",
        requirement: "FRAME-RATE is within 2 % of how often pictures come.",
        remedy: "Measure how often pictures come, or leave out FRAME-RATE where that varies.",
        test: Test::Presentation(frame_rate_is_true),
    },
];

/// A variant, its own segments, and the sound that can be played with it.
struct Measured<'a> {
    variant: &'a Variant,
    own: &'a RenditionEvidence<'a>,
    sounds: Vec<&'a RenditionEvidence<'a>>,
    /// Whether all of the sound that is listed was fetched.
    is_complete: bool,
}

impl<'a> Measured<'a> {
    /// All variants that were fetched.
    fn all(presentation: &'a PresentationEvidence<'a>) -> impl Iterator<Item = Self> {
        presentation.renditions.iter().filter_map(|own| {
            let variant = own.variant?;
            let group = variant.audio.as_ref();
            let sounds: Vec<_> = presentation
                .renditions
                .iter()
                .filter(|other| {
                    other.alternative.is_some_and(|alternative| {
                        alternative.kind == AlternativeKind::Audio
                            && Some(&alternative.group) == group
                            && other.url != own.url
                    })
                })
                .collect();
            let listed = presentation.multivariant.map_or(0, |playlist| {
                let of_group = playlist.alternatives.iter().filter(|alternative| {
                    alternative.kind == AlternativeKind::Audio
                        && Some(&alternative.group) == group
                        && alternative.uri.is_some()
                });
                of_group.count()
            });
            let is_complete = listed <= sounds.len();
            Some(Self { variant, own, sounds, is_complete })
        })
    }

    /// The formats since the newest break: what a playlist says is about what comes.
    fn formats(&self) -> Vec<String> {
        let runs = std::iter::once(self.own).chain(self.sounds.iter().copied());
        let configs = runs.filter_map(|rendition| rendition.course.run.as_ref());
        let mut formats: Vec<String> =
            configs.flat_map(|run| &run.configs).map(|config| config.rfc6381()).collect();
        formats.sort_unstable();
        formats.dedup();
        formats
    }

    /// Each format, and how near the nearest entry of `CODECS` comes to it.
    fn likenesses(&self) -> Vec<(String, Likeness)> {
        let Some(codecs) = &self.variant.codecs else { return Vec::new() };
        let nearest = |format: &String| {
            let entries = codecs.split(',');
            entries.map(|entry| likeness(entry, format)).max().unwrap_or(Likeness::Other)
        };
        let formats = self.formats().into_iter();
        formats.map(|format| (nearest(&format), format)).map(|(near, it)| (it, near)).collect()
    }

    fn codecs(&self) -> &str {
        self.variant.codecs.as_deref().unwrap_or_default()
    }
}

fn codecs_name_all(presentation: &PresentationEvidence<'_>, faults: &mut Faults<'_>) {
    for measured in Measured::all(presentation) {
        let (uri, codecs) = (&measured.variant.uri, measured.codecs());
        for (format, likeness) in measured.likenesses() {
            match likeness {
                Likeness::Other => {
                    faults.add(format!("{uri} has {format}, which CODECS=\"{codecs}\" leaves out"));
                }
                Likeness::Family => {
                    faults.add(format!(
                        "{uri} has {format}, and CODECS=\"{codecs}\" names another profile"
                    ));
                }
                Likeness::Profile | Likeness::Same => {}
            }
        }
    }
}

fn codecs_say_the_level(presentation: &PresentationEvidence<'_>, faults: &mut Faults<'_>) {
    for measured in Measured::all(presentation) {
        let (uri, codecs) = (&measured.variant.uri, measured.codecs());
        for (format, likeness) in measured.likenesses() {
            if likeness == Likeness::Profile {
                faults.add(format!(
                    "{uri} has {format}, and CODECS=\"{codecs}\" names another level"
                ));
            }
        }
    }
}

fn resolution_is_true(presentation: &PresentationEvidence<'_>, faults: &mut Faults<'_>) {
    for Measured { variant, own, .. } in Measured::all(presentation) {
        let (Some((width, height)), Some(run)) = (variant.resolution, &own.course.run) else {
            continue;
        };
        let formats: Vec<_> = run.configs.iter().filter_map(|config| config.video()).collect();
        let Some(format) = formats.first() else { continue };
        if !formats.iter().any(|format| is_size_of(format, width, height)) {
            let (uri, (w, h)) = (&variant.uri, (format.width, format.height));
            faults.add(format!("{uri} has pictures of {w}x{h}, not {width}x{height}"));
        }
    }
}

/// Whether pictures are of a size: as they are coded, or as they are shown where their samples are
/// not square, by either side and within a pixel or two of rounding.
fn is_size_of(format: &media::VideoFormat, width: u64, height: u64) -> bool {
    let (w, h) = (u64::from(format.width), u64::from(format.height));
    let (x, y) = format.sample_aspect.map_or((1, 1), |(x, y)| (u64::from(x), u64::from(y)));
    let is_near = |one: u64, other: u64| one.abs_diff(other) <= 2;
    (w, h) == (width, height)
        || (x != y && h == height && is_near(w * x / y.max(1), width))
        || (x != y && w == width && is_near(h * y / x.max(1), height))
}

fn frame_rate_is_true(presentation: &PresentationEvidence<'_>, faults: &mut Faults<'_>) {
    for Measured { variant, own, .. } in Measured::all(presentation) {
        let measured = own.course.run.as_ref().and_then(|run| run.frame_rate.milli());
        let (Some(listed), Some(measured)) = (variant.frame_rate_milli, measured) else { continue };
        if listed.abs_diff(measured).saturating_mul(50) > measured {
            let thousandths = |milli: u64| format!("{}.{:03}", milli / 1_000, milli % 1_000);
            faults.add(format!(
                "{} has {} pictures a second, not {}",
                variant.uri,
                thousandths(measured),
                thousandths(listed)
            ));
        }
    }
}
