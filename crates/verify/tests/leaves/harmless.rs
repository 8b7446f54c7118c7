//! The list of changes that may pass, each with its reason.

use std::sync::atomic::{AtomicUsize, Ordering};

/// One line: `document, document… | place | change | why`, where `*` stands for any text without a colon, so that it never reaches into what
/// is encoded.
pub struct Entry {
    line: &'static str,
    document: &'static str,
    place: &'static str,
    change: &'static str,
    used: AtomicUsize,
}

/// The list.
pub struct Harmless(Vec<Entry>);

impl Harmless {
    pub fn read(text: &'static str) -> Self {
        let entries = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(
            entries
                .map(|line| {
                    let fields: Vec<&str> = line.splitn(4, '|').map(str::trim).collect();
                    let [document, place, change, why] = fields.as_slice() else {
                        panic!("four fields: {line}");
                    };
                    assert!(why.len() > 20, "a reason: {line}");
                    Entry {
                        line,
                        document,
                        place,
                        change,
                        used: AtomicUsize::new(0),
                    }
                })
                .collect(),
        )
    }

    /// Whether a change is listed; notes every entry that says so.
    pub fn lists(&self, document: &str, place: &str, change: &str) -> bool {
        let mut listed = false;
        for entry in &self.0 {
            let documents = &mut entry.document.split(", ");
            if documents.any(|pattern| matches(pattern, document))
                && matches(entry.place, place)
                && matches(entry.change, change)
            {
                entry.used.fetch_add(1, Ordering::Relaxed);
                listed = true;
            }
        }
        listed
    }

    /// Entries that no change needed.
    pub fn unused(&self) -> Vec<&'static str> {
        let unused = |entry: &&Entry| entry.used.load(Ordering::Relaxed) == 0;
        self.0.iter().filter(unused).map(|entry| entry.line).collect()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// Whether a text is of a pattern's form.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, rest)) => text.strip_prefix(before).is_some_and(|text| {
            let end = text.find(':').unwrap_or(text.len());
            (0..=end).any(|at| text.is_char_boundary(at) && matches(rest, &text[at..]))
        }),
    }
}
