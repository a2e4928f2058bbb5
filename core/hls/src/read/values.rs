//! Values of tags and attributes (RFC 8216, 4.2). No number is ever floating: decimals are exact.

use std::time::Duration;

use jiff::Timestamp;

/// The longest time that is read, in seconds: 136 years. The durations of all segments that are
/// read come to less than what a [`Duration`] can hold, so that nobody who adds them up need look
/// out.
const SECONDS_MAX: u64 = 4_294_967_295;

/// A decimal integer: digits, of which a 64-bit number has at most 20.
pub(super) fn integer(text: &str) -> Option<u64> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

/// A decimal number of seconds that is not negative, to the nanosecond; what is finer is cut off.
/// `None` also beyond [`SECONDS_MAX`].
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    // `.5` and `5.` are numbers to every reader, though no writer should write them so.
    let seconds = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    if seconds > SECONDS_MAX {
        return None;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanos = digits.fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    Some(Duration::new(seconds, nanos))
}

/// A decimal number of seconds, and whether it is negative.
pub(super) fn signed_duration(text: &str) -> Option<(Duration, bool)> {
    match text.strip_prefix('-') {
        Some(rest) => Some((duration(rest)?, true)),
        None => Some((duration(text)?, false)),
    }
}

/// A decimal number that is not negative, in thousandths, rounded.
pub(super) fn milli(text: &str) -> Option<u64> {
    let number = duration(text)?;
    u64::try_from((number.as_nanos() + 500_000) / 1_000_000).ok()
}

/// `WIDTHxHEIGHT`.
pub(super) fn resolution(text: &str) -> Option<(u64, u64)> {
    let (width, height) = text.split_once('x')?;
    Some((integer(width)?, integer(height)?))
}

/// `LENGTH[@START]`.
pub(super) fn byte_range(text: &str) -> Option<(u64, Option<u64>)> {
    match text.split_once('@') {
        Some((length, start)) => Some((integer(length)?, Some(integer(start)?))),
        None => Some((integer(text)?, None)),
    }
}

/// `0x` and hexadecimal digits.
pub(super) fn is_hexadecimal(text: &str) -> bool {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    digits.is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// An ISO 8601 date with a time zone, in nanoseconds since the Unix epoch.
pub(super) fn date(text: &str) -> Option<i128> {
    // No date is longer, and every segment has one.
    const BYTES_MAX: usize = 64;
    if text.len() > BYTES_MAX {
        return None;
    }
    Some(text.parse::<Timestamp>().ok()?.as_nanosecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        #[track_caller]
        fn check(text: &str, expected: Option<u128>) {
            assert_eq!(duration(text).map(|it| it.as_nanos()), expected, "{text}");
        }
        check("0", Some(0));
        check("2", Some(2_000_000_000));
        check("2.002", Some(2_002_000_000));
        check("0.033366699", Some(33_366_699));
        check("0.0333666999999", Some(33_366_699));
        check("10.", Some(10_000_000_000));
        check(".5", Some(500_000_000));
        check("4294967295", Some(4_294_967_295_000_000_000));
        for text in ["", ".", "-1", "+1", "1e3", "1,5", "0x1", "nan", "1.2.3", " 1"] {
            check(text, None);
        }
        for text in ["4294967296", "18446744073709551615", "18446744073709551616"] {
            check(text, None);
        }
    }

    #[test]
    fn integers_are_digits() {
        assert_eq!(integer("18446744073709551615"), Some(u64::MAX));
        for text in ["", "-1", "+1", "1.0", "18446744073709551616", "1 "] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn dates_need_a_time_zone() {
        #[track_caller]
        fn check(text: &str, expected: Option<i128>) {
            assert_eq!(date(text), expected.map(|ms| ms * 1_000_000), "{text}");
        }
        check("2023-11-14T22:13:20.000Z", Some(1_700_000_000_000));
        check("2023-11-14T23:13:20.25+01:00", Some(1_700_000_000_250));
        // As strftime writes it, and with it ffmpeg.
        check("2023-11-14T23:13:20.250+0100", Some(1_700_000_000_250));
        check("1969-12-31T23:59:59Z", Some(-1_000));
        check("2023-11-14T22:13:20.000", None);
        check("2023-02-30T22:13:20Z", None);
        check("yesterday", None);
        check(&"2".repeat(65), None);
    }

    #[test]
    fn the_other_values_are_read_as_they_are_written() {
        assert_eq!(resolution("1280x720"), Some((1_280, 720)));
        assert_eq!(resolution("1280X720"), None);
        assert_eq!(byte_range("5@7"), Some((5, Some(7))));
        assert_eq!(byte_range("5"), Some((5, None)));
        assert_eq!(byte_range("5@"), None);
        assert_eq!(milli("29.970"), Some(29_970));
        assert_eq!(milli("23.9759"), Some(23_976));
        assert_eq!(signed_duration("-1.5"), Some((Duration::from_millis(1_500), true)));
        assert!(is_hexadecimal("0xFC30ab") && !is_hexadecimal("0x") && !is_hexadecimal("FC"));
    }
}
