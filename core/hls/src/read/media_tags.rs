//! Tags of media playlists (RFC 8216, 4.3.3; draft, 4.4.3 and 4.4.5).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::attributes::Attributes;
use super::notes::{Notes, short};
use super::segments::Segments;
use super::variables::Variables;
use super::{
    DateRange, FaultKind, Hint, HintKind, MediaPlaylist, PlaylistType, RenditionReport,
    ServerControl, Skip, values,
};

/// A media playlist that is being read.
#[derive(Debug, Default)]
pub(super) struct MediaBuilder {
    playlist: MediaPlaylist,
    segments: Segments,
    /// Tags that may be there once, and are.
    seen: BTreeSet<&'static str>,
    date_range_ids: BTreeMap<String, usize>,
}

/// Of date ranges, hints and reports, each: one every ten seconds for eleven days.
const RECORDS_MAX: usize = 100_000;

impl MediaBuilder {
    /// Takes in a tag; false if it is none of media playlists.
    pub(super) fn take_tag(
        &mut self,
        name: &str,
        value: &str,
        variables: &mut Variables<'_>,
        notes: &mut Notes,
    ) -> bool {
        let segments = &mut self.segments;
        match name {
            "EXTINF" => segments.take_inf(value, notes),
            "EXT-X-BYTERANGE" => segments.take_byte_range(value, notes),
            "EXT-X-DISCONTINUITY" => segments.take_discontinuity(notes),
            "EXT-X-GAP" => segments.take_gap(),
            "EXT-X-PROGRAM-DATE-TIME" => segments.take_date(value),
            "EXT-X-BITRATE" => segments.take_bit_rate(value, notes),
            "EXT-X-TARGETDURATION" => self.take_target_duration(value, notes),
            "EXT-X-MEDIA-SEQUENCE" | "EXT-X-DISCONTINUITY-SEQUENCE" => {
                self.take_sequence(name, value, notes);
            }
            "EXT-X-PLAYLIST-TYPE" => self.take_type(value, notes),
            "EXT-X-ENDLIST" => {
                self.once("EXT-X-ENDLIST", notes);
                self.playlist.has_ended = true;
            }
            "EXT-X-I-FRAMES-ONLY" => {
                self.once("EXT-X-I-FRAMES-ONLY", notes);
                notes.need(4, "EXT-X-I-FRAMES-ONLY");
                self.playlist.is_i_frames_only = true;
            }
            // It says nothing any more (RFC 8216, 7).
            "EXT-X-ALLOW-CACHE" => self.once("EXT-X-ALLOW-CACHE", notes),
            "EXT-X-KEY"
            | "EXT-X-MAP"
            | "EXT-X-PART"
            | "EXT-X-PART-INF"
            | "EXT-X-SERVER-CONTROL"
            | "EXT-X-SKIP"
            | "EXT-X-PRELOAD-HINT"
            | "EXT-X-RENDITION-REPORT"
            | "EXT-X-DATERANGE" => {
                let attributes = Attributes::read(name, value, variables, notes);
                self.take_attributes(name, &attributes, notes);
            }
            _ => return false,
        }
        true
    }

    pub(super) fn take_uri(&mut self, uri: &str, notes: &mut Notes) {
        self.segments.take_uri(uri, notes);
    }

    pub(super) const fn lists_something(&self) -> bool {
        !self.segments.listed.is_empty()
    }

    pub(super) fn finish(mut self, notes: &mut Notes) -> MediaPlaylist {
        let mut playlist = self.playlist;
        if !self.seen.contains("EXT-X-TARGETDURATION") {
            notes.add(FaultKind::TargetDuration, "EXT-X-TARGETDURATION is missing");
        }
        if self.segments.before_map.is_some() {
            if playlist.is_i_frames_only {
                notes.need(5, "EXT-X-MAP");
            } else {
                notes.need(6, "EXT-X-MAP without EXT-X-I-FRAMES-ONLY");
            }
        }
        if let Some(skip) = &mut playlist.skip {
            let all = self.segments.listed.len();
            skip.before_map = self.segments.before_map.take().unwrap_or(all);
            skip.before_key = self.segments.before_key.take().unwrap_or(all);
            skip.before_bit_rate = self.segments.before_bit_rate.take().unwrap_or(all);
        }
        (playlist.segments, playlist.parts) = self.segments.finish(notes);
        let skipped = playlist.skip.as_ref().map_or(0, |skip| skip.segments);
        let mut sequence = playlist.media_sequence.saturating_add(skipped);
        let mut breaks = playlist.discontinuity_sequence;
        for segment in &mut playlist.segments {
            breaks = breaks.saturating_add(u64::from(segment.has_discontinuity));
            (segment.sequence, segment.discontinuity_sequence) = (sequence, breaks);
            sequence = sequence.saturating_add(1);
        }
        playlist
    }

    /// Notes it if the tag was there before (RFC 8216, 4.3.3).
    fn once(&mut self, name: &'static str, notes: &mut Notes) {
        if !self.seen.insert(name) {
            notes.add(FaultKind::Syntax, format!("{name} is there more than once"));
        }
    }

    fn take_target_duration(&mut self, value: &str, notes: &mut Notes) {
        if !self.seen.insert("EXT-X-TARGETDURATION") {
            let what = "EXT-X-TARGETDURATION is there more than once";
            return notes.add(FaultKind::TargetDuration, what);
        }
        self.playlist.target_duration = values::duration(value.trim());
        if values::integer(value).is_none() || self.playlist.target_duration.is_none() {
            let what = format!("EXT-X-TARGETDURATION is {:?}, not a whole number", short(value));
            notes.add(FaultKind::TargetDuration, what);
        }
    }

    fn take_sequence(&mut self, name: &str, value: &str, notes: &mut Notes) {
        let is_media = name == "EXT-X-MEDIA-SEQUENCE";
        self.once(
            if is_media { "EXT-X-MEDIA-SEQUENCE" } else { "EXT-X-DISCONTINUITY-SEQUENCE" },
            notes,
        );
        if !self.segments.listed.is_empty() {
            notes.add(FaultKind::Order, format!("{name} comes behind the first segment"));
        } else if !is_media && self.segments.has_breaks {
            notes.add(FaultKind::Order, format!("{name} comes behind EXT-X-DISCONTINUITY"));
        }
        let Some(number) = values::integer(value.trim()) else {
            let what = format!("{name} is {:?}, not a whole number", short(value));
            return notes.add(FaultKind::Syntax, what);
        };
        if is_media {
            self.playlist.media_sequence = number;
        } else {
            self.playlist.discontinuity_sequence = number;
        }
    }

    fn take_type(&mut self, value: &str, notes: &mut Notes) {
        self.once("EXT-X-PLAYLIST-TYPE", notes);
        self.playlist.playlist_type = match value {
            "EVENT" => Some(PlaylistType::Event),
            "VOD" => Some(PlaylistType::Vod),
            _ => {
                let what = format!("EXT-X-PLAYLIST-TYPE is {:?}, not EVENT or VOD", short(value));
                notes.add(FaultKind::Syntax, what);
                None
            }
        };
    }

    fn take_attributes(&mut self, name: &str, attributes: &Attributes<'_>, notes: &mut Notes) {
        match name {
            "EXT-X-KEY" => self.segments.take_key(attributes, notes),
            "EXT-X-MAP" => self.segments.take_map(attributes, notes),
            "EXT-X-PART" => self.segments.take_part(attributes, notes),
            "EXT-X-PART-INF" => {
                self.once("EXT-X-PART-INF", notes);
                attributes.require("PART-TARGET", notes);
                self.playlist.part_target = attributes.duration("PART-TARGET", notes);
            }
            "EXT-X-SERVER-CONTROL" => self.take_control(attributes, notes),
            "EXT-X-SKIP" => self.take_skip(attributes, notes),
            "EXT-X-PRELOAD-HINT" => self.take_hint(attributes, notes),
            "EXT-X-RENDITION-REPORT" => self.take_report(attributes, notes),
            _ => self.take_date_range(attributes, notes),
        }
    }

    fn take_control(&mut self, attributes: &Attributes<'_>, notes: &mut Notes) {
        self.once("EXT-X-SERVER-CONTROL", notes);
        let control = ServerControl {
            can_block_reload: attributes.yes("CAN-BLOCK-RELOAD", notes),
            can_skip_until: attributes.duration("CAN-SKIP-UNTIL", notes),
            can_skip_date_ranges: attributes.yes("CAN-SKIP-DATERANGES", notes),
            hold_back: attributes.duration("HOLD-BACK", notes),
            part_hold_back: attributes.duration("PART-HOLD-BACK", notes),
        };
        if control.can_skip_date_ranges && control.can_skip_until.is_none() {
            let what = "CAN-SKIP-DATERANGES needs CAN-SKIP-UNTIL";
            notes.add(FaultKind::Syntax, what);
        }
        self.playlist.server_control = Some(control);
    }

    fn take_skip(&mut self, attributes: &Attributes<'_>, notes: &mut Notes) {
        self.once("EXT-X-SKIP", notes);
        notes.need(9, "EXT-X-SKIP");
        if !self.segments.listed.is_empty() {
            notes.add(FaultKind::Syntax, "EXT-X-SKIP comes behind the first segment");
        }
        attributes.require("SKIPPED-SEGMENTS", notes);
        let removed = attributes.quoted("RECENTLY-REMOVED-DATERANGES", notes);
        if removed.is_some() {
            notes.need(10, "RECENTLY-REMOVED-DATERANGES");
        }
        let ids = |text: String| {
            let ids = text.split('\t').filter(|id| !id.is_empty());
            ids.take(RECORDS_MAX).map(str::to_owned).collect()
        };
        self.playlist.skip = Some(Skip {
            segments: attributes.integer("SKIPPED-SEGMENTS", notes).unwrap_or_default(),
            removed_date_ranges: removed.map(ids),
            ..Skip::default()
        });
    }

    fn take_hint(&mut self, attributes: &Attributes<'_>, notes: &mut Notes) {
        attributes.require("TYPE", notes);
        let kind = match attributes.word("TYPE", notes) {
            Some("PART") => HintKind::Part,
            Some("MAP") => HintKind::Map,
            Some(_) | None => HintKind::Other,
        };
        let uri = attributes.required_quoted("URI", notes).unwrap_or_default();
        let start = attributes.integer("BYTERANGE-START", notes).unwrap_or_default();
        let length = attributes.integer("BYTERANGE-LENGTH", notes);
        if self.playlist.hints.len() >= RECORDS_MAX {
            return notes.add_limit("hints", RECORDS_MAX);
        }
        self.playlist.hints.push(Hint { kind, uri, start, length });
    }

    fn take_report(&mut self, attributes: &Attributes<'_>, notes: &mut Notes) {
        let uri = attributes.required_quoted("URI", notes).unwrap_or_default();
        let last_sequence = attributes.integer("LAST-MSN", notes);
        let last_part = attributes.integer("LAST-PART", notes);
        if self.playlist.reports.len() >= RECORDS_MAX {
            return notes.add_limit("rendition reports", RECORDS_MAX);
        }
        self.playlist.reports.push(RenditionReport { uri, last_sequence, last_part });
    }

    /// RFC 8216, 4.3.2.7.
    fn take_date_range(&mut self, attributes: &Attributes<'_>, notes: &mut Notes) {
        let id = attributes.required_quoted("ID", notes).unwrap_or_default();
        let is_again = self.date_range_ids.contains_key(&id);
        if !is_again {
            // What is said once need not be said again.
            attributes.require("START-DATE", notes);
        }
        let mut dates = [None; 2];
        for (date, name) in dates.iter_mut().zip(["START-DATE", "END-DATE"]) {
            if let Some(text) = attributes.quoted(name, notes) {
                *date = values::date(&text);
                if date.is_none() {
                    let what = format!("{name} {:?} is no date with a time zone", short(&text));
                    notes.add(FaultKind::Syntax, what);
                }
            }
        }
        if let [Some(start), Some(end)] = dates
            && end < start
        {
            notes.add(FaultKind::Syntax, "END-DATE is before START-DATE");
        }
        for name in ["DURATION", "PLANNED-DURATION"] {
            let _: Option<Duration> = attributes.duration(name, notes);
        }
        attributes.quoted("CLASS", notes);
        if attributes.yes("END-ON-NEXT", notes)
            && (!attributes.has("CLASS")
                || attributes.has("DURATION")
                || attributes.has("END-DATE"))
        {
            let what = "END-ON-NEXT=YES goes with CLASS, and neither DURATION nor END-DATE";
            notes.add(FaultKind::Syntax, what);
        }
        if self.playlist.date_ranges.len() >= RECORDS_MAX {
            return notes.add_limit("date ranges", RECORDS_MAX);
        }
        let values = attributes.iter().map(|it| (it.name.to_owned(), it.value.to_string()));
        let range = DateRange { line: notes.line, id, attributes: values.collect() };
        match self.date_range_ids.get(&range.id) {
            None => {
                self.date_range_ids.insert(range.id.clone(), self.playlist.date_ranges.len());
            }
            Some(first) => {
                let first = self.playlist.date_ranges.get(*first);
                check_same(first, &range, notes);
            }
        }
        self.playlist.date_ranges.push(range);
    }
}

/// What is said twice of a date range must be the same.
fn check_same(first: Option<&DateRange>, again: &DateRange, notes: &mut Notes) {
    let Some(first) = first else { return };
    for (name, value) in &again.attributes {
        if first.attributes.get(name).is_some_and(|before| before != value) {
            let what = format!("the date range {} has two values of {name}", short(&again.id));
            notes.add(FaultKind::Syntax, what);
        }
    }
}
