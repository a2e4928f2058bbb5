//! `moov`: what tracks there are (8.2), and that their samples are in fragments (8.8.1).

use bytes::{BufMut, BytesMut};
use media::TrackKind;

use super::entry::write_entry;
use super::fragment::default_flags;
use super::output::{Format, Output};
use crate::fmp4::boxes::{write_box, write_full_box};

/// Neither turned nor scaled: a matrix of 16.16 and 2.30 numbers (6.2.2).
const UNITY: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// Of a header whose tracks have no durations of their own.
const MOVIE_TIMESCALE: u32 = 1_000;

/// Enabled, and part of the presentation (8.3.2.3).
const TRACK_IN_USE: u32 = 3;

/// The data are in the same file (8.7.2.1).
const SELF_CONTAINED: u32 = 1;

/// The packed letters of `und`: no language is said (8.4.2.3).
const UNDETERMINED: u16 = 0x55c4;

pub(super) fn write_moov(outputs: &[Output], out: &mut BytesMut) {
    write_box(out, b"moov", |out| {
        write_full_box(out, b"mvhd", 0, 0, |out| {
            out.put_u64(0); // creation_time, modification_time
            out.put_u32(MOVIE_TIMESCALE);
            out.put_u32(0); // duration
            out.put_u32(0x1_0000); // rate
            out.put_u16(0x100); // volume
            out.put_bytes(0, 10);
            put_all(out, &UNITY);
            out.put_bytes(0, 24);
            out.put_u32(outputs.iter().map(|output| output.number).max().unwrap_or(0) + 1);
        });
        for output in outputs {
            write_box(out, b"trak", |out| write_trak(output, out));
        }
        write_box(out, b"mvex", |out| {
            for output in outputs {
                write_full_box(out, b"trex", 0, 0, |out| {
                    out.put_u32(output.number);
                    out.put_u32(1); // default_sample_description_index
                    out.put_u64(0); // default_sample_duration, default_sample_size
                    out.put_u32(default_flags(output.id.kind));
                });
            }
        });
    });
}

fn write_trak(output: &Output, out: &mut BytesMut) {
    let is_audio = output.id.kind == TrackKind::Audio;
    write_full_box(out, b"tkhd", 0, TRACK_IN_USE, |out| {
        out.put_u64(0); // creation_time, modification_time
        out.put_u32(output.number);
        out.put_u32(0);
        out.put_u32(0); // duration
        out.put_bytes(0, 8);
        out.put_u16(0); // layer
        // Sounds are alternatives of each other.
        out.put_u16(u16::from(is_audio)); // alternate_group
        out.put_u16(if is_audio { 0x100 } else { 0 }); // volume
        out.put_u16(0);
        put_all(out, &UNITY);
        put_all(out, &shown_size(output));
    });
    write_box(out, b"mdia", |out| {
        write_full_box(out, b"mdhd", 0, 0, |out| {
            out.put_u64(0); // creation_time, modification_time
            out.put_u32(output.timescale.hz());
            out.put_u32(0); // duration
            out.put_u16(UNDETERMINED);
            out.put_u16(0);
        });
        write_full_box(out, b"hdlr", 0, 0, |out| {
            out.put_u32(0);
            out.put_slice(if is_audio { b"soun" } else { b"vide" });
            out.put_bytes(0, 12);
            out.put_slice(if is_audio { b"Audio\0" } else { b"Video\0" });
        });
        write_box(out, b"minf", |out| write_minf(output, out));
    });
}

fn write_minf(output: &Output, out: &mut BytesMut) {
    match output.id.kind {
        TrackKind::Video => write_full_box(out, b"vmhd", 0, 1, |out| out.put_bytes(0, 8)),
        TrackKind::Audio => write_full_box(out, b"smhd", 0, 0, |out| out.put_bytes(0, 4)),
    }
    write_box(out, b"dinf", |out| {
        write_full_box(out, b"dref", 0, 0, |out| {
            out.put_u32(1);
            write_full_box(out, b"url ", 0, SELF_CONTAINED, |_| {});
        });
    });
    write_box(out, b"stbl", |out| {
        write_full_box(out, b"stsd", 0, 0, |out| {
            out.put_u32(1);
            write_entry(output, out);
        });
        for kind in [b"stts", b"stsc", b"stco"] {
            write_full_box(out, kind, 0, 0, |out| out.put_u32(0));
        }
        write_full_box(out, b"stsz", 0, 0, |out| out.put_u64(0));
    });
}

/// Width and height on a screen of square pixels, in 16.16 (8.3.2.3).
fn shown_size(output: &Output) -> [u32; 2] {
    let Format::Video { format, width, height } = output.format else { return [0, 0] };
    let (across, down) = format.sample_aspect.unwrap_or((1, 1));
    let shown = (u64::from(width) << 16) * u64::from(across) / u64::from(down.max(1));
    [u32::try_from(shown).unwrap_or(u32::MAX), u32::from(height) << 16]
}

fn put_all(out: &mut BytesMut, numbers: &[u32]) {
    numbers.iter().for_each(|number| out.put_u32(*number));
}
