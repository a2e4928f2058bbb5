//! Numbers, as people read them.

/// Milliseconds: `400 ms`, `8.3 s`.
pub(super) fn seconds(ms: i64) -> String {
    if ms.saturating_abs() < 1_000 { format!("{ms} ms") } else { format!("{} s", rounded(ms, 100)) }
}

/// Pictures in 1,000 seconds: `12`, `29.97`.
pub(super) fn frames(milli: i64) -> String {
    let hundredths = milli.saturating_add(5) / 10;
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Bits a second: `640 kb/s`, `20.1 Mb/s`.
pub(super) fn bits(bits: i64) -> String {
    if bits < 1_000_000 {
        format!("{} kb/s", (bits + 500) / 1_000)
    } else {
        format!("{} Mb/s", rounded(bits, 100_000))
    }
}

/// Thousandths as hundredths: `2.5`.
pub(super) fn tenths(thousandths: i64) -> String {
    rounded(thousandths, 1)
}

/// Thousandths: `0.02`.
pub(super) fn thousandths(value: i64) -> String {
    let text = format!("{}.{:03}", value / 1_000, value % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Millionths as hundredths: `0.10 %`.
pub(super) fn per_million(value: i64) -> String {
    let value = value.saturating_abs().saturating_add(50) / 100;
    format!("{}.{:02} %", value / 100, value % 100)
}

/// `9,437,184`.
pub(super) fn number(value: i64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One more than one: `1 time`, `3 times`.
pub(super) fn times(count: impl TryInto<u64>) -> String {
    match count.try_into().unwrap_or(u64::MAX) {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

/// A count of `tenth` times ten, with one digit behind the point.
fn rounded(value: i64, tenth: i64) -> String {
    let tenths = value.saturating_add(tenth / 2) / tenth;
    format!("{}.{}", tenths / 10, (tenths % 10).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_people_read() {
        assert_eq!([seconds(999), seconds(8_333), seconds(10_000)], ["999 ms", "8.3 s", "10.0 s"]);
        assert_eq!([frames(12_000), frames(29_970), frames(59_904)], ["12", "29.97", "59.9"]);
        assert_eq!([bits(640_400), bits(20_060_000)], ["640 kb/s", "20.1 Mb/s"]);
        assert_eq!([tenths(25), tenths(100)], ["2.5", "10.0"]);
        assert_eq!([thousandths(20), thousandths(1_500)], ["0.02", "1.5"]);
        assert_eq!([per_million(1_000), per_million(-640)], ["0.10 %", "0.06 %"]);
        assert_eq!([number(12), number(9_437_184)], ["12", "9,437,184"]);
        assert_eq!([times(1_u64), times(2_u64), times(3_u64)], ["once", "twice", "3 times"]);
    }
}
