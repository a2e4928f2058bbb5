//! Segments that ffmpeg writes anew, and differently.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::presentation::Presentation;
use crate::process::run;

/// What has segments of MPEG-TS written anew: options of ffmpeg, by the name of the rendition and
/// the place of the segment. `None` leaves it as it is.
pub(super) type Options = fn(&str, usize) -> Option<String>;

/// The machine may be busy; alone it takes a tenth of a second.
const REMUXED_WITHIN: Duration = Duration::from_secs(60);

/// Has segments written anew, and says the bit rates again: a few bytes are more than before.
pub(super) fn remux(presentation: &mut Presentation, options: Options) -> Result<()> {
    let folder = tempfile::tempdir().context("make a folder")?;
    for rendition in &mut presentation.renditions {
        let mut counters = BTreeMap::new();
        for (place, segment) in rendition.segments.iter_mut().enumerate() {
            if let Some(options) = options(&rendition.name, place) {
                segment.bytes = written(folder.path(), &segment.bytes, &options)?.into();
            }
            segment.bytes = counted_on(&segment.bytes, &mut counters).into();
        }
    }
    presentation.say_bit_rates();
    Ok(())
}

/// Frames keep their times. Options come last, and so may name another format.
fn written(folder: &Path, segment: &[u8], options: &str) -> Result<Vec<u8>> {
    fs::write(folder.join("in.ts"), segment).context("write a segment")?;
    let mut command = Command::new("ffmpeg");
    command.args("-nostdin -hide_banner -loglevel error -y -copyts -i in.ts -map 0".split(' '));
    command.args("-c copy -mpegts_copyts 1 -f mpegts".split(' '));
    command.args(options.split_whitespace()).arg("out.ts").current_dir(folder);
    let finished = run(&mut command, REMUXED_WITHIN)?;
    ensure!(finished.status.success(), "ffmpeg fails: {}", finished.err);
    fs::read(folder.join("out.ts")).context("read a segment")
}

/// Lets continuity counters go on from where they are: ffmpeg begins anew with each file.
fn counted_on(segment: &[u8], counters: &mut BTreeMap<[u8; 2], u8>) -> Vec<u8> {
    let mut bytes = segment.to_vec();
    for packet in bytes.chunks_exact_mut(188) {
        if let [0x47, high, low, control, ..] = packet {
            let counter = counters.entry([*high & 0x1f, *low]).or_insert(0x0f);
            // Only payload counts (ISO/IEC 13818-1, 2.4.3.3).
            *counter = if *control & 0x10 == 0 { *counter } else { (*counter + 1) & 0x0f };
            *control = *control & 0xf0 | *counter;
        }
    }
    bytes
}
