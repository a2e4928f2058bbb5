//! Parts of segments as objects: of a whole segment a stretch of its bytes, of the one that is
//! being made what its owner has.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use hls::{Edge, Reach};
use origin::{Document, OriginError};
use parts::{PartError, PartFlow};
use store::StoreError;
use timeline::{Container, MediaKey, ObjectKey, ObjectName};
use tokio::time::{Instant, timeout_at};

use crate::follow::Follower;
use crate::service::{Playlist, found, unavailable};

/// Target durations that a request for the next part waits for it.
const WAITED_TARGETS: u32 = 3;

/// How far a node may be behind another one: by segments, and by parts, which are as many as a
/// second has at most.
const SEGMENTS_AHEAD_MAX: u64 = 1;
const PARTS_AHEAD_MAX: u32 = 10;

/// Where a part is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Place {
    /// In a whole segment, at these bytes.
    Segment(ObjectKey, Range<usize>),
    /// With the owner, who has finished it.
    Owner,
    /// It is the next one that there will be.
    Next,
    /// It may be with the owner, of whom this node has not heard the latest: a viewer may have
    /// learnt of the part from another node.
    Ahead,
    /// It is none of these, or not any more.
    Nowhere,
}

/// A part that is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) key: &'a MediaKey,
    pub(crate) sequence: u64,
    pub(crate) part: u32,
    pub(crate) container: Container,
}

impl Playlist {
    /// The part, once it is there if it is the next one. No byte of it is sent before all are
    /// there: players measure the network by parts (RFC 8216bis, 6.2.6).
    pub(crate) async fn part(&self, asked: Asked<'_>) -> Result<Document, OriginError> {
        let key = ObjectKey::from(asked.key.clone());
        let missing = || OriginError::NoObject(key.clone());
        let follower = self.follower(&asked.key.stream).await.map_err(|_| missing())?;
        let mut version = follower.watch();
        let origin_url = follower.live.origin_url(asked.key.epoch);
        let target_s = follower.now().target_duration_s.unwrap_or(1);
        let wait = Duration::from_secs(target_s.into()).saturating_mul(WAITED_TARGETS);
        let deadline = Instant::now() + wait;
        loop {
            match follower.place(asked) {
                Place::Segment(segment, range) => {
                    let bytes = match self.objects.get_of(&segment, origin_url.as_deref()).await {
                        Ok(bytes) if range.end <= bytes.len() => Ok(bytes.slice(range)),
                        Ok(_) => return Err(missing()),
                        Err(StoreError::NotFound { .. }) => return Err(missing()),
                        Err(error) => Err(error),
                    };
                    return found(&key, bytes);
                }
                Place::Owner => {
                    let bytes = self.of_owner(&follower, asked.key, deadline).await?;
                    // Else the segment has become whole meanwhile, and the journal will say so.
                    if let Some(bytes) = bytes {
                        return found(&key, Ok(bytes));
                    }
                }
                Place::Next => {}
                Place::Ahead => {
                    let bytes = self.of_owner(&follower, asked.key, deadline).await?;
                    return found(&key, Ok(bytes.ok_or_else(missing)?));
                }
                Place::Nowhere => return Err(missing()),
            }
            if !matches!(timeout_at(deadline, version.changed()).await, Ok(Ok(()))) {
                return Err(missing());
            }
        }
    }

    /// The bytes of a part from the memory of the segment's owner, if it still has them.
    async fn of_owner(
        &self,
        follower: &Follower,
        key: &MediaKey,
        deadline: Instant,
    ) -> Result<Option<Bytes>, OriginError> {
        let origin_url = follower.live.origin_url(key.epoch);
        let read = async {
            let flow = self.parts.read(key, origin_url.as_deref()).await?;
            collect(flow).await
        };
        match timeout_at(deadline, read).await {
            Ok(Ok(bytes)) => Ok(Some(bytes)),
            Ok(Err(PartError::NotFound(_) | PartError::GivenUp(_))) => Ok(None),
            Ok(Err(error @ PartError::Unavailable(_))) => {
                Err(unavailable("the owner of the stream", error))
            }
            Err(_late) => Ok(None),
        }
    }
}

impl Follower {
    fn place(&self, asked: Asked<'_>) -> Place {
        let window = self.read_window();
        let open = self.live.listed();
        let Asked { key, sequence, part, container } = asked;
        let edge = Edge::new(&window, open.as_deref());
        let reach = edge.reach();
        let epoch = key.epoch;
        if sequence < reach.sequence {
            let mut segments = window.segments().rev();
            let segment = segments.find(|it| it.sequence == sequence && it.epoch == epoch);
            let record = segment.filter(|it| !it.gap).and_then(|segment| {
                let mut records = segment.renditions.iter();
                records.find(|it| it.rendition == key.rendition && it.container == container)
            });
            let range = record.and_then(|record| stretch(&record.part_bytes, part));
            let object = ObjectName::Segment { sequence, container };
            return range.map_or(Place::Nowhere, |range| {
                Place::Segment(MediaKey { object, ..key.clone() }.into(), range)
            });
        }
        let is_offered = edge.control(&key.rendition).is_some_and(|it| it.part_target_ms.is_some());
        if !is_offered || edge.container(&key.rendition) != Some(container) || window.has_ended() {
            return Place::Nowhere;
        }
        let is_listed = epoch == window.epoch() && sequence == reach.sequence && part < reach.parts;
        let asked = Reach { sequence, parts: part };
        let is_near = window.is_live()
            && epoch == window.epoch()
            && sequence.saturating_sub(reach.sequence) <= SEGMENTS_AHEAD_MAX
            && part < PARTS_AHEAD_MAX.saturating_add(reach.parts);
        match () {
            () if is_listed => Place::Owner,
            () if edge.next_part() == (epoch, asked) => Place::Next,
            () if is_near => Place::Ahead,
            () => Place::Nowhere,
        }
    }
}

/// Where a part is in its segment.
fn stretch(part_bytes: &[u64], part: u32) -> Option<Range<usize>> {
    let part = usize::try_from(part).ok()?;
    let length = usize::try_from(*part_bytes.get(part)?).ok()?;
    let before = part_bytes.iter().take(part).copied().fold(0, u64::saturating_add);
    let start = usize::try_from(before).ok()?;
    Some(start..start.checked_add(length)?)
}

/// All bytes of a part.
async fn collect(mut flow: PartFlow) -> Result<Bytes, PartError> {
    let mut pieces: Vec<Bytes> = Vec::new();
    while let Some(piece) = flow.recv().await {
        pieces.push(piece?);
    }
    Ok(match pieces.as_slice() {
        [one] => one.clone(),
        many => many.concat().into(),
    })
}
