//! Two readers for what the tests write, and a writer that cuts wherever it is told.

use bytes::{Bytes, BytesMut};
use media::{AccessUnit, Track};
use mp4_atom::{Any, Decode as _, Moov};

use super::{Muxer, Reader, Sample, Segment};

/// Segments of the units: a new one starts with each unit whose index is in `segments`, a new
/// fragment with each in `fragments`. What comes next is always known.
pub(crate) fn mux(
    muxer: &mut Muxer,
    units: &[AccessUnit],
    segments: &[usize],
    fragments: &[usize],
) -> Vec<Bytes> {
    let mut all = Vec::new();
    let mut out = BytesMut::new();
    muxer.begin_segment(&mut out);
    for index in 0..=units.len() {
        let is_end = index == units.len();
        if is_end || segments.contains(&index) || fragments.contains(&index) {
            let behind = &units[index..];
            let next = |track| behind.iter().find(|unit| unit.track == track).map(|unit| unit.dts);
            muxer.finish_fragment(next, &mut out);
        }
        if is_end || segments.contains(&index) {
            all.push(out.split().freeze());
            muxer.begin_segment(&mut out);
        }
        if let Some(unit) = units.get(index) {
            muxer.write(unit).unwrap();
        }
    }
    all
}

/// One segment of one fragment.
pub(crate) fn segment(tracks: &[Track], units: &[AccessUnit]) -> (Reader, Segment) {
    let mut muxer = Muxer::new(tracks).unwrap();
    let reader = Reader::open(&muxer.init_section()).unwrap();
    let segment = read(&reader, &mux(&mut muxer, units, &[], &[])[0]);
    (reader, segment)
}

/// What our own reader finds. There must be no fault.
#[track_caller]
pub(crate) fn read(reader: &Reader, segment: &Bytes) -> Segment {
    assert_eq!(reader.faults(), &[]);
    let segment = reader.read_segment(segment).unwrap();
    assert_eq!(segment.faults, &[]);
    segment
}

/// The samples of segments, track by track, as both readers agree on them.
#[track_caller]
pub(crate) fn read_twice(init: &Bytes, segments: &[Bytes]) -> Vec<Sample> {
    let reader = Reader::open(init).unwrap();
    let mut samples = Vec::new();
    for segment in segments {
        let ours: Vec<_> = read(&reader, segment)
            .fragments
            .into_iter()
            .flat_map(|fragment| fragment.samples)
            .collect();
        assert_eq!(ours, samples_independently(init, segment));
        samples.extend(ours);
    }
    samples.sort_by_key(|sample| sample.track);
    samples
}

/// The samples of a segment as the `mp4-atom` crate reads its boxes.
fn samples_independently(init: &Bytes, segment: &Bytes) -> Vec<Sample> {
    let extends = moov(init).mvex.unwrap().trex;
    let mut samples = Vec::new();
    for (start, atom) in atoms(segment) {
        let Any::Moof(moof) = atom else { continue };
        for traf in moof.traf {
            let tfhd = traf.tfhd;
            assert!(tfhd.default_base_is_moof && tfhd.base_data_offset.is_none());
            let trex = extends.iter().find(|trex| trex.track_id == tfhd.track_id).unwrap();
            let mut time = i64::try_from(traf.tfdt.unwrap().base_media_decode_time).unwrap();
            let [run] = traf.trun.as_slice() else { panic!("{} runs", traf.trun.len()) };
            let mut at = start + usize::try_from(run.data_offset.unwrap()).unwrap();
            for entry in run.samples.iter() {
                let pick =
                    |own: Option<u32>, default: Option<u32>, last| own.or(default).unwrap_or(last);
                let (duration, bytes, flags) = (
                    pick(
                        entry.duration,
                        tfhd.default_sample_duration,
                        trex.default_sample_duration,
                    ),
                    pick(entry.size, tfhd.default_sample_size, trex.default_sample_size),
                    pick(entry.flags, tfhd.default_sample_flags, trex.default_sample_flags),
                );
                let end = at + usize::try_from(bytes).unwrap();
                samples.push(Sample {
                    track: tfhd.track_id,
                    dts: time,
                    pts: time + entry.cts.unwrap_or(0),
                    duration,
                    is_sync: flags & 0x1_0000 == 0,
                    bytes,
                    at,
                    data: segment.slice(at..end),
                });
                at = end;
                time += i64::from(duration);
            }
        }
    }
    samples
}

/// The movie of an initialization section.
pub(crate) fn moov(init: &Bytes) -> Moov {
    let moov = |atom| if let Any::Moov(moov) = atom { Some(moov) } else { None };
    atoms(init).into_iter().find_map(|(_, atom)| moov(atom)).unwrap()
}

/// The boxes at the top as `mp4-atom` reads them, and where they start.
pub(crate) fn atoms(bytes: &Bytes) -> Vec<(usize, Any)> {
    let mut rest = bytes.as_ref();
    let mut atoms = Vec::new();
    while !rest.is_empty() {
        let start = bytes.len() - rest.len();
        atoms.push((start, Any::decode(&mut rest).unwrap()));
    }
    atoms
}
