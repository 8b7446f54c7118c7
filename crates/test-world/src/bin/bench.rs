//! Serves package sets for measurements until standard input ends (`bench/`).
//!
//! Its first line on standard output is a JSON object of what clients need to know. For every line on standard input it
//! answers with one: how many requests there were since the last, by the first part of their paths.

use serde_json::json;
use slsa_pip_test_world::bulk::PackageSet;
use slsa_pip_test_world::{World, WorldBuilder};
use std::collections::BTreeMap;
use std::io::{self, BufRead as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "usage: slsa-pip-bench-world lifelike|growth [MILLISECONDS]";
/// Sets of which memory and time must grow as they do.
const GROWTH: [PackageSet; 3] = [
    PackageSet::small("ten", 10),
    PackageSet::small("hundred", 100),
    PackageSet::small("five-hundred", 500),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let latency = words.get(1).map_or(Some(0), |word| word.parse().ok());
    let sets = match (words.first().map(String::as_str), latency) {
        (Some("lifelike"), Some(_)) => PackageSet::LIFELIKE,
        (Some("growth"), Some(_)) => GROWTH,
        _ => {
            let _ = writeln!(io::stderr(), "{USAGE}");
            return ExitCode::from(2);
        }
    };
    let world = World::builder().latency(Duration::from_millis(latency.unwrap_or_default()));
    match serve(world.cacheable(), &sets) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(world: WorldBuilder, sets: &[PackageSet]) -> io::Result<()> {
    let world = world.start_blocking()?;
    for set in sets {
        set.publish(&world);
    }
    let sets: BTreeMap<&str, usize> = sets.iter().map(|set| (set.name, set.count)).collect();
    let mut out = io::stdout().lock();
    let known = json!({
        "index_url": world.index_url(),
        "sets": sets,
        "environment": {
            "SLSA_PIP_TRUSTED_ROOT": world.trusted_root_path(),
            "SLSA_PIP_REKOR_URL": world.rekor_url(),
            "SLSA_PIP_GITHUB_URL": world.github_url(),
            "SLSA_PIP_GITHUB_API_URL": world.github_api_url(),
        },
    });
    writeln!(out, "{known}")?;
    out.flush()?;
    for line in io::stdin().lock().lines() {
        line?;
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for request in world.requests() {
            let kind = request.path.split('/').nth(1).unwrap_or_default().to_owned();
            *counts.entry(kind).or_default() += 1;
        }
        world.forget_requests();
        writeln!(out, "{}", json!(counts))?;
        out.flush()?;
    }
    Ok(())
}
