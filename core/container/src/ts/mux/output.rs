//! One track on its way out.

use media::aac::AacConfig;
use media::avc::AvcConfig;
use media::{CodecConfig, Track, TrackId, TrackKind};

use super::group::Group;
use super::picture::Picture;
use super::sink::Writer;
use super::{MuxError, UnsupportedTracks};
use crate::ts::clock::Reorder;
use crate::ts::packet::Pid;
use crate::ts::pes::Header;
use crate::ts::psi::{Stream, StreamType};

#[derive(Debug)]
pub(super) struct Output {
    pub(super) id: TrackId,
    pub(super) pid: Pid,
    stream_id: u8,
    codec: Codec,
}

#[derive(Debug)]
enum Codec {
    Avc { config: AvcConfig, reorder: Reorder },
    Aac { config: AacConfig, group: Group },
}

/// The first video track has this PID, the first audio track the next; further ones follow in
/// pairs. So a track keeps its PID whichever others there are.
const FIRST_PID: u16 = 0x100;

impl Output {
    pub(super) fn new(track: &Track) -> Result<Self, UnsupportedTracks> {
        let TrackId { kind, number } = track.id;
        let pid = FIRST_PID + 2 * u16::from(number);
        // There are 16 video and 32 audio stream ids (table 2-22); PIDs tell tracks apart.
        let (pid, stream_id) = match kind {
            TrackKind::Video => (pid, 0xe0 | number & 0x0f),
            TrackKind::Audio => (pid + 1, 0xc0 | number & 0x1f),
        };
        let codec = match &track.codec {
            CodecConfig::Avc(config) => {
                Codec::Avc { config: config.clone(), reorder: Reorder::new(config.sps()) }
            }
            CodecConfig::Aac(config) => {
                config.adts_header(1).ok_or(UnsupportedTracks::Adts(track.id))?;
                Codec::Aac { config: config.clone(), group: Group::default() }
            }
            CodecConfig::Hevc(_) | CodecConfig::Av1(_) | CodecConfig::Vp9(_) => {
                return Err(UnsupportedTracks::Codec(track.id));
            }
        };
        Ok(Self { id: track.id, pid: Pid::from_bits(pid), stream_id, codec })
    }

    /// Goes on where `old` is, if nothing about the track changed.
    pub(super) fn take_over(&mut self, old: &mut Self) {
        let is_same = match (&self.codec, &old.codec) {
            (Codec::Avc { config, .. }, Codec::Avc { config: old, .. }) => config == old,
            (Codec::Aac { config, .. }, Codec::Aac { config: old, .. }) => config == old,
            (Codec::Avc { .. }, Codec::Aac { .. }) | (Codec::Aac { .. }, Codec::Avc { .. }) => {
                false
            }
        };
        if is_same {
            std::mem::swap(&mut self.codec, &mut old.codec);
        }
    }

    /// The track's line in the program map.
    pub(super) const fn stream(&self) -> Stream {
        let kind = match self.codec {
            Codec::Avc { .. } => StreamType::AVC,
            Codec::Aac { .. } => StreamType::AAC_ADTS,
        };
        Stream { kind, pid: self.pid }
    }

    pub(super) fn write(
        &mut self,
        payload: &[u8],
        pts: i64,
        dts: i64,
        group_ticks_max: i64,
        writer: &mut Writer<'_>,
    ) -> Result<(), MuxError> {
        if payload.is_empty() {
            return Err(MuxError::Empty(self.id));
        }
        match &mut self.codec {
            Codec::Avc { config, reorder } => {
                let picture = Picture::inspect(config, payload)?;
                let picture = picture.ok_or(MuxError::Empty(self.id))?;
                let (pts, dts) = reorder.fit(pts, dts);
                let (bytes, is_idr) = (picture.bytes(), picture.is_idr());
                let header = Header::new(self.stream_id, bytes, pts, dts);
                picture.write(&mut writer.start_pes(self.pid, &header, bytes, dts, is_idr));
            }
            Codec::Aac { config, group } => {
                let length = payload.len();
                let too_long = MuxError::FrameTooLong { length };
                let header = config.adts_header(length).ok_or(too_long)?;
                if self.pid != writer.pcr_pid {
                    writer.advance(dts);
                }
                if !group.takes(config, pts, length) {
                    group.flush(self.pid, self.stream_id, writer);
                }
                group.add(header, payload, pts);
                if group.is_full(config, group_ticks_max) {
                    group.flush(self.pid, self.stream_id, writer);
                }
            }
        }
        Ok(())
    }

    /// Writes the audio that waits.
    pub(super) fn flush(&mut self, writer: &mut Writer<'_>) {
        match &mut self.codec {
            Codec::Avc { .. } => {}
            Codec::Aac { group, .. } => group.flush(self.pid, self.stream_id, writer),
        }
    }

    /// Writes the audio that waits if its first frame is heard before `ticks`.
    pub(super) fn flush_older(&mut self, ticks: i64, writer: &mut Writer<'_>) {
        match &mut self.codec {
            Codec::Aac { group, .. } if group.first_pts() < ticks => {
                group.flush(self.pid, self.stream_id, writer);
            }
            Codec::Avc { .. } | Codec::Aac { .. } => {}
        }
    }

    /// The timeline breaks.
    pub(super) const fn break_timeline(&mut self) {
        match &mut self.codec {
            Codec::Avc { reorder, .. } => reorder.restart(),
            Codec::Aac { .. } => {}
        }
    }
}
