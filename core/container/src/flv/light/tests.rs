use super::*;

fn object(properties: &[(&str, Value)]) -> Value {
    let property = |(key, value): &(&str, Value)| ((*key).to_owned(), value.clone());
    Value::Object(properties.iter().map(property).collect())
}

#[track_caller]
fn check(values: &[Value], expected: Option<Option<Light>>) {
    let mut body = Vec::new();
    values.iter().for_each(|value| amf::encode(value, &mut body));
    assert_eq!(parse(&body), Ok(expected), "{values:?}");
}

#[track_caller]
fn check_info(properties: &[(&str, Value)], expected: Light) {
    check(&["colorInfo".into(), object(properties)], Some(Some(expected)));
}

/// The display of BT.2020 content that was mastered on P3.
fn display() -> Vec<(&'static str, Value)> {
    [
        ("redX", 0.68),
        ("redY", 0.32),
        ("greenX", 0.265),
        ("greenY", 0.69),
        ("blueX", 0.15),
        ("blueY", 0.06),
        ("whitePointX", 0.3127),
        ("whitePointY", 0.329),
        ("maxLuminance", 1000.0),
        ("minLuminance", 0.0001),
    ]
    .map(|(key, value)| (key, Value::Number(value)))
    .to_vec()
}

#[test]
fn colours_are_read() {
    let config = object(&[
        ("bitDepth", 10.0.into()),
        ("colorPrimaries", 9.0.into()),
        ("transferCharacteristics", 16.0.into()),
        ("matrixCoefficients", 9.0.into()),
    ]);
    let colour = Colour { primaries: 9, transfer: 16, matrix: 9, is_full_range: false };
    check_info(&[("colorConfig", config)], Light { colour: Some(colour), ..Light::default() });
    let matrix = object(&[("matrixCoefficients", 0.0.into()), ("colorPrimaries", 256.0.into())]);
    let colour = Colour { primaries: 2, transfer: 2, matrix: 0, is_full_range: false };
    check_info(&[("colorConfig", matrix)], Light { colour: Some(colour), ..Light::default() });
}

#[test]
fn light_levels_and_the_display_are_read_in_the_units_of_their_boxes() {
    let levels = object(&[("maxFall", 400.4.into()), ("maxCLL", 1000.0.into())]);
    let content = ContentLight { max_cll: 1000, max_fall: 400 };
    let mastering = MasteringDisplay {
        primaries: [(34_000, 16_000), (13_250, 34_500), (7_500, 3_000)],
        white: (15_635, 16_450),
        luminance_max: 10_000_000,
        luminance_min: 1,
    };
    check_info(
        &[("hdrCll", levels), ("hdrMdcv", object(&display()))],
        Light { content: Some(content), mastering: Some(mastering), ..Light::default() },
    );
}

#[test]
fn half_a_display_is_none() {
    for missing in 0..display().len() {
        let mut properties = display();
        properties.remove(missing);
        check(&["colorInfo".into(), object(&[("hdrMdcv", object(&properties))])], Some(None));
    }
    let half = object(&[("maxFall", 400.0.into())]);
    check(&["colorInfo".into(), object(&[("hdrCll", half)])], Some(None));
    let odd = object(&[("maxFall", f64::NAN.into()), ("maxCLL", 1e9.into())]);
    check(&["colorInfo".into(), object(&[("hdrCll", odd)])], Some(None));
}

#[test]
fn light_is_taken_back_by_an_empty_object_or_undefined() {
    check(&["colorInfo".into(), Value::Undefined], Some(None));
    check(&["colorInfo".into(), object(&[])], Some(None));
    // What ffmpeg sends where it knows nothing.
    check(&["colorInfo".into(), object(&[("colorConfig", object(&[]))])], Some(None));
    check(&["colorInfo".into()], Some(None));
}

#[test]
fn other_metadata_says_nothing_about_light() {
    check(&["other".into(), object(&[("hdrCll", 1.0.into())])], None);
    check(&[], None);
    assert!(parse(&[3, 0]).is_err());
}
