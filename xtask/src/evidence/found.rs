//! Finding any of many texts in files of any length, in a bounded piece of memory.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use aho_corasick::AhoCorasick;
use anyhow::{Context as _, Result};

use super::Secret;
use super::spellings::spellings;

/// How much of a line is looked at to tell whether a secret is shown on purpose.
const LINE_BYTES_MAX: usize = 4_096;

/// A secret that is shown on purpose.
struct OnPurpose {
    /// How the name of the file ends that it stands in.
    file: &'static str,
    /// What stands before it on its line, which has nothing else.
    label: &'static str,
    kind: &'static str,
}

/// All that may be shown: the first start of a server prints the key of its first stream for the
/// person who typed `weir up`, on standard output, and never again; and each start prints a new
/// link for that person, until somebody owns the server. The log is standard error.
const ON_PURPOSE: [OnPurpose; 2] = [
    OnPurpose { file: "-server-1.out", label: "Stream key  ", kind: "stream key" },
    OnPurpose { file: ".out", label: "Own it      ", kind: "setup link" },
];

/// Everything that is looked for.
#[derive(Debug)]
pub(super) struct Search {
    automaton: AhoCorasick,
    /// For each text its secret's kind, and how it is spelled.
    names: Vec<Name>,
}

#[derive(Debug)]
struct Name {
    kind: String,
    spelling: &'static str,
    text: String,
}

impl Search {
    pub(super) fn new(secrets: &BTreeSet<Secret>) -> Result<Self> {
        let mut names = Vec::new();
        for Secret { kind, text } in secrets {
            for (spelling, text) in spellings(kind, text) {
                names.push(Name { kind: kind.clone(), spelling, text });
            }
        }
        let texts = names.iter().map(|name| name.text.as_str());
        let automaton = AhoCorasick::new(texts).context("prepare a search")?;
        Ok(Self { automaton, names })
    }

    /// A sentence for each line of a file that has a secret in it.
    pub(super) fn file(&self, path: &Path) -> Result<BTreeSet<String>> {
        let shown = || format!("search {}", path.display());
        let open = || File::open(path).with_context(shown);
        let mut places = Vec::new();
        for found in self.automaton.stream_find_iter(BufReader::new(open()?)) {
            let found = found.with_context(shown)?;
            let name = self.names.get(found.pattern().as_usize()).with_context(shown)?;
            places.push((found.start(), name));
        }
        let mut sentences = BTreeSet::new();
        if places.is_empty() {
            return Ok(sentences);
        }
        // Most files have none, so lines are counted only here.
        let mut lines = Lines::of(open()?);
        for (at, name) in places {
            let (number, line) = lines.at(at).with_context(shown)?;
            if !is_on_purpose(path, name, line) {
                let (path, Name { kind, spelling, .. }) = (path.display(), name);
                sentences.insert(format!("{path}:{number}: a {kind}{spelling}"));
            }
        }
        Ok(sentences)
    }
}

fn is_on_purpose(path: &Path, found: &Name, line: &[u8]) -> bool {
    let (Ok(line), Some(file)) = (str::from_utf8(line), path.file_name()) else { return false };
    ON_PURPOSE.iter().any(|OnPurpose { file: end, label, kind }| {
        let shown = line.trim().strip_prefix(label);
        // Of a link the secret is what no request has.
        let shown = shown.map(|shown| shown.rsplit_once('#').map_or(shown, |(_, secret)| secret));
        file.to_string_lossy().ends_with(end) && found.kind == *kind && shown == Some(&found.text)
    })
}

/// A file's lines, by the places of their bytes.
struct Lines {
    file: BufReader<File>,
    /// What the line begins with that is shown: bytes, its number, and where it begins and ends.
    line: Vec<u8>,
    number: usize,
    end: usize,
}

impl Lines {
    fn of(file: File) -> Self {
        Self { file: BufReader::new(file), line: Vec::new(), number: 0, end: 0 }
    }

    /// The line that has the byte at `place`, which is not before the last one asked for.
    fn at(&mut self, place: usize) -> std::io::Result<(usize, &[u8])> {
        while place >= self.end && self.next()? {}
        Ok((self.number, &self.line))
    }

    /// Goes on to the next line, of which the beginning is kept.
    fn next(&mut self) -> std::io::Result<bool> {
        self.line.clear();
        let begun = self.end;
        loop {
            let bytes = self.file.fill_buf()?;
            let end = bytes.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let taken = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
            let room = LINE_BYTES_MAX.saturating_sub(self.line.len());
            self.line.extend(taken.iter().take(room));
            let taken = taken.len();
            self.file.consume(taken);
            self.end += taken;
            if end.is_some() || taken == 0 {
                break;
            }
        }
        self.number += usize::from(self.end > begun);
        Ok(self.end > begun)
    }
}
