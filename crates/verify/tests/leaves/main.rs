//! Good documents of every format with every value in them changed, one at a time, down to the elements of certificates and the
//! lines of checkpoints. None may pass, but for those that `leaves.harmless` lists with the reason.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "threads and the clock are for the tests, not for what they test"
)]
#![allow(clippy::print_stderr, reason = "figures for whoever asks with --nocapture")]
#![allow(missing_docs, unreachable_pub, reason = "modules of a test")]

mod checkpoint;
#[path = "../common/mod.rs"]
mod common;
mod der;
mod documents;
mod harmless;
mod pem;
mod real;
mod repeat;
mod signed;
mod verdict;
mod walk;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use slsa_pip_verify::TrustRoots;

use documents::{Document, World, documents};
use harmless::Harmless;
use verdict::{outcome, written};
use walk::{node, text_of};

/// Documents that there must at least be.
const LEAST_DOCUMENTS: usize = 20;
/// Changes that each of them must at least stand.
const LEAST_CHANGES: usize = 600;

/// What came of the changes.
#[derive(Default)]
struct Tally {
    refused: BTreeMap<&'static str, usize>,
    harmless: usize,
    /// Changes that passed and are not listed.
    wrong: Vec<String>,
}

impl Tally {
    fn changes(&self) -> usize {
        self.refused.values().sum::<usize>() + self.harmless + self.wrong.len()
    }

    fn add(&mut self, other: &Self) {
        for (code, count) in &other.refused {
            *self.refused.entry(code).or_default() += count;
        }
        self.harmless += other.harmless;
        self.wrong.extend(other.wrong.iter().cloned());
    }
}

fn go_through(document: &Document, roots: &TrustRoots, harmless: &Harmless) -> Tally {
    let mut tally = Tally::default();
    let name = &document.name;
    let good = written(document, None);
    for (index, line) in document.lines.iter().enumerate() {
        assert_eq!(
            outcome(line, &good, roots).code(),
            None,
            "{name}: line {index}, unchanged"
        );
        node(
            "",
            &line.json,
            &line.donors,
            document.depth(),
            &mut |place, change, value| {
                let changed = written(document, Some((index, &value)));
                if changed.bytes == good.bytes && changed.answers == good.answers {
                    return;
                }
                match outcome(line, &changed, roots).code() {
                    Some(code) => *tally.refused.entry(code).or_default() += 1,
                    None if harmless.lists(name, place, change) => tally.harmless += 1,
                    None => tally.wrong.push(format!("{name} | {place} | {change}")),
                }
                for (other, line) in document.lines.iter().enumerate() {
                    if other != index {
                        let hidden = outcome(line, &changed, roots).code();
                        assert_eq!(hidden, None, "{name}: {place}: {change}: hides line {other}");
                    }
                }
            },
        );
    }
    tally
}

/// Goes through documents side by side.
fn go_through_all(documents: &[Document], roots: &TrustRoots, harmless: &Harmless) -> BTreeMap<String, Tally> {
    let next = AtomicUsize::new(0);
    let tallies = Mutex::new(BTreeMap::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(document) = documents.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let tally = go_through(document, roots, harmless);
                    tallies.lock().unwrap().insert(document.name.clone(), tally);
                }
            });
        }
    });
    tallies.into_inner().unwrap()
}

fn report(tallies: &BTreeMap<String, Tally>, harmless: &Harmless) -> (Tally, String) {
    let mut total = Tally::default();
    let mut text = String::new();
    for (name, tally) in tallies {
        let refused: usize = tally.refused.values().sum();
        writeln!(
            text,
            "{name}: {} changes, {refused} refused, {} harmless",
            tally.changes(),
            tally.harmless
        )
        .unwrap();
        total.add(tally);
    }
    for (code, count) in &total.refused {
        writeln!(text, "{count:7} {code}").unwrap();
    }
    let refused: usize = total.refused.values().sum();
    writeln!(
        text,
        "{} documents, {} changes, {refused} refused, {} harmless ({} entries)",
        tallies.len(),
        total.changes(),
        total.harmless,
        harmless.len()
    )
    .unwrap();
    (total, text)
}

#[test]
fn no_change_passes_that_is_not_known_to_be_harmless() {
    let world = World::new();
    let documents = documents(&world);
    let harmless = Harmless::read(include_str!("../leaves.harmless"));
    let tallies = go_through_all(&documents, &world.roots, &harmless);
    let (total, text) = report(&tallies, &harmless);
    eprint!("{text}");
    assert!(total.wrong.is_empty(), "accepted:\n{}", total.wrong.join("\n"));
    let unused = harmless.unused().into_iter();
    let unused: Vec<_> = unused
        .filter(|line| !line.contains(real::REAL) && !line.starts_with("signed "))
        .collect();
    assert_eq!(unused, Vec::<&str>::new(), "entries without use");
    assert!(tallies.len() >= LEAST_DOCUMENTS, "only {} documents", tallies.len());
    for (name, tally) in &tallies {
        assert!(tally.changes() >= LEAST_CHANGES, "{name}: only {}", tally.changes());
    }
}

#[test]
fn keys_are_written_twice_in_the_order_that_is_meant() {
    let twice = json!({"a": 1, "\u{1}b": 2, "b": 3, "\u{e000}b": {"\u{e000}c": 4, "c": 5}});
    assert_eq!(text_of(&twice), r#"{"b":2,"a":1,"b":3,"b":{"c":5,"c":4}}"#);
}
