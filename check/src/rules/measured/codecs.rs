//! Entries of `CODECS` (RFC 6381), compared by what they mean.

/// How near an entry of `CODECS` comes to a format.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Likeness {
    /// It names another one.
    Other,
    /// It names the codec, with another profile.
    Family,
    /// It names the codec and the profile, with another level.
    Profile,
    /// It names it as far as it says anything.
    Same,
}

/// What an entry says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Entry {
    family: String,
    profile: Option<String>,
    level: Option<String>,
}

/// How near `entry` of `CODECS` comes to a format that was measured.
pub(super) fn likeness(entry: &str, measured: &str) -> Likeness {
    let (entry, measured) = (Entry::read(entry), Entry::read(measured));
    // What one of both does not say cannot be wrong.
    let differs = |one: &Option<String>, other: &Option<String>| {
        one.as_ref().zip(other.as_ref()).is_some_and(|(one, other)| one != other)
    };
    match () {
        () if entry.family != measured.family => Likeness::Other,
        () if differs(&entry.profile, &measured.profile) => Likeness::Family,
        () if differs(&entry.level, &measured.level) => Likeness::Profile,
        () => Likeness::Same,
    }
}

impl Entry {
    fn read(entry: &str) -> Self {
        let entry = entry.trim().to_ascii_lowercase();
        let parts: Vec<&str> = entry.split('.').collect();
        let name = parts.first().copied().unwrap_or_default();
        match name {
            "avc1" | "avc2" | "avc3" | "avc4" => Self::avc(&parts),
            "hvc1" | "hev1" => Self::hevc(&parts),
            "av01" => Self::av1(&parts),
            "vp09" => Self::vp9(&parts),
            "mp4a" => Self::mp4a(&parts),
            // Dolby Vision has levels of its own, over a stream of the codec.
            "dva1" | "dvav" => Self::plain("avc"),
            "dvh1" | "dvhe" => Self::plain("hevc"),
            "dav1" => Self::plain("av1"),
            "vp9" => Self::plain("vp9"),
            "mp3" => Self::plain("mp3"),
            "ec+3" => Self::plain("ec-3"),
            other => Self::plain(other),
        }
    }

    fn plain(family: &str) -> Self {
        Self { family: family.to_owned(), profile: None, level: None }
    }

    /// `avc1.` with profile, constraints and level as two hexadecimal digits each, or as once in
    /// use profile and level in decimals. What constraints there are changes with the encoder, not
    /// with what a decoder must know.
    fn avc(parts: &[&str]) -> Self {
        let pair = |digits: Option<&str>| u8::from_str_radix(digits?, 16).ok();
        let (profile, level) = match parts {
            [_, hex] => (pair(hex.get(0..2)), pair(hex.get(4..6))),
            [_, profile, level] => (profile.parse().ok(), level.parse().ok()),
            _ => (None, None),
        };
        let text = |number: Option<u8>| number.map(|number| number.to_string());
        Self { family: "avc".to_owned(), profile: text(profile), level: text(level) }
    }

    /// `hvc1.`, profile space and profile, compatibility, tier and level, constraints (ISO/IEC
    /// 14496-15, E.3).
    fn hevc(parts: &[&str]) -> Self {
        Self { family: "hevc".to_owned(), profile: number(parts, 1), level: number(parts, 3) }
    }

    /// `av01.`, profile, level and tier, bit depth, and more that may be left out (AV1-ISOBMFF, 5).
    fn av1(parts: &[&str]) -> Self {
        let depth = number(parts, 3).unwrap_or_else(|| "8".to_owned());
        let profile = number(parts, 1).map(|profile| format!("{profile} {depth}"));
        Self { family: "av1".to_owned(), profile, level: number(parts, 2) }
    }

    /// `vp09.`, profile, level, bit depth, and more that may be left out.
    fn vp9(parts: &[&str]) -> Self {
        let depth = number(parts, 3).unwrap_or_else(|| "8".to_owned());
        let profile = number(parts, 1).map(|profile| format!("{profile} {depth}"));
        Self { family: "vp9".to_owned(), profile, level: number(parts, 2) }
    }

    /// `mp4a.`, an object type of MPEG-4 systems, and where that is 40 one of MPEG-4 audio.
    fn mp4a(parts: &[&str]) -> Self {
        let object = parts.get(1).map(|part| part.trim_start_matches('0'));
        match (object, number(parts, 2).as_deref()) {
            (Some("6b" | "69"), _) | (Some("40"), Some("32" | "33" | "34")) => Self::plain("mp3"),
            (Some("a5"), _) => Self::plain("ac-3"),
            (Some("a6"), _) => Self::plain("ec-3"),
            (Some("ad"), _) => Self::plain("opus"),
            // HE-AAC is AAC-LC with more in it, which need not be announced.
            (Some("67"), _) | (Some("40"), Some("2" | "5" | "29")) => Self::aac(Some("2")),
            (Some("66"), _) => Self::aac(Some("1")),
            (Some("68"), _) => Self::aac(Some("3")),
            (_, profile) => Self::aac(profile),
        }
    }

    fn aac(profile: Option<&str>) -> Self {
        Self { family: "aac".to_owned(), profile: profile.map(str::to_owned), level: None }
    }
}

/// A part without leading zeros.
fn number(parts: &[&str], at: usize) -> Option<String> {
    let part = parts.get(at).filter(|part| !part.is_empty())?;
    let trimmed = part.trim_start_matches('0');
    let is_zero = trimmed.is_empty() || !trimmed.starts_with(|c: char| c.is_ascii_alphanumeric());
    Some(if is_zero { format!("0{trimmed}") } else { trimmed.to_owned() })
}
