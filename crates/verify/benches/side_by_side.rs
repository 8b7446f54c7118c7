//! Ten thousand documents read and verified on all cores: throughput and memory.
//! `cargo bench -p slsa-pip-verify --bench side_by_side`

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark of something that does not verify must fail"
)]

mod documents;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const VERIFICATIONS: usize = 10_000;
const MOST_KIB: usize = 100 << 10;

fn main() {
    // `cargo test --benches` runs this too, without the argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let documents: Vec<_> = documents::ALL.iter().filter(|it| it.read().verify()).collect();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let prepared = peak_kib();
    println!(
        "{} documents of all formats, {cores} threads; peak memory before: {}",
        documents.len(),
        shown(prepared)
    );
    let started = Instant::now();
    let next = AtomicUsize::new(0);
    let after_first_tenth = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= VERIFICATIONS {
                        return;
                    }
                    if number == VERIFICATIONS / 10 {
                        after_first_tenth.store(peak_kib().unwrap_or(0), Ordering::Relaxed);
                    }
                    // Reads the document anew and verifies it once.
                    documents[number % documents.len()].read();
                }
            });
        }
    });
    let milliseconds = started.elapsed().as_millis();
    let peak = peak_kib();
    println!(
        "{VERIFICATIONS} read and verified in {milliseconds} ms: {} a second",
        VERIFICATIONS as u128 * 1000 / milliseconds.max(1)
    );
    println!(
        "peak memory after 1,000: {}; after all: {}",
        shown(Some(after_first_tenth.into_inner())),
        shown(peak)
    );
    assert!(peak.is_none_or(|peak| peak < MOST_KIB), "more than {MOST_KIB} KiB");
}

/// The process's peak resident memory, where the system tells it.
fn peak_kib() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

fn shown(kib: Option<usize>) -> String {
    kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{kib} KiB"))
}
