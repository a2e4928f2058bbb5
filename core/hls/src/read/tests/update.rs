use std::sync::Arc;

use super::*;
use crate::read::DeltaError;

const CONTROL: &str = "#EXTM3U\n#EXT-X-VERSION:10\n#EXT-X-TARGETDURATION:2\n\
     #EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=12,CAN-SKIP-DATERANGES=YES\n";

/// Segments 4 to 9 of a playlist, with a break and a new initialization section before the last.
fn whole() -> String {
    format!(
        "{CONTROL}#EXT-X-MEDIA-SEQUENCE:4\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n\
         #EXT-X-DATERANGE:ID=\"old\",START-DATE=\"2023-11-14T22:13:20Z\"\n\
         #EXT-X-DATERANGE:ID=\"kept\",START-DATE=\"2023-11-14T22:13:21Z\"\n\
         #EXT-X-MAP:URI=\"a\"\n#EXTINF:2,\n4\n#EXT-X-DISCONTINUITY\n#EXTINF:2,\n5\n#EXTINF:2,\n6\n\
         #EXTINF:2,\n7\n#EXTINF:2,\n8\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"b\"\n#EXTINF:2,\n9\n"
    )
}

#[track_caller]
fn update(text: &str) -> MediaPlaylist {
    media(&format!("{CONTROL}{text}"))
}

#[test]
fn an_update_stands_for_the_whole_playlist() {
    let before = media(&whole());
    let delta = update(
        "#EXT-X-MEDIA-SEQUENCE:5\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n\
         #EXT-X-SKIP:SKIPPED-SEGMENTS=3,RECENTLY-REMOVED-DATERANGES=\"old\"\n\
         #EXTINF:2,\n8\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"b\"\n#EXTINF:2,\n9\n\
         #EXTINF:2,\n10\n#EXT-X-DATERANGE:ID=\"new\",START-DATE=\"2023-11-14T22:13:29Z\"\n",
    );
    assert_eq!(delta.segments[0].sequence, 8);
    let after = apply_delta(&before, &delta).unwrap();
    let said: Vec<_> = after
        .segments
        .iter()
        .map(|segment| {
            let map = segment.map.as_ref().unwrap().uri.clone();
            (segment.sequence, segment.uri.clone(), segment.discontinuity_sequence, map)
        })
        .collect();
    let expected = [(5, 4, "a"), (6, 4, "a"), (7, 4, "a"), (8, 4, "a"), (9, 5, "b"), (10, 5, "b")];
    let expected =
        expected.map(|(number, breaks, map)| (number, number.to_string(), breaks, map.to_owned()));
    assert_eq!(said, expected);
    let ids: Vec<_> = after.date_ranges.iter().map(|range| range.id.as_str()).collect();
    assert_eq!(ids, ["kept", "new"]);
    assert_eq!(after.skip, None);
    // It is kept once, however many segments it holds for.
    let [first, second] = [1, 2].map(|at: usize| delta.segments[at].map.clone());
    assert!(Arc::ptr_eq(&first.unwrap(), &second.unwrap()));
}

#[test]
fn what_is_no_update_is_the_whole_playlist() {
    let before = media(&whole());
    assert_eq!(apply_delta(&MediaPlaylist::default(), &before).unwrap(), before);
}

#[test]
fn an_update_needs_what_it_skips() {
    #[track_caller]
    fn check(first: u64, skipped: u64, expected: DeltaError) {
        let delta = update(&format!(
            "#EXT-X-MEDIA-SEQUENCE:{first}\n#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}\n"
        ));
        assert_eq!(apply_delta(&media(&whole()), &delta), Err(expected));
    }
    check(3, 4, DeltaError::Missing { sequence: 3 });
    check(6, 5, DeltaError::Missing { sequence: 10 });
    check(20, 1, DeltaError::Missing { sequence: 20 });
    check(u64::MAX, 1, DeltaError::Missing { sequence: u64::MAX });
    let delta = update("#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n");
    assert_eq!(apply_delta(&delta, &delta), Err(DeltaError::NoBase));
}
