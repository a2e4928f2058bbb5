//! Boxes that can be changed: lengths and offsets are put right when they are written again.

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) kind: [u8; 4],
    /// What it has itself, before the boxes in it.
    pub(super) own: Vec<u8>,
    /// The boxes in it.
    pub(super) children: Vec<Self>,
    /// How long it was when it was read.
    was: usize,
}

/// What `tfhd` says of samples: the places of its fields (ISO/IEC 14496-12, 8.8.7).
const DEFAULTS: [u32; 3] = [0x08, 0x10, 0x20];

/// `trun` (ISO/IEC 14496-12, 8.8.8), with all fields of each sample that it says itself or that
/// `tfhd` says.
#[derive(Debug)]
pub(super) struct Run {
    version: u32,
    flags: u32,
    pub(super) offset: u32,
    /// Duration, bytes, flags and composition offset of each sample.
    pub(super) samples: Vec<[u32; 4]>,
}

const DATA_OFFSET: u32 = 0x001;
const FIRST_FLAGS: u32 = 0x004;
const FIELDS: [u32; 4] = [0x100, 0x200, 0x400, 0x800];

/// Changes the boxes of a file. Data offsets follow when a `moof` gets longer or shorter. What
/// cannot be read comes back as it is.
pub(super) fn edit(bytes: &[u8], change: impl FnOnce(&mut Vec<Node>) -> Option<()>) -> Vec<u8> {
    let Some(mut nodes) = parse(bytes) else { return bytes.to_vec() };
    if change(&mut nodes).is_none() {
        return bytes.to_vec();
    }
    for moof in nodes.iter_mut().filter(|node| node.kind == *b"moof") {
        let (is, was) = (length(moof.bytes()), length(moof.was));
        for run in moof.all_mut(b"trun") {
            run.move_data(is.wrapping_sub(was));
        }
    }
    let mut out = Vec::new();
    nodes.iter().for_each(|node| node.write(&mut out));
    out
}

fn parse(mut bytes: &[u8]) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    while !bytes.is_empty() {
        let (length, _) = bytes.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (whole, rest) = bytes.split_at_checked(length)?;
        let (kind, body) = whole.get(4..)?.split_first_chunk()?;
        nodes.push(Node::parse(*kind, body));
        bytes = rest;
    }
    Some(nodes)
}

/// How many bytes of its own a box has before the boxes in it, if there are any.
const fn head_bytes(kind: [u8; 4]) -> Option<usize> {
    Some(match &kind {
        b"moov" | b"trak" | b"mdia" | b"minf" | b"stbl" | b"mvex" | b"moof" | b"traf" => 0,
        b"stsd" => 8,
        b"avc1" | b"avc3" | b"hvc1" | b"hev1" | b"av01" | b"vp09" => 78,
        b"mp4a" | b"Opus" | b"fLaC" | b"ac-3" | b"ec-3" => 28,
        _ => return None,
    })
}

impl Node {
    pub(super) fn new(kind: [u8; 4], own: Vec<u8>, children: Vec<Self>) -> Self {
        let mut node = Self { kind, own, children, was: 0 };
        node.was = node.bytes();
        node
    }

    fn parse(kind: [u8; 4], body: &[u8]) -> Self {
        let parts = head_bytes(kind).and_then(|head| body.split_at_checked(head));
        let parts = parts.and_then(|(head, rest)| Some((head, parse(rest)?)));
        let (own, children) = parts.unwrap_or((body, Vec::new()));
        Self::new(kind, own.to_vec(), children)
    }

    /// How long it is.
    pub(super) fn bytes(&self) -> usize {
        8 + self.own.len() + self.children.iter().map(Self::bytes).sum::<usize>()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&length(self.bytes()).to_be_bytes());
        out.extend_from_slice(&self.kind);
        out.extend_from_slice(&self.own);
        self.children.iter().for_each(|child| child.write(out));
    }

    /// All boxes of a kind in it, however deep.
    pub(super) fn all_mut(&mut self, kind: &[u8; 4]) -> Vec<&mut Self> {
        let mut found = Vec::new();
        for child in &mut self.children {
            if child.kind == *kind {
                found.push(child);
            } else {
                found.extend(child.all_mut(kind));
            }
        }
        found
    }

    /// The first box of a kind in it, however deep.
    pub(super) fn find_mut(&mut self, kind: &[u8; 4]) -> Option<&mut Self> {
        self.all_mut(kind).into_iter().next()
    }

    /// Takes the first box of a kind out of it, however deep.
    pub(super) fn remove(&mut self, kind: &[u8; 4]) -> Option<Self> {
        let place = self.children.iter().position(|child| child.kind == *kind);
        match place {
            Some(place) => Some(self.children.remove(place)),
            None => self.children.iter_mut().find_map(|child| child.remove(kind)),
        }
    }

    pub(super) fn u32(&self, at: usize) -> Option<u32> {
        self.own.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// Writes over four bytes.
    pub(super) fn put(&mut self, at: usize, value: u32) -> Option<()> {
        *self.own.get_mut(at..)?.first_chunk_mut()? = value.to_be_bytes();
        Some(())
    }

    /// Of a `trun`: moves where its data are.
    pub(super) fn move_data(&mut self, by: u32) {
        if let Some(offset) = self.u32(8).filter(|_| self.u32(0).unwrap_or(0) & DATA_OFFSET != 0) {
            self.put(8, offset.wrapping_add(by));
        }
    }

    /// Of a `traf`: its first run.
    pub(super) fn run(&mut self) -> Option<Run> {
        let header = self.find_mut(b"tfhd")?;
        let flags = header.u32(0)?;
        // Behind version, flags and track.
        let mut at = 8 + if flags & 1 != 0 { 8 } else { 0 } + if flags & 2 != 0 { 4 } else { 0 };
        let mut defaults = [0; 3];
        for (value, flag) in defaults.iter_mut().zip(DEFAULTS) {
            if flags & flag != 0 {
                *value = header.u32(at)?;
                at += 4;
            }
        }
        Run::read(self.find_mut(b"trun")?, defaults)
    }

    /// Of a `traf`: puts a run in the place of its first.
    pub(super) fn set_run(&mut self, run: &Run) -> Option<()> {
        let fields: Vec<u32> = run.samples.iter().flatten().copied().collect();
        let flags =
            run.flags & !FIRST_FLAGS | FIELDS.iter().fold(DATA_OFFSET, |all, bit| all | bit);
        let count = length(run.samples.len());
        let head = [run.version << 24 | flags, count, run.offset];
        let numbers = head.iter().chain(&fields);
        self.find_mut(b"trun")?.own = numbers.flat_map(|number| number.to_be_bytes()).collect();
        Some(())
    }
}

impl Run {
    fn read(node: &Node, [duration, bytes, flags]: [u32; 3]) -> Option<Self> {
        let word = node.u32(0)?;
        let (version, own_flags) = (word >> 24, word & 0x00ff_ffff);
        let count = node.u32(4)?;
        let mut at = 8;
        let mut next = |is_there: bool, default: u32| {
            let value = if is_there { node.u32(at)? } else { default };
            at += if is_there { 4 } else { 0 };
            Some(value)
        };
        let offset = next(own_flags & DATA_OFFSET != 0, 0)?;
        let mut first = next(own_flags & FIRST_FLAGS != 0, flags)?;
        let mut samples = Vec::new();
        for _ in 0..count {
            let mut sample = [duration, bytes, std::mem::replace(&mut first, flags), 0];
            for (value, flag) in sample.iter_mut().zip(FIELDS) {
                *value = next(own_flags & flag != 0, *value)?;
            }
            samples.push(sample);
        }
        Some(Self { version, flags: own_flags, offset, samples })
    }
}

pub(super) fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
