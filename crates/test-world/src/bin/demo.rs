//! `cargo demo`: the real binary against the test world. Ends with 0 when every scenario ended as it must.

use std::io::{self, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    match slsa_pip_test_world::demo::run(&mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nothing is left to report to when standard error is gone too.
            let _ = writeln!(io::stderr(), "error: the demonstration could not run: {error}");
            ExitCode::from(2)
        }
    }
}
