use super::*;
use media::TrackKind::{Audio, Video};

fn object(properties: &[(&str, Value)]) -> Value {
    let property = |(key, value): &(&str, Value)| ((*key).to_owned(), value.clone());
    Value::EcmaArray(properties.iter().map(property).collect())
}

#[track_caller]
fn check(metadata: &Value, expected: &[(TrackKind, u8, u32)]) {
    let rates = BitRates::parse(metadata);
    let actual: Vec<_> =
        rates.tracks.iter().map(|(id, rate)| (id.kind, id.number, *rate)).collect();
    assert_eq!(actual, expected, "{metadata:?}");
}

#[test]
fn rates_are_said_in_kilobits_a_second() {
    let metadata = [("videodatarate", 2_500.0.into()), ("audiodatarate", 31.25.into())];
    check(&object(&metadata), &[(Video, 0, 2_500_000), (Audio, 0, 31_250)]);
}

#[test]
fn tracks_that_differ_have_rates_of_their_own() {
    let track = |rate: f64| object(&[("videodatarate", rate.into()), ("width", 640.0.into())]);
    let map = object(&[("1", track(800.0)), ("2", Value::Null), ("256", track(1.0))]);
    let metadata = [("videodatarate", 2_500.0.into()), ("videoTrackIdInfoMap", map)];
    check(&object(&metadata), &[(Video, 0, 2_500_000), (Video, 1, 800_000)]);
}

#[test]
fn what_makes_no_sense_is_not_said() {
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e12] {
        check(&object(&[("videodatarate", rate.into())]), &[]);
    }
    check(&object(&[("videodatarate", "2500".into())]), &[]);
    check(&object(&[("audioTrackIdInfoMap", 1.0.into())]), &[]);
    check(&Value::Null, &[]);
}
