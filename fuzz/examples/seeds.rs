//! Writes what each fuzz target begins with, taken from the recorded pushes: `seeds FOLDER` makes
//! a folder of the target's name in it for each target that has any.
//!
//! Seeds are cut roughly: coverage decides which of them are kept.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs, io};

use bytes::{Bytes, BytesMut};
use container::fuzz::{each_payload, payloads_of, recorded};
use container::{flv, fmp4, ts};
use media::{AccessUnit, Track};
use samples::{CAPTURES, Capture, HANDSHAKE_BYTES};

/// Bytes of the longest seed: what is behind is more of the same, and costs time in every run.
const SEED_BYTES_MAX: usize = 16 * 1024;

/// Messages of a capture that become seeds by themselves: every sequence header, and a few units.
const MESSAGES: usize = 12;

/// Seeds by the name of their target.
type Seeds = BTreeMap<&'static str, Vec<Vec<u8>>>;

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or(io::ErrorKind::InvalidInput)?);
    let mut seeds = Seeds::new();
    for capture in CAPTURES {
        sessions(&mut seeds, capture);
        payloads(&mut seeds, capture);
        containers(&mut seeds, capture);
    }
    texts(&mut seeds);
    for (target, seeds) in seeds {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        for (number, mut seed) in seeds.into_iter().enumerate() {
            seed.truncate(SEED_BYTES_MAX);
            fs::write(folder.join(format!("seed-{number:04}")), seed)?;
        }
    }
    Ok(())
}

/// Whole connections, behind a byte that says how they arrive.
fn sessions(seeds: &mut Seeds, capture: &Capture) {
    let (handshake, chunks) = capture.bytes.split_at(HANDSHAKE_BYTES);
    add(seeds, "rtmp_handshake", [&[0], handshake].concat());
    for target in ["rtmp_server_session", "rtmp_client_session"] {
        add(seeds, target, [&[0], handshake, chunks].concat());
        // With a handshake in front that is not part of the seed.
        add(seeds, target, [&[0x80], chunks].concat());
        add(seeds, target, [&[0xf0], chunks].concat());
    }
    add(seeds, "rtmp_chunk_reader", [&[0], chunks].concat());
    // The bodies of commands and metadata begin somewhere in here.
    for start in 0..1_200.min(chunks.len()) {
        let body: Vec<u8> = chunks.iter().skip(start).take(300).copied().collect();
        if matches!(body.as_slice(), [2, 0, ..] | [0x11, ..]) {
            add(seeds, "rtmp_amf0", body.clone());
            add(seeds, "rtmp_amf3", body);
        }
    }
}

/// Configurations and units: the headers in front of them have 2, 5, 8 or more bytes.
fn payloads(seeds: &mut Seeds, capture: &Capture) {
    let payloads = payloads_of(capture.bytes);
    add(seeds, "container_flv_payloads", payloads.clone());
    for settings in [0, 3, 9, 14] {
        add(seeds, "segmenter_push", [&[settings], &payloads[..]].concat());
    }
    let (mut messages, mut file) = (Vec::new(), b"FLV\x01\x05\0\0\0\x09\0\0\0\0".to_vec());
    each_payload(&payloads, |kind, timestamp_ms, payload| {
        let is_audio = kind == flv::TagKind::Audio;
        add_tag(&mut file, if is_audio { 8 } else { 9 }, timestamp_ms, &payload);
        messages.push(payload);
    });
    add(seeds, "container_flv", file);
    for message in messages.iter().take(MESSAGES) {
        for header in [2, 5, 8, 10, 14] {
            let inner = message.get(header..).unwrap_or_default();
            for target in MEDIA {
                add(seeds, target, inner.to_vec());
            }
        }
    }
}

/// What the muxers make of the capture.
fn containers(seeds: &mut Seeds, capture: &Capture) {
    let (tracks, units) = recorded(capture.bytes);
    if let Some(segment) = transport_stream(&tracks, &units) {
        add(seeds, "container_ts", segment.to_vec());
        add(seeds, "check_ts", segment.to_vec());
        add(seeds, "container_mp4", [&[0, 0], &segment[..]].concat());
    }
    if let Some(segment) = fragmented(&tracks, &units) {
        add(seeds, "check_fmp4", segment.clone());
        add(seeds, "container_mp4", [&[10, 100], &segment[..]].concat());
        add(seeds, "container_fmp4", segment);
    }
}

fn transport_stream(tracks: &[Track], units: &[AccessUnit]) -> Option<Bytes> {
    let mut muxer = ts::Muxer::new(tracks).ok()?;
    let mut out = BytesMut::new();
    muxer.begin(&mut out);
    for unit in units {
        let _ = muxer.write(unit, &mut out);
    }
    muxer.finish_segment(&mut out);
    Some(out.freeze())
}

fn fragmented(tracks: &[Track], units: &[AccessUnit]) -> Option<Vec<u8>> {
    let mut muxer = fmp4::Muxer::new(tracks).ok()?;
    let mut out = BytesMut::new();
    muxer.begin_segment(&mut out);
    for unit in units.iter().take(40) {
        let _ = muxer.write(unit);
    }
    muxer.finish_fragment(|_| None, &mut out);
    Some([&muxer.init_section()[..], &out].concat())
}

fn texts(seeds: &mut Seeds) {
    for name in ["live/cam1", "720p", "live/cam1/ts/2/17.ts", "live/cam1/fmp4/2/init-3.mp4"] {
        add(seeds, "timeline_names", name.into());
        add(seeds, "timeline_names", format!("/{name}").into());
    }
    add(seeds, "timeline_names", b"/live/cam1/index.fmp4.m3u8".to_vec());
    for playlist in hls::fuzz::PLAYLISTS {
        add(seeds, "hls_playlist", playlist.into());
        add(seeds, "check_playlist", playlist.into());
    }
    let [whole, update, _] = hls::fuzz::PLAYLISTS;
    add(seeds, "hls_playlist", [whole, update].join("\0").into());
    add(seeds, "check_playlist", [whole, update, whole].join("\0").into());
    for entry in timeline::fuzz::ENTRIES {
        add(seeds, "timeline_entry", entry.into());
    }
    for request in token::fuzz::REQUESTS {
        add(seeds, "token_request", request.into());
    }
    for claims in token::fuzz::CLAIMS {
        add(seeds, "token_claims", claims.to_vec());
    }
    for set in token::fuzz::SETS {
        add(seeds, "token_jwks", set.into());
    }
    // A splice insertion, as text and as bytes.
    let splice = "FC302500000000000000FFF01405000003E77FEFFE0011FB9EFE002932E00001010100004D192A59";
    add(seeds, "media_scte35", format!("0x{splice}").into());
    add(seeds, "media_scte35", samples::hex(splice));
}

fn add_tag(file: &mut Vec<u8>, kind: u8, timestamp_ms: u32, payload: &[u8]) {
    let [t3, t2, t1, t0] = timestamp_ms.to_be_bytes();
    let length = u32::try_from(payload.len()).unwrap_or_default();
    let [_, l2, l1, l0] = length.to_be_bytes();
    file.extend_from_slice(&[kind, l2, l1, l0, t2, t1, t0, t3, 0, 0, 0]);
    file.extend_from_slice(payload);
    file.extend_from_slice(&(length + 11).to_be_bytes());
}

fn add(seeds: &mut Seeds, target: &'static str, seed: Vec<u8>) {
    seeds.entry(target).or_default().push(seed);
}

/// Targets that read a configuration or a unit.
const MEDIA: [&str; 15] = [
    "media_avc_config",
    "media_sps",
    "media_nal_units",
    "media_hevc_config",
    "media_hevc_sps",
    "media_av1_config",
    "media_av1_unit",
    "media_vp9_config",
    "media_vp9_frame",
    "media_captions",
    "media_aac_config",
    "media_opus",
    "media_flac",
    "media_ac3",
    "media_mp3",
];
