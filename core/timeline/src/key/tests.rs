use super::*;

#[test]
fn a_key_reads_back_what_it_writes() {
    let path = "live/cam1/ts/3/17.ts";
    let key = ObjectKey::parse(path).unwrap();
    let ObjectKey::Media(media) = &key else { panic!("{key}") };
    assert_eq!(media.object, ObjectName::Segment { sequence: 17, container: Container::Ts });
    assert_eq!((key.path().as_str(), media.epoch), (path, 3));
    assert_eq!((key.content_type(), key.cache_control()), ("video/mp2t", IMMUTABLE));
}

#[test]
fn each_kind_of_object_has_its_form() {
    let check = |path: &str, object| {
        let key = ObjectKey::parse(path).unwrap();
        let ObjectKey::Media(media) = &key else { panic!("{key}") };
        assert_eq!((key.path().as_str(), media.object), (path, object));
        assert_eq!((key.content_type(), key.cache_control()), ("video/mp4", IMMUTABLE));
    };
    let container = Container::Fmp4;
    check("live/cam1/fmp4/3/17.m4s", ObjectName::Segment { sequence: 17, container });
    check("live/cam1/fmp4/3/17.2.m4s", ObjectName::Part { sequence: 17, part: 2, container });
    check("live/cam1/fmp4/3/init-0.mp4", ObjectName::Init { number: 0 });
}

#[test]
fn what_is_no_media_has_its_form_too() {
    let check = |path: &str, content_type: &str| {
        let key = ObjectKey::parse(path).unwrap();
        assert_eq!((key.path().as_str(), key.content_type()), (path, content_type));
        assert_eq!((key.stream().as_str(), key.cache_control()), ("live/cam1", IMMUTABLE));
    };
    check("live/cam1/ts/page-3.m3u8", "application/vnd.apple.mpegurl");
    check("live/cam1/recordings/final/2.json", "application/json");
}

#[test]
fn an_object_has_one_path_only() {
    for path in [
        "live/cam1/ts/03/17.ts",
        "live/cam1/ts/3/+17.ts",
        "live/cam1/ts/3/017.ts",
        "live/cam1/ts/3/17.TS",
        "live/cam1/ts/3/17.mp4",
        "live/cam1/ts/3/init-01.mp4",
        "live/cam1/ts/3/init-4294967296.mp4",
        "live/cam1/ts/3/init-1.m4s",
        "live/cam1/ts/3/.ts",
        "live/cam1/ts/3/17.02.ts",
        "live/cam1/ts/3/17.4294967296.ts",
        "live/cam1/ts/3/17.2.3.ts",
        "live/cam1/ts/page-03.m3u8",
        "live/cam1/ts/page-.m3u8",
        "live/cam1/ts/3.m3u8",
        "live/cam1/ts/page-3.m3u8/",
        "live/cam1/records/final/2.json",
        "live/cam1/recordings/final/02.json",
        "live/cam1/ts/3/17",
        "live/cam1/ts/3/17.ts/",
        "live/cam1/ts/3/17.ts/x",
        "/live/cam1/ts/3/17.ts",
        "live/cam1//3/17.ts",
        "live/cam1/../3/17.ts",
        "live/cam1/ts/99999999999999999999/17.ts",
        "",
    ] {
        assert!(ObjectKey::parse(path).is_err(), "{path:?}");
    }
}
