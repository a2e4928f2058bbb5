//! What a playlist's URL says after the question mark: which stretch, and which update.
//!
//! Delivery directives are those of RFC 8216bis, 6.2.5. What is not known is left out, so requests
//! that mean the same are equal; what is known and makes no sense is an error.

use std::fmt;

use jiff::Timestamp;
use thiserror::Error;

/// Longest query that is read, in bytes: the directives have under 200, and players add measures
/// of their own (CTA-5004), which take up to a kilobyte or two.
pub const QUERY_BYTES_MAX: usize = 4_096;
/// The longest way back that can be asked for, in seconds: the hard limit of a window, 90 days.
pub const BACK_S_MAX: u64 = 90 * 86_400;
/// Times on the calendar that can be asked for, in seconds since the Unix epoch: up to the year
/// 9999, beyond which no date has four digits.
const UNIX_S_MAX: u64 = 253_402_300_799;

/// What a query says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Query {
    /// Which stretch of the stream.
    pub view: View,
    /// Which update of the playlist.
    pub reload: Reload,
}

/// Which stretch of a stream is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub enum View {
    /// Live, with all that the stream's window holds.
    #[default]
    Live,
    /// Live, with a shorter window (`dvr=`), in seconds.
    Last(u32),
    /// From a moment on (`start=`): with an end (`end=`) a complete playlist, which is catch-up;
    /// without one a live playlist that begins early, which is start-over.
    From {
        /// Where it begins.
        start: Moment,
        /// Where it ends.
        end: Option<Moment>,
    },
}

/// A moment of a stream.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Moment {
    /// On the calendar, in milliseconds since the Unix epoch.
    At(i64),
    /// This many seconds ago.
    Ago(u64),
}

/// Which update of a media playlist is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Reload {
    /// Wait until this is listed (`_HLS_msn`, `_HLS_part`).
    pub after: Option<Awaited>,
    /// Leave out what was listed long ago (`_HLS_skip`).
    pub skip: Option<Skip>,
}

/// What a blocking reload waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Awaited {
    /// A media sequence number.
    pub sequence: u64,
    /// A part of it; without it the whole segment.
    pub part: Option<u32>,
}

/// What a delta update leaves out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Skip {
    /// Segments (`YES`).
    Segments,
    /// Segments and date ranges (`v2`).
    DateRanges,
}

/// Why a query makes no sense: the sentence that the viewer gets.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum QueryError {
    /// Longer than anything that a player sends.
    #[error("a query has at most {limit} bytes, not {length}")]
    TooLong {
        /// Bytes that were given.
        length: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// A directive stands there twice.
    #[error("{0} stands there twice")]
    Repeated(&'static str),
    /// A directive's value is none that it can have.
    #[error("{name} is {expected}")]
    Value {
        /// The directive.
        name: &'static str,
        /// What it can be.
        expected: &'static str,
    },
    /// A directive makes sense only with another one.
    #[error("{0} needs {1}")]
    Needs(&'static str, &'static str),
    /// Two directives that contradict each other.
    #[error("{0} and {1} contradict each other")]
    Both(&'static str, &'static str),
    /// The end is not after the start.
    #[error("end is not after start")]
    EndBeforeStart,
}

const MSN: &str = "_HLS_msn";
const PART: &str = "_HLS_part";
const SKIP: &str = "_HLS_skip";
const START: &str = "start";
const END: &str = "end";
const DVR: &str = "dvr";
const KNOWN: [&str; 6] = [MSN, PART, SKIP, DVR, END, START];

const NUMBER: &str = "a whole number";
const MOMENT: &str =
    "a date as 2026-01-31T20:15:00Z, seconds since 1970, or seconds before now as -3600";
const SECONDS: &str = "a number of seconds, at most 90 days";

impl Query {
    /// Reads what stands after the question mark.
    ///
    /// # Errors
    ///
    /// When a directive that is known makes no sense.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.len() > QUERY_BYTES_MAX {
            return Err(QueryError::TooLong { length: text.len(), limit: QUERY_BYTES_MAX });
        }
        let mut values: [Option<String>; KNOWN.len()] = Default::default();
        for pair in text.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let known = KNOWN.iter().zip(&mut values).find(|(known, _)| **known == name);
            let Some((name, place)) = known else { continue };
            if place.replace(decode(value)).is_some() {
                return Err(QueryError::Repeated(name));
            }
        }
        let [msn, part, skip, dvr, end, start] = values;
        Ok(Self { view: view(dvr, start, end)?, reload: reload(msn, part, skip)? })
    }
}

fn reload(
    msn: Option<String>,
    part: Option<String>,
    skip: Option<String>,
) -> Result<Reload, QueryError> {
    let sequence = msn.map(|text| number(MSN, &text, NUMBER)).transpose()?;
    let part = part.map(|text| number(PART, &text, NUMBER)).transpose()?;
    let part = part.map(|part| u32::try_from(part).unwrap_or(u32::MAX));
    let after = match (sequence, part) {
        (Some(sequence), part) => Some(Awaited { sequence, part }),
        (None, Some(_)) => return Err(QueryError::Needs(PART, MSN)),
        (None, None) => None,
    };
    let skip = match skip.as_deref() {
        None => None,
        Some("YES") => Some(Skip::Segments),
        Some("v2") => Some(Skip::DateRanges),
        Some(_) => return Err(QueryError::Value { name: SKIP, expected: "YES or v2" }),
    };
    Ok(Reload { after, skip })
}

fn view(
    dvr: Option<String>,
    start: Option<String>,
    end: Option<String>,
) -> Result<View, QueryError> {
    let dvr = dvr.map(|text| number(DVR, &text, SECONDS)).transpose()?;
    let start = start.map(|text| moment(START, &text)).transpose()?;
    let end = end.map(|text| moment(END, &text)).transpose()?;
    match (dvr, start, end) {
        (None, None, None) => Ok(View::Live),
        (Some(seconds), None, None) if seconds <= BACK_S_MAX => {
            Ok(View::Last(u32::try_from(seconds).unwrap_or(u32::MAX)))
        }
        (Some(_), None, None) => Err(QueryError::Value { name: DVR, expected: SECONDS }),
        (Some(_), Some(_), _) => Err(QueryError::Both(DVR, START)),
        (_, None, Some(_)) => Err(QueryError::Needs(END, START)),
        (None, Some(start), end) => {
            let is_after = match (start, end) {
                (_, None) => true,
                (Moment::At(start), Some(Moment::At(end))) => start < end,
                (Moment::Ago(start), Some(Moment::Ago(end))) => start > end,
                // Which is first, only a clock can say.
                (Moment::At(_), Some(Moment::Ago(_))) | (Moment::Ago(_), Some(Moment::At(_))) => {
                    true
                }
            };
            if is_after { Ok(View::From { start, end }) } else { Err(QueryError::EndBeforeStart) }
        }
    }
}

fn number(name: &'static str, text: &str, expected: &'static str) -> Result<u64, QueryError> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_plain { text.parse().ok() } else { None };
    number.ok_or(QueryError::Value { name, expected })
}

fn moment(name: &'static str, text: &str) -> Result<Moment, QueryError> {
    let wrong = QueryError::Value { name, expected: MOMENT };
    if let Some(ago) = text.strip_prefix('-') {
        let seconds = number(name, ago, MOMENT)?;
        return if seconds <= BACK_S_MAX { Ok(Moment::Ago(seconds)) } else { Err(wrong) };
    }
    if let Ok(seconds) = number(name, text, MOMENT) {
        let ms = i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
        return if seconds <= UNIX_S_MAX { Ok(Moment::At(ms)) } else { Err(wrong) };
    }
    let date: Timestamp = text.parse().map_err(|_| wrong.clone())?;
    let ms = date.as_millisecond();
    if ms >= 0 { Ok(Moment::At(ms)) } else { Err(wrong) }
}

/// Undoes percent escapes (RFC 3986, 2.1). What is no escape stays; a plus stays, since it stands
/// in dates.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.first_chunk::<2>().filter(|_| *first == b'%');
        let digits = digits.and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

impl fmt::Display for Query {
    /// The query in its one form, with the question mark; nothing when it says nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut mark = '?';
        let mut pair = |f: &mut fmt::Formatter<'_>, name: &str, value: &dyn fmt::Display| {
            write!(f, "{}{name}={value}", std::mem::replace(&mut mark, '&'))
        };
        // In the order in which players are told to write them (RFC 8216bis, 6.2.5).
        if let Some(Awaited { sequence, part }) = self.reload.after {
            pair(f, MSN, &sequence)?;
            if let Some(part) = part {
                pair(f, PART, &part)?;
            }
        }
        match self.reload.skip {
            None => {}
            Some(Skip::Segments) => pair(f, SKIP, &"YES")?,
            Some(Skip::DateRanges) => pair(f, SKIP, &"v2")?,
        }
        match self.view {
            View::Live => {}
            View::Last(seconds) => pair(f, DVR, &seconds)?,
            View::From { start, end } => {
                if let Some(end) = end {
                    pair(f, END, &end)?;
                }
                pair(f, START, &start)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ago(seconds) => write!(f, "-{seconds}"),
            Self::At(ms) if ms % 1_000 == 0 => write!(f, "{}", ms / 1_000),
            Self::At(ms) => match Timestamp::from_millisecond(*ms) {
                Ok(date) => write!(f, "{date:.3}"),
                Err(_) => write!(f, "{}", ms / 1_000),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let actual = match Query::parse(text) {
            Ok(query) => query.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(actual, expected, "{text:?}");
        if let Ok(query) = Query::parse(text) {
            let canonical = query.to_string();
            assert_eq!(Query::parse(canonical.trim_start_matches('?')), Ok(query), "{text:?}");
        }
    }

    #[test]
    fn requests_that_mean_the_same_are_the_same() {
        check("", "");
        check("foo=1&CMCD=bl%3D1&_hls_msn=3", "");
        check("_HLS_msn=12", "?_HLS_msn=12");
        check(
            "_HLS_skip=YES&x&_HLS_part=03&_HLS_msn=012",
            "?_HLS_msn=12&_HLS_part=3&_HLS_skip=YES",
        );
        check("_HLS_skip=v2", "?_HLS_skip=v2");
        check("dvr=7200", "?dvr=7200");
        check("start=1700000000&end=1700000060", "?end=1700000060&start=1700000000");
        check("start=2023-11-14T22:13:20Z", "?start=1700000000");
        check("start=2023-11-14T23%3A13%3A20%2B01%3A00", "?start=1700000000");
        check("start=2023-11-14T22:13:20.250Z", "?start=2023-11-14T22:13:20.250Z");
        check("start=-3600&end=-60", "?end=-60&start=-3600");
        check("start=-3600", "?start=-3600");
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let number = |name| format!("{name} is a whole number");
        for odd in ["", "-1", "+1", "1.5", "x", "99999999999999999999", "%31%"] {
            check(&format!("_HLS_msn={odd}"), &number("_HLS_msn"));
        }
        check("_HLS_msn=1&_HLS_part=x", &number("_HLS_part"));
        check("_HLS_part=1", "_HLS_part needs _HLS_msn");
        check("_HLS_msn=1&_HLS_msn=1", "_HLS_msn stands there twice");
        check("_HLS_skip=yes", "_HLS_skip is YES or v2");
        check("dvr=7776001", "dvr is a number of seconds, at most 90 days");
        check("dvr=1&start=1", "dvr and start contradict each other");
        check("end=5", "end needs start");
        check("start=5&end=5", "end is not after start");
        check("start=-5&end=-6", "end is not after start");
        let moment = "start is a date as 2026-01-31T20:15:00Z, seconds since 1970, or seconds \
                      before now as -3600";
        for odd in ["", "noon", "-", "-7776001", "253402300800", "1969-01-01T00:00:00Z", "%ff"] {
            check(&format!("start={odd}"), moment);
        }
        check(&"x".repeat(4_097), "a query has at most 4096 bytes, not 4097");
    }
}
