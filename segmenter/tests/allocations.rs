//! The stream doctor sees every unit of every publication: it takes no memory for one.

use allocation_counter::measure;
use bytes::Bytes;
use container::fuzz::in_file;
use media::{AccessUnit, Timescale, Timestamp};
use segmenter::{Doctor, Repairs};

/// Two seconds of 160x90 at 25 frames per second with B-frames, and 44.1 kHz stereo.
const FILE: &[u8] = include_bytes!("../../core/container/testdata/ffmpeg-5.1_h264-bframes_aac.flv");
const BEGIN_MS: i64 = 1_800_000_000_000;

/// Shows the units as the lap of a push that goes on, and judges as it goes.
fn lap(doctor: &mut Doctor, units: &[AccessUnit], number: i64) {
    for unit in units {
        let ms = unit.dts.ticks() + number * 2_000;
        let at = Timestamp::new(ms * 90, Timescale::MPEG);
        // Another handle to the same bytes takes none.
        let payload = Bytes::clone(&unit.payload);
        let unit = AccessUnit { dts: at, pts: at, payload, ..*unit };
        doctor.unit(&unit, false, BEGIN_MS + ms);
        let changes = doctor.examine(Repairs::default(), 0, BEGIN_MS + ms);
        assert!(changes.is_empty(), "{changes:?}");
    }
}

#[test]
fn a_good_push_takes_no_memory_once_it_is_under_way() {
    let (tracks, mut units) = in_file(FILE);
    units.sort_by_key(|unit| unit.dts.ticks());
    let mut doctor = Doctor::new();
    tracks.iter().for_each(|track| doctor.track(track));
    (0..120).for_each(|number| lap(&mut doctor, &units, number));
    let taken = measure(|| (120..240).for_each(|number| lap(&mut doctor, &units, number)));
    assert_eq!(taken.count_total, 0, "{taken:?}");
}
