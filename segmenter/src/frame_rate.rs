//! How many pictures a second an encoder makes, as it is measured.

/// Frame rates that encoders mean when they come within half a percent, in pictures in 1,000
/// seconds.
const COMMON_FRAME_RATES_MILLI: [u32; 15] = [
    10_000, 12_000, 12_500, 14_985, 15_000, 20_000, 23_976, 24_000, 25_000, 29_970, 30_000, 48_000,
    50_000, 59_940, 60_000,
];

/// Pictures in 1,000 seconds, of `pictures` in `ticks` of 90 kHz, rounded to what encoders mean.
/// 0 where nothing can be said.
pub(crate) fn frame_rate_milli(pictures: u32, ticks: i64) -> u32 {
    let Ok(ticks @ 1..) = u64::try_from(ticks) else { return 0 };
    let measured = u64::from(pictures).saturating_mul(90_000_000) / ticks;
    let Ok(measured) = u32::try_from(measured) else { return 0 };
    let nearest = COMMON_FRAME_RATES_MILLI.into_iter().min_by_key(|rate| rate.abs_diff(measured));
    nearest.filter(|rate| rate.abs_diff(measured) <= rate / 200).unwrap_or(measured)
}

#[cfg(test)]
mod tests {
    use super::frame_rate_milli;

    #[test]
    fn a_frame_rate_is_what_the_encoder_means() {
        assert_eq!(frame_rate_milli(60, 180_180), 29_970);
        assert_eq!(frame_rate_milli(60, 180_090), 29_970);
        assert_eq!(frame_rate_milli(50, 180_000), 25_000);
        assert_eq!(frame_rate_milli(250, 749_970), 30_000);
        assert_eq!(frame_rate_milli(7, 90_000), 7_000);
        assert_eq!(frame_rate_milli(0, 180_000), 0);
        assert_eq!(frame_rate_milli(10, 0), 0);
    }
}
