//! Writes `fixtures/verify`, or compares it with what would be written.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line")]

use slsa_pip_test_world::fixtures;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: slsa-pip-fixtures generate|check [FOLDER]";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/verify");
    let folder = words.next().map_or(default, Into::into);
    let result = match command.as_str() {
        "generate" => fixtures::generate(&folder).map(|count| {
            println!("{count} files");
            ExitCode::SUCCESS
        }),
        "check" => fixtures::check(&folder).map(|differences| {
            for difference in &differences {
                eprintln!("{difference}");
            }
            if differences.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {}: {error}", folder.display());
        ExitCode::from(2)
    })
}
