//! The table of findings.

mod arrival;
mod formats;
mod pictures;
mod rates;
mod texts;
mod times;

use self::texts::number;
use super::Grade;
use super::course::Said;
use super::seen::Seen;

/// One kind of finding: what is measured, what it is graded by, and what to say.
#[derive(Debug)]
pub struct Rule {
    /// Its name, which never changes.
    pub id: &'static str,
    /// What is measured, for the documentation.
    pub sees: &'static str,
    /// What makes it fair or poor.
    pub bounds: Bounds,
    /// What the bounds are counted in.
    pub unit: Unit,
    /// What to set where: it follows the sentence that says what is wrong.
    pub remedy: &'static str,
    /// What explains it: while that is said, this is not.
    pub(super) unless: &'static [&'static str],
    /// What is measured, once there is enough evidence.
    pub(super) measure: fn(&Seen) -> Option<i64>,
    /// What is wrong, with what was measured.
    pub(super) say: fn(&Seen, i64) -> Wrong,
}

/// From where on something is not good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bounds {
    /// Fair above the one, poor above the other.
    Over {
        /// The most that is good.
        fair: Option<i64>,
        /// The most that is not poor.
        poor: Option<i64>,
    },
    /// Fair below the one, poor below the other.
    Under {
        /// The least that is good.
        fair: Option<i64>,
        /// The least that is not poor.
        poor: Option<i64>,
    },
    /// Whenever it is there.
    There(Grade),
}

/// What a bound is counted in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Thousandths of a second.
    Millis,
    /// Pictures in 1,000 seconds.
    MilliFrames,
    /// Thousandths.
    PerMille,
    /// Hundredths.
    Percent,
    /// Millionths.
    PerMillion,
    /// Bits for 1,000 pixels.
    BitsPerKiloPixel,
    /// Pixels of a picture.
    Pixels,
    /// Samples a second.
    Hertz,
    /// Channels of sound.
    Channels,
    /// How often in the last minute.
    TimesAMinute,
}

/// What is wrong, and by how much.
pub(super) struct Wrong {
    what: String,
    evidence: String,
}

/// The table, in the order of the documentation.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    let all: [&'static [Rule]; 5] =
        [&pictures::RULES, &rates::RULES, &times::RULES, &arrival::RULES, &formats::RULES];
    all.into_iter().flatten()
}

/// What a value is worth.
pub(super) fn grade(bounds: Bounds, value: i64) -> Grade {
    let (is_fair, is_poor) = match bounds {
        Bounds::Over { fair, poor } => {
            (fair.is_some_and(|fair| value > fair), poor.is_some_and(|poor| value > poor))
        }
        Bounds::Under { fair, poor } => {
            (fair.is_some_and(|fair| value < fair), poor.is_some_and(|poor| value < poor))
        }
        Bounds::There(grade) => return grade,
    };
    match (is_fair, is_poor) {
        (_, true) => Grade::Poor,
        (true, false) => Grade::Fair,
        (false, false) => Grade::Good,
    }
}

impl Rule {
    /// From where on it has this grade, in words; `None` where it never does.
    #[must_use]
    pub fn bound(&self, grade: Grade) -> Option<String> {
        let of = |fair: Option<i64>, poor: Option<i64>| match grade {
            Grade::Good => None,
            Grade::Fair => fair,
            Grade::Poor => poor,
        };
        match self.bounds {
            Bounds::Over { fair, poor } => {
                Some(format!("over {}", self.unit.text(of(fair, poor)?)))
            }
            Bounds::Under { fair, poor } => {
                Some(format!("under {}", self.unit.text(of(fair, poor)?)))
            }
            Bounds::There(there) => (there == grade).then(|| "always".to_owned()),
        }
    }
}

impl Unit {
    fn text(self, value: i64) -> String {
        match self {
            Self::Millis => texts::seconds(value),
            Self::MilliFrames => format!("{} a second", texts::frames(value)),
            Self::PerMille => format!("{} %", texts::tenths(value)),
            Self::Percent => format!("{value} %"),
            Self::PerMillion => texts::per_million(value),
            Self::BitsPerKiloPixel => format!("{} bits a pixel", texts::thousandths(value)),
            Self::Pixels => format!("{} pixels", number(value)),
            Self::Hertz => format!("{} Hz", number(value)),
            Self::Channels => value.to_string(),
            Self::TimesAMinute => format!("{value} a minute"),
        }
    }
}

impl Wrong {
    fn new(what: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self { what: what.into(), evidence: evidence.into() }
    }

    /// With what to do about it.
    pub(super) fn with(self, remedy: &str) -> Said {
        Said { evidence: self.evidence, advice: format!("{}: {remedy}.", self.what) }
    }
}
