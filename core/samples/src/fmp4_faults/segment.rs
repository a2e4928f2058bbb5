//! Segments.

use super::boxes::{Node, edit, length};

/// The bit of a sample's flags that decoding cannot start with it.
const NON_SYNC: u32 = 0x0001_0000;

/// It ends before the last `mdat` does.
#[must_use]
pub fn cut_in_mdat(segment: &[u8]) -> Vec<u8> {
    let mut end = segment.len();
    edit(segment, |nodes| {
        let last = nodes.last().filter(|node| node.kind == *b"mdat")?;
        end -= last.own.len() / 2;
        None
    });
    segment.get(..end).unwrap_or(segment).to_vec()
}

/// A box at the end says that it is longer than what is there.
#[must_use]
pub fn unlike_boxes(segment: &[u8]) -> Vec<u8> {
    [segment, b"\0\0\x01\0free"].concat()
}

/// It does not start with `styp`.
#[must_use]
pub fn without_styp(segment: &[u8]) -> Vec<u8> {
    edit(segment, |nodes| {
        nodes.retain(|node| node.kind != *b"styp");
        Some(())
    })
}

/// What should be `mdat` is not called so.
#[must_use]
pub fn without_mdat(segment: &[u8]) -> Vec<u8> {
    edit(segment, |nodes| {
        let data = nodes.iter_mut().filter(|node| node.kind == *b"mdat");
        data.for_each(|node| node.kind = *b"free");
        Some(())
    })
}

/// There is a `moov` in it.
#[must_use]
pub fn with_moov(segment: &[u8]) -> Vec<u8> {
    edit(segment, |nodes| {
        let at = nodes.iter().position(|node| node.kind == *b"moof")?;
        let header = Node::new(*b"mvhd", vec![0; 100], Vec::new());
        nodes.insert(at, Node::new(*b"moov", Vec::new(), vec![header]));
        Some(())
    })
}

/// The first `mdat` stands before its `moof`; the offsets are right.
#[must_use]
pub fn mdat_before_moof(segment: &[u8]) -> Vec<u8> {
    edit(segment, |nodes| {
        let at = nodes.iter().position(|node| node.kind == *b"moof")?;
        nodes.get(at + 1).filter(|next| next.kind == *b"mdat")?;
        let mut moof = nodes.remove(at);
        // What was behind the header is before it by the length of the data.
        let by = moof.bytes() + nodes.get(at)?.bytes();
        moof.all_mut(b"trun").into_iter().for_each(|run| run.move_data(negative(by)));
        nodes.insert(at + 1, moof);
        Some(())
    })
}

/// There is a `traf` of a track that nobody knows.
#[must_use]
pub fn with_unknown_track(segment: &[u8]) -> Vec<u8> {
    in_fragment(segment, |moof| {
        let mut track = moof.children.iter().rfind(|child| child.kind == *b"traf")?.clone();
        track.find_mut(b"tfhd")?.put(4, 99)?;
        moof.children.push(track);
        Some(())
    })
}

/// Data are counted from where the `moof` is, which each `traf` says as a number.
#[must_use]
pub fn with_base_data_offsets(segment: &[u8]) -> Vec<u8> {
    edit(segment, |nodes| {
        let mut start = 0_usize;
        for node in nodes {
            if node.kind == *b"moof" {
                for header in node.all_mut(b"tfhd") {
                    let flags = header.u32(0)? & !0x02_0000 | 1;
                    header.put(0, flags)?;
                    let base = u64::try_from(start).ok()?.to_be_bytes();
                    header.own.splice(8..8, base);
                }
            }
            start += node.bytes();
        }
        Some(())
    })
}

/// No `traf` says when its samples are decoded.
#[must_use]
pub fn without_tfdt(segment: &[u8]) -> Vec<u8> {
    in_each_fragment(segment, |moof| while moof.remove(b"tfdt").is_some() {})
}

/// All decode times are later by so many ticks.
#[must_use]
pub fn shifted(segment: &[u8], ticks: u32) -> Vec<u8> {
    in_each_fragment(segment, |moof| {
        for time in moof.all_mut(b"tfdt") {
            // The lower half of a time of 64 bits, or all of one of 32.
            let at = if time.own.first() == Some(&1) { 8 } else { 4 };
            let later = time.u32(at).unwrap_or(0).saturating_add(ticks);
            time.put(at, later);
        }
    })
}

/// A fragment without samples follows that goes back to where the segment began.
#[must_use]
pub fn with_gap_inside(segment: &[u8]) -> Vec<u8> {
    with_empty_fragment(segment, |moof, last| {
        moof.find_mut(b"mfhd")?.put(4, last.saturating_add(1))?;
        for run in moof.all_mut(b"trun") {
            // Version and flags without any field, and no samples.
            run.own = vec![0; 8];
        }
        Some(())
    })
}

/// A fragment without tracks follows that has the number of the one before.
#[must_use]
pub fn with_repeated_number(segment: &[u8]) -> Vec<u8> {
    with_empty_fragment(segment, |moof, last| {
        moof.children.retain(|child| child.kind != *b"traf");
        moof.find_mut(b"mfhd")?.put(4, last)
    })
}

/// Its fragments are counted from 1, as if it were the first segment.
#[must_use]
pub fn numbered_from_1(segment: &[u8]) -> Vec<u8> {
    let mut number = 0;
    in_each_fragment(segment, |moof| {
        number += 1;
        if let Some(header) = moof.find_mut(b"mfhd") {
            header.put(4, number);
        }
    })
}

/// The data of the last track of the first fragment are said to be behind its `mdat`.
#[must_use]
pub fn data_outside_mdat(segment: &[u8]) -> Vec<u8> {
    let by = length(segment.len());
    in_fragment(segment, |moof| {
        moof.all_mut(b"trun").into_iter().next_back()?.move_data(by);
        Some(())
    })
}

/// The first NAL unit of the first sample is said to be longer than the sample.
#[must_use]
pub fn broken_nal_length(segment: &[u8]) -> Vec<u8> {
    edit(segment, |nodes| {
        let at = nodes.iter().position(|node| node.kind == *b"moof")?;
        let (headers, rest) = nodes.split_at_mut_checked(at + 1)?;
        let moof = headers.last_mut()?;
        let bytes = moof.bytes() + 8;
        let offset = moof.find_mut(b"traf")?.run()?.offset;
        rest.first_mut()?.put(usize::try_from(offset).ok()?.checked_sub(bytes)?, 0x00ff_ffff)
    })
}

/// The first sample begins with the parameter sets of the first track, which is one of AVC or HEVC
/// with lengths of four bytes.
#[must_use]
pub fn with_parameter_sets_of(init: &[u8], segment: &[u8]) -> Vec<u8> {
    let sets = sets_of(init);
    edit(segment, |nodes| {
        let at = nodes.iter().position(|node| node.kind == *b"moof")?;
        let (headers, rest) = nodes.split_at_mut_checked(at + 1)?;
        let moof = headers.last_mut()?;
        let was = moof.bytes() + 8;
        let by = length(sets.len());
        let mut first_offset = None;
        for track in moof.all_mut(b"traf") {
            let mut run = track.run()?;
            if first_offset.is_none() {
                first_offset = Some(run.offset);
                let [_, bytes, ..] = run.samples.first_mut()?;
                *bytes = bytes.saturating_add(by);
                track.set_run(&run)?;
            } else {
                track.all_mut(b"trun").into_iter().for_each(|run| run.move_data(by));
            }
        }
        let place = usize::try_from(first_offset?).ok()?.checked_sub(was)?;
        let data = &mut rest.first_mut()?.own;
        (place <= data.len()).then(|| drop(data.splice(place..place, sets)))
    })
}

/// The sync flags of all samples of the first track are the other way round.
#[must_use]
pub fn flipped_sync_flags(segment: &[u8]) -> Vec<u8> {
    in_fragment(segment, |moof| {
        let track = moof.find_mut(b"traf")?;
        let mut run = track.run()?;
        run.samples.iter_mut().for_each(|[_, _, flags, _]| *flags ^= NON_SYNC);
        track.set_run(&run)
    })
}

/// The third sample of the first track does not last, and the one before lasts as long as both.
#[must_use]
pub fn with_zero_duration(segment: &[u8]) -> Vec<u8> {
    in_fragment(segment, |moof| {
        let track = moof.find_mut(b"traf")?;
        let mut run = track.run()?;
        let [_, [second, ..], [third, ..], ..] = run.samples.as_mut_slice() else { return None };
        (*second, *third) = (*second + *third, 0);
        track.set_run(&run)
    })
}

/// The first `mfhd` has four bytes more than it has fields.
#[must_use]
pub fn long_fragment_header(segment: &[u8]) -> Vec<u8> {
    in_fragment(segment, |fragment| {
        fragment.find_mut(b"mfhd")?.own.extend([0; 4]);
        Some(())
    })
}

/// Changes the first `moof`.
fn in_fragment(segment: &[u8], change: impl FnOnce(&mut Node) -> Option<()>) -> Vec<u8> {
    edit(segment, |nodes| change(nodes.iter_mut().find(|node| node.kind == *b"moof")?))
}

/// Changes every `moof`.
fn in_each_fragment(segment: &[u8], change: impl FnMut(&mut Node)) -> Vec<u8> {
    edit(segment, |nodes| {
        nodes.iter_mut().filter(|node| node.kind == *b"moof").for_each(change);
        Some(())
    })
}

/// Puts a copy of the first `moof` behind all, with an empty `mdat`. What changes it is told the
/// number of the last.
fn with_empty_fragment(
    segment: &[u8],
    change: impl FnOnce(&mut Node, u32) -> Option<()>,
) -> Vec<u8> {
    edit(segment, |nodes| {
        let mut moof = nodes.iter().find(|node| node.kind == *b"moof")?.clone();
        let last = nodes.iter_mut().rfind(|node| node.kind == *b"moof")?;
        let last = last.find_mut(b"mfhd")?.u32(4)?;
        change(&mut moof, last)?;
        nodes.push(moof);
        nodes.push(Node::new(*b"mdat", Vec::new(), Vec::new()));
        Some(())
    })
}

/// The parameter sets of the first configuration of AVC or HEVC, each with its length before it.
fn sets_of(init: &[u8]) -> Vec<u8> {
    let mut sets = Vec::new();
    edit(init, |nodes| {
        let movie = nodes.iter_mut().find(|node| node.kind == *b"moov")?;
        let is_avc = movie.find_mut(b"avcC").is_some();
        let kind = if is_avc { b"avcC" } else { b"hvcC" };
        let config = movie.find_mut(kind)?;
        let mut rest = config.own.get(if is_avc { 5 } else { 22 }..)?;
        let arrays = if is_avc {
            2
        } else {
            let (count, behind) = rest.split_first()?;
            rest = behind;
            *count
        };
        for _ in 0..arrays {
            let head = if is_avc { 1 } else { 3 };
            let (head, behind) = rest.split_at_checked(head)?;
            rest = behind;
            // The number of sequence parameter sets of AVC shares its byte with ones.
            for _ in 0..*head.last()? & 0x1f {
                let (bytes, behind) = rest.split_first_chunk()?;
                let bytes = usize::from(u16::from_be_bytes(*bytes));
                let (set, behind) = behind.split_at_checked(bytes)?;
                rest = behind;
                sets.extend(length(bytes).to_be_bytes());
                sets.extend(set);
            }
        }
        None
    });
    sets
}

/// A number of bytes, less than none.
fn negative(bytes: usize) -> u32 {
    length(bytes).wrapping_neg()
}
