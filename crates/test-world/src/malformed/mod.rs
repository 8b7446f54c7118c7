//! Wheels that are wrong in one way each, and odd ones that are right.

#![allow(
    clippy::indexing_slicing,
    reason = "the archives are made here, and have the files that are named"
)]

mod archives;
mod good;
mod lists;
mod places;
mod raw;

use crate::encoding::{base64_url, sha256};
use raw::{Archive, Entry};

/// The file name of every wheel here, unless its case says otherwise.
pub const FILENAME: &str = "acme-1.0-py3-none-any.whl";

/// One wheel.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it is, in a few words.
    pub name: &'static str,
    /// Its file name.
    pub filename: String,
    /// The whole file.
    pub bytes: Vec<u8>,
    /// The codes of all its defects, once each, in the order in which they are told; none for a good wheel.
    pub codes: &'static [&'static str],
}

/// Wheels that are wrong.
pub fn bad() -> Vec<Case> {
    [archives::cases(), places::cases(), lists::cases()].concat()
}

/// Wheels that are right, however unusual.
pub fn good() -> Vec<Case> {
    good::cases()
}

/// The files of a wheel before they are an archive; the list of them is made last.
#[derive(Debug, Clone)]
struct Parts {
    files: Vec<(String, Vec<u8>)>,
    /// Rows instead of those that would be right.
    record: Option<String>,
}

impl Parts {
    fn new() -> Self {
        let files = [
            ("acme/__init__.py", "__version__ = '1.0'\n"),
            ("acme/data.txt", "to be or not to be, that is what it is to be\n"),
            (
                "acme-1.0.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n",
            ),
            (
                "acme-1.0.dist-info/WHEEL",
                "Wheel-Version: 1.0\nGenerator: test-world\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            ),
        ];
        Self {
            files: files
                .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
                .to_vec(),
            record: None,
        }
    }

    /// Adds a file, or replaces it.
    fn with(mut self, name: &str, content: &str) -> Self {
        self.files.retain(|(other, _)| other != name);
        self.files.push((name.to_owned(), content.as_bytes().to_vec()));
        self
    }

    /// Adds a file beside one of the same name.
    fn twice(mut self, name: &str, content: &str) -> Self {
        self.files.push((name.to_owned(), content.as_bytes().to_vec()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.files.retain(|(other, _)| other != name);
        self
    }

    /// The rows of RECORD that are right.
    fn rows(&self) -> String {
        let mut rows: Vec<String> = Vec::new();
        for (name, content) in &self.files {
            let quoted = if name.contains([',', '"']) {
                format!("\"{}\"", name.replace('"', "\"\""))
            } else {
                name.clone()
            };
            let row = format!("{quoted},sha256={},{}\n", base64_url(&sha256(content)), content.len());
            if !name.ends_with('/') && !rows.contains(&row) {
                rows.push(row);
            }
        }
        rows.concat() + "acme-1.0.dist-info/RECORD,,\n"
    }

    /// Other rows than the right ones.
    fn listing(mut self, change: impl Fn(String) -> String) -> Self {
        self.record = Some(change(self.rows()));
        self
    }

    fn archive(&self) -> Archive {
        let record = self.record.clone().unwrap_or_else(|| self.rows());
        let mut entries: Vec<Entry> = self
            .files
            .iter()
            .map(|(name, content)| Entry::new(name, content))
            .collect();
        entries.push(Entry::new("acme-1.0.dist-info/RECORD", record.as_bytes()));
        Archive {
            entries,
            ..Archive::default()
        }
    }

    fn case(&self, name: &'static str, codes: &'static [&'static str]) -> Case {
        self.changed(name, codes, |_| {})
    }

    fn changed(&self, name: &'static str, codes: &'static [&'static str], change: impl Fn(&mut Archive)) -> Case {
        let mut archive = self.archive();
        change(&mut archive);
        Case {
            name,
            filename: FILENAME.to_owned(),
            bytes: archive.bytes(),
            codes,
        }
    }
}
