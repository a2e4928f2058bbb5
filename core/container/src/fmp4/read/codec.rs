//! What a sample entry says of its codec.

use bytes::Bytes;
use media::Codec;

use super::SampleEntry;
use super::boxes::Boxes;
use crate::fmp4::FourCc;

pub(super) fn format(entry: &SampleEntry) -> FourCc {
    let protection = entry.get(b"sinf").map(|body| Boxes::new(body.clone()));
    let mut boxes = protection.into_iter().flatten().map_while(Result::ok);
    let original = boxes.find(|body| body.kind.0 == *b"frma");
    original.and_then(|mut body| body.four_cc().ok()).unwrap_or(entry.kind)
}

pub(super) fn codec(entry: &SampleEntry) -> Option<Codec> {
    Some(match &format(entry).0 {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" | b"dva1" | b"dvav" => Codec::Avc,
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => Codec::Hevc,
        b"av01" | b"dav1" => Codec::Av1,
        b"vp09" => Codec::Vp9,
        b"Opus" => Codec::Opus,
        b"fLaC" => Codec::Flac,
        b"ac-3" => Codec::Ac3,
        b"ec-3" => Codec::Eac3,
        b".mp3" => Codec::Mp3,
        b"mp4a" => match object_type(entry.get(b"esds")?.get(4..)?)? {
            0x40 | 0x66..=0x68 => Codec::Aac,
            0x69 | 0x6b => Codec::Mp3,
            0xa5 => Codec::Ac3,
            0xa6 => Codec::Eac3,
            _ => return None,
        },
        _ => return None,
    })
}

/// The configuration of the codecs that are known.
pub(super) fn config(entry: &SampleEntry) -> Option<Bytes> {
    let (kind, body) = entry.boxes.iter().find(|(kind, _)| {
        let kinds =
            [b"avcC", b"hvcC", b"av1C", b"vpcC", b"esds", b"dOps", b"dfLa", b"dac3", b"dec3"];
        kinds.contains(&&kind.0)
    })?;
    let has_version = matches!(&kind.0, b"vpcC" | b"esds" | b"dfLa");
    let body = if has_version { body.get(4..)? } else { body };
    let config = if kind.0 == *b"esds" { decoder_specific(body)? } else { body };
    let (_, bytes) = entry.boxes.iter().find(|(other, _)| other == kind)?;
    Some(bytes.slice_ref(config))
}

/// What `esds` tells the decoder: the descriptor 5 in 4 in 3 (ISO/IEC 14496-1, 7.2.6).
fn decoder_specific(bytes: &[u8]) -> Option<&[u8]> {
    let (_, rest) = decoder_config(bytes)?.split_at_checked(13)?;
    descriptor(rest, 5).map(|(specific, _)| specific)
}

/// `objectTypeIndication`, which the descriptor 4 begins with.
fn object_type(bytes: &[u8]) -> Option<u8> {
    decoder_config(bytes)?.first().copied()
}

/// The descriptor 4 in 3.
fn decoder_config(bytes: &[u8]) -> Option<&[u8]> {
    let (stream, _) = descriptor(bytes, 3)?;
    // ES_ID and flags, of which none may be set in files.
    let (&[_, _, 0], rest) = stream.split_first_chunk()? else { return None };
    descriptor(rest, 4).map(|(config, _)| config)
}

/// The body of the descriptor at the start, if it has this tag, and what is behind it.
fn descriptor(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, mut rest) = bytes.split_first()?;
    if *first != tag {
        return None;
    }
    let mut length = 0;
    for _ in 0..4 {
        let (group, behind) = rest.split_first()?;
        rest = behind;
        length = length << 7 | usize::from(group & 0x7f);
        if group & 0x80 == 0 {
            break;
        }
    }
    rest.split_at_checked(length)
}
