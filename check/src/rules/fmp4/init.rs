//! Initialization sections.

use container::fmp4::{Fault, FourCc, Reader};

use crate::evidence::InitEvidence;
use crate::finding::Faults;

pub(super) fn whole(init: &InitEvidence, faults: &mut Faults<'_>) {
    match &init.reader {
        Ok(reader) => {
            for fault in reader.faults() {
                if *fault == Fault::NoFileType {
                    faults.add("there is no `ftyp`");
                }
                if let Fault::Misplaced(kind) = fault
                    && is_header(*kind)
                {
                    faults.add(format!("{kind:?} is where it does not belong"));
                }
            }
            if reader.tracks().is_empty() {
                faults.add("`moov` has no tracks");
            }
        }
        Err(error) => faults.add(format!("it cannot be read: {error}")),
    }
    for track in &init.tracks {
        if let Some(error) = &track.error {
            faults.add(format!("track {} ({:?}): {error}", track.id, track.entry));
        }
    }
}

/// Whether a box is one of those that an initialization section consists of.
fn is_header(kind: FourCc) -> bool {
    matches!(&kind.0, b"ftyp" | b"moov")
}

pub(super) fn brands(init: &InitEvidence, faults: &mut Faults<'_>) {
    let brands = init.reader.as_ref().map_or(&[][..], Reader::brands);
    // Those of CMAF and DASH are built on iso6 and later ones.
    let is_late = |brand: &FourCc| {
        matches!(&brand.0, [b'i', b's', b'o', b'6'..=b'9' | b'a'..=b'c'])
            || matches!(&brand.0, [b'c', b'm', b'f', _] | b"dash")
    };
    if !brands.is_empty() && !brands.iter().any(is_late) {
        let brands: Vec<_> = brands.iter().map(FourCc::to_string).collect();
        faults.add(format!("the brands are {}", brands.join(", ")));
    }
}

pub(super) fn media(init: &InitEvidence, faults: &mut Faults<'_>) {
    for fault in read(init) {
        if let Fault::Misplaced(kind) = fault
            && matches!(&kind.0, b"moof" | b"mdat")
        {
            faults.add(format!("there is {kind:?} in it"));
        }
    }
}

pub(super) fn empty(init: &InitEvidence, faults: &mut Faults<'_>) {
    // Of a track, each table that has entries is a fault.
    let mut told = Vec::new();
    for fault in read(init) {
        if let Fault::SamplesInHeader(track) = fault
            && !told.contains(track)
        {
            told.push(*track);
            faults.add(format!("track {track} has samples in `moov`"));
        }
    }
}

pub(super) fn extends(init: &InitEvidence, faults: &mut Faults<'_>) {
    if read(init).contains(&Fault::NotFragmented) {
        faults.add("`moov` has no `mvex`");
    }
}

pub(super) fn defaults(init: &InitEvidence, faults: &mut Faults<'_>) {
    for fault in read(init) {
        if let Fault::NoDefaults(track) = fault {
            faults.add(format!("track {track} has no `trex`"));
        }
    }
}

pub(super) fn hvc1(init: &InitEvidence, faults: &mut Faults<'_>) {
    for track in &init.tracks {
        let better = match &track.entry.0 {
            b"hev1" => "hvc1",
            b"dvhe" => "dvh1",
            _ => continue,
        };
        faults.add(format!("track {} is {:?} and not `{better}`", track.id, track.entry));
    }
}

pub(super) fn parameter_sets(init: &InitEvidence, faults: &mut Faults<'_>) {
    for track in &init.tracks {
        if super::has_sets_ahead(track.entry) && !track.missing_sets.is_empty() {
            faults.add(format!(
                "the configuration of track {} ({:?}) has no {} parameter sets",
                track.id,
                track.entry,
                track.missing_sets.join(" and no ")
            ));
        }
    }
}

pub(super) fn clear(init: &InitEvidence, faults: &mut Faults<'_>) {
    for track in init.tracks.iter().filter(|track| track.is_encrypted) {
        faults.add(format!(
            "track {} ({:?}) is encrypted: what is in its samples was not examined",
            track.id, track.entry
        ));
    }
}

fn read(init: &InitEvidence) -> &[Fault] {
    init.reader.as_ref().map_or(&[], Reader::faults)
}
