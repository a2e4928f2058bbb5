use super::*;
use crate::testing::{hex, mutations};

#[track_caller]
fn check(text: &str, expected: &str) {
    let actual = match AacConfig::parse(hex(text).into()) {
        Ok(config) => format!(
            "{} type {} {} ch {} x {} Hz -> {} Hz{}",
            config.rfc6381(),
            config.object_type(),
            config.channels(),
            config.samples_per_frame(),
            config.sample_rate(),
            config.output_sample_rate(),
            if config.adts_header(1).is_some() { "" } else { ", no ADTS" },
        ),
        Err(error) => error.to_string(),
    };
    assert_eq!(actual, expected, "{text}");
}

/// With a program config element: 2.1 and 6.1 channels, as ffmpeg 5.1 writes them.
const PCE_2_1: &str = "118004c401002000 0d4c61766335392e33372e313030 56e500";
const PCE_6_1: &str = "118004c848002000c440 0d4c61766335392e33372e313030 56e500";

#[test]
fn what_ffmpeg_writes_is_understood() {
    check("120856e500", "mp4a.40.2 type 2 1 ch 1024 x 44100 Hz -> 44100 Hz");
    check("119056e500", "mp4a.40.2 type 2 2 ch 1024 x 48000 Hz -> 48000 Hz");
    check("11b056e500", "mp4a.40.2 type 2 6 ch 1024 x 48000 Hz -> 48000 Hz");
    check("11b856e500", "mp4a.40.2 type 2 8 ch 1024 x 48000 Hz -> 48000 Hz");
    check("139056e500", "mp4a.40.2 type 2 2 ch 1024 x 22050 Hz -> 22050 Hz");
    check("103056e500", "mp4a.40.2 type 2 6 ch 1024 x 96000 Hz -> 96000 Hz");
    check(PCE_2_1, "mp4a.40.2 type 2 3 ch 1024 x 48000 Hz -> 48000 Hz, no ADTS");
    check(PCE_6_1, "mp4a.40.2 type 2 7 ch 1024 x 48000 Hz -> 48000 Hz, no ADTS");
}

#[test]
fn spectral_band_replication_is_announced_in_two_ways() {
    check("2b920800", "mp4a.40.5 type 2 2 ch 1024 x 22050 Hz -> 44100 Hz");
    check("131056e598", "mp4a.40.5 type 2 2 ch 1024 x 24000 Hz -> 48000 Hz");
    check("eb098800", "mp4a.40.29 type 2 2 ch 1024 x 24000 Hz -> 48000 Hz");
    check("eb8a0800", "mp4a.40.29 type 2 2 ch 1024 x 22050 Hz -> 44100 Hz");
    // 5.1; and a rate that is not doubled.
    check("2b318800", "mp4a.40.5 type 2 6 ch 1024 x 24000 Hz -> 48000 Hz");
    check("29918800", "mp4a.40.5 type 2 2 ch 1024 x 48000 Hz -> 48000 Hz");
    check("130856e59d4880", "mp4a.40.29 type 2 2 ch 1024 x 24000 Hz -> 48000 Hz");
    check("131056e500", "mp4a.40.2 type 2 2 ch 1024 x 24000 Hz -> 24000 Hz");
    check("131056e5", "mp4a.40.2 type 2 2 ch 1024 x 24000 Hz -> 24000 Hz");
    check("131056e7", "mp4a.40.2 type 2 2 ch 1024 x 24000 Hz -> 24000 Hz");
    check("131056e5e8", "mp4a.40.2 type 2 2 ch 1024 x 24000 Hz -> 24000 Hz");
}

#[test]
fn rarer_fields_are_read() {
    check("1210", "mp4a.40.2 type 2 2 ch 1024 x 44100 Hz -> 44100 Hz");
    check("1214", "mp4a.40.2 type 2 2 ch 960 x 44100 Hz -> 44100 Hz, no ADTS");
    check("0a10", "mp4a.40.1 type 1 2 ch 1024 x 44100 Hz -> 44100 Hz");
    check("2210", "mp4a.40.4 type 4 2 ch 1024 x 44100 Hz -> 44100 Hz");
    check("12120000", "mp4a.40.2 type 2 2 ch 1024 x 44100 Hz -> 44100 Hz");
    check("131200015b9660", "mp4a.40.5 type 2 2 ch 1024 x 24000 Hz -> 48000 Hz");
    check("1258", "mp4a.40.2 type 2 7 ch 1024 x 44100 Hz -> 44100 Hz, no ADTS");
    check("1260", "mp4a.40.2 type 2 8 ch 1024 x 44100 Hz -> 44100 Hz, no ADTS");
    check("1268", "mp4a.40.2 type 2 24 ch 1024 x 44100 Hz -> 44100 Hz, no ADTS");
    check("1270", "mp4a.40.2 type 2 8 ch 1024 x 44100 Hz -> 44100 Hz, no ADTS");
    // 44,100 Hz and 44,099 Hz, written out.
    check("1780562210", "mp4a.40.2 type 2 2 ch 1024 x 44100 Hz -> 44100 Hz");
    check("1780562190", "mp4a.40.2 type 2 2 ch 1024 x 44099 Hz -> 44099 Hz, no ADTS");
}

#[test]
fn a_malformed_configuration_is_refused() {
    check("", "the AAC configuration ends early, after 0 bytes");
    check("12", "the AAC configuration ends early, after 1 bytes");
    check("1780", "the AAC configuration ends early, after 2 bytes");
    check("f950", "the AAC configuration ends early, after 2 bytes");
    check("f94840", "MPEG-4 audio object type 42 is not AAC Main, LC, SSR or LTP");
    check("ba10", "MPEG-4 audio object type 23 is not AAC Main, LC, SSR or LTP");
    check("2b921400", "MPEG-4 audio object type 5 is not AAC Main, LC, SSR or LTP");
    check("1690", "the AAC sampling frequency index 13 is reserved");
    check("1240", "the AAC channel configuration 8 has no channels");
    check("118004c000255ad8000000", "the AAC channel configuration 0 has no channels");
    for (text, last) in [(PCE_2_1, 20), (PCE_6_1, 22)] {
        let whole = hex(text);
        for length in 0..=last {
            let error = AacConfig::parse(whole[..length].to_vec().into()).unwrap_err();
            assert_eq!(error, AacConfigError::Truncated { length });
        }
    }
}

#[test]
fn numbers_have_limits() {
    let rate = |hz| format!("an AAC sampling frequency of {hz} Hz, not between 7350 and 192000");
    check("17800e5a90", &rate(7_349));
    check("17800e5b10", "mp4a.40.2 type 2 2 ch 1024 x 7350 Hz -> 7350 Hz");
    check("1781770010", "mp4a.40.2 type 2 2 ch 1024 x 192000 Hz -> 192000 Hz, no ADTS");
    check("1781770090", &rate(192_001));
    check("1780000010", &rate(0));
    let most =
        "118004ffff255adc21084210842108421084210842108421084210842108421084210840000000024141";
    check(most, "mp4a.40.2 type 2 93 ch 1024 x 48000 Hz -> 48000 Hz, no ADTS");
    let mut long = hex("1210");
    long.resize(RECORD_BYTES_MAX, 0);
    assert!(AacConfig::parse(long.clone().into()).is_ok());
    long.push(0);
    let error = AacConfig::parse(long.into()).unwrap_err();
    assert_eq!(error, AacConfigError::TooLong { length: 1_025, limit: 1_024 });
}

#[track_caller]
fn check_adts(text: &str, payload_len: usize, expected: Option<&str>) {
    let config = AacConfig::parse(hex(text).into()).unwrap();
    let header = config.adts_header(payload_len).map(|header| header.to_vec());
    assert_eq!(header, expected.map(hex), "{text}, {payload_len} bytes");
}

#[test]
fn adts_headers_say_what_they_can() {
    // As ffmpeg 5.1 writes it before a frame of this length.
    check_adts("121056e500", 124, Some("fff15080107ffc"));
    check_adts("120856e500", 1, Some("fff15040011ffc"));
    check_adts("11b856e500", 8_184, Some("fff14dc3fffffc"));
    check_adts("11b856e500", 8_185, None);
    check_adts("11b856e500", usize::MAX, None);
    check_adts("0a10", 0, Some("fff1108000fffc"));
    check_adts("eb098800", 0, Some("fff1584000fffc"));
    check_adts(PCE_2_1, 100, None);
    check_adts("1780562190", 100, None);
}

#[test]
fn configurations_are_equal_if_their_bytes_are() {
    let parse = |text| AacConfig::parse(hex(text).into()).unwrap();
    assert_eq!(parse("1210"), parse("1210"));
    assert_ne!(parse("1210"), parse("121000"));
    assert_eq!(parse("1210").record(), &hex("1210"));
}

#[test]
fn ten_thousand_damaged_configurations_do_no_harm() {
    let samples = [PCE_2_1, PCE_6_1, "130856e59d4880", "eb098800", "17800e5b10"].map(hex);
    let samples: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
    mutations(&samples, crate::fuzz::aac_config);
}
