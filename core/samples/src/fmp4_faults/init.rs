//! Initialization sections.

use super::boxes::{Node, edit};

/// `ftyp` is not the first box.
#[must_use]
pub fn ftyp_behind_moov(init: &[u8]) -> Vec<u8> {
    edit(init, |nodes| {
        nodes.iter().position(|node| node.kind == *b"ftyp").map(|at| {
            let node = nodes.remove(at);
            nodes.push(node);
        })
    })
}

/// The brands are those of before fragments were counted from their `moof`.
#[must_use]
pub fn old_brands(init: &[u8]) -> Vec<u8> {
    edit(init, |nodes| {
        let ftyp = nodes.iter_mut().find(|node| node.kind == *b"ftyp")?;
        ftyp.own = b"isom\0\0\x02\0isommp41".to_vec();
        Some(())
    })
}

/// The first track does not say how it is coded.
#[must_use]
pub fn without_codec_configuration(init: &[u8]) -> Vec<u8> {
    in_movie(init, |movie| {
        let entry = movie.find_mut(b"stsd")?.children.first_mut()?;
        entry.children.clear();
        Some(())
    })
}

/// There is an empty `mdat` behind `moov`.
#[must_use]
pub fn with_media_behind(init: &[u8]) -> Vec<u8> {
    edit(init, |nodes| {
        nodes.push(Node::new(*b"mdat", Vec::new(), Vec::new()));
        Some(())
    })
}

/// The first track has a sample in `moov`.
#[must_use]
pub fn with_samples_in_moov(init: &[u8]) -> Vec<u8> {
    in_movie(init, |movie| {
        let times = movie.find_mut(b"stts")?;
        times.own = [0_u32, 1, 1, 1].iter().flat_map(|number| number.to_be_bytes()).collect();
        Some(())
    })
}

/// Nothing says that fragments follow.
#[must_use]
pub fn without_mvex(init: &[u8]) -> Vec<u8> {
    in_movie(init, |movie| movie.remove(b"mvex").map(drop))
}

/// The first track has no defaults for fragments.
#[must_use]
pub fn without_trex(init: &[u8]) -> Vec<u8> {
    in_movie(init, |movie| movie.remove(b"trex").map(drop))
}

/// The first track's `mdhd` has four bytes more than its version has fields.
#[must_use]
pub fn long_track_header(init: &[u8]) -> Vec<u8> {
    in_movie(init, |movie| {
        movie.find_mut(b"mdhd")?.own.extend([0; 4]);
        Some(())
    })
}

/// HEVC as `hev1` instead of `hvc1`.
#[must_use]
pub fn as_hev1(init: &[u8]) -> Vec<u8> {
    in_movie(init, |movie| {
        movie.find_mut(b"hvc1")?.kind = *b"hev1";
        Some(())
    })
}

/// The first track, which is one of AVC, says that its samples are encrypted.
#[must_use]
pub fn encrypted(init: &[u8]) -> Vec<u8> {
    in_movie(init, |movie| {
        let entry = movie.find_mut(b"avc1")?;
        entry.kind = *b"encv";
        let format = Node::new(*b"frma", b"avc1".to_vec(), Vec::new());
        entry.children.push(Node::new(*b"sinf", Vec::new(), vec![format]));
        Some(())
    })
}

/// The configuration of AVC or HEVC has no parameter sets.
#[must_use]
pub fn without_parameter_sets(init: &[u8]) -> Vec<u8> {
    in_movie(init, |movie| {
        if let Some(config) = movie.find_mut(b"avcC") {
            config.own.truncate(5);
            config.own.extend([0xe0, 0]);
        } else {
            let config = movie.find_mut(b"hvcC")?;
            config.own.truncate(22);
            config.own.push(0);
        }
        Some(())
    })
}

fn in_movie(init: &[u8], change: impl FnOnce(&mut Node) -> Option<()>) -> Vec<u8> {
    edit(init, |nodes| change(nodes.iter_mut().find(|node| node.kind == *b"moov")?))
}
