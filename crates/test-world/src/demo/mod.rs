//! The demonstration: the real binary against the world, scenario by scenario, and whether each ended as it must.

mod environment;
mod run;
mod scenario;

use crate::world::World;
use run::Outcome;
use scenario::Scenario;
use std::io::{self, Write};

/// Runs every scenario and writes what a user would see to `out`; whether all ended as expected.
///
/// The binary is `SLSA_PIP_BIN`, or is built by cargo. Needs `python3` with `venv`, and no network.
///
/// # Errors
/// The binary cannot be built or started, the virtual environment cannot be made, or `out` cannot be written.
pub fn run(out: &mut dyn Write) -> io::Result<bool> {
    let world = World::start_blocking()?;
    let environment = environment::Environment::prepare(&world)?;
    writeln!(
        out,
        "An index, GitHub and a transparency log are served on {}.",
        world.base_url
    )?;
    writeln!(
        out,
        "All certificates, log entries and proofs are real, under roots of their own.\n"
    )?;
    for (name, value) in environment.shown() {
        writeln!(out, "  {name}={value}")?;
    }
    let scenarios = scenario::all();
    let mut outcomes = Vec::new();
    for (number, scenario) in (1..).zip(&scenarios) {
        outcomes.push(show(out, &world, &environment, number, scenario)?);
    }
    summary(out, &scenarios, &outcomes)?;
    Ok(outcomes.iter().all(|outcome| outcome.differences.is_empty()))
}

fn show(
    out: &mut dyn Write,
    world: &World,
    environment: &environment::Environment,
    number: u32,
    scenario: &Scenario,
) -> io::Result<Outcome> {
    writeln!(out, "\n{}\n{number}. {}\n", "─".repeat(100), scenario.title)?;
    writeln!(out, "   {}\n", scenario.story)?;
    if let Some(policy) = &scenario.policy {
        writeln!(out, "   slsa-pip.toml:")?;
        policy.lines().try_for_each(|line| writeln!(out, "     {line}"))?;
        writeln!(out)?;
    }
    for release in scenario.releases.clone() {
        world.publish(release);
    }
    world.forget_requests();
    let mut outcome = run::run(environment, number, scenario)?;
    if let Some(path) = scenario.must_ask.filter(|path| world.request_count(path) == 0) {
        outcome.differences.push(format!("{path} was not asked"));
    }
    writeln!(out, "$ slsa-pip install {}", scenario.requirement)?;
    out.write_all(&outcome.printed)?;
    writeln!(
        out,
        "[exit code {}]",
        outcome
            .exit_code
            .map_or_else(|| "none".to_owned(), |code| code.to_string())
    )?;
    Ok(outcome)
}

fn summary(out: &mut dyn Write, scenarios: &[Scenario], outcomes: &[Outcome]) -> io::Result<()> {
    writeln!(out, "\n{}\nSummary\n", "─".repeat(100))?;
    for (scenario, outcome) in scenarios.iter().zip(outcomes) {
        let verdict = if outcome.differences.is_empty() {
            "as expected"
        } else {
            "NOT AS EXPECTED"
        };
        writeln!(
            out,
            "  {:<52} {:<36} {verdict}",
            scenario.title,
            scenario.expected.to_string()
        )?;
        for difference in &outcome.differences {
            writeln!(out, "      {difference}")?;
        }
    }
    let good = outcomes.iter().filter(|outcome| outcome.differences.is_empty()).count();
    writeln!(out, "\n{good} of {} scenarios ended as expected.", outcomes.len())
}
