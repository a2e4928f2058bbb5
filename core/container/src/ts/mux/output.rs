//! One track on its way out.

use bytes::Bytes;
use media::aac::{ADTS_FRAME_BYTES_MAX, ADTS_HEADER_BYTES};
use media::mp3::Version;
use media::{AccessUnit, Codec, CodecConfig, Track, TrackId, TrackKind};

use super::group::{Frame, Group};
use super::picture::{Picture, Syntax};
use super::sink::Writer;
use super::{MuxError, UnsupportedTracks};
use crate::ts::clock::Reorder;
use crate::ts::packet::Pid;
use crate::ts::pes::{DATA_BYTES_MAX, Header};
use crate::ts::psi::{self, Stream, StreamType};

#[derive(Debug)]
pub(super) struct Output {
    pub(super) id: TrackId,
    pub(super) pid: Pid,
    stream_id: u8,
    kind: StreamType,
    codec: CodecConfig,
    /// What lasts from unit to unit.
    state: State,
}

#[derive(Debug)]
enum State {
    Pictures(Reorder),
    Sound(Group),
}

/// The first video track has this PID, the first audio track the next; further ones follow in
/// pairs, up to 0x2ff. So a track keeps its PID whichever others there are.
const FIRST_PID: u16 = 0x100;

/// Stream ids (table 2-22). There are 16 for video and 32 for MPEG audio; PIDs tell tracks apart,
/// and whatever is not MPEG's is private stream 1.
const VIDEO: u8 = 0xe0;
const MPEG_AUDIO: u8 = 0xc0;
pub(super) const PRIVATE_STREAM_1: u8 = 0xbd;

impl Output {
    pub(super) fn new(track: &Track) -> Result<Self, UnsupportedTracks> {
        let TrackId { kind, number } = track.id;
        let codec = track.codec.codec();
        let unsupported = UnsupportedTracks::Codec { track: track.id, codec };
        let (pid, stream_id) = match kind {
            TrackKind::Video => (0, VIDEO | number & 0x0f),
            TrackKind::Audio => (1, MPEG_AUDIO | number & 0x1f),
        };
        let pid = Pid::from_bits(FIRST_PID + 2 * u16::from(number) + pid);
        let (kind, stream_id) = match &track.codec {
            CodecConfig::Avc(_) => (StreamType::AVC, stream_id),
            CodecConfig::Hevc(_) => (StreamType::HEVC, stream_id),
            CodecConfig::Aac(aac) => {
                aac.adts_header(1).ok_or(UnsupportedTracks::Adts(track.id))?;
                (StreamType::AAC_ADTS, stream_id)
            }
            CodecConfig::Mp3(mp3) => match mp3.version() {
                Version::Mpeg1 => (StreamType::MPEG1_AUDIO, stream_id),
                Version::Mpeg2 | Version::Mpeg25 => (StreamType::MPEG2_AUDIO, stream_id),
            },
            CodecConfig::Ac3(_) if codec == Codec::Eac3 => (StreamType::EAC3, PRIVATE_STREAM_1),
            CodecConfig::Ac3(_) => (StreamType::AC3, PRIVATE_STREAM_1),
            CodecConfig::Av1(_)
            | CodecConfig::Vp9(_)
            | CodecConfig::Opus(_)
            | CodecConfig::Flac(_) => return Err(unsupported),
        };
        let state = match (track.codec.video(), track.codec.audio()) {
            (Some(video), _) => State::Pictures(Reorder::new(&video)),
            (None, Some(audio)) => State::Sound(Group::new(audio.sample_rate)),
            (None, None) => return Err(unsupported),
        };
        Ok(Self { id: track.id, pid, stream_id, kind, codec: track.codec.clone(), state })
    }

    /// Goes on where `old` is, if nothing about the track changed.
    pub(super) fn take_over(&mut self, old: &mut Self) {
        if self.codec == old.codec {
            std::mem::swap(&mut self.state, &mut old.state);
        }
    }

    /// The track's line in the program map.
    pub(super) fn stream(&self) -> Stream {
        let descriptors: &'static [u8] = match self.kind {
            StreamType::AC3 => &psi::AC3,
            StreamType::EAC3 => &psi::EAC3,
            StreamType::HEVC => &psi::HEVC,
            _ => &[],
        };
        Stream { kind: self.kind, pid: self.pid, descriptors: Bytes::from_static(descriptors) }
    }

    /// Writes a unit whose times are `pts` and `dts`, or lets it wait for more audio.
    pub(super) fn write(
        &mut self,
        unit: &AccessUnit,
        (pts, dts): (i64, i64),
        group_ticks_max: i64,
        writer: &mut Writer<'_>,
    ) -> Result<(), MuxError> {
        let payload: &[u8] = &unit.payload;
        if payload.is_empty() {
            return Err(MuxError::Empty(self.id));
        }
        match &mut self.state {
            State::Pictures(reorder) => {
                let empty = MuxError::Empty(self.id);
                let syntax = syntax(&self.codec).ok_or(empty)?;
                let picture = Picture::inspect(syntax, payload)?.ok_or(empty)?;
                let (pts, dts) = reorder.fit(pts, dts);
                let (bytes, is_entry) = (picture.bytes(), picture.is_entry());
                let header = Header::new(self.stream_id, bytes, pts, dts);
                picture.write(&mut writer.start_pes(self.pid, &header, bytes, dts, is_entry));
            }
            State::Sound(group) => {
                let header = adts_header(&self.codec, payload.len())?;
                let header = header.as_ref().map_or(&[][..], <[u8; ADTS_HEADER_BYTES]>::as_slice);
                let frame = Frame { header, payload, pts, samples: unit.samples };
                if self.pid != writer.pcr_pid {
                    writer.advance(dts);
                }
                if !group.takes(frame) {
                    group.flush(self.pid, self.stream_id, writer);
                }
                group.add(frame);
                if group.is_full(group_ticks_max) {
                    group.flush(self.pid, self.stream_id, writer);
                }
            }
        }
        Ok(())
    }

    /// Writes the audio that waits.
    pub(super) fn flush(&mut self, writer: &mut Writer<'_>) {
        match &mut self.state {
            State::Pictures(_) => {}
            State::Sound(group) => group.flush(self.pid, self.stream_id, writer),
        }
    }

    /// Writes the audio that waits if its first frame is heard before `ticks`.
    pub(super) fn flush_older(&mut self, ticks: i64, writer: &mut Writer<'_>) {
        match &mut self.state {
            State::Sound(group) if group.first_pts() < ticks => {
                group.flush(self.pid, self.stream_id, writer);
            }
            State::Pictures(_) | State::Sound(_) => {}
        }
    }

    /// The timeline breaks.
    pub(super) const fn break_timeline(&mut self) {
        match &mut self.state {
            State::Pictures(reorder) => reorder.restart(),
            State::Sound(_) => {}
        }
    }
}

/// How pictures of the codec are made of NAL units; `None` if they are not.
fn syntax(codec: &CodecConfig) -> Option<Syntax<'_>> {
    match codec {
        CodecConfig::Avc(config) => Some(Syntax::avc(config)),
        CodecConfig::Hevc(config) => Some(Syntax::hevc(config)),
        CodecConfig::Av1(_)
        | CodecConfig::Vp9(_)
        | CodecConfig::Aac(_)
        | CodecConfig::Opus(_)
        | CodecConfig::Flac(_)
        | CodecConfig::Ac3(_)
        | CodecConfig::Mp3(_) => None,
    }
}

/// What stands before a frame of `length` bytes: AAC gets a header, the frames of other codecs have
/// their own.
fn adts_header(
    codec: &CodecConfig,
    length: usize,
) -> Result<Option<[u8; ADTS_HEADER_BYTES]>, MuxError> {
    match codec {
        CodecConfig::Aac(config) => {
            let limit = ADTS_FRAME_BYTES_MAX - ADTS_HEADER_BYTES;
            let header = config.adts_header(length);
            header.map(Some).ok_or(MuxError::FrameTooLong { length, limit })
        }
        CodecConfig::Avc(_)
        | CodecConfig::Hevc(_)
        | CodecConfig::Av1(_)
        | CodecConfig::Vp9(_)
        | CodecConfig::Opus(_)
        | CodecConfig::Flac(_)
        | CodecConfig::Ac3(_)
        | CodecConfig::Mp3(_) => {
            let limit = DATA_BYTES_MAX;
            if length > limit { Err(MuxError::FrameTooLong { length, limit }) } else { Ok(None) }
        }
    }
}
